"""What the newest mining run found, over the API: patterns, findings, themes. Reads only."""

from flask import Response, jsonify

from rca.domain.access import Permission
from rca.errors import Invalid, Problem
from rca.services.causes import find_cause
from rca.services.finding_document import findings_document, run_document, themes_document
from rca.services.findings import QUESTIONS, VERDICT_NAMES, list_findings
from rca.services.pattern_document import pattern_document
from rca.services.pattern_filter import ORDERS
from rca.services.pattern_items import find_pattern
from rca.services.patterns import list_patterns
from rca.services.themes import list_themes
from rca.web.access import allow
from rca.web.api import asked, page_limit
from rca.web.api_actions import blueprint as blueprint
from rca.web.context import reading


def _one_of(name: str, choices: list[str]) -> str:
    given = asked(name)
    if given and given not in choices:
        raise Invalid([Problem(name, f"One of {', '.join(choices)}.")])
    return given


@blueprint.get("/patterns")
@allow(Permission.READ)
def patterns() -> Response:
    """Patterns of the newest run, with their open members, in the order asked for."""
    order, limit, after = _one_of("order", list(ORDERS)), page_limit(), asked("cursor")
    with reading() as session:
        page = list_patterns(session, order=order, organisation=asked("organisation") or None)
        ids = [item.id for item in page.items]
        if after and after not in ids:
            raise Invalid([Problem("cursor", "That pattern left the list. Begin again.")])
        rest = ids[ids.index(after) + 1 :] if after else ids
        items = [pattern_document(session, key) for key in rest[:limit]]
    more = rest[limit - 1] if len(rest) > limit else None
    return jsonify({"run": run_document(page.run), "items": items, "next": more})


@blueprint.get("/patterns/<pattern_id>")
@allow(Permission.READ)
def pattern(pattern_id: str) -> Response:
    """One pattern with its open members and their sentences."""
    with reading() as session:
        return jsonify(pattern_document(session, pattern_id))


@blueprint.get("/findings")
@allow(Permission.READ)
def findings() -> Response:
    """The surest comparisons of the newest run, as ``rca findings --json`` prints them."""
    question, verdict = (
        _one_of("question", list(QUESTIONS)),
        _one_of("verdict", list(VERDICT_NAMES)),
    )
    cause, pattern_id = asked("cause"), asked("pattern")
    with reading() as session:
        if cause:
            find_cause(cause)
        if pattern_id:
            find_pattern(session, pattern_id)
        page = list_findings(
            session,
            pattern_id=pattern_id,
            cause=cause,
            question=question,
            verdict=verdict,
            limit=page_limit(),
        )
    return jsonify(findings_document(page))


@blueprint.get("/themes")
@allow(Permission.READ)
def themes() -> Response:
    """The themes of the newest run, as ``rca themes --json`` prints them."""
    with reading() as session:
        return jsonify(themes_document(list_themes(session)))

"""Recurring causes: the list, one pattern, and what people decide about it."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.services import jobs, pattern_decisions
from rca.services.findings import list_findings
from rca.services.incident_map import map_of_incidents
from rca.services.mining_readiness import Readiness, readiness
from rca.services.pattern_filter import DEFAULT_ORDER, GUARDRAILS, ORDERS, STATES
from rca.services.pattern_values import PatternFilter
from rca.services.pattern_view import view_pattern
from rca.services.patterns import list_patterns
from rca.services.themes import list_themes
from rca.web.access import allow
from rca.web.context import now, reading, viewer, writing

blueprint = Blueprint("patterns", __name__)
SHOWN_AT_FIRST = 30


def _asked(name: str) -> str:
    return request.args.get(name, "").replace("\x00", "").strip()[:240]


def _shown(name: str, listing: Any, ready: Readiness, **more: Any) -> str:
    return render_template(
        f"patterns/{name}.html",
        here="patterns",
        listing=listing,
        ready=ready,
        may_decide=viewer().may(Permission.REVIEW),
        **more,
    )


@blueprint.get("/patterns")
@allow(Permission.READ)
def index() -> str:
    """What recurs, as a list to act on."""
    order = request.args.get("order", DEFAULT_ORDER)
    asked = request.args.get("organisation")
    wanted = PatternFilter(
        text=_asked("q"),
        cause=_asked("cause"),
        service=_asked("service"),
        guardrail=_asked("guardrail"),
        state=_asked("state"),
        ai=_asked("ai"),
    )
    with reading() as session:
        page = list_patterns(session, order=order, organisation=asked, wanted=wanted)
        ready = readiness(session)
    return _shown(
        "index",
        page,
        ready,
        orders=ORDERS,
        order=order if order in ORDERS else DEFAULT_ORDER,
        wanted=wanted,
        guardrails=GUARDRAILS,
        states=STATES,
        shown=len(page.items) if request.args.get("show") == "all" else SHOWN_AT_FIRST,
    )


@blueprint.get("/patterns/findings")
@allow(Permission.READ)
def findings() -> str:
    """What goes with what, after correction for everything that was compared."""
    with reading() as session:
        page = list_findings(session, question=_asked("question"), cause=_asked("cause"))
        ready = readiness(session)
    return _shown("findings", page, ready, cause=_asked("cause"))


@blueprint.get("/patterns/map", endpoint="map")
@allow(Permission.READ)
def map_() -> str:
    """Incidents by likeness, as a picture and as a table."""
    with reading() as session:
        page = map_of_incidents(session, organisation=_asked("organisation"))
        ready = readiness(session)
    return _shown("map", page, ready)


@blueprint.get("/patterns/themes")
@allow(Permission.READ)
def themes() -> str:
    """Causes over all organisations, from a hundred records on."""
    with reading() as session:
        page, ready = list_themes(session), readiness(session)
    return _shown("themes", page, ready)


@blueprint.get("/patterns/<pattern_id>")
@allow(Permission.READ)
def show(pattern_id: str) -> str:
    """One pattern with its evidence."""
    with reading() as session:
        pattern = view_pattern(session, identifier=pattern_id, now=now())
        beside = list_findings(session, pattern_id=pattern_id, limit=8)
    return render_template(
        "patterns/show.html",
        here="patterns",
        pattern=pattern,
        findings=beside,
        may_decide=viewer().may(Permission.REVIEW),
    )


@blueprint.post("/patterns/mine")
@allow(Permission.REVIEW)
def mine() -> Response:
    """Ask for a new run; the worker does it."""
    with writing() as session:
        jobs.enqueue(session, kind="mine", key="mine", now=now())
    flash("A mining run is queued. It usually takes less than a minute.", "message")
    return redirect(url_for("patterns.index"), code=303)


def _decide(pattern_id: str, decide: Callable[..., None], said: str, **given: Any) -> Response:
    with writing() as session:
        decide(session, viewer=viewer(), identifier=pattern_id, now=now(), **given)
    flash(said, "done")
    return redirect(url_for("patterns.show", pattern_id=pattern_id), code=303)


@blueprint.post("/patterns/<pattern_id>/rename")
@allow(Permission.REVIEW)
def rename(pattern_id: str) -> Response:
    """Give it a name that later runs keep."""
    name = request.form.get("name", "")
    return _decide(pattern_id, pattern_decisions.rename, "Renamed. Later runs keep it.", name=name)


@blueprint.post("/patterns/<pattern_id>/unname")
@allow(Permission.REVIEW)
def unname(pattern_id: str) -> Response:
    """Let it go by the name that the run proposes."""
    said = "It goes by the name of the run again."
    return _decide(pattern_id, pattern_decisions.unname, said)


@blueprint.post("/patterns/<pattern_id>/confirm")
@allow(Permission.REVIEW)
def confirm(pattern_id: str) -> Response:
    """Say that this is one cause coming back."""
    return _decide(pattern_id, pattern_decisions.confirm, "Confirmed. Its incidents stay together.")


@blueprint.post("/patterns/<pattern_id>/dismiss")
@allow(Permission.REVIEW)
def dismiss(pattern_id: str) -> Response:
    """Say that it is none, and why."""
    reason = request.form.get("reason", "")
    said = "Not a pattern. The reason is kept and later runs leave it out of the list, until you "
    said += "consider it again."
    return _decide(pattern_id, pattern_decisions.dismiss, said, reason=reason)


@blueprint.post("/patterns/<pattern_id>/reconsider")
@allow(Permission.REVIEW)
def reconsider(pattern_id: str) -> Response:
    """Take a decision back."""
    return _decide(pattern_id, pattern_decisions.reconsider, "It is a proposal again.")


@blueprint.post("/patterns/<pattern_id>/members")
@allow(Permission.REVIEW)
def add_member(pattern_id: str) -> Response:
    """Put a postmortem into it."""
    reference = request.form.get("reference", "")
    said = "Added. Later runs keep it here."
    return _decide(pattern_id, pattern_decisions.add_member, said, reference=reference)


@blueprint.post("/patterns/<pattern_id>/members/<reference>/remove")
@allow(Permission.REVIEW)
def remove_member(pattern_id: str, reference: str) -> Response:
    """Take a postmortem out of it."""
    reason = request.form.get("reason", "")
    said = (
        f"{reference} is out. Later runs keep it apart. It can be put back further down the page."
    )
    return _decide(
        pattern_id, pattern_decisions.remove_member, said, reference=reference, reason=reason
    )


@blueprint.post("/patterns/<pattern_id>/split")
@allow(Permission.REVIEW)
def split(pattern_id: str) -> Response:
    """Say that some of its incidents are another cause."""
    chosen = request.form.getlist("members")
    with writing() as session:
        other = pattern_decisions.split(
            session, viewer=viewer(), identifier=pattern_id, references=chosen, now=now()
        )
    flash(f"Split. {len(chosen)} incidents are {other} now; later runs keep them apart.", "done")
    return redirect(url_for("patterns.show", pattern_id=pattern_id), code=303)


@blueprint.post("/patterns/<pattern_id>/merge")
@allow(Permission.REVIEW)
def merge(pattern_id: str) -> Response:
    """Say that another pattern is the same cause."""
    other = request.form.get("other", "")
    said = f"{other} is part of this pattern now. Later runs keep it so; a split takes it back."
    return _decide(pattern_id, pattern_decisions.merge, said, other=other)

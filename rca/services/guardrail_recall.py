"""What the gate and its users tell each other: past incidents before, outcomes after."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.vocabulary import PatternState
from rca.errors import Invalid, Problem
from rca.services.guardrail_decisions import find_guardrail
from rca.services.permissions import need
from rca.services.visibility import is_open
from rca.store import audit
from rca.store import tables as t

LINES = 5
STATES = ("violation", "pass", "excepted", "unknown", "not_applicable")


def history_lines(session: Session) -> dict[str, list[str]]:
    """At most five lines by service: its patterns first, then its newest published incidents."""
    found: dict[str, list[str]] = defaultdict(list)
    for cause in session.exec(select(t.PatternRow).order_by(col(t.PatternRow.size).desc())):
        if cause.state == PatternState.DISMISSED.value:
            continue
        for service in cause.payload.get("services", {}):
            line = f"{cause.id} {cause.name}: {cause.size} incidents (/patterns/{cause.id})"
            found[service].append(line)
    query = (
        select(t.PostmortemService.name, t.PostmortemRow)
        .where(
            t.PostmortemService.postmortem_id == t.PostmortemRow.id,
            col(t.PostmortemRow.published_number).is_not(None),
            is_open(),
        )
        .order_by(col(t.PostmortemRow.sort_at).desc())
    )
    for service, row in session.exec(query):
        title = row.title or "no title yet"
        found[service].append(f"{row.reference} {title} (/postmortems/{row.reference})")
    return {name: _mixed(lines) for name, lines in sorted(found.items())}


def _mixed(lines: list[str]) -> list[str]:
    """Two patterns at most, so that incidents are seen too."""
    patterns = [line for line in lines if "(/patterns/" in line][:2]
    rest = [line for line in lines if "(/patterns/" not in line]
    return [*patterns, *rest][:LINES]


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What came back for one rule."""

    hits: int
    overridden: int
    false_positive: int
    judged: int

    def interval(self, part: int) -> tuple[float, float] | None:
        """Limits of that part of the hits; None without hits."""
        from mining.stats import share_interval

        return share_interval(part, self.hits) if self.hits else None


def outcomes_of(session: Session, guardrail_id: str) -> Outcomes:
    """Counts of what gates posted back for the rule."""
    query = select(t.GuardrailOutcome).where(t.GuardrailOutcome.guardrail_id == guardrail_id)
    rows = list(session.exec(query))
    return Outcomes(
        hits=sum(row.state == "violation" for row in rows),
        overridden=sum(row.overridden for row in rows),
        false_positive=sum(row.false_positive for row in rows),
        judged=len(rows),
    )


def _text(entry: Mapping[str, Any], name: str, most: int) -> str:
    value = entry.get(name, "")
    if not isinstance(value, str) or len(value) > most or "\0" in value:
        raise Invalid([Problem(name, f"must be a text of at most {most} characters")])
    return value


def post_outcome(
    session: Session, *, viewer: Viewer, entry: Mapping[str, Any], now: datetime
) -> str:
    """Keep what a gate said of one change; the newest word on a change replaces the earlier one.

    Raises Forbidden, Invalid, NotFound.
    """
    need(viewer, Permission.WRITE)
    row = find_guardrail(session, _text(entry, "rule", 64))
    repo, ref = _text(entry, "repo", 400), _text(entry, "ref", 400)
    state = _text(entry, "state", 16)
    if state not in STATES:
        raise Invalid([Problem("state", f"Choose from {', '.join(STATES)}.")])
    flags = {name: entry.get(name, False) for name in ("overridden", "false_positive")}
    odd = next((name for name, value in flags.items() if not isinstance(value, bool)), None)
    if odd:
        raise Invalid([Problem(odd, "must be true or false")])
    query = select(t.GuardrailOutcome).where(
        t.GuardrailOutcome.guardrail_id == row.id,
        t.GuardrailOutcome.repo == repo,
        t.GuardrailOutcome.ref == ref,
    )
    kept = session.exec(query).first()
    kept = kept or t.GuardrailOutcome(guardrail_id=row.id, at=now, repo=repo, ref=ref, state=state)
    kept.at, kept.state, kept.mode = now, state, row.mode
    kept.overridden, kept.false_positive = flags["overridden"], flags["false_positive"]
    kept.reason = _text(entry, "reason", 2000)
    session.add(kept)
    act = audit.Act(
        viewer.name, "guardrail.outcome", "guardrail", row.id, {"state": state, **flags}
    )
    audit.append(session, act, now=now)
    session.flush()
    return kept.id

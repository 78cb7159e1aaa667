"""Recurring cause x guardrail x engine: what is covered, only watched, or naked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlmodel import Session, col, select

from mining.policy.exporters import TARGETS, export
from rca.domain.vocabulary import PatternState
from rca.services.guardrail_reading import documents
from rca.services.guardrail_watch import Watch, watch
from rca.store import tables as t

State = Literal["enforced", "watched", "suggested", "naked"]
ORDER: tuple[State, ...] = ("naked", "suggested", "watched", "enforced")


@dataclass(frozen=True, slots=True)
class MapRule:
    """One rule that answers a cause, with what each engine makes of it."""

    id: str
    title: str
    decision: str
    mode: str
    engines: tuple[tuple[str, str, str], ...]
    watch: Watch | None = None


@dataclass(frozen=True, slots=True)
class MapRow:
    """One recurring cause."""

    pattern_id: str
    name: str
    incidents: int
    state: State
    rules: tuple[MapRule, ...]


@dataclass(frozen=True, slots=True)
class CoverageMap:
    """Every live cause, the least covered first, and how many stand in each state."""

    rows: tuple[MapRow, ...]
    counts: tuple[tuple[State, int], ...]
    targets: tuple[str, ...] = TARGETS


def _state(rules: list[MapRule]) -> State:
    accepted = [rule for rule in rules if rule.decision == "accepted"]
    if any(rule.mode == "enforce" for rule in accepted):
        return "enforced"
    if accepted:
        return "watched"
    return "suggested" if rules else "naked"


def _engines(session: Session, now: datetime) -> dict[str, tuple[tuple[str, str, str], ...]]:
    made = export(documents(session, status="all"), now=now)
    found: dict[str, dict[str, tuple[str, str, str]]] = {}
    for entry in made.coverage:
        cell = (entry.target, entry.coverage, "; ".join(entry.reasons))
        found.setdefault(entry.rule, {})[entry.target] = cell
    return {rule: tuple(cells[name] for name in TARGETS) for rule, cells in found.items()}


def coverage_map(session: Session, *, now: datetime) -> CoverageMap:
    """The map over the patterns of the newest run and those that people confirmed."""
    engines = _engines(session, now)
    by_pattern: dict[str, list[MapRule]] = {}
    query = select(t.GuardrailRow).where(t.GuardrailRow.decision != "rejected")
    for row in session.exec(query.order_by(col(t.GuardrailRow.id))):
        seen = watch(session, row, now)
        rule = MapRule(row.id, row.title, row.decision, row.mode, engines.get(row.id, ()), seen)
        names = row.suggestion.get("patterns") or [row.pattern_id]
        for name in filter(None, names):
            by_pattern.setdefault(name, []).append(rule)
    newest = session.exec(
        select(t.MiningRun.id).order_by(col(t.MiningRun.finished_at).desc()).limit(1)
    ).first()
    rows = []
    for pattern in session.exec(select(t.PatternRow).order_by(col(t.PatternRow.size).desc())):
        live = pattern.last_run_id == newest or pattern.state == PatternState.CONFIRMED.value
        if not live or pattern.state == PatternState.DISMISSED.value:
            continue
        rules = by_pattern.get(pattern.id, [])
        rows.append(MapRow(pattern.id, pattern.name, pattern.size, _state(rules), tuple(rules)))
    rows.sort(key=lambda row: (ORDER.index(row.state), -row.incidents, row.pattern_id))
    counts = tuple((state, sum(row.state == state for row in rows)) for state in ORDER)
    return CoverageMap(tuple(rows), counts)

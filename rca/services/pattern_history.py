"""What became of a pattern: what runs did to it and what people decided, newest first.

Runs write their part into the pattern (splits, merges, the end of it); decisions are read from the
audit trail.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from rca.services.visibility import is_open
from rca.store import tables as t

MOST_SHOWN, MOST_KEPT = 20, 40
SPLIT_INTO, SPLIT_FROM = "split_into", "split_from"
WENT_INTO, TOOK_IN, DISSOLVED = "went_into", "took_in", "dissolved"
JOINED_TO = "joined_to"
"""As :data:`WENT_INTO`, but by a person: the history reads it from the audit trail."""
_OF_RUNS = {
    SPLIT_INTO: "Split: some of its incidents are {} now",
    SPLIT_FROM: "Split off from {}",
    WENT_INTO: "Went into {}",
    TOOK_IN: "Took in {}",
    DISSOLVED: "Dissolved: its incidents no longer stood together",
}
_OF_PEOPLE = {
    "rename": "Renamed",
    "unname": "Goes by the name of the run again",
    "confirm": "Confirmed as one cause coming back",
    "dismiss": "Found to be no pattern",
    "reconsider": "Made a proposal again",
    "add_member": "{reference} put in",
    "remove_member": "{reference} taken out",
    "merge": "{other} joined to it",
    "split": "{members} incidents made {into}",
    "joined_to": "Joined to {other}",
    "split_off": "Split off from {other}",
}


@dataclass(frozen=True, slots=True)
class PatternEvent:
    """Something that happened to a pattern; ``by`` is blank for what a run did."""

    at: datetime
    words: str
    by: str


def entry(now: datetime, kind: str, *others: str) -> list[str]:
    """One line of what a run did, as it is kept with the pattern."""
    return [now.isoformat(), kind, *others]


def kept(payload: Mapping[str, Any], *more: Sequence[str]) -> list[Any]:
    """The lines that a pattern carries, with more behind them."""
    return [*payload.get("lineage", []), *more][-MOST_KEPT:]


def remember(session: Session, result: Mapping[str, Any], now: datetime) -> None:
    """Write what a run did to each pattern into it, from the run's own result."""
    found: dict[str, list[list[str]]] = {}
    for old, new in result["splits"].items():
        others = [one for one in new if one != old]
        found.setdefault(old, []).append(entry(now, SPLIT_INTO, *others))
        for one in others:
            found.setdefault(one, []).append(entry(now, SPLIT_FROM, old))
    for new, olds in result["merges"].items():
        others = [one for one in olds if one != new]
        found.setdefault(new, []).append(entry(now, TOOK_IN, *others))
        for one in others:
            found.setdefault(one, []).append(entry(now, WENT_INTO, new))
    went = {one for one, lines in found.items() for line in lines if line[1] == WENT_INTO}
    for one in set(result["gone"]) - went:
        found.setdefault(one, []).append(entry(now, DISSOLVED))
    for key, lines in found.items():
        row = session.get(t.PatternRow, key)
        if row is not None:
            row.payload = {**row.payload, "lineage": kept(row.payload, *lines)}
            session.add(row)


def went_into(row: t.PatternRow) -> str:
    """The pattern that this one became part of; blank when it did not, or came back since."""
    last = next(iter(row.payload.get("lineage", [])[-1:]), ["", ""])
    return str(last[2]) if last[1] in (WENT_INTO, JOINED_TO) else ""


def history_of(session: Session, row: t.PatternRow) -> tuple[PatternEvent, ...]:
    """The newest of what happened to it; the run that found it stands last."""
    run = session.get(t.MiningRun, row.first_run_id)
    first = [PatternEvent(run.finished_at, "First found", "")] if run else []
    lines = [line for line in row.payload.get("lineage", []) if line[1] in _OF_RUNS]
    events = [*_acts(session, row.id), *map(_of_run, lines)]
    ranked = sorted(events, key=lambda event: event.at, reverse=True)
    return (*ranked[:MOST_SHOWN], *first)


def _of_run(line: Sequence[str]) -> PatternEvent:
    at, kind, *others = line
    return PatternEvent(datetime.fromisoformat(at), _OF_RUNS[kind].format(", ".join(others)), "")


def _acts(session: Session, identifier: str) -> Iterable[PatternEvent]:
    act = t.AuditEvent
    query = (
        select(act)
        .where(act.object_kind == "pattern", act.object_id == identifier)
        .order_by(col(act.seq).desc())
        .limit(MOST_SHOWN)
    )
    rows = [row for row in session.exec(query) if row.action.partition(".")[2] in _OF_PEOPLE]
    names = _names(session, {row.actor for row in rows})
    hidden = _hidden(session, {str(row.detail.get("reference", "")) for row in rows})
    for row in rows:
        detail = {**row.detail, **hidden.get(str(row.detail.get("reference", "")), {})}
        words = _OF_PEOPLE[row.action.partition(".")[2]].format_map(_Known(detail))
        yield PatternEvent(row.at, words, names.get(row.actor, row.actor))


class _Known(dict[str, Any]):
    """Details of an act; one that an older version did not write down is left blank."""

    def __missing__(self, _key: str) -> str:
        return "some"


def _hidden(session: Session, references: set[str]) -> dict[str, dict[str, str]]:
    """What stands in place of references that not everybody may know of (any more)."""
    record = t.PostmortemRow
    query = select(record.reference).where(col(record.reference).in_(references), is_open())
    closed = references - {"", *session.exec(query)}
    return {reference: {"reference": "An incident"} for reference in closed}


def _names(session: Session, accounts: set[str]) -> dict[str, str]:
    query = select(t.User.name, t.User.display_name).where(col(t.User.name).in_(accounts))
    return {name: shown or name for name, shown in session.exec(query)}

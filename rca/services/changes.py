"""Taking changes into the ledger: from files and from git. Each change goes in once, by its key."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from rca.domain.access import Permission, Viewer
from rca.domain.change import ChangeRecord
from rca.domain.postmortem import new_id
from rca.domain.vocabulary import LinkMethod
from rca.errors import Forbidden
from rca.store import audit
from rca.store import tables as t

FOLLOW_UP = timedelta(days=30)
_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What one intake did."""

    added: int
    updated: int
    unchanged: int


def columns_of(record: ChangeRecord) -> dict[str, Any]:
    """Column values of a record. Part and further outcomes travel among the facts."""
    facts = dict(record.facts)
    if record.ai_part:
        facts["ai"] = {**facts.get("ai", {}), "part": record.ai_part}
    others = {name: value for name, value in record.outcomes.items() if name != "reverted_30d"}
    if others:
        facts["outcomes"] = others
    columns = record.model_dump(exclude={"ai_part", "outcomes", "facts", "ai_state"})
    return {
        **columns,
        "ai_state": record.ai_state.value,
        "reverted_30d": record.outcomes.get("reverted_30d"),
        "facts": facts,
    }


def _stored(session: Session, keys: Sequence[str]) -> dict[str, t.Change]:
    rows = session.exec(select(t.Change).where(col(t.Change.key).in_(keys)))
    return {row.key: row for row in rows}


def _changed(row: t.Change, values: dict[str, Any]) -> bool:
    """Copy what differs; a known value is not overwritten by an unknown one."""
    touched = False
    for name, value in values.items():
        blank = value in (None, "", [], {}) or (name == "ai_state" and value == "unknown")
        if blank or getattr(row, name) == value:
            continue
        if name == "facts":
            value = {**row.facts, **value}
        setattr(row, name, value)
        touched = True
    return touched


def take(
    session: Session, *, viewer: Viewer, records: Iterable[ChangeRecord], source: str, now: datetime
) -> Taken:
    """Put changes into the ledger. The same file again changes nothing. Raises Forbidden."""
    if not viewer.may(Permission.INGEST):
        raise Forbidden("Your account may not write to the change ledger.")
    added = updated = same = 0
    stream = iter(records)
    while chunk := list(islice(stream, _CHUNK)):
        known = _stored(session, [record.key for record in chunk])
        fresh: dict[str, dict[str, Any]] = {}
        for record in chunk:
            values, row = columns_of(record), known.get(record.key)
            if row is None:
                same += record.key in fresh
                fresh.setdefault(record.key, {"id": new_id(), **values})
            elif _changed(row, values):
                session.add(row)
                updated += 1
            else:
                same += 1
        if fresh:
            # One statement a chunk: row by row, 100,000 commits took a minute longer.
            session.execute(insert(t.Change), list(fresh.values()))
        added += len(fresh)
        session.flush()
    detail = {"added": added, "updated": updated, "source": source[:200]}
    audit.append(session, audit.Act(viewer.name, "changes.take", "change", source[:200], detail),
                 now=now)  # fmt: skip
    return Taken(added, updated, same)


def newest_key(session: Session, repo: str) -> str | None:
    """The key of the newest change stored for ``repo``: where the next sync goes on."""
    query = (
        select(t.Change.key)
        .where(t.Change.repo == repo)
        .order_by(col(t.Change.merged_at).desc(), col(t.Change.key).desc())
        .limit(1)
    )
    return session.exec(query).first()


def link_reverts(session: Session, reverts: Sequence[tuple[str, str]], *, now: datetime) -> int:
    """Store (revert, reverted) pairs as links. Unknown shas and known links are skipped."""
    made = 0
    for pairs in batched_pairs(reverts):
        keys = {key for pair in pairs for key in pair}
        rows = _stored(session, sorted(keys))
        seen = _linked(session, [second for _first, second in pairs])
        for first, second in pairs:
            if first in rows and second in rows and (first, second) not in seen:
                session.add(_revert_link(first, second, now))
                made += 1
                _mark_reverted(session, rows[first], rows[second])
    session.flush()
    return made


def batched_pairs(pairs: Sequence[tuple[str, str]]) -> Iterable[Sequence[tuple[str, str]]]:
    """Pairs in groups small enough for one query."""
    return (pairs[start : start + 400] for start in range(0, len(pairs), 400))


def _linked(session: Session, keys: Sequence[str]) -> set[tuple[str, str]]:
    query = select(t.Link.from_id, t.Link.to_id).where(
        t.Link.method == LinkMethod.REVERT.value, col(t.Link.to_id).in_(keys)
    )
    return {(first, second) for first, second in session.exec(query)}


def _revert_link(first: str, second: str, now: datetime) -> t.Link:
    return t.Link(
        from_kind="change",
        from_id=first,
        to_kind="change",
        to_id=second,
        method=LinkMethod.REVERT.value,
        confidence="high",
        at=now,
    )


def _mark_reverted(session: Session, revert: t.Change, reverted: t.Change) -> None:
    reverted.reverted_30d = revert.merged_at - reverted.merged_at <= FOLLOW_UP
    facts = dict(reverted.facts)
    facts["outcomes"] = {**facts.get("outcomes", {}), "reverted_ever": True}
    reverted.facts = facts
    session.add(reverted)


def settle_outcomes(session: Session, *, repo: str, head: datetime) -> int:
    """Say "not reverted within 30 days" of changes that had 30 days to fail; younger ones stay
    pending. ``head`` is the time of the newest commit seen. Returns how many were settled.
    """
    query = select(t.Change).where(
        t.Change.repo == repo,
        col(t.Change.reverted_30d).is_(None),
        col(t.Change.merged_at) <= head - FOLLOW_UP,
    )
    settled = 0
    for row in session.exec(query):
        row.reverted_30d = False
        session.add(row)
        settled += 1
    session.flush()
    return settled

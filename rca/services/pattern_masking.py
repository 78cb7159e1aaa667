"""A pattern that lost a member to restriction must not go on telling of it.

Its name may quote the record's title, its reasons and words were counted with it. A new run tells
them afresh; a pattern that dissolved is told by none, so this happens with the restriction itself.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlmodel import Session, col, select

from rca.services.causes import cause_name
from rca.services.visibility import is_open
from rca.store import tables as t

WHY = "One of its incidents was restricted since it was found: what was read with it is not told."
_TOLD = frozenset(
    {"phrases", "weights", "proposed_name", "services", "by_quarter", "ai", "severities"}
)
_LEFT = "left"
"""References that a pattern's name and reasons were read with, and that people took elsewhere since
its run: they are no members of it now, but may stand in its words."""


def with_left(payload: Mapping[str, Any], references: Iterable[str]) -> dict[str, Any]:
    """A pattern's payload that remembers members which it loses to a decision, until a run tells
    the pattern afresh.
    """
    return {**payload, _LEFT: sorted({*payload.get(_LEFT, ()), *references})}


def forget(session: Session, record: t.PostmortemRow) -> None:
    """Take what was read with a postmortem out of every pattern that it is in, or was taken out of.

    A name that a person gave stays: it is theirs.
    """
    member = t.PatternMember
    query = select(member.pattern_id).where(member.postmortem_id == record.id)
    inside = set(session.exec(query))
    for row in session.exec(select(t.PatternRow)).all():
        if row.id in inside or record.reference in row.payload.get(_LEFT, ()):
            _mask(row)
            session.add(row)
    session.flush()


def forget_restricted(session: Session, run_id: str) -> None:
    """:func:`forget` for members of a run's patterns that became restricted while it was made."""
    member, record, pattern = t.PatternMember, t.PostmortemRow, t.PatternRow
    members = select(member.postmortem_id).where(
        member.pattern_id == pattern.id, pattern.last_run_id == run_id
    )
    for found in session.exec(select(record).where(col(record.id).in_(members), ~is_open())).all():
        forget(session, found)


def _mask(row: t.PatternRow) -> None:
    plain = cause_name(str(row.causes[0])) if row.causes else "Recurring incident"
    if not row.named_by_human:
        row.name = plain
    kept = {key: value for key, value in row.payload.items() if key not in _TOLD}
    row.payload = {**kept, "proposed_name": plain, "why": [{"text": WHY}]}

"""Similar incidents beside a postmortem, with what was done about them then."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from rca.domain.access import Viewer
from rca.domain.vocabulary import ActionKind, ActionStatus, Relation
from rca.services.mining_corpus import record_of, tiers_of
from rca.services.placing import index_of, is_settled, reasons
from rca.services.visibility import find_postmortem, is_open
from rca.store import tables as t
from rca.store.postmortems import load_content

LEAST_SCORE = 0.5
"""Under this, in spreads above what two records usually share, nothing is shown."""


@dataclass(frozen=True, slots=True)
class _Neighbour:
    reference: str
    score: float
    words: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PastAction:
    """What was promised then, and what became of it."""

    title: str
    status: ActionStatus
    verified: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class SimilarPostmortem:
    """One neighbour with the words and answers that it shares."""

    reference: str
    title: str
    quarter: str
    score: float
    why: tuple[str, ...]
    actions: tuple[PastAction, ...]
    is_recurrence: bool = False


def for_postmortem(
    session: Session, *, viewer: Viewer, reference: str, limit: int = 5
) -> list[SimilarPostmortem]:
    """Published, open incidents of the same organisation nearest to one that the viewer may see.

    What the newest run stored is read back; a record that it did not see, such as a draft, is
    compared now, and its words are stored nowhere. Raises NotFound.
    """
    row = find_postmortem(session, viewer, reference)
    found = _stored(session, row) if is_settled(session, row) else []
    found = found or _compared(session, row, limit) or _stored(session, row)
    found = [neighbour for neighbour in found if neighbour.score >= LEAST_SCORE]
    return _described(session, found[:limit], _recorded(session, row.id))


def _stored(session: Session, row: t.PostmortemRow) -> list[_Neighbour]:
    link = t.SimilarPostmortem
    query = (
        select(link, t.PostmortemRow.reference)
        .where(link.postmortem_id == row.id, link.other_id == t.PostmortemRow.id, is_open())
        .order_by(col(link.position))
    )
    return [
        _Neighbour(
            reference, stored.score, tuple(stored.why["words"]), tuple(stored.why["answers"])
        )
        for stored, reference in session.exec(query)
    ]


def _compared(session: Session, row: t.PostmortemRow, limit: int) -> list[_Neighbour]:
    """Compare one record now, in corpora small enough to wait for."""
    index = index_of(session, row.organisation)
    if index is None:
        return []
    asked = record_of(row, load_content(session, row), tiers_of(session))
    return [_Neighbour(s.id, s.score, s.words, s.answers) for s in index.to(asked, limit)]


def _recorded(session: Session, owner: str) -> frozenset[str]:
    """The postmortems of which this one is recorded as a recurrence."""
    link = t.RelatedPostmortemRow
    query = select(link.reference).where(
        link.postmortem_id == owner, link.relation == Relation.RECURRENCE_OF.value
    )
    return frozenset(session.exec(query))


def _described(
    session: Session, found: Sequence[_Neighbour], recorded: frozenset[str]
) -> list[SimilarPostmortem]:
    references = [neighbour.reference for neighbour in found]
    query = select(t.PostmortemRow).where(col(t.PostmortemRow.reference).in_(references), is_open())
    rows = {row.reference: row for row in session.exec(query)}
    actions = _actions(session, [row.id for row in rows.values()])
    return [
        SimilarPostmortem(
            reference=neighbour.reference,
            title=rows[neighbour.reference].title,
            quarter=rows[neighbour.reference].quarter,
            score=round(neighbour.score, 2),
            why=reasons(neighbour.words, neighbour.answers),
            actions=actions.get(rows[neighbour.reference].id, ()),
            is_recurrence=neighbour.reference in recorded,
        )
        for neighbour in found
        if neighbour.reference in rows
    ]


def _actions(session: Session, ids: Sequence[str]) -> Mapping[str, tuple[PastAction, ...]]:
    query = (
        select(t.ActionItemRow)
        .where(
            col(t.ActionItemRow.postmortem_id).in_(ids),
            t.ActionItemRow.kind == ActionKind.COMMITMENT.value,
            t.ActionItemRow.title != "",
        )
        .order_by(col(t.ActionItemRow.position))
    )
    found: dict[str, tuple[PastAction, ...]] = {}
    for row in session.exec(query):
        action = PastAction(row.title, ActionStatus(row.status), row.verified, row.status_reason)
        found[row.postmortem_id] = (*found.get(row.postmortem_id, ()), action)
    return found

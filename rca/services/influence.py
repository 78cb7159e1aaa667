"""What is known of AI influence: in the ledger, in the incidents, and what stood around it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_
from sqlmodel import Session, col, func, select

from mining import stats
from mining.exposure import Grouping, RiskReport
from mining.matched import CaseControlReport
from rca.domain import ai
from rca.domain.vocabulary import (
    AIAnswer,
    AIEffect,
    AIState,
    AISurface,
    AISystemCondition,
    RecordKind,
)
from rca.services import risk
from rca.services.quarter.records import default_scope
from rca.services.reading import PUBLISHED_STATES, ai_rows_by_surface
from rca.services.visibility import is_open
from rca.store import tables as t

ANSWERS = (AIAnswer.CONFIRMED, AIAnswer.SUSPECTED, AIAnswer.NONE, AIAnswer.UNKNOWN)


@dataclass(frozen=True, slots=True)
class SurfaceRow:
    """One surface: incidents by answer, not asked among them, and where AI helped."""

    surface: AISurface
    counts: dict[str, int]
    not_asked: int
    helped: int


@dataclass(frozen=True, slots=True)
class EffectRow:
    """One effect over the confirmed influences, as a share of them."""

    effect: AIEffect
    share: stats.Share


@dataclass(frozen=True, slots=True)
class ConditionRow:
    """A condition of the system that stood around contributing influences."""

    condition: AISystemCondition
    count: int
    of: int


@dataclass(frozen=True, slots=True)
class InfluencePage:
    """Everything of the page. ``incidents`` is the denominator of the incident half."""

    report: RiskReport
    matched: CaseControlReport
    outcome: str
    by: Grouping
    incidents: int
    summary: tuple[tuple[str, stats.Share], ...]
    surfaces: tuple[SurfaceRow, ...]
    effects: tuple[EffectRow, ...]
    conditions: tuple[ConditionRow, ...]
    restricted: int
    unconfirmed: int


def _counting(session: Session) -> Any:
    """Published open incidents of the organisation: the same for every figure of the page."""
    row = t.PostmortemRow
    return and_(
        is_open(),
        *default_scope(session).conditions(),
        col(row.record_kind) == RecordKind.INCIDENT.value,
        col(row.status).in_(PUBLISHED_STATES),
    )


def _count(session: Session, *conditions: Any) -> int:
    return session.exec(select(func.count()).select_from(t.PostmortemRow).where(*conditions)).one()


def _summary(session: Session, condition: Any, n: int) -> tuple[tuple[str, stats.Share], ...]:
    query = (
        select(t.PostmortemRow.ai_summary, func.count())
        .where(condition)
        .group_by(t.PostmortemRow.ai_summary)
    )
    found = dict(session.exec(query).all())
    return tuple((word, stats.share(found.get(word, 0), n)) for word in ai.SUMMARY_LABELS)


def _helped(session: Session, condition: Any) -> Counter[str]:
    row = t.AIInfluenceRow
    query = select(row.surface).where(
        row.postmortem_id == t.PostmortemRow.id,
        condition,
        row.effect == AIEffect.HELPED.value,
        col(row.confirmed).is_(True),
    )
    return Counter(session.exec(query))


def _surfaces(session: Session, condition: Any, n: int) -> tuple[SurfaceRow, ...]:
    by_surface = ai_rows_by_surface(session, condition=condition)
    helped = _helped(session, condition)
    rows = []
    for surface in AISurface:
        states = by_surface.get(surface.value, {})
        counts: Counter[str] = Counter()
        for state, count in states.items():
            counts[ai.answer_of(AIState(state)).value] += count
        if counts:
            asked = sum(counts.values())
            rows.append(SurfaceRow(surface, dict(counts), max(n - asked, 0), helped[surface.value]))
    return tuple(rows)


def _confirmed(session: Session, condition: Any) -> Sequence[t.AIInfluenceRow]:
    row = t.AIInfluenceRow
    states = [AIState.EVIDENCED.value, AIState.REPORTED.value]
    query = select(row).where(
        row.postmortem_id == t.PostmortemRow.id,
        condition,
        col(row.confirmed).is_(True),
        col(row.state).in_(states),
    )
    return session.exec(query).all()


def _effects(rows: Sequence[t.AIInfluenceRow]) -> tuple[EffectRow, ...]:
    counts = Counter(row.effect for row in rows)
    return tuple(
        EffectRow(effect, stats.share(counts[effect.value], len(rows)))
        for effect in AIEffect
        if counts[effect.value]
    )


def _conditions(rows: Sequence[t.AIInfluenceRow]) -> tuple[ConditionRow, ...]:
    contributing = [row for row in rows if row.effect == AIEffect.CONTRIBUTED.value]
    counts = Counter(name for row in contributing for name in set(row.conditions))
    found = [
        ConditionRow(condition, counts[condition.value], len(contributing))
        for condition in AISystemCondition
        if counts[condition.value]
    ]
    return tuple(sorted(found, key=lambda item: (-item.count, item.condition.value)))


def influence_page(session: Session, *, outcome: str, by: Grouping) -> InfluencePage:
    """The page's value. Figures take open published incidents; restricted ones are only counted."""
    condition = _counting(session)
    n = _count(session, condition)
    confirmed = _confirmed(session, condition)
    hidden = _count(session, ~is_open(), *default_scope(session).conditions(),
                    col(t.PostmortemRow.status).in_(PUBLISHED_STATES))  # fmt: skip
    return InfluencePage(
        report=risk.of_ledger(session, outcome=outcome, by=by),
        matched=risk.matched_of_ledger(session, outcome=outcome),
        outcome=outcome,
        by=by,
        incidents=n,
        summary=_summary(session, condition, n),
        surfaces=_surfaces(session, condition, n),
        effects=_effects(confirmed),
        conditions=_conditions(confirmed),
        restricted=hidden,
        unconfirmed=_count(session, condition, t.PostmortemRow.unconfirmed > 0),
    )

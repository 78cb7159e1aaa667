"""The first page: what waits, what recurs, what is known of AI influence, and what changed.

Shared figures take published records that everybody may see. Only "waiting for you" and the list
of what was published lately look through the reader's own eyes.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, func, select

from mining import stats
from rca.domain import ai
from rca.domain.access import Viewer
from rca.domain.quarters import Quarter
from rca.domain.vocabulary import (
    GuardrailDecision,
    RecordKind,
    Status,
)
from rca.reports.value import PatternCard
from rca.services import actions as action_items
from rca.services.actions import ActionFilter, ActionView
from rca.services.listing import ListItem, list_items
from rca.services.quarter.records import Scope, Window, default_scope, load_actions
from rca.services.quarter.recurring import load_patterns
from rca.services.quarter_glance import QuarterGlance, quarter_glance, story_quarter
from rca.services.reading import PUBLISHED_STATES
from rca.services.visibility import is_open, visible_to
from rca.services.waiting import MOST_WAITING, UNFINISHED, Waiting, waiting_for
from rca.store import tables as t

MOST_PATTERNS = 4
MOST_RECENT = 4


@dataclass(frozen=True, slots=True)
class OpenWork:
    """How much is open, as the reader may see it."""

    drafts: int
    in_review: int
    approved: int
    actions: int
    overdue: int
    no_due: int
    oldest_overdue: ActionView | None


@dataclass(frozen=True, slots=True)
class Recurrence:
    """What recurs. ``inside`` of ``of`` records belong to a pattern, by the last run."""

    cards: tuple[PatternCard, ...]
    patterns: int
    inside: int
    of: int
    mined: str
    ever: bool


@dataclass(frozen=True, slots=True)
class InfluenceState:
    """One answer with its share of all counted incidents."""

    state: str
    label: str
    share: stats.Share


@dataclass(frozen=True, slots=True)
class Influence:
    """What is known of AI influence. Known means: confirmed, or answered with none."""

    states: tuple[InfluenceState, ...]
    known: int
    n: int
    unconfirmed: int


@dataclass(frozen=True, slots=True)
class Guardrails:
    """Where guardrails stand."""

    suggested: int
    audit: int
    warn: int
    enforce: int

    @property
    def any(self) -> bool:
        """Whether there is one at all."""
        return bool(self.suggested + self.audit + self.warn + self.enforce)


@dataclass(frozen=True, slots=True)
class Dashboard:
    """Everything on the first page. ``fresh`` means that nothing has been written yet."""

    fresh: bool
    published: int
    scope: str
    running: str
    quarter: QuarterGlance
    moved: PatternCard | None
    waiting: tuple[Waiting, ...]
    more_waiting: int
    work: OpenWork
    recurrence: Recurrence
    influence: Influence
    guardrails: Guardrails
    recent: tuple[ListItem, ...]


def dashboard(session: Session, *, viewer: Viewer, now: datetime) -> Dashboard:
    """The first page for one reader."""
    scope = default_scope(session)
    quarter = story_quarter(session, scope=scope, now=now)
    promised = load_actions(session, scope=scope)
    glance, window = quarter_glance(
        session, scope=scope, quarter=quarter, actions=promised, now=now
    )
    recurrence = _recurrence(session, scope, window, glance, promised)
    overdue = action_items.list_actions(
        session, viewer=viewer, now=now, wanted=ActionFilter(show="overdue")
    )
    waiting = waiting_for(session, viewer=viewer, overdue=overdue, now=now)
    return Dashboard(
        fresh=_is_fresh(session, viewer),
        published=_counted(session, scope),
        scope=scope.words,
        running=str(Quarter.of(now)),
        quarter=glance,
        moved=_moved(recurrence.cards),
        waiting=tuple(waiting[:MOST_WAITING]),
        more_waiting=max(len(waiting) - MOST_WAITING, 0),
        work=_open_work(session, viewer, overdue, now),
        recurrence=recurrence,
        influence=_influence(session, scope),
        guardrails=_guardrails(session),
        recent=_recent(session, viewer),
    )


def _is_fresh(session: Session, viewer: Viewer) -> bool:
    query = select(t.PostmortemRow.id).where(visible_to(viewer)).limit(1)
    return session.exec(query).first() is None


def _conditions(scope: Scope) -> list[Any]:
    row = t.PostmortemRow
    return [
        *scope.conditions(),
        is_open(),
        col(row.status).in_(PUBLISHED_STATES),
        row.record_kind == RecordKind.INCIDENT.value,
    ]


def _counted(session: Session, scope: Scope) -> int:
    query = select(func.count()).select_from(t.PostmortemRow).where(*_conditions(scope))
    return session.exec(query).one()


# What is open


def _open_work(
    session: Session, viewer: Viewer, overdue: list[ActionView], now: datetime
) -> OpenWork:
    status = col(t.PostmortemRow.status)
    query = select(status, func.count()).where(visible_to(viewer)).group_by(status)
    counts = dict(session.exec(query).all())
    open_items = [
        action
        for action in action_items.list_actions(session, viewer=viewer, now=now)
        if action.kind.value == "commitment"
    ]
    promised = [action for action in overdue if action.kind.value == "commitment"]
    return OpenWork(
        drafts=sum(counts.get(name, 0) for name in UNFINISHED),
        in_review=counts.get(Status.IN_REVIEW.value, 0),
        approved=counts.get(Status.APPROVED.value, 0),
        actions=len(open_items),
        overdue=len(promised),
        no_due=sum(action.due is None for action in open_items),
        oldest_overdue=promised[0] if promised else None,
    )


# What recurs


def _recurrence(
    session: Session, scope: Scope, window: Window, glance: QuarterGlance, promised: list[Any]
) -> Recurrence:
    periods = [Quarter.parse(name) for name, _ in glance.by_quarter]
    facts = load_patterns(session, scope=scope, window=window, periods=periods, actions=promised)
    cards = sorted(facts.cards, key=lambda card: (-card.whole, card.name))
    ever = session.exec(select(t.MiningRun.id).limit(1)).first() is not None
    return Recurrence(
        cards=tuple(cards[:MOST_PATTERNS]),
        patterns=len(cards),
        inside=_inside(session, [card.id for card in cards]),
        of=_counted(session, scope),
        mined=facts.mined,
        ever=ever,
    )


def _inside(session: Session, patterns: list[str]) -> int:
    member, row = t.PatternMember, t.PostmortemRow
    query = select(func.count(col(member.postmortem_id).distinct())).where(
        col(member.pattern_id).in_(patterns),
        member.postmortem_id == row.id,
        is_open(),
        col(row.status).in_(PUBLISHED_STATES),
        row.record_kind == RecordKind.INCIDENT.value,
    )
    return session.exec(query).one()


def _moved(cards: tuple[PatternCard, ...]) -> PatternCard | None:
    """The pattern that took part most in the quarter; two incidents at least."""
    here = [card for card in cards if card.here >= 2]
    return max(here, key=lambda card: (card.here, card.whole, card.name), default=None)


# AI influence


def _influence(session: Session, scope: Scope) -> Influence:
    row = t.PostmortemRow
    query = (
        select(row.ai_summary, func.count())
        .where(*_conditions(scope))
        .group_by(col(row.ai_summary))
    )
    counts = Counter(dict(session.exec(query).all()))
    n = sum(counts.values())
    unconfirmed = select(func.count()).select_from(row).where(
        *_conditions(scope), col(row.unconfirmed) > 0
    )  # fmt: skip
    return Influence(
        states=tuple(
            InfluenceState(name, label, stats.share(counts[name], n))
            for name, label in ai.SUMMARY_LABELS.items()
        ),
        known=counts[ai.INFLUENCED] + counts[ai.NONE],
        n=n,
        unconfirmed=session.exec(unconfirmed).one(),
    )


def _guardrails(session: Session) -> Guardrails:
    row = t.GuardrailRow
    query = select(row.decision, row.mode, func.count()).group_by(col(row.decision), col(row.mode))
    suggested, modes = 0, Counter[str]()
    for decision, mode, count in session.exec(query):
        if decision == GuardrailDecision.PROPOSED.value:
            suggested += count
        elif decision == GuardrailDecision.ACCEPTED.value:
            modes[mode] += count
    return Guardrails(suggested, modes["audit"], modes["warn"], modes["enforce"])


def _recent(session: Session, viewer: Viewer) -> tuple[ListItem, ...]:
    row = t.PostmortemRow
    query = (
        select(row)
        .where(row.status == Status.PUBLISHED.value, visible_to(viewer))
        .order_by(col(row.published_at).desc(), col(row.sort_at).desc(), col(row.id))
        .limit(MOST_RECENT)
    )
    return tuple(list_items(session, list(session.exec(query))))

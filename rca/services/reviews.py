"""The reliability review: which quarters there are, and one period as a frozen value."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlmodel import Session, col, func, select

from mining.taxonomy import load as load_taxonomy
from rca.domain import periods
from rca.domain.periods import Period, in_words
from rca.domain.postmortem import OWN_ORGANISATION
from rca.domain.quarters import UNDATED, Quarter
from rca.domain.vocabulary import RecordKind
from rca.errors import NotFound
from rca.reports import words
from rca.reports.value import Review, Section
from rca.services.quarter import appendix, compare, follow, front, guards, learning, volume
from rca.services.quarter.records import (
    ActionFact,
    Scope,
    Window,
    in_period,
    load_actions,
    load_window,
    months,
    periods_to,
    scope_of,
)
from rca.services.quarter.recurring import PatternFacts, load_patterns
from rca.services.reading import PUBLISHED_STATES
from rca.services.visibility import is_open
from rca.store import tables as t

__all__ = [
    "QuarterLine",
    "Review",
    "build",
    "list_quarters",
    "organisations",
    "parse_period",
    "teams_and_tiers",
]

BACK = 5
"""Quarters before the one under review that trends show."""
SEED = 20261


@dataclass(frozen=True, slots=True)
class QuarterLine:
    """One line of the list of quarters."""

    quarter: str
    incidents: int
    waiting: int
    under_way: bool


def list_quarters(
    session: Session, *, now: datetime, organisation: str = ""
) -> tuple[QuarterLine, ...]:
    """Quarters with open incidents, the latest first, with how many are published."""
    scope = scope_of(session, organisation)
    row = t.PostmortemRow
    published = col(row.status).in_(PUBLISHED_STATES)
    query = (
        select(row.quarter, published, func.count())
        .where(
            *scope.conditions(),
            is_open(),
            row.quarter != UNDATED,
            row.record_kind == RecordKind.INCIDENT.value,
            row.status != "not_required",
        )
        .group_by(row.quarter, published)
    )
    counts: dict[str, Counter[bool]] = {}
    for quarter, is_published, count in session.exec(query):
        counts.setdefault(quarter, Counter())[bool(is_published)] += count
    return tuple(
        QuarterLine(name, counts[name][True], counts[name][False], now < Quarter.parse(name).end)
        for name in sorted(counts, reverse=True)
    )


def parse_period(text: str, *, fiscal_start: int = 1) -> Period:
    """Read the period of an address or command. Raises NotFound with the expected forms."""
    try:
        return periods.parse_period(text, fiscal_start=fiscal_start)
    except ValueError as error:
        raise NotFound(str(error)) from error


def build(
    session: Session,
    *,
    period: Period,
    now: datetime,
    organisation: str,
    whose: str = "",
    team: str = "",
    tier: int | None = None,
    seed: int = SEED,
) -> Review:
    """The review of ``period`` from published open records as they are at ``now``.

    ``organisation`` is the name on the title; ``whose`` says whose records count: blank is the
    own ones, ``all``, or one name. ``team`` and ``tier`` narrow it.

    The same records give the same value. Raises NotFound when no incident is on record there,
    naming where there are some.
    """
    scope = scope_of(session, whose, team=team, tier=tier)
    # Whole days: otherwise the exposure, and with it every digest, would move with each second.
    moment = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    here = load_window(session, period=period, scope=scope, now=moment)
    if not here.known and not here.incidents and not here.near_misses:
        raise NotFound(_nothing(session, period, scope))
    there = load_window(session, period=period.previous(), scope=scope, now=moment)
    as_of = now.date().isoformat()
    return _assemble(session, _Material(here, there, scope, organisation, as_of, seed))


def _nothing(session: Session, period: Period, scope: Scope) -> str:
    """Why there is no review, and where there are incidents."""
    row = t.PostmortemRow
    query = (
        select(row.organisation, func.count())
        .where(is_open(), *in_period(period), col(row.status).in_(PUBLISHED_STATES))
        .group_by(row.organisation)
        .order_by(func.count().desc(), col(row.organisation))
    )
    counts = [(name, n) for name, n in session.exec(query) if name != scope.organisation]
    # Without a word of a scope the whole is meant, whatever that is here.
    narrow = f" ({scope.words})" if scope.words and (scope.narrowed or scope.organisation) else ""
    said = f"No incident of {in_words(period)} is on record{narrow}"
    if not counts:
        others = [name for name in organisations(session) if name != scope.organisation]
        found = f" Other organisations on record: {words.listed(others, 8)}." if others else ""
        return f"{said}.{found}"
    listed = words.listed([f"{_named(name)} ({n})" for name, n in counts], 8)
    return f"{said}. There are published ones of {listed}."


def _named(organisation: str) -> str:
    return "your own" if organisation == OWN_ORGANISATION else organisation


def teams_and_tiers(session: Session) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """Teams and service tiers that a review can be narrowed to."""
    named = set(session.exec(select(t.PostmortemTeam.name).distinct()))
    named |= set(session.exec(select(t.Team.name)))
    tiers = {tier for tier in session.exec(select(t.Service.tier).distinct()) if tier is not None}
    return tuple(sorted(named)), tuple(sorted(tiers))


def organisations(session: Session) -> tuple[str, ...]:
    """Organisations that have open records, for choosing whose to review."""
    row = t.PostmortemRow
    query = select(row.organisation).distinct().where(is_open(), row.quarter != UNDATED)
    return tuple(sorted(session.exec(query)))


@dataclass(frozen=True, slots=True)
class _Material:
    here: Window
    there: Window
    scope: Scope
    organisation: str
    as_of: str
    seed: int


def _assemble(session: Session, given: _Material) -> Review:
    here, there, scope = given.here, given.there, given.scope
    actions = load_actions(session, scope=scope)
    in_time, in_time_before = (
        follow.finished_in_time(follow.due_in(actions, window)) for window in (here, there)
    )
    findings = compare.compare(here, there, in_time, in_time_before, seed=given.seed)
    recurring = load_patterns(
        session,
        scope=scope,
        window=here,
        periods=periods_to(here.period, BACK),
        actions=actions,
    )
    fences = guards.load_guardrails(session, until=here.until)
    cover = front.coverage(here)
    as_of = date.fromisoformat(given.as_of)
    return Review(
        quarter=str(here.period),
        previous=str(there.period),
        period=in_words(here.period),
        organisation=given.organisation,
        scope=scope.words,
        as_of=given.as_of,
        headline=front.headline(here, there, findings),
        lede=front.lede(here, cover, recurring.shown()),
        coverage=cover,
        tiles=front.tiles(here, there, actions, findings, seed=given.seed),
        patterns=recurring.shown()[:3],
        unassigned=_unassigned(here, recurring),
        decisions=front.decisions(recurring.cards, fences, actions, here, as_of),
        better=front.better(recurring.cards, actions, here),
        sections=_sections(session, given, actions, findings, recurring, fences),
        agenda=front.agenda(here, recurring.members),
        in_full=front.in_full(here),
        definitions=appendix.DEFINITIONS,
        noun=here.noun,
        measures=compare.measures(here, in_time),
    )


def _sections(
    session: Session,
    given: _Material,
    actions: list[ActionFact],
    findings: compare.Findings,
    recurring: PatternFacts,
    fences: list[guards.GuardrailFact],
) -> tuple[Section, ...]:
    here, there = given.here, given.there
    by_month = months(session, scope=given.scope, last=here.period, back=_back(here.period))
    return (
        volume.volume(here, there, by_month, findings),
        volume.impact(here, there),
        volume.phases(here, there, findings, seed=given.seed),
        learning.detection(here, there, findings),
        learning.patterns(
            here, recurring.shown(), recurring.assigned(), recurring.mined, load_taxonomy()
        ),
        learning.influence(here, there, _changes(session, given)),
        follow.follow_through(here, there, actions, findings),
        guards.guardrails(fences),
        learning.health(here, there, findings),
        appendix.appendix(here, given.scope),
    )


def _back(period: Period) -> int:
    """Periods before it that the months of the charts reach back: some fifteen months in all."""
    return max(1, round(15 * 30.4 / (period.end - period.start).days) - 1)


def _changes(session: Session, given: _Material) -> Counter[str]:
    """Merged changes by what is known of AI in them; of the whole organisation, or none."""
    if given.scope.narrowed:
        return Counter()
    change, here = t.Change, given.here
    query = (
        select(change.ai_state, func.count())
        .where(col(change.merged_at) >= here.period.start, col(change.merged_at) < here.until)
        .group_by(change.ai_state)
    )
    return Counter(dict(session.exec(query).all()))


def _unassigned(here: Window, recurring: PatternFacts) -> str:
    n = len(here.incidents)
    loose = n - recurring.assigned()
    verb = "belongs" if loose == 1 else "belong"
    return f"{loose} of {words.plural(n, 'incident')} {verb} to no pattern."

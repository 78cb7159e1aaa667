"""The quarterly review: which quarters there are, and one of them as a frozen value."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from mining.taxonomy import load as load_taxonomy
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
    counts_by_quarter,
    load_actions,
    load_window,
    months,
    scope_of,
)
from rca.services.quarter.recurring import PatternFacts, load_patterns
from rca.services.reading import PUBLISHED_STATES
from rca.services.visibility import is_open
from rca.store import tables as t

__all__ = ["QuarterLine", "Review", "build", "list_quarters", "organisations", "parse_quarter"]

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


def parse_quarter(text: str) -> Quarter:
    """Read a quarter of an address or command. Raises NotFound with the expected form."""
    try:
        return Quarter.parse(text)
    except ValueError as error:
        raise NotFound(str(error)) from error


def build(
    session: Session,
    *,
    quarter: Quarter,
    now: datetime,
    organisation: str,
    whose: str = "",
    seed: int = SEED,
) -> Review:
    """The review of ``quarter`` from published open records as they are at ``now``.

    ``organisation`` is the name on the title; ``whose`` says whose records count: blank is the
    own ones, ``all``, or one name.

    The same records give the same value. Raises NotFound when no incident is on record there.
    """
    scope = scope_of(session, whose)
    # Whole days: otherwise the exposure, and with it every digest, would move with each second.
    moment = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    here = load_window(session, quarter=quarter, scope=scope, now=moment)
    if not here.known and not here.incidents and not here.near_misses:
        raise NotFound(f"No incident of {quarter} is on record.")
    there = load_window(session, quarter=quarter.previous(), scope=scope, now=moment)
    as_of = now.date().isoformat()
    return _assemble(session, _Material(here, there, scope, organisation, as_of, seed))


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
    findings = compare.compare(
        here,
        there,
        follow.finished_in_time(follow.due_in(actions, here)),
        follow.finished_in_time(follow.due_in(actions, there)),
        seed=given.seed,
    )
    quarters = list(counts_by_quarter(session, scope=scope, last=here.quarter, back=BACK))
    recurring = load_patterns(session, scope=scope, window=here, quarters=quarters, actions=actions)
    fences = guards.load_guardrails(session, until=here.until)
    cover = front.coverage(here)
    return Review(
        quarter=str(here.quarter),
        previous=str(there.quarter),
        period=_period(here.quarter),
        organisation=given.organisation,
        scope=scope.words,
        as_of=given.as_of,
        headline=front.headline(here, there, findings),
        lede=front.lede(here, cover, recurring.shown()),
        coverage=cover,
        tiles=front.tiles(here, there, actions, findings, seed=given.seed),
        patterns=recurring.shown()[:3],
        unassigned=_unassigned(here, recurring),
        decisions=front.decisions(recurring.cards, fences, actions, here),
        better=front.better(recurring.cards, actions, here),
        sections=_sections(session, given, actions, findings, recurring, fences),
        agenda=front.agenda(here, recurring.members),
        in_full=front.in_full(here),
        definitions=appendix.DEFINITIONS,
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
    by_month = months(session, scope=given.scope, last=here.quarter, back=BACK - 1)
    return (
        volume.volume(here, there, by_month, findings),
        volume.impact(here, there),
        volume.phases(here, there, findings, seed=given.seed),
        learning.detection(here, there, findings),
        learning.patterns(
            here, recurring.shown(), recurring.assigned(), recurring.mined, load_taxonomy()
        ),
        learning.influence(here, there, _changes(session, here)),
        follow.follow_through(here, there, actions, findings),
        guards.guardrails(fences),
        learning.health(here, there, findings),
        appendix.appendix(here, given.scope),
    )


def _changes(session: Session, here: Window) -> Counter[str]:
    change = t.Change
    query = (
        select(change.ai_state, func.count())
        .where(col(change.merged_at) >= here.quarter.start, col(change.merged_at) < here.until)
        .group_by(change.ai_state)
    )
    return Counter(dict(session.exec(query).all()))


def _period(quarter: Quarter) -> str:
    last = quarter.end - timedelta(days=1)
    return f"{quarter.start:%B} to {last:%B} {last.year}"


def _unassigned(here: Window, recurring: PatternFacts) -> str:
    n = len(here.incidents)
    loose = n - recurring.assigned()
    return f"{loose} of {words.plural(n, 'incident')} belong to no pattern."

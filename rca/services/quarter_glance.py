"""The newest quarter against the one before, in four figures and one sentence.

Records, definitions and verdicts are those of the quarterly review, so that the first page and
the PDF never disagree.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, func, select

from mining import stats
from rca.domain.quarters import UNDATED, Quarter
from rca.domain.vocabulary import RecordKind
from rca.services.quarter.compare import Findings, compare, customer_first
from rca.services.quarter.follow import due_in, finished_in_time
from rca.services.quarter.records import (
    ActionFact,
    Scope,
    Window,
    counts_by_quarter,
    load_window,
)
from rca.services.reading import PUBLISHED_STATES
from rca.services.visibility import is_open
from rca.store import tables as t

QUARTERS_BACK = 5


@dataclass(frozen=True, slots=True)
class Figure:
    """One tile: a value beside its earlier one, its interval, and what may be said.

    ``point``, ``low``, ``high`` and ``earlier`` lie on a scale from 0 to ``top``; None is not
    estimable. ``changed`` only when the review would claim a change.
    """

    name: str
    value: str
    small: str
    n: str
    say: str
    changed: bool
    point: float | None
    low: float | None
    high: float | None
    earlier: float | None
    top: float

    @property
    def label(self) -> str:
        """The drawing in words."""
        return f"{self.value} {self.small}; {self.n}"


@dataclass(frozen=True, slots=True)
class QuarterGlance:
    """The quarter's figures. ``claim`` finishes the sentence on the number of incidents."""

    name: str
    before: str
    incidents: int
    incidents_before: int
    claim: str
    figures: tuple[Figure, ...]
    by_quarter: tuple[tuple[str, int], ...]
    undated: int
    waiting: int
    restricted: int
    under_way: bool


def story_quarter(session: Session, *, scope: Scope, now: datetime) -> Quarter:
    """The last complete quarter, or the newest with published records when those end earlier.

    A first instance whose only records lie in the running quarter gets that one.
    """
    row = t.PostmortemRow
    last = Quarter.of(now).previous()
    quarter = col(row.quarter)
    counted = (
        *scope.conditions(),
        is_open(),
        col(row.status).in_(PUBLISHED_STATES),
        row.record_kind == RecordKind.INCIDENT.value,
        quarter != UNDATED,
    )
    newest = session.exec(select(func.max(quarter)).where(*counted, quarter <= str(last))).one()
    if newest:
        return Quarter.parse(newest)
    running = session.exec(select(func.max(quarter)).where(*counted)).one()
    return Quarter.parse(running) if running else last


def _percent(share: stats.Share) -> tuple[str, str]:
    """Value and small print; under five cases the fraction stands alone."""
    if share.value is None:
        return "–", "no cases"
    if share.small:
        return share.fraction, ""
    return f"{share.value:.0%}", share.fraction


def _span(low: float | None, high: float | None, digits: int, unit: str = "") -> str:
    if low is None and high is None:
        return "interval not estimable"
    if high is None:
        return f"95% from {low:.{digits}f}{unit}"
    return f"95% {low or 0:,.{digits}f}–{high:,.{digits}f}{unit}"


def _count_figure(now: Window, before: Window, findings: Findings) -> Figure:
    ratio = findings.comparisons["incidents"]
    known = ratio.effect is not None
    interval = _span(ratio.low, ratio.high, 2)
    return Figure(
        name="Incidents",
        value=str(len(now.incidents)),
        small=f"was {len(before.incidents)}",
        n=f"ratio {ratio.effect:.2f}, {interval}" if known else "ratio not estimable",
        say=findings.say("incidents"),
        changed=findings.changed("incidents"),
        point=ratio.effect,
        low=ratio.low if known else None,
        high=ratio.high if known else None,
        earlier=1.0 if known else None,
        # A very wide interval runs off the scale rather than squeezing the point to the edge.
        top=min(max(2.0, 1.1 * (ratio.high or 0.0)), 5.0),
    )


def _time_figure(now: Window, before: Window, findings: Findings) -> Figure:
    here = stats.median_interval(now.minutes("mitigate"))
    there = stats.median_interval(before.minutes("mitigate"))
    if here.low is None:
        interval = "too few for an interval" if here.n else "no known times"
    else:
        interval = _span(here.low, here.high, 0)
    was = "" if there.value is None else f", was {there.value:,.0f}"
    return Figure(
        name="Median time to mitigate",
        value="–" if here.value is None else f"{here.value:,.0f}",
        small="" if here.value is None else f"min{was}",
        n=f"n = {here.n}, {interval}",
        say=findings.say("mitigate"),
        changed=findings.changed("mitigate"),
        point=here.value,
        low=here.low,
        high=here.high,
        earlier=there.value,
        top=1.1 * max(here.high or 0, here.value or 0, there.value or 0, 1),
    )


def _share_figure(
    name: str, here: stats.Share, there: stats.Share, findings: Findings, key: str
) -> Figure:
    value, small = _percent(here)
    low, high = here.low, here.high
    interval = "no cases" if low is None or high is None else _span(100 * low, 100 * high, 0, "%")
    was = "" if there.value is None else f"Was {_percent(there)[0]}, {there.fraction}"
    if there.small and there.value is not None:
        was = f"Was {there.fraction}"
    said = findings.say(key)
    return Figure(
        name=name,
        value=value,
        small=small,
        n=f"n = {here.n}, {interval}",
        say=". ".join(part for part in (was, said) if part),
        changed=findings.changed(key),
        point=here.value,
        low=low,
        high=high,
        earlier=there.value,
        top=1.0,
    )


def _claim(findings: Findings) -> str:
    verdict = findings.verdicts["incidents"]
    if verdict.q is None:
        return "too few to compare"
    if not verdict.changed:
        return "within what chance alone would give"
    return "more than chance alone would give" if verdict.up else "fewer than chance would give"


def _undated(session: Session, scope: Scope) -> int:
    row = t.PostmortemRow
    query = select(func.count()).select_from(row).where(
        *scope.conditions(),
        is_open(),
        col(row.status).in_(PUBLISHED_STATES),
        row.record_kind == RecordKind.INCIDENT.value,
        row.quarter == UNDATED,
    )  # fmt: skip
    return session.exec(query).one()


def _figures(
    now: Window, before: Window, actions: list[ActionFact], findings: Findings
) -> tuple[Figure, ...]:
    outside = stats.share(*customer_first(now)), stats.share(*customer_first(before))
    in_time = (
        stats.share(*finished_in_time(due_in(actions, now))),
        stats.share(*finished_in_time(due_in(actions, before))),
    )
    return (
        _count_figure(now, before, findings),
        _time_figure(now, before, findings),
        _share_figure("Found by a customer first", *outside, findings, "customer"),
        _share_figure("Actions finished in time", *in_time, findings, "in_time"),
    )


def quarter_glance(
    session: Session, *, scope: Scope, quarter: Quarter, actions: list[ActionFact], now: datetime
) -> tuple[QuarterGlance, Window]:
    """``quarter`` against the one before, and its records."""
    here = load_window(session, period=quarter, scope=scope, now=now)
    before = load_window(session, period=quarter.previous(), scope=scope, now=now)
    findings = compare(
        here,
        before,
        finished_in_time(due_in(actions, here)),
        finished_in_time(due_in(actions, before)),
        seed=0,
    )
    counts = counts_by_quarter(session, scope=scope, last=quarter, back=QUARTERS_BACK)
    glance = QuarterGlance(
        name=str(quarter),
        before=str(quarter.previous()),
        incidents=len(here.incidents),
        incidents_before=len(before.incidents),
        claim=_claim(findings),
        figures=_figures(here, before, actions, findings),
        by_quarter=tuple(counts.items()),
        undated=_undated(session, scope),
        waiting=len(here.waiting),
        restricted=here.restricted,
        under_way=here.under_way,
    )
    return glance, here

"""What happened since a guardrail was adopted: incidents of its pattern before and after.

Fewer incidents afterwards are consistent with a rule that helps, and with several other things. A
pattern is picked because it had recurred, so fewer are to be expected even of a rule that does
nothing; the rate of all other incidents stands beside it for that reason.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from sqlmodel import Session, col, func, select

from rca.services.reading import PUBLISHED_STATES
from rca.services.visibility import is_open
from rca.store import tables as t

Word = Literal["too early", "cannot tell", "consistent with fewer", "consistent with more"]
LONGEST = timedelta(days=365)
LEAST = timedelta(days=28)
FEWEST_CHANGES = 50
"""With fewer recorded changes on either side, days are the exposure."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """One side of the adoption: its dates, its incidents and what there was to go wrong."""

    start: datetime
    end: datetime
    incidents: int
    others: int
    changes: int

    @property
    def days(self) -> int:
        """Whole days."""
        return (self.end - self.start).days


@dataclass(frozen=True, slots=True)
class Rate:
    """After over before, with its exact 95 % limits; None where the data give none."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Watch:
    """Before and after the adoption. ``rate`` is of the pattern, ``other`` of everything else."""

    adopted_at: datetime
    before: Stretch
    after: Stretch
    exposure: Literal["changes", "days"]
    rate: Rate | None
    other: Rate | None
    word: Word


def adopted_at(row: t.GuardrailRow) -> datetime | None:
    """When the rule was accepted; None while it is not."""
    return row.decided_at if row.decision == "accepted" else None


def _patterns(row: t.GuardrailRow) -> list[str]:
    names = row.suggestion.get("patterns") or [row.pattern_id]
    return [str(name) for name in names if name]


def _organisation(session: Session, names: Sequence[str]) -> str:
    found = session.exec(select(t.PatternRow).where(col(t.PatternRow.id).in_(names))).first()
    return found.organisation if found else "own"


def watch(session: Session, row: t.GuardrailRow, now: datetime) -> Watch | None:
    """What the record says since the adoption; None while the rule is not accepted."""
    at = adopted_at(row)
    if at is None:
        return None
    names = _patterns(row)
    times = _times(session, _organisation(session, names))
    own = _members(session, names)
    first = min([*times.values(), at])
    before = _stretch(session, times, own, max(first, at - LONGEST), at)
    after = _stretch(session, times, own, at, now)
    unit: Literal["changes", "days"] = (
        "changes" if min(before.changes, after.changes) >= FEWEST_CHANGES else "days"
    )
    enough = before.days >= LEAST.days and after.days >= LEAST.days
    rate = _rate(before, after, unit, "incidents") if enough else None
    other = _rate(before, after, unit, "others") if enough else None
    return Watch(at, before, after, unit, rate, other, _word(rate))


def _times(session: Session, organisation: str) -> dict[str, datetime]:
    """When each open published incident of the organisation happened, as far as that is known."""
    row = t.PostmortemRow
    query = select(row.id, row.occurred_at).where(
        is_open(),
        col(row.published_number).is_not(None),
        col(row.occurred_at).is_not(None),
        row.organisation == organisation,
        col(row.status).in_(PUBLISHED_STATES),
    )
    return {key: moment for key, moment in session.exec(query) if moment is not None}


def _members(session: Session, names: Sequence[str]) -> frozenset[str]:
    query = select(t.PatternMember.postmortem_id).where(
        col(t.PatternMember.pattern_id).in_(list(names))
    )
    return frozenset(session.exec(query))


def _stretch(
    session: Session, times: dict[str, datetime], own: frozenset[str], start: datetime,
    end: datetime,
) -> Stretch:  # fmt: skip
    inside = [key for key, moment in times.items() if start <= moment < end]
    query = select(func.count()).where(
        col(t.Change.merged_at) >= start, col(t.Change.merged_at) < end
    )
    return Stretch(
        start.astimezone(UTC),
        end.astimezone(UTC),
        sum(key in own for key in inside),
        sum(key not in own for key in inside),
        int(session.exec(query).one()),
    )


def _rate(
    before: Stretch, after: Stretch, unit: Literal["changes", "days"], what: str
) -> Rate | None:
    from mining.stats import rate_ratio

    old, new = getattr(before, what), getattr(after, what)
    if not old + new:
        return None
    found = rate_ratio(new, getattr(after, unit), old, getattr(before, unit))
    return Rate(found.effect, found.low, found.high)


def _word(rate: Rate | None) -> Word:
    if rate is None:
        return "too early"
    if rate.high is not None and rate.high < 1:
        return "consistent with fewer"
    if rate.low is not None and rate.low > 1:
        return "consistent with more"
    return "cannot tell"

"""Stamps to instants: days, zones, halves of the day and relative spans, told by neighbours."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rca.domain.vocabulary import TimePrecision
from rca.formats.timeline_clock import Day, Stamp

AMBIGUOUS, OUT_OF_ORDER, NO_TIME, EDITED = "ambiguous", "out_of_order", "no_time", "edited"
_MIDNIGHT = timedelta(hours=6)
_HALF = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Placed:
    """An instant in UTC, how exactly it is known, and what is doubtful about it."""

    at: datetime | None
    precision: TimePrecision
    flags: tuple[str, ...] = ()
    why: str = ""


UNPLACED = Placed(None, TimePrecision.UNKNOWN, (NO_TIME,), "No time was found.")


def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name. Raises ValueError in plain words."""
    if name.upper() in ("", "UTC", "GMT", "Z"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        words = f"“{name[:60]}” is not a time zone. Write it like Europe/Berlin."
        raise ValueError(words) from error


@dataclass(slots=True)
class Clockwork:
    """Places stamps one after another; remembers the day and the last instant."""

    zone: tzinfo
    day: date | None
    start: datetime | None = None
    now: datetime | None = None
    month_first: bool = False
    twelve_hours: bool = False
    last: datetime | None = None
    before: datetime | None = None
    first: datetime | None = None
    afternoon: bool = False
    said_day: bool = False

    def set_day(self, written: Day) -> None:
        """A line that is only a date; one that there never was is passed over."""
        try:
            found, _doubt = self._date(written)
        except (ValueError, OverflowError):
            return
        if found:
            self.day, self.said_day, self.afternoon = found, True, False
            self.last = None

    def known(self, at: datetime) -> Placed:
        """An instant that an export states; only its order can be doubtful."""
        flags = (OUT_OF_ORDER,) if self.before and at < self.before else ()
        self.before = at
        return Placed(at, TimePrecision.EXACT, flags)

    def place(self, stamp: Stamp | None) -> Placed:
        """The instant of ``stamp``; remembers it."""
        if stamp is None:
            return UNPLACED
        try:
            placed = self._place(stamp)
        except (ValueError, OverflowError):
            return replace(UNPLACED, why=f"“{stamp.written}” is no time that there was.")
        if placed.at is None:
            return placed
        flags = placed.flags
        if self.before and placed.at < self.before:
            flags = (*flags, OUT_OF_ORDER)
        self.last = self.before = placed.at
        self.first = self.first or placed.at
        if flags == placed.flags:
            return placed
        return replace(placed, flags=tuple(dict.fromkeys(flags)))

    def _place(self, stamp: Stamp) -> Placed:
        span = stamp.after_start or stamp.after_last or stamp.ago
        if stamp.after_start is not None or span:
            return self._relative(stamp)
        return self._absolute(stamp)

    def _relative(self, stamp: Stamp) -> Placed:
        if stamp.after_start is not None:
            base, span, what = self.start or self.first, stamp.after_start, "the start"
        elif stamp.after_last is not None:
            base, span, what = self.last, stamp.after_last, "the row before"
        else:
            base, span, what = self.now, -(stamp.ago or timedelta()), "now"
        if base is None:
            return Placed(None, TimePrecision.UNKNOWN, (NO_TIME, AMBIGUOUS),
                          f"“{stamp.written}” counts from {what}, which is not known.")  # fmt: skip
        at = base + span
        rough = stamp.about or stamp.after_start is None
        precision = TimePrecision.APPROX if rough else TimePrecision.MINUTE
        flags = (AMBIGUOUS,) if rough else ()
        return Placed(at, precision, flags, f"“{stamp.written}”, counted from {what}.")

    def _absolute(self, stamp: Stamp) -> Placed:
        flags, why = [], ""
        day, doubt = self._date(stamp.day) if stamp.day else (self.day, "")
        if day is None:
            return Placed(None, TimePrecision.UNKNOWN, (NO_TIME,),
                          f"“{stamp.written}” has no day. Say which day it was.")  # fmt: skip
        if doubt:
            flags, why = [AMBIGUOUS], doubt
        hour = stamp.hour % 12 + 12 * (stamp.half == "p") if stamp.half else stamp.hour
        clock = time(hour, stamp.minute, stamp.second or 0)
        at, doubt = self._utc(day, clock, stamp)
        if stamp.day is None:
            at, moved = self._after_neighbours(at, stamp)
            doubt = doubt or moved
        if stamp.day is not None:
            self.day, self.said_day = day, True
        if doubt:
            flags, why = [*flags, AMBIGUOUS], doubt
        if stamp.several_zones:
            flags, why = [*flags, AMBIGUOUS], "This zone's letters stand for several zones."
        exact = TimePrecision.MINUTE if stamp.second is None else TimePrecision.EXACT
        return Placed(at, TimePrecision.APPROX if stamp.about else exact, tuple(flags), why)

    def _date(self, written: Day) -> tuple[date | None, str]:
        if written.word:
            base = self.now.astimezone(self.zone).date() if self.now else self.day
            if base is None:
                return None, ""
            return base - timedelta(days=written.word == "yesterday"), ""
        year = written.year or (self.day.year if self.day else 0)
        if not year:
            return None, ""
        month, day = written.month, written.day
        if not written.swappable:
            return date(year, month, day), ""
        if self.month_first:
            month, day = day, month
        known = self.day and (self.day.month, self.day.day) in ((month, day), (day, month))
        if known and self.day:
            return date(year, self.day.month, self.day.day), ""
        return date(year, month, day), "Day and month could be the other way round."

    def _utc(self, day: date, clock: time, stamp: Stamp) -> tuple[datetime, str]:
        if stamp.offset is not None:
            local = datetime.combine(day, clock, tzinfo=UTC)
            return local - timedelta(minutes=stamp.offset), ""
        if self.zone is UTC:
            return datetime.combine(day, clock, tzinfo=UTC), ""
        local = datetime.combine(day, clock, tzinfo=self.zone)
        at = local.astimezone(UTC)
        if at.astimezone(self.zone).replace(tzinfo=None) != local.replace(tzinfo=None):
            return at, "The clocks went forward here; this time was skipped."
        if local.replace(fold=1).astimezone(UTC) != at:
            return at, "The clocks went back here; this time was there twice."
        return at, ""

    def _after_neighbours(self, at: datetime, stamp: Stamp) -> tuple[datetime, str]:
        """A clock without a date: past midnight, or afternoon on a twelve-hour clock."""
        doubt = ""
        if self.twelve_hours and not stamp.half and self.afternoon and stamp.hour < 12:
            at, doubt = at + _HALF, "Taken as afternoon, since the times before it run on."
        if self.last is None:
            return at, doubt
        if at < self.last and self.twelve_hours and not stamp.half and not self.afternoon:
            later = at + _HALF
            if stamp.hour < 12 and self.last <= later <= self.last + _MIDNIGHT:
                self.afternoon = True
                return later, "Taken as afternoon, since the times before it run on."
        if self.day and at < self.last - _MIDNIGHT:
            self.day += timedelta(days=1)
            self.afternoon = False
            return at + timedelta(days=1), doubt
        return at, doubt


def looks_month_first(stamps: Sequence[Stamp]) -> bool:
    """Whether dates in numbers put the month first: one says so, or the clocks have halves."""
    orders = [stamp.day.order for stamp in stamps if stamp.day]
    if "month" in orders or "day" in orders:
        return "month" in orders
    dated = [stamp for stamp in stamps if stamp.day and stamp.day.swappable]
    return bool(dated) and all(stamp.half for stamp in dated)


def on_twelve_hours(stamps: Sequence[Stamp]) -> bool:
    """Whether clocks without am and pm may be of a twelve-hour face."""
    bare = [stamp for stamp in stamps if not stamp.half and not stamp.after_start]
    return bool(bare) and all(s.hour <= 12 and (not s.padded or s.hour >= 10) for s in bare)

"""Any span of days that a review is about: a month, a quarter, a year, calendar or fiscal."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from rca.domain.quarters import Quarter

LONGEST_DAYS = 750
_DAYS = re.compile(r"^(\d{4}-\d{2}-\d{2})\.\.(\d{4}-\d{2}-\d{2})$")
_FISCAL = re.compile(r"^FY(\d{4})(?:-Q([1-4]))?$", re.IGNORECASE)
_CALENDAR = re.compile(r"^(\d{4})(?:-(0[1-9]|1[0-2]))?$")
FORMS = (
    "2026-Q3, FY2027-Q1, 2026-09, 2026, FY2027, or two days like 2026-07-01..2026-08-15"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """Days from ``first`` to ``last``, both inclusive. ``fiscal_start`` is the month in which the
    fiscal year begins; such a year has the name of the calendar year in which it ends.
    """

    name: str
    first: date
    last: date
    noun: str = "period"
    fiscal_start: int = 1

    @property
    def start(self) -> datetime:
        """First instant, inclusive."""
        return datetime.combine(self.first, datetime.min.time(), UTC)

    @property
    def end(self) -> datetime:
        """First instant after it, exclusive."""
        return datetime.combine(self.last + timedelta(days=1), datetime.min.time(), UTC)

    def previous(self) -> "Span":
        """As much time directly before: whole months before whole months, else as many days."""
        last = self.first - timedelta(days=1)
        count = _months(self.first, self.last)
        if not count:
            return days(last - (self.last - self.first), last)
        first = _shifted(self.first, -count)
        name = _name(self.name, first, last, self.fiscal_start)
        return Span(name, first, last, self.noun, self.fiscal_start)

    def __str__(self) -> str:
        return self.name


Period = Quarter | Span


def days(first: date, last: date) -> Span:
    """The span of two days, both inclusive."""
    return Span(f"{first}..{last}", first, last)


def parse_period(text: str, *, fiscal_start: int = 1) -> Period:
    """Read one of :data:`FORMS`. Raises ValueError that says what to write."""
    text = text.strip()
    try:
        return Quarter.parse(text)
    except ValueError:
        pass
    found = _fiscal(text, fiscal_start) or _calendar(text) or _free(text)
    if found is None:
        raise ValueError(f"“{text[:60]}” is not a period. Write it like {FORMS}.")
    return found


def contains(period: Period, moment: datetime) -> bool:
    """Whether ``moment`` lies in the period."""
    return period.start <= moment < period.end


def in_words(period: Period) -> str:
    """``July to September 2026``, ``1 July to 15 August 2026``."""
    first, last = period.start.date(), (period.end - timedelta(days=1)).date()
    if not _months(first, last):
        start = f"{first.day} {first:%B}" + (f" {first.year}" if first.year != last.year else "")
        return f"{start} to {last.day} {last:%B %Y}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first:%B %Y}"
    start = f"{first:%B}" + (f" {first.year}" if first.year != last.year else "")
    return f"{start} to {last:%B %Y}"


def recent(today: date, *, fiscal_start: int, count: int = 6) -> list[str]:
    """Names to choose from: the quarters that ended last and the running one, newest first; those
    of the fiscal year when it is another one.
    """
    quarter = Quarter.of(today)
    found = []
    for _ in range(count):
        found.append(str(quarter))
        quarter = quarter.previous()
    if fiscal_start == 1:
        return found
    span = _fiscal_of(today, fiscal_start)
    for _ in range(count):
        found.append(span.name)
        span = span.previous()
    return found


def _months(first: date, last: date) -> int:
    """How many whole months the days are; 0 when they are not."""
    after = last + timedelta(days=1)
    if first.day != 1 or after.day != 1:
        return 0
    return 12 * (after.year - first.year) + after.month - first.month


def _shifted(first: date, months: int) -> date:
    place = 12 * first.year + first.month - 1 + months
    return date(place // 12, place % 12 + 1, 1)


def _whole(name: str, first: date, months: int, noun: str, fiscal_start: int = 1) -> Span:
    return Span(name, first, _shifted(first, months) - timedelta(days=1), noun, fiscal_start)


def _fiscal(text: str, start: int) -> Span | None:
    match = _FISCAL.match(text)
    if not match or not 1990 <= int(match[1]) <= 2200:
        return None
    year = date(int(match[1]) - (start > 1), start, 1)
    if match[2] is None:
        return _whole(f"FY{match[1]}", year, 12, "year", start)
    number = int(match[2])
    first = _shifted(year, 3 * (number - 1))
    return _whole(f"FY{match[1]}-Q{number}", first, 3, "quarter", start)


def _fiscal_of(today: date, start: int) -> Span:
    back = (today.month - start) % 12
    first = _shifted(date(today.year, today.month, 1), -(back % 3))
    name = _fiscal_name(first, start)
    return _whole(name, first, 3, "quarter", start)


def _fiscal_name(first: date, start: int) -> str:
    year = first.year + (start > 1 and first.month >= start)
    return f"FY{year}-Q{(first.month - start) % 12 // 3 + 1}"


def _calendar(text: str) -> Span | None:
    match = _CALENDAR.match(text)
    if not match or not 1990 <= int(match[1]) <= 2200:
        return None
    if match[2] is None:
        return _whole(text, date(int(match[1]), 1, 1), 12, "year")
    return _whole(text, date(int(match[1]), int(match[2]), 1), 1, "month")


def _free(text: str) -> Span | None:
    match = _DAYS.match(text)
    if not match:
        return None
    try:
        first, last = date.fromisoformat(match[1]), date.fromisoformat(match[2])
    except ValueError:
        return None
    if first.year < 1990 or last < first:
        raise ValueError("The last day lies before the first, or the first before 1990.")
    if (last - first).days > LONGEST_DAYS:
        raise ValueError(f"A period has at most {LONGEST_DAYS} days.")
    return days(first, last)


def _name(like: str, first: date, last: date, fiscal_start: int) -> str:
    """The name of a span of whole months, in the form of the one after it."""
    fiscal = _FISCAL.match(like)
    if fiscal:
        name = _fiscal_name(first, fiscal_start)
        return name if fiscal[2] else name.partition("-")[0]
    if _CALENDAR.match(like):
        return f"{first:%Y-%m}" if "-" in like else str(first.year)
    return f"{first}..{last}"

"""Dates as exports write them, with no more precision than they hold."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from rca.domain.vocabulary import TimePrecision

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january", "feb february", "mar march", "apr april", "may", "jun june",
            "jul july", "aug august", "sep sept september", "oct october", "nov november",
            "dec december",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_ISO = re.compile(r"(\d{4})(?:([-/.]?)(\d{2})(?:\2(\d{2}))?)?")
_COMPACT_REST = re.compile(r"T\d{1,2}")
_DAY_NAMED = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[ .-]+([A-Za-z]+)\.?,?[ -]+(\d{4})")
_NAMED_DAY = re.compile(r"([A-Za-z]+)\.? (\d{1,2})(?:st|nd|rd|th)?,? (\d{4})")
_NAMED_MONTH = re.compile(r"([A-Za-z]+)\.?,? (\d{4})")
_SLASHES = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_HAS_TIME = re.compile(r"\d{4}-?\d{2}-?\d{2}[T ]\d{1,2}:?\d{2}")
_UTC_WORD = re.compile(r"\s*(?:UTC|GMT|Z)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dated:
    """An instant in UTC and how exactly it is known."""

    value: datetime | None
    precision: TimePrecision


UNKNOWN = Dated(None, TimePrecision.UNKNOWN)


def read_date(text: str) -> Dated:
    """Year, month, day or time, as far as ``text`` says. Raises ValueError in plain words."""
    text = " ".join(text.split())
    if text.lower() in ("unknown", "n/a", "none", "?", "-"):
        return UNKNOWN
    if _HAS_TIME.match(text):
        return _with_time(text)
    found = _iso(text) or _named(text) or _slashed(text)
    if found is None:
        raise ValueError(f"“{text[:60]}” is not a date. Write it like 2026-08-14, 2026-08 or 2026.")
    return found


def _with_time(text: str) -> Dated:
    bare, said_utc = _UTC_WORD.subn("", text)
    try:
        value = datetime.fromisoformat(bare.replace(" ", "T", 1).replace(" ", ""))
    except ValueError as error:
        raise ValueError(
            f"“{text[:60]}” is not a time. Write it like 2026-08-14 09:30 or 2026-08-14T09:30Z."
        ) from error
    if value.tzinfo is None or said_utc:
        value = value.replace(tzinfo=UTC)
    exact = TimePrecision.EXACT if value.second else TimePrecision.MINUTE
    return Dated(value.astimezone(UTC).replace(microsecond=0), exact)


def _made(year: int, month: int | None = None, day: int | None = None) -> Dated:
    try:
        value = date(year, month or 1, day or 1)
    except ValueError as error:
        raise ValueError(f"There is no such day: {year}-{month or 1:02}-{day or 1:02}.") from error
    precision = TimePrecision.DAY if day else TimePrecision.MONTH if month else TimePrecision.YEAR
    return Dated(datetime(value.year, value.month, value.day, tzinfo=UTC), precision)


def _iso(text: str) -> Dated | None:
    match = _ISO.match(text)
    if match is None:
        return None
    rest = text[match.end() :]
    if rest and not _COMPACT_REST.fullmatch(rest):
        return None
    return _made(int(match[1]), *(int(part) for part in (match[3], match[4]) if part))


def _named(text: str) -> Dated | None:
    if match := _DAY_NAMED.fullmatch(text):
        day, name, year = match.groups()
    elif match := _NAMED_DAY.fullmatch(text):
        name, day, year = match.groups()
    elif match := _NAMED_MONTH.fullmatch(text):
        (name, year), day = match.groups(), "0"
    else:
        return None
    month = _MONTHS.get(name.lower())
    return _made(int(year), month, int(day)) if month else None


def _slashed(text: str) -> Dated | None:
    """Day and month by numbers only where just one reading is possible."""
    match = _SLASHES.fullmatch(text)
    if match is None:
        return None
    first, second, year = (int(part) for part in match.groups())
    if first <= 12 and second <= 12 and first != second:
        raise ValueError(
            f"“{text}” may be day/month or month/day. Write it like {year}-{first:02}-{second:02}."
        )
    return _made(year, second, first) if first > 12 else _made(year, first, second)

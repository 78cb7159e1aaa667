"""Times as people type them: ``2026-08-14 09:30`` in full, or ``09:30`` after a dated row."""

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

_CLOCK = re.compile(r"(\d{1,2})[:.](\d{2})(?::(\d{2}))?", re.ASCII)
_HALF_DAY = timedelta(hours=12)


def as_typed(value: Any) -> str:
    """A stored time as the form shows it, in UTC and without needless digits."""
    moment = value if isinstance(value, datetime) else read_instant(str(value or ""))
    if moment is None:
        return str(value or "")
    moment = moment.astimezone(UTC)
    shape = "%Y-%m-%d %H:%M:%S" if moment.second else "%Y-%m-%d %H:%M"
    return f"{moment:{shape}}" if not moment.microsecond else moment.isoformat(" ")


def read_instant(text: str) -> datetime | None:
    """An instant from full text, or None. Without an offset it is UTC."""
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "T", 1))
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def complete(text: str, before: datetime | None, day: date | None) -> str:
    """A clock time gets a date: the row's before it, or ``day``.

    Over half a day *back* from the row before means that midnight passed. Anything else, and a
    clock time without any date to lean on, is returned as typed.
    """
    clock = _CLOCK.fullmatch(text.strip())
    anchor = before.date() if before else day
    if clock is None or anchor is None:
        return text
    hour, minute, second = (int(part or 0) for part in clock.groups())
    if hour > 23 or minute > 59 or second > 59:
        return text
    moment = datetime(anchor.year, anchor.month, anchor.day, hour, minute, second, tzinfo=UTC)
    if before and before - moment > _HALF_DAY:
        moment += timedelta(days=1)
    return as_typed(moment)


def complete_all(texts: Iterable[str], day: date | None) -> Iterator[str]:
    """:func:`complete` down a column."""
    before: datetime | None = None
    for text in texts:
        full = complete(text, before, day)
        before = read_instant(full) or before
        yield full

"""Mail in pure terms: kinds, addresses, when a reminder falls, and the names of periods."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta

from rca.domain.vocabulary import Vocabulary

# Narrower than the standard on purpose: what is refused here can't carry a header into a mail.
_ADDRESS = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_{|}~-]{1,64}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)


class MailKind(Vocabulary):
    """Why a mail goes out."""

    REMINDER = "reminder", "Action items"
    WEEKLY = "weekly", "Weekly digest"
    REVIEW = "review", "Reliability review"
    CONFIRM = "confirm", "Address to confirm"
    TEST = "test", "Test"


class MailState(Vocabulary):
    """What became of a mail. ``skipped`` had nothing to say, or nobody to say it to any more."""

    WAITING = "waiting", "Waiting"
    SENDING = "sending", "Being sent"
    SENT = "sent", "Sent"
    FAILED = "failed", "Failed"
    SKIPPED = "skipped", "Not needed"


class FollowKind(Vocabulary):
    """What an account can ask mail about."""

    SERVICE = "service", "Service"
    TEAM = "team", "Team"


def is_address(text: str) -> bool:
    """Whether it is a plain mail address that is safe in a header."""
    name, _, _host = text.partition("@")
    dotted = name.startswith(".") or name.endswith(".") or ".." in name
    return len(text) <= 320 and _ADDRESS.fullmatch(text) is not None and not dotted


def one_line(text: str, most: int = 200) -> str:
    """Words fit for a header: no line breaks, no controls, not endless."""
    plain = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return plain if len(plain) <= most else plain[: most - 1].rstrip() + "…"


def reminder_falls(
    due: date,
    *,
    after: date,
    until: date,
    before_days: Sequence[int],
    cadence: Sequence[tuple[int, int]],
) -> bool:
    """Whether a reminder of an item due on ``due`` falls on a day of (``after``, ``until``].

    ``before_days`` are days ahead of the date. ``cadence`` holds (from day, every so many days)
    past the date; each later pair replaces the one before, so that it can rise.
    """
    days = (until - after).days
    return any(
        _falls((until - timedelta(days=back) - due).days, before_days, cadence)
        for back in range(min(max(days, 0), 31))
    )


def _falls(age: int, before_days: Sequence[int], cadence: Sequence[tuple[int, int]]) -> bool:
    if age <= 0:
        return -age in before_days
    steps = [(start, every) for start, every in cadence if start <= age]
    if not steps:
        return False
    start, every = max(steps)
    return (age - start) % every == 0


def week_name(day: date) -> str:
    """The ISO week of a day: ``2026-W40``."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02d}"


def parse_week(text: str) -> date:
    """The Monday of ``2026-W40``. Raises ValueError with the expected form."""
    found = re.fullmatch(r"(\d{4})-[Ww](\d{2})", text.strip())
    with suppress(ValueError):
        if found:
            return date.fromisocalendar(int(found[1]), int(found[2]), 1)
    raise ValueError(f"“{text}” is not a week. Write it like 2026-W40.")


def last_day_begun(now: datetime, hour: int) -> date:
    """The newest day whose sending hour has come."""
    return now.date() if now.hour >= hour else now.date() - timedelta(days=1)


def last_week_over(now: datetime, hour: int) -> date:
    """The Monday of the newest whole week, from its next Monday at the sending hour on."""
    today = last_day_begun(now, hour)
    return today - timedelta(days=today.weekday() + 7)


def start_of(day: date) -> datetime:
    """The first instant of a day, UTC."""
    return datetime.combine(day, time(), UTC)

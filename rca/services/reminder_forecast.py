"""When an action item's next reminder falls, and who would read it: said before it comes."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import and_
from sqlmodel import Session, col

from rca.config import Settings
from rca.services import reminders
from rca.store import tables as t

AHEAD_DAYS = 120


@dataclass(frozen=True, slots=True)
class Forecast:
    """The day, and who is reminded, in words without an address; perhaps nobody."""

    day: date
    readers: tuple[str, ...]


def forecast(
    session: Session, *, action_id: str, today: date, settings: Settings
) -> Forecast | None:
    """The next reminder after ``today``, as things stand now. None when no mail is sent from here,
    or none falls within 120 days: an idea, a draft's action, one that is over, one without a date.
    """
    only = col(t.ActionItemRow.id) == action_id
    found = reminders.open_todos(session, only) if settings.smtp else []
    day = _next(found[0], today, settings) if found else None
    if day is None:
        return None
    everybody = reminders.readers(session)
    shelf = reminders.shelf_of(session, and_(only, reminders.near(day, settings.reminders)))
    whole = reminders.map_of(session, everybody)
    told: list[str] = []
    for reader in everybody:
        share = reminders.share_of(
            session, reader, whole, today=day, when=settings.reminders, shelf=shelf
        )
        told += _words(reader, share)
    return Forecast(day, tuple(dict.fromkeys(told)))


def _next(todo: reminders.Todo, today: date, settings: Settings) -> date | None:
    for ahead in range(1, AHEAD_DAYS + 1):
        day = today + timedelta(days=ahead)
        before = day - timedelta(days=1)
        if reminders.falls(todo, after=before, until=day, when=settings.reminders):
            # What falls on a weekend is in Monday's mail.
            return day + timedelta(days=max(0, 7 - day.weekday()) if day.weekday() > 4 else 0)
    return None


def _words(reader: reminders.Reader, share: reminders.Share) -> list[str]:
    if share.own:
        return ["its owner"]
    teams = [team for team, rows in (*share.of_team, *share.escalated) if rows]
    if reader.user_id:
        return [f"those who follow the team {team}" for team in teams]
    return [f"the address of the team {team}" for team in teams]

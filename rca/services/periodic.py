"""Periodic work. A period is begun by writing its row, so that two workers begin it once; what was
missed while no worker ran is caught up once, not once a period.
"""

import logging
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, func, select

from rca.config import Settings
from rca.domain.mail import last_day_begun, last_week_over
from rca.services import jobs, mailing, reminders, review_mail, weekly
from rca.store import tables as t
from rca.store.engine import reading, writing

_log = logging.getLogger("rca.periodic")


def begin(session: Session, name: str, period: str, *, now: datetime) -> bool:
    """Whether the period is ours to begin: nobody has begun it or a later one."""
    later = select(t.PeriodRun.period).where(
        t.PeriodRun.name == name, col(t.PeriodRun.period) >= period
    )
    if session.exec(later.limit(1)).first() is not None:
        return False
    dialect = session.get_bind().dialect.name
    insert: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    statement = insert(t.PeriodRun).values(name=name, period=period, at=now)
    made = session.execute(
        statement.on_conflict_do_nothing().returning(col(t.PeriodRun.period))
    ).scalar_one_or_none()
    return made is not None


def last_period(session: Session, name: str) -> str:
    """The newest period that was begun; blank before the first."""
    query = select(func.max(t.PeriodRun.period)).where(t.PeriodRun.name == name)
    return session.exec(query).one() or ""


def tick(engine: Engine, settings: Settings, *, now: datetime) -> int:
    """Begin what is due. Without a mail server nothing is: no period is used up in silence.

    Each kind has a transaction of its own, so that one that fails is tried again next minute and
    holds up no other. Returns how many mails and jobs were put in line.
    """
    if settings.smtp is None:
        return 0
    made = 0
    for work in (_reminders, _weekly, _reviews, _prune):
        try:
            made += work(engine, settings, now)
        except Exception:
            _log.exception("periodic work %s failed; trying again", work.__name__.strip("_"))
    return made


def _working_day(day: date) -> date:
    """The day, or the Friday before a weekend."""
    return day - timedelta(days=max(day.weekday() - 4, 0))


def _reminders(engine: Engine, settings: Settings, now: datetime) -> int:
    """Whom to remind is worked out before the writer's lock is taken: it may take seconds."""
    until = _working_day(last_day_begun(now, settings.mail_hour))
    with reading(engine) as session:
        before = last_period(session, "reminders")
        if before >= until.isoformat():
            return 0
        after = date.fromisoformat(before) if before else _working_day(until - timedelta(days=1))
        drafts = reminders.drafts(session, after=after, until=until, settings=settings)
    with writing(engine) as session:
        if not begin(session, "reminders", until.isoformat(), now=now):
            return 0
        return sum(mailing.queue(session, draft, now=now) for draft in drafts)


def _weekly(engine: Engine, settings: Settings, now: datetime) -> int:
    week = weekly.Week(last_week_over(now, settings.mail_hour))
    if _is_begun(engine, "weekly", week.name):
        return 0
    with writing(engine) as session:
        if not begin(session, "weekly", week.name, now=now):
            return 0
        return weekly.plan(session, week=week, now=now)


def _reviews(engine: Engine, settings: Settings, now: datetime) -> int:
    with reading(engine) as session:
        rows = session.exec(select(t.ReviewSchedule)).all()
        quarters = [
            (row, review_mail.due_quarter(row, now=now, hour=settings.mail_hour)) for row in rows
        ]
        due = [
            (row.id, str(quarter))
            for row, quarter in quarters
            if quarter and last_period(session, f"review:{row.id}") < str(quarter)
        ]
    made = 0
    for schedule, quarter in due:
        with writing(engine) as session:
            if begin(session, f"review:{schedule}", quarter, now=now):
                payload = {"schedule": schedule, "quarter": quarter}
                key = f"review:{schedule}:{quarter}"
                jobs.enqueue(session, kind="review_mail", key=key, now=now, payload=payload)
                made += 1
    return made


def _prune(engine: Engine, _settings: Settings, now: datetime) -> int:
    if _is_begun(engine, "mail.prune", now.date().isoformat()):
        return 0
    with writing(engine) as session:
        if begin(session, "mail.prune", now.date().isoformat(), now=now):
            mailing.prune(session, now=now)
    return 0


def _is_begun(engine: Engine, name: str, period: str) -> bool:
    """A look without the writer's lock: this is asked every minute."""
    with reading(engine) as session:
        return last_period(session, name) >= period

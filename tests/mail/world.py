"""What the mail tests play in: published postmortems with action items, and settings to send by."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from rca import jobs as runner
from rca.config import Settings, Smtp
from rca.domain.access import Viewer
from rca.services import authoring
from rca.store import tables as t
from rca.store.engine import reading, writing
from tests.factories import rich_data
from tests.people import People

SMTP = Smtp("127.0.0.1", 9, "none", sender="rca@example.org")


def settings_of(home: Path, smtp: Smtp | None = SMTP, **changes: Any) -> Settings:
    """Settings of an instance that sends mail."""
    values = {"base_url": "https://rca.example.org", "organisation": "Fernwick", **changes}
    return Settings(home=home, database_url="sqlite://", smtp=smtp, **values)


def action(title: str, due: date | None, **changes: Any) -> dict[str, Any]:
    """An action item."""
    base = {"title": title, "team": "Storefront", "done_criterion": "A drill shows it",
            "due": due.isoformat() if due else None}  # fmt: skip
    return {**base, **changes}


def publish(
    session: Session, people: People, now: datetime, *actions: dict[str, Any], **changes: Any
) -> str:
    """A published postmortem with these actions, Ines its author. Returns its reference.

    The state is set, not reached: the review is other tests' matter.
    """
    content = authoring.parse_content(rich_data(actions=list(actions), **changes))
    saved = authoring.create(session, viewer=people.ines, content=content, now=now)
    row = session.exec(
        select(t.PostmortemRow).where(t.PostmortemRow.reference == saved.reference)
    ).one()
    row.status, row.published_at = "published", now
    session.add(row)
    session.flush()
    return saved.reference


def restricted(session: Session, people: People, now: datetime, *actions: dict[str, Any]) -> str:
    """One that only Ines is a member of, past its draft."""
    return publish(
        session, people, now, *actions, visibility="restricted", title="Keys were readable"
    )


def address(session: Session, viewer: Viewer, at: str = "") -> None:
    """Give an account a mail address."""
    user = session.get_one(t.User, viewer.user_id)
    user.email = at or f"{viewer.name}@example.org"
    session.add(user)


def messages(engine: Engine) -> list[t.MailMessage]:
    """Every mail, by key."""
    with reading(engine) as session:
        found = list(session.exec(select(t.MailMessage).order_by(col(t.MailMessage.key))))
        session.expunge_all()
    return found


def work(engine: Engine, settings: Settings, now: datetime) -> int:
    """Run what is due, as a worker does; nothing is mined meanwhile."""
    with writing(engine) as session:
        for job in session.exec(select(t.Job).where(col(t.Job.kind).in_(["mine", "suggest"]))):
            session.delete(job)
    return runner.run_due(engine, settings, now=now)


def later(now: datetime, **span: float) -> datetime:
    """An instant after ``now``."""
    return now + timedelta(**span)

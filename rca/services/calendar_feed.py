"""Calendar feeds: secret addresses of an account, and the dates behind them.

The address is the only key that calendar programs can hold, so it opens nothing but dates, can be
ended at any time, and shows what its account may see at that moment.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from rca.domain.access import Viewer
from rca.errors import Invalid, NotFound, Problem, TooMany
from rca.formats.calendar import Entry, calendar
from rca.services import accounts, reminders
from rca.services.mail_choices import offered
from rca.services.mail_desk import Desk
from rca.services.visibility import visible_to
from rca.store import audit
from rca.store import tables as t

MOST_FEEDS = 20
SEEN_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class FeedView:
    """A feed without its secret, which is shown once and kept nowhere."""

    id: str
    service: str
    created_at: datetime
    last_used_at: datetime | None


def feeds(session: Session, *, viewer: Viewer) -> Sequence[FeedView]:
    """The viewer's feeds that still work."""
    row = t.CalendarFeed
    query = select(row).where(row.user_id == viewer.user_id, col(row.revoked_at).is_(None))
    return [
        FeedView(one.id, one.service, one.created_at, one.last_used_at)
        for one in session.exec(query.order_by(col(row.created_at), col(row.id)))
    ]


def add_feed(session: Session, *, viewer: Viewer, service: str, now: datetime) -> str:
    """A new feed: of the viewer's own action items, or of a service. Returns its secret, once.

    Raises Invalid for a service that is not known, TooMany past twenty.
    """
    if viewer.user_id is None:
        raise NotFound("This account has no settings.")
    if service and service not in offered(session).services:
        raise Invalid([Problem("service", f"There is no service “{service}”.")])
    if len(feeds(session, viewer=viewer)) >= MOST_FEEDS:
        raise TooMany(f"There are {MOST_FEEDS} feeds already. End one first.")
    secret = secrets.token_urlsafe(32)
    session.add(
        t.CalendarFeed(
            user_id=viewer.user_id,
            service=service,
            token_hash=accounts.digest(secret),
            created_at=now,
        )
    )
    _audit(session, viewer, "calendar.add", service, now)
    return secret


def end_feed(session: Session, *, viewer: Viewer, feed_id: str, now: datetime) -> None:
    """End one of the viewer's own feeds. Raises NotFound, for those of others too."""
    row = session.get(t.CalendarFeed, feed_id)
    if row is None or row.user_id != viewer.user_id:
        raise NotFound("There is no such calendar.")
    row.revoked_at = row.revoked_at or now
    session.add(row)
    _audit(session, viewer, "calendar.end", row.service, now)


def _audit(session: Session, viewer: Viewer, action: str, service: str, now: datetime) -> None:
    act = audit.Act(viewer.name, action, "user", viewer.name, {"service": service})
    audit.append(session, act, now=now)


@dataclass(frozen=True, slots=True)
class Feed:
    """What an address gives. ``unseen`` asks to write down that it was used."""

    data: bytes
    etag: str
    unseen: bool


def _find(session: Session, secret: str) -> tuple[t.CalendarFeed, t.User]:
    row = session.exec(
        select(t.CalendarFeed).where(t.CalendarFeed.token_hash == accounts.digest(secret))
    ).first()
    user = session.get(t.User, row.user_id) if row and not row.revoked_at else None
    if row is None or user is None or not user.active:
        raise NotFound("There is no such calendar.")
    return row, user


def read_feed(session: Session, *, secret: str, desk: Desk, now: datetime) -> Feed:
    """The feed behind a secret. Raises NotFound, the same for unknown, ended and disabled."""
    row, user = _find(session, secret)
    viewer = accounts.viewer_of(user)
    if row.service:
        entries = [
            *_actions(session, viewer, desk, service=row.service),
            *_drills(session, row.service, desk, now),
        ]
        name = f"{row.service}: action items and drills"
    else:
        entries = _actions(session, viewer, desk, owner=user.id)
        name = "My action items"
    data = calendar(name, entries)
    last = row.last_used_at
    return Feed(data, hashlib.sha256(data).hexdigest(), last is None or now - last > SEEN_EVERY)


def seen(session: Session, *, secret: str, now: datetime) -> None:
    """Write down that the feed was used, to the hour."""
    row, _user = _find(session, secret)
    row.last_used_at = now
    session.add(row)


def _actions(
    session: Session, viewer: Viewer, desk: Desk, *, owner: str = "", service: str = ""
) -> list[Entry]:
    names = reminders.owners_by_name(session)
    found = [
        todo
        for todo in reminders.open_todos(session, visible_to(viewer))
        if todo.due
        and (names.get(todo.owner.casefold()) == owner if owner else service in todo.services)
    ]
    changed = _changed(session, {todo.reference for todo in found})
    return [_entry(todo, desk, changed[todo.reference]) for todo in found]


def _changed(session: Session, references: set[str]) -> dict[str, datetime]:
    row = t.PostmortemRow
    query = select(row.reference, row.updated_at).where(col(row.reference).in_(references))
    return dict(session.exec(query).all())


def _entry(todo: reminders.Todo, desk: Desk, changed: datetime) -> Entry:
    """Calendars lie on other machines: of a restricted record only its reference goes there."""
    assert todo.due is not None
    title = f"Due: {todo.title}"
    words = f"Done when: {todo.done_when}\n{todo.reference}" if todo.done_when else todo.reference
    if todo.restricted:
        title, words = f"Due: an action of {todo.reference} (members only)", ""
    return Entry(
        uid=f"action-{todo.id}@throughline",
        title=title,
        on=todo.due,
        changed=changed,
        url=desk.action(todo.id),
        words=words,
        place="Action item",
    )


def _drills(session: Session, service: str, desk: Desk, now: datetime) -> list[Entry]:
    """Planned drills of the last month and all to come."""
    drill = t.Drill
    query = select(drill).where(
        drill.service_id == t.Service.id,
        t.Service.name == service,
        col(drill.started_at).is_(None),
        col(drill.planned_at) > now - timedelta(days=31),
    )
    return [
        Entry(
            uid=f"drill-{one.id}@throughline",
            title=f"Drill: {one.scenario.partition(chr(10))[0][:200] or service}",
            on=one.planned_at,
            changed=one.planned_at,
            url=desk.page("/services"),
            place="Drill",
        )
        for one in session.exec(query)
        if one.planned_at
    ]

"""Reminders of action items: one mail a reader and day, listing what is near or past its date.

Who owns an action reads of it; a team reads of what nobody else can be told, and of what is long
past its date on the services that it owns. Nothing here is counted by person.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import and_, not_, or_
from sqlalchemy import select as columns_of
from sqlmodel import Session, col, select

from rca.config import Reminders, Settings
from rca.domain.mail import FollowKind, MailKind, is_address, reminder_falls
from rca.domain.postmortem import OWN_ORGANISATION
from rca.domain.vocabulary import (
    OPEN_ACTION_STATUSES,
    ActionKind,
    ActionStatus,
    Section,
    Status,
    Visibility,
)
from rca.reports import words
from rca.reports.letter import Item, Letter, Part
from rca.services import mailing
from rca.services.accounts import viewer_of
from rca.services.mail_desk import Desk, Leaving
from rca.services.visibility import is_open, visible_to
from rca.store import tables as t

MOST_LISTED = 20
_UNWRITTEN = (Status.DRAFT.value, Status.NOT_REQUIRED.value)


@dataclass(frozen=True, slots=True)
class Todo:
    """An open commitment. ``blocked_since`` is the day from which it is known to be blocked."""

    id: str
    title: str
    owner: str
    team: str
    due: date | None
    status: ActionStatus
    reason: str
    done_when: str
    reference: str
    restricted: bool
    services: tuple[str, ...]
    blocked_since: date | None = None

    def age(self, today: date) -> int:
        """Days past the date; negative before it, and 0 without one."""
        return (today - self.due).days if self.due else 0


def open_todos(session: Session, condition: Any) -> list[Todo]:
    """Confirmed open commitments of own records that are past their draft.

    Columns, not whole rows: thousands are read for each mail that is written.
    """
    action, owner = t.ActionItemRow, t.PostmortemRow
    columns: tuple[Any, ...] = (
        action.id, action.postmortem_id, action.title, action.owner, action.team, action.due,
        action.status, action.status_reason, action.done_criterion, owner.reference,
        owner.visibility,
    )  # fmt: skip
    query = (
        columns_of(*columns)
        .where(
            col(action.postmortem_id) == owner.id,
            condition,
            col(owner.organisation) == OWN_ORGANISATION,
            col(owner.status).not_in(_UNWRITTEN),
            col(action.kind) == ActionKind.COMMITMENT.value,
            col(action.confirmed).is_(True),
            col(action.title) != "",
            col(action.status).in_([status.value for status in OPEN_ACTION_STATUSES]),
        )
        .order_by(col(action.due), col(action.id))
    )
    rows = session.execute(query).all()
    services = _services(session, {row.postmortem_id for row in rows})
    blocked = _blocked_since(session, rows)
    return [
        Todo(
            id=row.id,
            title=row.title,
            owner=row.owner,
            team=row.team,
            due=row.due,
            status=ActionStatus(row.status),
            reason=row.status_reason,
            done_when=row.done_criterion,
            reference=row.reference,
            restricted=row.visibility != Visibility.OPEN.value,
            services=services.get(row.postmortem_id, ()),
            blocked_since=blocked.get(row.id),
        )
        for row in rows
    ]


def _services(session: Session, ids: set[str]) -> dict[str, tuple[str, ...]]:
    row = t.PostmortemService
    query = select(row.postmortem_id, row.name).where(col(row.postmortem_id).in_(ids))
    found: dict[str, tuple[str, ...]] = {}
    for owner, name in session.exec(query.order_by(col(row.position))):
        found[owner] = (*found.get(owner, ()), name)
    return found


def _blocked_since(session: Session, rows: Sequence[Any]) -> dict[str, date]:
    """From the audit trail; where the word was set in the editor, from when its section was last
    written, which is later than or equal to the truth.
    """
    blocked = [row for row in rows if row.status == ActionStatus.BLOCKED.value]
    if not blocked:
        return {}
    owners = {row.postmortem_id for row in blocked}
    versions = select(t.SectionVersion).where(
        col(t.SectionVersion.postmortem_id).in_(owners),
        t.SectionVersion.section == Section.ACTIONS.value,
    )
    written = {one.postmortem_id: one.updated_at for one in session.exec(versions)}
    acts = select(t.AuditEvent).where(
        t.AuditEvent.action == f"action.{ActionStatus.BLOCKED.value}",
        col(t.AuditEvent.object_id).in_(owners),
    )
    said = {act.detail.get("item"): act.at for act in session.exec(acts.order_by("seq"))}
    found = {}
    for row in blocked:
        at = said.get(row.id) or written.get(row.postmortem_id)
        if at is not None:
            found[row.id] = at.date()
    return found


# Whom it concerns


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who gets one mail: an account, or a team's address."""

    name: str
    address: str
    user_id: str = ""
    teams: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """What makes a day's mail theirs."""
        return self.user_id or f"team {self.name}"


@dataclass(frozen=True, slots=True)
class Share:
    """What one reader is told of."""

    own: tuple[Todo, ...] = ()
    of_team: tuple[tuple[str, tuple[Todo, ...]], ...] = ()
    escalated: tuple[tuple[str, tuple[Todo, ...]], ...] = ()

    def all(self) -> list[Todo]:
        """Each once."""
        groups = (self.own, *(rows for _, rows in self.of_team), *(r for _, r in self.escalated))
        return list({todo.id: todo for rows in groups for todo in rows}.values())


def readers(session: Session) -> tuple[Reader, ...]:
    """Accounts that may be reminded, and teams with an address."""
    off = set(
        session.exec(select(t.MailChoice.user_id).where(col(t.MailChoice.reminders).is_(False)))
    )
    follows: dict[str, list[str]] = defaultdict(list)
    for row in session.exec(select(t.Follow).where(t.Follow.kind == FollowKind.TEAM.value)):
        follows[row.user_id].append(row.name)
    users = session.exec(
        select(t.User).where(col(t.User.active).is_(True)).order_by(col(t.User.name))
    )
    found = [
        Reader(user.name, user.email, user.id, tuple(sorted(follows[user.id])))
        for user in users
        if is_address(user.email) and user.id not in off
    ]
    boxes = session.exec(select(t.TeamAddress).order_by(col(t.TeamAddress.team)))
    found += [Reader(box.team, box.address, "", (box.team,)) for box in boxes]
    return tuple(found)


def owners_by_name(session: Session) -> dict[str, str]:
    """Account id by the names that an action may carry; a name that two share is nobody's."""
    found: dict[str, str | None] = {}
    for user in session.exec(select(t.User).where(col(t.User.active).is_(True))):
        for name in {user.name.casefold(), (user.display_name or user.name).casefold()}:
            found[name] = None if name in found else user.id
    return {name: user_id for name, user_id in found.items() if user_id}


@dataclass(frozen=True, slots=True)
class _Map:
    """Who owns what: accounts by name, reachable ones, and teams by the services they own."""

    by_name: dict[str, str]
    reachable: frozenset[str]
    team_of: dict[str, str]

    def owner(self, todo: Todo) -> str:
        return self.by_name.get(todo.owner.casefold(), "")

    def owning_teams(self, todo: Todo) -> set[str]:
        return {self.team_of[name] for name in todo.services if name in self.team_of}


def map_of(session: Session, everybody: Iterable[Reader]) -> _Map:
    """Who owns what, at this moment."""
    query = select(t.Service.name, t.Team.name).where(t.Service.owning_team_id == t.Team.id)
    return _Map(
        by_name=owners_by_name(session),
        reachable=frozenset(reader.user_id for reader in everybody if reader.user_id),
        team_of=dict(session.exec(query).all()),
    )


def _listed(todo: Todo, today: date, when: Reminders) -> bool:
    """Whether it belongs into a digest at all today."""
    if todo.status is ActionStatus.BLOCKED and _blocked_long(todo, today, when):
        return True
    return todo.due is not None and todo.age(today) >= -max(when.before, default=0)


def near(today: date, when: Reminders) -> Any:
    """What :func:`_listed` may take, for the database: the rest is not read."""
    last = today + timedelta(days=max(when.before, default=0))
    action = t.ActionItemRow
    return or_(col(action.due) <= last, col(action.status) == ActionStatus.BLOCKED.value)


def _blocked_long(todo: Todo, today: date, when: Reminders) -> bool:
    since = todo.blocked_since
    return since is not None and (today - since).days >= when.blocked


@dataclass(frozen=True, slots=True)
class _Shelf:
    """What everybody may see, read once for all readers, and who is a member of anything else."""

    shared: tuple[Todo, ...]
    insiders: frozenset[str]
    wanted: Any

    def seen_by(self, session: Session, user: t.User | None) -> list[Todo]:
        """Everything that the reader may see; an address sees open records only."""
        if user is None or user.id not in self.insiders:
            return list(self.shared)
        unseen = and_(visible_to(viewer_of(user)), not_(is_open()), self.wanted)
        hidden = open_todos(session, unseen)
        return sorted([*self.shared, *hidden], key=lambda one: (one.due or date.max, one.id))


def shelf_of(session: Session, wanted: Any) -> _Shelf:
    """The open todos under the condition ``wanted``."""
    members = select(t.ParticipantRow.user_id).where(
        t.ParticipantRow.postmortem_id == t.PostmortemRow.id,
        col(t.ParticipantRow.user_id).is_not(None),
        not_(is_open()),
    )
    insiders = frozenset(one for one in session.exec(members.distinct()) if one)
    return _Shelf(tuple(open_todos(session, and_(is_open(), wanted))), insiders, wanted)


def share_of(
    session: Session,
    reader: Reader,
    whole: _Map,
    *,
    today: date,
    when: Reminders,
    shelf: _Shelf | None = None,
) -> Share:
    """What a reader is told of, by what they may see."""
    user = session.get(t.User, reader.user_id) if reader.user_id else None
    seen = (shelf or shelf_of(session, near(today, when))).seen_by(session, user)
    todos = [one for one in seen if _listed(one, today, when)]
    own = tuple(one for one in todos if user and whole.owner(one) == user.id)
    held = {one.id for one in own}
    of_team, escalated = [], []
    for team in reader.teams:
        late = tuple(
            one
            for one in todos
            if team in whole.owning_teams(one)
            and one.age(today) >= when.escalate
            and one.id not in held
        )
        held |= {one.id for one in late}
        theirs = tuple(
            one
            for one in todos
            if one.team.casefold() == team.casefold()
            and one.id not in held
            and (user or whole.owner(one) not in whole.reachable)
        )
        held |= {one.id for one in theirs}
        escalated.append((team, late))
        of_team.append((team, theirs))
    return Share(own, tuple(of_team), tuple(escalated))


def falls(todo: Todo, *, after: date, until: date, when: Reminders) -> bool:
    """Whether a reminder of it falls on a day of (``after``, ``until``]."""
    if todo.status is ActionStatus.BLOCKED and todo.blocked_since:
        first = todo.blocked_since + timedelta(days=when.blocked)
        return reminder_falls(first, after=after, until=until, before_days=(0,), cadence=((7, 7),))
    if todo.due is None:
        return False
    return reminder_falls(
        todo.due, after=after, until=until, before_days=when.before, cadence=when.after
    )


def _escalates(share: Share, *, after: date, until: date, when: Reminders) -> bool:
    """Whether something became late enough for its service's team since the last digest."""
    found = [one for _, rows in share.escalated for one in rows]
    return any(one.age(after) < when.escalate <= one.age(until) for one in found)


def drafts(
    session: Session, *, after: date, until: date, settings: Settings
) -> list[mailing.Draft]:
    """A mail for each reader for whom a reminder falls on a day of (``after``, ``until``]."""
    when, everybody = settings.reminders, readers(session)
    whole, shelf, found = map_of(session, everybody), shelf_of(session, near(until, when)), []
    for reader in everybody:
        share = share_of(session, reader, whole, today=until, when=when, shelf=shelf)
        due = any(falls(one, after=after, until=until, when=when) for one in share.all())
        if due or _escalates(share, after=after, until=until, when=when):
            found.append(_draft(reader, until))
    return found


def plan(session: Session, *, after: date, until: date, settings: Settings, now: datetime) -> int:
    """Put those mails in line. Each reader gets one for the day ``until``, however often this is
    asked. Returns how many are new.
    """
    found = drafts(session, after=after, until=until, settings=settings)
    return sum(mailing.queue(session, draft, now=now) for draft in found)


def _draft(reader: Reader, until: date) -> mailing.Draft:
    return mailing.Draft(
        key=f"reminder:{until.isoformat()}:{reader.key}",
        kind=MailKind.REMINDER,
        recipient=reader.address,
        period=until.isoformat(),
        scope="" if reader.user_id else reader.name,
        user_id=reader.user_id or None,
    )


# The letter


def compose(
    session: Session, row: t.MailMessage, desk: Desk, settings: Settings, now: datetime
) -> Letter | None:
    """What the reader may see at this moment; None when nothing is left to say."""
    everybody = readers(session)
    reader = next((one for one in everybody if one.key == _key_of(row)), None)
    if reader is None:
        row.said = "The reader asked for no more of these."
        return None
    today = now.date()
    share = share_of(
        session, reader, map_of(session, everybody), today=today, when=settings.reminders
    )
    if not share.all():
        row.said = "Everything was done meanwhile."
        return None
    return letter(reader, share, desk=desk, today=today, when=settings.reminders)


def _key_of(row: t.MailMessage) -> str:
    return row.user_id or f"team {row.scope}"


def letter(reader: Reader, share: Share, *, desk: Desk, today: date, when: Reminders) -> Letter:
    """The mail of one reader."""
    parts = [*_parts(share.own, "", desk, today)]
    for team, rows in share.of_team:
        parts += _parts(rows, f" · {team}", desk, today)
    for team, rows in share.escalated:
        parts += _late(rows, team, desk, today, when)
    late = sum(1 for one in share.all() if one.age(today) > 0)
    soon = sum(1 for one in share.all() if one.due and one.age(today) <= 0)
    leaving = Leaving(
        MailKind.REMINDER, "" if reader.user_id else reader.name, reader.user_id,
        "" if reader.user_id else reader.address,
    )  # fmt: skip
    return Letter(
        subject=_subject(late, soon, len(share.all())),
        title=_subject(late, soon, len(share.all())),
        lede="Done, blocked, superseded or not to be done: each is an answer. Saying which takes "
        "a minute and ends the reminder.",
        why=_why(reader, share),
        parts=tuple(parts),
        settings=desk.settings() if reader.user_id else "",
        leave=desk.leave(leaving),
        organisation=desk.organisation,
    )


def _subject(late: int, soon: int, every: int) -> str:
    told = []
    if late:
        told.append(f"{words.plural(late, 'action item')} past the date")
    if soon:
        told.append(f"{soon} due soon" if told else f"{words.plural(soon, 'action item')} due soon")
    return ", ".join(told) or f"{words.plural(every, 'action item')} blocked for long"


def _why(reader: Reader, share: Share) -> str:
    if not reader.user_id:
        return f"This address is where the team {reader.name} reads of its action items."
    reasons = ["you own action items"] if share.own else []
    if reader.teams:
        reasons.append(f"you follow {words.listed(list(reader.teams))}")
    return f"You get this because {' and '.join(reasons)}."


def _parts(rows: Sequence[Todo], suffix: str, desk: Desk, today: date) -> list[Part]:
    blocked = [one for one in rows if one.status is ActionStatus.BLOCKED]
    moving = [one for one in rows if one.status is not ActionStatus.BLOCKED]
    late = [one for one in moving if one.age(today) > 0]
    soon = [one for one in moving if one.age(today) <= 0]
    found = (("Past the date", late), ("Due soon", soon), ("Blocked for long", blocked))
    return [_part(f"{name}{suffix}", group, desk, today) for name, group in found if group]


def _late(rows: Sequence[Todo], team: str, desk: Desk, today: date, when: Reminders) -> list[Part]:
    if not rows:
        return []
    part = _part(f"Long past the date · services of {team}", rows, desk, today)
    note = (
        f"{when.escalate} days or more past the date. {team} owns the service, so it can "
        "move the date, hand the work on, or say that it will not be done."
    )
    return [Part(part.heading, part.items, note, part.more)]


def _part(heading: str, rows: Sequence[Todo], desk: Desk, today: date) -> Part:
    left = len(rows) - MOST_LISTED
    return Part(
        heading,
        tuple(item_of(one, desk, today) for one in rows[:MOST_LISTED]),
        more=f"And {left} more." if left > 0 else "",
    )


def item_of(todo: Todo, desk: Desk, today: date) -> Item:
    """One line. Mail lies on other machines, so nothing of a restricted record is in it but its
    reference.
    """
    age = todo.age(today)
    place = " · ".join(part for part in (todo.reference, ", ".join(todo.services)) if part)
    if todo.restricted:
        place = f"{todo.reference}, members only"
    date_words = f"due {words.day(todo.due)}" if todo.due else "no date"
    if age > 0:
        date_words += f", {words.plural(age, 'day')} ago"
    blocked = todo.status is ActionStatus.BLOCKED
    said = todo.reason if blocked else f"Done when: {todo.done_when}" if todo.done_when else ""
    return Item(
        title="An action item of a restricted postmortem" if todo.restricted else todo.title,
        href=desk.action(todo.id),
        meta=f"{date_words} · {place}",
        words="" if todo.restricted else said[:240],
        state=_state(todo, age),
        urgent=age > 0,
    )


def _state(todo: Todo, age: int) -> str:
    if todo.status is ActionStatus.BLOCKED:
        since = f" since {words.day(todo.blocked_since)}" if todo.blocked_since else ""
        return f"Blocked{since}"
    return "Overdue" if age > 0 else "Today" if todo.due and age == 0 else ""

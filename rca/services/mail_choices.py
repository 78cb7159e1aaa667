"""What an account, a team or a bare address chose about mail, and how it ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from rca.config import Settings
from rca.domain.access import Permission, Viewer
from rca.domain.mail import FollowKind, MailKind, is_address
from rca.errors import Forbidden, Invalid, NotFound, Problem
from rca.reports.letter import Letter
from rca.services import mailing
from rca.services.mail_desk import Desk, Leaving
from rca.services.permissions import need
from rca.store import audit
from rca.store import tables as t


@dataclass(frozen=True, slots=True)
class Choices:
    """An account's mail: its address, and what it asked for. ``pending`` waits for a click."""

    address: str
    pending: str
    reminders: bool
    services: tuple[str, ...]
    teams: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Offered:
    """What there is to follow."""

    services: tuple[str, ...]
    teams: tuple[str, ...]


def _own(session: Session, viewer: Viewer) -> t.User:
    user = session.get(t.User, viewer.user_id) if viewer.user_id else None
    if user is None:
        raise NotFound("This account has no settings.")
    return user


def _audit(session: Session, name: str, action: str, now: datetime, **detail: object) -> None:
    audit.append(session, audit.Act(name, action, "user", name, detail), now=now)


def choices(session: Session, *, viewer: Viewer) -> Choices:
    """What the viewer chose."""
    user = _own(session, viewer)
    choice = session.get(t.MailChoice, user.id)
    query = select(t.MailMessage.recipient).where(
        t.MailMessage.user_id == user.id,
        t.MailMessage.kind == MailKind.CONFIRM.value,
        t.MailMessage.recipient != user.email,
    )
    newest = session.exec(query.order_by(col(t.MailMessage.created_at).desc()).limit(1)).first()
    return Choices(
        address=user.email,
        pending=newest or "",
        reminders=choice.reminders if choice else True,
        services=_followed(session, user.id, FollowKind.SERVICE),
        teams=_followed(session, user.id, FollowKind.TEAM),
    )


def _followed(session: Session, user_id: str, kind: FollowKind) -> tuple[str, ...]:
    row = t.Follow
    query = select(row.name).where(row.user_id == user_id, row.kind == kind.value)
    return tuple(session.exec(query.order_by(col(row.name))))


def offered(session: Session) -> Offered:
    """Services of the catalogue and of open records; teams of the catalogue and of addresses."""
    from rca.services.visibility import is_open

    named = select(t.PostmortemService.name).where(
        t.PostmortemService.postmortem_id == t.PostmortemRow.id, is_open()
    )
    acting = select(t.ActionItemRow.team).where(
        t.ActionItemRow.postmortem_id == t.PostmortemRow.id, is_open(), t.ActionItemRow.team != ""
    )
    services = {*session.exec(select(t.Service.name)), *session.exec(named.distinct())}
    teams = {*session.exec(select(t.Team.name)), *session.exec(acting.distinct())}
    teams |= set(session.exec(select(t.TeamAddress.team)))
    return Offered(tuple(sorted(services)), tuple(sorted(teams)))


def choose(
    session: Session,
    *,
    viewer: Viewer,
    reminders: bool,
    services: Sequence[str],
    teams: Sequence[str],
    now: datetime,
) -> None:
    """Store the whole choice. Raises Invalid for a service or team that is not on offer."""
    user = _own(session, viewer)
    on_offer = offered(session)
    unknown = (set(services) - set(on_offer.services)) | (set(teams) - set(on_offer.teams))
    if unknown:
        raise Invalid([Problem("services", f"There is no {', '.join(sorted(unknown))}.")])
    _set_reminders(session, user.id, reminders, now)
    for kind, wanted in ((FollowKind.SERVICE, set(services)), (FollowKind.TEAM, set(teams))):
        held = set(_followed(session, user.id, kind))
        for name in sorted(held - wanted):
            _unfollow(session, user.id, kind, name)
        for name in sorted(wanted - held):
            session.add(t.Follow(user_id=user.id, kind=kind.value, name=name, created_at=now))
    session.flush()
    _audit(session, user.name, "mail.choose", now, reminders=reminders, services=len(services),
           teams=len(teams))  # fmt: skip


def _set_reminders(session: Session, user_id: str, on: bool, now: datetime) -> None:
    row = session.get(t.MailChoice, user_id) or t.MailChoice(user_id=user_id, updated_at=now)
    row.reminders, row.updated_at = on, now
    session.add(row)


def _unfollow(session: Session, user_id: str, kind: FollowKind, name: str) -> None:
    row = t.Follow
    session.execute(
        delete(row).where(
            col(row.user_id) == user_id, col(row.kind) == kind.value, col(row.name) == name
        )
    )


# Addresses


def set_address(session: Session, *, actor: Viewer, name: str, address: str, now: datetime) -> None:
    """Set an account's address without a confirmation: for the operator. Raises Invalid."""
    from rca.services.accounts import find_user

    if not actor.may(Permission.ADMIN):
        raise Forbidden("Only an admin sets the address of another account.")
    address = _checked(address, blank=True)
    user = find_user(session, name)
    user.email = address
    session.add(user)
    audit.append(session, audit.Act(actor.name, "user.address", "user", user.name, {}), now=now)


def ask_for_address(session: Session, *, viewer: Viewer, address: str, now: datetime) -> bool:
    """Send a link that confirms the address; a blank one is taken off at once. Returns whether a
    mail went into line. Raises Invalid.
    """
    user = _own(session, viewer)
    address = _checked(address, blank=True)
    if not address:
        user.email = ""
        session.add(user)
        _audit(session, user.name, "user.address", now)
        return False
    # At most one every ten minutes, so that nobody's box is filled from here.
    stamp = f"{now:%Y%m%d%H}{now.minute // 10}"
    draft = mailing.Draft(
        f"confirm:{user.id}:{stamp}:{address}", MailKind.CONFIRM, address, user_id=user.id
    )
    return mailing.queue(session, draft, now=now)


def _checked(address: str, *, blank: bool = False) -> str:
    address = address.strip()
    if (address or not blank) and not is_address(address):
        raise Invalid([Problem("address", "An address such as name@example.org.")])
    return address


def compose_confirm(
    session: Session, row: t.MailMessage, desk: Desk, _settings: Settings, _now: datetime
) -> Letter:
    """The mail that asks whether the address is theirs."""
    user = session.get_one(t.User, row.user_id)
    return Letter(
        subject="Confirm your address for Throughline",
        title="Is this your address?",
        lede=f"The account “{user.name}” wants its mail here. Follow the link within three days, "
        "signed in to that account. If it was not you, do nothing: no other mail comes.",
        why="Somebody gave this address on their account page.",
        button=("Confirm this address", desk.confirm(user.id, row.recipient)),
        organisation=desk.organisation,
    )


def confirm_address(
    session: Session, *, viewer: Viewer, desk: Desk, token: str, now: datetime
) -> str:
    """Take the address of the link for the signed-in account. Raises NotFound for another's."""
    user_id, address = desk.read_confirm(token)
    user = _own(session, viewer)
    if user.id != user_id:
        raise NotFound("This link is for another account. Sign in to that one.")
    user.email = address
    session.add(user)
    _audit(session, user.name, "user.address", now)
    return address


@dataclass(frozen=True, slots=True)
class TeamBox:
    """A team with the address where it reads mail; blank when there is none."""

    team: str
    address: str


def team_boxes(session: Session) -> tuple[TeamBox, ...]:
    """Every known team."""
    known = dict(session.exec(select(t.TeamAddress.team, t.TeamAddress.address)).all())
    return tuple(TeamBox(name, known.get(name, "")) for name in offered(session).teams)


def set_team_address(
    session: Session, *, viewer: Viewer, team: str, address: str, now: datetime
) -> None:
    """Where a team reads mail; blank ends it. Raises Invalid, Forbidden, NotFound."""
    need(viewer, Permission.ADMIN)
    address = _checked(address, blank=True)
    if team not in offered(session).teams:
        raise NotFound(f"There is no team “{team}”.")
    row = session.get(t.TeamAddress, team)
    if not address:
        if row is not None:
            session.delete(row)
    else:
        row = row or t.TeamAddress(team=team, address=address, updated_at=now)
        row.address, row.updated_at = address, now
        session.add(row)
    audit.append(session, audit.Act(viewer.name, "mail.team", "team", team, {}), now=now)


# Leaving


def leaving_words(session: Session, leaving: Leaving) -> str:
    """What the link ends, in words."""
    who = _reader(session, leaving)
    if leaving.kind is MailKind.WEEKLY:
        return f"The weekly digest of {leaving.scope}, to {who}."
    if leaving.kind is MailKind.REVIEW:
        return f"Reliability reviews sent to the list “{leaving.scope}”, to {who}."
    if leaving.user_id:
        return f"Reminders of action items, to {who}."
    return f"Reminders of action items of the team {leaving.scope}, to {who}."


def _reader(session: Session, leaving: Leaving) -> str:
    user = session.get(t.User, leaving.user_id) if leaving.user_id else None
    return f"the account “{user.name}”" if user else leaving.address or "this address"


def leave(session: Session, *, leaving: Leaving, now: datetime) -> None:
    """End it. Ending it twice is no error: mail programs ask more than once."""
    if leaving.kind is MailKind.WEEKLY and leaving.user_id:
        _unfollow(session, leaving.user_id, FollowKind.SERVICE, leaving.scope)
    elif leaving.kind is MailKind.REVIEW:
        row = session.get(t.MailingList, leaving.scope)
        if row is not None:
            row.addresses = [one for one in row.addresses if one != leaving.address]
            row.version += 1
            session.add(row)
    elif leaving.user_id:
        user = session.get(t.User, leaving.user_id)
        if user is not None:
            _set_reminders(session, user.id, False, now)
            for team in _followed(session, user.id, FollowKind.TEAM):
                _unfollow(session, user.id, FollowKind.TEAM, team)
    else:
        box = session.get(t.TeamAddress, leaving.scope)
        if box is not None and box.address == leaving.address:
            session.delete(box)
    act = audit.Act("mail link", "mail.leave", "mail", leaving.kind.value,
                    {"scope": leaving.scope, "account": bool(leaving.user_id)})  # fmt: skip
    audit.append(session, act, now=now)

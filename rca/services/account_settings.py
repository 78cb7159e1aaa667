"""What a person changes about their own account: password, shortcuts, API tokens."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, select

from rca.domain.access import Viewer
from rca.errors import Invalid, NotFound, Problem
from rca.services import accounts
from rca.store import audit
from rca.store import tables as t


@dataclass(frozen=True, slots=True)
class TokenView:
    """An API token without its secret, which is shown once and kept nowhere."""

    id: str
    name: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    ended: bool


def _own(session: Session, viewer: Viewer) -> t.User:
    """The account row of the viewer. The operator of the command line has none."""
    user = session.get(t.User, viewer.user_id) if viewer.user_id else None
    if user is None:
        raise NotFound("This account has no settings.")
    return user


def _audit(session: Session, viewer: Viewer, action: str, now: datetime, **detail: object) -> None:
    audit.append(session, audit.Act(viewer.name, action, "user", viewer.name, detail), now=now)


def set_shortcuts(session: Session, *, viewer: Viewer, on: bool, now: datetime) -> None:
    """Turn single-letter keys on or off for this account."""
    user = _own(session, viewer)
    user.shortcuts = on
    session.add(user)
    _audit(session, viewer, "user.shortcuts", now, on=on)


def change_password(
    session: Session, *, viewer: Viewer, current: str, password: str, keep: str, now: datetime
) -> None:
    """Set a new password; every session but the one of secret ``keep`` ends.

    Raises Invalid when the current one is wrong or the new one is too plain.
    """
    user = _own(session, viewer)
    if not accounts.password_fits(user, current):
        raise Invalid([Problem("current", "That is not your current password.")])
    accounts.set_password(session, user=user, password=password)
    ended = delete(t.UserSession).where(
        col(t.UserSession.user_id) == user.id,
        col(t.UserSession.secret_hash) != accounts.digest(keep),
    )
    session.execute(ended)
    _audit(session, viewer, "user.password", now)


def list_tokens(session: Session, *, viewer: Viewer, now: datetime) -> Sequence[TokenView]:
    """The account's tokens, newest first."""
    row = t.ApiToken
    query = select(row).where(row.user_id == viewer.user_id)
    return [
        TokenView(
            id=token.id,
            name=token.name,
            scopes=tuple(token.scopes),
            created_at=token.created_at,
            expires_at=token.expires_at,
            last_used_at=token.last_used_at,
            ended=token.revoked_at is not None or token.expires_at <= now,
        )
        for token in session.exec(query.order_by(col(row.created_at).desc(), col(row.id)))
    ]


def add_token(
    session: Session, *, viewer: Viewer, name: str, scopes: Sequence[str], now: datetime
) -> str:
    """A token for the viewer's own account. Returns its secret, once. Raises Invalid."""
    name = " ".join(name.replace("\x00", "").split())
    if not name or len(name) > 120:
        raise Invalid([Problem("token_name", "Say what it is for, in up to 120 characters.")])
    _own(session, viewer)
    return accounts.make_token(
        session, actor=viewer, name=viewer.name, label=name, scopes=scopes, now=now
    )


def revoke_token(session: Session, *, viewer: Viewer, token_id: str, now: datetime) -> None:
    """End one of the viewer's own tokens. Raises NotFound, for those of others too."""
    token = session.get(t.ApiToken, token_id)
    if token is None or token.user_id != viewer.user_id:
        raise NotFound("There is no such token.")
    token.revoked_at = token.revoked_at or now
    session.add(token)
    _audit(session, viewer, "token.revoke", now, token=token.name)

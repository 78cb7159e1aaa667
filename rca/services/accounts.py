"""Accounts, sign-in, one-time links, sessions and API tokens."""

import hashlib
import secrets
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError
from sqlalchemy import delete, func, update
from sqlmodel import Session, col, select

from rca.domain.access import Viewer
from rca.domain.vocabulary import Role, TokenScope
from rca.errors import Invalid, NotFound, Problem, TooMany
from rca.store import audit
from rca.store import tables as t

LINK_LIFE = timedelta(minutes=30)
SESSION_LIFE = timedelta(days=7)
TRY_WINDOW = timedelta(minutes=5)
TRIES_PER_WINDOW = 10
SEEN_EVERY = timedelta(hours=1)
SHORTEST_PASSWORD = 12
TOKEN_PREFIX = "rca_"  # noqa: S105 - what scanners look for, not a secret


@cache
def _hasher() -> PasswordHasher:
    """OWASP's argon2id setting: 19 MiB, 2 passes, 1 lane."""
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


@cache
def _decoy() -> str:
    """A hash to verify against when the account is unknown, so that both take as long."""
    return _hasher().hash(secrets.token_hex(16))


def digest(secret: str) -> str:
    """What is kept of a secret; the secret itself is kept nowhere."""
    return hashlib.sha256(secret.encode()).hexdigest()


def viewer_of(user: t.User, scopes: tuple[str, ...] | None = None) -> Viewer:
    """The viewer behind an account."""
    return Viewer(
        user_id=user.id,
        name=user.name,
        display_name=user.display_name or user.name,
        role=Role(user.role),
        shortcuts=user.shortcuts,
        scopes=scopes,
    )


def find_user(session: Session, name: str) -> t.User:
    """The account of that name. Raises NotFound."""
    user = session.exec(select(t.User).where(t.User.name == name.strip().lower())).first()
    if user is None:
        raise NotFound(f"There is no account “{name}”.")
    return user


@dataclass(frozen=True, slots=True)
class Account:
    """An account as the People page shows it."""

    name: str
    display_name: str
    role: Role
    active: bool
    has_password: bool
    created_at: datetime


def list_users(session: Session) -> Sequence[Account]:
    """All accounts by name."""
    users = session.exec(select(t.User).order_by(col(t.User.name)))
    return [
        Account(
            name=user.name,
            display_name=user.display_name or user.name,
            role=Role(user.role),
            active=user.active,
            has_password=bool(user.password_hash),
            created_at=user.created_at,
        )
        for user in users
    ]


def create_user(
    session: Session, *, actor: Viewer, name: str, role: Role, display_name: str = "", now: datetime
) -> t.User:
    """A new account without a password; a one-time link sets it. Raises Invalid."""
    name = name.strip().lower()
    if not name or len(name) > 120 or any(ch.isspace() for ch in name):
        raise Invalid([Problem("name", "A name of 1 to 120 characters without spaces.")])
    if session.exec(select(t.User).where(t.User.name == name)).first() is not None:
        raise Invalid([Problem("name", f"There is already an account “{name}”.")])
    user = t.User(name=name, display_name=display_name, role=role.value, created_at=now)
    session.add(user)
    session.flush()
    _audit(session, actor, "user.create", user.name, {"role": role.value}, now)
    return user


def set_role(session: Session, *, actor: Viewer, name: str, role: Role, now: datetime) -> None:
    """Change an account's role; its sessions end, so that no old right lives on."""
    user = find_user(session, name)
    if role is not Role.ADMIN:
        _keep_an_admin(session, user)
    user.role = role.value
    session.add(user)
    end_sessions(session, user_id=user.id)
    _audit(session, actor, "user.role", user.name, {"role": role.value}, now)


def set_active(session: Session, *, actor: Viewer, name: str, active: bool, now: datetime) -> None:
    """Enable or disable an account; disabling ends its sessions at once."""
    user = find_user(session, name)
    if not active:
        _keep_an_admin(session, user)
    user.active = active
    session.add(user)
    if not active:
        end_sessions(session, user_id=user.id)
    _audit(session, actor, "user.enable" if active else "user.disable", user.name, {}, now)


def _keep_an_admin(session: Session, leaving: t.User) -> None:
    """Somebody must be left who can administer. Raises Invalid."""
    query = select(t.User.id).where(
        t.User.role == Role.ADMIN.value, col(t.User.active).is_(True), t.User.id != leaving.id
    )
    if leaving.role == Role.ADMIN.value and session.exec(query).first() is None:
        raise Invalid([Problem("", "This is the last admin. Make another one first.")])


def make_link(session: Session, *, actor: Viewer, name: str, now: datetime) -> str:
    """A one-time secret that lets the holder set this account's password. Older ones end."""
    user = find_user(session, name)
    secret = secrets.token_urlsafe(24)
    session.execute(delete(t.SignInLink).where(col(t.SignInLink.user_id) == user.id))
    session.add(
        t.SignInLink(
            secret_hash=digest(secret), user_id=user.id, created_at=now, expires_at=now + LINK_LIFE
        )
    )
    _audit(session, actor, "user.link", user.name, {}, now)
    return secret


def look_up_link(session: Session, *, secret: str, now: datetime) -> t.User:
    """The account of an unused, unexpired link. Raises NotFound, the same for every reason."""
    link = session.get(t.SignInLink, digest(secret))
    user = session.get(t.User, link.user_id) if link else None
    if link is None or user is None or link.used_at or link.expires_at <= now or not user.active:
        raise NotFound("This link was used already, or is older than 30 minutes.")
    return user


def check_password(password: str) -> None:
    """Length only, as OWASP asks, and not one everybody tries first. Raises Invalid."""
    if len(password) < SHORTEST_PASSWORD:
        raise Invalid([Problem("password", f"At least {SHORTEST_PASSWORD} characters.")])
    if len(password) > 512:
        raise Invalid([Problem("password", "At most 512 characters.")])
    plain = password.lower()
    if len(set(plain)) < 4 or any(word in plain for word in ("password123", "123456789", "qwerty")):
        raise Invalid([Problem("password", "This is among the first that would be tried.")])


def set_password(session: Session, *, user: t.User, password: str) -> None:
    """Store a new password's hash. Raises Invalid when it is too short or too plain."""
    check_password(password)
    user.password_hash = _hasher().hash(password)
    session.add(user)


def password_fits(user: t.User | None, password: str) -> bool:
    """Whether it is this account's password. Takes one hash whatever the account."""
    usable = user is not None and user.active and bool(user.password_hash)
    stored = user.password_hash if user is not None and usable else _decoy()
    try:
        _hasher().verify(stored, password)
    except (VerifyMismatchError, VerificationError, InvalidHashError):
        return False
    return usable


def use_link(
    session: Session, *, secret: str, password: str, now: datetime, hours: int
) -> "NewSession":
    """Consume a link: set the password, end other sessions, sign in."""
    user = look_up_link(session, secret=secret, now=now)
    check_password(password)
    link = session.get_one(t.SignInLink, digest(secret))
    link.used_at = now
    session.add(link)
    set_password(session, user=user, password=password)
    end_sessions(session, user_id=user.id)
    _audit(session, viewer_of(user), "user.password", user.name, {}, now)
    return _open_session(session, user, now, hours)


@dataclass(frozen=True, slots=True)
class NewSession:
    """A fresh sign-in. ``secret`` goes into the cookie and nowhere else."""

    secret: str
    viewer: Viewer


def _recent_tries(session: Session, name: str, address: str, now: datetime) -> int:
    since = now - TRY_WINDOW
    counts = []
    for column, value in ((t.SignInAttempt.account, name), (t.SignInAttempt.address, address)):
        query = select(func.count()).where(col(column) == value, col(t.SignInAttempt.at) > since)
        counts.append(session.exec(query).one())
    return max(counts)


def record_try(session: Session, *, name: str, address: str, now: datetime) -> None:
    """Count one try before any hash is computed. Raises TooMany past the bucket's size."""
    name = name.strip().lower()[:120]
    session.execute(delete(t.SignInAttempt).where(col(t.SignInAttempt.at) <= now - TRY_WINDOW))
    if _recent_tries(session, name, address, now) >= TRIES_PER_WINDOW:
        raise TooMany("Too many tries. Wait five minutes, or ask an admin for a sign-in link.")
    session.add(t.SignInAttempt(account=name, address=address[:64], at=now))


def sign_in(
    session: Session, *, name: str, password: str, now: datetime, hours: int
) -> NewSession | None:
    """A session for the right password, None otherwise; both take one hash."""
    user = session.exec(select(t.User).where(t.User.name == name.strip().lower())).first()
    if not password_fits(user, password) or user is None:
        return None
    _audit(session, viewer_of(user), "user.sign_in", user.name, {}, now)
    return _open_session(session, user, now, hours)


def _open_session(session: Session, user: t.User, now: datetime, hours: int) -> NewSession:
    secret = secrets.token_urlsafe(32)
    session.add(
        t.UserSession(
            secret_hash=digest(secret),
            user_id=user.id,
            created_at=now,
            last_seen_at=now,
            expires_at=now + min(timedelta(hours=hours), SESSION_LIFE),
        )
    )
    return NewSession(secret, viewer_of(user))


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who a cookie belongs to; ``touch`` asks to push the idle end back."""

    viewer: Viewer
    touch: bool


def session_of(session: Session, *, secret: str, now: datetime) -> SignedIn | None:
    """The signed-in account of a cookie, or None when it ended. ``touch`` asks for a refresh."""
    row = session.get(t.UserSession, digest(secret))
    if row is None or row.expires_at <= now or row.created_at + SESSION_LIFE <= now:
        return None
    user = session.get(t.User, row.user_id)
    if user is None or not user.active:
        return None
    return SignedIn(viewer_of(user), now - row.last_seen_at > timedelta(minutes=5))


def touch_session(session: Session, *, secret: str, now: datetime, hours: int) -> None:
    """Push the idle end of a session back."""
    row = session.get(t.UserSession, digest(secret))
    if row is not None:
        row.last_seen_at = now
        row.expires_at = now + timedelta(hours=hours)
        session.add(row)


def sign_out(session: Session, *, secret: str) -> None:
    """End one session."""
    session.execute(delete(t.UserSession).where(col(t.UserSession.secret_hash) == digest(secret)))


def end_sessions(session: Session, *, user_id: str) -> None:
    """End every session of an account."""
    session.execute(delete(t.UserSession).where(col(t.UserSession.user_id) == user_id))


def make_token(
    session: Session, *, actor: Viewer, name: str, label: str, scopes: Sequence[str], now: datetime
) -> str:
    """A bearer token for the account ``name``: 90 days, shown once. Raises Invalid.

    It ends in a CRC-32 of the rest, so that scanners can tell a real one from a lookalike.
    """
    unknown = [scope for scope in scopes if scope not in TokenScope.values()]
    if unknown or not scopes:
        raise Invalid([Problem("scopes", f"Choose from {', '.join(TokenScope.values())}.")])
    user = find_user(session, name)
    body = secrets.token_hex(20)
    token = f"{TOKEN_PREFIX}{body}{zlib.crc32(body.encode()):08x}"
    session.add(
        t.ApiToken(
            user_id=user.id,
            name=label,
            token_hash=digest(token),
            scopes=list(scopes),
            created_at=now,
            expires_at=now + timedelta(days=90),
        )
    )
    _audit(session, actor, "token.create", user.name, {"scopes": list(scopes)}, now)
    return token


def viewer_of_token(session: Session, *, token: str, now: datetime) -> Viewer | None:
    """The viewer of a bearer token, limited to its scopes; None when unknown or ended."""
    row = session.exec(select(t.ApiToken).where(t.ApiToken.token_hash == digest(token))).first()
    if row is None or row.revoked_at or row.expires_at <= now:
        return None
    user = session.get(t.User, row.user_id)
    return viewer_of(user, tuple(row.scopes)) if user and user.active else None


def token_unseen(session: Session, *, token: str, now: datetime) -> bool:
    """Whether the last use that is written down is over an hour old."""
    row = session.exec(select(t.ApiToken).where(t.ApiToken.token_hash == digest(token))).first()
    return row is not None and (row.last_used_at is None or now - row.last_used_at > SEEN_EVERY)


def touch_token(session: Session, *, token: str, now: datetime) -> None:
    """Write down that a token was used: to the hour, so that reads stay reads."""
    session.execute(
        update(t.ApiToken)
        .where(col(t.ApiToken.token_hash) == digest(token))
        .values(last_used_at=now)
    )


def _audit(
    session: Session,
    actor: Viewer,
    action: str,
    name: str,
    detail: dict[str, object],
    now: datetime,
) -> None:
    audit.append(session, audit.Act(actor.name, action, "user", name, dict(detail)), now=now)

"""Accounts, sign-in sessions, one-time links and API tokens."""

from datetime import datetime
from typing import Any

from sqlmodel import Field

from rca.domain.vocabulary import Role
from rca.store.tables.metadata import Table, instant, optional_instant, row_id
from rca.store.types import Json, one_of


class User(Table, table=True):
    """An account. ``password_hash`` is empty until a one-time link set it."""

    __tablename__ = "user_account"
    __table_args__ = (one_of("role", Role),)

    id: str = row_id()
    name: str = Field(max_length=120, unique=True)
    display_name: str = Field(default="", max_length=240)
    email: str = Field(default="", max_length=320)
    role: str = Field(max_length=32)
    password_hash: str = Field(default="", max_length=400)
    active: bool = True
    shortcuts: bool = True
    created_at: datetime = instant()


class UserSession(Table, table=True):
    """A signed-in browser. Only the hash of its secret is kept, so a stolen copy opens nothing."""

    __tablename__ = "user_session"

    secret_hash: str = Field(primary_key=True, max_length=64)
    user_id: str = Field(foreign_key="user_account.id", ondelete="CASCADE", index=True)
    created_at: datetime = instant()
    last_seen_at: datetime = instant()
    expires_at: datetime = instant()


class SignInLink(Table, table=True):
    """A one-time link that sets a password: single use, 30 minutes."""

    __tablename__ = "sign_in_link"

    secret_hash: str = Field(primary_key=True, max_length=64)
    user_id: str = Field(foreign_key="user_account.id", ondelete="CASCADE", index=True)
    created_at: datetime = instant()
    expires_at: datetime = instant()
    used_at: datetime | None = optional_instant()


class SignInAttempt(Table, table=True):
    """A try to sign in, kept for minutes, to slow guessing before any hash is computed."""

    __tablename__ = "sign_in_attempt"

    id: int | None = Field(default=None, primary_key=True)
    account: str = Field(max_length=120, index=True)
    address: str = Field(max_length=64, index=True)
    at: datetime = instant()


class ApiToken(Table, table=True):
    """A bearer token, shown once; its hash, scopes and expiry are kept."""

    __tablename__ = "api_token"

    id: str = row_id()
    user_id: str = Field(foreign_key="user_account.id", ondelete="CASCADE", index=True)
    name: str = Field(max_length=120)
    token_hash: str = Field(max_length=64, unique=True)
    scopes: list[Any] = Field(default_factory=list, sa_type=Json)
    created_at: datetime = instant()
    expires_at: datetime = instant()
    last_used_at: datetime | None = optional_instant()
    revoked_at: datetime | None = optional_instant()

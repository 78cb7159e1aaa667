"""What a view asks for: settings, engine, the viewer, and the one instant of its request."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import cast

from flask import current_app, g
from sqlalchemy import Engine
from sqlmodel import Session

from rca.config import Settings
from rca.domain.access import Viewer
from rca.errors import NotSignedIn
from rca.services import look
from rca.store import engine as store


def settings() -> Settings:
    """The settings that the app was made with."""
    return cast(Settings, current_app.extensions["rca_settings"])


def engine() -> Engine:
    """The app's engine."""
    return cast(Engine, current_app.extensions["rca_engine"])


def now() -> datetime:
    """The request's instant: one per request, so that all its rows agree."""
    return cast(datetime, g.moment)


def viewer() -> Viewer:
    """The signed-in account. Raises NotSignedIn on public pages without one."""
    found = cast(Viewer | None, g.get("viewer"))
    if found is None:
        raise NotSignedIn("Sign in to see this.")
    return found


def organisation(session: Session) -> str:
    """The organisation's name: as an admin set it, else as the settings give it."""
    return look.name_of(session, settings_name=settings().organisation)


@contextmanager
def reading() -> Iterator[Session]:
    """A session for reading."""
    with store.reading(engine()) as session:
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """One writing transaction."""
    with store.writing(engine()) as session:
        yield session

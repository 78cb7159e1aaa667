"""A web client over each database, signed in as one of the five."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine
from sqlmodel import Session

from rca.config import Settings
from rca.domain.access import OPERATOR, Viewer
from rca.services import accounts
from rca.store import tables as t
from rca.store.engine import writing
from rca.web import create_app
from tests.conftest import NOW
from tests.people import People, make_people

PASSWORD = "copper kettle on a cold hob"
ClientFor = Callable[[Viewer | None], FlaskClient]


def settings_in(home: Path, engine: Engine) -> Settings:
    """Settings whose instance folder is the test's own."""
    url = engine.url.render_as_string(hide_password=False)
    return Settings(home=home / "instance", database_url=url, organisation="Fernwick")


@pytest.fixture
def app(engine: Engine, tmp_path: Path) -> Flask:
    """The app on each database, its clock held still."""
    return create_app(settings_in(tmp_path, engine), engine=engine, clock=lambda: NOW)


@pytest.fixture
def sqlite_app(sqlite_engine: Engine, tmp_path: Path) -> Flask:
    """The app on SQLite alone, for what does not touch SQL."""
    return create_app(settings_in(tmp_path, sqlite_engine), engine=sqlite_engine, clock=lambda: NOW)


def people_of(app: Flask) -> People:
    """The five, in the app's own database."""
    with writing(app.extensions["rca_engine"]) as session:
        return make_people(session, NOW)


def sign_in(app: Flask, viewer: Viewer | None) -> FlaskClient:
    """A browser of that person; of nobody when None."""
    client = app.test_client()
    if viewer is not None:
        with writing(app.extensions["rca_engine"]) as session:
            secret = open_session(session, viewer)
        client.set_cookie("rca_session", secret)
    return client


def open_session(session: Session, viewer: Viewer) -> str:
    """The secret of a fresh session; the door that leads there has its own tests."""
    user = session.get_one(t.User, viewer.user_id)
    return accounts._open_session(session, user, NOW, 12).secret


def form_token(client: FlaskClient, path: str = "/account") -> str:
    """The token that a page's forms carry."""
    page = client.get(path).get_data(as_text=True)
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, f"{path} has no form: {page[:300]}"
    return found[1]


def give_password(app: Flask, viewer: Viewer) -> None:
    """Let a person sign in with ``PASSWORD``."""
    with writing(app.extensions["rca_engine"]) as session:
        link = accounts.make_link(session, actor=OPERATOR, name=viewer.name, now=NOW)
        accounts.use_link(session, secret=link, password=PASSWORD, now=NOW, hours=12)

"""Writers, a reviewer and an outsider in front of the app."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlmodel import Session

from rca.domain.access import Viewer
from rca.domain.postmortem import PostmortemContent
from rca.services import authoring
from rca.services import reading as postmortems
from rca.store.engine import reading, writing
from tests.conftest import NOW
from tests.factories import rich
from tests.people import People
from tests.prepared import prepared
from tests.web.conftest import people_of, sign_in


@dataclass
class Desk:
    """The app with its people; clients by name are signed in as them."""

    app: Flask
    people: People

    def __post_init__(self) -> None:
        self.clients: dict[str, FlaskClient] = {}

    def client(self, name: str) -> FlaskClient:
        """A browser of that person."""
        if name not in self.clients:
            self.clients[name] = sign_in(self.app, getattr(self.people, name))
        return self.clients[name]

    def write(self, content: PostmortemContent | None = None, by: str = "ines") -> str:
        """A draft; returns its reference."""
        viewer: Viewer = getattr(self.people, by)

        def create(session: Session, given: PostmortemContent) -> authoring.Saved:
            return authoring.create(session, viewer=viewer, content=given, now=NOW)

        def usual(session: Session) -> authoring.Saved:
            key = f"the usual postmortem by {viewer.user_id}"
            return prepared(session, key, lambda: create(session, rich()))

        return self.within(lambda s: create(s, content) if content else usual(s)).reference

    def within(self, use: Callable[[Session], authoring.Saved]) -> authoring.Saved:
        """One writing transaction."""
        with writing(self.app.extensions["rca_engine"]) as session:
            return use(session)

    def view(self, reference: str, as_: Viewer | None = None) -> postmortems.PostmortemView:
        """What is stored now."""
        with reading(self.app.extensions["rca_engine"]) as session:
            return postmortems.view(
                session, viewer=as_ or self.people.ines, reference=reference, live=True
            )

    def move(self, reference: str, by: str, step: Callable[..., authoring.Saved]) -> None:
        """Submit, approve or publish."""
        version = self.view(reference, getattr(self.people, by)).version
        self.within(
            lambda session: step(
                session,
                viewer=getattr(self.people, by),
                reference=reference,
                base_version=version,
                now=NOW,
            )
        )

    def publish(self, reference: str) -> None:
        """Through review to publication."""
        self.move(reference, "ines", authoring.submit)
        self.move(reference, "ravi", authoring.approve)
        self.move(reference, "ravi", authoring.publish)


@pytest.fixture
def desk(app: Flask) -> Desk:
    """On each database. Form tokens have their own test."""
    app.config["WTF_CSRF_ENABLED"] = False
    return Desk(app, people_of(app))


@pytest.fixture
def quick_desk(sqlite_app: Flask) -> Desk:
    """On SQLite alone, for pages whose SQL is the same."""
    sqlite_app.config["WTF_CSRF_ENABLED"] = False
    return Desk(sqlite_app, people_of(sqlite_app))

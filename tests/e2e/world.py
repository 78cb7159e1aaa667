"""A small world for the browser: five people, a handful of postmortems in every state.

The instant is held still at 5 October 2026, so that pages and pictures do not age.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine
from sqlmodel import Session
from waitress.server import create_server

from rca.config import Settings
from rca.domain.access import OPERATOR, Viewer
from rca.domain.catalogue import DrillEntry, FreezeEntry, ServiceEntry
from rca.domain.postmortem import PostmortemContent
from rca.services import accounts, authoring, catalogue_changes
from rca.store import migrate
from rca.store.engine import make_engine, writing
from rca.web import create_app
from tests.factories import rich
from tests.people import People, make_people

NOW = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
PASSWORD = "copper kettle on a cold hob"


@dataclass(frozen=True)
class LiveServer:
    """A running app: its address, its database, and a cookie per person."""

    url: str
    engine: Engine
    app: Flask
    cookies: dict[str, str]
    home: Path


def settings_for(home: Path, **changes: Any) -> Settings:
    """Settings of an instance in ``home``."""
    values = {
        "home": home,
        "database_url": f"sqlite:///{home / 'throughline.db'}",
        "organisation": "Fernwick Home & Garden",
    }
    return Settings(**{**values, **changes})


def give_password(session: Session, name: str) -> None:
    """Let a person sign in with the one password of the tests."""
    secret = accounts.make_link(session, actor=OPERATOR, name=name, now=NOW)
    accounts.use_link(session, secret=secret, password=PASSWORD, now=NOW, hours=12)


def cookie_for(session: Session, name: str, now: datetime = NOW) -> str:
    """The secret of a fresh session."""
    opened = accounts.sign_in(session, name=name, password=PASSWORD, now=now, hours=12)
    assert opened is not None
    return opened.secret


def publish(session: Session, people: People, content: PostmortemContent) -> str:
    """Write, review and publish; returns the reference."""
    saved = authoring.create(session, viewer=people.ines, content=content, now=NOW)
    for step, viewer in (
        (authoring.submit, people.ines),
        (authoring.approve, people.ravi),
        (authoring.publish, people.ravi),
    ):
        saved = step(
            session,
            viewer=viewer,
            reference=saved.reference,
            base_version=saved.version,
            now=NOW,
        )
    return saved.reference


def _moved(day: str, **changes: Any) -> PostmortemContent:
    """The rich postmortem on another day."""
    data = rich().model_dump(mode="json")
    for mark in data["times"]:
        if mark["value"]:
            mark["value"] = mark["value"].replace("2026-08-14", day)
    return fresh({**data, **changes})


def fresh(data: dict[str, Any]) -> PostmortemContent:
    """The same content with row ids of its own."""
    for rows in ("timeline", "factors", "actions", "ai_influences", "notes", "impact_measures"):
        for row in data[rows]:
            row.pop("id", None)
            row.pop("timeline_ids", None)
            row.pop("factor_ids", None)
    return PostmortemContent.model_validate(data)


def write_postmortems(session: Session, people: People) -> None:
    """One of everything that a list can show."""
    publish(session, people, _moved("2026-08-14"))
    publish(session, people, _moved("2026-09-02", title="Refunds sent twice after queue failover"))
    publish(session, people, _moved("2026-05-20", title="Stock shown as zero for 1,140 products"))
    publish(session, people, _moved("2026-02-11", title="Search fell back to alphabetical order"))
    waiting = _moved("2026-09-28", title="Gift cards refused on Sunday evening", severity="SEV3")
    saved = authoring.create(session, viewer=people.ines, content=waiting, now=NOW)
    authoring.submit(
        session,
        viewer=people.ines,
        reference=saved.reference,
        base_version=saved.version,
        now=NOW,
    )
    draft = PostmortemContent.model_validate({"title": "Duplicate order confirmations"})
    authoring.create(session, viewer=people.ines, content=draft, now=NOW)
    hidden = _moved("2026-09-15", title="Payroll export readable by all", visibility="restricted")
    authoring.create(session, viewer=people.otto, content=hidden, now=NOW)


def write_catalogue(session: Session, people: People) -> None:
    """Two services, a freeze that is on, a drill that was held."""
    for values in (
        {"name": "payments", "tier": 0, "owning_team": "Money"},
        {
            "name": "checkout",
            "tier": 1,
            "owning_team": "Storefront",
            "description": "Takes a basket and makes it an order.",
            "kill_switch_url": "https://flags.fernwick.example/checkout",
            "kill_switch_tested_at": "2026-09-14 10:00",
            "data_store": "yes",
            "path_globs": "services/checkout/**",
            "depends_on": "payments",
        },
    ):
        entry = catalogue_changes.parse(ServiceEntry, values)
        catalogue_changes.save_service(session, viewer=people.ada, entry=entry, now=NOW)
    freeze = catalogue_changes.parse(
        FreezeEntry,
        {"name": "Harvest sale", "starts_at": "2026-10-04 18:00", "ends_at": "2026-10-07 08:00",
         "kinds": "schema\nconfig"},
    )  # fmt: skip
    catalogue_changes.save_freeze(session, viewer=people.ada, entry=freeze, now=NOW)
    drill = catalogue_changes.parse(
        DrillEntry,
        {"service": "payments", "scenario": "Restore the ledger from last night's copy",
         "started_at": "2026-07-02 09:00", "recovered_at": "2026-07-02 10:25"},
    )  # fmt: skip
    catalogue_changes.save_drill(session, viewer=people.ada, entry=drill, now=NOW)


def build(home: Path, **changes: Any) -> tuple[Flask, Engine, dict[str, str]]:
    """A migrated instance in ``home`` with the world in it."""
    settings = settings_for(home, **changes)
    engine = make_engine(settings.database_url)
    migrate.upgrade(engine, now=NOW)
    with writing(engine) as session:
        people = make_people(session, NOW)
        write_postmortems(session, people)
        write_catalogue(session, people)
        cookies = sign_everybody_in(session, people)
    return create_app(settings, engine=engine, clock=lambda: NOW), engine, cookies


def sign_everybody_in(session: Session, people: People) -> dict[str, str]:
    """A password and a session for each of the five."""
    everybody: list[Viewer] = [people.ines, people.ravi, people.vera, people.otto, people.ada]
    for person in everybody:
        give_password(session, person.name)
    return {person.name: cookie_for(session, person.name) for person in everybody}


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The app on a free port of the loopback address, in a thread of this process."""
    server = create_server(
        app, host="127.0.0.1", port=0, threads=4, clear_untrusted_proxy_headers=True
    )
    thread = threading.Thread(target=_run, args=(server,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.effective_port}"
    server.close()
    server.task_dispatcher.shutdown()
    thread.join(timeout=5)


def _run(server: Any) -> None:
    """Serve until the socket is closed, which select reports as a bad descriptor."""
    try:
        server.run()
    except OSError:
        return

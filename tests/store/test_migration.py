"""A database that people filled under the first schema comes to the newest one with all it held."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import Column, Connection, Engine, MetaData, Table, func, inspect, select, text
from sqlmodel import Session
from sqlmodel import select as select_rows

from rca.domain.access import OPERATOR
from rca.services import reading
from rca.store import audit, migrate
from rca.store import tables as t
from rca.store.engine import make_engine, writing
from rca.store.engine import reading as reading_of
from rca.store.tables import metadata
from tests.conftest import NOW
from tests.e2e import world
from tests.people import make_people

FIRST = "0001"  # the first released schema


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    """What people wrote, under the newest schema; only what the first one knew is taken over."""
    home = tmp_path_factory.mktemp("filled")
    engine = make_engine(f"sqlite:///{home / 'filled.db'}")
    migrate.upgrade(engine, now=NOW)
    with writing(engine) as session:
        people = make_people(session, NOW)
        world.write_postmortems(session, people)
        world.write_catalogue(session, people)
    return engine


@pytest.fixture(params=["sqlite", "postgresql"])
def bare_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """A database of this test's own without any table."""
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'bare.db'}")
        yield engine
        engine.dispose()
        return
    server = make_engine(request.getfixturevalue("postgresql_url"))
    name = f"bare_{uuid4().hex[:12]}"
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
        engine = make_engine(server.url.set(database=name).render_as_string(hide_password=False))
        yield engine
        engine.dispose()
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    server.dispose()


def _to_first(engine: Engine) -> None:
    with engine.execution_options(rca_write=True).begin() as connection:
        command.upgrade(migrate.config(connection), FIRST)


def _as_of(connection: Connection, name: str) -> Table:
    """A table with the columns that the database at hand has, in the code's own types."""
    there = {column["name"] for column in inspect(connection).get_columns(name)}
    columns = [Column(c.name, c.type) for c in metadata.tables[name].columns if c.name in there]
    return Table(name, MetaData(), *columns)


def _fill(source: Engine, target: Engine) -> dict[str, int]:
    """Insert the rows of ``source`` as the first schema holds them; returns how many of each."""
    counts: dict[str, int] = {}
    with source.connect() as old, target.execution_options(rca_write=True).begin() as new:
        known = set(inspect(new).get_table_names())
        for table in metadata.sorted_tables:
            if table.name not in known:
                continue
            shape = _as_of(new, table.name)
            wanted = [table.c[column.name] for column in shape.columns]
            rows = [dict(row) for row in old.execute(select(*wanted)).mappings()]
            if rows:
                new.execute(shape.insert(), rows)
            counts[table.name] = len(rows)
    return counts


def _contents(engine: Engine) -> dict[str, Any]:
    with reading_of(engine) as session:
        references = session.exec(select_rows(t.PostmortemRow.reference)).all()
        return {one: _content(session, one) for one in references}


def _content(session: Session, reference: str) -> Any:
    return reading.view(session, viewer=OPERATOR, reference=reference, live=True).content


def test_what_the_first_schema_held_is_all_there(
    filled: Engine, bare_engine: Engine, tmp_path: Path
) -> None:
    _to_first(bare_engine)
    counts = _fill(filled, bare_engine)
    assert counts["postmortem"] >= 7
    assert sum(1 for count in counts.values() if count) > 15
    assert migrate.upgrade(bare_engine, backups=tmp_path / "backups", now=NOW)
    assert migrate.differences(bare_engine) == []
    with bare_engine.connect() as connection:
        after = {
            name: connection.execute(
                select(func.count()).select_from(metadata.tables[name])
            ).scalar_one()
            for name in counts
        }
    assert {name: count for name, count in after.items() if count < counts[name]} == {}
    assert _contents(bare_engine) == _contents(filled)
    with reading_of(bare_engine) as session:
        assert audit.first_broken(session) is None
    copies = list((tmp_path / "backups").glob("*.db"))
    assert len(copies) == (bare_engine.dialect.name == "sqlite")


def test_a_lost_row_would_be_seen(filled: Engine, bare_engine: Engine) -> None:
    _to_first(bare_engine)
    _fill(filled, bare_engine)
    with bare_engine.execution_options(rca_write=True).begin() as connection:
        connection.execute(metadata.tables["timeline_entry"].delete())
    migrate.upgrade(bare_engine, now=NOW)
    assert _contents(bare_engine) != _contents(filled)

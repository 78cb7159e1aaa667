"""Engines and transactions.

SQLite's WAL-reset race (3.7.0 to 3.51.2) can lose committed writes, so the version is checked at
start: an affected library runs in rollback-journal mode. Writes begin IMMEDIATE: a deferred
read-then-write fails at once under contention in spite of any busy timeout.
"""

import importlib
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlmodel import Session

FIXED_SQLITE = (3, 51, 3)
BUSY_MILLISECONDS = 15_000
"""A mining run holds the write lock for seconds; a writer that waits is better than a 500."""


def sqlite_module() -> ModuleType:
    """The SQLite driver to use: the standard one when sound, else the bundled newer one."""
    if sqlite3.sqlite_version_info >= FIXED_SQLITE:
        return sqlite3
    try:
        return importlib.import_module("pysqlite3.dbapi2")
    except ImportError:
        return sqlite3


def journal_mode(version: tuple[int, ...]) -> str:
    """WAL where the library is sound, DELETE where WAL could lose a committed write."""
    return "WAL" if version >= FIXED_SQLITE else "DELETE"


def _prepare_sqlite(engine: Engine, mode: str) -> None:
    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA journal_mode={mode}")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("rca_write") else "BEGIN")


def _make_private(path: str | None) -> None:
    """Create the database file readable by its owner only; side files take over its rights."""
    if path and path != ":memory:" and not os.path.exists(path):
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def make_engine(url: str) -> Engine:
    """An engine for SQLite or PostgreSQL, set up as the rules at the head of this module say."""
    if not url.startswith("sqlite"):
        return create_engine(url, pool_pre_ping=True)
    module = sqlite_module()
    _make_private(make_url(url).database)
    # psycopg and SQLite differ in collation and locking, not in what the queries mean.
    engine = create_engine(url, module=module, connect_args={"timeout": BUSY_MILLISECONDS / 1000})
    _prepare_sqlite(engine, journal_mode(module.sqlite_version_info))
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """A session for reading; whatever it holds is rolled back."""
    with Session(engine, expire_on_commit=False) as session:
        yield session
        session.rollback()


@contextmanager
def writing(engine: Engine) -> Iterator[Session]:
    """One writing transaction: commits when the block ends, rolls back when it raises."""
    writer = engine.execution_options(rca_write=True)
    with Session(writer, expire_on_commit=False) as session:
        yield session
        session.commit()

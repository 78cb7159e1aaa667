"""A starting point made once by the product itself, then laid into each test's database as rows.

Writing four postmortems and mining them takes half a second, and hundreds of tests begin so. What
the first test of a process writes is read from the tables and put back for the others, row by row
as it stood, so that each has it to itself and may change it.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection
from sqlmodel import Session

from rca.store.tables import metadata

Value = TypeVar("Value")
Rows = dict[str, list[str]]
"""Table -> its rows, each as JSON, in the order in which they lie."""

TABLES = [*(table.name for table in metadata.sorted_tables), "postmortem_search"]
"""Every table that the product writes."""


@dataclass(frozen=True)
class _Kept:
    value: object
    rows: Rows
    counters: dict[str, int]


_KEPT: dict[tuple[str, str, str], _Kept] = {}


def prepared(session: Session, key: str, build: Callable[[], Value]) -> Value:
    """What ``build`` returns, with the rows that it writes in the session's transaction.

    ``key`` names the starting point with the ids that it builds on; what happened before is told
    from the audit trail. ``build`` only adds rows. Its value is copied: no row objects in it.
    """
    connection = session.connection()
    name = (connection.dialect.name, key, _newest(connection))
    if name in _KEPT:
        session.flush()
        _put(connection, _KEPT[name])
        value: Value = copy.deepcopy(_KEPT[name].value)  # type: ignore[assignment]
        return value
    session.flush()
    before = _dump(connection)
    made = build()
    session.flush()
    _KEPT[name] = _Kept(
        copy.deepcopy(made), _added(before, _dump(connection)), _counters(connection)
    )
    return made


def _newest(connection: Connection) -> str:
    query = "SELECT hash FROM audit_event ORDER BY seq DESC LIMIT 1"
    return str(connection.exec_driver_sql(query).scalar() or "")


def _added(before: Rows, after: Rows) -> Rows:
    found: Rows = {}
    for name, rows in after.items():
        known = set(before.get(name, ()))
        assert known <= set(rows), f"a row of {name} was changed: only new rows can be kept"
        if fresh := [row for row in rows if row not in known]:
            found[name] = fresh
    return found


def _columns(connection: Connection, name: str) -> list[str]:
    listed = connection.exec_driver_sql(f'PRAGMA table_info("{name}")')
    return [str(row[1]) for row in listed]


def _dump(connection: Connection) -> Rows:
    found: Rows = {}
    for name in TABLES:
        if connection.dialect.name == "postgresql":
            query = f'SELECT to_jsonb(x)::text FROM "{name}" x'
            rows = [str(row[0]) for row in connection.exec_driver_sql(query)]
        else:
            rows = [
                json.dumps(list(row))
                for row in connection.exec_driver_sql(f'SELECT * FROM "{name}"')
            ]
        if rows:
            found[name] = rows
    return found


def _put(connection: Connection, kept: _Kept) -> None:
    for name, rows in kept.rows.items():
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(
                f'INSERT INTO "{name}" SELECT * FROM jsonb_populate_recordset(null::"{name}", %s::jsonb)',
                (f"[{','.join(rows)}]",),
            )
        else:
            columns = _columns(connection, name)
            names, marks = ",".join(f'"{c}"' for c in columns), ",".join("?" * len(columns))
            values = [tuple(json.loads(row)) for row in rows]
            connection.exec_driver_sql(f'INSERT INTO "{name}" ({names}) VALUES ({marks})', values)
    for sequence, last in kept.counters.items():
        connection.exec_driver_sql("SELECT setval(%s::regclass, %s)", (sequence, last))


def _counters(connection: Connection) -> dict[str, int]:
    """Where PostgreSQL's sequences stand; SQLite counts on from the largest number by itself."""
    if connection.dialect.name != "postgresql":
        return {}
    query = "SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL"
    return {str(name): int(last) for name, last in connection.exec_driver_sql(query)}

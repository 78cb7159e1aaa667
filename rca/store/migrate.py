"""Schema upgrades by alembic, the same on both databases, backed up first on SQLite."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from rca.errors import ThroughlineError
from rca.paths import migrations_dir
from rca.store.engine import sqlite_module
from rca.store.tables import metadata

_LOCK = 7_220_114
_NOT_OURS = ("postmortem_search",)


class SchemaNewer(ThroughlineError):
    """The database was written by a newer version; running this one could lose what it added."""


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration, without any file of its own."""
    made = Config()
    made.set_main_option("script_location", str(migrations_dir()))
    made.attributes["connection"] = connection
    return made


def include_object(_item: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
    """Leave the search index out of comparisons: each database has a shape of its own for it."""
    return not (name or "").startswith(_NOT_OURS)


def current(connection: Connection) -> str | None:
    """The schema version of a database, None when empty."""
    return MigrationContext.configure(connection).get_current_revision()


def head() -> str:
    """The schema version that this code expects."""
    found = ScriptDirectory.from_config(config()).get_current_head()
    assert found is not None
    return found


def _known() -> set[str]:
    script = ScriptDirectory.from_config(config())
    return {revision.revision for revision in script.walk_revisions()}


def pending(engine: Engine) -> bool:
    """Whether the database needs an upgrade. Raises SchemaNewer when it is ahead of this code."""
    with engine.connect() as connection:
        found = current(connection)
    if found is not None and found not in _known():
        raise SchemaNewer(
            f"The database is at schema {found}, which this version does not know. "
            "Run the newer version that wrote it."
        )
    return found != head()


def backup(engine: Engine, folder: Path, now: datetime) -> Path | None:
    """Copy a SQLite database with its backup API; None for others or when it is empty."""
    source = engine.url.database
    if engine.dialect.name != "sqlite" or not source or not Path(source).exists():
        return None
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    target = folder / f"before-migration-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.db"
    module = sqlite_module()
    with module.connect(source) as old, module.connect(str(target)) as new:
        old.backup(new)
    old.close()
    new.close()
    target.chmod(0o600)
    return target


def upgrade(engine: Engine, *, backups: Path | None = None, now: datetime) -> bool:
    """Bring the schema to head in one transaction. Returns whether anything was done."""
    if not pending(engine):
        return False
    with engine.connect() as connection:
        populated = current(connection) is not None
    if populated and backups is not None:
        backup(engine, backups, now)
    with engine.execution_options(rca_write=True).begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL lock_timeout = '20s'"))
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if current(connection) != head():
            command.upgrade(config(connection), "head")
    return True


def differences(engine: Engine) -> list[Any]:
    """What the live schema lacks against the tables of the code; empty when equal."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"include_object": include_object, "compare_type": True}
        )
        return list(compare_metadata(context, metadata))


def free_space(folder: Path) -> int:
    """Bytes free where the database lives."""
    return shutil.disk_usage(folder).free

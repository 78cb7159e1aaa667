"""What every command starts from: settings, a migrated store, the clock, and plain output."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine
from sqlmodel import Session

from rca.config import Settings, load_settings, prepare_home
from rca.store import engine as store
from rca.store import migrate


@dataclass(frozen=True, slots=True)
class Home:
    """One instance: its settings and its store at the schema of this version."""

    settings: Settings
    engine: Engine

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for reading."""
        with store.reading(self.engine) as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """One writing transaction."""
        with store.writing(self.engine) as session:
            yield session


def now() -> datetime:
    """The command's instant, aware UTC."""
    return datetime.now(UTC)


def open_home() -> Home:
    """The instance that the environment names, made and migrated when it is not there yet."""
    settings = load_settings()
    prepare_home(settings.home)
    engine = store.make_engine(settings.database_url)
    migrate.upgrade(engine, backups=settings.home / "backups", now=now())
    return Home(settings, engine)


def print_json(value: Any) -> None:
    """JSON on stdout, stable in key order, readable."""
    click.echo(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str))


def write_out(data: bytes | str, out: Path | None) -> None:
    """Write to ``out``, or to stdout when it is None or ``-``."""
    if out is None or str(out) == "-":
        click.echo(data, nl=False)
        return
    out.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(data, str):
        out.write_text(data, encoding="utf-8")
    else:
        out.write_bytes(data)
    click.echo(f"Wrote {out}", err=True)

"""``rca migrate``."""

import click

from rca.cli.context import now
from rca.config import load_settings, prepare_home
from rca.store import migrate
from rca.store.engine import make_engine


@click.command()
def command() -> None:
    """Bring the database to this version's schema.

    A SQLite database that holds data is copied to RCA_HOME/backups first.
    """
    settings = load_settings()
    prepare_home(settings.home)
    done = migrate.upgrade(
        make_engine(settings.database_url), backups=settings.home / "backups", now=now()
    )
    click.echo(f"Schema {migrate.head()}: {'upgraded' if done else 'already there'}.")

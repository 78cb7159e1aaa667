"""``rca worker``."""

import logging

import click

from rca.cli.context import open_home


@click.command()
def command() -> None:
    """Run background jobs until stopped. `rca serve` starts one by itself.

    Start more of these on further hosts when they share one PostgreSQL; each job runs once.
    """
    from rca.jobs import serve_jobs

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    for chatty in ("huey", "alembic"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    home = open_home()
    click.echo("Worker: waiting for jobs.", err=True)
    serve_jobs(home.engine, home.settings)

"""``rca doctor``."""

import sys

import click

from rca.cli.context import print_json
from rca.config import DOCUMENTED, load_settings, prepare_home
from rca.services import diagnosis
from rca.store.engine import make_engine

_MARKS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--settings", "list_settings", is_flag=True, help="List every RCA_* setting.")
def command(as_json: bool, list_settings: bool) -> None:
    """Check database, schema, audit trail, file rights, disk, jobs and PDF; change nothing.

    Exit code 0 when nothing failed, 2 otherwise.
    """
    if list_settings:
        for name, words in DOCUMENTED.items():
            click.echo(f"{name:<20} {words}")
        return
    settings = load_settings()
    prepare_home(settings.home)
    checks = diagnosis.examine(make_engine(settings.database_url), settings)
    if as_json:
        print_json({"checks": [{"name": c.name, "verdict": c.verdict, "found": c.found,
                                "advice": c.advice} for c in checks]})  # fmt: skip
    else:
        for check in checks:
            click.echo(f"{_MARKS[check.verdict]}  {check.name}: {check.found}")
            if check.advice:
                click.echo(f"      {check.advice}")
    sys.exit(2 if any(check.verdict == "fail" for check in checks) else 0)

"""``rca mine``."""

import sys

import click

from rca.cli.context import now, open_home, print_json
from rca.services.mining import SEED
from rca.services.mining_runs import RunSummary


@click.command()
@click.option("--seed", type=int, default=SEED, show_default=True, help="Seed of the resamples.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(seed: int, as_json: bool) -> None:
    """Look for recurring causes over the published postmortems, now.

    Restricted postmortems take no part. Patterns keep their number, name and what was decided
    about them. The same data and seed give the same result.
    """
    from rca.services.mining import mine_now

    home = open_home()
    summary = mine_now(home.engine, now=now(), seed=seed, progress=_progress)
    if as_json:
        print_json(summary.as_dict())
        return
    _tell(summary)


def _progress(step: str, done: int, total: int) -> None:
    """One line on stderr that is written over, on a terminal only."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{step} {done}/{total}", nl=step == "Done", err=True)


def _tell(summary: RunSummary) -> None:
    click.echo(f"Read {summary.records} published postmortems.")
    if summary.restricted_left_out:
        click.echo(f"{summary.restricted_left_out} restricted ones were left out.")
    click.echo(
        f"{summary.patterns} patterns ({summary.new} new, {summary.gone} dissolved); "
        f"{summary.unassigned} postmortems stand in none."
    )
    for note in summary.notes:
        click.echo(note)
    if summary.suggestions:
        click.echo(f"{summary.suggestions} guardrails suggested: see `rca guardrails list`.")

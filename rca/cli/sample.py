"""``rca sample``, and what ``rca serve --demo`` does first."""

import sys
from collections.abc import Mapping

import click

from rca.cli.context import Home, now, open_home, print_json
from rca.errors import NotNow

_TOLD = ("postmortem", "change", "deployment", "service", "account")


@click.command()
@click.option("--force", is_flag=True, help="Load it beside postmortems of your own.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def command(force: bool, as_json: bool) -> None:
    """Load the invented company into an empty instance.

    Ten accounts without passwords, eight services, some 75 postmortems and 3,500 changes of
    Fernwick Home, which does not exist. A second run adds nothing. An instance that holds other
    postmortems is left alone: sample data would mix into real statistics. Patterns come with
    `rca mine`.
    """
    home = open_home()
    if not force:
        _refuse_mixing(home)
    counts = _load(home)
    if as_json:
        print_json(counts)
    else:
        click.echo(_told(counts))


def fill(home: Home) -> None:
    """Load the sample into a demo instance and mine it, unless that was done before.

    What people wrote into the demo since stays; only an instance that never held the sample and
    holds other postmortems is refused.
    """
    from rca.services import sample
    from rca.services.mining import mine_now
    from rca.services.mining_runs import last_run_id

    with home.reading() as session:
        done, mined = sample.is_loaded(session), last_run_id(session) is not None
    if not done:
        _refuse_mixing(home)
        click.echo(_told(_load(home)))
    if not mined:
        summary = mine_now(home.engine, now=now(), progress=_progress)
        click.echo(f"Mined {summary.records} postmortems: {summary.patterns} patterns.")


def _refuse_mixing(home: Home) -> None:
    from rca.services import sample

    with home.reading() as session:
        foreign = sample.others(session)
    if foreign:
        raise NotNow(
            f"This instance holds {_many(foreign, 'postmortem')} of its own; sample data would mix "
            "into its statistics. Point RCA_HOME to another folder, or add --force."
        )


def _load(home: Home) -> Mapping[str, int]:
    from rca.services import sample

    return sample.load(home.engine, home.settings, now=now(), progress=_progress)


def _progress(step: str, done: int, total: int) -> None:
    """One line on stderr that is written over, on a terminal only."""
    if sys.stderr.isatty():
        click.echo(f"\r\033[K{step} {done}/{total}", nl=step == "Done", err=True)


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def _told(counts: Mapping[str, int]) -> str:
    added = [_many(counts[f"{noun}s"], noun) for noun in _TOLD if counts.get(f"{noun}s")]
    told = f"Added {', '.join(added)}." if added else "The sample company is here already."
    if counts.get("kept"):
        told += f" {_many(counts['kept'], 'reference')} of yours stayed as they were."
    return told

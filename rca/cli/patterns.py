"""``rca patterns``."""

from typing import Any

import click

from rca.cli.context import open_home, print_json
from rca.cli.findings import NO_RUN
from rca.services.pattern_document import pattern_document
from rca.services.pattern_filter import DEFAULT_ORDER, ORDERS
from rca.services.pattern_values import PatternItem
from rca.services.patterns import list_patterns


@click.command()
@click.option("--order", type=click.Choice(list(ORDERS)), default=DEFAULT_ORDER, show_default=True)
@click.option(
    "--organisation", help="Whose; `all` for every one. Default: own, or all if own has none."
)
@click.option("--json", "as_json", is_flag=True, help="Print members and evidence as JSON.")
def command(order: str, organisation: str | None, as_json: bool) -> None:
    """List what recurs, with its evidence, from the newest mining run.

    Run `rca mine` first. Restricted postmortems are in no pattern.
    """
    home = open_home()
    with home.reading() as session:
        page = list_patterns(session, order=order, organisation=organisation)
        if as_json:
            print_json({"patterns": [pattern_document(session, item.id) for item in page.items]})
            if page.run is None:
                click.echo(NO_RUN, err=True)
            return
    if page.run is None:
        click.echo(NO_RUN)
        return
    if not page.items:
        click.echo("Nothing recurs yet that would hold up; single postmortems stand alone.")
        if page.organisations:
            others = sum(count for _, count in page.organisations)
            click.echo(f"{others} patterns in other organisations: add `--organisation all`.")
    for item in page.items:
        _tell(item, name_whose=not page.organisation)
    click.echo(f"{page.unassigned} postmortems stand in no pattern.")


def _tell(item: PatternItem, *, name_whose: bool) -> None:
    whose = f"  [{item.organisation}]" if name_whose else ""
    click.echo(f"{item.id}  {item.size} incidents  {item.name}{whose}")
    told: list[Any] = [f"stability {item.stability:.2f}"] if item.stability is not None else []
    told += [f"AI confirmed in {item.ai.share.fraction} answered"] if item.ai.share.n else []
    told += [f"{item.open_actions} open actions"] if item.open_actions else []
    if told:
        click.echo("      " + ", ".join(told))

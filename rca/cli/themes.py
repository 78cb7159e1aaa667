"""``rca themes``."""

import click

from rca.cli.context import open_home, print_json
from rca.cli.findings import NO_RUN
from rca.services.finding_document import themes_document
from rca.services.themes import ThemesPage, list_themes


@click.command()
@click.option("--json", "as_json", is_flag=True, help='Print JSON: {"themes": [...], ...}.')
def command(as_json: bool) -> None:
    """List causes over all organisations, from a hundred published postmortems on.

    Read without the words of single organisations; unstable ones are hidden and counted.
    """
    with open_home().reading() as session:
        page = list_themes(session)
    if as_json:
        print_json(themes_document(page))
    else:
        _tell(page)
    if not page.rows:
        click.echo(_why_none(page), err=as_json)


def _why_none(page: ThemesPage) -> str:
    if page.run is None:
        return NO_RUN
    return page.reason or "No theme holds up in this run."


def _tell(page: ThemesPage) -> None:
    for theme in page.rows:
        click.echo(f"{theme.size} incidents  {theme.name}")
        click.echo(
            f"      {theme.organisations} organisations, "
            f"{theme.stability:.0%} keep this cause in resamples"
        )
        for quote in theme.quotes[:1]:
            click.echo(f"      “{quote}”")
    if page.hidden:
        click.echo(f"{page.hidden} themes are hidden: their incidents do not keep their cause.")
    if page.rows:
        click.echo(f"{page.rest} postmortems tell of no one cause clearly and stand in none.")

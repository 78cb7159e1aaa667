"""``rca review``: reliability reviews as records, from draft to publication."""

import click

from rca.cli.context import now, open_home, print_json
from rca.domain.access import OPERATOR
from rca.services import look, review_numbers, review_reading, review_records, reviews

_SCOPE = (
    click.option(
        "--organisation",
        "whose",
        default="",
        metavar="NAME",
        help="Whose incidents: a name, or all. Default: your own.",
    ),
    click.option("--team", default="", metavar="NAME", help="Only what concerns this team."),
    click.option("--tier", type=int, help="Only services of this tier."),
)


def scoped(command: click.decorators.FC) -> click.decorators.FC:
    """The options that choose whose incidents a review is about."""
    for option in reversed(_SCOPE):
        command = option(command)
    return command


@click.group()
def command() -> None:
    """Reliability reviews on record.

    A draft follows the records; freezing keeps its figures; publishing keeps figures and words
    for good. The words are written on the web page. REFERENCE is what `rca review list` shows.
    """


@command.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List the reviews on record, the newest period first."""
    with open_home().reading() as session:
        lines = review_reading.list_records(session)
    if as_json:
        print_json({"reviews": [_plain(line) for line in lines]})
        return
    for line in lines:
        state = line.state.label.lower()
        when = f" on {line.published_at:%Y-%m-%d}" if line.published_at else ""
        scope = f"  {line.scope}" if line.scope else ""
        click.echo(f"{line.reference:24} {state}{when}{scope}  {line.verdict}".rstrip())
    if not lines:
        click.echo("No review is on record. `rca review create 2026-Q3` starts one.", err=True)


def _plain(line: review_reading.ReviewLine) -> dict[str, object]:
    return {
        "reference": line.reference,
        "period": line.period,
        "state": line.state.value,
        "version": line.number,
        "scope": line.scope,
        "verdict": line.verdict,
        "digest": line.digest or None,
        "published_at": line.published_at.isoformat() if line.published_at else None,
    }


@command.command()
@click.argument("period")
@scoped
def create(period: str, whose: str, team: str, tier: int | None) -> None:
    """Start a draft of PERIOD: 2026-Q3, FY2027-Q1, 2026-09, 2026, or 2026-07-01..2026-08-15."""
    home = open_home()
    with home.writing() as session:
        reference = review_records.create(
            session,
            viewer=OPERATOR,
            period=reviews.parse_period(period, fiscal_start=home.settings.fiscal_start),
            now=now(),
            whose=whose,
            team=team,
            tier=tier,
            organisation=look.name_of(session, settings_name=home.settings.organisation),
        )
    click.echo(reference)


@command.command()
@click.argument("reference")
def freeze(reference: str) -> None:
    """Keep the figures of REFERENCE as they are now. Prints their digest."""
    home = open_home()
    with home.writing() as session:
        digest = review_records.freeze(
            session,
            viewer=OPERATOR,
            reference=reference,
            base_version=review_records.find(session, reference).version,
            now=now(),
            organisation=look.name_of(session, settings_name=home.settings.organisation),
        )
    click.echo(digest)


@command.command()
@click.argument("reference")
def thaw(reference: str) -> None:
    """Let the figures of REFERENCE follow the records again, before publication."""
    with open_home().writing() as session:
        version = review_records.find(session, reference).version
        review_records.thaw(
            session, viewer=OPERATOR, reference=reference, base_version=version, now=now()
        )
    click.echo(f"{reference} is a draft again.")


@command.command()
@click.argument("reference")
def publish(reference: str) -> None:
    """Publish REFERENCE. From then on nothing of it changes."""
    with open_home().writing() as session:
        version = review_records.find(session, reference).version
        review_records.publish(
            session, viewer=OPERATOR, reference=reference, base_version=version, now=now()
        )
    click.echo(f"{reference} is published.")


@command.command()
@click.argument("reference")
@click.argument("text")
def addendum(reference: str, text: str) -> None:
    """Add TEXT under the published REFERENCE, with today's date."""
    with open_home().writing() as session:
        review_records.add_addendum(
            session, viewer=OPERATOR, reference=reference, text=text, now=now()
        )
    click.echo("Added.")


@command.command()
@click.argument("reference")
@click.option("--json", "as_json", is_flag=True, help="Print the whole value as JSON.")
def show(reference: str, as_json: bool) -> None:
    """Print REFERENCE as Markdown, with its words and figures."""
    home = open_home()
    with home.reading() as session:
        row = review_records.find(session, reference)
        figures = None
        if not row.snapshot:
            name = look.name_of(session, settings_name=home.settings.organisation)
            figures = review_records.live(session, row, now=now(), organisation=name)
        view = review_reading.view(session, row, figures)
    shape = "json" if as_json else "md"
    click.echo(review_numbers.numbers(view.review, shape).decode().rstrip())
    if view.late and view.late.words:
        click.echo(view.late.words, err=True)

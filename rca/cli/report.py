"""``rca report``: PDFs and numbers of one postmortem or of one quarter."""

from pathlib import Path

import click

from rca.cli.context import Home, now, open_home, write_out
from rca.domain.access import OPERATOR
from rca.services import report_pdf, review_numbers, reviews

_PAPER = click.option(
    "--paper", type=click.Choice(["a4", "letter"]), default="a4", show_default=True,
    help="Size of the paper.",
)  # fmt: skip
_OUT = click.option(
    "--out", type=click.Path(path_type=Path, allow_dash=True),
    help="File to write, - for standard output. Default: a name in this folder.",
)  # fmt: skip


@click.group()
def command() -> None:
    """PDF of one postmortem or of one quarter.

    Rendering runs in a child process that reads no file and opens no connection. It needs Pango;
    `rca doctor` says whether it is there. The numbers of a quarter need nothing.
    """


@command.command()
@click.argument("key")
@_OUT
@click.option(
    "--variant",
    type=click.Choice(list(report_pdf.VARIANTS)),
    default="full",
    show_default=True,
    help="The whole record, one page for leadership, or only the texts for customers.",
)
@_PAPER
@click.option(
    "--names", is_flag=True, help="Print the owners of actions too. Roles only otherwise."
)
def postmortem(key: str, out: Path | None, variant: str, paper: str, names: bool) -> None:
    """PDF of the postmortem KEY, such as INC-2026-0007."""
    home = open_home()
    with home.reading() as session:
        document = report_pdf.postmortem_document(
            session,
            viewer=OPERATOR,
            reference=key,
            organisation=home.settings.organisation,
            variant=variant,
            paper=paper,
            names=names,
        )
    _render(home, document, out)


@command.command()
@click.argument("name")
@_OUT
@click.option(
    "--format",
    "shape",
    type=click.Choice(["pdf", *review_numbers.SHAPES]),
    default="pdf",
    show_default=True,
    help="The PDF, the text for a wiki, or the numbers behind every chart.",
)
@click.option(
    "--organisation",
    "whose",
    default="",
    metavar="NAME",
    help="Whose incidents: a name, or all. Default: your own.",
)
@_PAPER
def quarter(name: str, out: Path | None, shape: str, whose: str, paper: str) -> None:
    """The reliability review of a quarter NAME, such as 2026-Q3."""
    home = open_home()
    with home.reading() as session:
        review = reviews.build(
            session,
            quarter=reviews.parse_quarter(name),
            now=now(),
            organisation=home.settings.organisation,
            whose=whose,
        )
        document = report_pdf.quarter_document(session, review=review, paper=paper)
    if shape == "pdf":
        _render(home, document, out)
        return
    target = out or Path(f"reliability-review-{name}{review_numbers.SHAPES[shape]}")
    write_out(review_numbers.numbers(review, shape), target)


def _render(home: Home, document: report_pdf.Document, out: Path | None) -> None:
    click.echo(f"Rendering {document.name} …", err=True)
    write_out(report_pdf.pdf_of(document, home=home.settings.home), out or Path(document.name))

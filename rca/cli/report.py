"""``rca report``: PDFs and numbers of one postmortem or of one quarter."""

from collections.abc import Callable
from pathlib import Path

import click
from sqlmodel import Session

from rca.cli.context import Home, now, open_home, write_out
from rca.cli.review import scoped
from rca.domain.access import OPERATOR
from rca.domain.mail import is_address
from rca.errors import Invalid, NotFound, NotNow, Problem
from rca.services import (
    briefs,
    look,
    report_pdf,
    review_numbers,
    review_pages,
    review_records,
    reviews,
)
from rca.services.review_pages import ReviewPage

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
    """PDFs: postmortem, reliability review, pattern, guardrail.

    Rendering runs in processes of its own that read no file and open no connection. It needs Pango;
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
            organisation=look.name_of(session, settings_name=home.settings.organisation),
            variant=variant,
            paper=paper,
            names=names,
        )
    _render(home, document, out)


@command.command()
@click.argument("identifier")
@_OUT
@_PAPER
def pattern(identifier: str, out: Path | None, paper: str) -> None:
    """The brief of a recurring cause, by its IDENTIFIER such as P-01."""
    _brief(briefs.pattern_document, identifier, out, paper)


@command.command()
@click.argument("identifier")
@_OUT
@_PAPER
def guardrail(identifier: str, out: Path | None, paper: str) -> None:
    """The brief of a guardrail, by its IDENTIFIER such as GR-0001."""
    _brief(briefs.guardrail_document, identifier, out, paper)


def _brief(
    made: Callable[..., report_pdf.Document], identifier: str, out: Path | None, paper: str
) -> None:
    home = open_home()
    with home.reading() as session:
        document = made(
            session,
            identifier=identifier,
            now=now(),
            organisation=look.name_of(session, settings_name=home.settings.organisation),
            paper=paper,
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
@scoped
@click.option("--live", is_flag=True, help="Figures of the moment, though a review is published.")
@_PAPER
@click.option(
    "--mail-to",
    default="",
    metavar="LIST",
    help="Send the PDF to a list (`rca mail list`) or to one address instead of writing it.",
)
def quarter(
    name: str,
    out: Path | None,
    shape: str,
    whose: str,
    team: str,
    tier: int | None,
    live: bool,
    paper: str,
    mail_to: str,
) -> None:
    """The reliability review of a period NAME, such as 2026-Q3, or of a review on record.

    A published review is taken when there is one; standard error says which.
    """
    home = open_home()
    with home.reading() as session:
        page = _page(home, session, name, whose=whose, team=team, tier=tier, live=live)
        document = report_pdf.quarter_document(
            session, review=page.review, paper=paper, incident=page.incident, look=page.look
        )
    edition = page.review.edition
    click.echo(f"{edition.words}, data {page.review.digest[:12]}.", err=True)
    if mail_to:
        _mail(home, page, document, mail_to)
        return
    if shape == "pdf":
        _render(home, document, out)
        return
    file = edition.reference or name
    target = out or Path(f"reliability-review-{file}{review_numbers.SHAPES[shape]}")
    write_out(review_numbers.numbers(page.review, shape), target)


def _page(
    home: Home, session: Session, name: str, *, whose: str, team: str, tier: int | None, live: bool
) -> ReviewPage:
    organisation = look.name_of(session, settings_name=home.settings.organisation)
    try:
        period = reviews.parse_period(name, fiscal_start=home.settings.fiscal_start)
    except NotFound as unreadable:
        try:
            return review_pages.record_page(
                session, reference=name, now=now(), organisation=organisation
            )
        except NotFound:
            raise unreadable from None
    reference = None if live else review_records.published_reference(
        session, period=period, whose=whose, team=team, tier=tier
    )  # fmt: skip
    if reference:
        return review_pages.record_page(
            session, reference=reference, now=now(), organisation=organisation
        )
    return review_pages.live_page(
        session, period=period, now=now(), organisation=organisation, whose=whose, team=team,
        tier=tier,
    )  # fmt: skip


def _render(home: Home, document: report_pdf.Document, out: Path | None) -> None:
    with home.reading() as session:
        document = look.dressed(document, look.of(session, document))
    click.echo(f"Rendering {document.name} …", err=True)
    write_out(report_pdf.pdf_of(document, home=home.settings.home), out or Path(document.name))


def _mail(home: Home, page: ReviewPage, document: report_pdf.Document, to: str) -> None:
    """Send the PDF, or a link when it is too large; the same bytes go to an address once."""
    from rca.cli.digest import send_waiting
    from rca.services import review_mail
    from rca.services.review_delivery import Delivery

    if home.settings.smtp is None:
        raise NotNow("No mail server is set. RCA_SMTP_HOST and RCA_MAIL_FROM name one.")
    if "@" in to and not is_address(to):
        raise Invalid([Problem("mail-to", f"“{to}” is no address.")])
    with home.reading() as session:
        found = None if "@" in to else review_mail.find_list(session, to)
        document = look.dressed(document, look.of(session, document))
    click.echo(f"Rendering {document.name} …", err=True)
    data = report_pdf.pdf_of(document, home=home.settings.home)
    reference, period = page.review.edition.reference, page.review.quarter
    delivery = Delivery(
        document,
        period,
        f"Reliability review {period}",
        f"{page.review.title}. {page.review.edition.words}.",
        f"/reviews/records/{reference}" if reference else f"/reviews/{period}",
    )
    with home.writing() as session:
        queued = review_mail.send_delivery(
            session,
            settings=home.settings,
            delivery=delivery,
            pdf_bytes=data,
            addresses=found.addresses if found else (to,),
            list_name=found.name if found else "",
            now=now(),
        )
    send_waiting(home)
    click.echo(f"{queued} new in line. `rca mail log` says what became of each.")

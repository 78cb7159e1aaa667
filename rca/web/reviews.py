"""The quarterly review: the list of quarters, one quarter, its charts, PDF and numbers."""

from flask import Blueprint, Response, render_template, request
from sqlmodel import Session

from rca.domain.access import Permission
from rca.domain.postmortem import OWN_ORGANISATION
from rca.services import report_pdf, review_numbers, review_pages, reviews
from rca.services.reviews import Review
from rca.web.access import allow
from rca.web.context import now, reading, settings
from rca.web.reports import answer_pdf, paper

blueprint = Blueprint("reviews", __name__)
_KINDS = {
    "md": "text/markdown; charset=utf-8",
    "csv": "application/zip",
    "parquet": "application/zip",
    "json": "application/json",
}


def _whose() -> str:
    """Whose records the address asks for; blank is the own ones."""
    return request.args.get("organisation", "")


def _args() -> dict[str, str]:
    """What every link of a page carries on."""
    return {"organisation": _whose()} if _whose() else {}


def _review(session: Session, quarter: str) -> Review:
    return reviews.build(
        session,
        quarter=reviews.parse_quarter(quarter),
        now=now(),
        organisation=settings().organisation,
        whose=_whose(),
    )


@blueprint.get("/reviews")
@allow(Permission.READ)
def index() -> str:
    """Every quarter with incidents, the latest first."""
    with reading() as session:
        lines = reviews.list_quarters(session, now=now(), organisation=_whose())
        others = [name for name in reviews.organisations(session) if name != OWN_ORGANISATION]
    return render_template(
        "reviews/index.html",
        here="reviews",
        lines=lines,
        args=_args(),
        choices=[("all", "All, imported included"), *((n, n) for n in others)] if others else [],
        whose=_whose(),
    )


@blueprint.get("/reviews/<quarter>")
@allow(Permission.READ)
def show(quarter: str) -> str:
    """One quarter, from the same value as its PDF."""
    with reading() as session:
        page = review_pages.page_of(
            session,
            quarter=reviews.parse_quarter(quarter),
            now=now(),
            organisation=settings().organisation,
            home=settings().home,
            whose=_whose(),
        )
    return render_template(
        "reviews/show.html",
        here="reviews",
        args=_args(),
        page=page,
        review=page.review,
        cell=review_pages.cell_words,
        table_of=review_pages.table_of,
        is_wide=review_pages.is_wide,
    )


@blueprint.get("/reviews/<quarter>/charts/<name>.svg")
@allow(Permission.READ)
def chart(quarter: str, name: str) -> Response:
    """One drawing. The first request for a quarter draws all of its charts."""
    with reading() as session:
        review = _review(session, quarter)
    svg = review_pages.drawing(review, name, home=settings().home)
    response = Response(svg, mimetype="image/svg+xml")
    response.headers["Cache-Control"] = "private, no-cache"
    return response


@blueprint.get("/reviews/<quarter>.pdf")
@allow(Permission.READ)
def pdf(quarter: str) -> Response:
    """The review as a PDF; ``?paper=letter`` for the other size."""
    with reading() as session:
        review = _review(session, quarter)
        document = report_pdf.quarter_document(session, review=review, paper=paper())
    return answer_pdf(document)


@blueprint.get("/reviews/<quarter>/numbers.<shape>")
@allow(Permission.READ)
def numbers(quarter: str, shape: str) -> Response:
    """The numbers behind page and PDF: md, csv (a zip of files), parquet, json."""
    with reading() as session:
        review = _review(session, quarter)
    data = review_numbers.numbers(review, review_numbers.parse_shape(shape))
    response = Response(data, mimetype=_KINDS[shape])
    name = f"reliability-review-{review.quarter}{review_numbers.SHAPES[shape]}"
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response

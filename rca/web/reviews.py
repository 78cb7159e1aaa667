"""Reliability reviews: the list, and the figures of the moment for one period."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from rca.domain import periods
from rca.domain.access import Permission
from rca.domain.periods import Period
from rca.domain.postmortem import OWN_ORGANISATION
from rca.errors import NotFound
from rca.services import (
    documents,
    report_pdf,
    review_numbers,
    review_pages,
    review_reading,
    review_records,
    reviews,
)
from rca.services.review_pages import ReviewPage
from rca.web.access import allow
from rca.web.context import now, organisation, reading, settings, writing
from rca.web.failures import wants_json
from rca.web.reports import Answer, answer_pdf, paper

blueprint = Blueprint("reviews", __name__)
_KINDS = {
    "md": "text/markdown; charset=utf-8",
    "csv": "application/zip",
    "parquet": "application/zip",
    "json": "application/json",
}
_NOT_DRAWN = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="320" height="60" viewBox="0 0 320 60">'
    '<title>This chart is being drawn</title><text x="8" y="34" font-size="14" '
    'font-family="sans-serif" fill="#55605d">Being drawn. Reload in a moment.</text></svg>'
)


@dataclass(frozen=True, slots=True)
class Asked:
    """The scope that an address asks for; blank is everything of the own organisation."""

    whose: str
    team: str
    tier: int | None

    @property
    def args(self) -> dict[str, str]:
        """What every link of a page carries on."""
        tier = "" if self.tier is None else str(self.tier)
        found = {"organisation": self.whose, "team": self.team, "tier": tier}
        return {name: value for name, value in found.items() if value}


def asked() -> Asked:
    """The scope of this request's address."""
    given = {n: request.args.get(n, "").replace("\x00", "")[:240] for n in ("team", "tier")}
    team, tier = review_records.parse_scope(given["team"], given["tier"])
    return Asked(request.args.get("organisation", "").replace("\x00", "")[:240], team, tier)


def period_of(text: str) -> Period:
    """The period of an address. Raises NotFound with the forms that are understood."""
    return reviews.parse_period(text, fiscal_start=settings().fiscal_start)


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the parts of one review are, for figures of the moment and for a record alike."""

    show: str
    present: str
    pdf: str
    numbers: str
    charts: str
    query: str = ""

    def pdf_on(self, size: str) -> str:
        """The PDF on another paper."""
        return f"{self.pdf}{self.query}{'&' if self.query else '?'}paper={size}"

    def numbers_as(self, shape: str) -> str:
        """The numbers in one shape."""
        return f"{self.numbers}{shape}{self.query}"

    def chart(self, name: str) -> str:
        """One drawing."""
        return f"{self.charts}{name}.svg{self.query}"


def _live_addresses(quarter: str, args: dict[str, str]) -> Addresses:
    show = url_for("reviews.show", quarter=quarter)
    query = f"?{urlencode({**args, 'live': '1'})}"
    return Addresses(
        f"{show}{query}",
        f"{show}/present{query}",
        f"{show}.pdf",
        f"{show}/numbers.",
        f"{show}/charts/",
        query,
    )


def words_of_pages() -> dict[str, Any]:
    """What the review's templates call."""
    return {
        "cell": review_pages.cell_words,
        "iso": review_pages.iso_words,
        "table_of": review_pages.table_of,
        "is_wide": review_pages.is_wide,
        "agenda_rule": review_pages.AGENDA_RULE,
    }


def ask_for_drawings(page: ReviewPage) -> None:
    """Have the charts drawn by a worker unless they are."""
    charts = tuple(page.review.charts())
    if charts and not page.drawn:
        with writing() as session:
            documents.ask_drawings(session, charts, now=now())


def answer_drawing(page: ReviewPage, name: str) -> Response:
    """One drawing, or a word that it is being drawn, which scripts ask for again."""
    svg = review_pages.drawing(page, name)
    if svg is None:
        ask_for_drawings(page)
    response = Response(svg or _NOT_DRAWN, mimetype="image/svg+xml", status=200 if svg else 202)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def answer_numbers(page: ReviewPage, shape: str) -> Response:
    """The numbers behind page and PDF in one shape, as a file."""
    data = review_numbers.numbers(page.review, review_numbers.parse_shape(shape))
    response = Response(data, mimetype=_KINDS[shape])
    name = page.review.edition.reference or page.review.quarter
    file = f"reliability-review-{name}{review_numbers.SHAPES[shape]}"
    response.headers["Content-Disposition"] = f'attachment; filename="{file}"'
    return response


def _live(quarter: str) -> ReviewPage:
    found = asked()
    with reading() as session:
        return review_pages.live_page(
            session,
            period=period_of(quarter),
            now=now(),
            organisation=organisation(session),
            whose=found.whose,
            team=found.team,
            tier=found.tier,
        )


def _published(quarter: str) -> str:
    """The published version that stands for this address, unless figures of now are asked for."""
    if request.args.get("live"):
        return ""
    found = asked()
    with reading() as session:
        reference = review_records.published_reference(
            session, period=period_of(quarter), whose=found.whose, team=found.team, tier=found.tier
        )
    return reference or ""


@blueprint.get("/reviews")
@allow(Permission.READ)
def index() -> str:
    """Reviews on record, then every quarter with incidents, the latest first."""
    whose = asked().whose
    with reading() as session:
        lines = reviews.list_quarters(session, now=now(), organisation=whose)
        records = review_reading.list_records(session)
        others = [name for name in reviews.organisations(session) if name != OWN_ORGANISATION]
    return render_template(
        "reviews/index.html",
        here="reviews",
        lines=lines,
        records=records,
        args={"organisation": whose} if whose else {},
        choices=[("all", "All, imported included"), *((n, n) for n in others)] if others else [],
        whose=whose,
    )


@blueprint.get("/reviews/<quarter>")
@allow(Permission.READ)
def show(quarter: str) -> str | tuple[str, int] | WerkzeugResponse:
    """One period: its published review, else figures of the moment (``?live=1`` in any case)."""
    reference = _published(quarter)
    if reference:
        return redirect(url_for("reviews.record", reference=reference), code=302)
    try:
        page = _live(quarter)
    except NotFound as error:
        return _nothing(quarter, str(error))
    ask_for_drawings(page)
    args = asked().args
    return render_template(
        "reviews/show.html",
        here="reviews",
        args=args,
        page=page,
        review=page.review,
        to=_live_addresses(quarter, args),
        **words_of_pages(),
    )


def _nothing(quarter: str, why: str) -> tuple[str, int]:
    """A period without an incident: why, and where there are some. Raises NotFound on an address
    that names no period.
    """
    period, found = period_of(quarter), asked()
    if wants_json():
        raise NotFound(why)
    with reading() as session:
        lines = reviews.list_quarters(session, now=now(), organisation=found.whose)
    page = render_template(
        "reviews/nothing.html",
        here="reviews",
        quarter=str(period),
        period=periods.in_words(period),
        why=why,
        lines=lines,
        args=found.args,
    )
    return page, 404


@blueprint.get("/reviews/<quarter>/present")
@allow(Permission.READ)
def present(quarter: str) -> str | tuple[str, int]:
    """Figures of the moment, slide by slide."""
    try:
        page = _live(quarter)
    except NotFound as error:
        return _nothing(quarter, str(error))
    ask_for_drawings(page)
    return render_template(
        "reviews/present.html",
        here="reviews",
        page=page,
        review=page.review,
        to=_live_addresses(quarter, asked().args),
        **words_of_pages(),
    )


@blueprint.get("/reviews/<quarter>/charts/<name>.svg")
@allow(Permission.READ)
def chart(quarter: str, name: str) -> Response:
    """One drawing. A worker draws all of a period at once."""
    return answer_drawing(_live(quarter), name)


@blueprint.get("/reviews/<quarter>.pdf")
@allow(Permission.READ)
def pdf(quarter: str) -> Answer | WerkzeugResponse:
    """The review as a PDF; ``?paper=letter`` for the other size."""
    reference = _published(quarter)
    if reference:
        size = paper() if "paper" in request.args else None
        target = url_for("reviews.record_pdf", reference=reference, paper=size)
        return redirect(target, code=302)
    page = _live(quarter)
    with reading() as session:
        document = report_pdf.quarter_document(session, review=page.review, paper=paper())
    return answer_pdf(document)


@blueprint.get("/reviews/<quarter>/numbers.<shape>")
@allow(Permission.READ)
def numbers(quarter: str, shape: str) -> Response | WerkzeugResponse:
    """The numbers behind page and PDF: md, csv (a zip of files), parquet, json."""
    reference = _published(quarter)
    if reference:
        target = url_for("reviews.record_numbers", reference=reference, shape=shape)
        return redirect(target, code=302)
    return answer_numbers(_live(quarter), shape)


def choices_of_periods() -> list[str]:
    """Names of periods to choose from."""
    return periods.recent(now().date(), fiscal_start=settings().fiscal_start)

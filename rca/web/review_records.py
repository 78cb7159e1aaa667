"""Reviews as records: create, read, freeze, publish, correct, compare, present."""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from sqlmodel import Session
from werkzeug.wrappers import Response as WerkzeugResponse

from rca.domain.access import Permission
from rca.domain.postmortem import OWN_ORGANISATION
from rca.errors import Invalid, NotFound, NotNow, Problem
from rca.services import (
    report_pdf,
    review_compare,
    review_pages,
    review_reading,
    review_records,
    reviews,
)
from rca.services.review_pages import ReviewPage
from rca.web.access import allow
from rca.web.context import now, organisation, reading, viewer, writing
from rca.web.reports import Answer, answer_pdf, paper
from rca.web.reviews import (
    Addresses,
    answer_drawing,
    answer_numbers,
    ask_for_drawings,
    blueprint,
    choices_of_periods,
    period_of,
    words_of_pages,
)


def addresses(reference: str) -> Addresses:
    """Where the parts of one record are."""
    show = url_for("reviews.record", reference=reference)
    return Addresses(show, f"{show}/present", f"{show}.pdf", f"{show}/numbers.", f"{show}/charts/")


def page_of(reference: str) -> ReviewPage:
    """A record with its words. Raises NotFound."""
    with reading() as session:
        return review_pages.record_page(
            session, reference=reference, now=now(), organisation=organisation(session)
        )


def version() -> int:
    """The version that a form builds on."""
    text = request.form.get("version", "")
    if not text.isdigit():
        raise Invalid([Problem("version", "This form has no version. Reload the page.")])
    return int(text)


@blueprint.get("/reviews/new")
@allow(Permission.WRITE)
def new() -> str:
    """Choose period and scope."""
    return _new_page()


def _new_page(problems: tuple[Problem, ...] = ()) -> str:
    with reading() as session:
        teams, tiers = reviews.teams_and_tiers(session)
        others = [name for name in reviews.organisations(session) if name != OWN_ORGANISATION]
    given: Mapping[str, str] = request.form
    if request.method == "GET":
        # The quarter that a meeting is about is as a rule the last one that is over.
        given = {"period": choices_of_periods()[1], **request.args}
    return render_template(
        "reviews/new.html",
        here="reviews",
        periods=[(name, name) for name in choices_of_periods()],
        teams=[(name, name) for name in teams],
        tiers=[(str(tier), f"Tier {tier}") for tier in tiers],
        organisations=[("all", "All, imported included"), *((n, n) for n in others)],
        form=given,
        problems=problems,
    )


@blueprint.post("/reviews/new")
@allow(Permission.WRITE)
def create() -> WerkzeugResponse | tuple[str, int]:
    """Start a draft over live figures."""
    form = {name: value.replace("\x00", "").strip() for name, value in request.form.items()}
    try:
        name = form.get("period", "")
        if form.get("first") or form.get("last"):
            name = review_records.parse_days(form.get("first", ""), form.get("last", ""))
        if not name:
            raise Invalid([Problem("period", "Choose a quarter, or give its first and last day.")])
        team, tier = review_records.parse_scope(form.get("team", ""), form.get("tier", ""))
        with writing() as session:
            reference = review_records.create(
                session,
                viewer=viewer(),
                period=period_of(name),
                now=now(),
                whose=form.get("organisation", ""),
                team=team,
                tier=tier,
                organisation=organisation(session),
            )
    except Invalid as error:
        return _new_page(error.problems), 422
    except (NotFound, NotNow) as error:
        return _new_page((Problem("period", str(error)),)), error.status
    flash("Started. Figures follow the records until they are frozen.", "done")
    return redirect(url_for("reviews.edit", reference=reference), code=303)


@blueprint.get("/reviews/records/<reference>")
@allow(Permission.READ)
def record(reference: str) -> str:
    """One review on record."""
    page = page_of(reference)
    ask_for_drawings(page)
    with reading() as session:
        others = [
            line for line in review_reading.list_records(session) if line.reference != reference
        ]
    return render_template(
        "reviews/show.html",
        here="reviews",
        args={},
        page=page,
        review=page.review,
        to=addresses(reference),
        others=[(line.reference, f"{line.reference}, {line.state.label.lower()}")
                for line in others],
        **words_of_pages(),
    )  # fmt: skip


@blueprint.get("/reviews/records/<reference>/present")
@allow(Permission.READ)
def present_record(reference: str) -> str:
    """The review slide by slide."""
    page = page_of(reference)
    ask_for_drawings(page)
    return render_template(
        "reviews/present.html",
        here="reviews",
        page=page,
        review=page.review,
        to=addresses(reference),
        **words_of_pages(),
    )


@blueprint.get("/reviews/records/<reference>/charts/<name>.svg")
@allow(Permission.READ)
def record_chart(reference: str, name: str) -> Response:
    """One drawing."""
    return answer_drawing(page_of(reference), name)


@blueprint.get("/reviews/records/<reference>.pdf")
@allow(Permission.READ)
def record_pdf(reference: str) -> Answer:
    """The review as a PDF; ``?paper=letter`` for the other size."""
    page = page_of(reference)
    with reading() as session:
        document = report_pdf.quarter_document(
            session, review=page.review, paper=paper(), incident=page.incident, look=page.look
        )
    return answer_pdf(document)


@blueprint.get("/reviews/records/<reference>/numbers.<shape>")
@allow(Permission.READ)
def record_numbers(reference: str, shape: str) -> Response:
    """The numbers behind page and PDF."""
    return answer_numbers(page_of(reference), shape)


@blueprint.get("/reviews/records/<reference>/compare")
@allow(Permission.READ)
def compare(reference: str) -> str:
    """This review against another one, ``?with=REFERENCE``."""
    other = request.args.get("with", "").replace("\x00", "")
    here, there = page_of(reference), page_of(other)
    with reading() as session:
        order, overlap = review_records.in_order(session, reference, other)
    by = {reference: here.review, other: there.review}
    found = review_compare.compare(by[order[0]], by[order[1]], overlap=overlap)
    return render_template(
        "reviews/compare.html",
        here="reviews",
        found=found,
        references=order,
        **words_of_pages(),
    )


def _moved(act: Callable[[Session], Any], words: str, reference: str) -> WerkzeugResponse:
    with writing() as session:
        act(session)
    flash(words, "done")
    return redirect(url_for("reviews.record", reference=reference), code=303)


@blueprint.post("/reviews/records/<reference>/freeze")
@allow(Permission.REVIEW)
def freeze(reference: str) -> WerkzeugResponse:
    """Keep the figures as they are now."""
    return _moved(
        lambda session: review_records.freeze(
            session, viewer=viewer(), reference=reference, base_version=version(), now=now(),
            organisation=organisation(session),
        ),
        "Frozen. The figures no longer move; the words can be edited until it is published.",
        reference,
    )  # fmt: skip


@blueprint.post("/reviews/records/<reference>/thaw")
@allow(Permission.REVIEW)
def thaw(reference: str) -> WerkzeugResponse:
    """Back to figures that follow the records."""
    return _moved(
        lambda session: review_records.thaw(
            session, viewer=viewer(), reference=reference, base_version=version(), now=now()
        ),
        "The figures follow the records again. Your words stayed.",
        reference,
    )


@blueprint.post("/reviews/records/<reference>/publish")
@allow(Permission.REVIEW)
def publish(reference: str) -> WerkzeugResponse:
    """Publish figures and words together."""
    return _moved(
        lambda session: review_records.publish(
            session, viewer=viewer(), reference=reference, base_version=version(), now=now()
        ),
        "Published. Corrections are dated addenda or a new version.",
        reference,
    )


@blueprint.post("/reviews/records/<reference>/discard")
@allow(Permission.REVIEW)
def discard(reference: str) -> WerkzeugResponse:
    """Delete a review that was never published."""
    with writing() as session:
        review_records.discard(
            session, viewer=viewer(), reference=reference, base_version=version(), now=now()
        )
    flash(f"{reference} is discarded.", "done")
    return redirect(url_for("reviews.index"), code=303)


@blueprint.post("/reviews/records/<reference>/addenda")
@allow(Permission.REVIEW)
def add_addendum(reference: str) -> WerkzeugResponse:
    """A dated correction under a published review."""
    return _moved(
        lambda session: review_records.add_addendum(
            session, viewer=viewer(), reference=reference, text=request.form.get("text", ""),
            now=now(),
        ),
        "Added, with today's date.",
        reference,
    )  # fmt: skip


@blueprint.post("/reviews/records/<reference>/next")
@allow(Permission.WRITE)
def next_version(reference: str) -> WerkzeugResponse:
    """A new version that starts from the words of this one."""
    with writing() as session:
        made = review_records.next_version(session, viewer=viewer(), reference=reference, now=now())
    flash("Started from the words of the version before, over live figures.", "done")
    return redirect(url_for("reviews.edit", reference=made), code=303)

"""Similar postmortems beside the text, loaded after the page; one press records a recurrence."""

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.domain.vocabulary import Relation
from rca.errors import Invalid, NotNow
from rca.services import authoring, placing
from rca.services import reading as postmortems
from rca.services import similar as neighbours
from rca.web.access import allow
from rca.web.context import now, reading, viewer, writing
from rca.web.postmortems import blueprint


@blueprint.get("/postmortems/<reference>/similar")
@allow(Permission.READ)
def similar(reference: str) -> str:
    """The nearest ones with what was done about them then: a page, or its part for another page."""
    return _page(reference)


def _page(reference: str, recorded: str = "") -> str:
    with reading() as session:
        view = postmortems.view(session, viewer=viewer(), reference=reference, live=True)
        found = neighbours.for_postmortem(session, viewer=viewer(), reference=reference)
        placed = placing.place(session, viewer=viewer(), reference=reference)
    part = "part" in request.args
    name = "postmortems/similar_part.html" if part else "postmortems/similar.html"
    return render_template(
        name,
        view=view,
        similar=found,
        placed=placed,
        part=part,
        recorded=recorded,
        here="postmortems",
    )


@blueprint.post("/postmortems/<reference>/recurrence")
@allow(Permission.WRITE)
def recurrence(reference: str) -> Response | str:
    """Record that this happened before as another postmortem says, or take that back."""
    other, wanted = request.form.get("other", ""), request.form.get("do") != "undo"
    part = "part" in request.args
    try:
        with writing() as session:
            authoring.relate(
                session,
                viewer=viewer(),
                reference=reference,
                other=other,
                relation=Relation.RECURRENCE_OF,
                rationale=request.form.get("why", ""),
                wanted=wanted,
                now=now(),
            )
    except (Invalid, NotNow) as error:
        flash(str(error), "error")
        return redirect(url_for("postmortems.similar", reference=reference), code=303)
    if part:
        return _page(reference, recorded=other if wanted else "")
    words = f"Recorded as a recurrence of {other}." if wanted else "Taken back."
    flash(words, "done")
    return redirect(url_for("postmortems.similar", reference=reference), code=303)

"""Similar postmortems beside the text, loaded after the page: comparing takes time."""

from flask import render_template, request

from rca.domain.access import Permission
from rca.services import reading as postmortems
from rca.web.access import allow
from rca.web.context import reading, viewer
from rca.web.postmortems import blueprint


@blueprint.get("/postmortems/<reference>/similar")
@allow(Permission.READ)
def similar(reference: str) -> str:
    """The nearest ones with what was done about them then: a page, or its part for another page."""
    from rca.services import similar as neighbours

    with reading() as session:
        view = postmortems.view(session, viewer=viewer(), reference=reference)
        found = neighbours.for_postmortem(session, viewer=viewer(), reference=reference)
    part = "part" in request.args
    name = "postmortems/similar_part.html" if part else "postmortems/similar.html"
    return render_template(name, view=view, similar=found, here="postmortems")

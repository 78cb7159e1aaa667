"""The list of postmortems: search, filters, keyset paging."""

from flask import render_template, request

from rca.domain.access import Permission
from rca.services import reading as postmortems
from rca.web.access import allow
from rca.web.context import reading, viewer
from rca.web.postmortems import blueprint


@blueprint.get("/postmortems")
@allow(Permission.READ)
def index() -> str:
    """One page of the list."""
    args = request.args
    wanted = postmortems.ListFilter(text=args.get("q", ""))
    with reading() as session:
        page = postmortems.list_postmortems(session, viewer=viewer(), wanted=wanted)
    return render_template("postmortems/index.html", page=page, wanted=wanted, here="postmortems")

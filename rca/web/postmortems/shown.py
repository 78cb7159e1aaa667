"""A text that a page shows stays in the history: a later autosave does not take its place."""

from flask import Flask, g, request

from rca.errors import NotFound
from rca.services import reading as postmortems
from rca.services import revisions
from rca.services.visibility import find_postmortem
from rca.web.access import SAFE_METHODS
from rca.web.context import now, reading, viewer, writing


def shown(reference: str, *, live: bool = False) -> postmortems.PostmortemView:
    """The postmortem for a page, pinned. Only a text of the last minutes costs a write."""
    with reading() as session:
        view = postmortems.view(session, viewer=viewer(), reference=reference, live=live)
    if not revisions.is_open(view.unpinned_since, now()):
        return view
    with writing() as session:
        return postmortems.shown(
            session, viewer=viewer(), reference=reference, live=live, now=now()
        )


def _pin_what_is_asked_for() -> None:
    """Before any page, export or API answer of one postmortem."""
    reference = (request.view_args or {}).get("reference")
    if reference is None or request.method not in SAFE_METHODS or g.get("viewer") is None:
        return
    try:
        with reading() as session:
            row = find_postmortem(session, viewer(), reference)
            newest = revisions.latest(session, row.id)
            since = revisions.unpinned_since(row, newest)
        if revisions.is_open(since, now()):
            with writing() as session:
                row = find_postmortem(session, viewer(), reference, lock=True)
                revisions.pin(session, row, now=now())
    except NotFound:
        return  # the view says so, in the same words as for what never was


def install(app: Flask) -> None:
    """Watch every address that names a postmortem."""
    app.before_request(_pin_what_is_asked_for)

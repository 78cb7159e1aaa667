"""Review and publication: each move is a small form that names the version it was decided on."""

from collections.abc import Callable

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.domain.vocabulary import Status
from rca.errors import Conflict, Invalid, NotNow
from rca.services import authoring
from rca.web.access import allow
from rca.web.context import now, viewer, writing
from rca.web.postmortems import blueprint

Move = Callable[..., authoring.Saved]


def _decided(reference: str, move: Move, done: str, **more: object) -> Response:
    """Make one move, say how it went, and go back to the page."""
    page = url_for("postmortems.show", reference=reference)
    try:
        version = int(request.form["version"])
    except (KeyError, ValueError) as error:
        raise NotNow("This button does not say which version it decides on.") from error
    try:
        with writing() as session:
            move(
                session,
                viewer=viewer(),
                reference=reference,
                base_version=version,
                now=now(),
                **more,
            )
    except Conflict as error:
        flash(str(error), "error")
        return redirect(page, code=303)
    except Invalid as error:
        flash(" ".join(problem.message for problem in error.problems), "error")
        return redirect(page + "#review", code=303)
    flash(done, "done")
    return redirect(page, code=303)


@blueprint.post("/postmortems/<reference>/submit")
@allow(Permission.WRITE)
def submit(reference: str) -> Response:
    """Ask for review."""
    return _decided(reference, authoring.submit, "Review is requested.")


@blueprint.post("/postmortems/<reference>/request-changes")
@allow(Permission.REVIEW)
def request_changes(reference: str) -> Response:
    """Hand it back with words; on a published one this starts a correction."""
    reason = request.form.get("reason", "")
    return _decided(
        reference, authoring.request_changes, "Handed back with your words.", reason=reason
    )


@blueprint.post("/postmortems/<reference>/approve")
@allow(Permission.REVIEW)
def approve(reference: str) -> Response:
    """Sign off exactly this content."""
    return _decided(reference, authoring.approve, "Approved. It can be published.")


@blueprint.post("/postmortems/<reference>/publish")
@allow(Permission.REVIEW)
def publish(reference: str) -> Response:
    """Make it what readers see."""
    return _decided(reference, authoring.publish, "Published. Patterns take it in shortly.")


_ASIDE = {
    "archived": (Status.ARCHIVED, "Archived. It stays readable and counted."),
    "not_required": (Status.NOT_REQUIRED, "Marked as not required, with your reason."),
    "draft": (Status.DRAFT, "It is a draft again."),
}


@blueprint.post("/postmortems/<reference>/set-aside")
@allow(Permission.WRITE)
def set_aside(reference: str) -> Response:
    """Archive, mark as not required, or take back to draft."""
    wanted = request.form.get("target", "")
    if wanted not in _ASIDE:
        raise NotNow("Choose what to set it to.")
    target, done = _ASIDE[wanted]
    reason = request.form.get("reason", "")
    return _decided(reference, authoring.set_aside, done, target=target, reason=reason)

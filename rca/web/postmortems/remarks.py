"""Comments anchored to a section or row: add, resolve, reopen."""

from flask import flash, redirect, request, url_for
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.errors import Invalid
from rca.services import authoring
from rca.web.access import allow
from rca.web.context import now, viewer, writing
from rca.web.postmortems import blueprint


def _back(reference: str, anchor: str) -> Response:
    page = "edit" if request.form.get("back") == "edit" else "show"
    return redirect(url_for(f"postmortems.{page}", reference=reference) + f"#{anchor}", code=303)


@blueprint.post("/postmortems/<reference>/comments")
@allow(Permission.READ)
def add_comment(reference: str) -> Response:
    """A remark on a section, a row or the whole."""
    try:
        with writing() as session:
            made = authoring.add_comment(
                session,
                viewer=viewer(),
                reference=reference,
                anchor=request.form.get("anchor", ""),
                body=request.form.get("body", ""),
                now=now(),
            )
    except Invalid as error:
        flash(error.problems[0].message, "error")
        return _back(reference, "comments")
    return _back(reference, f"comment-{made}")


@blueprint.post("/postmortems/<reference>/comments/<comment>/<any(resolve, reopen):word>")
@allow(Permission.WRITE)
def settle_comment(reference: str, comment: str, word: str) -> Response:
    """Resolve or reopen."""
    with writing() as session:
        authoring.resolve_comment(
            session,
            viewer=viewer(),
            reference=reference,
            comment_id=comment,
            done=word == "resolve",
            now=now(),
        )
    return _back(reference, f"comment-{comment}")

"""Comments anchored to a field or row: add, resolve, reopen, from the page or beside the editor."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.domain.anchors import anchors, place_on_page, section_of, words_of
from rca.domain.postmortem import PostmortemContent
from rca.errors import Invalid
from rca.services import authoring
from rca.services import reading as postmortems
from rca.web.access import allow
from rca.web.context import now, reading, viewer, writing
from rca.web.postmortems import blueprint

_ROWS_WITH_PLACES = ("factors", "actions")


@dataclass(frozen=True, slots=True)
class Remark:
    """A comment with what it is about, in words and as a place on the page."""

    comment: postmortems.CommentView
    about: str
    href: str


def remarks_of(view: postmortems.PostmortemView, *, on_sheet: bool = False) -> list[Remark]:
    """The comments of a postmortem, for the reading page or for the editor."""
    place = place_on_sheet if on_sheet else place_on_page
    return [
        Remark(
            comment,
            words_of(comment.anchor, view.content) if comment.anchor else "",
            f"#{place(comment.anchor, view.content)}",
        )
        for comment in view.comments
    ]


def place_on_sheet(anchor: str, content: PostmortemContent) -> str:
    """The id of the element that the editor shows for an anchor."""
    name, _, row_id = anchor.partition("/")
    if not row_id:
        return "s-learning" if name == "learning" else "s-times" if name == "times" else name
    ids = [row.id for row in getattr(content, name, ())]
    if name in _ROWS_WITH_PLACES and row_id in ids:
        return f"{name}-{ids.index(row_id)}"
    return f"row-{row_id}"


def open_by_anchor(comments: Iterable[postmortems.CommentView]) -> Counter[str]:
    """Open comments per anchor."""
    return Counter(comment.anchor for comment in comments if not comment.resolved_at)


def open_by_section(comments: Iterable[postmortems.CommentView]) -> Counter[str]:
    """Open comments per section; one about a row counts for its section."""
    anchored = (section_of(comment.anchor) for comment in comments if not comment.resolved_at)
    return Counter(section.value for section in anchored if section)


def _back(reference: str, anchor: str) -> Response | str:
    if "part" in request.args:
        return panel(reference)
    page = "edit" if request.form.get("back") == "edit" else "show"
    return redirect(url_for(f"postmortems.{page}", reference=reference) + f"#{anchor}", code=303)


def panel(reference: str) -> str:
    """The comments beside the editor."""
    with reading() as session:
        view = postmortems.view(session, viewer=viewer(), reference=reference, live=True)
    return render_template("postmortems/comments.html", **panel_values(view))


def panel_values(view: postmortems.PostmortemView) -> dict[str, object]:
    """What the comments' template reads."""
    return {
        "view": view,
        "remarks": remarks_of(view, on_sheet=True),
        "anchor_names": anchors(view.content),
        "about": request.args.get("about", ""),
    }


@blueprint.post("/postmortems/<reference>/comments")
@allow(Permission.READ)
def add_comment(reference: str) -> Response | str:
    """A remark on a field, a row or the whole."""
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
def settle_comment(reference: str, comment: str, word: str) -> Response | str:
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

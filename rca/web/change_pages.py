"""What shipped before an incident: the list, its marks, and the AI rows that they propose."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.domain.postmortem import AIInfluence
from rca.domain.vocabulary import ChangeRelation, ValueSource
from rca.errors import Conflict, Invalid, Problem, VersionMissing
from rca.services import correlation, prefill
from rca.services import reading as postmortems
from rca.web.access import allow
from rca.web.context import now, reading, viewer, writing

blueprint = Blueprint("changes", __name__)
MOST_PART = 5


def _hours() -> int:
    text = request.args.get("hours", "")
    return int(text) if text in map(str, correlation.WINDOWS) else correlation.DEFAULT_HOURS


@blueprint.get("/postmortems/<reference>/changes")
@allow(Permission.READ)
def before(reference: str) -> str:
    """What landed before impact started, nearest first; ``?part`` is the short list."""
    with reading() as session:
        found = correlation.shipped(session, viewer=viewer(), reference=reference, hours=_hours())
        live = viewer().may(Permission.WRITE)
        view = postmortems.view(session, viewer=viewer(), reference=reference, live=live)
    part = "part" in request.args
    rows = view.content.ai_influences
    return render_template(
        "changes/part.html" if part else "changes/before.html",
        here="postmortems",
        shipped=found,
        most=MOST_PART,
        windows=correlation.WINDOWS,
        relations=ChangeRelation.choices(),
        proposals=[row for row in rows if _proposed(row)],
        in_response=len(prefill.response_proposals(view.content)),
        ai_version=view.section_versions.get("ai", 0),
    )


def _proposed(row: AIInfluence) -> bool:
    """Rows that evidence put there and nobody has confirmed."""
    return row.source is ValueSource.SUGGESTED and not row.confirmed and bool(row.evidence)


def _version() -> int:
    text = request.form.get("version", "")
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise VersionMissing("The page does not say which version it shows. Open it again.")
    return int(text)


def _relation() -> ChangeRelation | None:
    text = request.form.get("relation", "")
    if text == "none":
        return None
    if text not in ChangeRelation.values():
        raise Invalid([Problem("relation", "Choose one of the marks.")])
    return ChangeRelation(text)


def _back(reference: str) -> Response:
    hours = request.form.get("hours", "")
    asked = hours if hours in map(str, correlation.WINDOWS) else None
    return redirect(url_for("changes.before", reference=reference, hours=asked), code=303)


@blueprint.post("/postmortems/<reference>/changes")
@allow(Permission.WRITE)
def mark(reference: str) -> Response:
    """Judge one change."""
    relation = _relation()
    try:
        with writing() as session:
            done = correlation.mark(
                session,
                viewer=viewer(),
                reference=reference,
                change_key=request.form.get("change", "")[:400].replace("\x00", ""),
                relation=relation,
                note=request.form.get("note", "")[:2_000].replace("\x00", ""),
                base_version=_version(),
                now=now(),
            )
    except Conflict:
        flash("Somebody changed this section meanwhile. Look again, then mark.", "warning")
        return _back(reference)
    words = f"Marked “{relation.label.lower()}”." if relation else "The mark is taken back."
    if done.proposed:
        words += " Its evidence of AI is proposed below; confirm it if it is so."
    flash(words, "done")
    return _back(reference)


@blueprint.post("/postmortems/<reference>/changes/confirm")
@allow(Permission.WRITE)
def confirm(reference: str) -> Response:
    """Confirm one proposed AI row."""
    try:
        with writing() as session:
            prefill.confirm(
                session,
                viewer=viewer(),
                reference=reference,
                row_id=request.form.get("row", "")[:32],
                base_version=_version(),
                now=now(),
            )
    except Conflict:
        flash("Somebody changed the AI section meanwhile. Look again, then confirm.", "warning")
        return _back(reference)
    flash("Confirmed. What the influence did is still yours to say, in the editor.", "done")
    return _back(reference)


@blueprint.post("/postmortems/<reference>/changes/response")
@allow(Permission.WRITE)
def propose_response(reference: str) -> Response:
    """Propose AI rows from what the timeline tells of the response."""
    try:
        with writing() as session:
            done = prefill.add_response_proposals(
                session,
                viewer=viewer(),
                reference=reference,
                base_version=_version(),
                now=now(),
            )
    except Conflict:
        flash("Somebody changed the AI section meanwhile. Look again, then propose.", "warning")
        return _back(reference)
    flash(f"Proposed from the timeline: {done.added}. Confirm what is so.", "done")
    return _back(reference)

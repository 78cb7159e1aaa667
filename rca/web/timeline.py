"""Paste to timeline: a box or a file, proposed rows with ticks, then taking them."""

import re
from datetime import date, datetime
from functools import cache
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.errors import Conflict, Invalid, Problem, VersionMissing
from rca.formats.decoding import decode
from rca.formats.rows import Unreadable
from rca.formats.timeline import EDITED, FLAGS
from rca.services import secrets_guard
from rca.services import timeline_paste as pastes
from rca.services.timeline_paste import Paste
from rca.web.access import allow
from rca.web.context import now, reading, viewer, writing

blueprint = Blueprint("timeline", __name__)

_SOURCES = {
    "slack": "a chat",
    "chat": "a chat",
    "irc": "a chat log",
    "notes": "notes or a log",
    "table": "a table",
    "issue": "an issue thread",
    "pagerduty": "PagerDuty log entries",
    "statuspage": "Statuspage updates",
}


@cache
def _zones() -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Time zones by continent, as a select shows them."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for name in sorted(available_timezones()):
        area, slash, city = name.partition("/")
        if slash and area not in ("Etc", "SystemV", "posix", "right", "US", "Brazil", "Canada"):
            groups.setdefault(area, []).append((name, city.replace("_", " ")))
    return tuple((area, tuple(cities)) for area, cities in sorted(groups.items()))


@blueprint.get("/postmortems/<reference>/timeline/paste")
@allow(Permission.WRITE)
def paste(reference: str) -> str:
    """The box."""
    with reading() as session:
        view = pastes.open_for(session, viewer=viewer(), reference=reference)
        day = pastes.day_of(view.content, now())
    return _box(reference, view.content.title, Paste("", now(), day), ())


def _box(reference: str, title: str, given: Paste, problems: tuple[Problem, ...]) -> str:
    return render_template(
        "timeline/paste.html",
        here="postmortems",
        reference=reference,
        title=title,
        given=given,
        problems=problems,
        errors={problem.path: problem.message for problem in problems},
        zones=_zones(),
        no_zone=not _zones(),
    )


@blueprint.post("/postmortems/<reference>/timeline/paste")
@allow(Permission.WRITE)
def look(reference: str) -> Response | str | tuple[str, int]:
    """Proposed rows, or with ``do=take`` the chosen ones into the timeline."""
    given = Paste("", now())
    try:
        given = _given()
        if request.form.get("do") == "take":
            return _take(reference, given)
        return _proposed(reference, given)
    except Invalid as error:
        with reading() as session:
            view = pastes.open_for(session, viewer=viewer(), reference=reference)
        return _box(reference, view.content.title, given, error.problems), 422


def _given() -> Paste:
    form = request.form
    text = form.get("text", "")
    file = request.files.get("file")
    if file and file.filename:
        try:
            text = decode(file.read())[0]
        except Unreadable as error:
            raise Invalid([Problem("file", str(error))]) from error
        finally:
            file.close()
    written = form.get("day", "").strip()
    try:
        day = date.fromisoformat(written) if written else None
        at = datetime.fromisoformat(form.get("at", "")) if form.get("at") else now()
    except ValueError as error:
        raise Invalid([Problem("day", "Write the day like 2026-08-14.")]) from error
    if at.tzinfo is None:
        at = now()
    return Paste(text, at, day, form.get("zone", "") or "UTC", form.get("keep_names") == "1")


def _proposed(
    reference: str, given: Paste, *, chosen: set[int] | None = None, conflict: bool = False
) -> str | tuple[str, int]:
    with reading() as session:
        found = pastes.look(session, viewer=viewer(), reference=reference, paste=given)
    ticked = {row.place for row in found.rows if row.take} if chosen is None else chosen
    page = render_template(
        "timeline/proposed.html",
        here="postmortems",
        reference=reference,
        found=found,
        given=given,
        ticked=ticked,
        flags=FLAGS,
        conflict=conflict,
        read_as=_SOURCES.get(found.source, found.source),
        counts={
            state: sum(row.state == state for row in found.rows)
            for state in ("new", "here", "alike")
        },
        flagged=sum(bool(set(row.proposal.flags) - {EDITED}) for row in found.rows),
    )
    return (page, 409) if conflict else page


def _numbers(name: str) -> set[int]:
    return {
        int(value) for value in request.form.getlist(name) if re.fullmatch(r"[0-9]{1,5}", value)
    }


def _take(reference: str, given: Paste) -> Response | str | tuple[str, int]:
    chosen = _numbers("row")
    try:
        with writing() as session:
            saved = pastes.take(
                session,
                viewer=viewer(),
                reference=reference,
                paste=given,
                chosen=chosen,
                milestones=_numbers("milestone"),
                base_version=_version(),
                now=now(),
            )
    except Conflict:
        return _proposed(reference, given, chosen=chosen, conflict=True)
    if saved.redacted:
        flash(secrets_guard.in_words(saved.redacted), "warning")
    flash(
        "The rows are in the timeline, unconfirmed. Check them, then confirm the timeline.", "done"
    )
    return redirect(url_for("timeline.check", reference=reference), code=303)


def _version() -> int:
    given = request.form.get("version", "")
    if not re.fullmatch(r"[0-9]{1,9}", given):
        raise VersionMissing("The version of the timeline is missing. Open the page again.")
    return int(given)


@blueprint.get("/postmortems/<reference>/timeline/check")
@allow(Permission.WRITE)
def check(reference: str) -> str:
    """The checkpoint: the rows as they stand, and the button that confirms them."""
    with reading() as session:
        view = pastes.open_for(session, viewer=viewer(), reference=reference)
    rows = view.content.timeline
    return render_template(
        "timeline/check.html",
        here="postmortems",
        reference=reference,
        title=view.content.title,
        rows=rows,
        waiting=sum(not row.confirmed for row in rows),
        version=view.section_versions["timeline"],
    )


@blueprint.post("/postmortems/<reference>/timeline/check")
@allow(Permission.WRITE)
def confirm(reference: str) -> Response:
    """Timeline confirmed."""
    with writing() as session:
        pastes.confirm(
            session, viewer=viewer(), reference=reference, base_version=_version(), now=now()
        )
    flash("Timeline confirmed.", "done")
    return redirect(url_for("postmortems.edit", reference=reference) + "#s-timeline", code=303)

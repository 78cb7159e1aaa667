"""Import from the browser: send files or a paste, look at what would happen, then say yes."""

import re
from contextlib import closing

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from rca.domain.access import Permission
from rca.domain.postmortem import OWN_ORGANISATION
from rca.domain.vocabulary import Severity
from rca.errors import Invalid, Problem
from rca.formats.decoding import MOST_BYTES
from rca.formats.intake import FORMATS, SUFFIXES
from rca.formats.mapping import Assume
from rca.services import import_uploads as uploads
from rca.services import wording
from rca.services.importing import Source
from rca.web.access import allow
from rca.web.context import engine, now, reading, viewer, writing

blueprint = Blueprint("imports", __name__)

_SHOWN_FINDINGS = 200
_SHOWN_RECORDS = 25


@blueprint.url_value_preprocessor
def _allow_large_files(_endpoint: str | None, _values: object) -> None:
    """Before the CSRF check reads the form: an import may be larger than any other form."""
    request.max_content_length = MOST_BYTES + 1024 * 1024
    request.max_form_memory_size = MOST_BYTES


@blueprint.errorhandler(RequestEntityTooLarge)
def _too_large(_error: RequestEntityTooLarge) -> tuple[str, int]:
    problem = Problem(
        "files",
        "One import may hold 50 MB. Send the files in several goes, or use “rca import” on the "
        "machine itself; what is here already is skipped.",
    )
    return _form((problem,)), 413


@blueprint.get("/import")
@allow(Permission.WRITE)
def index() -> str:
    """The form, and earlier imports."""
    return _form(())


def _form(problems: tuple[Problem, ...]) -> str:
    with reading() as session:
        earlier = uploads.batches(session, viewer=viewer())
    return render_template(
        "imports/index.html",
        here="import",
        problems=problems,
        errors={problem.path: problem.message for problem in problems},
        given=_given(),
        earlier=earlier,
        formats=tuple(FORMATS.items()),
        suffixes=",".join(SUFFIXES),
    )


def _given() -> dict[str, str]:
    """What was typed, so that an error costs nobody their paste."""
    if request.method != "POST":
        return {}
    try:
        return {name: value for name, value in request.form.items() if name != "csrf_token"}
    except RequestEntityTooLarge:
        return {}


@blueprint.post("/import")
@allow(Permission.WRITE)
def look() -> Response | tuple[str, int]:
    """Keep what was sent and show what importing it would do."""
    try:
        sources, assume = _sources(), _assume()
    except Invalid as error:
        return _form(error.problems), 422
    with writing() as session:
        key = uploads.keep(session, viewer=viewer(), sources=sources, assume=assume, now=now())
    return redirect(url_for("imports.preview", upload_id=key), code=303)


def _sources() -> list[Source]:
    kind = request.form.get("format", "")
    if kind and kind not in FORMATS:
        raise Invalid([Problem("format", "Choose one of the formats.")])
    files = [file for file in request.files.getlist("files") if file.filename]
    sources = [_source(file, kind) for file in files]
    pasted = request.form.get("pasted", "")
    if pasted.strip():
        sources.append(Source("pasted text", pasted.encode(errors="replace"), kind))
    if not sources:
        raise Invalid([Problem("files", "Choose at least one file, or paste a text.")])
    return sources


def _source(file: FileStorage, kind: str) -> Source:
    with closing(file):
        return Source(_name(file.filename or ""), file.read(), kind)


def _name(given: str) -> str:
    """A file's own name: browsers may send a path, and a name is shown to people."""
    tail = re.split(r"[/\\]", given)[-1]
    return "".join(char for char in tail if char.isprintable())[:200] or "file"


def _assume() -> Assume:
    organisation = " ".join(request.form.get("organisation", "").split())
    if len(organisation) > 240:
        raise Invalid([Problem("organisation", "An organisation's name has at most 240 letters.")])
    words: dict[str, str] = {}
    for part in re.split(r"[,;\n]", request.form.get("severities", "")):
        word, mark, level = (piece.strip() for piece in part.partition("="))
        if not part.strip():
            continue
        if not mark or level.upper().replace("-", "") not in Severity.values():
            message = f"“{part.strip()[:60]}” can't be read. Write it like Critical = SEV1."
            raise Invalid([Problem("severities", message)])
        words[word] = level.upper().replace("-", "")
    return Assume(organisation=organisation or OWN_ORGANISATION, severities=words)


@blueprint.get("/import/preview/<upload_id>")
@allow(Permission.WRITE)
def preview(upload_id: str) -> str:
    """What would go in, what is here already, and what can't be read."""
    with reading() as session:
        upload = uploads.load(session, viewer=viewer(), upload_id=upload_id)
        planned = uploads.plan_of(session, viewer=viewer(), upload=upload)
    shown = planned.incoming[:_SHOWN_RECORDS]
    return render_template(
        "imports/preview.html",
        here="import",
        upload_id=upload_id,
        plan=planned,
        totals=planned.totals(),
        findings=planned.findings[:_SHOWN_FINDINGS],
        more_findings=max(len(planned.findings) - _SHOWN_FINDINGS, 0),
        records=shown,
        hints=wording.counts_of([item.draft.content for item in shown]),
        may_publish=viewer().may(Permission.REVIEW),
        own=OWN_ORGANISATION,
    )


@blueprint.post("/import/preview/<upload_id>")
@allow(Permission.WRITE)
def confirm(upload_id: str) -> Response:
    """Import, or discard."""
    if request.form.get("do") == "discard":
        with writing() as session:
            uploads.drop(session, viewer=viewer(), upload_id=upload_id)
        flash("Discarded. Nothing was stored.", "message")
        return redirect(url_for("imports.index"), code=303)
    as_draft = request.form.get("as") != "published"
    batch_id = uploads.confirm(
        engine(), viewer=viewer(), upload_id=upload_id, as_draft=as_draft, now=now()
    )
    return redirect(url_for("imports.batch", batch_id=batch_id), code=303)


@blueprint.get("/import/batches/<batch_id>")
@allow(Permission.WRITE)
def batch(batch_id: str) -> str:
    """What an import stored."""
    if not re.fullmatch(r"[0-9a-f]{32}", batch_id):
        abort(404)
    with reading() as session:
        found = uploads.batch(session, viewer=viewer(), batch_id=batch_id)
    return render_template("imports/batch.html", here="import", batch=found)

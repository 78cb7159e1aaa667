"""PDFs of single postmortems, and how a document that a worker makes is answered."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from rca.domain.access import Permission
from rca.errors import Unavailable
from rca.services import briefs, documents, look, report_pdf
from rca.services.documents import Standing
from rca.services.report_pdf import Document
from rca.web.access import allow
from rca.web.context import now, organisation, reading, viewer, writing
from rca.web.failures import wants_json

blueprint = Blueprint("reports", __name__)
AGAIN_SECONDS = 2
"""A page that waits asks again after so long, with scripts or without."""
Answer = Response | tuple[Response | str, int, dict[str, str]]


def paper() -> str:
    """The paper that the address asks for; A4 unless told."""
    return request.args.get("paper", "a4")


def answer_pdf(document: Document) -> Answer:
    """The PDF when it is made, else it is asked for and a page says how far it is."""
    with reading() as session:
        document = look.dressed(document, look.of(session, document))
        found = documents.standing(session, document.key, now=now())
        data = documents.bytes_of(session, document.key) if found.state == "made" else None
    if data is not None:
        return _send(document.name, data)
    if found.state == "absent":
        with writing() as session:
            documents.ask(session, document, now=now())
            found = documents.standing(session, document.key, now=now())
    return _waiting(found, document.name, request.full_path.rstrip("?"))


def _send(name: str, data: bytes) -> Response:
    response = Response(data, mimetype="application/pdf")
    clean = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    response.headers["Content-Disposition"] = f'inline; filename="{clean}"'
    return response


def _waiting(found: Standing, name: str, to: str) -> Answer:
    """How far it is. Who waits asks at an address that reads one row: the document's own would
    put the whole document together each time.
    """
    if found.state == "failed" and wants_json():
        raise Unavailable(found.failed)
    status = 503 if found.state == "failed" else 202
    headers = {"Retry-After": str(AGAIN_SECONDS)}
    wait = url_for("reports.wait", key=found.key, to=to)
    if wants_json():
        told = {"state": found.state, "step": found.step, "done": found.done, "of": found.of,
                "wait": wait}  # fmt: skip
        return jsonify(told), status, headers
    if status == 202:
        headers["Refresh"] = f"{AGAIN_SECONDS}; url={wait}"
    page = render_template(
        "reports/making.html", here="", found=found, name=name, again=to, wait=wait
    )
    return page, status, headers


@blueprint.get("/documents/<key>")
@allow(Permission.READ)
def wait(key: str) -> Answer | WerkzeugResponse:
    """How far a document is; once it is made, on to the address that sends it."""
    to = _ours(request.args.get("to", ""))
    with reading() as session:
        found = documents.standing(session, key, now=now())
    if found.state in ("made", "absent"):
        return redirect(to, code=303)
    return _waiting(found, found.name, to)


def _ours(given: str) -> str:
    """An address of ours that somebody came from, else the list of reviews."""
    parts = urlsplit(given)
    ours = given.startswith("/") and not given.startswith("//") and not parts.netloc
    return given if ours and "\\" not in given else url_for("reviews.index")


@blueprint.post("/documents/<key>/stop")
@allow(Permission.READ)
def stop(key: str) -> WerkzeugResponse:
    """Stop a document that is being made."""
    with writing() as session:
        documents.cancel(session, key)
    flash("Stopped. Nothing was kept.", "done")
    return redirect(url_for("reviews.index"), code=303)


@blueprint.post("/documents/<key>/again")
@allow(Permission.READ)
def again(key: str) -> WerkzeugResponse:
    """Try once more after a failure: what failed is forgotten and the address asks afresh."""
    with writing() as session:
        documents.cancel(session, key)
    return redirect(_ours(request.form.get("back", "")), code=303)


@blueprint.get("/patterns/<pattern_id>.pdf")
@allow(Permission.READ)
def pattern_pdf(pattern_id: str) -> Answer:
    """The brief of a recurring cause; ``?paper=letter``."""
    return _brief(briefs.pattern_document, pattern_id)


@blueprint.get("/guardrails/<guardrail_id>.pdf")
@allow(Permission.READ)
def guardrail_pdf(guardrail_id: str) -> Answer:
    """The brief of a guardrail; ``?paper=letter``."""
    return _brief(briefs.guardrail_document, guardrail_id)


def _brief(made: Callable[..., Document], identifier: str) -> Answer:
    with reading() as session:
        document = made(
            session,
            identifier=identifier,
            now=now(),
            organisation=organisation(session),
            paper=paper(),
        )
    return answer_pdf(document)


@blueprint.get("/postmortems/<reference>.pdf")
@allow(Permission.READ)
def postmortem_pdf(reference: str) -> Answer:
    """One postmortem; ``?variant=one-page|customer``, ``?paper=letter``. Roles only."""
    with reading() as session:
        document = report_pdf.postmortem_document(
            session,
            viewer=viewer(),
            reference=reference,
            organisation=organisation(session),
            variant=request.args.get("variant", "full"),
            paper=paper(),
        )
    return answer_pdf(document)

"""Wording hints: checked while writing, read before sharing, dismissed with a reason."""

from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from rca.blameless import DOCUMENT_CAP
from rca.domain.access import Permission
from rca.errors import Invalid, Problem
from rca.services import wording
from rca.web.access import allow
from rca.web.context import now, reading, settings, viewer, writing

blueprint = Blueprint("wording", __name__)


def _text_of(body: Any, name: str, most: int) -> str:
    value = body.get(name, "") if isinstance(body, dict) else ""
    if not isinstance(value, str):
        raise Invalid([Problem(name, "This should be text.")])
    return value[:most]


@blueprint.post("/wording/check")
@allow(Permission.WRITE)
def check() -> Response:
    """Hints on one field's text as JSON. Offsets count code points. Stores nothing."""
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Invalid([Problem("", "Send a JSON object with the text.")])
    with reading() as session:
        findings = wording.check(
            session,
            viewer=viewer(),
            text=_text_of(body, "text", DOCUMENT_CAP),
            field=_text_of(body, "field", 200),
            reference=_text_of(body, "reference", 60),
            allowed=wording.read_allowed(settings().home),
        )
    return jsonify({"findings": [finding.to_json() for finding in findings]})


@blueprint.post("/wording/dismiss")
@allow(Permission.WRITE)
def dismiss() -> WerkzeugResponse:
    """Leave a sentence as it is, or mute a rule in this postmortem; from a form or a script."""
    given = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    body = given if isinstance(given, dict) else {}
    reference = _text_of(body, "reference", 60)
    with writing() as session:
        wording.dismiss(
            session,
            viewer=viewer(),
            rule=_text_of(body, "rule", 60),
            sentence_key="" if body.get("mute") else _text_of(body, "key", 64),
            reason=_text_of(body, "reason", 4_000),
            reference=reference,
            now=now(),
        )
    if request.is_json:
        return Response(status=204)
    flash("Left as it is. The count is kept for the rule, not for anyone.", "done")
    if reference:
        return redirect(url_for("wording.summary", reference=reference), code=303)
    return redirect(url_for("wording.rules"), code=303)


@blueprint.get("/postmortems/<reference>/wording")
@allow(Permission.READ)
def summary(reference: str) -> str:
    """All hints of one postmortem on a page, for the look before sharing."""
    with reading() as session:
        found = wording.of_postmortem(
            session,
            viewer=viewer(),
            reference=reference,
            allowed=wording.read_allowed(settings().home),
        )
    return render_template(
        "wording/page.html",
        here="postmortems",
        reference=reference,
        title=found.title,
        status=found.status,
        wording_fields=found.fields,
        may_dismiss=viewer().may(Permission.WRITE),
    )


@blueprint.get("/wording")
@allow(Permission.READ)
def rules() -> str:
    """The rules with how often each is waved away. No person is counted."""
    with reading() as session:
        rates = wording.rates(session, allowed=wording.read_allowed(settings().home))
        left = wording.dismissed_of_open(session)
    return render_template(
        "wording/rules.html",
        here="reviews",
        rates=rates,
        dismissed=left,
        newest=wording.NEWEST,
        allow_file=wording.ALLOW_FILE,
        may_withdraw=viewer().may(Permission.REVIEW),
    )


@blueprint.post("/wording/withdraw")
@allow(Permission.REVIEW)
def withdraw() -> WerkzeugResponse:
    """Let a dismissed hint speak again."""
    with writing() as session:
        wording.withdraw(
            session, viewer=viewer(), dismissal_id=request.form.get("id", "")[:32], now=now()
        )
    flash("The hint speaks again.", "done")
    return redirect(url_for("wording.rules"), code=303)

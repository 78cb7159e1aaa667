"""Wording hints: checked while writing, read before sharing, dismissed with a reason."""

from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as WerkzeugResponse

from rca.blameless import DOCUMENT_CAP
from rca.domain.access import Permission
from rca.errors import Invalid, Problem
from rca.services import wording, wording_allow
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
            allowed=wording_allow.allowed(session, home=settings().home),
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
            allowed=wording_allow.allowed(session, home=settings().home),
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
        allowed = wording_allow.allowed(session, home=settings().home)
        rates = wording.rates(session, allowed=allowed)
        left = wording.dismissed_of_open(session)
    return render_template(
        "wording/rules.html",
        here="reviews",
        rates=rates,
        dismissed=left,
        newest=wording.NEWEST,
        kept=len(allowed),
        may_keep=viewer().may(Permission.ADMIN),
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


@blueprint.get("/settings/wording")
@allow(Permission.ADMIN)
def allowed() -> str:
    """The phrases that the organisation keeps, with why, and who changed the list when."""
    return _allowed_page()


_ENTRY = ("phrase", "rule", "reason")


def _allowed_page(problems: tuple[Problem, ...] = ()) -> str:
    with reading() as session:
        phrases = wording_allow.kept_phrases(session, home=settings().home)
        history = wording_allow.history(session, viewer=viewer())
    typed = request.form if request.method == "POST" else {}
    changing = typed.get("id") or request.args.get("change", "")
    chosen = next((item for item in phrases if item.id and item.id == changing), None)
    return render_template(
        "wording/allowed.html",
        here="wording",
        phrases=phrases,
        history=history,
        chosen=chosen,
        entry={name: typed.get(name, getattr(chosen, name, "")) for name in _ENTRY},
        rules=wording_allow.rule_choices(),
        in_file=sum(not item.id for item in phrases),
        allow_file=wording_allow.ALLOW_FILE,
        problems=problems,
    )


@blueprint.get("/settings/wording.yaml")
@allow(Permission.READ)
def allowed_file() -> Response:
    """The same list as a file for `rca lint --allow`."""
    with reading() as session:
        text = wording_allow.as_file(session)
    name = f"attachment; filename={wording_allow.ALLOW_FILE}"
    return Response(text, mimetype="text/yaml", headers={"Content-Disposition": name})


@blueprint.post("/settings/wording")
@allow(Permission.ADMIN)
def keep_phrase() -> WerkzeugResponse | tuple[str, int]:
    """Add a phrase, or change one."""
    form = request.form
    try:
        with writing() as session:
            wording_allow.keep(
                session,
                viewer=viewer(),
                entry_id=form.get("id", "")[:32],
                rule=form.get("rule", "")[:60],
                phrase=form.get("phrase", "")[:400],
                reason=form.get("reason", "")[:4_000],
                now=now(),
            )
    except Invalid as error:
        return _allowed_page(error.problems), 422
    flash("Kept. Hints on these words are left out from now on.", "done")
    return redirect(url_for("wording.allowed"), code=303)


@blueprint.post("/settings/wording/remove")
@allow(Permission.ADMIN)
def remove_phrase() -> WerkzeugResponse:
    """Take a phrase off the list."""
    with writing() as session:
        wording_allow.remove(
            session, viewer=viewer(), entry_id=request.form.get("id", "")[:32], now=now()
        )
    flash("Off the list. The rule speaks again.", "done")
    return redirect(url_for("wording.allowed"), code=303)


@blueprint.post("/settings/wording/take")
@allow(Permission.ADMIN)
def take_phrases() -> WerkzeugResponse:
    """Put the entries of the file on the list."""
    with writing() as session:
        taken = wording_allow.take_from_file(
            session, viewer=viewer(), home=settings().home, now=now()
        )
    flash(f"Taken over: {taken}. The file is not needed any more.", "done")
    return redirect(url_for("wording.allowed"), code=303)

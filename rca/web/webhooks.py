"""Where other systems send events, and the log of what they sent.

The receiving view is open to anyone and believes nobody: it answers by the signature alone.
"""

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response as WerkzeugResponse

from rca.domain.access import Permission
from rca.domain.event import DeliveryState
from rca.formats.events import READERS
from rca.services import events, events_secrets
from rca.web.access import allow
from rca.web.context import now, reading, settings, viewer, writing
from rca.web.log_pages import asked_after, mark_of

blueprint = Blueprint("webhooks", __name__)
PAGE = 50
_STATUS = {"refused": 401, "malformed": 202, "unknown": 202, "failed": 202}


@blueprint.record_once
def _no_form_token(state: BlueprintSetupState) -> None:
    """A machine has no page to take a form token from; the one receiving view does without."""
    state.app.extensions["csrf"].exempt(receive)


@blueprint.post("/hooks/<source>")
@allow(Permission.PUBLIC)
def receive(source: str) -> tuple[Response, int]:
    """Take a signed delivery in: 200 or 202 when it is kept, 401 when it can't be believed."""
    request.max_content_length = events.MOST_BYTES
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        return jsonify({"state": "refused", "message": "At most 1 MB."}), 413
    secrets = events_secrets.read(settings().home, source) if source in READERS else ()
    with writing() as session:
        outcome = events.receive(
            session,
            source=source,
            headers=dict(request.headers.items()),
            body=body,
            secrets=secrets,
            now=now(),
        )
    answer = {"id": outcome.id, "state": outcome.state, "message": outcome.message}
    return jsonify(answer), _STATUS.get(outcome.state, 200)


@blueprint.get("/settings/deliveries")
@allow(Permission.ADMIN)
def index() -> str:
    """The delivery log, newest first."""
    state = request.args.get("state", "")
    state = state if state in DeliveryState.values() else ""
    with reading() as session:
        rows = events.deliveries(
            session, viewer=viewer(), state=state, before=asked_after(), limit=PAGE
        )
    shown = rows[:PAGE]
    older = ""
    if len(rows) > PAGE:
        last = shown[-1]
        mark = mark_of(last.received_at, last.id)
        older = url_for("webhooks.index", before=mark, state=state or None)
    home = settings().home
    return render_template(
        "changes/deliveries.html",
        here="deliveries",
        rows=shown,
        older=older,
        state=state,
        states=DeliveryState.choices(),
        sources=[(name, bool(events_secrets.read(home, name))) for name in READERS],
        hook=lambda name: url_for("webhooks.receive", source=name, _external=True),
    )


@blueprint.get("/settings/deliveries/<delivery_id>")
@allow(Permission.ADMIN)
def show(delivery_id: str) -> str:
    """One delivery with its body, secrets taken out."""
    with reading() as session:
        row = events.find(session, viewer=viewer(), delivery_id=delivery_id)
    return render_template("changes/delivery.html", here="deliveries", row=row)


@blueprint.post("/settings/deliveries/<delivery_id>")
@allow(Permission.ADMIN)
def redeliver(delivery_id: str) -> WerkzeugResponse:
    """Apply a kept delivery again."""
    with writing() as session:
        outcome = events.redeliver(session, viewer=viewer(), delivery_id=delivery_id, now=now())
    kind = "done" if outcome.state in ("applied", "ignored") else "warning"
    flash(f"{DeliveryState(outcome.state).label}. {outcome.message}", kind)
    return redirect(url_for("webhooks.show", delivery_id=delivery_id), code=303)

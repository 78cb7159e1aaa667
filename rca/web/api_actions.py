"""What trackers propose for action items, over the API: list what waits, accept or leave it."""

from typing import Any

from flask import Response, jsonify

from rca.domain.access import Permission
from rca.domain.vocabulary import ActionStatus
from rca.errors import Conflict, Invalid, NotFound, Problem
from rca.services import actions, tracker
from rca.services.actions import ActionView
from rca.web.access import allow
from rca.web.api import Answer
from rca.web.api import blueprint as blueprint
from rca.web.api_reviews import body_of, if_match
from rca.web.context import now, reading, viewer, writing
from rca.web.failures import answer


@blueprint.get("/proposals")
@allow(Permission.READ)
def proposals() -> Response:
    """Proposals that wait, the oldest first, of actions that the token's account may see."""
    with reading() as session:
        waiting = tracker.waiting_for(session, viewer=viewer(), ids=None)
        rows = sorted(waiting.values(), key=lambda one: (one.at, one.id))
        items = [
            _shown(one, actions.view(session, viewer=viewer(), action_id=one.action_id, now=now()))
            for one in rows
        ]
    return jsonify({"items": items, "next": None})


def _shown(one: tracker.ProposalView, item: ActionView) -> dict[str, Any]:
    return {
        "id": one.id,
        "action": {"id": item.id, "title": item.title, "status": item.status.value,
                   "postmortem": item.reference, "version": item.version},
        "source": one.source,
        "url": one.url,
        "note": one.note,
        "at": one.at.isoformat(),
        "becomes": one.status.value,
        "needs_reason": one.needs_words,
    }  # fmt: skip


@blueprint.post("/proposals/<proposal_id>/<decision>")
@allow(Permission.WRITE)
def decide(proposal_id: str, decision: str) -> Answer:
    """Accept moves the action at the version that If-Match names, with `reason` and `approver`
    where it will not be done; reject leaves it as it is.
    """
    if decision not in ("accept", "reject"):
        raise NotFound("A proposal is accepted or rejected.")
    try:
        with writing() as session:
            if decision == "reject":
                action_id = tracker.reject(
                    session, viewer=viewer(), proposal_id=proposal_id, now=now()
                )
                item = actions.view(session, viewer=viewer(), action_id=action_id, now=now())
            else:
                said = body_of(blank=True)
                item = tracker.accept_as_said(
                    session,
                    viewer=viewer(),
                    proposal_id=proposal_id,
                    base_version=if_match(),
                    reason=_words(said, "reason", 20_000),
                    approver=_words(said, "approver", 240),
                    now=now(),
                )
    except Conflict as error:
        return answer(412, str(error))
    done = {"action": item.id, "status": ActionStatus(item.status).value, "version": item.version}
    return jsonify({"decision": decision, **done})


def _words(said: dict[str, Any], name: str, most: int) -> str:
    value = said.get(name, "")
    if not isinstance(value, str) or len(value) > most:
        raise Invalid([Problem(name, f"Text of at most {most:,} characters.")])
    return value.replace("\x00", "").strip()

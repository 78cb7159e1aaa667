"""The ledger's API, version 1: bearer tokens, problem+json, pages by cursor, kept answers.

A cookie may read and never write here: writes need a token, so no foreign page can send them.
"""

import hashlib
import json
from typing import Any, TypeVar, cast

from flask import Blueprint, Response, jsonify, request
from flask.blueprints import BlueprintSetupState
from pydantic import BaseModel, ValidationError
from sqlmodel import Session

from mining.exposure import Grouping
from rca.domain.access import Permission
from rca.domain.change import ChangeRecord
from rca.domain.event import DeploymentRecord
from rca.domain.vocabulary import ChangeAI
from rca.errors import Conflict, Invalid, NotSignedIn, Problem, VersionMissing
from rca.formats.postmortem_json import document as postmortem_document
from rca.services import events_api, listing, risk
from rca.services import reading as postmortems
from rca.services.authoring import problems_of
from rca.web import api_document
from rca.web.access import allow
from rca.web.context import now, reading, viewer, writing
from rca.web.failures import answer

blueprint = Blueprint("api", __name__, url_prefix="/api/v1")
RecordT = TypeVar("RecordT", bound=BaseModel)
Answer = Response | tuple[Response | str, int]


@blueprint.record_once
def _no_form_token(state: BlueprintSetupState) -> None:
    """A browser never sends a bearer token by itself; ``_need_token`` keeps cookies out."""
    state.app.extensions["csrf"].exempt(blueprint)


@blueprint.before_request
def _need_token() -> None:
    bearer = request.headers.get("Authorization", "").lower().startswith("bearer ")
    if request.method not in ("GET", "HEAD", "OPTIONS") and not bearer:
        raise NotSignedIn("Writing needs a bearer token: rca user token NAME --scope ingest.")


@blueprint.get("/openapi.json")
@allow(Permission.READ)
def openapi() -> Response:
    """This API in OpenAPI 3.1."""
    return jsonify(api_document.document())


def page_limit() -> int:
    """How many the caller wants at most. Raises Invalid."""
    text = request.args.get("limit", "50")
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text[:6]) <= events_api.MOST:
        raise Invalid([Problem("limit", f"A number from 1 to {events_api.MOST}.")])
    return int(text)


def asked(name: str) -> str:
    """A word of the query, short and without NUL."""
    return request.args.get(name, "").replace("\x00", "")[:400]


def _listed(page: events_api.Page) -> Response:
    return jsonify({"items": list(page.items), "next": page.next or None})


@blueprint.get("/changes")
@allow(Permission.READ)
def changes() -> Response:
    """Changes, newest merge first."""
    state = asked("ai_state")
    if state and state not in ChangeAI.values():
        raise Invalid([Problem("ai_state", f"One of {', '.join(ChangeAI.values())}.")])
    with reading() as session:
        return _listed(
            events_api.list_changes(
                session,
                after=asked("cursor"),
                limit=page_limit(),
                service=asked("service"),
                repo=asked("repo"),
                ai_state=state,
            )
        )


@blueprint.get("/deployments")
@allow(Permission.READ)
def deployments() -> Response:
    """Finished deployments, newest first."""
    with reading() as session:
        return _listed(
            events_api.list_deployments(
                session, after=asked("cursor"), limit=page_limit(), service=asked("service")
            )
        )


def _tagged(value: dict[str, Any]) -> Response:
    made = jsonify(value)
    made.headers["ETag"] = f'"{events_api.etag(value)}"'
    return made


@blueprint.get("/changes/<path:key>")
@allow(Permission.READ)
def change(key: str) -> Response:
    """One change, with its ETag."""
    with reading() as session:
        return _tagged(events_api.get_change(session, key.replace("\x00", "")))


@blueprint.get("/deployments/<path:key>")
@allow(Permission.READ)
def deployment(key: str) -> Response:
    """One deployment, with its ETag."""
    with reading() as session:
        return _tagged(events_api.get_deployment(session, key.replace("\x00", "")))


def _json() -> Any:
    try:
        return json.loads(request.get_data(cache=True))
    except (ValueError, RecursionError) as error:
        raise Invalid([Problem("", "The body is not JSON.")]) from error


def _record(model: type[RecordT], data: Any, prefix: str = "") -> RecordT:
    try:
        return model.model_validate(data)
    except ValidationError as error:
        raise Invalid(
            [Problem(f"{prefix}{p.path}".strip("."), p.message) for p in problems_of(error)]
        ) from error


def _records(model: type[RecordT]) -> list[RecordT]:
    """One record, or many under ``items``; keys occur once."""
    data = _json()
    rows = data.get("items") if isinstance(data, dict) and "items" in data else [data]
    if not isinstance(rows, list) or not 1 <= len(rows) <= events_api.MOST_AT_ONCE:
        raise Invalid([Problem("items", f"A list of 1 to {events_api.MOST_AT_ONCE:,} records.")])
    found = [_record(model, row, f"items.{place}.") for place, row in enumerate(rows)]
    keys = [getattr(one, "key", "") for one in found]
    if len(set(keys)) != len(keys):
        raise Invalid([Problem("items", "A key occurs twice.")])
    return found


def _idempotency_key() -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if len(key) > 120 or not key.isprintable():
        raise Invalid([Problem("Idempotency-Key", "At most 120 printable characters.")])
    return key


def _once(effect: Any) -> Answer:
    """Run an effect and keep its answer under the request's key, in one transaction."""
    key = _idempotency_key()
    digest = hashlib.sha256(
        f"{request.method} {request.path}\n".encode() + request.get_data(cache=True)
    ).hexdigest()
    try:
        with writing() as session:
            kept = key and events_api.kept_answer(
                session, viewer=viewer(), key=key, request_sha256=digest
            )
            if kept:
                again = jsonify(kept.body)
                again.headers["Idempotency-Replayed"] = "true"
                return again, kept.status
            done = events_api.Kept(201, effect(session))
            if key:
                events_api.keep_answer(session, viewer=viewer(), key=key, request_sha256=digest,
                                       kept=done, now=now())  # fmt: skip
        return jsonify(done.body), done.status
    except Conflict as error:
        return answer(409, str(error))


@blueprint.post("/changes")
@allow(Permission.INGEST)
def add_changes() -> Answer:
    """Store new changes; the same again changes nothing."""
    records = _records(ChangeRecord)

    def effect(session: Session) -> dict[str, int]:
        return events_api.add_changes(session, viewer=viewer(), records=records, now=now())

    return _once(effect)


@blueprint.post("/deployments")
@allow(Permission.INGEST)
def add_deployments() -> Answer:
    """Store deployments; a known one is completed."""
    records = _records(DeploymentRecord)

    def effect(session: Session) -> dict[str, int]:
        return events_api.add_deployments(session, viewer=viewer(), records=records, now=now())

    return _once(effect)


@blueprint.put("/changes/<path:key>")
@allow(Permission.INGEST)
def replace_change(key: str) -> Answer:
    """Replace the change that If-Match names."""
    seen = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not seen:
        raise VersionMissing("Send If-Match with the ETag of the change that you read.")
    record = _record(ChangeRecord, _json())
    if record.key != key:
        raise Invalid([Problem("key", "It differs from the key in the address.")])
    try:
        with writing() as session:
            return _tagged(
                events_api.replace_change(
                    session, viewer=viewer(), record=record, seen=seen, now=now()
                )
            )
    except Conflict as error:
        return answer(412, str(error), current=error.current)


@blueprint.get("/incidents")
@allow(Permission.READ)
def incidents() -> Response:
    """Postmortems that this account may know of, newest first."""
    with reading() as session:
        page = listing.list_postmortems(
            session,
            viewer=viewer(),
            wanted=listing.ListFilter(status=asked("status"), service=asked("service")),
            older_than=asked("cursor"),
            limit=page_limit(),
        )
        items = [
            {
                "reference": item.reference,
                "title": item.title,
                "status": str(item.status),
                "severity": str(item.severity) if item.severity else None,
                "quarter": item.quarter,
                "ai": item.ai,
            }
            for item in page.items
        ]
    return jsonify({"items": items, "next": page.older or None})


@blueprint.get("/incidents/<reference>")
@allow(Permission.READ)
def incident(reference: str) -> Response:
    """One postmortem, whole."""
    with reading() as session:
        view = postmortems.view(session, viewer=viewer(), reference=reference)
    return jsonify(
        postmortem_document(
            view.content,
            reference=view.reference,
            status=view.status.value,
            version=view.version,
        )
    )


@blueprint.get("/risk")
@allow(Permission.READ)
def risk_report() -> Response:
    """The exposure analysis over the ledger, as ``rca risk --json`` prints it."""
    outcome, by = asked("outcome") or "reverted_30d", asked("by") or "repo"
    if outcome not in risk.OUTCOMES:
        raise Invalid([Problem("outcome", f"One of {', '.join(risk.OUTCOMES)}.")])
    if by not in ("repo", "service", "quarter", "size"):
        raise Invalid([Problem("by", "One of repo, service, quarter, size.")])
    with reading() as session:
        report = risk.of_ledger(session, outcome=outcome, by=cast(Grouping, by))
    return jsonify(report.as_dict())


@blueprint.get("/risk/case-control")
@allow(Permission.READ)
def risk_matched() -> Response:
    """Matched sets over the ledger, as ``rca risk --case-control --json`` prints them."""
    outcome = asked("outcome") or "incident"
    if outcome not in risk.OUTCOMES:
        raise Invalid([Problem("outcome", f"One of {', '.join(risk.OUTCOMES)}.")])
    with reading() as session:
        report = risk.matched_of_ledger(session, outcome=outcome)
    return jsonify(report.as_dict())

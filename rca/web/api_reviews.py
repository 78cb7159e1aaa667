"""Reviews over the API: list, create, read the whole value, write a part, freeze, publish."""

import json
from collections.abc import Callable
from typing import Any

from flask import Response, jsonify, request
from sqlmodel import Session

from rca.domain.access import Permission
from rca.errors import Conflict, Invalid, NotFound, Problem, VersionMissing
from rca.services import (
    review_editing,
    review_numbers,
    review_pages,
    review_reading,
    review_records,
    reviews,
)
from rca.web.access import allow
from rca.web.api import Answer
from rca.web.api import blueprint as blueprint
from rca.web.context import now, organisation, reading, settings, viewer, writing
from rca.web.failures import answer


def body_of(*, blank: bool = False) -> dict[str, Any]:
    """The JSON object that was sent; ``blank`` allows none at all. Raises Invalid."""
    if blank and not request.get_data(cache=True):
        return {}
    data = request.get_json(silent=True)
    if not isinstance(data, dict):
        raise Invalid([Problem("", "The body is not a JSON object.")])
    return data


def if_match() -> int:
    """The version that the request builds on. Raises VersionMissing."""
    text = request.headers.get("If-Match", "").strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit()):
        raise VersionMissing("Send If-Match with the version that you build on.")
    return int(text[:9])


@blueprint.get("/reviews")
@allow(Permission.READ)
def list_reviews() -> Response:
    """Reviews on record, the newest period first."""
    with reading() as session:
        lines = review_reading.list_records(session)
    items = [
        {
            "reference": line.reference,
            "period": line.period,
            "state": line.state.value,
            "version": line.number,
            "scope": line.scope,
            "verdict": line.verdict,
            "digest": line.digest or None,
            "published_at": line.published_at.isoformat() if line.published_at else None,
        }
        for line in lines
    ]
    return jsonify({"items": items, "next": None})


@blueprint.post("/reviews")
@allow(Permission.WRITE)
def create_review() -> tuple[Response, int]:
    """Start a draft: ``period``, and optionally ``organisation``, ``team``, ``tier``."""
    data = body_of()
    texts = {name: data.get(name, "") for name in ("period", "organisation", "team")}
    tier = data.get("tier")
    wrong = [name for name, value in texts.items() if not isinstance(value, str)]
    if wrong or not (tier is None or (isinstance(tier, int) and not isinstance(tier, bool))):
        raise Invalid([Problem(name, "Of another kind.") for name in wrong or ["tier"]])
    clean = {name: value.replace("\x00", "") for name, value in texts.items()}
    with writing() as session:
        reference = review_records.create(
            session,
            viewer=viewer(),
            period=reviews.parse_period(clean["period"], fiscal_start=settings().fiscal_start),
            now=now(),
            whose=clean["organisation"],
            team=clean["team"],
            tier=tier,
            organisation=organisation(session),
        )
    return jsonify({"reference": reference}), 201


@blueprint.get("/reviews/<reference>")
@allow(Permission.READ)
def get_review(reference: str) -> Response:
    """The whole value, equal to the numbers that the page offers as JSON."""
    with reading() as session:
        page = review_pages.record_page(
            session, reference=reference, now=now(), organisation=organisation(session)
        )
    record = page.record
    assert record is not None
    value = json.loads(review_numbers.numbers(page.review, "json"))
    found = jsonify(
        {
            "reference": record.reference,
            "state": record.state.value,
            "version": record.version,
            "parts": {part: shown.version for part, shown in record.parts.items()},
            "late": record.late.words if record.late else "",
            "review": value,
        }
    )
    found.headers["ETag"] = f'"{record.version}"'
    return found


@blueprint.put("/reviews/<reference>/parts/<part>")
@allow(Permission.WRITE)
def put_review_part(reference: str, part: str) -> Answer:
    """Write one part. If-Match is the part's version, 0 before the first save."""
    base, body = if_match(), body_of()
    try:
        with writing() as session:
            saved = review_editing.save_part(
                session,
                viewer=viewer(),
                reference=reference,
                part=part,
                body=body,
                base_version=base,
                now=now(),
            )
    except Conflict as error:
        return answer(412, str(error), current=error.current, version=error.version)
    return jsonify({"part": part, "version": saved.version, "body": dict(saved.body)})


def _freeze(session: Session, reference: str, base: int) -> None:
    review_records.freeze(
        session,
        viewer=viewer(),
        reference=reference,
        base_version=base,
        now=now(),
        organisation=organisation(session),
    )


def _thaw(session: Session, reference: str, base: int) -> None:
    review_records.thaw(session, viewer=viewer(), reference=reference, base_version=base, now=now())


def _publish(session: Session, reference: str, base: int) -> None:
    review_records.publish(
        session, viewer=viewer(), reference=reference, base_version=base, now=now()
    )


_MOVES: dict[str, Callable[[Session, str, int], None]] = {
    "freeze": _freeze, "thaw": _thaw, "publish": _publish,
}  # fmt: skip


@blueprint.post("/reviews/<reference>/<move>")
@allow(Permission.REVIEW)
def move_review(reference: str, move: str) -> Answer:
    """``freeze``, ``thaw`` or ``publish`` at the version that If-Match names."""
    if move not in _MOVES:
        raise NotFound(f"A review can be moved by {', '.join(_MOVES)}.")
    base = if_match()
    try:
        with writing() as session:
            _MOVES[move](session, reference, base)
            row = review_records.find(session, reference)
            told = {"reference": reference, "state": row.state, "version": row.version,
                    "digest": row.digest or None}  # fmt: skip
    except Conflict as error:
        return answer(412, str(error), version=error.version)
    return jsonify(told)

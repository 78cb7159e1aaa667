"""Take a postmortem away: Markdown, JSON, the customers' variant, and the JSON's schema."""

import re

from flask import Blueprint, Response, jsonify, request

from rca.domain.access import Permission
from rca.formats import postmortem_json
from rca.services import exporting
from rca.services.exporting import Exported
from rca.web.access import allow
from rca.web.context import reading, viewer

blueprint = Blueprint("exports", __name__)


def _roles_only() -> bool:
    return request.args.get("roles", "") == "1"


def _answer(found: Exported, kind: str, name: str) -> Response:
    response = Response(found.text, mimetype=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(found.tag)
    response.make_conditional(request)
    return response


def _file_name(reference: str, suffix: str) -> str:
    safe = re.sub(r"[^A-Za-z0-9._-]", "_", reference)
    return f"{safe}{'-roles' if _roles_only() else ''}{suffix}"


@blueprint.get("/postmortems/<reference>.md")
@allow(Permission.READ)
def markdown(reference: str) -> Response:
    """Markdown; ``?roles=1`` replaces names, ``?for=customers`` is the variant for them."""
    with reading() as session:
        if request.args.get("for") == "customers":
            found = exporting.for_customers(session, viewer=viewer(), reference=reference)
            return _answer(found, "text/markdown", _file_name(reference, "-customers.md"))
        found = exporting.as_markdown(
            session, viewer=viewer(), reference=reference, roles_only=_roles_only()
        )
    return _answer(found, "text/markdown", _file_name(reference, ".md"))


@blueprint.get("/postmortems/<reference>.json")
@allow(Permission.READ)
def json(reference: str) -> Response:
    """JSON by the published schema; ``?roles=1`` replaces names."""
    with reading() as session:
        found = exporting.as_json(
            session, viewer=viewer(), reference=reference, roles_only=_roles_only()
        )
    return _answer(found, "application/json", _file_name(reference, ".json"))


@blueprint.get("/schemas/postmortem.json")
@allow(Permission.PUBLIC)
def schema() -> Response:
    """The JSON Schema of a postmortem; holds no data, so it is public."""
    return jsonify(postmortem_json.schema())

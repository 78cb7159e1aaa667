"""The API in OpenAPI 3.1, assembled from the same pydantic models that check its requests."""

from typing import Any

from pydantic import BaseModel

from rca.domain.change import ChangeRecord
from rca.domain.event import DeploymentRecord
from rca.formats import postmortem_json
from rca.services.findings import QUESTIONS, VERDICT_NAMES
from rca.services.pattern_filter import ORDERS

_REF = "#/components/schemas/"


def _schema(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, str]:
    """Put a model among the components and point at it."""
    made = model.model_json_schema(ref_template=f"{_REF}{{model}}")
    schemas.update(made.pop("$defs", {}))
    schemas[model.__name__] = made
    return {"$ref": f"{_REF}{model.__name__}"}


def _json(schema: dict[str, Any], words: str) -> dict[str, Any]:
    return {"description": words, "content": {"application/json": {"schema": schema}}}


_PROBLEM = {
    "description": "A problem, after RFC 9457.",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["title", "status", "detail"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "problems": {"type": "array", "items": {"type": "object"}},
                },
            }
        }
    },
}


def _query(name: str, words: str, **schema: Any) -> dict[str, Any]:
    return {
        "name": name,
        "in": "query",
        "description": words,
        "schema": schema or {"type": "string"},
    }


def _header(name: str, words: str, *, required: bool = False) -> dict[str, Any]:
    return {"name": name, "in": "header", "description": words, "required": required,
            "schema": {"type": "string"}}  # fmt: skip


def _path(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _problems(*codes: int) -> dict[str, Any]:
    return {str(code): _PROBLEM for code in (401, 403, *codes)}


def _list(item: dict[str, Any], words: str, *more: dict[str, Any]) -> dict[str, Any]:
    parts = {"items": {"type": "array", "items": item}, "next": {"type": ["string", "null"]}}
    page = {"type": "object", "required": ["items", "next"], "properties": parts}
    cursor = _query("cursor", "The `next` of the page before.")
    return {
        "summary": words,
        "parameters": [cursor, *more],
        "responses": {"200": _json(page, "A page."), **_problems(422)},
    }


def _create(item: dict[str, Any], words: str) -> dict[str, Any]:
    many = {"type": "object", "required": ["items"], "properties": {
        "items": {"type": "array", "minItems": 1, "maxItems": 1000, "items": item}}}  # fmt: skip
    counts = {"type": "object", "additionalProperties": {"type": "integer"}}
    return {
        "summary": words,
        "parameters": [_header("Idempotency-Key", "The same request again gets the same answer.")],
        "requestBody": {"required": True,
                        "content": {"application/json": {"schema": {"oneOf": [item, many]}}}},
        "responses": {"201": _json(counts, "How many were created."), **_problems(409, 422)},
    }  # fmt: skip


def _one(item: dict[str, Any], words: str, name: str) -> dict[str, Any]:
    return {"summary": words, "parameters": [_path(name)],
            "responses": {"200": _json(item, "It."), **_problems(404)}}  # fmt: skip


def _reviews() -> dict[str, Any]:
    """Reliability reviews on record."""
    line, seen = {"type": "object"}, _header("If-Match", "The version built on.", required=True)
    asked = {"type": "object", "required": ["period"], "properties": {
        "period": {"type": "string"}, "organisation": {"type": "string"},
        "team": {"type": "string"}, "tier": {"type": ["integer", "null"]}}}  # fmt: skip

    def body(schema: dict[str, Any]) -> dict[str, Any]:
        return {"required": True, "content": {"application/json": {"schema": schema}}}

    return {
        "/reviews": {
            "get": _list(line, "Reviews on record, the newest period first"),
            "post": {"summary": "Start a draft over live figures", "requestBody": body(asked),
                     "responses": {"201": _json(line, "Its reference."),
                                   **_problems(404, 409, 422)}},
        },
        "/reviews/{reference}": {"get": _one(line, "One review, whole", "reference")},
        "/reviews/{reference}/parts/{part}": {"put": {
            "summary": "Write one part at the version that If-Match names",
            "parameters": [_path("reference"), _path("part"), seen],
            "requestBody": body(line),
            "responses": {"200": _json(line, "As stored."), **_problems(404, 409, 412, 422, 428)},
        }},
        "/reviews/{reference}/{move}": {"post": {
            "summary": "Freeze, thaw or publish",
            "parameters": [_path("reference"), _path("move"), seen],
            "responses": {"200": _json(line, "Where it stands."), **_problems(404, 409, 412, 428)},
        }},
    }  # fmt: skip


def _proposals() -> dict[str, Any]:
    """What trackers propose for action items."""
    words = {"type": "object", "properties": {
        "reason": {"type": "string"}, "approver": {"type": "string"}}}  # fmt: skip
    seen = _header("If-Match", "The action's version; accepting needs it.")
    return {
        "/proposals": {"get": {
            "summary": "Proposals of trackers that wait, the oldest first",
            "responses": {"200": _json({"type": "object"}, "All of them."), **_problems()},
        }},
        "/proposals/{proposal_id}/{decision}": {"post": {
            "summary": "Accept one (the action moves), or reject it (the action stays)",
            "parameters": [_path("proposal_id"), _path("decision"), seen],
            "requestBody": {"required": False, "content": {"application/json": {"schema": words}}},
            "responses": {"200": _json({"type": "object"}, "Where the action stands."),
                          **_problems(404, 409, 412, 422, 428)},
        }},
    }  # fmt: skip


def _mining() -> dict[str, Any]:
    """What the newest mining run found."""
    line = {"type": "object"}
    limit = _query("limit", "How many at most.", type="integer", minimum=1, maximum=200, default=50)
    order = _query("order", "What comes first.", type="string", enum=list(ORDERS))
    asked = [
        limit,
        _query("question", "Of this question.", type="string", enum=list(QUESTIONS)),
        _query("verdict", "With this verdict.", type="string", enum=list(VERDICT_NAMES)),
        _query("pattern", "Of this pattern."), _query("cause", "Of this cause."),
    ]  # fmt: skip
    return {
        "/patterns": {"get": _list(line, "Patterns of the newest run with their open members",
                                   limit, order, _query("organisation", "Whose; all for all."))},
        "/patterns/{pattern_id}": {"get": _one(line, "One pattern", "pattern_id")},
        "/findings": {"get": {
            "summary": "What goes with what: counts, odds ratio with interval, q, verdict",
            "parameters": asked,
            "responses": {"200": _json(line, "The surest, with what they rest on."),
                          **_problems(422)},
        }},
        "/themes": {"get": {
            "summary": "Causes over all organisations",
            "responses": {"200": _json(line, "Themes, or why there are none."), **_problems()},
        }},
    }  # fmt: skip


def document() -> dict[str, Any]:
    """The whole document."""
    schemas: dict[str, Any] = {}
    change, deployment = _schema(ChangeRecord, schemas), _schema(DeploymentRecord, schemas)
    postmortem = postmortem_json.schema()
    schemas["Postmortem"] = postmortem
    limit = _query("limit", "How many at most.", type="integer", minimum=1, maximum=200, default=50)
    service, status = _query("service", "Of this service only."), _query("status", "In this state.")
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Throughline",
            "version": "1",
            "description": "Reads need scope `read`, writes scope `ingest`. Errors are "
            "problem+json. Lists are paged by cursor.",
        },
        "servers": [{"url": "/api/v1"}],
        "security": [{"token": []}],
        "paths": {
            "/changes": {
                "get": _list(change, "Changes, newest merge first", limit, service,
                             _query("repo", "Of this repository."), _query("ai_state", "")),
                "post": _create(change, "Store new changes"),
            },
            "/changes/{key}": {
                "get": _one(change, "One change", "key"),
                "put": {
                    "summary": "Replace the change that If-Match names",
                    "parameters": [_path("key"), _header("If-Match", "Its ETag.", required=True)],
                    "requestBody": {"required": True,
                                    "content": {"application/json": {"schema": change}}},
                    "responses": {"200": _json(change, "As stored."), **_problems(404, 412, 422, 428)},  # noqa: E501
                },
            },
            "/deployments": {
                "get": _list(deployment, "Deployments, newest first", limit, service),
                "post": _create(deployment, "Store deployments; a known one is completed"),
            },
            "/deployments/{key}": {"get": _one(deployment, "One deployment", "key")},
            "/incidents": {"get": _list({"type": "object"}, "Postmortems", service, status)},
            "/incidents/{reference}": {
                "get": _one({"$ref": f"{_REF}Postmortem"}, "One postmortem, whole", "reference")
            },
            **_reviews(), **_proposals(), **_mining(),
            "/risk": {"get": {
                "summary": "Are AI-assisted changes riskier? With the denominator",
                "parameters": [_query("outcome", "reverted_30d, reverted_ever, regression_cited, "
                                      "incident"), _query("by", "repo, service, quarter, size")],
                "responses": {"200": _json({"type": "object"}, "The report."), **_problems(422)},
            }},
            "/risk/case-control": {"get": {
                "summary": "The same from matched sets, when not all changes are recorded",
                "parameters": [_query("outcome", "incident, reverted_30d, reverted_ever, "
                                      "regression_cited")],
                "responses": {"200": _json({"type": "object"}, "The report."), **_problems(422)},
            }},
        },
        "components": {
            "schemas": schemas,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }  # fmt: skip

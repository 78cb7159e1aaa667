"""Our JSON of one postmortem, and the JSON Schema that describes it."""

import json
from typing import Any

from rca.domain.postmortem import PostmortemContent
from rca.domain.vocabulary import Status
from rca.formats.markdown import FORMAT

SCHEMA_PATH = "/schemas/postmortem.json"


def document(
    content: PostmortemContent, *, reference: str, status: str, version: int
) -> dict[str, Any]:
    """The whole content with its name and state; an import reads it back without loss."""
    return {
        "$schema": SCHEMA_PATH,
        "format": FORMAT,
        "reference": reference,
        "status": status,
        "version": version,
        "content": content.model_dump(mode="json"),
    }


def write(content: PostmortemContent, *, reference: str, status: str, version: int) -> str:
    """The document as text, the same bytes for the same content."""
    value = document(content, reference=reference, status=status, version=version)
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of :func:`document`, made from the domain's own types."""
    content = PostmortemContent.model_json_schema(mode="serialization")
    definitions = content.pop("$defs", {})
    definitions["PostmortemContent"] = content
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_PATH,
        "title": "Postmortem",
        "description": "One structured postmortem. Blank is null or an empty list; unknown is a "
        "value of its own. Times are UTC.",
        "type": "object",
        "additionalProperties": False,
        "required": ["format", "reference", "status", "version", "content"],
        "properties": {
            "$schema": {"type": "string"},
            "format": {"const": FORMAT},
            "reference": {"type": "string", "minLength": 1, "maxLength": 240},
            "status": {"enum": list(Status.values())},
            "version": {"type": "integer", "minimum": 1},
            "content": {"$ref": "#/$defs/PostmortemContent"},
        },
        "$defs": definitions,
    }

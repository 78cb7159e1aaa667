"""The guardrail document: its published schema, and everything a reader or writer needs of it.

``parse`` and ``render`` are the only ways in and out of text, ``validate`` the only judge of a
document, ``identity`` and ``next_version`` say what it means and how it changed.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from importlib import resources
from typing import Any

from mining.policy.checks import Problem, problems
from mining.policy.stream import PolicyTextError, parse, render
from mining.policy.versions import identity, next_version

__all__ = [
    "API_VERSION",
    "KIND",
    "PolicyTextError",
    "Problem",
    "identity",
    "next_version",
    "parse",
    "render",
    "schema",
    "validate",
]

API_VERSION = "guardrails.rca/v1"
KIND = "GuardrailPolicy"


def schema() -> dict[str, Any]:
    """The published JSON Schema (draft 2020-12), a fresh copy at each call."""
    text = resources.files("mining.policy").joinpath("schema.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@lru_cache(maxsize=1)
def _validator() -> Any:
    # jsonschema costs a tenth of a second to import; a gate that reads trusted rules skips it.
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema())


def _path(parts: Any) -> str:
    text = ""
    for part in parts:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".") or "(document)"


def _shape_message(error: Any) -> str:
    """Our own words for the errors that people meet most; never an echo of a whole document."""
    if error.validator == "required":
        missing = sorted(set(error.validator_value) - set(error.instance))
        return "missing: " + ", ".join(missing)
    if error.validator == "enum":
        return "must be one of " + ", ".join(str(item) for item in error.validator_value)
    if error.validator == "const":
        return f"must be {error.validator_value}"
    if error.validator == "additionalProperties":
        known = set(error.schema.get("properties", {}))
        return "unknown key: " + ", ".join(sorted(set(error.instance) - known))
    if error.validator == "type":
        return f"must be of type {error.validator_value}"
    return str(error.schema.get("description", f"breaks {error.validator}"))


def _shape(doc: object) -> list[Problem]:
    errors = sorted(_validator().iter_errors(doc), key=lambda error: str(list(error.absolute_path)))
    return [Problem(_path(error.absolute_path), _shape_message(error)) for error in errors]


def validate(doc: Mapping[str, Any]) -> list[Problem]:
    """Everything wrong with a document, first its shape, then its meaning; empty when it is good.

    Meaning is judged only when the shape holds: facts exist and are compared with values of their
    own kind, times are real, and each case of the document comes out as it promises.
    """
    found = _shape(doc)
    return found or problems(doc)

"""Single values of a foreign row in our shape: list lines as rows, addresses, words for types."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from rca.domain.vocabulary import TimePrecision
from rca.formats.titles import shorten

_GITHUB = re.compile(r"github:([\w.-]+/[\w.-]+)@(\w+):(.+)", re.DOTALL)


def kind_of(value: Any) -> str:
    """A type as a person names it."""
    names = {bool: "true or false", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)


def address_of(source: str) -> str:
    """A web address for where a data set says that it found the record."""
    if re.match(r"https?://\S+$", source):
        return source[:2_000]
    match = _GITHUB.fullmatch(source)
    if not match:
        return ""
    path, _, _fragment = match[3].partition("#")
    return f"https://github.com/{match[1]}/blob/{match[2]}/{quote(path)}"[:2_000]


def lines_as_rows(name: str, text: str, *, split: bool = True) -> list[dict[str, Any]]:
    """Text in a cell that we keep as rows: one per line, its list mark taken off."""
    lines = text.split("\n") if split else [text]
    items = [re.sub(r"^\s*(?:[-*+•]|\d+[.)])\s+", "", line).strip() for line in lines]
    shapes: dict[str, Callable[[str], dict[str, Any]]] = {
        "factors": _factor,
        "actions": lambda item: {"title": shorten(item, 240), **_rest("done_criterion", item)},
        "timeline": lambda item: {"text": item, "precision": TimePrecision.UNKNOWN.value},
        "related": lambda item: {"reference": item, "relation": "similar_to"},
    }
    shape = shapes.get(name)
    return [shape(item) for item in items if item] if shape else []


def _factor(item: str) -> dict[str, Any]:
    return {"statement": shorten(item, 240), **_rest("evidence", item)}


def _rest(name: str, item: str) -> dict[str, str]:
    return {name: item[:2_000]} if len(item) > 240 else {}

"""Field names of a form to nested data.

``timeline-3-at`` is the field ``at`` of a row of ``timeline``. Rows come in the order in which
the page sends them, whatever their numbers, so that moving a row on the page is enough.
``impact_types[]`` collects values; on a list of rows the same suffix, sent blank, says that the
list is on the page even when its last row was removed. A single field sent twice takes the last
value: a hidden ``0`` before a checkbox makes *unchecked* an answer.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from rca.errors import Invalid, Problem

_NAME = re.compile(r"[a-z0-9_]{1,64}(?:-[a-z0-9_]{1,64}){0,5}(?:\[\])?", re.ASCII)


@dataclass
class _Node:
    value: str | None = None
    values: list[str] | None = None
    children: dict[str, "_Node"] = field(default_factory=dict)


def parse(pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Nested data of a form. Names of another shape are not ours and are left out.

    Raises Invalid when one name is used both for a value and for rows.
    """
    root = _Node()
    for name, value in pairs:
        if _NAME.fullmatch(name):
            _put(root, name, value)
    found = {key: _plain(child, key) for key, child in root.children.items()}
    return found


def _put(root: _Node, name: str, value: str) -> None:
    several = name.endswith("[]")
    node = root
    for part in name.removesuffix("[]").split("-"):
        node = node.children.setdefault(part, _Node())
    if several:
        node.values = [*(node.values or []), *([value] if value.strip() else [])]
    else:
        node.value = value


def _plain(node: _Node, name: str) -> Any:
    if node.value is not None and (node.children or node.values is not None):
        raise Invalid([Problem(name, "This page sent a value and rows under one name.")])
    if not node.children:
        return node.value if node.values is None else node.values
    if all(key.isdigit() for key in node.children):
        return [_plain(child, f"{name}-{key}") for key, child in node.children.items()]
    return {key: _plain(child, f"{name}-{key}") for key, child in node.children.items()}


def row_at(data: dict[str, Any], path: str) -> tuple[list[Any], int]:
    """The list and position that ``timeline-3`` or ``ai_influences-1-evidence-0`` names.

    Raises Invalid when the page has no such row any more.
    """
    *parts, last = path.split("-")
    try:
        rows: Any = data
        for part in parts:
            rows = rows[int(part)] if part.isdigit() else rows[part]
        place = int(last)
        rows[place]
    except (KeyError, IndexError, ValueError, TypeError) as error:
        raise Invalid([Problem("", "That row is no longer on the page.")]) from error
    return rows, place


def list_at(data: dict[str, Any], path: str) -> list[Any]:
    """The list that ``timeline`` or ``ai_influences-1-evidence`` names, made when absent."""
    node: Any = data
    parts = path.split("-")
    try:
        for place, part in enumerate(parts):
            if part.isdigit():
                node = node[int(part)]
            elif place == len(parts) - 1:
                node = node.setdefault(part, [])
            else:
                node = node[part]
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise Invalid([Problem("", "That list is no longer on the page.")]) from error
    if not isinstance(node, list):
        raise Invalid([Problem("", "That is not a list of rows.")])
    return node

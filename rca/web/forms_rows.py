"""What the row buttons do when no script runs: add, remove, move, or start an action."""

from typing import Any

from rca.domain.postmortem import new_id
from rca.errors import Invalid, Problem
from rca.web import forms

VERBS = ("add", "remove", "up", "down", "act", "suggest")


def apply(nested: dict[str, Any], verb: str, target: str) -> str:
    """Change the parsed form in place. Returns the id of the input that takes the focus."""
    if verb == "add":
        target, _, kind = target.partition("=")
        return _add(nested, target, {"kind": kind} if kind else {})
    if verb == "act":
        return _act(nested, target)
    rows, place = forms.row_at(nested, target)
    parent = target.rpartition("-")[0]
    if verb == "remove":
        del rows[place]
        return f"add-{parent}"
    other = place - 1 if verb == "up" else place + 1
    if 0 <= other < len(rows):
        rows[place], rows[other] = rows[other], rows[place]
        place = other
    return first_input(f"{parent}-{place}")


def _add(nested: dict[str, Any], target: str, values: dict[str, Any]) -> str:
    rows = forms.list_at(nested, target)
    rows.append({"id": new_id(), **values})
    return first_input(f"{target}-{len(rows) - 1}")


def _act(nested: dict[str, Any], target: str) -> str:
    """An action that answers the factor of that row."""
    rows, place = forms.row_at(nested, target)
    factor = rows[place].get("id") if isinstance(rows[place], dict) else None
    if not factor:
        raise Invalid([Problem("", "That factor is no longer on the page.")])
    return _add(nested, "actions", {"factor_ids": [factor]})


_FIRST = {
    "timeline": "at",
    "factors": "statement",
    "actions": "title",
    "notes": "text",
    "impact_measures": "kind",
    "participants": "name",
    "related": "reference",
    "changes": "change_key",
    "evidence": "basis",
    "claims": "party",
}


def first_input(row: str) -> str:
    """The id of the first input of a row."""
    name = next((part for part in reversed(row.split("-")) if not part.isdigit()), "")
    return f"{row}-{_FIRST.get(name, 'text')}"

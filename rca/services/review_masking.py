"""Frozen figures outlive the visibility of a record: what was restricted since is left out."""

import re
from collections.abc import Iterator
from typing import Any

from sqlmodel import Session, col, select

from rca.reports.value import Review, as_json, from_json
from rca.services.visibility import is_open
from rca.store import tables as t

GONE = "Left out: it names a record that was restricted since."
_WORD = "restricted since"


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)


def closed_references(session: Session, review: Review) -> frozenset[str]:
    """References in the review of records that not everybody may see today."""
    row = t.PostmortemRow
    closed = session.exec(select(col(row.reference)).where(~is_open())).all()
    if not closed:
        return frozenset()
    text = "\n".join(_strings(as_json(review)))
    return frozenset(ref for ref in closed if _pattern(frozenset([ref])).search(text))


def _pattern(references: frozenset[str]) -> re.Pattern[str]:
    listed = "|".join(re.escape(ref) for ref in sorted(references))
    return re.compile(rf"(?<![\w-])(?:{listed})(?![\w-])")


def masked(review: Review, closed: frozenset[str]) -> Review:
    """The review without the words of those records. Numbers stay as they were frozen."""
    if not closed:
        return review
    data = as_json(review)
    names = _pattern(closed)
    data["in_full"] = "" if data["in_full"] in closed else data["in_full"]
    data["agenda"] = [a for a in data["agenda"] if a["reference"] not in closed]
    data["better"] = [pair for pair in data["better"] if not names.search(" ".join(pair))]
    for card in _cards(data):
        card["quotes"] = [pair for pair in card["quotes"] if pair[1] not in closed]
    data["edition"]["masked"] = len(closed)
    return from_json(_walk(data, names))


def _cards(data: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield from data["patterns"]
    for section in data["sections"]:
        yield from section["cards"]


def _walk(value: Any, names: re.Pattern[str]) -> Any:
    if isinstance(value, dict):
        return {
            key: [_row(row, names) for row in inner] if key == "rows" else _walk(inner, names)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_walk(inner, names) for inner in value]
    if isinstance(value, str) and names.search(value):
        return GONE
    return value


def _row(row: Any, names: re.Pattern[str]) -> list[Any]:
    """A table row: its text cells go when any of them names the record; its numbers stay."""
    if not any(isinstance(cell, str) and names.search(cell) for cell in row):
        return list(row)
    return [_WORD if isinstance(cell, str) else cell for cell in row]

"""Clashes in words, for the page and for the panel in the editor."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rca.domain.compare import shown
from rca.domain.labels import FIELD_LABELS, ROW_LABELS, ROW_NAMES, name_of_key
from rca.domain.merge import Clash
from rca.domain.postmortem import PostmortemContent

_GONE = "(removed)"


@dataclass(frozen=True, slots=True)
class ShownClash:
    """One field with three texts and what may be chosen."""

    path: str
    label: str
    base: str
    mine: str
    theirs: str
    joinable: bool


def shown_clashes(
    clashes: Iterable[Clash], both: tuple[PostmortemContent, PostmortemContent]
) -> list[ShownClash]:
    """Each clash with its label and its three texts."""
    return [
        ShownClash(
            clash.path,
            label_of_clash(clash.path, both),
            _text(clash.base, both),
            _text(clash.mine, both) or (_GONE if clash.mine is None else ""),
            _text(clash.theirs, both) or (_GONE if clash.theirs is None else ""),
            clash.joinable,
        )
        for clash in clashes
    ]


def label_of_clash(path: str, both: tuple[PostmortemContent, PostmortemContent]) -> str:
    """``factors/<id>/statement`` as ``Factor “The pool…”: statement``."""
    field, _, rest = path.partition("/")
    if not rest:
        return FIELD_LABELS.get(field, field)
    key, _, part = rest.partition("/")
    noun = ROW_NAMES.get(field, field).capitalize()
    name = name_of_key(field, key) or _title_of(field, key, both)
    words = f"{noun}: {name}" if name else noun
    return f"{words} · {ROW_LABELS.get(part, part).lower()}" if part else words


def _title_of(field: str, key: str, both: tuple[PostmortemContent, PostmortemContent]) -> str:
    for content in both:
        for place, row in enumerate(getattr(content, field)):
            if getattr(row, "id", None) == key:
                for part in ("statement", "title", "text"):
                    text = str(getattr(row, part, "") or "").strip()
                    if text:
                        return f"“{text[:48].rstrip()}{'…' if len(text) > 48 else ''}”"
                return str(place + 1)
    return key.replace("+", ", ")


def _text(value: Any, both: tuple[PostmortemContent, PostmortemContent]) -> str:
    if isinstance(value, dict):
        lines = [
            f"{ROW_LABELS.get(part, part)}: {_text(inner, both)}"
            for part, inner in value.items()
            if inner not in (None, "", []) and part not in ("id", "source", "confirmed", "entry_tz")
        ]
        return "\n".join(lines)
    if isinstance(value, list):
        return "\n".join(_text(item, both) for item in value)
    return shown(value, both)

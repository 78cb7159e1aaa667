"""What differs between two versions of a postmortem, in words a person can follow."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from enum import StrEnum
from typing import Any

from rca.domain.labels import FIELD_LABELS, ROW_LABELS, ROW_NAMES, name_of_key
from rca.domain.postmortem import PostmortemContent
from rca.domain.sections import SECTION_FIELDS
from rca.domain.vocabulary import Section, Vocabulary

_WORDS = re.compile(r"\s+|\w+|[^\w\s]")
_MOST_WORDS = 6_000
_SILENT = frozenset({"id", "user_id", "entry_tz"})
_KEYS = {"times": "milestone", "ai_influences": "surface", "changes": "change_key"}
_TITLES = ("statement", "title", "text", "surface", "milestone", "kind", "name", "reference")


class Mark(StrEnum):
    """What happened to a stretch of text."""

    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Stretch:
    """A run of text with one mark."""

    mark: Mark
    text: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One changed value: its words, where it stands, and the text before and after, interleaved."""

    section: Section
    label: str
    what: str
    stretches: tuple[Stretch, ...]


def words_apart(old: str, new: str) -> tuple[Stretch, ...]:
    """Both texts in one, word by word. Removed text plus same text is ``old``, and so on."""
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    if len(before) + len(after) > _MOST_WORDS:
        pairs = ((Mark.REMOVED, old), (Mark.ADDED, new))
        return tuple(Stretch(mark, text) for mark, text in pairs if text)
    found: list[Stretch] = []
    for op, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if op == "equal":
            found.append(Stretch(Mark.SAME, "".join(before[a:b])))
            continue
        if b > a:
            found.append(Stretch(Mark.REMOVED, "".join(before[a:b])))
        if d > c:
            found.append(Stretch(Mark.ADDED, "".join(after[c:d])))
    return tuple(found)


def differences(old: PostmortemContent, new: PostmortemContent) -> list[Difference]:
    """All that differs, section by section in the order of the form."""
    found: list[Difference] = []
    for section, fields in SECTION_FIELDS.items():
        for name in fields:
            before, after = getattr(old, name), getattr(new, name)
            if before != after:
                found += _field(section, name, before, after, (old, new))
    return found


_Both = tuple[PostmortemContent, PostmortemContent]


def _field(section: Section, name: str, old: Any, new: Any, both: _Both) -> list[Difference]:
    label = FIELD_LABELS.get(name, name)
    rows = [*(old if isinstance(old, list) else []), *(new if isinstance(new, list) else [])]
    if rows and not isinstance(rows[0], str):
        return list(_rows(section, name, old, new, both))
    stretches = words_apart(shown(old), shown(new))
    return [Difference(section, label, "changed", stretches)]


def _rows(
    section: Section, name: str, old: Sequence[Any], new: Sequence[Any], both: _Both
) -> Iterable[Difference]:
    before, after = _keyed(name, old), _keyed(name, new)
    noun = ROW_NAMES.get(name, name).capitalize()
    for key in dict.fromkeys([*before, *after]):
        first, second = before.get(key), after.get(key)
        title = name_of_key(name, key) or _title(second or first)
        label = f"{noun}: {title}" if title else noun
        if first is None or second is None:
            what = "added" if first is None else "removed"
            mark = Mark.ADDED if first is None else Mark.REMOVED
            text = _row_text(second or first or {}, both)
            yield Difference(section, label, what, (Stretch(mark, text),))
            continue
        for part, value in second.items():
            if part not in _SILENT and first.get(part) != value:
                words = f"{label} · {ROW_LABELS.get(part, part).lower()}"
                apart = words_apart(shown(first.get(part), both), shown(value, both))
                yield Difference(section, words, "changed", apart)
    kept = [key for key in before if key in after]
    if kept != [key for key in after if key in before]:
        yield Difference(section, FIELD_LABELS.get(name, name), "put in another order", ())


def _keyed(name: str, rows: Sequence[Any]) -> dict[str, dict[str, Any]]:
    part = _KEYS.get(name, "id")
    found: dict[str, dict[str, Any]] = {}
    for place, row in enumerate(rows):
        values = {field: getattr(row, field) for field in type(row).model_fields}
        key = str(values.get(part) or values.get("name") or values.get("reference") or place)
        found[key if key not in found else f"{key}~{place}"] = values
    return found


def _title(row: Mapping[str, Any] | None) -> str:
    for part in _TITLES:
        value = (row or {}).get(part)
        if value:
            text = shown(value)
            return text if len(text) <= 60 else text[:57].rstrip() + "…"
    return ""


def _row_text(row: Mapping[str, Any], both: _Both) -> str:
    words = [
        f"{ROW_LABELS.get(part, part)}: {shown(value, both)}"
        for part, value in row.items()
        if part not in _SILENT and part not in ("source", "confirmed") and shown(value)
    ]
    return "\n".join(words)


def shown(value: Any, both: _Both | None = None) -> str:
    """A value in words; ids of rows become the words of those rows."""
    if value is None or value == "" or value == []:
        return ""
    if isinstance(value, Vocabulary):
        return value.label
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return "; ".join(shown(item, both) for item in value)
    if hasattr(value, "model_dump"):
        return ", ".join(shown(part) for part in dict(value).values() if shown(part))
    if hasattr(value, "strftime"):
        return f"{value:%Y-%m-%d %H:%M}" if hasattr(value, "hour") else f"{value:%Y-%m-%d}"
    return _row_name(str(value), both) if both else str(value)


def _row_name(text: str, both: _Both) -> str:
    if not re.fullmatch(r"[0-9a-f]{32}", text):
        return text
    for content in both:
        for entry in content.timeline:
            if entry.id == text:
                return entry.text[:60]
        for factor in content.factors:
            if factor.id == text:
                return factor.statement
    return text

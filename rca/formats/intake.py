"""One file or paste of any known format to drafts, with everything that did not go in."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePath

from rca.formats import csv_table, document, front_matter, html_text, jsonl, markdown
from rca.formats.columns import target_of
from rca.formats.decoding import decode
from rca.formats.mapping import Assume, BadRow, Draft, to_draft
from rca.formats.rows import Refusal, Row, Sheet, Unreadable

FORMATS = {
    "jsonl": "JSON Lines",
    "json": "JSON",
    "csv": "CSV",
    "markdown": "Markdown",
    "html": "HTML",
}
_BY_SUFFIX = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".md": "markdown",
    ".markdown": "markdown",
    ".mdown": "markdown",
    ".txt": "markdown",
    ".html": "html",
    ".htm": "html",
    ".xhtml": "html",
}
SUFFIXES = tuple(_BY_SUFFIX)


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one file gave. ``unknown`` and ``unused`` count the rows that had the column."""

    name: str
    format: str
    drafts: tuple[Draft, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    unknown: dict[str, int] = field(default_factory=dict)
    unused: dict[str, int] = field(default_factory=dict)
    readable: bool = True


def read(name: str, data: bytes, assume: Assume, *, kind: str = "") -> Parsed:
    """Drafts and refusals of one file. Never raises for what a file may hold."""
    kind = kind or _BY_SUFFIX.get(PurePath(name).suffix.lower(), "")
    try:
        text, notes = decode(data)
        kind = kind or guess(text)
        sheet = _READERS[kind](text.removeprefix("\ufeff"), name)
    except front_matter.BadHead as error:
        return Parsed(name, kind, refusals=(error.refusal,), readable=False)
    except Unreadable as error:
        return Parsed(name, kind, refusals=(Refusal(0, "", str(error)),), readable=False)
    return _drafted(name, kind, sheet, notes, assume)


def guess(text: str) -> str:
    """The format of a text that came without a name."""
    start = text.lstrip("\ufeff \t\n")
    first = start.split("\n", 1)[0]
    if start.startswith("{"):
        return "jsonl" if first.rstrip().endswith("}") else "json"
    if start.startswith("["):
        return "json"
    if start.startswith("<") and ("<html" in start[:2_000].lower() or "</" in start):
        return "html"
    return "csv" if _is_header(first) else "markdown"


def _is_header(line: str) -> bool:
    names = re.split(r"[,;\t]", line)
    return sum(bool(target_of(name.strip(' "'))) for name in names) >= 2


def _json(text: str, _name: str) -> Sheet:
    """A document; JSON Lines under the wrong suffix are read too."""
    try:
        return jsonl.read_document(text)
    except Unreadable:
        if guess(text) == "jsonl" and "\n" in text.strip():
            return jsonl.read_lines(text)
        raise


def _csv(text: str, _name: str) -> Sheet:
    sheet = csv_table.read(text)
    names = text.split("\n", 1)[0]
    if sheet.rows and not any(target_of(name) for row in sheet.rows for name in row.values):
        raise Unreadable(
            f"Its first line names no column that we know: {names[:200]}. "
            "It needs at least a title or a text."
        )
    return sheet


def _markdown(text: str, name: str) -> Sheet:
    headed = front_matter.part(text)
    if markdown.is_ours(headed.values):
        return Sheet((Row(1, markdown.read_values(text)),))
    return document.read(headed.body, head=headed.values, name=name)


def _html(text: str, name: str) -> Sheet:
    page = html_text.to_markdown(text)
    return document.read(page.text, head=page.head, name=name)


_READERS: dict[str, Callable[[str, str], Sheet]] = {
    "jsonl": lambda text, _name: jsonl.read_lines(text),
    "json": _json,
    "csv": _csv,
    "markdown": _markdown,
    "html": _html,
}


def _unpacked(row: Row) -> Row:
    """Our own JSON export keeps the content one level down."""
    content = row.values.get("content")
    if markdown.is_ours(row.values) and isinstance(content, dict):
        kept = {name: row.values[name] for name in ("reference", "status") if name in row.values}
        return Row(row.line, {**kept, **content})
    return row


def _drafted(name: str, kind: str, sheet: Sheet, notes: tuple[str, ...], assume: Assume) -> Parsed:
    drafts: list[Draft] = []
    refusals = list(sheet.refusals)
    unknown: Counter[str] = Counter()
    unused: Counter[str] = Counter()
    for row in sheet.rows:
        try:
            draft = to_draft(_unpacked(row), assume)
        except BadRow as error:
            refusals += error.refusals
            continue
        unknown.update(draft.unknown)
        unused.update(draft.unused)
        drafts.append(draft)
    refusals.sort(key=lambda item: item.line)
    return Parsed(
        name, kind, tuple(drafts), tuple(refusals), (*notes, *sheet.notes), dict(unknown),
        dict(unused), readable=bool(drafts),
    )  # fmt: skip

"""Our own Markdown: a YAML head, prose under headings, tables to read, and a block of record data.

It loses nothing: :func:`read` gives back what :func:`write` was given. Prose stands under
``## Summary`` and its like; a line of prose that looks exactly like one of these headings gets a
backslash. Tables and lists are for readers; the rows behind them are in the last block.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from rca.domain.postmortem import PostmortemContent, new_id
from rca.formats import front_matter, yaml_text
from rca.formats.mapping import ROW_FIELDS, number_rows
from rca.formats.markdown_tables import TABLES
from rca.formats.rows import Unreadable

FORMAT = "throughline/postmortem/v1"

PROSE = {
    "summary": "Summary",
    "impact_summary": "Impact",
    "what_happened": "What happened",
    "response": "Response",
    "time_note": "Note on times",
    "external_summary": "For customers: summary",
    "external_what_happened": "For customers: what happened",
    "external_what_we_do": "For customers: what we do",
}
_VERBATIM, _DATA = "Imported text", "Record data"
_BLOCKS = (*ROW_FIELDS, "participants", "times", "related", "changes")
_FIELD_OF = {label: name for name, label in PROSE.items()}
_HEADINGS = (*PROSE.values(), *TABLES, _VERBATIM, _DATA)
_LOOKS_LIKE_HEADING = re.compile(
    rf"^(\\*)## (?:{'|'.join(re.escape(name) for name in _HEADINGS)})[ \t]*$", re.MULTILINE
)
_ESCAPED_HEADING = re.compile(rf"^\\(?={_LOOKS_LIKE_HEADING.pattern[1:]})", re.MULTILINE)
_SHORT = {"timeline": "t", "factors": "f"}


def is_ours(values: Mapping[str, Any]) -> bool:
    """Whether a head is of this format."""
    return values.get("format") == FORMAT


def write(content: PostmortemContent, *, reference: str = "", status: str = "") -> str:
    """``content`` as Markdown, the same bytes for the same content."""
    data = content.model_dump(mode="json", exclude_defaults=True)
    _shorten_ids(data)
    given = {"reference": reference, "status": status}
    head = {"format": FORMAT, **{name: value for name, value in given.items() if value}}
    prose = (*PROSE, "imported_text")
    head |= {name: data[name] for name in data if name not in (*prose, *_BLOCKS)}
    parts = [f"---\n{yaml_text.dump(head)}---\n", f"# {content.title or reference}\n"]
    parts += _sections(content)
    blocks = {name: data[name] for name in _BLOCKS if data.get(name)}
    if blocks:
        parts.append(_record_data(blocks))
    return "\n".join(parts)


def _sections(content: PostmortemContent) -> Iterator[str]:
    first, *later = PROSE
    for name in (first, *later[:3]):
        yield from _prose(content, name)
    for heading, table in TABLES.items():
        text = table(content)
        if text:
            yield f"## {heading}\n\n{text}\n"
    for name in later[3:]:
        yield from _prose(content, name)
    if content.imported_text:
        fence = _fence(content.imported_text)
        yield f"## {_VERBATIM}\n\n{fence}text\n{content.imported_text}\n{fence}\n"


def _prose(content: PostmortemContent, name: str) -> Iterator[str]:
    text = getattr(content, name)
    if text:
        safe = _LOOKS_LIKE_HEADING.sub(lambda match: "\\" + match.group(), text)
        yield f"## {PROSE[name]}\n\n{safe}\n"


def _record_data(blocks: Mapping[str, Any]) -> str:
    dumped = yaml_text.dump(dict(blocks))
    fence = _fence(dumped)
    told = "The tables above are written from this block; an import reads this block."
    return f"## {_DATA}\n\n{told}\n\n{fence}yaml\n{dumped}{fence}\n"


def _fence(text: str) -> str:
    runs = [len(run) for run in re.findall(r"~+", text)]
    return "~" * max(3, *[length + 1 for length in runs], 3)


def _shorten_ids(data: dict[str, Any]) -> None:
    """``t1`` and ``f2`` where another row points at it; no ids elsewhere."""
    number_rows(data, lambda name, place: f"{_SHORT.get(name, name)}{place + 1}")
    linked = {item for row in data.get("factors", []) for item in row.get("timeline_ids", [])}
    linked |= {item for row in data.get("actions", []) for item in row.get("factor_ids", [])}
    for name in ROW_FIELDS:
        for row in data.get(name, []):
            if row["id"] not in linked:
                del row["id"]


def read(text: str) -> PostmortemContent:
    """The content that :func:`write` was given; row ids are new, their links kept.

    Raises Unreadable, front_matter.BadHead or pydantic's ValidationError.
    """
    data = dict(read_values(text))
    for name in ("format", "reference", "status"):
        data.pop(name, None)
    number_rows(data, lambda _name, _place: new_id())
    return PostmortemContent.model_validate(data)


def read_values(text: str) -> Mapping[str, Any]:
    """The values under our names, before any check."""
    headed = front_matter.part(text)
    if not is_ours(headed.values):
        raise Unreadable(f"Its head does not say “format: {FORMAT}”.")
    data = dict(headed.values)
    for heading, lines in _parted(headed.body):
        if heading == _VERBATIM:
            data["imported_text"] = "\n".join(_inside_fence(lines))
        elif heading == _DATA:
            data |= _blocks(lines)
        elif heading in _FIELD_OF:
            data[_FIELD_OF[heading]] = _unescape(lines)
    return data


def _unescape(lines: list[str]) -> str:
    if lines and not lines[0]:
        lines = lines[1:]
    if lines and not lines[-1]:
        lines = lines[:-1]
    return _ESCAPED_HEADING.sub("", "\n".join(lines))


def _parted(body: str) -> Iterator[tuple[str, list[str]]]:
    """(heading, lines beneath). A fence under “Imported text” hides headings inside it."""
    headings = {f"## {name}": name for name in _HEADINGS}
    lines: list[str] = []
    current = fence = ""
    for line in body.split("\n"):
        if fence:
            fence = "" if line == fence else fence
        elif line.rstrip(" \t") in headings:
            if current:
                yield current, lines
            current, lines = headings[line.rstrip(" \t")], []
            continue
        elif current in (_VERBATIM, _DATA) and line.startswith("~~~"):
            fence = re.match(r"~+", line).group()  # type: ignore[union-attr]
        lines.append(line)
    if current:
        yield current, lines


def _inside_fence(lines: list[str]) -> list[str]:
    start = next((n for n, line in enumerate(lines) if line.startswith("~~~")), None)
    if start is None:
        return lines
    fence = re.match(r"~+", lines[start]).group()  # type: ignore[union-attr]
    end = next((n for n in range(start + 1, len(lines)) if lines[n] == fence), len(lines))
    return lines[start + 1 : end]


def _blocks(lines: list[str]) -> Mapping[str, Any]:
    try:
        value = yaml_text.load("\n".join(_inside_fence(lines)))
    except yaml_text.YamlProblem as error:
        raise Unreadable(f"Its record data, line {error.line} of the block: {error}.") from error
    if not isinstance(value, Mapping):
        raise Unreadable("Its record data is not a list of names and values.")
    return {name: _without_blanks(item) for name, item in value.items() if name in _BLOCKS}


def _without_blanks(value: Any) -> Any:
    """A name whose value somebody emptied by hand is blank, as if it were not there."""
    if isinstance(value, Mapping):
        return {name: _without_blanks(item) for name, item in value.items() if item is not None}
    if isinstance(value, list):
        return [_without_blanks(item) for item in value]
    return value

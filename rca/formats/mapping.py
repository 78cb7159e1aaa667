"""One foreign row to one :class:`PostmortemContent`. The same for every format.

What comes in is marked imported and unconfirmed. Row ids follow from the record's key, so that
the same input gives the same content: that is how a second import sees what it already holds.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from rca.domain.postmortem import OWN_ORGANISATION, PostmortemContent
from rca.domain.vocabulary import Milestone, Severity, TimePrecision, ValueSource
from rca.formats import jsonl
from rca.formats.columns import MILESTONES, NATIVE, NOTES, target_of
from rca.formats.dates import UNKNOWN, read_date
from rca.formats.mapping_values import address_of, kind_of, lines_as_rows
from rca.formats.rows import Refusal, Row
from rca.formats.titles import first_sentence, shorten

ROW_FIELDS = ("impact_measures", "timeline", "factors", "ai_influences", "actions", "notes")
_PROPOSED = (*ROW_FIELDS, "times")
_NAMES = ("services", "functionalities", "environments", "regions", "teams", "impact_types")
_SEVERITY = re.compile(r"(?:sev(?:erity)?|s|p)?[\s_-]*([1-5])", re.IGNORECASE)
_BLANK_WORDS = ("", "unknown", "none", "n/a", "-", "?")
_OUR_REFERENCE = re.compile(r"[A-Z][A-Z0-9]{0,15}-\d{1,6}(?:-\d{1,9})?")
_TITLE = 240


class BadRow(ValueError):
    """The row can't go in; ``refusals`` say why, each with its column."""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__("; ".join(f"{item.field}: {item.reason}" for item in refusals))
        self.refusals = refusals


@dataclass(frozen=True, slots=True)
class Assume:
    """What a person said about the whole import."""

    organisation: str = OWN_ORGANISATION
    severities: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Draft:
    """A record ready to store. ``key`` tells it from every other, whenever it is imported."""

    line: int
    key: str
    content: PostmortemContent
    reference: str = ""
    unknown: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()


@dataclass(slots=True)
class _Columns:
    """A row's values by our names, with the name each was written under."""

    values: dict[str, Any] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)

    def take(self, name: str) -> Any:
        return self.values.pop(name, None)


def _sorted_out(values: Mapping[str, Any]) -> _Columns:
    found = _Columns()
    for written, value in values.items():
        target = target_of(str(written))
        if target is None:
            found.unknown.append(str(written)[:120])
        elif target == "":
            found.unused.append(str(written))
        elif not _is_blank(value) and target not in found.values:
            found.values[target] = value
            found.written[target] = str(written)
        elif not _is_blank(value):
            found.unused.append(f"{written} (“{found.written[target]}” says it already)")
    return found


def _is_blank(value: Any) -> bool:
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def to_draft(row: Row, assume: Assume) -> Draft:
    """The record of ``row``. Raises BadRow."""
    columns = _sorted_out(row.values)
    reader = _Reader(row.line, columns, assume)
    data = reader.read()
    words = ("title", "imported_text", "summary", "what_happened")
    if not reader.refusals and not any(data.get(name) for name in words):
        reader.refuse("text", "there is neither a title nor a text")
    if reader.refusals:
        raise BadRow(reader.refusals)
    key = _key(data, reader.identity)
    number_rows(data, lambda name, place: _row_id(key, name, place))
    content = _validated(row.line, data, columns.written)
    return Draft(
        row.line, key, content, reader.reference, tuple(columns.unknown), tuple(columns.unused)
    )


def _key(data: Mapping[str, Any], identity: str) -> str:
    """``id:…``, ``url:…`` or ``text:…`` with a digest of organisation and identity."""
    kind, value = "id", identity
    if not value:
        kind, value = "url", str(data.get("source_url", ""))
    if not value:
        shown = [str(data.get(name, "")) for name in ("title", "imported_text", "summary")]
        kind, value = "text", "\x1f".join([*shown, str(data.get("times", ""))])
    whole = f"{data['organisation']}\x1f{value}".encode(errors="surrogatepass")
    return f"{kind}:{hashlib.sha256(whole).hexdigest()}"


def _row_id(key: str, name: str, place: int) -> str:
    return hashlib.sha256(f"{key}|{name}|{place}".encode()).hexdigest()[:32]


def number_rows(data: dict[str, Any], new: Callable[[str, int], str]) -> None:
    """In place: give every row a new id and let the links between rows follow."""
    renamed: dict[Any, str] = {}
    for name in ROW_FIELDS:
        for place, item in enumerate(data.get(name, [])):
            if isinstance(item, dict):
                fresh = new(name, place)
                renamed.setdefault(_hashable(item.get("id")), fresh)
                item["id"] = fresh
    for name, link in (("factors", "timeline_ids"), ("actions", "factor_ids")):
        for item in data.get(name, []):
            if isinstance(item, dict) and isinstance(item.get(link), list):
                ids = [_hashable(value) for value in item[link]]
                item[link] = [renamed[value] for value in ids if value in renamed]


def _hashable(value: Any) -> Any:
    return value if isinstance(value, str | int) else None


def _validated(line: int, data: dict[str, Any], written: Mapping[str, str]) -> PostmortemContent:
    try:
        return PostmortemContent.model_validate(data)
    except ValidationError as error:
        raise BadRow([_refusal(line, item, written) for item in error.errors()]) from error


def _refusal(line: int, item: Any, written: Mapping[str, str]) -> Refusal:
    first, *rest = [str(part) for part in item["loc"]] or ["(whole row)"]
    path = ".".join([written.get(first, first), *rest])
    return Refusal(line, path, explain(item))


def explain(item: Any) -> str:
    """One of pydantic's findings in plain words."""
    kind, context = item["type"], item.get("ctx", {})
    if kind == "string_too_long":
        length, most = len(item.get("input") or ""), context["max_length"]
        return f"has {length:,} characters; at most {most:,} fit"
    if kind == "too_long":
        return f"has {context['actual_length']} entries; at most {context['max_length']} fit"
    if kind == "enum":
        return f"“{str(item.get('input'))[:60]}” is none of {context['expected']}"
    if kind == "extra_forbidden":
        return "is not a field that we know"
    if kind == "missing":
        return "is missing"
    return str(item["msg"]).removeprefix("Value error, ")


class _Reader:
    """Reads the columns of one row into the data of a content; collects what it refuses."""

    def __init__(self, line: int, columns: _Columns, assume: Assume) -> None:
        self.line, self.columns, self.assume = line, columns, assume
        self.refusals: list[Refusal] = []
        self.identity = ""
        self.reference = ""
        self.source = ""

    def refuse(self, name: str, reason: str) -> None:
        """Note why the row can't go in."""
        self.refusals.append(Refusal(self.line, self.columns.written.get(name, name), reason))

    def read(self) -> dict[str, Any]:
        """The data; look at ``refusals`` before using it."""
        columns = self.columns
        self.source = self._text("source")
        self.identity = self._text("id")
        self._read_reference()
        data: dict[str, Any] = {"organisation": self._organisation(), "source_url": self._url()}
        data["severity"] = self._severity()
        self._read_title(data)
        columns.take("title_source")
        for name in _NAMES:
            if name in columns.values:
                data[name] = self._list(name)
        for name in (*ROW_FIELDS, "times", "related", "changes", "participants"):
            if name in columns.values:
                data[name] = self._rows(name)
        data["times"] = [*data.get("times", []), *self._marks(data.get("times", []))]
        data["notes"] = [*data.get("notes", []), *self._notes()]
        for name in [name for name in columns.values if name in NATIVE]:
            data[name] = self._plain(name)
        self._mark_as_imported(data)
        return {name: value for name, value in data.items() if value is not None and value != []}

    def _text(self, name: str) -> str:
        value = self.columns.take(name)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            self.refuse(name, f"must be text, not {kind_of(value)}")
            return ""
        return str(value)

    def _plain(self, name: str) -> Any:
        """A single-valued answer as it is; JSON numbers in text fields are read as text."""
        value = self.columns.take(name)
        annotation = PostmortemContent.model_fields[name].annotation
        if annotation is str and isinstance(value, int | float) and not isinstance(value, bool):
            return str(value)
        return value

    def _read_reference(self) -> None:
        given = self._text("reference").strip()
        if _OUR_REFERENCE.fullmatch(given):
            self.reference = given
        self.identity = self.identity.strip() or given

    def _organisation(self) -> str:
        return " ".join(self._text("organisation").split()) or self.assume.organisation

    def _url(self) -> str:
        given = self._text("source_url").strip()
        if not given:
            return address_of(self.source)
        if not re.match(r"https?://", given, re.IGNORECASE):
            self.refuse("source_url", f"“{given[:60]}” is not a web address (https://…)")
            return ""
        return given

    def _severity(self) -> str | None:
        given = self._text("severity").strip()
        if given.lower() in _BLANK_WORDS:
            return None
        words = {word.lower(): level for word, level in self.assume.severities.items()}
        match = _SEVERITY.fullmatch(words.get(given.lower(), given))
        if match:
            return f"SEV{match[1]}"
        levels = ", ".join(Severity.values())
        self.refuse(
            "severity",
            f"“{given[:60]}” is none of {levels}. Say which one it means, or leave it blank "
            "for unknown.",
        )
        return None

    def _read_title(self, data: dict[str, Any]) -> None:
        given = " ".join(self._text("title").split())
        data["title_source"] = ValueSource.IMPORTED.value
        if len(given) > _TITLE and "tldr" not in self.columns.values:
            data["tldr"] = shorten(given, 2_000)
        if not given:
            names = ("imported_text", "summary", "what_happened", "tldr")
            texts = (self.columns.values.get(name) for name in names)
            sentences = (first_sentence(text) for text in texts if isinstance(text, str))
            given = next(filter(None, sentences), "")
        data["title"] = shorten(given, _TITLE)

    def _list(self, name: str) -> list[str]:
        value = self.columns.take(name)
        if isinstance(value, str):
            mark = r"[;\n|]" if re.search(r"[;\n|]", value) else ","
            value = self._json_list(name, value) or re.split(mark, value)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.refuse(name, "must be a list of texts")
            return []
        return [item.strip() for item in value if item.strip()]

    def _json_list(self, name: str, text: str) -> list[Any] | None:
        if not text.lstrip().startswith("["):
            return None
        try:
            value = jsonl.load(text)
        except ValueError as error:
            self.refuse(name, str(error))
            return None
        return value if isinstance(value, list) else None

    def _rows(self, name: str) -> list[dict[str, Any]]:
        value = self.columns.take(name)
        if isinstance(value, str):
            value = self._json_list(name, value) or lines_as_rows(name, value)
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            value = [row for item in value for row in lines_as_rows(name, item, split=False)]
        if not isinstance(value, list) or not all(isinstance(item, Mapping) for item in value):
            self.refuse(name, "must be a list of rows")
            return []
        return [dict(item) for item in value]

    def _marks(self, present: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Milestones from columns of their own; ``date`` is when impact started, as far known."""
        answered = {str(mark.get("milestone")) for mark in present}
        wanted = [(name, name) for name in Milestone.values() if name in self.columns.values]
        if "date" in self.columns.values:
            wanted.append(("date", Milestone.IMPACT_STARTED.value))
        made = []
        for name, milestone in wanted:
            mark = self._mark(name, milestone)
            if mark and milestone not in answered:
                answered.add(milestone)
                made.append(mark)
        return made

    def _mark(self, name: str, milestone: str) -> dict[str, Any] | None:
        try:
            dated = read_date(self._text(name))
        except ValueError as error:
            self.refuse(name, str(error))
            return None
        if dated == UNKNOWN and name == "date":
            return None
        return {
            "milestone": milestone,
            "value": dated.value,
            "precision": TimePrecision(dated.precision).value,
            "source_detail": f"column {self.columns.written[name]}"[:2_000],
        }

    def _notes(self) -> list[dict[str, Any]]:
        found = []
        for kind in NOTES:
            if kind in self.columns.values:
                value = self.columns.take(kind)
                texts = value if isinstance(value, list) else [value]
                found += [{"kind": kind, "text": text} for text in texts]
        return found

    def _mark_as_imported(self, data: dict[str, Any]) -> None:
        """Nothing that came in is taken as confirmed, whatever the file says."""
        for name in _PROPOSED:
            for item in data.get(name, []):
                if item.get("source") != ValueSource.SUGGESTED:
                    item["source"] = ValueSource.IMPORTED.value
                item["confirmed"] = False
        for person in data.get("participants", []):
            person.pop("user_id", None)


__all__ = ["MILESTONES", "Assume", "BadRow", "Draft", "explain", "number_rows", "to_draft"]

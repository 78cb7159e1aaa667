"""Reading and writing guardrails as YAML that every reader understands alike.

The reader retypes only what YAML 1.1 and 1.2 agree on: ``null``, ``true``, ``false`` and plain
decimal numbers. ``on``, ``no``, ``15:30``, ``010`` and dates stay the strings they look like.
Anchors, aliases, tags, merge keys, doubled keys and oversized input are refused by document and
line. The writer quotes every string that any of those readers would retype.
"""

import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

import yaml

MAX_CHARACTERS = 4_000_000
MAX_NODES = 400_000
MAX_DEPTH = 32

_NUMERIC = frozenset("-0123456789")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+(?:[eE][-+][0-9]+)?")
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*(?: [A-Za-z0-9_./,()-]*[A-Za-z0-9_./,()-])*")
_RETYPED = frozenset(["y", "n", "yes", "no", "on", "off", "true", "false", "null", "inf", "nan"])


class PolicyTextError(ValueError):
    """A policy text that cannot be read; names the document and the line, both from 1."""

    def __init__(self, message: str, document: int, line: int) -> None:
        """Keep the place beside the words."""
        super().__init__(f"document {document}, line {line}: {message}")
        self.document = document
        self.line = line


class _Reader:
    """Builds plain values straight from the parser's events: nothing else can come out.

    A gate reads tens of thousands of events in its few hundred milliseconds, so the exact types
    are compared and the guards stand in line with what they guard.
    """

    def __init__(self, text: str) -> None:
        self._event: Callable[[], Any] = yaml.CSafeLoader(text).get_event
        self.document = 0
        self.line = 1
        self.nodes = 0

    def refuse(self, message: str, event: Any = None) -> PolicyTextError:
        line = self.line if event is None else event.start_mark.line + 1
        return PolicyTextError(message, max(self.document, 1), line)

    def documents(self) -> Iterator[Any]:
        while type(event := self._event()) is not yaml.StreamEndEvent:
            self.line = event.start_mark.line + 1
            if type(event) is not yaml.DocumentStartEvent:
                continue
            self.document += 1
            if event.tags:
                raise self.refuse("tag directives are not used here", event)
            yield self.value(self._event(), 0)

    def value(self, event: Any, depth: int) -> Any:
        kind = type(event)
        self.nodes += 1
        if self.nodes > MAX_NODES or depth > MAX_DEPTH or kind is yaml.AliasEvent:
            raise self._too_much(event, depth)
        if event.anchor is not None or event.tag is not None:
            raise self._decorated(event)
        if kind is yaml.ScalarEvent:
            return self.scalar(event)
        self.line = event.start_mark.line + 1
        return self.items(depth) if kind is yaml.SequenceStartEvent else self.mapping(depth)

    def _too_much(self, event: Any, depth: int) -> PolicyTextError:
        if self.nodes > MAX_NODES:
            return self.refuse(f"more than {MAX_NODES} values", event)
        if depth > MAX_DEPTH:
            return self.refuse(f"nested deeper than {MAX_DEPTH} levels", event)
        return self.refuse("anchors and aliases are not used here", event)

    def _decorated(self, event: Any) -> PolicyTextError:
        if event.anchor is not None:
            return self.refuse("anchors and aliases are not used here", event)
        return self.refuse(f"the tag {event.tag} is not used here", event)

    def items(self, depth: int) -> list[Any]:
        found, following = [], self._event
        while type(event := following()) is not yaml.SequenceEndEvent:
            found.append(self.value(event, depth + 1))
        return found

    def mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        following = self._event
        while type(event := following()) is not yaml.MappingEndEvent:
            key = self.key(event)
            if key in found:
                raise self.refuse(f"the key {key!r} stands twice", event)
            found[key] = self.value(following(), depth + 1)
        return found

    def key(self, event: Any) -> str:
        if type(event) is not yaml.ScalarEvent:
            raise self.refuse("a key must be a plain word", event)
        if event.anchor is not None or event.tag is not None:
            raise self._decorated(event)
        if event.value == "<<" and event.implicit[0]:
            raise self.refuse("merge keys are not used here", event)
        return str(event.value)

    def scalar(self, event: Any) -> object:
        text = str(event.value)
        if event.style or not event.implicit[0]:
            return text
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in _NUMERIC:
            return text
        if _INTEGER.fullmatch(text):
            return int(text)
        return self.real(text, event) if _FLOAT.fullmatch(text) else text

    def real(self, text: str, event: Any) -> float:
        number = float(text)
        if not math.isfinite(number):
            raise self.refuse(f"the number {text} is too large", event)
        return number


def _refuse_size(text: str) -> None:
    if len(text) > MAX_CHARACTERS:
        raise PolicyTextError(f"longer than {MAX_CHARACTERS} characters", 1, 1)


def parse(text: str) -> list[dict[str, Any]]:
    """Every document of a YAML stream, in order; values are plain str, int, float, bool, None.

    Raises :class:`PolicyTextError` at the first thing that is not plain. An empty stream is an
    empty list. What the documents *say* is :func:`mining.policy.document.validate`'s matter.
    """
    _refuse_size(text)
    reader: _Reader | None = None
    try:
        reader = _Reader(text)
        return [_document(reader, value) for value in reader.documents()]
    except yaml.YAMLError as error:
        raise _located(error, reader) from error
    except UnicodeError as error:
        raise PolicyTextError("the text holds characters that are not Unicode", 1, 1) from error


def _document(reader: _Reader, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        kind = "empty" if value is None else "not a mapping"
        raise reader.refuse(f"the document is {kind}")
    return value


def _located(error: yaml.YAMLError, reader: _Reader | None) -> PolicyTextError:
    mark = getattr(error, "problem_mark", None)
    line = mark.line + 1 if mark is not None else (reader.line if reader else 1)
    said = getattr(error, "problem", None) or "not readable as YAML"
    return PolicyTextError(str(said), max(reader.document if reader else 1, 1), line)


_ORDER = {
    word: index
    for index, word in enumerate(
        [
            "apiVersion",
            "kind",
            "metadata",
            "id",
            "uid",
            "name",
            "version",
            "title",
            "family",
            "template",
            "status",
            "owner",
            "team",
            "contact",
            "created",
            "modified",
            "reviewBy",
            "related",
            "references",
            "spec",
            "mode",
            "severity",
            "subject",
            "rationale",
            "match",
            "all",
            "any",
            "none",
            "field",
            "op",
            "value",
            "tz",
            "days",
            "from",
            "to",
            "require",
            "control",
            "check",
            "message",
            "onUnknown",
            "exceptions",
            "scope",
            "reason",
            "approvedBy",
            "expires",
            "targets",
            "evidence",
            "cluster",
            "run",
            "label",
            "stability",
            "incidents",
            "notTouched",
            "cannotTell",
            "unconfirmed",
            "counterfactual",
            "strength",
            "answered",
            "n",
            "of",
            "interval95",
            "stats",
            "state",
            "window",
            "changes",
            "exposed",
            "exposedIncidents",
            "baseIncidents",
            "riskRatio",
            "riskRatioCI95",
            "pAdj",
            "method",
            "backtest",
            "evaluator",
            "dataset",
            "holdout",
            "followUpDays",
            "evaluated",
            "unknown",
            "applicable",
            "flagged",
            "tp",
            "caught",
            "precision",
            "precisionCI95",
            "recall",
            "recallCI95",
            "flagRate",
            "cases",
            "expect",
            "now",
            "record",
        ]
    )
}


class _Writer(yaml.CSafeDumper):
    """PyYAML's emitter with one rule for strings; see ``_text``."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(writer: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    plain = _PLAIN.fullmatch(text) and text.lower() not in _RETYPED and len(text) < 120
    style = None if plain else '"'
    return cast(Any, writer).represent_scalar("tag:yaml.org,2002:str", text, style=style)  # type: ignore[no-any-return]


_Writer.add_representer(str, _text)


def _rank(key: str) -> tuple[int, str]:
    return (_ORDER.get(key, len(_ORDER)), key)


def plain(value: object) -> Any:
    """A copy of JSON-like data in the published key order.

    Raises :class:`TypeError` for anything else: dates, sets and numbers without a value have no
    one reading in YAML.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, Mapping):
        return _plain_mapping(value)
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no place in a policy document")


def _plain_mapping(value: Mapping[Any, object]) -> dict[str, Any]:
    if not all(isinstance(key, str) for key in value):
        raise TypeError("keys of a policy document are strings")
    return {str(key): plain(value[key]) for key in sorted(value, key=_rank)}


def _sort_key(doc: Mapping[str, Any]) -> tuple[str, str]:
    metadata = doc.get("metadata")
    name = metadata.get("id") if isinstance(metadata, Mapping) else None
    return (str(name or ""), json.dumps(doc, sort_keys=True))


def dump(value: object) -> str:
    """One YAML document of JSON-like data, byte-stable, quoted by the rule of this module."""
    return yaml.dump(
        plain(value), Dumper=_Writer, sort_keys=False, allow_unicode=True, width=1_000_000
    )


def render(docs: Sequence[Mapping[str, Any]]) -> str:
    """One YAML stream, sorted by id, ``---`` between documents; no documents give an empty text.

    The same documents always give the same bytes, whatever order their keys came in, and
    ``parse(render(docs))`` gives them back.
    """
    ordered = sorted((plain(doc) for doc in docs), key=_sort_key)
    return "---\n".join(dump(doc) for doc in ordered)

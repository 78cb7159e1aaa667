"""Secrets are found and taken out before anything is stored, and the person is told.

What was taken out can't be brought back: only its kind and line are kept.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel

from mining.masking import looks_secret
from rca.services.secrets_guard_patterns import Pattern, patterns

ModelT = TypeVar("ModelT", bound=BaseModel)

_PLACEHOLDER = re.compile(
    r"\$|%\(|\{\{|\[(?:redacted|secret)|[*x.•-]{4,}|(?:your|my|the|some|new|old|no)[-_]|"
    r"(?:none|null|nil|true|false|undefined|redacted|changeme|placeholder|example|unknown|missing|"
    r"required|optional|expired|rotated|invalid)\b|os\.|process\.|env\.|secrets\.|vault:|arn:|"
    r"https?://|/|\.\.?/",
    re.IGNORECASE,
)
_MARK = "[redacted {kind}]"


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret stands: its kind, its line from 1, and its span in code points."""

    kind: str
    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text without its secrets, and what was taken out."""

    text: str
    found: tuple[Secret, ...]


def _machine_made(value: str) -> bool:
    """Whether a word after ``password is`` looks like a password and not like prose."""
    core = value.strip(".,:;!?")
    kinds = sum(
        any(test(char) for char in core)
        for test in (str.isdigit, str.islower, str.isupper, lambda c: not c.isalnum())
    )
    return (
        any(char.isdigit() for char in core)
        and any(char.isalpha() for char in core)
        and (kinds >= 2 and len(core) >= 6)
    )


def _is_value(match: re.Match[str]) -> bool:
    """The second look at a named value: placeholders and plain words are let through."""
    value = match["s"]
    if _PLACEHOLDER.match(value):
        return False
    groups = match.groupdict()
    link, quote = groups.get("link"), groups.get("quote")
    if link is None:
        return True
    if quote and link.strip() and len(value) >= 8:
        return True
    if link in ("=", ":") and len(value) >= 8 and not value.isalpha():
        return True
    return _machine_made(value) or looks_secret(value)


def _spans(text: str, lowered: str) -> Iterable[tuple[int, int, str]]:
    for pattern in patterns():
        if any(hint in lowered for hint in pattern.hints):
            yield from _of(pattern, text)


def _of(pattern: Pattern, text: str) -> Iterable[tuple[int, int, str]]:
    for match in pattern.regex.finditer(text):
        if pattern.weigh and not _is_value(match):
            continue
        name = "s" if match["s"] is not None else "t"
        yield match.start(name), match.end(name), pattern.kind


def find(text: str) -> tuple[Secret, ...]:
    """Every secret of the text in its order; spans never overlap."""
    lowered = text.lower()
    taken: list[tuple[int, int, str]] = []
    covered = bytearray(len(text))
    for start, end, kind in _spans(text, lowered):
        if not any(covered[start:end]):
            taken.append((start, end, kind))
            covered[start:end] = b"\x01" * (end - start)
    return tuple(
        Secret(kind, text.count("\n", 0, start) + 1, start, end)
        for start, end, kind in sorted(taken)
    )


def redact(text: str) -> Redacted:
    """The text with a mark in place of each secret. Redacting twice changes nothing."""
    found = find(text)
    parts, at = [], 0
    for secret in found:
        parts += [text[at : secret.start], _MARK.format(kind=secret.kind)]
        at = secret.end
    return Redacted("".join([*parts, text[at:]]), found)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _texts(inner)


def _clean(value: Any, found: list[Secret]) -> Any:
    if isinstance(value, str):
        done = redact(value) if len(value) > 7 else Redacted(value, ())
        found += done.found
        return done.text
    if isinstance(value, Mapping):
        return {key: _clean(inner, found) for key, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner, found) for inner in value]
    return value


def redact_tree(value: Any) -> tuple[Any, tuple[Secret, ...]]:
    """JSON-ready data with every text in it redacted; names of fields speak for their values."""
    found: list[Secret] = []
    return _clean(value, found), tuple(found)


def redact_model(value: ModelT) -> tuple[ModelT, tuple[Secret, ...]]:
    """The same model with every text in it redacted; the same object when nothing was found."""
    plain = value.model_dump(mode="json")
    # Most saves hold no secret: one look over all words together is a tenth of one per field.
    if not find("\n".join(_texts(plain))):
        return value, ()
    data, found = redact_tree(plain)
    return (type(value).model_validate(data), found) if found else (value, found)


def in_words(found: Iterable[Secret]) -> str:
    """What is said to the person: ``Not stored: a GitHub token (line 3).``; empty for nothing."""
    secrets = list(found)
    if not secrets:
        return ""
    counts = Counter(secret.kind for secret in secrets)
    lines = {kind: sorted({s.line for s in secrets if s.kind == kind}) for kind in counts}
    parts = [
        f"{count} × {kind} (line {', '.join(map(str, lines[kind][:5]))})"
        for kind, count in counts.items()
    ]
    return (
        f"Taken out before storing: {'; '.join(parts)}. If it was real, revoke it: it has been on "
        "a clipboard."
    )

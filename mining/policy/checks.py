"""What a JSON Schema cannot say of a guardrail: facts, kinds of values, times, and its cases."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mining.policy import facts, globs, matcher

_ORDERED = frozenset(("gte", "lte", "gt", "lt"))
_EQUAL = frozenset(("eq", "ne", "in", "notIn"))
_GLOB = frozenset(("anyGlob", "noneGlob"))
_FITS: Mapping[str, frozenset[str]] = {
    "boolean": frozenset(("eq", "ne", "exists")),
    "integer": _ORDERED | _EQUAL | {"exists"},
    "number": _ORDERED | _EQUAL | {"exists"},
    "text": _EQUAL | _GLOB | {"exists"},
    "choice": _EQUAL | {"exists"},
    "text_list": _GLOB | {"contains", "exists"},
    "instant": frozenset(("window", "exists")),
}
_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_SECRET = re.compile(
    r"AKIA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{30,}|xox[abprs]-[A-Za-z0-9-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."
)
MAX_LEAVES = 200
MAX_NESTING = 6


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a document: where, and what to do about it."""

    path: str
    message: str

    def __str__(self) -> str:
        """``path: message``."""
        return f"{self.path}: {self.message}"


def _leaves(node: Mapping[str, Any], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if "field" in node:
        yield path, node
        return
    for word in ("all", "any", "none"):
        for index, item in enumerate(node.get(word, ())):
            yield from _leaves(item, f"{path}.{word}[{index}]")


def leaves(doc: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every comparison of a rule with its path: match, requirements, then exceptions."""
    spec = doc["spec"]
    yield from _leaves(spec["match"], "spec.match")
    for index, item in enumerate(spec["require"]):
        yield f"spec.require[{index}].check", item["check"]
    for index, item in enumerate(spec.get("exceptions", ())):
        yield from _leaves(item["scope"], f"spec.exceptions[{index}].scope")


def fields(doc: Mapping[str, Any]) -> tuple[str, ...]:
    """The names of the facts that a rule's match and requirements ask for, sorted."""
    asked = {leaf["field"] for path, leaf in leaves(doc) if ".exceptions" not in path}
    return tuple(sorted(asked))


def _window(value: object) -> str | None:
    if not isinstance(value, Mapping) or not {"tz", "from", "to"} <= set(value):
        return "a window needs tz, from and to"
    clocks = (value["from"], value["to"])
    if not all(isinstance(clock, str) and _CLOCK.fullmatch(clock) for clock in clocks):
        return 'from and to are times such as "15:00", in quotes'
    if clocks[0] >= clocks[1]:
        return "from must be before to: write a window over midnight as two"
    if not set(value) <= {"tz", "from", "to", "days"}:
        return "a window knows tz, days, from and to only"
    return _days(value.get("days", matcher.DAYS)) or _zone(value["tz"])


def _days(days: object) -> str | None:
    good = isinstance(days, Sequence) and bool(days) and not isinstance(days, str)
    if not good or not set(days) <= set(matcher.DAYS):  # type: ignore[call-overload]
        return "days are a list of " + ", ".join(matcher.DAYS)
    return None


def _zone(name: object) -> str | None:
    try:
        ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return f"no such time zone: {name}"
    return None


def _list_of(kind: facts.Kind, value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(facts.has_kind(kind, v) for v in value)


def _globs(value: object) -> str | None:
    if not _list_of("text", value):
        return "needs a list of path patterns"
    assert isinstance(value, list)
    return next((said for said in map(globs.problem, value) if said), None)


def _choices(fact: facts.Fact, value: object) -> str | None:
    asked = value if isinstance(value, list) else [value]
    odd = [str(item) for item in asked if item not in fact.choices]
    if fact.kind != "choice" or not odd:
        return None
    return f"{', '.join(odd)} is not a value of {fact.name} ({', '.join(fact.choices)})"


def _value(fact: facts.Fact, op: str, value: object) -> str | None:
    if op == "window":
        return _window(value)
    if op in _GLOB:
        return _globs(value)
    if op in ("in", "notIn"):
        bad = None if _list_of(fact.kind, value) else f"needs a list of {fact.kind} values"
    else:
        kind: facts.Kind = "text" if op == "contains" else fact.kind
        bad = None if facts.has_kind(kind, value) else f"needs a {kind} value"
    return bad or _choices(fact, value)


def _leaf(leaf: Mapping[str, Any]) -> str | None:
    fact = facts.FACTS.get(leaf["field"])
    if fact is None:
        return f"no such fact: {leaf['field']}"
    if leaf["op"] not in _FITS[fact.kind]:
        return f"{leaf['op']} does not fit {fact.name}, which is {fact.kind}"
    if leaf["op"] == "exists":
        return "exists takes no value" if "value" in leaf else None
    return _value(fact, leaf["op"], leaf["value"])


def _leaf_problems(doc: Mapping[str, Any]) -> Iterator[Problem]:
    found = list(leaves(doc))
    if len(found) > MAX_LEAVES:
        yield Problem("spec", f"more than {MAX_LEAVES} comparisons in one rule")
        return
    for path, leaf in found:
        if path.count("[") > MAX_NESTING:
            yield Problem(path, f"nested deeper than {MAX_NESTING} groups")
        said = _leaf(leaf)
        if said:
            yield Problem(path, said)


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _date_problems(doc: Mapping[str, Any]) -> Iterator[Problem]:
    metadata = doc["metadata"]
    found = {
        key: _date(metadata[key]) for key in ("created", "modified", "reviewBy") if key in metadata
    }
    for key, value in found.items():
        if value is None:
            yield Problem(f"metadata.{key}", "no such date")
    created, review = found["created"], found["reviewBy"]
    if created and review and review < created:
        yield Problem("metadata.reviewBy", "the review is due before the rule was created")
    for index, item in enumerate(doc["spec"].get("exceptions", ())):
        if facts.instant(item["expires"]) is None:
            yield Problem(f"spec.exceptions[{index}].expires", "no such time")


def _twice(path: str, names: Sequence[str]) -> Iterator[Problem]:
    for name, count in sorted(Counter(names).items()):
        if count > 1:
            yield Problem(path, f"{name} stands {count} times")


def _repeats(doc: Mapping[str, Any]) -> Iterator[Problem]:
    spec = doc["spec"]
    yield from _twice("spec.require", [item["control"] for item in spec["require"]])
    yield from _twice("spec.exceptions", [item["id"] for item in spec.get("exceptions", ())])
    yield from _twice("cases", [item["name"] for item in doc.get("cases", ())])


def _texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield path, str(key)
            yield from _texts(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, f"{path}[{index}]")


def _text_problems(doc: Mapping[str, Any]) -> Iterator[Problem]:
    for path, text in _texts(doc, ""):
        if _CONTROL.search(text):
            yield Problem(path, "holds a control or direction character")
        if _SECRET.search(text):
            yield Problem(path, "looks like a credential; rules are read by many people")


def _case_problems(doc: Mapping[str, Any]) -> Iterator[Problem]:
    for index, case in enumerate(doc.get("cases", ())):
        now = facts.instant(case.get("now")) or datetime(2026, 1, 1, tzinfo=UTC)
        state = matcher.evaluate(doc, case["record"], now).state
        if state != case["expect"]:
            yield Problem(f"cases[{index}]", f"expects {case['expect']} but gives {state}")


def problems(doc: Mapping[str, Any]) -> list[Problem]:
    """What is wrong with the meaning of a document whose shape is good."""
    found = [*_leaf_problems(doc), *_date_problems(doc), *_repeats(doc), *_text_problems(doc)]
    return found or list(_case_problems(doc))

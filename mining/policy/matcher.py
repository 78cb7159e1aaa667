"""The meaning of a guardrail: three-valued, explained leaf by leaf.

A leaf is true, false or unknown (Kleene's strong logic). When the *match* of a rule is unknown the
outcome is ``unknown``: reported, never enforced. When a *requirement* is unknown it counts as not
met, unless the rule says ``onUnknown: skip``; if nothing at all could be established, the outcome
is ``unknown``. So an absent fact never lets a change pass.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from functools import lru_cache
from typing import Any, Literal
from zoneinfo import ZoneInfo

from mining.policy import facts, globs

State = Literal["not_applicable", "unknown", "excepted", "pass", "violation"]
Record = Mapping[str, Any]
Document = Mapping[str, Any]
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Truth(IntEnum):
    """Kleene's three values, ordered so that *and* is the smallest and *or* the largest."""

    FALSE = 0
    UNKNOWN = 1
    TRUE = 2

    def __invert__(self) -> "Truth":
        """True for false, false for true, unknown for unknown."""
        return Truth(2 - int(self))


@dataclass(frozen=True)
class Leaf:
    """One comparison as it was made: where it stands, what was asked, found and concluded."""

    path: str
    field: str
    op: str
    value: object
    found: object
    truth: Truth
    missing: str | None = None

    @property
    def note(self) -> str:
        """What was found, shortened, or why nothing could be read."""
        if self.missing is not None:
            return self.missing
        return "present" if self.op == "exists" else f"is {_short(self.found)}"

    def text(self) -> str:
        """One line for a person."""
        asked = self.op if self.value is None else f"{self.op} {self.value!r}"
        return f"{self.path}: {self.field} {asked}: {self.truth.name.lower()} ({self.note})"


@dataclass(frozen=True)
class Requirement:
    """One requirement of the rule: met, violated, or skipped because it could not be known."""

    control: str
    message: str
    state: Literal["met", "violated", "skipped"]
    leaf: Leaf


@dataclass(frozen=True)
class Outcome:
    """What one rule says of one change."""

    rule: str
    state: State
    leaves: tuple[Leaf, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    exception: str | None = None

    @property
    def violations(self) -> tuple[Requirement, ...]:
        """The requirements that were not met, in the order of the document."""
        return tuple(item for item in self.requirements if item.state == "violated")

    def text(self) -> str:
        """The whole explanation, one leaf a line."""
        lines = [f"{self.rule}: {self.state}"]
        lines += [f"  {leaf.text()}" for leaf in self.leaves]
        lines += [
            f"  {item.control}: {item.state}: {item.leaf.text()}" for item in self.requirements
        ]
        return "\n".join(lines)


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:5])


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _in_window(found: Any, window: Mapping[str, Any]) -> bool:
    at = facts.instant(found)
    assert at is not None
    local = at.astimezone(_zone(window["tz"]))
    minute = local.hour * 60 + local.minute
    on_day = DAYS[local.weekday()] in window.get("days", DAYS)
    return on_day and _minutes(window["from"]) <= minute < _minutes(window["to"])


def _texts(found: Any) -> Sequence[str]:
    return (found,) if isinstance(found, str) else found


def _any_glob(found: Any, patterns: Any) -> bool:
    return any(globs.matches(pattern, text) for text in _texts(found) for pattern in patterns)


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": lambda found, value: found == value,
    "ne": lambda found, value: found != value,
    "in": lambda found, value: found in value,
    "notIn": lambda found, value: found not in value,
    "gte": lambda found, value: found >= value,
    "lte": lambda found, value: found <= value,
    "gt": lambda found, value: found > value,
    "lt": lambda found, value: found < value,
    "contains": lambda found, value: value in found,
    "anyGlob": _any_glob,
    "noneGlob": lambda found, value: not _any_glob(found, value),
    "window": _in_window,
}
OPERATORS = (*_OPERATORS, "exists")
"""Every operator a leaf may use."""


def _truth(op: str, reading: facts.Reading, value: object) -> Truth:
    if op == "exists":
        if reading.known:
            return Truth.TRUE
        return Truth.FALSE if reading.missing in ("missing", "null") else Truth.UNKNOWN
    if not reading.known:
        return Truth.UNKNOWN
    return Truth.TRUE if _OPERATORS[op](reading.value, value) else Truth.FALSE


def _leaf(leaf: Mapping[str, Any], record: object, path: str) -> Leaf:
    field, op, value = leaf["field"], leaf["op"], leaf.get("value")
    reading = facts.read(record, field)
    truth = _truth(op, reading, value)
    return Leaf(path, field, op, value, reading.value, truth, reading.missing)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _conjunction(values: Iterable[Truth]) -> Truth:
    return min(values, default=Truth.TRUE)


def _disjunction(values: Iterable[Truth]) -> Truth:
    return max(values, default=Truth.FALSE)


def _node(node: Mapping[str, Any], record: object, path: str, seen: list[Leaf]) -> Truth:
    if "field" in node:
        result = _leaf(node, record, path)
        seen.append(result)
        return result.truth
    return _group(node, record, path, seen)


def _group(group: Mapping[str, Any], record: object, path: str, seen: list[Leaf]) -> Truth:
    verdicts = []
    for word in ("all", "any", "none"):
        if word not in group:
            continue
        parts = [
            _node(item, record, f"{path}.{word}[{index}]", seen)
            for index, item in enumerate(group[word])
        ]
        joined = _conjunction(parts) if word == "all" else _disjunction(parts)
        verdicts.append(~joined if word == "none" else joined)
    return _conjunction(verdicts)


def holds(group: Mapping[str, Any], record: object) -> Truth:
    """The truth of a match group for a record, without the explanation; stops when it is sure."""
    if "field" in group:
        return _truth(group["op"], facts.read(record, group["field"]), group.get("value"))
    verdict = Truth.TRUE
    for word in ("all", "none", "any"):
        if word in group:
            verdict = min(verdict, _joined(word, group[word], record))
        if verdict is Truth.FALSE:
            break
    return verdict


def _joined(word: str, items: Sequence[Mapping[str, Any]], record: object) -> Truth:
    stop, verdict = (Truth.FALSE, Truth.TRUE) if word == "all" else (Truth.TRUE, Truth.FALSE)
    for item in items:
        truth = holds(item, record)
        verdict = min(verdict, truth) if word == "all" else max(verdict, truth)
        if verdict is stop:
            break
    return ~verdict if word == "none" else verdict


def _exception(spec: Mapping[str, Any], record: object, now: datetime) -> str | None:
    for item in spec.get("exceptions", ()):
        expires = facts.instant(item["expires"])
        in_force = expires is not None and now < expires
        if in_force and holds(item["scope"], record) is Truth.TRUE:
            return str(item["id"])
    return None


def _requirement(item: Mapping[str, Any], record: object, index: int) -> Requirement:
    leaf = _leaf(item["check"], record, f"require[{index}]")
    if leaf.truth is Truth.TRUE:
        state: Literal["met", "violated", "skipped"] = "met"
    elif leaf.truth is Truth.UNKNOWN and item.get("onUnknown") == "skip":
        state = "skipped"
    else:
        state = "violated"
    return Requirement(item["control"], item["message"], state, leaf)


def _verdict(requirements: Sequence[Requirement]) -> State:
    states = {item.state for item in requirements}
    if "violated" in states:
        return "violation"
    return "pass" if "met" in states else "unknown"


def evaluate(doc: Document, record: Record, now: datetime) -> Outcome:
    """What the rule says of the record at ``now`` (aware; only exceptions depend on it).

    ``doc`` must have passed :func:`mining.policy.document.validate`. The record may be anything:
    what cannot be read is unknown. A record that names the other ``subject`` is not applicable;
    one that names none answers for both.
    """
    rule, spec = str(doc["metadata"]["id"]), doc["spec"]
    other = "deploy" if spec["subject"] == "change" else "change"
    if isinstance(record, Mapping) and record.get("subject") == other:
        return Outcome(rule, "not_applicable")
    leaves: list[Leaf] = []
    applies = _group(spec["match"], record, "match", leaves)
    if applies is not Truth.TRUE:
        state: State = "unknown" if applies is Truth.UNKNOWN else "not_applicable"
        return Outcome(rule, state, tuple(leaves))
    exception = _exception(spec, record, now)
    if exception is not None:
        return Outcome(rule, "excepted", tuple(leaves), exception=exception)
    found = tuple(_requirement(item, record, i) for i, item in enumerate(spec["require"]))
    return Outcome(rule, _verdict(found), tuple(leaves), found)

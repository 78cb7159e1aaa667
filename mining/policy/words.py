"""A rule in plain words, for people who will live with it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mining.policy import facts

_DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
_PHRASES = {
    "eq": "{value}",
    "ne": "not {value}",
    "in": "{either}",
    "notIn": "none of {listed}",
    "gte": "at least {value}",
    "lte": "at most {value}",
    "gt": "more than {value}",
    "lt": "less than {value}",
    "contains": "{value} among them",
    "anyGlob": "any like {either}",
    "noneGlob": "none like {listed}",
    "exists": "given",
}


@dataclass(frozen=True)
class RuleWords:
    """What a rule applies to, what it leaves alone, and what it asks for."""

    subject: str
    when: tuple[str, ...]
    unless: tuple[str, ...]
    asks: tuple[str, ...]


def _value(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _listed(values: object, word: str) -> str:
    names = [_value(item) for item in values] if isinstance(values, list) else [_value(values)]
    if len(names) < 2:
        return names[0]
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def _window(value: Mapping[str, Any]) -> str:
    days = [_DAYS[day] for day in value.get("days", ())]
    on = f" on {_listed(days, 'or')}" if days else ""
    return f"between {value['from']} and {value['to']} ({value['tz']}){on}"


def leaf_words(leaf: Mapping[str, Any]) -> str:
    """One comparison in words; the fact first, then what is asked of it."""
    fact = facts.FACTS.get(leaf["field"])
    label = fact.label if fact else leaf["field"]
    value = leaf.get("value", "")
    if leaf["op"] == "window":
        return f"{label}: {_window(value)}"
    if leaf["op"] == "anyGlob" and value == ["**"]:
        return f"{label}: at least one"
    said = {
        "value": _value(value) if not isinstance(value, list | dict) else "",
        "either": _listed(value, "or"),
        "listed": _listed(value, "and"),
    }
    return f"{label}: {_PHRASES[leaf['op']].format(**said)}"


def _node(node: Mapping[str, Any]) -> str:
    if "field" in node:
        return leaf_words(node)
    return "; ".join(_group(node))


def _either(items: list[Mapping[str, Any]]) -> str:
    parts = [_node(item) for item in items]
    fields = {(item.get("field"), item.get("op")) for item in items}
    if len(items) > 1 and len(fields) == 1 and "value" in items[0] and items[0]["op"] == "contains":
        joined = {**items[0], "value": _listed([item["value"] for item in items], "or")}
        return leaf_words(joined)
    return " or ".join(parts)


def _group(group: Mapping[str, Any]) -> Iterator[str]:
    yield from (_node(item) for item in group.get("all", ()))
    if "any" in group:
        yield _either(group["any"])
    yield from (f"not: {_node(item)}" for item in group.get("none", ()))


def in_words(doc: Mapping[str, Any]) -> RuleWords:
    """The rule of a valid document in words."""
    spec = doc["spec"]
    match = spec["match"]
    positive = {word: match[word] for word in ("all", "any") if word in match}
    return RuleWords(
        subject=spec["subject"],
        when=tuple(_group(positive)),
        unless=tuple(_node(item) for item in match.get("none", ())),
        asks=tuple(leaf_words(item["check"]) for item in spec["require"]),
    )

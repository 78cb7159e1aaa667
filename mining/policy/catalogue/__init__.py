"""The twelve families of guardrails, as data: what each is for, and its rule templates.

A template is a rule with holes. ``fill`` closes them with what the evidence says; a hole that the
evidence cannot close either drops its comparison (services) or makes the template unusable.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from mining.policy.stream import parse

Strength = Literal["eliminate", "automate", "warn", "train"]
STRENGTHS: tuple[Strength, ...] = ("eliminate", "automate", "warn", "train")


@dataclass(frozen=True)
class PeopleAction:
    """What only people can do: it becomes a planned action, never a rule."""

    action: str
    every_days: int
    evidence: str | None


@dataclass(frozen=True)
class Template:
    """A rule with holes, the findings that call for it, and cases that show what it means."""

    id: str
    family: str
    title: str
    subject: str
    severity: str
    rationale: str
    question: str
    causes: tuple[str, ...]
    needs: tuple[Mapping[str, Any], ...]
    requires: tuple[str, ...]
    engines: tuple[str, ...]
    semgrep: tuple[str, ...]
    match: Mapping[str, Any]
    require: tuple[Mapping[str, Any], ...]
    example: Mapping[str, Any]
    cases: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Family:
    """One of the twelve families."""

    id: str
    name: str
    purpose: str
    cannot: str
    strength: Strength
    checklist: tuple[str, ...]
    people: tuple[PeopleAction, ...]
    templates: tuple[Template, ...]


@dataclass(frozen=True)
class ChangeKind:
    """A kind of change, the causes it belongs to and the paths where it usually lives.

    ``word`` stands before "changes" and joins with others: "schema or access changes".
    """

    id: str
    label: str
    word: str
    causes: tuple[str, ...]
    paths: tuple[str, ...]


def _read(name: str) -> dict[str, Any]:
    # Not importlib.resources: its imports cost a gate as much as reading the file.
    return parse(Path(__file__).with_name(name).read_text(encoding="utf-8"))[0]


def _holes(node: object) -> Iterator[str]:
    if isinstance(node, Mapping):
        if "each" in node:
            yield node["each"]
        for item in node.values():
            yield from _holes(item)
    elif isinstance(node, list):
        for item in node:
            yield from _holes(item)
    elif isinstance(node, str) and node.startswith("$"):
        yield node[1:]


def _template(family: str, data: Mapping[str, Any]) -> Template:
    must = {hole for hole in _holes(data["match"]) if hole != "services"}
    return Template(
        id=data["id"],
        family=family,
        title=data["title"],
        subject=data["subject"],
        severity=data["severity"],
        rationale=data["rationale"],
        question=data["question"],
        causes=tuple(data["causes"]),
        needs=tuple(data.get("needs", ())),
        requires=tuple(sorted(must | set(data.get("requires", ())))),
        engines=tuple(data["engines"]),
        semgrep=tuple(data.get("semgrep", ())),
        match=data["match"],
        require=tuple(data["require"]),
        example=data["example"],
        cases=tuple(data["cases"]),
    )


def _family(data: Mapping[str, Any]) -> Family:
    people = (PeopleAction(p["action"], p["everyDays"], p.get("evidence")) for p in data["people"])
    return Family(
        id=data["id"],
        name=data["name"],
        purpose=data["purpose"],
        cannot=data["cannot"],
        strength=data["strength"],
        checklist=tuple(data["checklist"]),
        people=tuple(people),
        templates=tuple(_template(data["id"], item) for item in data["templates"]),
    )


@lru_cache(maxsize=1)
def families() -> tuple[Family, ...]:
    """The twelve families in their published order."""
    names = sorted(item.name for item in Path(__file__).parent.glob("[0-9][0-9]-*.yaml"))
    return tuple(_family(_read(name)) for name in names)


@lru_cache(maxsize=1)
def kinds() -> Mapping[str, ChangeKind]:
    """Every kind of change by its id."""
    found = (
        ChangeKind(
            k["id"], k["label"], k.get("word", k["label"]), tuple(k["causes"]), tuple(k["paths"])
        )
        for k in _read("kinds.yaml")["kinds"]
    )
    return {kind.id: kind for kind in found}


def family(name: str) -> Family:
    """One family by id; :class:`KeyError` when there is none."""
    return {item.id: item for item in families()}[name]


def template(name: str) -> Template | None:
    """One template by id; None for a rule that was written by hand."""
    found = {item.id: item for one in families() for item in one.templates}
    return found.get(name)


def kinds_of(causes: tuple[str, ...]) -> tuple[str, ...]:
    """The kinds of change that belong to any of the causes, sorted."""
    wanted = set(causes)
    return tuple(sorted(kind.id for kind in kinds().values() if wanted & set(kind.causes)))


def _leaves(item: Mapping[str, Any], values: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "each" in item:
        leaf = {key: part for key, part in item.items() if key != "each"}
        return [{**leaf, "value": value} for value in values.get(item["each"]) or ()]
    value = item.get("value")
    if not (isinstance(value, str) and value.startswith("$")):
        return [dict(item)]
    filled = values.get(value[1:])
    if filled is None or filled == () or filled == []:
        return []
    return [{**item, "value": list(filled) if isinstance(filled, tuple | list) else filled}]


def fill_match(template: Template, values: Mapping[str, Any]) -> dict[str, Any] | None:
    """The match group with its holes closed; None when a hole it cannot do without stays open."""
    if any(values.get(name) in (None, (), []) for name in template.requires):
        return None
    match = {
        word: [leaf for item in items for leaf in _leaves(item, values)]
        for word, items in template.match.items()
    }
    kept = {word: items for word, items in match.items() if items}
    return kept if set(kept) - {"none"} else None


def _listed(names: tuple[str, ...], word: str) -> str:
    if len(names) > 3:
        return f"{', '.join(names[:3])} {word} {len(names) - 3} more"
    return f" {word} ".join(filter(None, [", ".join(names[:-1]), names[-1] if names else ""]))


def _kinds(said: tuple[str, ...]) -> str:
    """Adjectives before a noun: more than three of them are no longer read."""
    return "matching" if not said or len(said) > 3 else _listed(said, "or")


def words(values: Mapping[str, Any]) -> dict[str, str]:
    """What titles and rationales say for each value."""
    said = tuple(kinds()[name].word for name in values.get("kinds") or ())
    services = tuple(values.get("services") or ())
    return {
        "kinds": _kinds(said),
        "where": _listed(services, "and") or "any service",
        "tier": str(values.get("tier", "")),
    }


def filled_text(text: str, said: Mapping[str, str]) -> str:
    """A title, rationale or question with its words put in, beginning with a capital."""
    for name, word in said.items():
        text = text.replace("{" + name + "}", word)
    return text[:1].upper() + text[1:]

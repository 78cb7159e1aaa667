"""The rules, read from the YAML files beside this module and compiled once."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from rca.blameless.finding import CATEGORIES, LEVELS
from rca.blameless.needs import NAMED, Filter, Needs, Pieces, order_needs, pieces_for
from rca.blameless.nouns import HUMAN, PRONOUNS, Nouns
from rca.blameless.pattern import (
    Element,
    Pattern,
    PatternError,
    Shape,
    compile_pattern,
    compile_sequence,
)
from rca.blameless.shapes import make_shapes

FOLDER = Path(__file__).resolve().parent / "lexicon"
BLAME = "blame"
CLARITY = "clarity"
FILES = (
    "ai_scapegoat",
    "human_error",
    "counterfactual",
    "person_blame",
    "normative",
    "hidden_agent",
    "clarity",
)


@dataclass(frozen=True, slots=True)
class Guard:
    """What silences a rule: words near the match, anywhere in the sentence, or beside it."""

    before: frozenset[str] = frozenset()
    after: frozenset[str] = frozenset()
    anywhere: frozenset[str] = frozenset()
    within: int = 6
    next: tuple[Element, ...] = ()
    prev: tuple[Element, ...] = ()
    question: bool = False
    through: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``levels`` maps a class of subject to a level; ``""`` is for all others."""

    id: str
    category: str
    family: str
    levels: Mapping[str, str]
    subjects: frozenset[str]
    owners: frozenset[str]
    patients: frozenset[str]
    patterns: tuple[Pattern, ...]
    guards: tuple[Guard, ...]
    message: str
    question: str
    rewrite: str | None
    with_subject: bool
    copula: bool
    requires: frozenset[str]
    hits: tuple[str, ...]
    misses: tuple[str, ...]

    def level_for(self, kind: str) -> str:
        """The level when the sentence is about a subject of class ``kind``."""
        return self.levels.get(kind) or self.levels[""]


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """One pattern of one rule. The lower ``rank`` leads; ``order`` is of all patterns."""

    order: int
    rank: int
    rule: Rule
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Compiled rules and the filter that finds the few patterns that a sentence could match."""

    rules: tuple[Rule, ...]
    nouns: Nouns
    shapes: Mapping[str, Shape]
    entries: Filter[Entry]

    def rule(self, rule_id: str) -> Rule:
        """The rule of that id. Raises KeyError."""
        return next(rule for rule in self.rules if rule.id == rule_id)


@functools.cache
def load(*, clarity: bool = False) -> Lexicon:
    """The lexicon of this version; with ``clarity`` that family's rules too."""
    names = FILES if clarity else tuple(name for name in FILES if name != CLARITY)
    words = _read("words")
    documents = [_read(name) for name in names]
    return build(words, documents)


def _read(name: str) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: dict[str, Any] = yaml.load((FOLDER / f"{name}.yaml").read_bytes(), Loader=loader)  # noqa: S506
    return found


def build(words: Mapping[str, Any], documents: Sequence[Mapping[str, Any]]) -> Lexicon:
    """Compile word lists and rule documents. Raises PatternError on a rule that can't work."""
    lists = {name: _split(text) for name, text in (words["classes"] | words["lists"]).items()}
    shapes = make_shapes(lists)
    guards = {name: _guard(spec, lists, shapes) for name, spec in words["guards"].items()}
    rules = [
        _rule(spec, document, lists, shapes, guards)
        for document in documents
        for spec in document["rules"]
    ]
    nouns = _nouns(words, lists)
    return Lexicon(tuple(rules), nouns, shapes, Filter(_entries(rules, nouns)))


def _split(text: str) -> frozenset[str]:
    return frozenset(str(text).lower().split())


def _nouns(words: Mapping[str, Any], lists: Mapping[str, frozenset[str]]) -> Nouns:
    classes = {name: _split(text) for name, text in words["classes"].items() if name != "nobody"}
    names = ("given_names", "ai_modifiers", "system_modifiers", "system_context",
             "operator_modifiers", "software_modifiers", "person_with", "maybe_person")  # fmt: skip
    return Nouns(**classes, **{name: _split(words[name]) for name in names}, lists=lists)


def _guard(
    spec: Mapping[str, Any], lists: Mapping[str, frozenset[str]], shapes: Mapping[str, Shape]
) -> Guard:
    def words(key: str) -> frozenset[str]:
        found = [
            compile_sequence(part, lists, shapes)[0].words for part in spec.get(key, "").split()
        ]
        return frozenset().union(*found)

    return Guard(
        before=words("before"),
        after=words("after"),
        anywhere=words("anywhere"),
        within=int(spec.get("within", 6)),
        next=compile_sequence(spec.get("next", ""), lists, shapes),
        prev=tuple(reversed(compile_sequence(spec.get("prev", ""), lists, shapes))),
        question=bool(spec.get("question", False)),
        through=bool(spec.get("through", False)),
    )


def _rule(
    spec: Mapping[str, Any],
    document: Mapping[str, Any],
    lists: Mapping[str, frozenset[str]],
    shapes: Mapping[str, Shape],
    guards: Mapping[str, Guard],
) -> Rule:
    level = spec["level"]
    levels = dict(level) if isinstance(level, dict) else {"": level}
    levels[""] = levels.pop("other", None) or levels.get("", "suggestion")
    category = spec.get("category", document["category"])
    if not set(levels.values()) <= set(LEVELS) or category not in (*CATEGORIES, CLARITY):
        raise PatternError(f"{spec['id']}: unknown level or category")
    named = [guards[name] for name in spec.get("guards", ())]
    own = [_guard(item, lists, shapes) for item in spec.get("unless", ())]
    return Rule(
        id=spec["id"],
        category=category,
        family=document.get("family", BLAME),
        levels=levels,
        subjects=_split(spec.get("subjects", "")),
        owners=_split(spec.get("owners", "")),
        patients=lists[spec["patients"]] if "patients" in spec else frozenset(),
        patterns=tuple(compile_pattern(text, lists, shapes) for text in spec["when"]),
        guards=(*named, *own),
        message=" ".join(str(spec.get("message", document["message"])).split()),
        question=" ".join(str(spec.get("question", document["question"])).split()),
        rewrite=spec.get("rewrite"),
        with_subject=bool(spec.get("with_subject", True)),
        copula=bool(spec.get("copula", False)),
        requires=_split(spec.get("requires", "")),
        hits=tuple(spec.get("hits", ())),
        misses=tuple(spec.get("misses", ())),
    )


def _entries(rules: Sequence[Rule], nouns: Nouns) -> Iterator[tuple[Needs, Entry]]:
    """Every pattern of every rule, with what a sentence must hold for it."""
    weights = {
        word: weight
        for name, weight in (("usual", 12), ("common", 60), ("commonest", 1_000))
        for word in nouns.lists[name]
    }
    classes = _class_pieces(nouns)
    order = itertools.count()
    for rank, rule in enumerate(rules):
        for pattern in rule.patterns:
            needs = order_needs(_sets(rule, pattern, classes), weights)
            yield needs, Entry(next(order), rank, rule, pattern)


def _sets(rule: Rule, pattern: Pattern, classes: Mapping[str, Pieces]) -> Iterator[Pieces]:
    """The sets of pieces that a sentence can't do without if this pattern is to match."""
    words = [pattern.anchors, rule.requires]
    words += [
        element.words
        for element in (*pattern.left, *pattern.right)
        if element.words and not element.optional and not element.absent
    ]
    for one in words:
        shown = pieces_for(one) if one else None
        if shown:
            yield shown
        if one and all("-" in word for word in one):
            yield frozenset(word.rpartition("-")[2] for word in one)
    kinds = rule.subjects or rule.owners
    for asked in (kinds, *(element.classes for element in pattern.right if not element.optional)):
        if asked and asked <= _MACHINE:
            yield classes["machine"]
        elif asked and asked <= _HUMAN:
            yield classes["human"]


_MACHINE = frozenset({"ai", "agent", "it-ai"})
_HUMAN = HUMAN | {"nobody"}


def _class_pieces(nouns: Nouns) -> dict[str, Pieces]:
    """The pieces without which no noun phrase of a person, or of a machine, can be read."""
    owners = {"my", "our", "your", "his", "her", "their", "who", "one", "that", "which", NAMED}
    people = nouns.person | nouns.people | nouns.customer | nouns.maybe_person | nouns.agent
    people |= nouns.given_names | nouns.lists["titles"] | PRONOUNS.keys()
    return {
        "machine": (pieces_for(nouns.ai | nouns.agent) or frozenset()) | {"ai"},
        "human": (pieces_for(people) or frozenset()) | owners,
    }

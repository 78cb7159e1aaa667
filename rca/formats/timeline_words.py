"""What the words of a row suggest: its phase, a milestone, whether its author is a role or a tool.

Guesses only, from the table in ``timeline_words.yaml``. They are proposed and a person decides.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from rca.domain.vocabulary import Milestone, TimelineKind
from rca.formats import yaml_text

_QUESTION = re.compile(
    r"\?\s*$|^\s*(?:should|can|could|shall|do|does|is|are|what|who|why|how)\b", re.IGNORECASE
)
_MARKS = "#*_([\"'“‘<>:-"


@dataclass(frozen=True, slots=True)
class Words:
    """The table, compiled."""

    kinds: tuple[tuple[TimelineKind, re.Pattern[str]], ...]
    milestones: tuple[tuple[Milestone, re.Pattern[str]], ...]
    not_yet: re.Pattern[str]
    roles: tuple[tuple[re.Pattern[str], str], ...]
    tools: re.Pattern[str]
    not_names: frozenset[str]
    stems: frozenset[str]
    milestone_stems: frozenset[str]


def _any(patterns: list[str]) -> re.Pattern[str]:
    return re.compile(r"\b(?:" + "|".join(patterns) + r")", re.IGNORECASE)


@cache
def words() -> Words:
    """The table, read once."""
    path = Path(__file__).with_name("timeline_words.yaml")
    table = yaml_text.load(path.read_text(encoding="utf-8"))
    return Words(
        kinds=tuple((TimelineKind(name), _any(said)) for name, said in table["kinds"].items()),
        milestones=tuple(
            (Milestone(name), _any(said)) for name, said in table["milestones"].items()
        ),
        not_yet=_any(table["not_yet"]),
        roles=tuple((re.compile(said, re.IGNORECASE), role) for said, role in table["roles"]),
        tools=re.compile(rf"(?:\b|_)(?:{'|'.join(table['tools'])})(?:\b|_|\[)", re.IGNORECASE),
        not_names=frozenset(table["not_names"]),
        stems=frozenset(table["stems"]),
        milestone_stems=frozenset(table["milestone_stems"]),
    )


def may_say_something(text: str, stems: frozenset[str]) -> bool:
    """Whether any word begins like one of the table's; cheap, and never wrong with a no."""
    return not stems.isdisjoint([word.lstrip(_MARKS)[:4] for word in text.lower().split()])


def is_no_name(word: str) -> bool:
    """Whether a word before a colon is a label, such as “Note:”, and nobody's name."""
    return word.casefold() in words().not_names


def guess_kind(text: str) -> TimelineKind:
    """The phase that the words suggest; a plain event when they suggest none."""
    head, table = text[:600], words()
    if not may_say_something(head, table.stems):
        return TimelineKind.EVENT
    for kind, pattern in table.kinds:
        if pattern.search(head):
            if kind is TimelineKind.KEY_MOMENT and _QUESTION.search(head):
                continue
            return kind
    return TimelineKind.EVENT


def guess_milestone(text: str) -> Milestone | None:
    """The milestone that the words state as done; None for questions, plans and denials."""
    head, table = text[:300], words()
    if not may_say_something(head, table.milestone_stems):
        return None
    if _QUESTION.search(head) or table.not_yet.search(head):
        return None
    return next((found for found, pattern in table.milestones if pattern.search(head)), None)


def role_of(author: str) -> str:
    """The author when it is a role or a tool already, "" when it may be a person's name."""
    bare = " ".join(re.sub(r"\b(?:APP|BOT|WORKFLOW)$", "", author.strip("@<>+% ")).split())
    for pattern, role in words().roles:
        if pattern.match(bare):
            return role or bare[:1].upper() + bare[1:]
    return bare if words().tools.search(author) else ""

"""What ended an incident's impact, read from its sentences where the form has no answer.

A kind is told or it is not known: a text that says nothing of how the incident ended has no
mitigation, and never counts as one that did without.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from mining.cues import CueIndex, words_of
from mining.text import Sentence

READ_ROLES = frozenset({"response", "timeline", "detection", "cause", ""})
"""Sections that tell what was done; plans, lessons and impact are not read."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A way to end an incident. ``near`` are causes that the same words already speak of."""

    id: str
    name: str
    cues: tuple[str, ...]
    near: frozenset[str]


@cache
def kinds() -> Mapping[str, Kind]:
    """Every kind by id, in the order of the file."""
    text = files("mining").joinpath("mitigation.yaml").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = yaml.safe_load(text)["kinds"]
    made = (Kind(r["id"], r["name"], tuple(r["cues"]), frozenset(r["near"])) for r in rows)
    return {kind.id: kind for kind in made}


@cache
def _index() -> tuple[CueIndex, tuple[str, ...]]:
    names = tuple(kinds())
    cues = ((cue, at) for at, name in enumerate(names) for cue in kinds()[name].cues)
    return CueIndex(cues), names


def mitigations_in(
    parts: Sequence[Sentence], words: Sequence[list[str]] | None = None
) -> frozenset[str]:
    """Ids of the kinds that the sentences tell of; none when they tell of none.

    ``words`` are the sentences' :func:`~mining.cues.words_of`, where they are at hand.
    """
    index, names = _index()
    found: set[int] = set()
    for place, part in enumerate(parts):
        if part.role in READ_ROLES:
            found |= index.find(words[place] if words else words_of(part.text))
    return frozenset(names[at] for at in found)

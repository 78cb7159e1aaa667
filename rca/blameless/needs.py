"""What a sentence must hold before a pattern is worth trying: the filter that keeps reading fast.

A sentence is looked at as a set of pieces (letters and digits between everything else). Each
pattern needs at least one piece from each of several sets; the rarest set is its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass

Pieces = frozenset[str]
# How a word of the lexicon may look once text is cut at everything but letters and digits.
_ALSO = {
    "not": ("t", "cannot"),
    "have": ("ve", "shoulda", "coulda", "woulda"),
    "should": ("shoulda",),
    "could": ("coulda",),
    "would": ("woulda",),
    "are": ("re",),
    "am": ("m",),
    "will": ("ll", "won"),
    "can": ("cannot",),
    "did": ("didn",),
    "does": ("doesn",),
    "do": ("don",),
    "was": ("wasn",),
    "were": ("weren",),
    "is": ("isn",),
    "had": ("hadn",),
    "has": ("hasn",),
    "no-one": ("one",),
}
_NEGATED = ("should", "could", "would", "must", "might", "need", "have", "are")
NAMED = "@"
"""A piece that no text has: put beside the pieces of a sentence with a name of the roster."""

_TO_SPACE = bytes(code if chr(code).isalnum() and code < 128 else 32 for code in range(256))
_PIECE = re.compile(r"[a-z0-9]+")


def pieces_of(lowered: str) -> set[str]:
    """The pieces of lower-case text."""
    # Through bytes: more than twice as fast as a regular expression over str.
    plain = lowered.encode("ascii", "replace").translate(_TO_SPACE).decode("ascii")
    found = set(plain.split())
    if "@" in lowered:
        found.add(NAMED)
    return found


def looks(word: str) -> tuple[str, ...]:
    """The pieces that a word of the lexicon may show as; empty when it shows as none."""
    if not any(char.isalnum() for char in word):
        return ()
    first, *rest = _PIECE.findall(word)
    piece = first if len(first) > 3 or not rest else rest[-1]
    negated = (f"{word}n",) if word in _NEGATED else ()
    return (piece, *_ALSO.get(word, ()), *negated)


def pieces_for(words: Iterable[str]) -> Pieces | None:
    """All the pieces that show one of ``words``, or None when one of them may show as none."""
    found: set[str] = set()
    for word in words:
        shown = looks(word)
        if not shown:
            return None
        found.update(shown)
    return frozenset(found)


@dataclass(frozen=True, slots=True)
class Needs:
    """The sets of one pattern, the rarest first."""

    key: Pieces
    others: tuple[Pieces, ...]

    def met(self, pieces: Set[str]) -> bool:
        """Whether ``pieces`` holds something of every other set; the key is looked up before."""
        for other in self.others:  # noqa: SIM110  a loop is a third faster here than any()
            if other.isdisjoint(pieces):
                return False
        return True


def order_needs(sets: Iterable[Pieces], weights: Mapping[str, int]) -> Needs:
    """The key is the set whose words are met least often, by the weights of common words."""
    ordered = sorted(set(sets), key=lambda one: (sum(weights.get(w, 1) for w in one), sorted(one)))
    return Needs(ordered[0], tuple(ordered[1:]))

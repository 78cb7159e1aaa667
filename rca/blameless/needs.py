"""What a sentence must hold before a pattern is worth trying: the filter that keeps reading fast.

A sentence is looked at as a set of pieces (letters and digits between everything else). Each
pattern needs at least one piece from each of several sets; the rarest set is its key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Pieces = frozenset[str]
Item = TypeVar("Item")
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


def spread(lowered: str) -> str:
    """Lower-case text with a space for whatever is no ASCII letter or digit; places stay places.

    Done once for a whole text: the pieces of any stretch are then its ``split()``.
    """
    # Through bytes: more than twice as fast as a regular expression over str.
    return lowered.encode("ascii", "replace").translate(_TO_SPACE).decode("ascii")


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


class Filter(Generic[Item]):
    """Finds the items whose every need is met by some pieces, without asking each of them.

    Each different set of pieces is one bit of a number: the pieces that a sentence holds are
    joined to one number, and a need is met when its bits are in it.
    """

    def __init__(self, items: Iterable[tuple[Needs, Item]]) -> None:
        bits: dict[Pieces, int] = {}
        keyed: dict[str, list[tuple[int, Item]]] = {}
        for needs, item in items:
            asked = 0
            for other in needs.others:
                asked |= bits.setdefault(other, 1 << len(bits))
            for piece in needs.key:
                keyed.setdefault(piece, []).append((asked, item))
        held: dict[str, int] = {}
        for pieces, bit in bits.items():
            for piece in pieces:
                held[piece] = held.get(piece, 0) | bit
        self._table = {
            piece: (held.get(piece, 0), tuple(keyed.get(piece, ()))) for piece in (*held, *keyed)
        }

    def met(self, pieces: Iterable[str]) -> list[Item]:
        """The items whose key and every other need is in ``pieces``; more pieces never less.

        An item may come twice, for two of its keys; never once for each time a word is said.
        """
        held, hit = 0, []
        for bits, items in filter(None, map(self._table.get, pieces)):
            held |= bits
            if items and items not in hit:
                hit.append(items)
        return [item for items in hit for asked, item in items if asked & held == asked]


def order_needs(sets: Iterable[Pieces], weights: Mapping[str, int]) -> Needs:
    """The key is the set whose words are met least often, by the weights of common words."""
    ordered = sorted(set(sets), key=lambda one: (sum(weights.get(w, 1) for w in one), sorted(one)))
    return Needs(ordered[0], tuple(ordered[1:]))

"""A match group as a disjunction of conjunctions: engines without recursion can run that.

Kleene's *true* and *false* of a group are both monotone in "this leaf is true" and "this leaf is
false", so each is exported as its own list of terms; what is in neither is unknown.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

MOST_TERMS = 512


class TooLarge(ValueError):
    """The group has more terms than an engine should be given."""


Atom = tuple[str, bool]
Term = frozenset[int]


class Leaves:
    """Numbers each distinct (leaf, wanted truth)."""

    def __init__(self) -> None:
        self.atoms: list[tuple[Mapping[str, Any], bool]] = []

    def number(self, leaf: Mapping[str, Any], want: bool) -> int:
        """The number of the atom, a new one when it was not seen before."""
        atom = (leaf, want)
        if atom not in self.atoms:
            self.atoms.append(atom)
        return self.atoms.index(atom)


def _or(parts: Iterable[list[Term]]) -> list[Term]:
    return _reduced(term for part in parts for term in part)


def _and(parts: Sequence[list[Term]]) -> list[Term]:
    terms: list[Term] = [frozenset()]
    for part in parts:
        if len(terms) * len(part) > MOST_TERMS * 8:
            raise TooLarge(f"more than {MOST_TERMS} terms")
        terms = _reduced(one | other for one, other in product(terms, part))
    return terms


def _reduced(terms: Iterable[Term]) -> list[Term]:
    """Without terms that another one already covers."""
    kept: list[Term] = []
    for term in sorted(set(terms), key=lambda term: (len(term), sorted(term))):
        if not any(other <= term for other in kept):
            kept.append(term)
    if len(kept) > MOST_TERMS:
        raise TooLarge(f"more than {MOST_TERMS} terms")
    return kept


def _terms(node: Mapping[str, Any], want: bool, leaves: Leaves) -> list[Term]:
    if "field" in node:
        return [frozenset((leaves.number(node, want),))]
    parts = []
    for word in ("all", "any", "none"):
        if word not in node:
            continue
        inner = [_terms(item, want != (word == "none"), leaves) for item in node[word]]
        conjunction = (word == "all") == want if word != "none" else want
        parts.append(_and(inner) if conjunction else _or(inner))
    return _and(parts) if want else _or(parts)


def terms(group: Mapping[str, Any], want: bool) -> list[list[dict[str, Any]]]:
    """Terms under which the group is surely ``want``; each atom is a leaf with its ``want``."""
    leaves = Leaves()
    found = _terms(group, want, leaves)
    return [[{**leaves.atoms[n][0], "want": leaves.atoms[n][1]} for n in sorted(t)] for t in found]

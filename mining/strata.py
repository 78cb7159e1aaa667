"""An exact test of association within strata, for two answers that a third thing would join.

What is read from one text is read more often the longer the text is: two kinds of statement then
go together in any corpus, even of shuffled words. Compared among records of like length they don't.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from math import comb

SIZE = 4
MOST = 60
_AS_UNLIKELY = 1 + 1e-7

Table = tuple[int, int, int, int]
"""Records in both, in the first, in the second, and in the stratum."""


def like(sizes: Mapping[str, int]) -> list[frozenset[str]]:
    """The keys in strata of like size: about :data:`SIZE` in each, at most :data:`MOST` strata."""
    ordered = sorted(sizes, key=lambda key: (sizes[key], key))
    count = max(1, min(MOST, len(ordered) // SIZE))
    edges = [len(ordered) * number // count for number in range(count + 1)]
    return [frozenset(ordered[start:stop]) for start, stop in pairwise(edges)]


@lru_cache(maxsize=4_096)
def _chances(first: int, second: int, total: int) -> tuple[float, ...]:
    """The hypergeometric distribution of the number in both, from its lowest value on."""
    low, high = max(0, first + second - total), min(first, second)
    ways = [comb(first, k) * comb(total - first, second - k) for k in range(low, high + 1)]
    whole = sum(ways)
    return tuple(way / whole for way in ways)


def exact_p(tables: Iterable[Table]) -> float:
    """Two-sided p of no association in any stratum, given all margins.

    The number in both, summed over strata, is compared with its exact conditional distribution
    (the convolution of hypergeometric ones; of one table it is Fisher's test). Outcomes that are
    no likelier than the one seen count against the null hypothesis.
    """
    import numpy as np

    chances, seen = np.ones(1), 0
    for both, first, second, total in tables:
        chances = np.convolve(chances, _chances(first, second, total))
        seen += both - max(0, first + second - total)
    return float(min(1.0, chances[chances <= chances[seen] * _AS_UNLIKELY].sum()))


def tables_of(
    strata: Sequence[frozenset[str]], first: frozenset[str], second: frozenset[str]
) -> list[Table]:
    """The tables of two sets, stratum by stratum, without those that can tell nothing."""
    found = []
    for stratum in strata:
        here = stratum & first
        if 0 < len(here) < len(stratum):
            there = stratum & second
            if 0 < len(there) < len(stratum):
                found.append((len(here & there), len(here), len(there), len(stratum)))
    return found

"""Association within strata: Fisher's test in one, and no false claim from length alone."""

import random

import pytest

from mining import stats
from mining.strata import exact_p, like, tables_of


@pytest.mark.parametrize("table", [(8, 10, 9, 20), (0, 5, 6, 30), (3, 3, 3, 6), (2, 9, 4, 18)])
def test_one_stratum_is_fishers_test(table: tuple[int, int, int, int]) -> None:
    both, first, second, total = table
    fisher = stats.fisher(both, first, second - both, total - first, alternative="two-sided")
    assert exact_p([table]) == pytest.approx(fisher)


def test_strata_without_variation_tell_nothing() -> None:
    assert exact_p([]) == 1.0
    everyone = frozenset("abcdef")
    assert tables_of([everyone], everyone, frozenset("ab")) == []


def test_a_common_cause_alone_is_claimed_by_the_crude_test_and_not_within_strata() -> None:
    rng, crude, within = random.Random(3), 0, 0
    for _ in range(60):
        sizes = {str(n): rng.randrange(1, 1_000) for n in range(120)}
        first, second = (
            frozenset(key for key, size in sizes.items() if rng.random() < size / 1_000)
            for _ in range(2)
        )
        both = len(first & second)
        crude += stats.fisher(both, len(first), len(second) - both, 120 - len(first)) < 0.05
        within += exact_p(tables_of(like(sizes), first, second)) < 0.05
    assert crude >= 30
    assert within <= 7  # 60 runs at 5 %: eight or more would come by luck once in fifty


def test_what_goes_together_in_every_stratum_is_found() -> None:
    rng = random.Random(4)
    sizes = {str(n): rng.randrange(1, 1_000) for n in range(120)}
    first = frozenset(key for key in sizes if rng.random() < 0.5)
    second = frozenset(key for key in sizes if rng.random() < (0.8 if key in first else 0.2))
    assert exact_p(tables_of(like(sizes), first, second)) < 1e-4

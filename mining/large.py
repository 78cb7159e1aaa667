"""Layer 2 for corpora beyond a full matrix: close pairs, connected sets, then the same linkage."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from mining import recurrence as r
from mining.constraints import constrained
from mining.features import VIEW_WEIGHTS, Matrix, Space, similarity_among
from mining.linkage import average_groups
from mining.neighbours import close_pairs, components
from mining.quality import coherence, kept_together, resamples
from mining.tasks import PARALLEL_FROM, begin, spread, workers

MOST_TOGETHER = 1_000
BATCH = 1_000
"""Records of the connected sets that are linked in one task."""
MOST_RESAMPLED = 100
MOST_BESIDE = 30
FLOOR = 0.7
"""Pairs under this share of the cut can't hold a group together on average."""


def find(
    space: Space,
    settings: r.LinkSettings,
    constraints: r.Constraints,
    seed: int,
    jobs: int | None,
) -> r.Recurrence:
    """The recurring groups of a large organisation; memory grows with its pairs, not its square."""
    at_once = workers(jobs, large=len(space) >= PARALLEL_FROM)
    begin(_ready, [()], at_once)
    close = close_pairs(space, r.DUPLICATE_COSINE, jobs)
    pairs = close.similarity
    duplicates = r.duplicates_among(space.items, close.alike) if _has_full(space) else {}
    texts = coherence(space.items, space.terms.table)
    groups: list[r.Group] = []
    hidden = 0
    sets = components(pairs, FLOOR * settings.cut, MOST_TOGETHER) if texts.holds else []
    kept = [[m for m in members if space.items[m].id not in duplicates] for members in sets]
    for found, unstable in spread(_grouped, _batches(space, kept, settings, seed), at_once):
        groups += found
        hidden += unstable
    describe = _described_among(space, pairs, settings, seed)
    groups = _corrected(groups, space, constraints, duplicates, describe)
    return r.Recurrence(
        space, tuple(groups), duplicates, hidden, texts, _nearest(pairs), pairs=pairs
    )


def _ready() -> None:
    """Load what linking needs, in a helper that would wait for close pairs."""
    average_groups(np.array([[1.0, 0.5], [0.5, 1.0]]), 0.0)


def _has_full(space: Space) -> bool:
    return any(view.name == "full" for view in space.views)


def _batches(
    space: Space, sets: Sequence[Sequence[int]], settings: r.LinkSettings, seed: int
) -> Iterator[tuple[Any, ...]]:
    """The connected sets some at a time, each with its own records' rows and no others."""
    batch: list[Sequence[int]] = []
    for place, members in enumerate(sets, start=1):
        batch.append(members)
        if sum(map(len, batch)) >= BATCH or place == len(sets):
            rows = [m for one in batch for m in one]
            yield _Rows.of(space, rows), batch, settings, seed
            batch = []


@dataclass(frozen=True, slots=True)
class _Rows:
    """Some rows of every view, with its mean, spread and weight: all that similarity is made of."""

    views: tuple[tuple[sparse.csr_matrix, float, float, float], ...]

    @classmethod
    def of(cls, space: Space, rows: Sequence[int]) -> "_Rows":
        found = (
            (view.matrix[rows], view.mean, view.spread, VIEW_WEIGHTS[view.name])
            for view in space.views
        )
        return cls(tuple(found))

    def among(self, start: int, stop: int) -> Matrix:
        """:meth:`Space.among` of a run of the rows."""
        return similarity_among(
            (matrix[start:stop], mean, spread, weight)
            for matrix, mean, spread, weight in self.views
        )


def _grouped(
    rows: _Rows, sets: Sequence[Sequence[int]], settings: r.LinkSettings, seed: int
) -> tuple[list[r.Group], int]:
    """Groups of some connected sets, and how many were unstable."""
    groups: list[r.Group] = []
    hidden = start = 0
    for members in sets:
        stop = start + len(members)
        if len(members) >= 2:
            found, unstable = _within(rows.among(start, stop), members, settings, seed)
            groups += found
            hidden += unstable
        start = stop
    return groups, hidden


def _within(
    block: Matrix, members: Sequence[int], settings: r.LinkSettings, seed: int
) -> tuple[list[r.Group], int]:
    """Groups of one connected set, placed in the whole space, and how many were unstable."""
    drafts = r.linked(block, settings)
    shares = _stability(block, drafts, settings.cut, seed)
    groups, hidden = [], 0
    for draft, share in zip(drafts, shares, strict=True):
        if share is not None and share < settings.stable_from:
            hidden += 1
            continue
        groups.append(_placed(r.described(block, draft, share, settings, frozenset()), members))
    return groups, hidden


def _corrected(
    groups: Sequence[r.Group],
    space: Space,
    constraints: r.Constraints,
    duplicates: Mapping[str, str],
    describe: Callable[[Sequence[int], frozenset[int]], r.Group],
) -> list[r.Group]:
    """Groups as people decided; only those that a decision changed are described afresh."""
    if not constraints.together and not constraints.apart:
        return list(groups)
    known = {tuple(sorted(group.members)): group for group in groups}
    drafts, forced, _ = constrained(list(known), constraints, space.items, duplicates)
    return [
        known.get(tuple(members)) or describe(members, by_human)
        for members, by_human in zip(drafts, forced, strict=True)
    ]


def _described_among(
    space: Space, pairs: sparse.csr_matrix, settings: r.LinkSettings, seed: int
) -> Callable[[Sequence[int], frozenset[int]], r.Group]:
    """How a group that people changed is described: among the records closest to it."""

    def describe(members: Sequence[int], by_human: frozenset[int]) -> r.Group:
        nearest = np.asarray(pairs[list(members)].max(axis=0).todense()).ravel()
        nearest[list(members)] = 0.0
        order = np.argsort(-nearest, kind="stable")[:MOST_BESIDE]
        local = [*members, *(int(other) for other in order if nearest[other] > 0)]
        block = space.among(local)
        own = list(range(len(members)))
        share = _stability(block[np.ix_(own, own)], [own], settings.cut, seed)[0]
        forced = frozenset(place for place in own if members[place] in by_human)
        return _placed(r.described(block, own, share, settings, forced), local)

    return describe


def _placed(group: r.Group, members: Sequence[int]) -> r.Group:
    return r.Group(
        members=tuple(members[m] for m in group.members),
        centrality=group.centrality,
        cohesion=group.cohesion,
        stability=group.stability,
        near=tuple((members[m], score) for m, score in group.near),
        see_also=tuple(members[m] for m in group.see_also),
        by_human=frozenset(members[m] for m in group.by_human),
    )


def _stability(
    block: Matrix, drafts: Sequence[Sequence[int]], cut: float, seed: int
) -> list[float | None]:
    """As in small corpora, but on the scale of the whole corpus, which a few records can't move."""
    if len(block) < 5:
        return [None for _ in drafts]
    if float(block[~np.eye(len(block), dtype=bool)].min()) >= cut:
        return [1.0 for _ in drafts]  # every two are close enough: any part of them joins again
    shares: list[list[float]] = [[] for _ in drafts]
    for chosen in resamples(len(block), seed):
        chosen = _at_most(chosen, seed)
        labels = average_groups(block[np.ix_(chosen, chosen)], cut)
        position = np.full(len(block), -1)
        position[chosen] = np.arange(len(chosen))
        for found, members in zip(shares, drafts, strict=True):
            share = kept_together(labels, position, members)
            if share is not None:
                found.append(share)
    return [round(float(np.mean(found)), 3) if found else None for found in shares]


def _at_most(chosen: Any, seed: int) -> Any:
    """A resample of a large set cut to what can be linked again twenty times."""
    if len(chosen) <= MOST_RESAMPLED:
        return chosen
    rng = np.random.default_rng([seed, int(chosen.sum())])
    return np.sort(rng.choice(chosen, MOST_RESAMPLED, replace=False))


def _nearest(pairs: sparse.csr_matrix) -> tuple[tuple[int, int, float], ...]:
    """The closest pairs of all."""
    upper = sparse.triu(pairs, 1).tocoo()
    order = r.highest(upper.data, r.MOST_NEAREST)
    return tuple((int(upper.row[i]), int(upper.col[i]), float(upper.data[i])) for i in order)

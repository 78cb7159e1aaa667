"""Layer 2: which incidents of one organisation are the same cause coming back.

Abstains by default: nothing is claimed on records that do not hold together as texts, a group must
hold together on average, and must mostly regroup when a fifth of the records is left out.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from mining.constraints import Constraints, constrained
from mining.features import Matrix, Space, View, build_space, view_of
from mining.linkage import average_groups, numbered
from mining.prepare import Prepared, days_between
from mining.quality import Coherence, coherence, stability
from mining.terms import Terms

DUPLICATE_COSINE = 0.62
UNDATED_DUPLICATE_COSINE = 0.9
SAME_WORDS = 0.4
FEW_RECORDS = 10
DENSE_UP_TO = 2_500
MOST_NEAREST = 5
NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Group:
    """Positions of the members in the space, most central first, with their mean similarity."""

    members: tuple[int, ...]
    centrality: tuple[float, ...]
    cohesion: float
    stability: float | None
    near: tuple[tuple[int, float], ...] = ()
    see_also: tuple[int, ...] = ()
    by_human: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Recurrence:
    """The groups of one organisation, what was hidden, and the nearest pairs in any case."""

    space: Space
    groups: tuple[Group, ...]
    duplicates: Mapping[str, str] = field(default_factory=dict)
    hidden: int = 0
    coherence: Coherence | None = None
    nearest: tuple[tuple[int, int, float], ...] = ()
    similarity: Matrix | None = None
    pairs: sparse.csr_matrix | None = None

    def neighbours(self, place: int) -> tuple[tuple[int, float], ...]:
        """The positions most similar to one, with their similarity; ties in the order of ids."""
        if self.similarity is not None:
            scores = self.similarity[place].copy()
            scores[place] = -np.inf
            order = highest(scores, min(NEIGHBOURS, len(scores) - 1))
            return tuple((int(other), float(scores[other])) for other in order)
        if self.pairs is None:
            return ()
        start, stop = self.pairs.indptr[place : place + 2]
        others, values = self.pairs.indices[start:stop], self.pairs.data[start:stop]
        order = np.lexsort((others, -values))[:NEIGHBOURS]
        return tuple((int(others[i]), float(values[i])) for i in order)

    @property
    def compared(self) -> bool:
        """Whether records were compared with one another at all."""
        return self.similarity is not None or self.pairs is not None


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """One configuration for every organisation, in spreads above the usual similarity."""

    cut: float = 1.55
    join: float = 1.7
    see_also: float = 0.9
    stable_from: float = 0.6


def merge_duplicates(items: Sequence[Prepared], full: View | None) -> dict[str, str]:
    """Reports of one and the same incident: id of the later one -> id of the one that is kept.

    Same words on the same or the next day; without dates, almost the same text.
    """
    if full is None or full.cosines is None:
        return {}
    rows, columns = np.nonzero(np.triu(full.cosines >= DUPLICATE_COSINE, 1))
    pairs = zip(rows.tolist(), columns.tolist(), full.cosines[rows, columns], strict=True)
    return duplicates_among(items, pairs)


def duplicates_among(
    items: Sequence[Prepared], pairs: Iterable[tuple[int, int, float]]
) -> dict[str, str]:
    """The pairs that are one incident reported twice, chains followed to the first report."""
    kept: dict[str, str] = {}
    for left, right, cosine in sorted(pairs, key=lambda pair: (pair[0], pair[1])):
        if items[right].id in kept:
            continue
        days = days_between(items[left].record, items[right].record)
        close = days <= 1 if days is not None else cosine >= UNDATED_DUPLICATE_COSINE
        if close and _same_words(items[left], items[right]):
            kept[items[right].id] = kept.get(items[left].id, items[left].id)
    return kept


def _same_words(first: Prepared, second: Prepared) -> bool:
    """Whether two records say mostly the same, words of one record only included."""
    ours, theirs = set(first.full.split()), set(second.full.split())
    return len(ours & theirs) >= SAME_WORDS * len(ours | theirs)


def find_recurrence(
    items: Sequence[Prepared],
    settings: LinkSettings,
    constraints: Constraints,
    seed: int,
    jobs: int | None = None,
    terms: Terms | None = None,
) -> Recurrence:
    """The recurring groups among the records of one organisation."""
    terms = terms or Terms(items)
    whole = len(items) <= DENSE_UP_TO
    full = view_of("full", items, terms, seed, whole=whole) if len(items) > 1 else None
    duplicates = merge_duplicates(items, full)
    kept = [item for item in items if item.id not in duplicates]
    space = build_space(kept, terms, seed, None if duplicates else full, whole=whole)
    if len(space) < 2 or not space.views:
        return Recurrence(space, (), duplicates)
    similarity = space.similarity
    if similarity is None:
        from mining import large

        return large.find(space, settings, constraints, seed, jobs)
    texts = coherence(space.items, terms.table)
    drafts = linked(similarity, settings) if texts.holds else []
    drafts, forced, held = constrained(drafts, constraints, space.items, duplicates)
    shares = stability(similarity, drafts, cut=settings.cut, seed=seed)
    groups, hidden = [], 0
    for members, share, by_human, kept_by_human in zip(drafts, shares, forced, held, strict=True):
        if share is not None and share < settings.stable_from and not kept_by_human:
            hidden += 1
            continue
        groups.append(described(similarity, members, share, settings, by_human))
    return Recurrence(
        space,
        tuple(groups),
        duplicates,
        hidden,
        texts,
        _nearest_pairs(similarity),
        similarity,
    )


def linked(similarity: Matrix, settings: LinkSettings) -> list[list[int]]:
    """Groups of a similarity matrix, records that belong to two of them in both."""
    work = similarity.copy()
    np.fill_diagonal(work, work.max())
    labels = numbered(average_groups(work, settings.cut), 2)
    groups = [np.flatnonzero(labels == label).tolist() for label in range(labels.max() + 1)]
    return [_joined(similarity, members, settings) for members in groups]


def _joined(similarity: Matrix, members: list[int], settings: LinkSettings) -> list[int]:
    """Members with the records of other groups, or of none, that belong here as well."""
    means = similarity[:, members].mean(axis=1)
    means[members] = -np.inf
    return sorted([*members, *(int(m) for m in np.flatnonzero(means >= settings.join))])


def described(
    similarity: Matrix,
    members: Sequence[int],
    share: float | None,
    settings: LinkSettings,
    by_human: frozenset[int],
) -> Group:
    """A group with its centralities, and the records that came near it."""
    block = similarity[np.ix_(members, members)].copy()
    np.fill_diagonal(block, np.nan)
    means = np.nanmean(block, axis=1)
    order = sorted(range(len(members)), key=lambda m: (-means[m], members[m]))
    outside = similarity[:, members].mean(axis=1)
    outside[list(members)] = -np.inf
    ranked = np.argsort(-outside, kind="stable")
    near = [(int(m), float(outside[m])) for m in ranked[:3] if outside[m] >= settings.see_also / 2]
    also = [int(m) for m in ranked if outside[m] >= settings.see_also][:8]
    return Group(
        members=tuple(members[m] for m in order),
        centrality=tuple(float(means[m]) for m in order),
        cohesion=float(np.nanmean(block)),
        stability=share,
        near=tuple(near),
        see_also=tuple(also),
        by_human=by_human,
    )


def highest(values: Any, most: int) -> Any:
    """Places of the highest values, best first; equal ones in their order."""
    if len(values) > most > 0:
        cut = np.partition(values, len(values) - most)[len(values) - most]
        places = np.flatnonzero(values >= cut)
    else:
        places = np.arange(len(values))
    return places[np.argsort(-values[places], kind="stable")][:most]


def _nearest_pairs(similarity: Matrix) -> tuple[tuple[int, int, float], ...]:
    rows, columns = np.triu_indices(len(similarity), 1)
    values = similarity[rows, columns]
    order = highest(values, MOST_NEAREST)
    return tuple((int(rows[i]), int(columns[i]), float(values[i])) for i in order)


def organisations(items: Iterable[Prepared]) -> dict[str, list[Prepared]]:
    """Records by organisation, in order of its name."""
    found: dict[str, list[Prepared]] = {}
    for item in items:
        found.setdefault(item.record.organisation, []).append(item)
    return dict(sorted(found.items()))


__all__ = ["Constraints", "Group", "LinkSettings", "Recurrence", "find_recurrence", "organisations"]

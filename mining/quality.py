"""How far a grouping can be trusted: against chance, and against losing some of its records."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from mining.features import Matrix, rarity, weighted
from mining.linkage import average_groups
from mining.prepare import Prepared, with_parts
from mining.terms import StemTable, counted
from mining.vocabulary import ChunkWords, chunk_words

RESAMPLES = 20
RESAMPLE_SHARE = 0.8
HALF_WORDS = 60
LEAST_WORDS = 5
TESTED = 400
COHERENT_AT = 0.01


@dataclass(frozen=True, slots=True)
class Coherence:
    """Whether records hold together as texts.

    Each record is cut into two halves. In real postmortems a half is closest to its own other half
    almost always; in shuffled text no more often than chance. ``p`` is the chance of seeing as many
    ``own`` among ``tested`` by luck.
    """

    own: int
    tested: int
    p: float

    @property
    def holds(self) -> bool:
        """Whether patterns may be claimed at all."""
        return self.p <= COHERENT_AT


def _halves(item: Prepared, table: StemTable, chunks: ChunkWords) -> tuple[list[str], list[str]]:
    """Two halves of a record's words, alternating by sentence, of equal and bounded length."""
    told = with_parts(item, chunks).lines
    lines = [[name for w in line.split() if (name := table[w])] for line in told]
    if len(lines) >= 4:
        first = [word for line in lines[::2] for word in line]
        second = [word for line in lines[1::2] for word in line]
    else:
        words = [word for line in lines for word in line]
        first, second = words[::2], words[1::2]
    length = min(len(first), len(second), HALF_WORDS)
    return first[:length], second[:length]


def coherence(items: Sequence[Prepared], table: StemTable) -> Coherence:
    """Test that the texts of a corpus are texts; at most :data:`TESTED` of them are looked at."""
    from scipy.special import bdtrc

    step, chunks = max(1, len(items) // TESTED), chunk_words()
    both_of = (_halves(item, table, chunks) for item in items[::step])
    halves = [pair for pair in both_of if len(pair[0]) >= LEAST_WORDS]
    if len(halves) < 2:
        return Coherence(0, len(halves), 1.0)
    both = _vectors([half for pair in halves for half in pair])
    cosines = (both[0::2] @ both[1::2].T).toarray()
    own = int((cosines.argmax(axis=1) == np.arange(len(halves))).sum())
    return Coherence(own, len(halves), float(bdtrc(own - 1, len(halves), 1 / len(halves))))


def _vectors(texts: Sequence[Sequence[str]]) -> sparse.csr_matrix:
    """TF-IDF rows of lists of stems."""
    names = {name: at for at, name in enumerate(sorted({name for text in texts for name in text}))}
    flat = np.array([names[name] for text in texts for name in text], dtype=np.int32)
    counts = counted(flat, [len(text) for text in texts], len(names))
    users = np.bincount(counts.indices, minlength=len(names))
    return weighted(counts, rarity(users, len(texts)))


def resamples(count: int, seed: int) -> Iterator[Any]:
    """Positions of 80 % of the records, drawn 20 times."""
    rng = np.random.default_rng(seed)
    size = max(2, round(RESAMPLE_SHARE * count))
    for _ in range(RESAMPLES):
        yield np.sort(rng.choice(count, size=size, replace=False))


def _rescaled(similarity: Matrix) -> Matrix:
    values = similarity[np.triu_indices(len(similarity), 1)]
    return np.asarray((similarity - values.mean()) / (values.std() or 1.0))


def kept_together(labels: Any, position: Any, members: Sequence[int]) -> float | None:
    """Share of a group's pairs that a resample put together again; ``None`` without a pair."""
    here = [labels[position[m]] for m in members if position[m] >= 0]
    pairs = len(here) * (len(here) - 1) / 2
    if not pairs:
        return None
    same = sum(n * (n - 1) / 2 for n in Counter(here).values())
    return float(same / pairs)


def stability(
    similarity: Matrix, groups: Sequence[Sequence[int]], *, cut: float, seed: int
) -> list[float | None]:
    """Per group: how often its members stay together over 20 resamples of 80 %."""
    shares: list[list[float]] = [[] for _ in groups]
    count = len(similarity)
    for chosen in resamples(count, seed) if groups else ():
        labels = average_groups(_rescaled(similarity[np.ix_(chosen, chosen)]), cut)
        position = np.full(count, -1)
        position[chosen] = np.arange(len(chosen))
        for found, members in zip(shares, groups, strict=True):
            share = kept_together(labels, position, members)
            if share is not None:
                found.append(share)
    return [round(float(np.mean(found)), 3) if found else None for found in shares]

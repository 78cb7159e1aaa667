"""Whether a learned model may name the leading cause: only if it is better, and it says how much.

From a hundred confirmed labels on, the model and the zero-label scorer are compared on the same
records: five folds, each record named by a model that never saw it. Every class counts alike, so
that guessing the commonest one wins nothing. The model takes over when the whole interval of the
difference lies above nought and that of the model's own share above chance; a tie, or too little to
tell, leaves the scorer at work.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import sha256

import numpy as np

from mining.causes import Told
from mining.learned import Base, LeadingCause, LearnedScorer, stems_of, unlabelled
from mining.prepare import Prepared
from mining.reader import ABOVE_CHANCE, LEAST_LABELS, Takeover

MOST_LABELS = 4_000
FOLDS = 5
RESAMPLES = 2_000
SURE = 0.99
"""The share of resamples that an interval covers: runs are many, and each compares again."""


def consider(
    items: Sequence[Prepared], base: Base, same: Mapping[str, str] | None = None, seed: int = 0
) -> tuple[Base | LearnedScorer, Takeover]:
    """The reader that is to work, and how that was settled.

    ``same`` maps further reports of an incident to the one that is kept: those never stand on
    both sides of a fold, and only the kept one counts.
    """
    doubles = same or {}
    marked = [item for item in labelled(items, base) if item.id not in doubles]
    if len(marked) < LEAST_LABELS:
        return base, Takeover("too_few", len(marked))
    marked = _drawn(marked)
    labels = [item.record.causes[0] for item in marked]
    told = [base.told(unlabelled(item.record), item.sentences) for item in marked]
    stems = [stems_of(item) for item in marked]
    named = _out_of_fold([item.id for item in marked], stems, told, labels)
    found = _compared(labels, [one.primary for one in told], named, seed)
    if found.state != "learned":
        return base, found
    return LearnedScorer(base, LeadingCause().fit(stems, told, labels)), found


def labelled(items: Sequence[Prepared], base: Base) -> list[Prepared]:
    """The records whose author named a leading cause that the taxonomy knows."""
    known = {leaf.id for leaf in base.taxonomy.leaves}
    return [i for i in items if i.record.causes[:1] and i.record.causes[0] in known]


def same_incidents(items: Sequence[Prepared]) -> dict[str, str]:
    """Further reports of one incident: their id -> the id of the one that is kept."""
    from mining.features import view_of
    from mining.recurrence import merge_duplicates, organisations
    from mining.terms import Terms

    terms = Terms(items)
    found: dict[str, str] = {}
    for members in organisations(items).values():
        if len(members) > 1:
            found.update(merge_duplicates(members, view_of("full", members, terms)))
    return found


def _drawn(items: Sequence[Prepared]) -> list[Prepared]:
    """At most :data:`MOST_LABELS` records, always the same ones of the same records."""
    chosen = sorted(items, key=lambda item: (_hash(item.id), item.id))[:MOST_LABELS]
    return sorted(chosen, key=lambda item: item.id)


def _hash(identifier: str) -> bytes:
    return sha256(identifier.encode()).digest()


def folds_of(ids: Sequence[str], labels: Sequence[str]) -> list[int]:
    """A fold per record, the classes spread evenly, whatever the order of the records."""
    order = sorted(range(len(ids)), key=lambda at: (labels[at], _hash(ids[at]), ids[at]))
    found = [0] * len(ids)
    for place, at in enumerate(order):
        found[at] = place % FOLDS
    return found


def _out_of_fold(
    ids: Sequence[str],
    stems: Sequence[Sequence[str]],
    told: Sequence[Told],
    labels: Sequence[str],
) -> list[str | None]:
    """Each record's name by a model that never saw it."""
    folds = folds_of(ids, labels)
    named: list[str | None] = [None] * len(ids)
    for fold in range(FOLDS):
        inside = [at for at, one in enumerate(folds) if one != fold]
        outside = [at for at, one in enumerate(folds) if one == fold]
        model = LeadingCause().fit(
            [stems[at] for at in inside],
            [told[at] for at in inside],
            [labels[at] for at in inside],
        )
        chances = model.chances([stems[at] for at in outside], [told[at] for at in outside])
        for row, at in zip(chances, outside, strict=True):
            named[at] = model.choose(row, told[at].primary)[0]
    return named


def _compared(
    labels: Sequence[str], first: Sequence[str | None], second: Sequence[str | None], seed: int
) -> Takeover:
    """The scorer's names against the model's, paired, with a bootstrap within each class."""
    sizes = Counter(labels)
    names = sorted(sizes)
    right = np.array(
        [[a == b for a, b in zip(labels, told, strict=True)] for told in (first, second)]
    )
    steps = right[1].astype(int) - right[0].astype(int)
    where = [np.flatnonzero([label == name for label in labels]) for name in names]
    means = [float(np.mean([right[row][at].mean() for at in where])) for row in (0, 1)]
    rng = np.random.default_rng(seed)
    drawn = np.zeros((2, RESAMPLES))
    for at in where:
        picks = rng.integers(0, len(at), size=(RESAMPLES, len(at)))
        drawn[0] += steps[at][picks].mean(axis=1) / len(where)
        drawn[1] += right[1][at][picks].mean(axis=1) / len(where)
    low, high = np.quantile(drawn[0], [(1 - SURE) / 2, (1 + SURE) / 2])
    at_least = float(np.quantile(drawn[1], (1 - SURE) / 2))
    state = "learned" if low > 0 and at_least > 1 / len(names) + ABOVE_CHANCE else "kept"
    shares = [round(value, 3) for value in (*means, float(low), float(high), at_least)]
    return Takeover(state, len(labels), len(names), *shares)

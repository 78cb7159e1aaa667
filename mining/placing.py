"""Where one new or edited record belongs, among the patterns that a run has found already.

The same scale and cuts as a run: it joins the pattern that it resembles on average as much as a
run asks for, further ones that it resembles even more, and is a *see also* under a lower cut. It
moves nobody else: the next full run does, and remains the truth.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mining.features import Matrix
from mining.naming import Words, pair_reasons
from mining.prepare import Prepared, prepare
from mining.records import IncidentRecord
from mining.recurrence import LinkSettings
from mining.similar import Similar, SimilarIndex, ranked

MOST_WORDS = 6


@dataclass(frozen=True, slots=True)
class Place:
    """How a record stands to one pattern.

    ``similarity`` is the mean over its members, in spreads above the usual; ``missing`` is what it
    falls short of joining. ``words`` and ``answers`` are what at least half of the members share
    with it, ``closest`` the member that it resembles most.
    """

    pattern: str
    similarity: float
    missing: float
    words: tuple[str, ...]
    answers: tuple[str, ...]
    closest: str


@dataclass(frozen=True, slots=True)
class Placement:
    """Patterns that a record would join, those to see also, and its nearest neighbours.

    ``pair`` is a record in no pattern that this one resembles enough to make a new one with.
    """

    joins: tuple[Place, ...]
    see_also: tuple[Place, ...]
    nearest: tuple[Similar, ...]
    pair: Similar | None = None


class Placer:
    """Places records against an index that was built once."""

    def __init__(self, index: SimilarIndex, settings: LinkSettings | None = None) -> None:
        self.index = index
        self.settings = settings or LinkSettings()

    def place(
        self, record: IncidentRecord, patterns: Mapping[str, Sequence[str]], k: int = 5
    ) -> Placement:
        """The place of a record among patterns given as id -> ids of members."""
        item = prepare(record)
        scores = self.index.scores_toward(item)
        means = self._means(record.id, patterns, scores)
        order = sorted(means, key=lambda name: (-means[name], name))
        joins = [name for name in order if means[name] >= self.settings.join]
        if order and not joins and means[order[0]] >= self.settings.cut:
            joins = order[:1]
        also = [n for n in order if n not in joins and means[n] >= self.settings.see_also]
        nearest = ranked(item, self.index.space.items, scores, self.index.words, k)
        grouped = {i for ids in patterns.values() for i in ids}
        return Placement(
            tuple(self._place(item, name, patterns[name], means[name], scores) for name in joins),
            tuple(self._place(item, name, patterns[name], means[name], scores) for name in also),
            nearest,
            None if joins else self._pair(nearest, grouped),
        )

    def _means(
        self, own: str, patterns: Mapping[str, Sequence[str]], scores: Matrix
    ) -> dict[str, float]:
        found = {}
        for name, ids in patterns.items():
            rows = [self.index.at(i) for i in ids if i != own and i in self.index]
            if rows:
                found[name] = float(np.mean(scores[rows]))
        return found

    def _place(
        self, item: Prepared, name: str, ids: Sequence[str], mean: float, scores: Matrix
    ) -> Place:
        rows = [self.index.at(i) for i in ids if i != item.id and i in self.index]
        rows.sort(key=lambda row: (-scores[row], row))
        members = [self.index.space.items[row] for row in rows[:20]]
        words, answers = _shared(item, members, self.index.words)
        return Place(
            pattern=name,
            similarity=round(mean, 3),
            missing=round(max(0.0, self.settings.cut - mean), 3),
            words=words,
            answers=answers,
            closest=members[0].id,
        )

    def _pair(self, nearest: Sequence[Similar], grouped: set[str]) -> Similar | None:
        return next(
            (n for n in nearest if n.id not in grouped and n.score >= self.settings.cut), None
        )


def _shared(
    item: Prepared, members: Sequence[Prepared], words: Words
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Words and answers that the record shares with at least half of the members."""
    said: Counter[str] = Counter()
    answered: Counter[str] = Counter()
    for member in members:
        common, answers = pair_reasons(item, member, words, 12)
        said.update(common)
        answered.update(answers)
    enough = len(members) / 2
    ranked_words = [word for word, n in said.most_common() if n >= enough]
    return tuple(ranked_words[:MOST_WORDS]), tuple(a for a, n in answered.items() if n >= enough)

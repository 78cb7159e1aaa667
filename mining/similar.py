"""Similar incidents to one: ranked, with the words and answers that they share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mining.features import Space, build_space
from mining.naming import Words, count_words, pair_reasons
from mining.prepare import prepare_all
from mining.records import IncidentRecord


@dataclass(frozen=True, slots=True)
class Similar:
    """One neighbour. ``score`` counts spreads above what two records of this corpus usually share."""

    id: str
    score: float
    words: tuple[str, ...]
    answers: tuple[str, ...]

    @property
    def why(self) -> str:
        """The shared words and answers as one phrase."""
        told = [f"shared words: {', '.join(self.words)}"] if self.words else []
        told += [f"same {answer.replace('=', ' ').replace('_', ' ')}" for answer in self.answers]
        return "; ".join(told)


class SimilarIndex:
    """Neighbours within one set of records; build once, ask often."""

    def __init__(self, records: Sequence[IncidentRecord], seed: int = 0) -> None:
        items = prepare_all(records)
        self.space: Space = build_space(items, seed)
        self._words: Words = count_words(items)
        self._at = {item.id: position for position, item in enumerate(items)}

    def __contains__(self, identifier: str) -> bool:
        return identifier in self._at

    def of(self, identifier: str, k: int = 5) -> tuple[Similar, ...]:
        """The ``k`` nearest to a record of the index. Raises KeyError for an unknown id."""
        at = self._at[identifier]
        if not self.space.views:
            return ()
        scores = self.space.between([at], slice(None))[0]
        scores[at] = -np.inf
        order = np.argsort(-scores, kind="stable")[:k]
        return tuple(self._neighbour(at, int(other), float(scores[other])) for other in order)

    def _neighbour(self, at: int, other: int, score: float) -> Similar:
        items = self.space.items
        words, answers = pair_reasons(items[at], items[other], self._words)
        return Similar(items[other].id, round(score, 4), words, answers)


def similar(
    records: Sequence[IncidentRecord], identifier: str, k: int = 5, seed: int = 0
) -> tuple[Similar, ...]:
    """The ``k`` records most similar to one of them."""
    return SimilarIndex(records, seed).of(identifier, k)

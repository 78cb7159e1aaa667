"""Similar incidents to one: ranked, with the words and answers that they share."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mining.encoder import Encoder, encoded, fused
from mining.features import Matrix, Space, build_space
from mining.naming import Words, pair_reasons
from mining.prepare import Prepared, prepare, prepare_all
from mining.records import IncidentRecord
from mining.terms import Terms


@dataclass(frozen=True, slots=True)
class Similar:
    """One neighbour.

    ``score`` counts spreads above what two records here usually share; with an encoder it is the
    fused rank instead, from 0 to 1.
    """

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
    """Neighbours within one set of records; build once, ask often.

    With an ``encoder`` its ranks are fused with the default's, and scores run from 0 to 1.
    """

    def __init__(
        self, records: Sequence[IncidentRecord], seed: int = 0, encoder: Encoder | None = None
    ) -> None:
        items = prepare_all(records)
        terms = Terms(items)
        self.space: Space = build_space(items, terms, seed)
        self.words = Words(terms)
        self._encoder = encoder
        self._vectors = encoded(encoder, items) if encoder else None
        self._at = {item.id: position for position, item in enumerate(items)}

    def __contains__(self, identifier: str) -> bool:
        return identifier in self._at

    def of(self, identifier: str, k: int = 5) -> tuple[Similar, ...]:
        """The ``k`` nearest to a record of the index. Raises KeyError for an unknown id."""
        at = self._at[identifier]
        if not self.space.views and self._vectors is None:
            return ()
        scores = self._default(at)
        if self._vectors is not None:
            scores = fused([scores, self._vectors @ self._vectors[at]])
        scores[at] = -np.inf
        return ranked(self.space.items[at], self.space.items, scores, self.words, k)

    def _default(self, at: int) -> Matrix:
        if not self.space.views:
            return np.zeros(len(self.space))
        return np.asarray(self.space.between([at], slice(None))[0])

    def to(self, record: IncidentRecord, k: int = 5) -> tuple[Similar, ...]:
        """The ``k`` nearest to a record that is not in the index, a draft for instance."""
        item = prepare(record)
        scores = self.scores_toward(item)
        if self._encoder is not None and self._vectors is not None:
            scores = fused([scores, self._vectors @ encoded(self._encoder, [item])[0]])
        return ranked(item, self.space.items, scores, self.words, k)

    def at(self, identifier: str) -> int:
        """The row of a record. Raises KeyError."""
        return self._at[identifier]

    def scores_toward(self, item: Prepared) -> Matrix:
        """Likeness of a record from outside to every row; an earlier state of itself is left out,
        as minus infinity."""
        scores = self.space.toward(item)
        if item.id in self._at:
            scores[self._at[item.id]] = -np.inf
        return scores


def ranked(
    item: Prepared, others: Sequence[Prepared], scores: Matrix, words: Words, k: int
) -> tuple[Similar, ...]:
    """The best ``k`` of the others by score, with what they share; ties in the order of ids."""
    order = np.argsort(-scores, kind="stable")[:k]
    return tuple(
        described(item, others[at], float(scores[at]), words)
        for at in order
        if np.isfinite(scores[at])
    )


def described(item: Prepared, other: Prepared, score: float, words: Words) -> Similar:
    """A neighbour with what it shares."""
    shared, answers = pair_reasons(item, other, words)
    return Similar(other.id, round(score, 4), shared, answers)


def similar(
    records: Sequence[IncidentRecord],
    identifier: str,
    k: int = 5,
    seed: int = 0,
    encoder: Encoder | None = None,
) -> tuple[Similar, ...]:
    """The ``k`` records most similar to one of them."""
    return SimilarIndex(records, seed, encoder).of(identifier, k)

"""Views of a corpus as sparse matrices, and one similarity out of them.

Each view is TF-IDF over masked words. Cosines of a view are put on a common scale by their mean
and spread in this corpus, so that a similarity of 1.5 means: one and a half spreads above what two
incidents of this organisation usually share.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy import sparse

from mining.prepare import Prepared
from mining.terms import Terms, pieces_of, tally

Matrix = np.ndarray[Any, np.dtype[np.float64]]

VIEW_WEIGHTS: Mapping[str, float] = {"full": 1.0, "lead": 1.0, "pieces": 1.0, "answers": 0.7}
"""How much each view counts. ``pieces`` are parts of words of the opening."""

LEAST_USERS = 2
"""Words that stand in one record only never reach a vocabulary, which is masked besides."""
_MOST_USERS, _MANY_RECORDS = 0.5, 200
_SAMPLED_PAIRS = 4_000
PIECES_UP_TO = 2_500
ALL_PAIRS_UP_TO = 400


def weighted(counts: sparse.csr_matrix, idf: Any) -> sparse.csr_matrix:
    """TF-IDF of counts: logarithmic, rare terms up, rows of length one."""
    data = (np.log(counts.data.astype(np.float64)) + 1) * idf[counts.indices]
    rows = np.repeat(np.arange(counts.shape[0], dtype=np.int32), np.diff(counts.indptr))
    lengths = np.sqrt(np.bincount(rows, weights=data * data, minlength=counts.shape[0]))
    data /= lengths[rows]
    return sparse.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)


def rarity(users: Any, records: int) -> Any:
    """Smoothed inverse document frequency of terms that so many of the records use."""
    return np.log((1 + records) / (1 + users)) + 1


class Weights:
    """TF-IDF of counts, of the terms that neither too few nor too many records use."""

    def __init__(self, counts: sparse.csr_matrix, names: Sequence[str], least: int) -> None:
        users = tally(counts.indices, counts.shape[1])
        kept = users >= least
        if counts.shape[0] > _MANY_RECORDS:
            kept &= users <= _MOST_USERS * counts.shape[0]
        columns = np.flatnonzero(kept)
        self.vocabulary_ = {names[column]: place for place, column in enumerate(columns.tolist())}
        self.idf = rarity(users[columns], counts.shape[0])
        self.matrix = weighted(counts[:, columns], self.idf)

    def row(self, terms: Sequence[str]) -> sparse.csr_matrix:
        """One record from outside as a row of this vocabulary."""
        at = [self.vocabulary_[term] for term in terms if term in self.vocabulary_]
        columns, counts = np.unique(np.array(at, dtype=np.int32), return_counts=True)
        shape = (1, len(self.vocabulary_))
        ends = np.array([0, len(columns)])
        return weighted(sparse.csr_matrix((counts, columns, ends), shape=shape), self.idf)


def terms_of(view: str, item: Prepared, terms: Terms) -> list[str]:
    """What one view reads of a record."""
    if view == "answers":
        return [answer.replace(" ", "_") for answer in item.answers]
    words = (item.full if view == "full" else item.lead).split()
    if view == "pieces":
        return [piece for word in words for piece in pieces_of(word)]
    return [name for word in words if (name := terms.table[word])]


def _answer_counts(items: Sequence[Prepared]) -> tuple[sparse.csr_matrix, tuple[str, ...]] | None:
    given = [[answer.replace(" ", "_") for answer in item.answers] for item in items]
    if sum(map(bool, given)) * 2 < len(given):
        return None
    names = tuple(sorted({answer for answers in given for answer in answers}))
    column = {name: place for place, name in enumerate(names)}
    pairs = [(row, column[a]) for row, answers in enumerate(given) for a in answers]
    rows, columns = zip(*pairs, strict=True)
    counts = (np.ones(len(pairs)), (rows, columns))
    return sparse.csr_matrix(counts, shape=(len(items), len(names))), names


@dataclass(frozen=True)
class View:
    """One view: rows are records; ``vectoriser.vocabulary_`` names the columns."""

    name: str
    vectoriser: Weights
    mean: float
    spread: float
    cosines: Matrix | None = None
    """Between all records, where they were asked for."""

    @property
    def matrix(self) -> sparse.csr_matrix:
        """One row per record."""
        return self.vectoriser.matrix

    def scale(self, cosines: Matrix) -> Matrix:
        """Cosines on the corpus's own scale."""
        return (cosines - self.mean) / self.spread


def _scale_of(matrix: sparse.csr_matrix, seed: int, known: Matrix | None) -> tuple[float, float]:
    """Mean and spread of the cosines between different records."""
    count = matrix.shape[0]
    if count <= ALL_PAIRS_UP_TO:
        cosines = (_cosines(matrix) if known is None else known)[np.triu_indices(count, 1)]
        return float(cosines.mean()), float(cosines.std())
    rng = np.random.default_rng(seed)
    left, right = rng.integers(0, count, size=(2, _SAMPLED_PAIRS))
    kept = left != right
    left, right = left[kept], right[kept]
    if known is None:
        cosines = np.asarray(matrix[left].multiply(matrix[right]).sum(axis=1)).ravel()
    else:
        cosines = known[left, right]
    return float(cosines.mean()), float(cosines.std())


def _cosines(matrix: sparse.csr_matrix) -> Matrix:
    return np.asarray((matrix @ matrix.T).toarray())


def similarity_among(views: Iterable[tuple[sparse.csr_matrix, float, float, float]]) -> Matrix:
    """Similarity between the rows that every view has in common: rows, mean, spread and weight."""
    parts, weights = [], 0.0
    for matrix, mean, spread, weight in views:
        parts.append(weight * ((_cosines(matrix) - mean) / spread))
        weights += weight
    total = np.asarray(sum(parts) / weights, dtype=np.float64)
    return np.asarray((total + total.T) / 2)


def view_of(
    name: str, items: Sequence[Prepared], terms: Terms, seed: int = 0, *, whole: bool = False
) -> View | None:
    """A view of the records, or ``None`` when it holds nothing to compare.

    ``whole`` keeps the cosines between all of them.
    """
    counts = _counts_of(name, items, terms)
    if counts is None:
        return None
    weights = Weights(*counts, 1 if name == "answers" else LEAST_USERS)
    if not weights.vocabulary_:  # no word is shared by two records
        return None
    cosines = _cosines(weights.matrix) if whole else None
    mean, spread = _scale_of(weights.matrix, seed, cosines)
    return View(name, weights, mean, spread, cosines) if spread > 1e-9 else None


def _counts_of(
    name: str, items: Sequence[Prepared], terms: Terms
) -> tuple[sparse.csr_matrix, tuple[str, ...]] | None:
    if name == "answers":
        return _answer_counts(items)
    rows = [terms.at[item.id] for item in items]
    if name == "pieces":
        return terms.pieces(rows)
    counts = terms.full if name == "full" else terms.lead
    chosen = counts if len(rows) == counts.shape[0] else counts[rows]
    return chosen, terms.stems


@dataclass(frozen=True)
class Space:
    """Records of one organisation with their views."""

    items: tuple[Prepared, ...]
    views: tuple[View, ...]
    terms: Terms
    similarity: Matrix | None = None
    """Between all records, where it was asked for; its diagonal is never read."""

    def __len__(self) -> int:
        return len(self.items)

    def between(self, rows: Sequence[int] | slice, others: Sequence[int] | slice) -> Matrix:
        """Similarity of some records to others, in spreads above the usual."""
        parts: list[Matrix] = []
        for view in self.views:
            cosines = (view.matrix[rows] @ view.matrix[others].T).toarray()
            parts.append(VIEW_WEIGHTS[view.name] * view.scale(cosines))
        weights = sum(VIEW_WEIGHTS[view.name] for view in self.views)
        return np.asarray(sum(parts) / weights, dtype=np.float64)

    def among(self, rows: Sequence[int]) -> Matrix:
        """Similarity between some records; symmetric, its diagonal is never read."""
        return similarity_among(
            (view.matrix[rows], view.mean, view.spread, VIEW_WEIGHTS[view.name])
            for view in self.views
        )

    def toward(self, item: Prepared) -> Matrix:
        """Similarity of a record from outside to every record here."""
        total, weights = np.zeros(len(self)), 0.0
        for view in self.views:
            row = view.vectoriser.row(terms_of(view.name, item, self.terms))
            cosines = (view.matrix @ row.T).toarray().ravel()
            total += VIEW_WEIGHTS[view.name] * view.scale(cosines)
            weights += VIEW_WEIGHTS[view.name]
        return total / weights if weights else total


def build_space(
    items: Sequence[Prepared],
    terms: Terms,
    seed: int = 0,
    full: View | None = None,
    *,
    whole: bool = False,
) -> Space:
    """The views of an organisation's records; ``full`` is taken over when it is known already.

    ``whole`` works out their similarity to one another as well. Parts of words are left out of
    large corpora: they cost most and matter least there.
    """
    if len(items) < 2:
        return Space(tuple(items), (), terms)
    found: list[View] = []
    total, weights = np.zeros((len(items), len(items)) if whole else 0), 0.0
    for name, weight in VIEW_WEIGHTS.items():
        if name == "pieces" and len(items) > PIECES_UP_TO:
            continue
        known = name == "full" and full
        view = full if known else view_of(name, items, terms, seed, whole=whole)
        if view is None:
            continue
        if view.cosines is not None:
            total += weight * view.scale(view.cosines)
            weights += weight
        found.append(replace(view, cosines=None))
    if not whole or not found:
        return Space(tuple(items), tuple(found), terms)
    total /= weights
    return Space(tuple(items), tuple(found), terms, (total + total.T) / 2)

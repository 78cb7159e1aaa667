"""Views of a corpus as sparse matrices, and one similarity out of them.

Each view is TF-IDF over masked words. Cosines of a view are put on a common scale by their mean
and spread in this corpus, so that a similarity of 1.5 means: one and a half spreads above what two
incidents of this organisation usually share.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from mining.prepare import Prepared
from mining.terms import Terms, pieces_of

Matrix = np.ndarray[Any, np.dtype[np.float64]]

VIEW_WEIGHTS: Mapping[str, float] = {"full": 1.0, "lead": 1.0, "pieces": 1.0, "answers": 0.7}
"""How much each view counts. ``pieces`` are parts of words of the opening."""

LEAST_USERS = 2
"""Words that stand in one record only never reach a vocabulary, which is masked besides."""
_MOST_USERS, _MANY_RECORDS = 0.5, 200
_SAMPLED_PAIRS = 4_000
PIECES_UP_TO = 2_500


class Weights:
    """TF-IDF of counts: logarithmic, rare terms up, rows of length one."""

    def __init__(self, counts: sparse.csr_matrix, names: Sequence[str], least: int) -> None:
        users = np.bincount(counts.indices, minlength=counts.shape[1])
        kept = users >= least
        if counts.shape[0] > _MANY_RECORDS:
            kept &= users <= _MOST_USERS * counts.shape[0]
        columns = np.flatnonzero(kept)
        self.vocabulary_ = {names[column]: place for place, column in enumerate(columns.tolist())}
        self.idf = np.log((1 + counts.shape[0]) / (1 + users[columns])) + 1
        self.matrix = self._weighted(counts[:, columns])

    def _weighted(self, counts: sparse.csr_matrix) -> sparse.csr_matrix:
        from sklearn.preprocessing import normalize

        data = (np.log(counts.data.astype(np.float64)) + 1) * self.idf[counts.indices]
        found = sparse.csr_matrix((data, counts.indices, counts.indptr), shape=counts.shape)
        return normalize(found, copy=False)

    def row(self, terms: Sequence[str]) -> sparse.csr_matrix:
        """One record from outside as a row of this vocabulary."""
        at = [self.vocabulary_[term] for term in terms if term in self.vocabulary_]
        columns, counts = np.unique(np.array(at, dtype=np.int32), return_counts=True)
        shape = (1, len(self.vocabulary_))
        ends = np.array([0, len(columns)])
        return self._weighted(sparse.csr_matrix((counts, columns, ends), shape=shape))


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

    @property
    def matrix(self) -> sparse.csr_matrix:
        """One row per record."""
        return self.vectoriser.matrix

    def scale(self, cosines: Matrix) -> Matrix:
        """Cosines on the corpus's own scale."""
        return (cosines - self.mean) / self.spread


def _scale_of(matrix: sparse.csr_matrix, seed: int) -> tuple[float, float]:
    """Mean and spread of the cosines between different records."""
    count = matrix.shape[0]
    if count <= 400:
        cosines = (matrix @ matrix.T).toarray()[np.triu_indices(count, 1)]
    else:
        rng = np.random.default_rng(seed)
        left, right = rng.integers(0, count, size=(2, _SAMPLED_PAIRS))
        kept = left != right
        cosines = np.asarray(matrix[left[kept]].multiply(matrix[right[kept]]).sum(axis=1)).ravel()
    return float(cosines.mean()), float(cosines.std())


def view_of(name: str, items: Sequence[Prepared], terms: Terms, seed: int = 0) -> View | None:
    """A view of the records, or ``None`` when it holds nothing to compare."""
    counted = _counts_of(name, items, terms)
    if counted is None:
        return None
    weights = Weights(*counted, 1 if name == "answers" else LEAST_USERS)
    if not weights.vocabulary_:  # no word is shared by two records
        return None
    mean, spread = _scale_of(weights.matrix, seed)
    return View(name, weights, mean, spread) if spread > 1e-9 else None


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

    def toward(self, item: Prepared) -> Matrix:
        """Similarity of a record from outside to every record here."""
        total, weights = np.zeros(len(self)), 0.0
        for view in self.views:
            row = view.vectoriser.row(terms_of(view.name, item, self.terms))
            cosines = (view.matrix @ row.T).toarray().ravel()
            total += VIEW_WEIGHTS[view.name] * view.scale(cosines)
            weights += VIEW_WEIGHTS[view.name]
        return total / weights if weights else total

    def dense(self) -> Matrix:
        """The whole similarity matrix, symmetric, with a diagonal that is never read."""
        found = self.between(slice(None), slice(None))
        return (found + found.T) / 2


def build_space(
    items: Sequence[Prepared], terms: Terms, seed: int = 0, full: View | None = None
) -> Space:
    """The views of an organisation's records; ``full`` is taken over when it is known already.

    Parts of words are left out of large corpora: they cost most and matter least there.
    """
    if len(items) < 2:
        return Space(tuple(items), (), terms)
    found = []
    for name in VIEW_WEIGHTS:
        if name == "pieces" and len(items) > PIECES_UP_TO:
            continue
        found.append(full if name == "full" and full else view_of(name, items, terms, seed))
    return Space(tuple(items), tuple(view for view in found if view is not None), terms)

"""Views of a corpus as sparse matrices, and one similarity out of them.

Each view is TF-IDF over masked words. Cosines of a view are put on a common scale by their mean
and spread in this corpus, so that a similarity of 1.5 means: one and a half spreads above what two
incidents of this organisation usually share.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy import sparse

from mining.prepare import COMMON, Prepared, stem

Matrix = np.ndarray[Any, np.dtype[np.float64]]

VIEW_WEIGHTS: Mapping[str, float] = {"full": 1.0, "lead": 1.0, "pieces": 1.0, "answers": 0.7}
"""How much each view counts. ``pieces`` are parts of words of the opening."""

_SAMPLED_PAIRS = 4_000
PIECES_UP_TO = 2_500


@cache
def stop_words() -> frozenset[str]:
    """Words that carry no incident in them."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    return frozenset(ENGLISH_STOP_WORDS) | COMMON


def _stems(text: str) -> list[str]:
    stops = stop_words()
    return [stem(word) for word in text.split() if word not in stops and len(word) > 1]


def _vectoriser(view: str, count: int) -> Any:
    """Words that stand in one record only never reach a vocabulary, which is masked besides."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    shared: dict[str, Any] = {"sublinear_tf": True, "dtype": np.float64}
    if count > 200:
        shared["max_df"] = 0.5
    if view == "pieces":
        return TfidfVectorizer(analyzer="char_wb", ngram_range=(4, 5), min_df=2, **shared)
    if view == "answers":
        return TfidfVectorizer(analyzer=str.split, **shared)
    return TfidfVectorizer(analyzer=_stems, min_df=2, **shared)


_TEXTS: Mapping[str, Callable[[Prepared], str]] = {
    "full": lambda item: item.full,
    "lead": lambda item: item.lead,
    "pieces": lambda item: item.lead,
    "answers": lambda item: " ".join(answer.replace(" ", "_") for answer in item.answers),
}


@dataclass(frozen=True)
class View:
    """One view: rows are records; ``terms`` name the columns."""

    name: str
    matrix: sparse.csr_matrix
    vectoriser: Any
    mean: float
    spread: float

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


def view_of(name: str, items: Sequence[Prepared], seed: int = 0) -> View | None:
    """A view of the records, or ``None`` when it holds nothing to compare."""
    texts = [_TEXTS[name](item) for item in items]
    if name == "answers" and sum(bool(text) for text in texts) * 2 < len(texts):
        return None
    vectoriser = _vectoriser(name, len(items))
    try:
        matrix = sparse.csr_matrix(vectoriser.fit_transform(texts))
    except ValueError:  # no word is shared by two records: there is nothing to compare
        return None
    mean, spread = _scale_of(matrix, seed)
    return View(name, matrix, vectoriser, mean, spread) if spread > 1e-9 else None


@dataclass(frozen=True)
class Space:
    """Records of one organisation with their views."""

    items: tuple[Prepared, ...]
    views: tuple[View, ...]

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
            row = sparse.csr_matrix(view.vectoriser.transform([_TEXTS[view.name](item)]))
            cosines = (view.matrix @ row.T).toarray().ravel()
            total += VIEW_WEIGHTS[view.name] * view.scale(cosines)
            weights += VIEW_WEIGHTS[view.name]
        return total / weights if weights else total

    def dense(self) -> Matrix:
        """The whole similarity matrix, symmetric, with a diagonal that is never read."""
        found = self.between(slice(None), slice(None))
        return (found + found.T) / 2


def build_space(items: Sequence[Prepared], seed: int = 0, full: View | None = None) -> Space:
    """The views of an organisation's records; ``full`` is taken over when it is known already.

    Parts of words are left out of large corpora: they cost most and matter least there.
    """
    if len(items) < 2:
        return Space(tuple(items), ())
    names = [n for n in VIEW_WEIGHTS if n != "pieces" or len(items) <= PIECES_UP_TO]
    found = [full if n == "full" and full is not None else view_of(n, items, seed) for n in names]
    return Space(tuple(items), tuple(view for view in found if view is not None))

"""Average linkage that abstains: what has no close company stays alone, as label -1."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import validate_data

ALONE = -1


class AbstainingLinkage(ClusterMixin, BaseEstimator):  # type: ignore[misc]
    """Groups whose members are on average at least ``cut`` similar; everything else is ``-1``.

    ``affinity="cosine"`` reads feature rows, ``"precomputed"`` a symmetric similarity matrix.
    Deterministic; labels are numbered by each group's first member.
    """

    def __init__(self, cut: float = 0.5, min_size: int = 2, affinity: str = "cosine") -> None:
        self.cut = cut
        self.min_size = min_size
        self.affinity = affinity

    def fit(self, X: Any, y: Any = None) -> "AbstainingLinkage":  # noqa: N803 - its name there
        """Group the rows of ``X``."""
        rows = validate_data(self, X, dtype=np.float64)
        if self.affinity == "precomputed":
            if rows.shape[0] != rows.shape[1]:
                raise ValueError("a precomputed affinity must be square")
            similarity = rows
        elif self.affinity == "cosine":
            lengths = np.linalg.norm(rows, axis=1, keepdims=True)
            rows = rows / np.where(lengths > 0, lengths, 1.0)
            similarity = rows @ rows.T
        else:
            raise ValueError(f"affinity must be 'cosine' or 'precomputed', not {self.affinity!r}")
        self.labels_ = numbered(average_groups(similarity, self.cut), self.min_size)
        return self


def average_groups(similarity: Any, cut: float) -> Any:
    """Flat average-linkage labels at a similarity cut, from a symmetric matrix."""
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    count = len(similarity)
    if count < 2:
        return np.arange(count)
    top = float(np.max(similarity))
    distances = np.maximum(top - (similarity + similarity.T) / 2, 0.0)
    np.fill_diagonal(distances, 0.0)
    tree = linkage(squareform(distances, checks=False), "average")
    return _flat(tree, max(top - cut, 0.0))


def _flat(tree: Any, height: float) -> Any:
    """A label per leaf of what is joined up to a height; scipy's own takes ten times as long on
    the small trees that stability asks for by the thousand."""
    count = len(tree) + 1
    joined = int(np.searchsorted(tree[:, 2], height, side="right"))
    parent = list(range(count + joined))
    for step, (left, right) in enumerate(tree[:joined, :2].astype(int).tolist()):
        parent[left] = parent[right] = count + step
    for node in range(len(parent) - 1, -1, -1):  # parents come after their children
        parent[node] = parent[parent[node]]
    return np.array(parent[:count])


def numbered(labels: Any, min_size: int) -> Any:
    """Labels 0, 1, … by first appearance, with groups under ``min_size`` as ``-1``."""
    found = np.full(len(labels), ALONE)
    names: dict[int, int] = {}
    sizes = dict(zip(*np.unique(labels, return_counts=True), strict=True))
    for position, label in enumerate(labels):
        if sizes[label] >= max(min_size, 2):
            found[position] = names.setdefault(int(label), len(names))
    return found

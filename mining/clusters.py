"""Average linkage that abstains: what has no close company stays alone, as label -1."""

from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClusterMixin
from sklearn.utils.validation import validate_data

from mining.linkage import average_groups, numbered


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

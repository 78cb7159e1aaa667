"""Flat groups by average linkage at a cut, on scipy alone: scikit-learn takes seconds to load."""

from typing import Any

import numpy as np

ALONE = -1


def average_groups(similarity: Any, cut: float) -> Any:
    """Flat average-linkage labels at a similarity cut, from a symmetric matrix."""
    from scipy.cluster.hierarchy import linkage
    from scipy.spatial.distance import squareform

    count = len(similarity)
    if count < 2:
        return np.arange(count)
    top = float(np.max(similarity))
    tree = linkage(top - squareform(similarity, checks=False), "average")
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

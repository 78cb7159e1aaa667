"""Places on a map: incidents that are alike stand close. For looking, never for deciding."""

from collections.abc import Sequence

import numpy as np
from scipy.linalg import eigh
from threadpoolctl import threadpool_limits

from mining.features import Matrix
from mining.recurrence import Recurrence

MOST_PLACED = 1_000


def places_of(parts: Sequence[Recurrence]) -> dict[str, tuple[float, float]]:
    """Coordinates between 0 and 1 of every record of the organisations small enough to draw."""
    found: dict[str, tuple[float, float]] = {}
    for part in parts:
        count = len(part.space)
        if part.similarity is None or not 2 < count <= MOST_PLACED:
            continue
        points = _scaled(_spread(part.similarity))
        for item, (x, y) in zip(part.space.items, points, strict=True):
            found[item.id] = (round(float(x), 4), round(float(y), 4))
    return found


def _spread(similarity: Matrix) -> Matrix:
    """Two axes by classical scaling of the distances that similarities stand for."""
    shared = similarity.copy()
    np.fill_diagonal(shared, float(np.max(shared)))
    near = np.clip(shared, -2.0, 6.0)  # one pair of near-copies must not fill the map
    distance = near.max() - near
    centred = distance**2
    centred = centred - centred.mean(axis=0) - centred.mean(axis=1)[:, None] + centred.mean()
    last = len(centred) - 1
    with threadpool_limits(1):  # the same digits on any number of processors, and sooner
        values, vectors = eigh(-centred / 2, subset_by_index=(last - 1, last))
    axes = vectors * np.sqrt(np.maximum(values, 0.0))
    # An axis has no sign of its own: fix it, so that a second run draws the same map.
    signs = np.sign(axes[np.abs(axes).argmax(axis=0), range(axes.shape[1])])
    return np.asarray(axes[:, ::-1] * np.where(signs[::-1] == 0, 1.0, signs[::-1]))


def _scaled(points: Matrix) -> Matrix:
    """Each axis by rank and value halved, so that outliers leave room for the rest."""
    low, high = points.min(axis=0), points.max(axis=0)
    linear = (points - low) / np.where(high > low, high - low, 1.0)
    ranks = points.argsort(axis=0).argsort(axis=0) / max(1, len(points) - 1)
    return np.asarray((linear + ranks) / 2)

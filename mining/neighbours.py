"""Close pairs in corpora too large for a full matrix.

Candidates share rare words: each record keeps its dozen weightiest words that few others use, and
records that meet on them are compared in full. Work is cut into blocks that joblib may spread over
threads or a cluster; a block's result does not depend on who did it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from mining.features import VIEW_WEIGHTS, Space
from mining.tasks import PARALLEL_FROM, spread_threads, workers
from mining.terms import tally

BLOCK = 1_000
CANDIDATES = 10
_RARE_WORDS = 12
_MOST_USERS = 200


def _best(indptr: Any, values: Any, ties: Any, most: int) -> tuple[Any, Any]:
    """The entries with the highest values of each row: their rows and places, best first.

    Equal values go by ``ties``. Sorting is left to numpy, which lets other threads work meanwhile.
    """
    counts = np.diff(indptr)
    rows = np.repeat(np.arange(len(counts)), counts)
    places = np.flatnonzero(values > -np.inf)
    wide = int(counts.max(initial=0))
    if wide > most:
        padded = np.full((len(counts), wide), -np.inf)
        padded[np.arange(wide) < counts[:, None]] = values
        cut = np.partition(padded, wide - most, axis=1)[:, wide - most]
        places = places[values[places] >= cut[rows[places]]]
    places = places[np.lexsort((ties[places], -values[places], rows[places]))]
    rows = rows[places]
    rank = np.arange(len(rows)) - np.searchsorted(rows, np.arange(len(counts)))[rows]
    return rows[rank < most], places[rank < most]


def _rare_part(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """The weightiest words of each record among those that few records use."""
    users = tally(matrix.indices, matrix.shape[1])
    kept = (users >= 2) & (users <= _MOST_USERS)
    rare = sparse.csr_matrix(matrix @ sparse.diags(kept.astype(np.float64)))
    rare.eliminate_zeros()
    _, places = _best(rare.indptr, rare.data, np.arange(rare.nnz), _RARE_WORDS)
    keep = np.zeros(rare.nnz, dtype=bool)
    keep[places] = True
    rare.data = np.where(keep, rare.data, 0.0)
    rare.eliminate_zeros()
    return rare


def _candidates(rare: sparse.csr_matrix, start: int, stop: int) -> tuple[Any, Any]:
    """Pairs (row, other) of one block, each row with its best candidates."""
    products = sparse.csr_matrix(rare[start:stop] @ rare.T)
    itself = np.repeat(np.arange(start, stop), np.diff(products.indptr)) == products.indices
    values = np.where(itself, -np.inf, products.data)
    rows, places = _best(products.indptr, values, products.indices, CANDIDATES)
    return rows + start, products.indices[places]


_View = tuple[str, sparse.csr_matrix, float, float, float]


def _block(
    rare: sparse.csr_matrix, views: Sequence[_View], start: int, stop: int
) -> tuple[Any, Any, Any, Any]:
    """Similarities of one block's candidate pairs, and their cosines over the full text."""
    rows, columns = _candidates(rare, start, stop)
    total, weights, full = np.zeros(len(rows)), 0.0, np.zeros(len(rows))
    for name, matrix, mean, deviation, weight in views:
        cosines = np.asarray(matrix[rows].multiply(matrix[columns]).sum(axis=1)).ravel()
        total += weight * (cosines - mean) / deviation
        weights += weight
        if name == "full":
            full = cosines
    return rows, columns, total / weights, full


@dataclass(frozen=True)
class ClosePairs:
    """Candidate pairs: their similarities as a symmetric matrix, and which say the same.

    ``alike`` are rows, columns and cosines over the full text, each pair once.
    """

    similarity: sparse.csr_matrix
    alike: tuple[tuple[int, int, float], ...]


def close_pairs(space: Space, alike_from: float, jobs: int | None = None) -> ClosePairs:
    """The candidate pairs of a large corpus."""
    count = len(space)
    lead = next(view for view in space.views if view.name in ("lead", "full"))
    rare = _rare_part(lead.matrix)
    views = [(v.name, v.matrix, v.mean, v.spread, VIEW_WEIGHTS[v.name]) for v in space.views]
    blocks = [(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
    at_once = workers(jobs, large=count >= PARALLEL_FROM)
    parts = spread_threads(_block, ((rare, views, a, b) for a, b in blocks), at_once)
    rows, columns, values, full = (np.concatenate([part[i] for part in parts]) for i in range(4))
    close = full >= alike_from
    left, right = np.minimum(rows, columns)[close], np.maximum(rows, columns)[close]
    alike = set(zip(left.tolist(), right.tolist(), full[close].tolist(), strict=True))
    found = sparse.csr_matrix((values, (rows, columns)), shape=(count, count))
    return ClosePairs(sparse.csr_matrix(found.maximum(found.T)), tuple(sorted(alike)))


def components(pairs: sparse.csr_matrix, floor: float, most: int) -> list[list[int]]:
    """Connected records over pairs above ``floor``, raised until no set exceeds ``most``."""
    from scipy.sparse.csgraph import connected_components

    kept = pairs.data >= floor
    ends = np.concatenate([[0], np.cumsum(kept)])[pairs.indptr]
    linked = sparse.csr_matrix((pairs.data[kept], pairs.indices[kept], ends), shape=pairs.shape)
    _, labels = connected_components(linked, directed=False)
    order = np.argsort(labels, kind="stable")
    order = order[np.bincount(labels)[labels[order]] >= 2]  # most stand alone
    starts = np.flatnonzero(np.diff(labels[order]) > 0) + 1
    found: list[list[int]] = []
    for members in np.split(order, starts) if len(order) else ():
        if len(members) <= most:
            found.append([int(m) for m in members])
            continue
        inner = components(linked[members][:, members].tocsr(), floor * 1.25 + 0.25, most)
        found += [[int(members[m]) for m in group] for group in inner]
    return sorted(found)

"""Close pairs in corpora too large for a full matrix.

Candidates share rare words: each record keeps its dozen weightiest words that few others use, and
records that meet on them are compared in full. Work is cut into blocks that joblib may spread over
processes or a cluster; a block's result does not depend on who did it.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from mining.features import VIEW_WEIGHTS, Space

BLOCK = 2_000
CANDIDATES = 10
_RARE_WORDS = 12
_MOST_USERS = 200


def _rare_part(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """The weightiest words of each record among those that few records use."""
    users = np.bincount(matrix.indices, minlength=matrix.shape[1])
    kept = (users >= 2) & (users <= _MOST_USERS)
    rare = sparse.csr_matrix(matrix @ sparse.diags(kept.astype(np.float64)))
    rare.eliminate_zeros()
    keep = np.zeros(rare.nnz, dtype=bool)
    for row in range(rare.shape[0]):
        start, stop = rare.indptr[row], rare.indptr[row + 1]
        best = np.argsort(-rare.data[start:stop], kind="stable")[:_RARE_WORDS]
        keep[start + best] = True
    rare.data = np.where(keep, rare.data, 0.0)
    rare.eliminate_zeros()
    return rare


def _candidates(rare: sparse.csr_matrix, start: int, stop: int) -> tuple[Any, Any]:
    """Pairs (row, other) of one block, each row with its best candidates."""
    products = sparse.csr_matrix(rare[start:stop] @ rare.T)
    rows, columns = [], []
    for row in range(products.shape[0]):
        left, right = products.indptr[row], products.indptr[row + 1]
        others, values = products.indices[left:right], products.data[left:right]
        mine = others != start + row
        others, values = others[mine], values[mine]
        order = np.lexsort((others, -values))[:CANDIDATES]
        rows.append(np.full(len(order), start + row))
        columns.append(others[order])
    return np.concatenate(rows), np.concatenate(columns)


def _block(
    rare: sparse.csr_matrix, views: Sequence[tuple[sparse.csr_matrix, float, float, float]],
    start: int, stop: int,
) -> tuple[Any, Any, Any]:  # fmt: skip
    """Similarities of one block's candidate pairs."""
    rows, columns = _candidates(rare, start, stop)
    total, weights = np.zeros(len(rows)), 0.0
    for matrix, mean, spread, weight in views:
        cosines = np.asarray(matrix[rows].multiply(matrix[columns]).sum(axis=1)).ravel()
        total += weight * (cosines - mean) / spread
        weights += weight
    return rows, columns, total / weights


def close_pairs(space: Space, jobs: int | None = None) -> sparse.csr_matrix:
    """A symmetric sparse matrix of similarities between candidate pairs."""
    from joblib import Parallel, delayed

    count = len(space)
    lead = next(view for view in space.views if view.name in ("lead", "full"))
    rare = _rare_part(lead.matrix)
    views = [(v.matrix, v.mean, v.spread, VIEW_WEIGHTS[v.name]) for v in space.views]
    blocks = [(start, min(start + BLOCK, count)) for start in range(0, count, BLOCK)]
    parts = Parallel(n_jobs=jobs)(delayed(_block)(rare, views, a, b) for a, b in blocks)
    rows, columns, values = (np.concatenate([part[i] for part in parts]) for i in range(3))
    found = sparse.csr_matrix((values, (rows, columns)), shape=(count, count))
    return sparse.csr_matrix(found.maximum(found.T))


def components(pairs: sparse.csr_matrix, floor: float, most: int) -> list[list[int]]:
    """Connected records over pairs above ``floor``, raised until no set exceeds ``most``."""
    from scipy.sparse.csgraph import connected_components

    kept = pairs.copy()
    kept.data = np.where(kept.data >= floor, kept.data, 0.0)
    kept.eliminate_zeros()
    _, labels = connected_components(kept, directed=False)
    order = np.argsort(labels, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(labels[order]) > 0])
    found: list[list[int]] = []
    for members in np.split(order, starts[1:]):
        if len(members) < 2:
            continue
        if len(members) <= most:
            found.append([int(m) for m in members])
            continue
        inner = components(kept[members][:, members].tocsr(), floor * 1.25 + 0.25, most)
        found += [[int(members[m]) for m in group] for group in inner]
    return sorted(found)

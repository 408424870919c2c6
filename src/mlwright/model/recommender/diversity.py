"""How like two items are, as vectors: from who took them and from what their table says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from mlwright.learn.base import Floats
from mlwright.model.recommender.known import Catalogue
from mlwright.tasks.recommend.decide import Scores
from mlwright.tasks.recommend.interactions import Interactions

if TYPE_CHECKING:
    from scipy.sparse import csr_array

DIMENSIONS = 32
_MORE = 8
_TURNS = 3


def item_vectors(log: Interactions, catalogue: Catalogue, *, dimensions: int = DIMENSIONS, seed: int = 0) -> Scores:
    """Return (items, d) of length 1, or 0 where nothing is known: their products are about cosines.

    People and the values of columns, the rare ones weighing more, are the coordinates of an item; the best few
    directions are kept (Halko, Martinsson and Tropp, "Finding structure with randomness", SIAM Review 2011). Their
    mean, which is common to all items, is taken off. Learning time only: needs SciPy.
    """
    from scipy.sparse import csr_array, hstack

    size = len(catalogue)
    ones = np.ones(len(log), dtype=np.float32)
    blocks = [_weighted(csr_array((ones, (log.item, log.user)), shape=(size, max(len(log.users), 1))))]
    for column in catalogue.columns.values():
        if column.is_telling:
            starts, value = column.links.starts, column.links.value
            cells = np.ones(len(value), dtype=np.float32)
            blocks.append(_weighted(csr_array((cells, value, starts), shape=(size, max(len(column.parts), 1)))))
    found = _directions(csr_array(hstack(blocks)), dimensions, seed)
    there = np.abs(found).max(axis=1, initial=0.0) > 1e-9
    if there.any():
        found[there] -= found[there].mean(axis=0)
    length = np.linalg.norm(found, axis=1, keepdims=True)
    found = np.where(there[:, None] & (length > 1e-9), found / np.maximum(length, 1e-9), 0.0)
    return found.astype(np.float16).astype(np.float32)  # they travel in half the bytes


def _weighted(block: csr_array[Any, Any]) -> csr_array[Any, Any]:
    """Return rows of length 1 (or 0) in which rare coordinates weigh more."""
    block.sum_duplicates()
    block.data[:] = 1.0
    often = np.bincount(block.indices, minlength=block.shape[1])
    block.data *= np.log((1 + block.shape[0]) / (1 + often)).astype(np.float32)[block.indices]
    length = np.sqrt(np.add.reduceat(np.append(block.data**2, 0.0), np.minimum(block.indptr[:-1], len(block.data))))
    length[np.diff(block.indptr) == 0] = 1.0
    block.data /= np.repeat(np.maximum(length, 1e-9), np.diff(block.indptr)).astype(np.float32)
    return block


def _directions(rows: csr_array[Any, Any], dimensions: int, seed: int) -> Floats:
    """Return the rows (n, d) in their d directions of most weight."""
    wide = min(dimensions + _MORE, *rows.shape)
    random = np.random.default_rng(seed).standard_normal((rows.shape[1], wide), dtype=np.float32)
    basis = np.linalg.qr(rows @ random)[0]
    for _ in range(_TURNS):
        basis = np.linalg.qr(rows @ (rows.T @ basis))[0]
    small = (rows.T @ basis).T
    values, turned = np.linalg.eigh((small @ small.T).astype(np.float64))
    order = np.argsort(-values)[:dimensions]
    found: Floats = (basis @ turned[:, order]) * np.sqrt(np.maximum(values[order], 0.0))
    return found

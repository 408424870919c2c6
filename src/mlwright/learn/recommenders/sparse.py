"""Sparse matrices: the little that answering needs, in NumPy alone; and the log as a matrix, for learning (SciPy)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.damage import require_fit
from mlwright.tasks.recommend.interactions import Codes, Interactions

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Singles = NDArray[np.float32]
Places = NDArray[np.intp]

DAY = 86_400.0
"""Seconds."""
LARGEST = 1e9
"""No number that was learned is as large; with larger ones a file could ask for sums beyond a float."""

_BLOCK = 1 << 18
"""Numbers that are added up at a time: what lies in the cache is quick."""
_DENSE = 0.05
"""Share of numbers that are not 0 from which a dense matrix is the quicker one to pick from."""
_LONG = 100
"""Entries of a row from which it is long."""
_NAMES = ("starts", "columns", "values")


@dataclass(frozen=True, slots=True)
class Rows:
    """A sparse matrix by rows: row i holds values[starts[i]:starts[i + 1]] in the columns of the same places."""

    starts: Places
    columns: Codes
    values: Singles
    width: int

    @classmethod
    def of(cls, matrix: csr_array) -> Self:
        """Return what a SciPy matrix holds."""
        starts, columns = matrix.indptr.astype(np.intp), matrix.indices.astype(np.int32)
        return cls(starts, columns, matrix.data.astype(np.float32), int(matrix.shape[1]))

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.starts) - 1

    def count(self, rows: NDArray[Any]) -> int:
        """Return how many entries these rows have in all."""
        return int((self.starts[rows + 1] - self.starts[rows]).sum())

    def entries(self, rows: NDArray[Any]) -> tuple[Places, Places]:
        """Return the places of all entries of these rows, one row after the other, and how many each row has."""
        first = self.starts[rows]
        counts = self.starts[rows + 1] - first
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        return np.repeat(first - (ends - counts), counts) + np.arange(total), counts

    def product(self, starts: Places, rows: Codes, weights: NDArray[Any]) -> Singles:
        """Return (q, width): sum i is that of rows[starts[i]:starts[i + 1]], each times its weight.

        A sum alone and the same among others are equal to the last bit.
        """
        asked = len(starts) - 1
        sums = np.empty((asked, self.width), dtype=np.float32)
        lengths = self.starts[rows + 1] - self.starts[rows]
        done = np.concatenate([[0], np.cumsum(lengths)])[starts]
        begin = 0
        while begin < asked:
            most = max(begin + 1, min(int(np.searchsorted(done, done[begin] + _BLOCK, "right")) - 1, asked))
            end = min(most, begin + max(1, _BLOCK // max(self.width, 1)))
            part = slice(starts[begin], starts[end])
            sums[begin:end] = self._sums(starts[begin : end + 1], rows[part], weights[part])
            begin = end
        return sums

    def _picked(self, rows: Codes) -> tuple[Codes, Singles, Places]:
        """Return the columns and values of all entries of these rows, and how many each row has."""
        first, past = self.starts[rows], self.starts[rows + 1]
        counts = past - first
        if int(counts.sum()) <= _LONG * len(rows):
            places, _ = self.entries(rows)
            return self.columns[places], self.values[places], counts
        # Long rows are copied whole, which is quicker than to fetch their numbers one by one.
        slices = [slice(begin, end) for begin, end in zip(first.tolist(), past.tolist(), strict=True)]
        columns, values = (np.concatenate([of[each] for each in slices]) for of in (self.columns, self.values))
        return columns, values, counts

    def _sums(self, starts: Places, rows: Codes, weights: NDArray[Any]) -> NDArray[np.float64]:
        columns, values, counts = self._picked(rows)
        asked = len(starts) - 1
        if asked > 1:
            line = np.repeat(np.repeat(np.arange(asked), np.diff(starts)), counts)
            columns = columns + line * self.width
        if not (weights == 1).all():
            values = values * np.repeat(weights, counts)
        sums = np.asarray(np.bincount(columns, values, asked * self.width), dtype=np.float64)
        return sums.reshape(asked, self.width)

    def cells(self, rows: NDArray[Any], columns: NDArray[Any]) -> NDArray[np.float64]:
        """Return (n, k) the values of n rows at the same k columns; 0 where there is none."""
        places, counts = self.entries(rows)
        wanted, turned = np.unique(columns, return_inverse=True)
        slot = np.full(self.width, -1, dtype=np.int32)
        slot[wanted] = np.arange(len(wanted))
        found = slot[self.columns[places]]
        hit = np.flatnonzero(found >= 0)
        cells = np.zeros((len(rows), len(wanted)))
        cells[np.repeat(np.arange(len(rows)), counts)[hit], found[hit]] = self.values[places[hit]]
        return cells[:, turned]

    def scaled(self, columns: Singles) -> Rows:
        """Return the matrix with each column times its number."""
        return Rows(self.starts, self.columns, self.values * columns[self.columns], self.width)

    def turned(self) -> Rows:
        """Return the transpose."""
        order = np.argsort(self.columns, kind="stable")
        owner = np.repeat(np.arange(len(self), dtype=np.int32), np.diff(self.starts))
        counts = np.bincount(self.columns, minlength=self.width)
        starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
        return Rows(starts, owner[order], self.values[order], len(self))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name."""
        return {"starts": self.starts.astype(np.int64), "columns": self.columns, "values": self.values}

    @classmethod
    def read(cls, arrays: Mapping[str, NDArray[Any]], rows: int, width: int) -> Self:
        """Return the matrix of so many rows that a model's arrays hold; raises ValueError where none can be."""
        starts, columns, values = (arrays[name] for name in _NAMES)
        require_fit(starts.ndim == 1 and starts.dtype.kind == "i" and len(starts) == rows + 1, "starts of rows")
        require_fit(columns.ndim == 1 and columns.dtype.kind == "i", "columns")
        require_fit(columns.shape == values.shape and values.dtype.kind == "f", "values")
        require_fit(int(starts[0]) == 0 and int(starts[-1]) == len(values), "ends of rows")
        require_fit(bool((np.diff(starts) >= 0).all()), "order of rows")
        require_fit(bool(((columns >= 0) & (columns < width)).all()), "a column")
        require_fit(bool((np.abs(values) <= LARGEST).all()), "a value")
        return cls(starts.astype(np.intp), columns.astype(np.int32), values.astype(np.float32), width)


def strongest(matrix: NDArray[Any], kept: int) -> Rows:
    """Return the `kept` numbers farthest from 0 of each row, without zeros, in the order of their columns."""
    width = matrix.shape[1]
    columns = np.tile(np.arange(width, dtype=np.int32), (len(matrix), 1))
    if kept < width:
        columns = np.sort(np.argpartition(-np.abs(matrix), kept - 1, axis=1)[:, :kept], axis=1).astype(np.int32)
    values = np.take_along_axis(matrix, columns, axis=1)
    full = values != 0
    starts = np.concatenate([[0], np.cumsum(full.sum(axis=1))]).astype(np.intp)
    return Rows(starts, columns[full], values[full].astype(np.float32), width)


def strongest_others(matrix: csr_array, first: int, kept: int) -> Rows:
    """Return the `kept` numbers farthest from 0 of each row, but for column `first` + i of row i: the item itself."""
    matrix = matrix.tocsr()
    matrix.sort_indices()
    owner = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))
    values = np.where(matrix.indices == owner + first, 0.0, matrix.data)
    if matrix.nnz > _DENSE * matrix.shape[0] * matrix.shape[1]:
        dense = np.zeros(matrix.shape, dtype=np.float64)
        dense[owner, matrix.indices] = values
        return strongest(dense, kept)
    order = np.lexsort((-np.abs(values), owner))
    rank = np.arange(len(order)) - matrix.indptr[owner]
    places = np.sort(order[rank < kept])
    places = places[values[places] != 0]
    counts = np.bincount(owner[places], minlength=matrix.shape[0])
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.intp)
    columns = matrix.indices[places].astype(np.int32)
    return Rows(starts, columns, values[places].astype(np.float32), int(matrix.shape[1]))


@dataclass(frozen=True, slots=True)
class Seen:
    """A log with people and items numbered as they first come in it: nothing depends on how they were numbered.

    What nobody took has no number here.
    """

    user: Places
    """(n,) numbers of people."""
    item: Places
    """(n,) numbers of items."""
    items: Codes
    """By number, the item's position in the whole log."""
    users: int
    all_items: int
    """Items of the whole log."""

    @classmethod
    def of(cls, log: Interactions) -> Self:
        """Return the log so numbered."""
        user, people = _numbered(log.user, len(log.users))
        item, items = _numbered(log.item, len(log.items))
        return cls(user, item, items.astype(np.int32), len(people), len(log.items))

    @property
    def known(self) -> NDArray[np.bool_]:
        """(all_items,) which somebody took."""
        known = np.zeros(self.all_items, dtype=np.bool_)
        known[self.items] = True
        return known

    def matrix(self, weights: NDArray[Any] | None = None) -> csr_array:
        """Return (users, items): the weight with which each took each last, 1 where no weights are given."""
        from scipy.sparse import coo_array

        keys = self.user * max(len(self.items), 1) + self.item
        weights = np.ones(len(keys)) if weights is None else weights
        kept = np.flatnonzero(newest(keys))
        kept = kept[weights[kept] > 0]
        shape = (self.users, len(self.items))
        return coo_array((weights[kept], (self.user[kept], self.item[kept])), shape=shape).tocsr()


def spread(rows: Rows, items: Codes, all_items: int) -> Rows:
    """Return a square matrix over some items as one over all: row and column i go to position items[i]."""
    lengths = np.zeros(all_items, dtype=np.intp)
    lengths[items] = np.diff(rows.starts)
    places, _ = rows.entries(np.argsort(items))
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.intp)
    return Rows(starts, items[rows.columns[places]], rows.values[places], all_items)


def joined(parts: Sequence[Rows], width: int) -> Rows:
    """Return the rows of all parts, one part below the other."""
    lengths = np.concatenate([[0], *(np.diff(part.starts) for part in parts)])
    columns = np.concatenate([np.zeros(0, dtype=np.int32), *(part.columns for part in parts)])
    values = np.concatenate([np.zeros(0, dtype=np.float32), *(part.values for part in parts)])
    return Rows(np.cumsum(lengths).astype(np.intp), columns, values, width)


def known_items(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.bool_]:
    """Return the array of a state that says which items have a score; raises ValueError where it is none."""
    known = arrays["known"]
    require_fit(known.ndim == 1 and known.dtype == np.bool_, "known items")
    return known


def newest(keys: NDArray[Any]) -> NDArray[np.bool_]:
    """Return (n,) whether no later place has the same key."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    last = np.ones(len(keys), dtype=np.bool_)
    last[order[:-1]] = ordered[1:] != ordered[:-1]
    return last


def _numbered(codes: Codes, many: int) -> tuple[Places, Places]:
    """Return codes numbered as they first come, and the code of each number."""
    first = np.full(many, len(codes), dtype=np.intp)
    np.minimum.at(first, codes, np.arange(len(codes)))
    order = np.argsort(first, kind="stable")
    order = order[first[order] < len(codes)]
    number = np.empty(many, dtype=np.intp)
    number[order] = np.arange(len(order))
    return number[codes], order

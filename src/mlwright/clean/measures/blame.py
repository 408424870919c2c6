"""Which of two values that contradict each other is wrong, judged by the other columns that depend on them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.measures.dependencies import Broken, CodedColumn, Dependency

KEY_RARER = 0.9
"""Where a pair of values is wrong and nothing tells which of the two, it is the one that follows, not the key."""
RARE_SAYS = 0.5
"""What it says for a value being wrong that it stands nowhere else."""

Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Wrong:
    """Cells of one column judged wrong: what they should be (-1 unknown), by how many dependencies, and by which."""

    column: int
    rows: NDArray[np.intp]
    should: NDArray[np.int64]
    votes: NDArray[np.int64]
    rare: NDArray[np.bool_]
    doubtful: NDArray[np.bool_]
    """The other of two values may as well be the wrong one."""
    by: Dependency | None
    """The one that most of them break."""
    example: int
    """The place in `rows` of one that breaks it."""


@dataclass(frozen=True, slots=True)
class Contradictions:
    """All rows that break a dependency, once for each that they break; a cell is row * width + column."""

    columns: Sequence[CodedColumn]
    each: Sequence[Broken]
    rows: Places
    index: Places
    """Which of `each` a row breaks."""
    keys: Places
    values: Places
    should: Places
    counts: tuple[Places, ...]
    """How often each value of each column occurs."""

    @classmethod
    def of(cls, columns: Sequence[CodedColumn], each: Sequence[Broken]) -> Contradictions:
        """Put what breaks several dependencies into one list."""
        index = np.concatenate([np.full(len(one.rows), at, dtype=np.int64) for at, one in enumerate(each)])
        return cls(
            columns,
            each,
            np.concatenate([one.rows for one in each]).astype(np.int64),
            index,
            np.array([one.dependency.key for one in each], dtype=np.int64)[index],
            np.array([one.dependency.value for one in each], dtype=np.int64)[index],
            np.concatenate([one.should for one in each]),
            tuple(np.bincount(column.codes[column.codes >= 0], minlength=column.size) for column in columns),
        )

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.columns)

    def once(self, cells: Places) -> NDArray[np.bool_]:
        """Tell which cells hold a value that stands nowhere else in its column."""
        rare = np.zeros(len(cells), dtype=np.bool_)
        for place in np.unique(cells % self.width):
            of = cells % self.width == place
            codes = self.columns[place].codes[cells[of] // self.width]
            rare[of] = (codes >= 0) & (self.counts[place][codes] <= 1)
        return rare


def judged(columns: Sequence[CodedColumn], each: Sequence[Broken]) -> Iterator[Wrong]:
    """Say for each contradiction which of its two cells is wrong: the one that most dependencies speak against."""
    if each:
        all_of_them = Contradictions.of(columns, each)
        chosen = _chosen(all_of_them)
        cells = np.array(sorted(chosen), dtype=np.int64)
        for column in np.unique(cells % all_of_them.width).tolist():
            yield _collected(all_of_them, column, cells, chosen)


def _chosen(found: Contradictions) -> dict[int, bool]:
    """Return the cells that are wrong, and of each whether the other one may be wrong instead.

    In each row the cell that takes part in most contradictions is taken, what it explains is put aside, and so on.
    """
    one, other = found.rows * found.width + found.values, found.rows * found.width + found.keys
    unsettled = np.ones(len(one), dtype=np.bool_)
    chosen: dict[int, bool] = {}
    while unsettled.any():
        at = np.flatnonzero(unsettled)
        weight = np.concatenate([np.ones(len(at)), np.full(len(at), KEY_RARER)])
        cell, place = np.unique(np.concatenate([one[at], other[at]]), return_inverse=True)
        score = np.bincount(place, weights=weight) + RARE_SAYS * found.once(cell)
        order = np.lexsort((cell, -score, cell // found.width))
        _, first, of = np.unique((cell // found.width)[order], return_index=True, return_inverse=True)
        worst = cell[order][score[order] >= score[order][first][of] - 1e-9]
        both = at[np.isin(one[at], worst) & np.isin(other[at], worst)]
        doubtful = np.isin(worst, np.concatenate([one[both], other[both]]))
        chosen |= dict(zip(worst.tolist(), doubtful.tolist(), strict=True))
        unsettled &= ~(np.isin(one, worst) | np.isin(other, worst))
    return chosen


def _collected(found: Contradictions, column: int, cells: Places, chosen: dict[int, bool]) -> Wrong:
    """Put the cells of one column together with what the dependencies say should stand there."""
    its = np.sort(cells[cells % found.width == column] // found.width).astype(np.intp)
    said = np.flatnonzero((found.values == column) & np.isin(found.rows, its))
    votes = np.zeros(len(its), dtype=np.int64)
    new = np.full(len(its), -1, dtype=np.int64)
    best, example = None, 0
    if len(said):
        size = found.columns[column].size
        pairs, many = np.unique(np.searchsorted(its, found.rows[said]) * size + found.should[said], return_counts=True)
        order = np.lexsort((pairs, -many, pairs // size))
        place, first = np.unique((pairs // size)[order], return_index=True)
        votes[place], new[place] = many[order][first], (pairs % size)[order][first]
        most = int(np.argmax(np.bincount(found.index[said])))
        best = found.each[most].dependency
        example = int(np.searchsorted(its, found.rows[said][found.index[said] == most][0]))
    rare = found.once(its.astype(np.int64) * found.width + column)
    doubtful = np.array([chosen[row * found.width + column] for row in its.tolist()], dtype=np.bool_)
    return Wrong(column, its, new, votes, rare, doubtful, best, example)

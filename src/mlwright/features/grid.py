"""Grids: what a signal is on average where two groups meet, or in one group of numbers that are codes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Floats, Values
from mlwright.features import state
from mlwright.features.base import Arrays, Feature, Training, Value
from mlwright.features.groups import Groups, Places, read_groups
from mlwright.features.target_encoding import group_means, pulls

MOST_CELLS = 6_000
BACKFITS, MAIN_PULL = 3, 2.0


class GridEncoder:
    """The mean of one signal in each cell; training rows are encoded by means over the other folds.

    A cell's mean is pulled to what the effects of its row and its column add up to, as far as chance explains how cells
    differ from that: what is rare is then at least as good as both groups by themselves.
    """

    __slots__ = ("_groups", "_means", "_signal", "encode_one", "sources")
    kind: ClassVar[str] = "grid"
    reads: ClassVar[tuple[Literal["floats", "strings", "either"], ...]] = ("either", "either")

    def __init__(self, sources: tuple[str, ...], groups: Sequence[Groups], means: Floats, signal: int) -> None:
        self.sources, self._groups, self._means, self._signal = sources, tuple(groups), means, signal
        listed, place = means.tolist(), groups[0].place
        if len(groups) == 1:

            def encode_one(value: Value) -> float:
                found: float = listed[place(value)]
                return found

            self.encode_one: Callable[..., float] = encode_one
        else:
            other, width = groups[1].place, groups[1].size

            def encode_two(first: Value, second: Value) -> float:
                found: float = listed[place(first) * width + other(second)]
                return found

            self.encode_one = encode_two

    @property
    def feature(self) -> Feature:
        """The mean."""
        what = "target" if self._signal == 0 else f"target{self._signal + 1}"
        return Feature(f"{' × '.join(self.sources)} {what}", self.sources[0], others=self.sources[1:])

    @classmethod
    def fit(
        cls,
        sources: tuple[str, ...],
        groups: Sequence[Groups],
        values: Sequence[Values],
        training: Training,
        signal: int,
    ) -> tuple[Self, Floats]:
        """Take the means; return the encoder with the training rows encoded by the other folds."""
        one = replace(training, signals=training.signals[:, signal : signal + 1])
        places = [each.places(column) for each, column in zip(groups, values, strict=True)]
        if len(groups) == 1:
            means, held_out = group_means(places[0], groups[0].size, one)
            return cls(sources, groups, means[:, 0], signal), held_out[:, 0]
        table, encoded = _crossed_means(places[0], places[1], (groups[0].size, groups[1].size), one)
        return cls(sources, groups, table, signal), encoded

    def encode(self, *values: Values) -> Floats:
        """Return (n,)."""
        return self._means[_cells(self._groups, values)[0]]

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        states = [groups.state() for groups in self._groups]
        arrays = {f"groups{place}": own for place, (_, own) in enumerate(states) if own is not None}
        plain = {"groups": [plain for plain, _ in states], "signal": self._signal}
        return plain, {**arrays, "means": self._means.reshape(-1, 1)}

    @classmethod
    def from_state(cls, sources: tuple[str, ...], plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the encoder of that state."""
        listed = plain.get("groups")
        if not isinstance(listed, list) or not len(sources) == len(listed) in {1, 2}:
            raise state.damaged("a grid has one or two columns, each with its groups")
        if not all(isinstance(each, Mapping) for each in listed):
            raise state.damaged("the groups of a grid are no objects")
        groups = [read_groups(each, arrays, f"groups{place}") for place, each in enumerate(listed)]
        size = groups[0].size * (groups[1].size if len(groups) == 2 else 1)
        means = state.matrix(arrays, "means", rows=size).astype(np.float64)
        if means.shape[1] != 1:
            raise state.damaged("a grid has more than one mean for a cell")
        return cls(sources, groups, means[:, 0], int(state.number(plain, "signal", above=-1.0)))


def _crossed_means(first: Places, second: Places, shape: tuple[int, int], training: Training) -> tuple[Floats, Floats]:
    """Return the mean in each cell, and each row's by the rows of the other folds."""
    weight = np.ones(len(first)) if training.weight is None else training.weight
    signal = training.signals[:, 0]
    prior = float(np.average(signal, weights=weight))
    signal = signal - prior
    cells, size = first * shape[1] + second, shape[0] * shape[1]

    def totals(inside: Any) -> tuple[Floats, Floats]:
        rows = np.bincount(cells[inside], weights=weight[inside], minlength=size)
        sums = np.bincount(cells[inside], weights=(weight * signal)[inside], minlength=size)
        return rows.reshape(shape).astype(np.float64), sums.reshape(shape).astype(np.float64)

    rows, sums = totals(slice(None))
    added = _added(rows, sums)
    beyond = signal - added.ravel()[cells]
    pull = pulls(rows.ravel(), (sums - rows * added).reshape(-1, 1), np.array([weight @ beyond**2]))[0]
    encoded = np.empty(len(signal))
    for fold in np.unique(training.folds):
        inside = training.folds == fold
        held_rows, held_sums = totals(inside)
        table = _pulled(np.maximum(rows - held_rows, 0.0), sums - held_sums, pull)
        encoded[inside] = table.ravel()[cells[inside]]
    return prior + _pulled(rows, sums, pull).ravel(), prior + encoded


def _pulled(rows: Floats, sums: Floats, pull: float) -> Floats:
    added = _added(rows, sums)
    table: Floats = added + (sums - rows * added) / (rows + pull)
    return table


def _added(rows: Floats, sums: Floats) -> Floats:
    """Return what the effects of row and column add up to in each cell, by a few rounds of backfitting."""
    down, across = rows.sum(axis=1) + MAIN_PULL, rows.sum(axis=0) + MAIN_PULL
    second = np.zeros(rows.shape[1])
    first = np.zeros(rows.shape[0])
    for _ in range(BACKFITS):
        first = (sums.sum(axis=1) - rows @ second) / down
        second = (sums.sum(axis=0) - first @ rows) / across
    added: Floats = first[:, None] + second[None, :]
    return added


def _cells(groups: Sequence[Groups], values: Sequence[Values]) -> tuple[Places, int]:
    """Return the cell of every row, and how many cells there are."""
    cells, size = groups[0].places(values[0]), groups[0].size
    if len(groups) == 2:
        return cells * groups[1].size + groups[1].places(values[1]), size * groups[1].size
    return cells, size

"""Within: a number against what is usual in its group, such as a price against prices in the same town."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Floats, Values
from mlwright.features import state
from mlwright.features.base import NAN, Arrays, Feature, Training, Value, floats
from mlwright.features.groups import Groups, read_groups
from mlwright.features.numbers import LARGEST

PULL = 5.0
"""Rows of the overall mean that each group's mean is mixed with: a group of two rows is hardly one."""


class WithinEncoder:
    """A number less the mean of its group; NaN where the number is missing."""

    __slots__ = ("_groups", "_usual", "encode_one", "sources")
    kind: ClassVar[str] = "within"
    reads: ClassVar[tuple[Literal["floats", "strings", "either"], ...]] = ("floats", "either")

    def __init__(self, sources: tuple[str, ...], groups: Groups, usual: Floats) -> None:
        self.sources, self._groups, self._usual = sources, groups, usual
        place, listed = groups.place, usual.tolist()

        def encode_one(number: Value, group: Value) -> float:
            if not isinstance(number, (float, int)):
                return NAN
            # NaN is in no range, and stays.
            made: float = number - listed[place(group)]
            return LARGEST if made > LARGEST else max(made, -LARGEST)

        self.encode_one: Callable[..., float] = encode_one

    @property
    def feature(self) -> Feature:
        """The difference."""
        number, group = self.sources
        return Feature(f"{number} within {group}", number, others=(group,))

    @classmethod
    def fit(cls, sources: tuple[str, ...], numbers: Floats, groups: Groups, values: Values, training: Training) -> Self:
        """Take the mean in each group."""
        known = np.isfinite(numbers)
        weight = known.astype(np.float64) if training.weight is None else known * training.weight
        clipped = np.clip(np.where(known, numbers, 0.0), -LARGEST, LARGEST)
        places = groups.places(values)
        rows = np.bincount(places, weights=weight, minlength=groups.size)
        sums = np.bincount(places, weights=weight * clipped, minlength=groups.size)
        overall = sums.sum() / max(rows.sum(), 1e-12)
        return cls(sources, groups, (sums + PULL * overall) / (rows + PULL))

    def encode(self, *values: Values) -> Floats:
        """Return (n,)."""
        numbers, groups = values
        made = floats(numbers) - self._usual[self._groups.places(groups)]
        return np.clip(made, -LARGEST, LARGEST, out=made)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        plain, numbers = self._groups.state()
        own = {} if numbers is None else {"groups": numbers}
        return {"groups": plain}, {**own, "usual": self._usual.reshape(-1, 1)}

    @classmethod
    def from_state(cls, sources: tuple[str, ...], plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the encoder of that state."""
        groups = read_groups(state.mapping(plain, "groups"), arrays, "groups")
        usual = state.matrix(arrays, "usual", rows=groups.size).astype(np.float64)
        if usual.shape[1] != 1 or len(sources) != 2:
            raise state.damaged("a number within its group has two columns and one mean for each group")
        return cls(sources, groups, usual[:, 0])

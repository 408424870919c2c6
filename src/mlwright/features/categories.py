"""Categories: integer codes for learners that split on sets, one column per level for linear models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Floats, Values
from mlwright.features import state
from mlwright.features.base import NAN, Arrays, Feature, Options, Training, coded
from mlwright.features.levels import Levels, TableEncoder

MOST_CODES = 254
"""Histogram learners have 255 bins; one is for "other"."""


class CodesEncoder(TableEncoder):
    """A category as its rank by frequency; rare and unseen ones share the next code; NaN where it is missing.

    Where no training row was rare, an unseen category is NaN: a code that the learner never saw would be a guess.
    """

    __slots__ = ()
    kind: ClassVar[str] = "codes"
    reads: ClassVar[Literal["floats", "strings", "either"]] = "strings"

    @property
    def features(self) -> tuple[Feature, ...]:
        """The code."""
        return (Feature(self.name, self.name, categorical=True),)

    @classmethod
    def fit(cls, name: str, values: Values, training: Training, options: Options) -> tuple[Self, Floats] | None:
        """Rank the levels; a column of one code is not mine."""
        del training
        levels = Levels.fit(coded(values), most=int(options.get("most", MOST_CODES)))
        if len(levels.kept) + levels.other + levels.missing < 2:
            return None
        return cls.made(name, levels, cls._table(levels), values)

    @staticmethod
    def _table(levels: Levels) -> Floats:
        count = len(levels.kept)
        return np.array([*range(count), count if levels.other else NAN, NAN], dtype=np.float64).reshape(-1, 1)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return self.levels.to_dict(), {}

    @classmethod
    def from_state(cls, name: str, plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the encoder of that state."""
        del arrays
        levels = Levels.from_dict(plain)
        return cls(name, levels, cls._table(levels))


class OneHotEncoder(TableEncoder):
    """One column of 0 and 1 per level; "other" and missing have theirs where training rows were so."""

    __slots__ = ()
    kind: ClassVar[str] = "onehot"
    reads: ClassVar[Literal["floats", "strings", "either"]] = "strings"

    @property
    def features(self) -> tuple[Feature, ...]:
        """A column per level."""
        names = [f"{self.name}={level}" for level in self.levels.kept]
        names += [f"{self.name} is another"] * self.levels.other + [f"{self.name} is missing"] * self.levels.missing
        return tuple(Feature(name, self.name) for name in names)

    @classmethod
    def fit(cls, name: str, values: Values, training: Training, options: Options) -> tuple[Self, Floats] | None:
        """Give every frequent level a column; a column of one level is not mine."""
        del training
        levels = Levels.fit(coded(values), most=int(options.get("most", 30)))
        if len(levels.kept) + levels.other + levels.missing < 2:
            return None
        return cls.made(name, levels, cls._table(levels), values)

    @staticmethod
    def _table(levels: Levels) -> Floats:
        columns = [*range(len(levels.kept))]
        columns += [len(levels) - 2] * levels.other + [len(levels) - 1] * levels.missing
        return np.ascontiguousarray(np.eye(len(levels))[:, columns])

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        return self.levels.to_dict(), {}

    @classmethod
    def from_state(cls, name: str, plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the encoder of that state."""
        del arrays
        levels = Levels.from_dict(plain)
        if len(levels.kept) > MOST_CODES:
            raise state.damaged(f"column {name!r} has {len(levels.kept)} one-hot levels")
        return cls(name, levels, cls._table(levels))

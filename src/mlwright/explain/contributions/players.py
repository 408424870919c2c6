"""Players: the raw columns of a row, as the features that a Recipe makes of them share them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.features.recipe import Recipe

Floats = NDArray[np.float64]
Index = NDArray[np.intp]


@dataclass(frozen=True)
class Players:
    """Who shares an answer out: every raw column, and every set of columns that a feature is made of.

    All features of one column come into play together. A feature of several columns is a player of its own, and what
    it gets is divided equally among its columns.
    """

    columns: tuple[str, ...]
    sets: tuple[tuple[int, ...], ...]
    """The columns of each player; the single columns come first, in order."""
    owners: tuple[Index, ...]
    """The player of each feature, Recipe by Recipe."""

    @classmethod
    def of(cls, columns: Sequence[str], recipes: Sequence[Recipe]) -> Players:
        """Return the players of these columns, and who owns which feature of each Recipe."""
        place = {name: at for at, name in enumerate(columns)}
        sets: dict[tuple[int, ...], int] = {(at,): at for at in range(len(columns))}
        owners = []
        for recipe in recipes:
            made = (tuple(sorted({place[name] for name in feature.sources})) for feature in recipe.features)
            owners.append(np.array([sets.setdefault(each, len(sets)) for each in made], dtype=np.intp))
        return cls(tuple(columns), tuple(sets), tuple(owners))

    def __len__(self) -> int:
        """Return the number of players."""
        return len(self.sets)

    @property
    def crossed(self) -> bool:
        """Whether a feature is made of several columns."""
        return len(self.sets) > len(self.columns)

    def shared(self, values: Floats) -> Floats:
        """Return (..., columns) of what players got (..., players)."""
        many = len(self.columns)
        shared = values[..., :many].copy()
        for player, members in enumerate(self.sets[many:], start=many):
            for column in members:
                shared[..., column] += values[..., player] / len(members)
        return shared

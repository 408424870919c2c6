"""What is asked of a mitigation, and the rows it is found on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.errors import OptionError
from mlwright.fairness.mitigation.criteria import Criterion, criterion_of
from mlwright.schema import Column
from mlwright.tasks.base import Costs, Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The demand: which columns make the groups, what may not differ between them, and by how much."""

    columns: tuple[str, ...]
    criterion: Criterion
    tolerance: float
    without_group: bool = False
    """Whether the group may not be asked for when the model answers."""
    draws: bool = True
    """Whether a group's rows may be shared among thresholds."""
    cuts: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """Where columns of numbers are cut into bands."""
    seed: int = 0


def wanted(
    columns: Sequence[str],
    criterion: str,
    tolerance: float,
    *,
    without_group: bool = False,
    draws: bool = True,
    cuts: Mapping[str, Sequence[float]] | None = None,
    seed: int = 0,
) -> Wanted:
    """Return a demand that makes sense. Raises OptionError."""
    if isinstance(columns, str):
        raise OptionError(f"--column cannot be the text {columns!r}.", hint=f"give a list of names: [{columns!r}].")
    names = tuple(dict.fromkeys(columns))
    if not names:
        raise OptionError("No column is named that says who belongs to which group.", hint="name one: --column sex.")
    if not (math.isfinite(tolerance) and 0 <= tolerance < 1):
        raise OptionError(
            f"--tolerance cannot be {tolerance}.",
            hint="give a share from 0 to below 1: 0.02 is two points in a hundred.",
        )
    if unknown := [name for name in cuts or {} if name not in names]:
        raise OptionError(f"--cut names {unknown[0]!r}, which is none of the columns that make the groups.")
    return Wanted(
        columns=names,
        criterion=criterion_of(criterion),
        tolerance=float(tolerance),
        without_group=without_group,
        draws=draws,
        cuts=dict(cuts or {}),
        seed=seed,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Labelled rows that the model did not learn from, and what it says of them.

    `score` and `y` (n,): the probability of the case, and 1 where the row is one. `features` are the columns that the
    model looks at; `columns` holds them and those that make the groups, typed. `units` tells which rows belong
    together. `common` is the threshold that the model has for everybody.
    """

    columns: Columns
    described: tuple[Column, ...]
    features: tuple[str, ...]
    score: Floats
    y: Floats
    weight: Floats
    units: NDArray[np.intp] | None
    common: float
    costs: Costs
    stated: bool
    """Whether somebody said what errors cost; else accuracy is what is kept."""

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.y)

    def column(self, name: str) -> Column:
        """Return the description of a column."""
        return next(column for column in self.described if column.name == name)

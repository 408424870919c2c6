"""Questions for a number: how much, how many, how long."""

# ruff: noqa: ARG002  a Task is given what the tasks together need

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import DataError
from mlwright.findings import Finding, percent
from mlwright.schema import Column
from mlwright.tasks import curves as drawn
from mlwright.tasks import decide as decisions
from mlwright.tasks import metrics as declared
from mlwright.tasks import targets
from mlwright.tasks.base import Costs, Floats, Label, Metric, Prediction, Target

if TYPE_CHECKING:
    import polars as pl

STRATA = 10
FAR = 5.0
"""Interquartile ranges beyond the quartiles from which a value is far out."""


class Regression:
    """A number: predictions are (n, 1), answers have an interval that holds the true number in 90 % of rows."""

    name: ClassVar[str] = "regression"
    label: ClassVar[str] = "a number"
    form: ClassVar[str] = "rows"
    objective: ClassVar[str] = "regression"
    metrics: ClassVar[Mapping[str, Metric]] = declared.REGRESSION

    def accepts(self, column: Column, distinct: int, rows: int) -> str | None:
        """Accept what is written in numbers."""
        if column.kind == "datetime" or distinct < 2 or not (column.is_float or column.numeric_text):
            return None
        if distinct <= 20:
            return (
                f"{column.name!r} holds {distinct} different numbers that read like amounts or ratings, so a number is "
                f"predicted (--task multiclass predicts one of the {distinct} instead)."
            )
        return f"{column.name!r} holds {distinct:,} different numbers, so a number is predicted (--task changes that)."

    def encode(self, values: pl.Series, column: Column) -> Target:
        """Read the numbers."""
        if column.kind == "datetime":
            raise DataError(
                f"The target {column.name!r} holds dates, which cannot be predicted as numbers.",
                hint="name a column with the time that passes until then, such as days.",
            )
        y = targets.read_numbers(values, column)
        if not len(y):
            raise DataError(
                f"The target {column.name!r} is missing in every row: there is nothing to learn from.",
                hint="name another column with --target.",
            )
        if len(y) == 1:
            raise DataError(f"Only one row has a known target {column.name!r}: nothing can be learned from one row.")
        if y.min() == y.max():
            raise DataError(
                f"The target {column.name!r} has only one value, {y[0]:.15g}, in all {len(y):,} rows: "
                "there is nothing to learn to tell apart.",
                hint="name another column with --target, or give rows in which it differs.",
            )
        return Target(y)

    def encode_known(self, values: Sequence[object], column: Column, classes: tuple[Label, ...]) -> Floats:
        """Read the numbers of new rows; NaN where there is none."""
        return targets.read_known_numbers(values, column)

    def signals(self, target: Target) -> Floats:
        """Return the number itself."""
        return target.y[:, None].copy()

    def strata(self, target: Target) -> NDArray[np.intp]:
        """Balance folds over ten parts of the target's range with about equally many rows."""
        parts = max(1, min(STRATA, len(target.y) // STRATA))
        edges = np.unique(np.quantile(target.y, np.linspace(0, 1, parts + 1)[1:-1]))
        place = np.searchsorted(edges, target.y, side="left")
        return np.asarray(np.unique(place, return_inverse=True)[1], dtype=np.intp)

    def findings(self, target: Target) -> tuple[Finding, ...]:
        """Say where the target has values far out, a long tail, or one value in very many rows."""
        y, rows = target.y, len(target.y)
        found = []
        low, middle, high = (float(value) for value in np.quantile(y, [0.25, 0.5, 0.75]))
        far = (y < low - FAR * (high - low)) | (y > high + FAR * (high - low))
        if high > low and far.any():
            outermost = float(y[np.argmax(np.abs(y - middle))])
            found.append(
                Finding(
                    kind="outlying_target",
                    message=f"{far.sum():,} of {rows:,} target values lie far from the rest (the farthest is "
                    f"{outermost:,.6g}, half lie between {low:,.6g} and {high:,.6g}): if they are wrong, they cost the "
                    "model much.",
                    severity="warning",
                    repair="Check these values; leave the wrong ones empty.",
                )
            )
        if (skew := _skewness(y)) > 3:
            found.append(
                Finding(
                    kind="skewed_target",
                    message=f"The target has a long tail (skewness {skew:.1f}): a few large values decide most of the "
                    "error, so read the median error too.",
                )
            )
        values, counts = np.unique(y, return_counts=True)
        top = int(np.argmax(counts))
        if rows >= 100 and counts[top] > rows / 2:
            found.append(
                Finding(
                    kind="one_value_target",
                    message=f"{percent(counts[top] / rows)} of the target values are {values[top]:,.6g}.",
                    severity="warning",
                    repair="Consider asking first whether the value differs from it: a yes/no question.",
                )
            )
        return tuple(found)

    def prior(self, target: Target, weight: Floats | None) -> Floats:
        """Return the mean."""
        return np.array([np.average(target.y, weights=weight)])

    def decide(self, target: Target, predictions: Floats, costs: Costs, weight: Floats | None = None) -> dict[str, Any]:
        """Find how wide the interval around a number has to be, and whether it may go below zero."""
        decisions.checked(costs)
        decision = decisions.conformal(decisions.Known.of(target, predictions, weight))
        floor = decisions.floor_of(target)
        return decision if floor is None else {**decision, "floor": floor}

    def answer(self, predictions: Floats, decision: Mapping[str, Any], classes: tuple[Label, ...]) -> Prediction:
        """Answer the number with its interval."""
        lower, upper = decisions.interval(predictions[:, 0], decision)
        return Prediction(predictions[:, 0], lower=lower, upper=upper)

    def curves(self, target: Target, predictions: Floats, decision: Mapping[str, Any]) -> dict[str, Any]:
        """Draw true against predicted numbers, and how often the interval held."""
        lower, upper = decisions.interval(predictions[:, 0], decision)
        return {
            "residuals": drawn.residuals(target.y, predictions[:, 0]),
            "interval": drawn.coverage(target.y, lower, upper, float(decision["level"])),
        }


def _skewness(y: Floats) -> float:
    centred = y - y.mean()
    spread = float(np.sqrt(np.mean(centred**2)))
    return float(np.mean((centred / spread) ** 3)) if spread > 0 else 0.0

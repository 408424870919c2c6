"""Questions of several classes: which of three or more values the target has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import DataError
from mlwright.findings import Finding, percent
from mlwright.schema import Column
from mlwright.tasks import classes as common
from mlwright.tasks import curves as drawn
from mlwright.tasks import decide as decisions
from mlwright.tasks import metrics as declared
from mlwright.tasks import scores, targets
from mlwright.tasks.base import Costs, Floats, Label, Metric, Prediction, Target
from mlwright.tasks.names import reads_like_classes

if TYPE_CHECKING:
    import polars as pl

SIGNALS = 30


class Multiclass:
    """One of several: classes in sorted order, predictions (n, classes) probabilities with a column for every class."""

    name: ClassVar[str] = "multiclass"
    label: ClassVar[str] = "one of several"
    form: ClassVar[str] = "rows"
    objective: ClassVar[str] = "multiclass"
    metrics: ClassVar[Mapping[str, Metric]] = declared.MULTICLASS

    def accepts(self, column: Column, distinct: int, rows: int) -> str | None:
        """Accept words, and whole numbers that read like codes of classes, where each value has two rows on average."""
        if not 3 <= distinct <= min(common.MOST_CLASSES, rows / 2):
            return None
        if column.kind in {"category", "text", "id", "constant"} and not column.numeric_text:
            return (
                f"{column.name!r} has {distinct} different values in {rows:,} rows, so one of {distinct} is predicted "
                "(--task changes that)."
            )
        if reads_like_classes(column, distinct):
            return (
                f"{column.name!r} holds {distinct} whole numbers that read like codes of classes, so one of {distinct} "
                "is predicted (--task regression predicts a number instead)."
            )
        return None

    def encode(self, values: pl.Series, column: Column) -> Target:
        """Turn the values into positions of sorted labels."""
        target = targets.read_classes(values, column)
        common.refuse_what_cannot_be_learned(target, column)
        many = len(target.classes)
        if many > common.MOST_CLASSES:
            raise DataError(
                f"The target {column.name!r} has {many:,} different values in {len(target.y):,} rows: more than "
                f"{common.MOST_CLASSES} cannot be told apart.",
                hint=("--task regression predicts a number; or " if common.are_numbers(target, column) else "")
                + "merge rare values, or name another --target.",
            )
        return target

    def encode_known(self, values: Sequence[object], column: Column, classes: tuple[Label, ...]) -> Floats:
        """Turn values of new rows into class positions; NaN where missing or unknown."""
        return targets.read_known_classes(values, column, classes)

    def signals(self, target: Target) -> Floats:
        """Return one column of 0 and 1 for each of the 30 most frequent classes."""
        y = target.y.astype(np.intp)
        counts = np.bincount(y, minlength=len(target.classes))
        chosen = np.sort(np.argsort(-counts, kind="stable")[:SIGNALS])
        return np.asarray(y[:, None] == chosen[None, :], dtype=np.float64)

    def strata(self, target: Target) -> NDArray[np.intp]:
        """Balance folds over the classes; one of fewer rows than folds is in as many folds as it can be."""
        return target.y.astype(np.intp)

    def findings(self, target: Target) -> tuple[Finding, ...]:
        """Say where classes have hardly any rows, and where one class is nearly everything."""
        found = list(common.rare_class_findings(target))
        share = common.shares(target, None)
        top = int(np.argmax(share))
        if share[top] > 0.8:
            found.append(
                Finding(
                    kind="imbalance",
                    message=f"{percent(share[top])} of the rows are {target.classes[top]!r}: always answering that "
                    "would be right as often and be of no use, so accuracy says little here.",
                )
            )
        return tuple(found)

    def prior(self, target: Target, weight: Floats | None) -> Floats:
        """Return the share of each class."""
        return common.shares(target, weight)

    def decide(self, target: Target, predictions: Floats, costs: Costs, weight: Floats | None = None) -> dict[str, Any]:
        """Answer the likeliest class, and find what to rule out."""
        decisions.checked(costs)
        known = decisions.Known.of(target, predictions, weight)
        return {"rule": "likeliest", **decisions.sets(known, len(target.classes))}

    def answer(self, predictions: Floats, decision: Mapping[str, Any], classes: tuple[Label, ...]) -> Prediction:
        """Answer the likeliest class."""
        called = scores.likeliest(predictions)
        return Prediction(
            np.array(classes)[called], probabilities=predictions, classes=classes, cutoffs=decision.get("cutoffs")
        )

    def curves(self, target: Target, predictions: Floats, decision: Mapping[str, Any]) -> dict[str, Any]:
        """Draw confusion, and calibration of the class that is answered."""
        called = scores.likeliest(predictions)
        return {
            "calibration": drawn.top_label(target.y, predictions),
            "confusion": drawn.confusions(target.y, called, target.classes),
            **drawn.sets(target.y, self.answer(predictions, decision, target.classes)),
        }

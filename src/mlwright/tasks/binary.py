"""Yes/no questions: which of two values the target has."""

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
from mlwright.tasks import targets
from mlwright.tasks.base import Costs, Floats, Label, Metric, Prediction, Target

if TYPE_CHECKING:
    import polars as pl

YES = frozenset({"true", "yes", "y", "on", "positive", "pos", "+", "present", "ja", "oui", "si", "sí"})
NO = frozenset({"false", "no", "none", "off", "negative", "neg", "absent", "nein", "non", "normal", "healthy"})
EVENTS = frozenset(
    {
        *("bad", "default", "defaulted", "charged off", "fraud", "fraudulent", "spam", "phishing", "attack"),
        *("churn", "churned", "cancelled", "canceled", "dead", "died", "deceased", "sick", "ill"),
        *("disease", "diseased", "malignant", "abnormal", "anomaly", "anomalous", "outlier", "fail", "failed"),
        *("failure", "broken", "defect", "defective", "faulty", "bought", "purchased", "clicked", "converted"),
    }
)
"""Words that name what one looks for; their opposite ("good", "ham", "alive") is what usually is."""


def positive_position(labels: tuple[Label, ...]) -> int:
    """Return which of two labels (in sorted order) is the case that is looked for: the yes-like one, else the second.

    >>> positive_position((0, 1)), positive_position(("N", "Y")), positive_position(("bad", "good"))
    (1, 1, 0)
    """
    words = [str(label).casefold() for label in labels]
    for named, offset in ((YES, 0), (NO, 1), (EVENTS, 0)):
        matches = [word in named for word in words]
        if sum(matches) == 1 and not all(isinstance(label, int | float) for label in labels):
            return (matches.index(True) + offset) % 2
    return 1


class Binary:
    """Yes/no: classes are (negative, positive), predictions (n, 2) probabilities."""

    name: ClassVar[str] = "binary"
    label: ClassVar[str] = "yes/no question"
    form: ClassVar[str] = "rows"
    objective: ClassVar[str] = "binary"
    metrics: ClassVar[Mapping[str, Metric]] = declared.BINARY

    def accepts(self, column: Column, distinct: int, rows: int) -> str | None:
        """Accept every target of two values; one of a single value too, which `encode` refuses with its reason."""
        if column.kind in {"datetime", "duration"} or not 1 <= distinct <= 2:
            return None
        return (
            f"{column.name!r} has two values in {rows:,} rows, so this is taken for a yes/no question "
            "(--task changes that)."
        )

    def encode(self, values: pl.Series, column: Column) -> Target:
        """Turn two values into 0 and 1, the case that is looked for being 1."""
        target = targets.read_classes(values, column)
        common.refuse_what_cannot_be_learned(target, column)
        if len(target.classes) > 2:
            raise DataError(
                f"A yes/no question needs a target with two values, but {column.name!r} has {len(target.classes):,}: "
                f"{common.listed(target.classes)}.",
                hint="--task multiclass tells several values apart"
                + (", --task regression predicts a number." if common.are_numbers(target, column) else "."),
            )
        if positive_position(target.classes) == 0:
            return Target(1.0 - target.y, target.classes[::-1])
        return target

    def encode_known(self, values: Sequence[object], column: Column, classes: tuple[Label, ...]) -> Floats:
        """Turn values of new rows into 0 and 1; NaN where missing or neither."""
        return targets.read_known_classes(values, column, classes)

    def signals(self, target: Target) -> Floats:
        """Return 1 for the cases."""
        return target.y[:, None].copy()

    def strata(self, target: Target) -> NDArray[np.intp]:
        """Balance folds over the two classes."""
        return target.y.astype(np.intp)

    def findings(self, target: Target) -> tuple[Finding, ...]:
        """Say which value is the case, how rare the rarer one is, and where there are too few of it."""
        counts = np.bincount(target.y.astype(np.intp), minlength=2)
        rows = int(counts.sum())
        rarer = int(np.argmin(counts))
        count, share, label = int(counts[rarer]), counts[rarer] / rows, target.classes[rarer]
        found = [
            Finding(
                kind="positive_class",
                message=f"{target.classes[1]!r} is taken for the case to look for: {counts[1]:,} of {rows:,} rows "
                f"({percent(counts[1] / rows)}) have it.",
            )
        ]
        if count < common.FEW:
            what = "row is" if count == 1 else "rows are"
            found.append(
                Finding(
                    kind="few_rows_of_class",
                    message=f"Only {count} {what} {label!r}: what is learned and measured of it is uncertain.",
                    severity="warning",
                    repair=f"Give more rows that are {label!r}.",
                )
            )
        if share < 0.05:
            found.append(
                Finding(
                    kind="imbalance",
                    message=f"{label!r} is rare: {count:,} of {rows:,} rows ({percent(share)}). Always answering "
                    f"{target.classes[1 - rarer]!r} would be right in {percent(1 - share)} of rows and be of no use, "
                    "so accuracy says little here.",
                    severity="warning" if share < 0.01 else "info",
                )
            )
        return tuple(found)

    def prior(self, target: Target, weight: Floats | None) -> Floats:
        """Return the share of each class."""
        return common.shares(target, weight)

    def decide(self, target: Target, predictions: Floats, costs: Costs, weight: Floats | None = None) -> dict[str, Any]:
        """Find the threshold: one half, or where costs were stated the one that costs least; and what to rule out."""
        decisions.checked(costs)
        known = decisions.Known.of(target, predictions, weight)
        threshold = 0.5
        if costs.stated:
            threshold = decisions.cheapest_threshold(known.y, known.P[:, 1], costs, known.weight)
        return {
            "threshold": threshold,
            "costs": {"false_positive": costs.false_positive, "false_negative": costs.false_negative},
            "stated": costs.stated,
            "positive": target.classes[1],
            **decisions.sets(known, len(target.classes)),
        }

    def answer(self, predictions: Floats, decision: Mapping[str, Any], classes: tuple[Label, ...]) -> Prediction:
        """Answer the positive label from the threshold on."""
        called = (predictions[:, 1] >= decision["threshold"]).astype(np.intp)
        return Prediction(
            np.array(classes)[called], probabilities=predictions, classes=classes, cutoffs=decision.get("cutoffs")
        )

    def curves(self, target: Target, predictions: Floats, decision: Mapping[str, Any]) -> dict[str, Any]:
        """Draw calibration, confusion and thresholds, and count how often sets held."""
        probability = predictions[:, 1]
        called = (probability >= decision["threshold"]).astype(np.intp)
        return {
            "calibration": drawn.calibration(target.y, probability, event=repr(decision["positive"])),
            "confusion": drawn.confusions(target.y, called, target.classes),
            "threshold": drawn.thresholds(target.y, probability, decision),
            **drawn.sets(target.y, self.answer(predictions, decision, target.classes)),
        }

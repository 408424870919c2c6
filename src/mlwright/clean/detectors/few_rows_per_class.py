"""Classes with too few rows to be learned, or to be judged."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from mlwright.clean.base import Context, Detection
from mlwright.clean.measures.goal import goal_of
from mlwright.clean.measures.wording import count_of_rows, named
from mlwright.findings import Finding
from mlwright.table import Table

FEW = 50
"""Rows of the rarer of two classes below which what is learned of it is uncertain."""
RARE = 5
"""Rows of one class of several below which what is said of it is a guess."""


class FewRowsPerClass:
    """Finds classes that stand in hardly any rows."""

    name: ClassVar[str] = "few_rows_per_class"
    kinds: ClassVar[tuple[str, ...]] = ("few_rows_of_class", "rare_class", "single_row_class")

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:  # noqa: ARG002  one signature for all
        """Return a finding for each way to be few."""
        goal = goal_of(context)
        if goal is None or not goal.labels or goal.amounts:
            return
        counts = np.bincount(goal.codes, minlength=len(goal.labels))
        labels = np.array(goal.labels, dtype=object)
        if len(counts) == 2:
            if counts.min() < FEW:
                yield _found(
                    "few_rows_of_class",
                    goal.name,
                    f"Only {count_of_rows(int(counts.min()))} of {counts.sum():,} have {labels[counts.argmin()]!r} for "
                    f"the target {goal.name!r}: what is learned and measured of it is uncertain.",
                )
            return
        single, few = labels[counts == 1], labels[(counts > 1) & (counts < RARE)]
        if len(single):
            yield _found(
                "single_row_class",
                goal.name,
                f"{len(single)} of {len(labels)} values of the target {goal.name!r} ({named(tuple(single))}) stand in "
                "one row each: no model can be judged on them.",
            )
        if len(few):
            yield _found(
                "rare_class",
                goal.name,
                f"{len(few)} of {len(labels)} values of the target {goal.name!r} ({named(tuple(few))}) have fewer than "
                f"{RARE} rows each: what is said of them is little more than a guess.",
            )


def _found(kind: str, target: str, message: str) -> Detection:
    return Detection(
        finding=Finding(
            kind=kind,
            columns=(target,),
            message=message,
            severity="warning",
            repair="Merge rare values into one, or bring more rows of them.",
        )
    )

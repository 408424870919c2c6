"""A class that is rare, or one that is nearly everything."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np

from mlwright.clean.base import Context, Detection
from mlwright.clean.measures.goal import goal_of
from mlwright.findings import Finding, percent
from mlwright.table import Table

RARE = 0.05
"""The share of the rarer of two classes below which accuracy says little."""
NEARLY_ALL = 0.8
"""The share of one class of several from which on accuracy says little."""


class ClassImbalance:
    """Finds targets of which always answering one class would seem to be good."""

    name: ClassVar[str] = "class_imbalance"
    kinds: ClassVar[tuple[str, ...]] = ("imbalance",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:  # noqa: ARG002  one signature for all
        """Return one finding, or none."""
        goal = goal_of(context)
        if goal is None or not goal.labels or goal.amounts:
            return
        counts = np.bincount(goal.codes, minlength=len(goal.labels))
        share = counts / counts.sum()
        top, last = int(share.argmax()), int(share.argmin())
        if share[top] <= (1.0 - RARE if len(counts) == 2 else NEARLY_ALL):
            return
        rarest = f": {counts[last]:,} of {counts.sum():,} rows are {goal.labels[last]!r}" if len(counts) == 2 else ""
        yield Detection(
            finding=Finding(
                kind="imbalance",
                columns=(goal.name,),
                message=f"{percent(float(share[top]))} of the rows have {goal.labels[top]!r} for the target "
                f"{goal.name!r}{rarest}. Always answering {goal.labels[top]!r} is right as often and of no use, so "
                "accuracy says little.",
                repair="Say what errors cost; read ROC AUC and average precision.",
            )
        )

"""Columns whose being missing says something of the target."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.leak_post_event import after_event
from mlwright.clean.measures.goal import Goal
from mlwright.clean.measures.telling import alone
from mlwright.clean.measures.wording import amount
from mlwright.findings import Finding, percent
from mlwright.table import Table

FEWEST = 30
"""So many values have to be missing, and so many be there."""
SURE = 1e-3
"""The chance of such a difference, times the number of columns looked at."""
LEAST_EFFECT = 0.1
"""Cramér's V, or for numbers the rank correlation: less is not worth telling."""


class MissingnessPredicts:
    """Finds columns where rows without a value have another target than rows with one, beyond chance."""

    name: ClassVar[str] = "missingness_predicts"
    kinds: ClassVar[tuple[str, ...]] = ("missingness_predicts",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:  # noqa: ARG002  one signature for all
        """Return one finding for all of them, the strongest first."""
        single = alone(context)
        if single is None:
            return
        gaps = {name: codes == 0 for name, codes in single.codes.items() if name not in after_event(context)}
        gaps = {name: gap for name, gap in gaps.items() if FEWEST <= gap.sum() <= len(gap) - FEWEST}
        goal = single.sample.goal
        found = {}
        for name, gap in gaps.items():
            effect, chance = _difference(gap, goal)
            if effect >= LEAST_EFFECT and chance * len(gaps) <= SURE:
                found[name] = effect
        if not found:
            return
        names = sorted(found, key=lambda name: -found[name])
        more = f"; the same holds of {len(names) - 1} other columns" if len(names) > 2 else ""
        more = f"; the same holds of {names[1]!r}" if len(names) == 2 else more
        yield Detection(
            finding=Finding(
                kind="missingness_predicts",
                columns=tuple(names),
                message=f"Whether {names[0]!r} is missing says something of the target {goal.name!r}: "
                f"{_said(gaps[names[0]], goal)}{more}.",
                confidence=0.95,
                repair="Keep it visible that a value is missing; find out why, for the reason may change.",
            )
        )


def _difference(gap: NDArray[np.bool_], goal: Goal) -> tuple[float, float]:
    """Return how strongly the target differs where values are missing, and how likely chance does as much."""
    from scipy.stats import chi2_contingency, mannwhitneyu

    if goal.labels:
        counts = np.bincount(gap * len(goal.labels) + goal.codes, minlength=2 * len(goal.labels))
        table = counts.reshape(2, -1)
        table = table[:, table.sum(axis=0) > 0]
        found = chi2_contingency(table, correction=False)
        return float(np.sqrt(found.statistic / table.sum())), float(found.pvalue)
    tested = mannwhitneyu(goal.y[gap], goal.y[~gap])
    pairs = float(gap.sum()) * float((~gap).sum())
    share = float(gap.mean())
    # Rank-biserial, times the spread of a yes/no column: the correlation of being missing with the target's rank.
    effect = abs(2.0 * float(tested.statistic) / pairs - 1.0) * np.sqrt(3.0 * share * (1.0 - share))
    return float(effect), float(tested.pvalue)


def _said(gap: NDArray[np.bool_], goal: Goal) -> str:
    """Return the target with and without, where they differ most."""
    if not goal.labels:
        with_gap, without = float(np.median(goal.y[gap])), float(np.median(goal.y[~gap]))
        return (
            f"its median is {amount(with_gap)} in the {gap.sum():,} rows without a value and {amount(without)} in the "
            "others"
        )
    shares = [np.bincount(goal.codes[part], minlength=len(goal.labels)) / part.sum() for part in (gap, ~gap)]
    place = int(np.argmax(np.abs(shares[0] - shares[1])))
    return (
        f"{percent(float(shares[0][place]))} of the {gap.sum():,} rows without a value have {goal.labels[place]!r}, "
        f"{percent(float(shares[1][place]))} of the others"
    )

"""A row beside the past cases that a model keeps: how usual it is, what is like it, what would change its answer."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from mlwright.columns import Columns
from mlwright.errors import OptionError
from mlwright.explain.cases import Cases
from mlwright.explain.counterfactuals import Counterfactuals, Finder, Goal, Rules, Wish
from mlwright.explain.similar import Likeness, Similar
from mlwright.explain.unlike import Unlike, unlike
from mlwright.explain.usual import Usual
from mlwright.fairness.proposals import propose
from mlwright.model.parts import RowParts
from mlwright.tasks.base import Label

if TYPE_CHECKING:
    from mlwright.explain.contributions import Explainer


class Beside:
    """What is asked of rows beside the cases; each thing is prepared when it is first asked for, and kept."""

    def __init__(self, parts: RowParts, explainer: Explainer) -> None:
        self.parts, self.explainer = parts, explainer

    @property
    def cases(self) -> Cases:
        """The cases. Raises OptionError where the model keeps none."""
        if self.parts.cases is None:
            raise OptionError(
                "The model keeps no past rows, so nothing can be seen beside them.",
                hint="build it without --cases 0, and with this version of mlwright.",
            )
        return self.parts.cases

    @cached_property
    def usual(self) -> Usual:
        """What is usual among the cases."""
        return Usual(self.cases.read(self.parts.columns), self.parts.columns)

    @cached_property
    def _likeness(self) -> Likeness:
        return Likeness(self.explainer, self.cases, self.parts.columns, self._labels)

    @cached_property
    def _finder(self) -> Finder:
        columns = self.parts.columns
        weights = dict(zip(self.explainer.columns, self.explainer.typical.tolist(), strict=True))
        read = self.cases.read(columns)
        return Finder.of(self.parts.ensemble.predict, self.parts.answer, read, columns, weights, self.usual)

    def unlike(self, columns: Columns) -> Unlike:
        """Return whether typed rows are unlike the cases."""
        return unlike(self.usual, columns)

    def similar(self, columns: Columns, most: int) -> Similar:
        """Return the cases most similar to typed rows."""
        return self._likeness.similar(columns, most, target=self.parts.target, classes=self.parts.classes)

    def counterfactuals(
        self, columns: Columns, wish: Wish, rules: Rules, *, most: int, changed: int
    ) -> Counterfactuals:
        """Return what would have to be different about typed rows."""
        parts = self.parts
        wish.check(parts.classes)
        rules.check(parts.schema)
        allowed = rules.without([each.column for each in propose(parts.schema) if each.audited])
        for name, number, upto in (("k", most, 20), ("changed", changed, 3)):
            if isinstance(number, bool) or not 1 <= number <= upto:
                raise OptionError(f"{name} cannot be {number!r}.", hint=f"give a whole number from 1 to {upto}.")
        P = parts.ensemble.predict(columns)
        now = parts.answer(columns, P).values.tolist()
        spread = float(np.std(self.cases.y))
        goals = [Goal.of_row(wish, parts.classes, now[row], P[row], spread) for row in range(columns.rows)]
        finder = self._finder
        found = tuple(
            finder.find(columns.take(np.array([row], dtype=np.intp)), goal, allowed, most=most, changed=changed)
            for row, goal in enumerate(goals)
        )
        values = tuple(float(P[row, goal.of]) for row, goal in enumerate(goals))
        read = {column.name for column in parts.columns}
        kept = tuple(name for name in allowed.immutable if name not in rules.immutable and name in read)
        return Counterfactuals(found, tuple(goals), values, parts.target, changed, kept)

    def _labels(self, columns: Columns) -> list[Label]:
        labels: list[Label] = self.parts.answer(columns, self.parts.ensemble.predict(columns)).values.tolist()
        return labels

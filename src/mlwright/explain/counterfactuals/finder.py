"""The search for counterfactuals: single changes first, then two and three together, asked of the model in batches.

Values come from the cases. What is found is possible (immutable columns stay, others move as they may), goes together
(no two values that would meet in the cases if they could), is not unlike the training data, is sparse, and was verified
by asking the model about the very row. Wachter, Mittelstadt and Russell (2018, "Counterfactual explanations without
opening the black box", Harvard Journal of Law & Technology 31) for the idea; the search is our own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlwright.columns import Columns, read_rows
from mlwright.explain.counterfactuals.goal import Goal
from mlwright.explain.counterfactuals.moves import Moves, Rules
from mlwright.explain.counterfactuals.result import Change, Counterfactual
from mlwright.explain.counterfactuals.search import MOST_WIDTH, Found, Search
from mlwright.explain.usual import Usual
from mlwright.learn.base import Floats
from mlwright.schema import Column
from mlwright.tasks.base import Prediction
from mlwright.values import raw_value

Answer = Callable[[Columns, Floats], Prediction]
"""What answers typed rows of which P (n, k) was predicted."""


@dataclass(frozen=True)
class Finder:
    """Finds counterfactuals of a model's answers; what does not depend on the row is prepared once."""

    predict: Callable[[Columns], Floats]
    answer: Answer
    described: tuple[Column, ...]
    moves: Moves
    usual: Usual

    @classmethod
    def of(
        cls,
        predict: Callable[[Columns], Floats],
        answer: Answer,
        cases: Columns,
        described: Sequence[Column],
        weights: Mapping[str, float],
        usual: Usual,
    ) -> Finder:
        """Prepare a finder from the cases; `weights` tell which columns matter most."""
        return cls(predict, answer, tuple(described), Moves(cases, described, weights), usual)

    def find(
        self, row: Columns, goal: Goal, rules: Rules, *, most: int, changed: int = MOST_WIDTH
    ) -> tuple[Counterfactual, ...]:
        """Return at most so many ways to the goal for one typed row, the smallest first, each in other columns.

        Where there is none with so few columns `changed`, the one that comes nearest, which says that it is not there.
        """
        search = Search(self.predict, self._told, self.moves, self.usual, row, goal, rules)
        return self._verified(row, goal, search.run(most, min(changed, MOST_WIDTH)))

    def _told(self, columns: Columns, P: Floats) -> Any:
        return self.answer(columns, P).values

    def _verified(self, row: Columns, goal: Goal, ways: Sequence[Found]) -> tuple[Counterfactual, ...]:
        """Return what was found as it is told, once the model was asked about the very rows, read from raw values."""
        was = row.row(0)
        known = {column.name: column for column in self.described}
        rows = [
            {name: raw_value(value, known[name]) for name, value in {**was, **way.values}.items() if name in known}
            for way in ways
        ]
        if not rows:
            return ()
        columns = read_rows(rows, self.described)
        P = self.predict(columns)
        values = self.answer(columns, P).values
        there = goal.reached(P, values).tolist()
        p, answers = self.usual.judge(columns).p.tolist(), values.tolist()
        return tuple(
            Counterfactual(
                changes=tuple(Change(known[name], was[name], value) for name, value in way.values.items()),
                reached=way.reached,
                answer=answers[place],
                value=float(P[place, goal.of]),
                p=p[place],
                row=rows[place],
            )
            for place, way in enumerate(ways)
            if there[place] or not way.reached
        )

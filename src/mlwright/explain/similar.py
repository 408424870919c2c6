"""Similar past cases: those in which the model sees the same reasons, with how they ended.

How far a case is from a row is the sum, over the columns, of how differently they move the answer (the difference of
contributions), and to a smaller part how different their values are where the column matters: so that among cases with
the same reasons those come first that look alike. On 22 of 25 tables the outcomes of the five nearest agreed with the
row's better than those that Gower's distance finds; benchmarks/similar.py measures it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.errors import OptionError
from mlwright.evaluate import wording
from mlwright.explain.cases import Cases
from mlwright.explain.contributions.words import Typed, shown
from mlwright.explain.space import Space
from mlwright.learn.base import Floats
from mlwright.schema import Column
from mlwright.tasks.base import Label
from mlwright.values import as_text

if TYPE_CHECKING:
    from mlwright.explain.contributions import Explainer

LOOKS = 0.25
"""How much the look of the values counts beside the reasons: enough to order cases with the same reasons."""
SHOWN = 5


@dataclass(frozen=True)
class Similar:
    """The most similar past cases of some rows, nearest first."""

    places: NDArray[np.intp]
    """(n, k): where in the model's cases they stand."""
    distance: Floats
    """(n, k): how far they are; 1 is as far as two cases typically are from one another."""
    outcomes: tuple[tuple[Label, ...], ...]
    """Of each row, how its cases ended: labels, or numbers."""
    answers: tuple[tuple[Label, ...], ...]
    """What the model answers to them."""
    target: str
    classes: tuple[Label, ...]
    cases: Columns = field(repr=False)
    described: tuple[Column, ...] = field(repr=False)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.places)

    def values(self, row: int) -> list[dict[str, Typed]]:
        """Return the typed values of a row's similar cases."""
        return [self.cases.row(int(place)) for place in self.places[row]]

    @property
    def text(self) -> list[str]:
        """One sentence for each row: how its similar cases ended."""
        return [self._sentence(row) for row in range(len(self))]

    def _sentence(self, row: int) -> str:
        outcomes, answers = self.outcomes[row], self.answers[row]
        many = len(outcomes)
        opening = f"the {many} most similar past rows" if many > 1 else "the most similar past row"
        if not self.classes:
            known = np.array(outcomes, dtype=np.float64)
            spread = f"{wording.number(known.min())} to {wording.number(known.max())}"
            average = f", {wording.number(float(known.mean()))} on average" if many > 1 else ""
            said = wording.number(float(np.mean(np.array(answers, dtype=np.float64))))
            whole = f"{wording.number(known[0])}" if many == 1 else spread + average
            return f"In {opening}, {self.target} was {whole}; the model's answer to them is {said} on average."
        counts = Counter(outcomes).most_common()
        ended = [f"{count} had {self.target} {as_text(label)}" for label, count in counts[:3]]
        if len(counts) == 1 and many > 1:
            ended = [f"all had {self.target} {as_text(counts[0][0])}"]
        right = sum(was == told for was, told in zip(outcomes, answers, strict=True))
        told = "all" if right == many else f"{right}"
        return f"Of {opening}, {', '.join(ended)}; the model's answer is right for {told} of them."

    def to_dict(self) -> dict[str, Any]:
        """Return JSON: for each row a sentence and its similar cases, nearest first."""
        return {
            "rows": [
                {
                    "text": text,
                    "cases": [
                        {"outcome": outcome, "answer": answer, "distance": float(distance), "values": values}
                        for outcome, answer, distance, values in zip(
                            self.outcomes[row], self.answers[row], self.distance[row], self.values(row), strict=True
                        )
                    ],
                }
                for row, text in enumerate(self.text)
            ]
        }

    def shown(self, row: int, columns: Sequence[str]) -> list[list[str]]:
        """Return a line for each similar case as people read it: outcome, the model's answer, and these columns."""
        known = {column.name: column for column in self.described}

        def end(value: Label) -> str:
            return str(as_text(value)) if self.classes else wording.number(float(value))

        return [
            [end(outcome), end(answer), *(shown(values[name], known[name]) for name in columns)]
            for outcome, answer, values in zip(self.outcomes[row], self.answers[row], self.values(row), strict=True)
        ]

    def __repr__(self) -> str:
        """Return the first sentences."""
        lines = "".join(f"\n  {row}: {text}" for row, text in enumerate(self.text[:SHOWN]))
        more = f"\n  ... {len(self) - SHOWN:,} more" if len(self) > SHOWN else ""
        return f"<Similar past cases of {wording.count(len(self), 'row')}. Look closer: .values(row)>{lines}{more}"

    def _repr_html_(self) -> str:
        """Return the first sentences as a list."""
        lines = "".join(f"<li>{escape(text)}</li>" for text in self.text[:SHOWN])
        return f"<div><ol start='0'>{lines}</ol></div>"


class Likeness:
    """Finds the cases that are most similar to a row in the eyes of a model; what is needed is prepared once."""

    def __init__(
        self,
        explainer: Explainer,
        cases: Cases,
        described: Sequence[Column],
        answer: Callable[[Columns], Sequence[Label]],
    ) -> None:
        self.explainer, self.cases, self.described = explainer, cases, tuple(described)
        self.columns = cases.read(self.described)
        self._answer = answer
        self._space = Space(self.columns, [each for each in described if each.name in explainer.columns])
        typical = dict(zip(explainer.columns, explainer.typical.tolist(), strict=True))
        self._weights = np.array([typical[column.name] for column in self._space.columns])
        self._reasons: dict[int, tuple[Floats, float]] = {}

    @cached_property
    def answers(self) -> Sequence[Label]:
        """What the model answers to the cases."""
        return self._answer(self.columns)

    @cached_property
    def _apart(self) -> float:
        """How different the values of two cases typically are."""
        return float(np.median(self._space.distances(self._space.own, self._weights))) or 1.0

    def distances(self, columns: Columns) -> Floats:
        """Return (n, cases): how far each case is from each row."""
        found = self.explainer.explain(columns)
        looks = self._space.distances(self._space.place(columns), self._weights) / self._apart
        apart = np.empty((columns.rows, len(self.cases)))
        for of in np.unique(found.of).tolist():
            mine = np.flatnonzero(found.of == of)
            reasons, typical = self._reasons_of(int(of))
            for row in mine.tolist():
                apart[row] = np.abs(reasons - found.values[row]).sum(axis=1) / typical
        return (apart + LOOKS * looks) / (1.0 + LOOKS)

    def _reasons_of(self, of: int) -> tuple[Floats, float]:
        """Return what moves the cases' answers, as to one class, and how different that typically is between two."""
        if of not in self._reasons:
            values = self.explainer.explain(self.columns, of).values
            some = values[:: max(1, len(values) // 64)]
            typical = float(np.median(np.abs(values[None] - some[:, None]).sum(axis=2)))
            self._reasons[of] = values, typical or 1.0
        return self._reasons[of]

    def similar(self, columns: Columns, most: int, *, target: str, classes: tuple[Label, ...]) -> Similar:
        """Return the most similar cases of typed rows. Raises OptionError where none is asked for."""
        if most < 1:
            raise OptionError(f"k cannot be {most!r}.", hint="ask for 1 case or more.")
        distance = self.distances(columns)
        places = np.argsort(distance, axis=1, kind="stable")[:, :most].astype(np.intp)
        known = self.cases.y
        ends = [classes[int(y)] for y in known] if classes else known.tolist()
        return Similar(
            places=places,
            distance=np.take_along_axis(distance, places, axis=1),
            outcomes=tuple(tuple(ends[place] for place in row) for row in places.tolist()),
            answers=tuple(tuple(self.answers[place] for place in row) for row in places.tolist()),
            target=target,
            classes=classes,
            cases=self.columns,
            described=self.described,
        )

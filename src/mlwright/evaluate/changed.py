"""Who gets another answer from one model than from another, and whether that makes answers right or wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from mlwright.evaluate import wording
from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.evaluate.intervals import plain
from mlwright.tasks.base import Label, Prediction

Flags = NDArray[np.bool_]

ALIKE = 1e-9
"""Numbers that differ by less than this share of themselves are the same answer: sums come in another order."""
MOST_MOVES = 12
QUANTILES = (0.5, 0.9, 1.0)


@dataclass(frozen=True, slots=True)
class Move:
    """Rows that got one label from A and get another from B; right and wrong are None where the truth is not known."""

    was: Label
    now: Label
    rows: int
    right: int | None
    wrong: int | None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"from": self.was, "to": self.now, "rows": self.rows, "right": self.right, "wrong": self.wrong}


@dataclass(frozen=True, slots=True)
class Changed:
    """Which of n rows get another answer from B than from A, and how far the answers are apart."""

    rows: Flags
    """(n,): whether the row gets another answer."""
    distance: Floats
    """(n,): how far the answer moves: numbers in their unit; of classes the probability that goes to other ones."""
    right: Flags | None
    """(n,): whether the answer becomes right, or a number comes nearer the truth; None where that is not known."""
    wrong: Flags | None
    """(n,): the other way round."""
    moves: tuple[Move, ...]
    """Where there are classes: from which to which, the most frequent first."""
    classes: tuple[Label, ...]
    independent: bool = True
    """Whether each row is its own piece of evidence."""

    @property
    def count(self) -> int:
        """How many rows get another answer."""
        return int(self.rows.sum())

    def chance(self) -> tuple[float, float, float] | None:
        """Return the probability of so uneven a split if neither were better, and the 95 % interval of B's share.

        McNemar's test (1947) in its exact form: of rows that one of the two has right, half would be B's by chance.
        None where there are no such rows, the truth is not known, or rows belong together.
        """
        if self.right is None or self.wrong is None or not self.independent:
            return None
        right, wrong = int(self.right.sum()), int(self.wrong.sum())
        if right + wrong == 0:
            return None
        found = binomtest(right, right + wrong)
        ends = found.proportion_ci(0.95, method="exact")
        return float(found.pvalue), float(ends.low), float(ends.high)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        chance = self.chance()
        quantiles = np.quantile(self.distance, QUANTILES).tolist() if len(self.distance) else [None] * 3
        return {
            "rows": len(self.rows),
            "changed": self.count,
            "share": plain(self.count / len(self.rows)) if len(self.rows) else None,
            "right": None if self.right is None else int(self.right.sum()),
            "wrong": None if self.wrong is None else int(self.wrong.sum()),
            "p": None if chance is None else chance[0],
            "right_share_interval": None if chance is None else [chance[1], chance[2]],
            "distance": dict(zip(("median", "nine_of_ten", "largest"), quantiles, strict=True)),
            "moves": [move.to_dict() for move in self.moves],
            "sentences": self.sentences(),
        }

    def sentences(self) -> list[str]:
        """Return what there is to say, most important first."""
        said = [self._how_many()]
        if self.right is not None and self.wrong is not None and self.count:
            said.append(self._right_and_wrong(int(self.right.sum()), int(self.wrong.sum())))
        if self.distance.max(initial=0.0) > 0.0:
            said.append(self._how_far())
        return said

    def _how_many(self) -> str:
        many = len(self.rows)
        if not self.count:
            return f"A and B give the same answer to {'the only row' if many == 1 else f'all {many:,} rows'}."
        if self.count == many:
            gets = "The only row gets" if many == 1 else f"All {many:,} rows get"
        else:
            share = wording.percent(self.count / many)
            gets = f"{self.count:,} of {many:,} rows ({share}) {'gets' if self.count == 1 else 'get'}"
        return f"{gets} another answer from B than from A."

    def _right_and_wrong(self, right: int, wrong: int) -> str:
        neither = self.count - right - wrong
        if self.classes:
            rest = f", {neither:,} {'is' if neither == 1 else 'are'} wrong both ways" if neither else ""
            told = f"Of these, {right:,} {'becomes' if right == 1 else 'become'} right and {wrong:,} wrong{rest}"
        else:
            told = f"B is nearer the truth in {wording.count(right, 'row')}, and farther from it in {wrong:,}"
        found = self.chance()
        if found is None:
            return told + "."
        often = 100.0 * found[0]
        cases = "fewer than 1 in 1,000 cases" if often < 0.1 else f"{wording.number(often, 2)} of 100 cases"
        if found[0] > 0.5:
            return f"{told}, which is about as many."
        sure = "which is more than chance" if found[0] < 0.05 else "which may be chance"
        return f"{told}, {sure}: if neither were better, so uneven a split would come in {cases}."

    def _how_far(self) -> str:
        sizes = np.quantile(self.distance, QUANTILES).tolist()
        half, most, largest = (f"{100.0 * each:.2g} points" if self.classes else wording.number(each) for each in sizes)
        what = "Probabilities" if self.classes else "Answers"
        return f"{what} move by up to {half} in half of the rows, up to {most} in nine of ten, {largest} at most."


def changed_answers(a: Prediction, b: Prediction, held: HeldOut | None = None) -> Changed:
    """Return who gets another answer from B than from A, of the same n rows.

    Their classes may stand in another order. Without `held`, the truth of the rows, nothing is said of right and wrong.
    """
    found = _of_classes(a, b, held) if a.classes else _of_numbers(a, b, held)
    return found if held is None or held.groups is None else replace(found, independent=False)


def _of_numbers(a: Prediction, b: Prediction, held: HeldOut | None) -> Changed:
    before, after = (np.asarray(each.values, dtype=np.float64) for each in (a, b))
    distance = np.abs(after - before)
    rows = distance > ALIKE * np.maximum(np.abs(before), np.abs(after))
    if held is None:
        return Changed(rows, distance, None, None, (), ())
    nearer = np.abs(before - held.y) - np.abs(after - held.y)
    return Changed(rows, distance, rows & (nearer > 0.0), rows & (nearer < 0.0), (), ())


def _of_classes(a: Prediction, b: Prediction, held: HeldOut | None) -> Changed:
    place = {label: at for at, label in enumerate(a.classes)}
    before, after = (np.array([place[label] for label in each.values.tolist()], dtype=np.intp) for each in (a, b))
    rows = before != after
    right = wrong = None
    if held is not None:
        right, wrong = rows & (after == held.y), rows & (before == held.y)
    return Changed(rows, _apart(a, b), right, wrong, _moves(before, after, right, wrong, a.classes), a.classes)


def _apart(a: Prediction, b: Prediction) -> Floats:
    """Return the total variation distance of each row's probabilities: for two classes, by how much either moves."""
    if a.probabilities is None or b.probabilities is None:
        return np.zeros(len(a.values))
    order = [list(b.classes).index(label) for label in a.classes]
    distance: Floats = np.abs(b.probabilities[:, order] - a.probabilities).sum(axis=1) / 2.0
    return distance


def _moves(
    before: NDArray[np.intp],
    after: NDArray[np.intp],
    right: Flags | None,
    wrong: Flags | None,
    classes: Sequence[Label],
) -> tuple[Move, ...]:
    pairs = before * len(classes) + after
    kinds, counts = np.unique(pairs[before != after], return_counts=True)
    made = []
    for place in np.argsort(-counts, kind="stable")[:MOST_MOVES].tolist():
        chosen = pairs == kinds[place]
        was, now = divmod(int(kinds[place]), len(classes))
        of = [None if each is None else int((each & chosen).sum()) for each in (right, wrong)]
        made.append(Move(classes[was], classes[now], int(counts[place]), of[0], of[1]))
    return tuple(made)

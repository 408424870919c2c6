"""Rules: a shallow tree that imitates the model's answers, told as a handful of sentences with how well it does so.

A surrogate (Craven and Shavlik 1996, "Extracting tree-structured representations of trained networks", NIPS 8). It is
fitted on rows that taught, on what the model answers to them, and its fidelity is measured on rows that judge. Columns
stand in it as the user wrote them; where it imitates badly it is left out, for a wrong picture is worse than none.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, Values
from mlwright.evaluate import wording
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import Scored, score
from mlwright.explain.contributions.words import shown
from mlwright.learn.base import Stop, never
from mlwright.schema import Column
from mlwright.tasks.base import Label, Target
from mlwright.tasks.metrics import MULTICLASS, REGRESSION

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

DEPTH, LEAVES = 4, 8
FEWEST_ROWS = 100
LEAST_SHARE = 0.02
"""A rule is made of at least this share of the rows."""
SLACK = 0.02
"""A smaller tree is taken where it imitates by at most this much worse."""
LEAST_LEVEL = 20
"""Rows that a category must have to stand by itself; rarer ones stand together."""
FAITHFUL = 0.6
"""The lower end of the fidelity's interval from which on rules are told."""
NAMED = 4
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Condition:
    """What a rule asks of one column: a range above `low` up to `high`, or one of some categories; and missing."""

    column: str
    low: float = -math.inf
    high: float = math.inf
    levels: frozenset[str] | None = None
    missing: bool = True
    """Whether rows without a value fulfil it."""
    rest: bool = False
    """Whether categories that were too rare to be told apart fulfil it."""

    def holds(self, values: Values, known: frozenset[str]) -> Bools:
        """Return (n,): which rows fulfil it; `known` are the categories that were told apart."""
        if isinstance(values, Coded):
            inside = [(each in (self.levels or ())) if each in known else self.rest for each in values.values]
            table = np.array([*inside, self.missing], dtype=np.bool_)
            return table[values.codes]
        gone = np.isnan(values)
        held: Bools = np.where(gone, self.missing, (values > self.low) & (values <= self.high))
        return held


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions that all hold, and what is answered then: a number, or the position of a class."""

    conditions: tuple[Condition, ...]
    answer: float


def rules(
    answers: tuple[Floats, Floats],
    columns: tuple[Columns, Columns],
    judging: HeldOut,
    described: Sequence[Column],
    *,
    classes: Sequence[Label] = (),
    seed: int = 0,
    stop: Stop = never,
) -> dict[str, Any] | None:
    """Return the "rules" of the evidence, or None where nothing can be said.

    `answers` are what the model says (n, k) of the rows that taught and of those that judge, `columns` their typed
    values, `described` the columns that rules may be about. Numbers and the probability of the second of two classes
    are imitated as numbers, with R²; of more classes the likeliest, with the share of rows on which the rules say the
    same, less what always saying the commonest would reach. {"told", "fidelity", "interval", "measure", "rows",
    "rules"}: without rules where `told` is false, because the lower end of the interval is below 0.6.
    """
    kept = [column for column in described if column.kind not in {"text", "id"} and column.name in columns[0]]
    many = len(classes) > 2
    said = [P.argmax(axis=1).astype(np.float64) if many else P[:, -1] for P in answers]
    if len(said[0]) < FEWEST_ROWS or len(said[1]) < FEWEST_ROWS or not kept or np.ptp(said[0]) == 0.0 or stop():
        return None
    sight = _Sight.of(columns[0], kept, said[0])
    X = sight.matrix(columns[0])
    leaves = _size(X, said[0], many=many, seed=seed, stop=stop)
    found = sight.rules(_tree(X, said[0], leaves, many=many, seed=seed))
    places = sight.places(found, columns[1])
    imitated = np.array([rule.answer for rule in found])[places]
    fidelity, measure = _fidelity(said[1], imitated, judging, classes), "agreement" if many else "r2"
    if not math.isfinite(fidelity.value):
        return None
    told = math.isfinite(fidelity.low) and fidelity.low >= FAITHFUL and len(found) > 1
    return {
        "told": told,
        "measure": measure,
        "fidelity": fidelity.value,
        "interval": fidelity.interval,
        "rows": len(said[1]),
        "rules": _listed(found, places, sight, judging, classes) if told else [],
    }


def _fidelity(said: Floats, imitated: Floats, judging: HeldOut, classes: Sequence[Label]) -> Scored:
    """Return how well the rules say what the model says: 1 is always, 0 is no better than one answer for all."""
    if len(classes) <= 2:
        held = replace(judging, target=Target(said))
        return score(REGRESSION["r2"], held, imitated[:, None])
    P = np.eye(len(classes))[imitated.astype(np.intp)]
    agree = score(MULTICLASS["accuracy"], replace(judging, target=Target(said, tuple(classes))), P)
    commonest = float(np.bincount(said.astype(np.intp)).max()) / len(said)
    if commonest >= 1.0:
        return Scored(math.nan, math.nan, math.nan)
    return Scored(*((end - commonest) / (1.0 - commonest) for end in (agree.value, agree.low, agree.high)))


def _size(X: Floats, said: Floats, *, many: bool, seed: int, stop: Stop) -> int:
    """Return the fewest leaves that imitate nearly as well as the most, tried on a third of the rows that teach."""
    order = np.random.default_rng(seed).permutation(len(said))
    judge, teach = order[: len(order) // 3], order[len(order) // 3 :]
    reached: dict[int, float] = {}
    for leaves in range(LEAVES, 1, -1):
        if reached and stop():
            break
        tree = _tree(X[teach], said[teach], leaves, many=many, seed=seed)
        reached[leaves] = float(tree.score(X[judge], said[judge]))
        if reached[leaves] < reached[LEAVES] - SLACK:
            break
    return min(leaves for leaves, value in reached.items() if value >= reached[LEAVES] - SLACK)


def _tree(X: Floats, said: Floats, leaves: int, *, many: bool, seed: int) -> Any:
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    kind = DecisionTreeClassifier if many else DecisionTreeRegressor
    few = max(5, math.ceil(LEAST_SHARE * len(said)))
    return kind(max_depth=DEPTH, max_leaf_nodes=leaves, min_samples_leaf=few, random_state=seed).fit(X, said)


@dataclass(frozen=True)
class _Sight:
    """How the tree sees the rows: categories in the order of what the model answers on average where they stand."""

    columns: tuple[Column, ...]
    ranks: Mapping[str, Mapping[str, int]]
    """By column of categories: the place of each category that was told apart."""
    rest: Mapping[str, tuple[float, float]]
    """The places, which may lie between two others, of rarer categories and of what is missing."""
    values: Mapping[str, Floats] = field(repr=False)
    """The distinct numbers of each column, sorted: a limit is rounded as far as none of them changes sides."""

    @classmethod
    def of(cls, columns: Columns, described: Sequence[Column], said: Floats) -> _Sight:
        """Learn the order of the categories (Fisher 1958: the best split of them is one of that order)."""
        ranks: dict[str, dict[str, int]] = {}
        rest: dict[str, tuple[float, float]] = {}
        distinct: dict[str, Floats] = {}
        for column in described:
            values = columns[column.name]
            if not isinstance(values, Coded):
                distinct[column.name] = np.unique(values[np.isfinite(values)])
                continue
            slots = np.append(np.arange(1, len(values.values) + 1), 0)[values.codes]
            counts = np.bincount(slots, minlength=len(values.values) + 1)
            means = np.bincount(slots, weights=said, minlength=len(counts)) / np.maximum(counts, 1)
            frequent = [code for code in range(1, len(counts)) if counts[code] >= LEAST_LEVEL]
            frequent.sort(key=lambda code: (means[code], code))
            ranks[column.name] = {values.values[code - 1]: place for place, code in enumerate(frequent)}
            rare = np.isin(slots, [*frequent, 0], invert=True)
            middle = float(said[rare].mean()) if rare.any() else float(said.mean())
            ordered = means[frequent]

            def between(mean: float, ordered: Floats = ordered) -> float:
                return float(np.searchsorted(ordered, mean)) - 0.5

            rest[column.name] = (between(middle), between(float(means[0]) if counts[0] else middle))
        return cls(tuple(described), ranks, rest, distinct)

    def matrix(self, columns: Columns) -> Floats:
        """Return (n, d)."""
        return np.column_stack([self._column(columns[column.name], column.name) for column in self.columns])

    def _column(self, values: Values, name: str) -> Floats:
        if not isinstance(values, Coded):
            return values
        ranks, (rare, missing) = self.ranks[name], self.rest[name]
        table = np.array([*(ranks.get(each, rare) for each in values.values), missing], dtype=np.float64)
        taken: Floats = table[values.codes]
        return taken

    def rules(self, tree: Any) -> list[Rule]:
        """Return the leaves of a tree as rules."""
        nodes, found = tree.tree_, []

        def walk(node: int, conditions: dict[str, Condition]) -> None:
            if nodes.children_left[node] < 0:
                value = nodes.value[node]
                answer = (
                    float(tree.classes_[int(value[0].argmax())]) if hasattr(tree, "classes_") else float(value[0, 0])
                )
                found.append(Rule(tuple(conditions.values()), answer))
                return
            column = self.columns[int(nodes.feature[node])]
            limit, left = float(nodes.threshold[node]), bool(nodes.missing_go_to_left[node])
            for child, goes_left in ((nodes.children_left[node], True), (nodes.children_right[node], False)):
                before = conditions.get(column.name) or self._anything(column)
                after = self._narrowed(before, column, limit, goes_left=goes_left, missing_left=left)
                walk(int(child), {**conditions, column.name: after})

        walk(0, {})
        return found

    def _anything(self, column: Column) -> Condition:
        if column.name in self.ranks:
            return Condition(column.name, levels=frozenset(self.ranks[column.name]), rest=True)
        return Condition(column.name)

    def _narrowed(
        self, before: Condition, column: Column, limit: float, *, goes_left: bool, missing_left: bool
    ) -> Condition:
        """Return a condition with one more split of its column."""
        name = column.name
        if name in self.ranks:
            rare, missing = self.rest[name]

            def side(place: float) -> bool:
                return (place <= limit) == goes_left

            levels = frozenset(each for each in before.levels or () if side(self.ranks[name][each]))
            return replace(
                before, levels=levels, rest=before.rest and side(rare), missing=before.missing and side(missing)
            )
        values, kept = self.values[name], before.missing and missing_left == goes_left
        at = int(np.searchsorted(values, limit, side="right"))
        if 0 < at < len(values):
            limit = _limit(float(values[at - 1]), float(values[at]), column)
        if goes_left:
            return replace(before, high=min(before.high, limit), missing=kept)
        return replace(before, low=max(before.low, limit), missing=kept)

    def places(self, found: Sequence[Rule], columns: Columns) -> NDArray[np.intp]:
        """Return (n,): which rule each row fulfils."""
        places = np.zeros(columns.rows, dtype=np.intp)
        for place, rule in enumerate(found):
            held = np.ones(columns.rows, dtype=np.bool_)
            for condition in rule.conditions:
                held &= condition.holds(columns[condition.column], frozenset(self.ranks.get(condition.column, ())))
            places[held] = place
        return places

    def said(self, condition: Condition) -> str:
        """Return a condition in words."""
        column = next(each for each in self.columns if each.name == condition.column)
        if condition.levels is not None:
            return self._said_levels(condition)
        low, high = condition.low, condition.high
        if low == math.inf:  # a split between what is known and what is missing
            return f"{column.name} is missing"
        if column.kind == "boolean":
            only = "yes" if low > -math.inf else "no"
            told = f"{column.name} is {only}" if low > -math.inf or high < math.inf else ""
        elif low > -math.inf and high < math.inf:
            told = f"{column.name} is above {_written(low, column)} up to {_written(high, column)}"
        elif high < math.inf:
            told = f"{column.name} is at most {_written(high, column)}"
        else:
            told = f"{column.name} is above {_written(low, column)}" if low > -math.inf else ""
        if not told:
            return f"{column.name} is missing" if condition.missing else f"{column.name} is not missing"
        return f"{told} or missing" if condition.missing and column.missing_share > 0 else told

    def _said_levels(self, condition: Condition) -> str:
        levels = sorted(condition.levels or ())
        others = sorted(set(self.ranks[condition.column]) - set(levels))
        named = [*levels, *(["missing"] if condition.missing and self._can_miss(condition.column) else [])]
        # What is not asked for is named where that is shorter; rarer categories are on one side or the other.
        if condition.rest and len(others) < len(levels) and len(others) <= NAMED:
            gone = [*others, *([] if condition.missing or not self._can_miss(condition.column) else ["missing"])]
            return f"{condition.column} is {_neither(gone)}"
        more = " or a rare one" if condition.rest and self._has_rare(condition.column) else ""
        if not named:
            return f"{condition.column} is a rare category"
        return f"{condition.column} is {_listed_names(named)}{more}"

    def _can_miss(self, name: str) -> bool:
        return next(each for each in self.columns if each.name == name).missing_share > 0

    def _has_rare(self, name: str) -> bool:
        return next(each for each in self.columns if each.name == name).distinct > len(self.ranks[name])


def _neither(names: Sequence[str]) -> str:
    if len(names) == 2:
        return f"neither {names[0]} nor {names[1]}"
    return f"not {names[0]}" if len(names) == 1 else f"none of {_listed_names(names)}"


def _listed_names(names: Sequence[str]) -> str:
    shown_names = list(names[:NAMED])
    if len(names) > NAMED:
        return f"{', '.join(shown_names)} or {len(names) - NAMED} more"
    return " or ".join([", ".join(shown_names[:-1]), shown_names[-1]] if len(shown_names) > 1 else shown_names)


def _written(value: float, column: Column) -> str:
    """Return a limit as it stands in a rule: a number is as short as it was rounded."""
    return wording.amount(value) if column.kind == "number" else shown(value, column)


def _limit(low: float, high: float, column: Column) -> float:
    """Return a limit between two neighbouring values: a whole day where there is one, else the roundest number."""
    day = DAY * math.ceil(low / DAY)
    return (
        day if column.kind == "datetime" and low <= day < high else roundest(low, high, whole=column.kind == "integer")
    )


def roundest(low: float, high: float, *, whole: bool = False) -> float:
    """Return the shortest number from low up to, but without, high: a limit that parts the same values.

    >>> roundest(24.0, 25.0, whole=True), roundest(0.1337, 0.1561), roundest(997.3, 1020.0), roundest(-1.7, -0.2)
    (24.0, 0.14, 1000.0, -0.9)
    """
    if whole and high - low <= 1.0:
        return low
    middle = (low + high) / 2.0
    for digits in range(1, 18):
        candidate = float(f"{middle:.{digits - 1}e}")
        if low <= candidate < high:
            return candidate
    return low


def _listed(
    found: Sequence[Rule],
    places: NDArray[np.intp],
    sight: _Sight,
    judging: HeldOut,
    classes: Sequence[Label],
) -> list[dict[str, Any]]:
    """Return the rules as JSON, those with the highest answer first; shares are of the rows that judge."""
    weight = np.ones(len(places)) if judging.weight is None else judging.weight
    shares = np.bincount(places, weights=weight, minlength=len(found)) / weight.sum()
    listed = [
        {
            "if": [sight.said(condition) for condition in rule.conditions],
            "answer": classes[int(rule.answer)] if len(classes) > 2 else rule.answer,
            "share": float(shares[place]),
        }
        for place, rule in enumerate(found)
    ]
    by_answer = sorted(range(len(found)), key=lambda place: -found[place].answer)
    by_share = sorted(range(len(found)), key=lambda place: -shares[place])
    return [listed[place] for place in (by_share if len(classes) > 2 else by_answer)]

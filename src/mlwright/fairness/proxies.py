"""Proxies: which columns let one tell a group of people, each alone and all that the model reads together.

Leaving "sex" out of a model does not hide it where "relationship" says husband or wife. How well a column tells it is
found on one half of the rows and judged on the other: its values are put into bins, and each row is told the group that
is over-represented most in its bin; several columns together are asked by a small boosted model. (To find and judge on
all rows in turn, as cross-validation does, would tell more, but makes the same rows decide twice: of columns that tell
nothing, too many would seem to.) Every group counts alike, however rare: guessing is right for one in so many groups.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.measures.goal import Goal
from mlwright.clean.measures.telling import PRIOR_ROWS, Codes, bins, boosted
from mlwright.columns import Coded, Columns
from mlwright.evaluate import wording
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import plain
from mlwright.evaluate.limits import LEVEL
from mlwright.fairness.audit import FEWEST_ROWS
from mlwright.fairness.groups import MISSING, people
from mlwright.fairness.rates import Measure, Rate, rate
from mlwright.features.words import words
from mlwright.schema import Column
from mlwright.tasks.base import Target

Floats = NDArray[np.float64]
Stop = Callable[[], bool]

MOST_ROWS: Final = 10_000
"""Drawn at random: so many tell a share to within a point."""
MOST_TOLD: Final = 200
"""So many columns are told of, the best first."""
MOST_TOGETHER: Final = 50
"""So many columns (or words of texts) are asked together, those first that tell most alone."""
MOST_WORDS: Final = 60
"""The words of a text that stand in most rows, of which each is a column of its own."""
HOW_SURE: Final = ((0.8, "almost surely"), (0.5, "mostly"), (0.2, "in part"), (0.0, "a little"))
"""How much of the way from guessing to knowing is gone at least, in words."""
HIDDEN: Final = 0.2
"""Below this share of the way a column that was left out is as good as hidden."""


@dataclass(frozen=True, slots=True)
class _Groups:
    """The groups of one column among some rows, as a goal that other columns may tell."""

    goal: Goal
    learned: NDArray[np.bool_]
    """The rows from which it is found out how to tell them; the others judge."""
    units: NDArray[np.intp] | None

    @property
    def guess(self) -> float:
        """The share that guessing is right about, every group counted alike."""
        return 1.0 / len(self.goal.labels)

    @property
    def weight(self) -> Floats:
        """With these (n,) weights all groups are as frequent, among the rows that teach and among those that judge."""
        cell = 2 * self.goal.codes + self.learned
        return 1.0 / np.bincount(cell)[cell]

    def by_bins(self, codes: Codes) -> Floats:
        """Return (n, k): how frequent each group is in a row's bin, all groups being as frequent in all."""
        weight, Y, size = self.weight, self.goal.signals, int(codes.max(initial=0)) + 1
        taught, mean = np.where(self.learned, weight / weight[self.learned].mean(), 0.0), self.guess
        rows = np.bincount(codes, weights=taught, minlength=size)
        sums = np.stack([np.bincount(codes, weights=taught * each, minlength=size) for each in Y.T], axis=1)
        shares: Floats = (sums + PRIOR_ROWS * mean) / (rows + PRIOR_ROWS)[:, None]
        return shares[codes]

    def right(self, told: Floats) -> Rate | None:
        """Return for how many of the rows that judge it is right to say the group with the most (n, k) told for it."""
        rows, codes = ~self.learned, self.goal.codes
        held = HeldOut(Target(self.goal.y), weight=self.weight, groups=self.units)
        return rate(Measure("told", (told.argmax(axis=1) == codes).astype(float), rows, 1, ""), held, rows)

    def far(self, share: float) -> float:
        """Return how much of the way from guessing to knowing a share is."""
        return (share - self.guess) / (1.0 - self.guess)


def proxies(
    columns: Columns,
    described: Sequence[Column],
    names: Sequence[str],
    *,
    used: Sequence[str],
    units: NDArray[np.intp] | None = None,
    seed: int = 0,
    stop: Stop = lambda: False,
) -> list[dict[str, Any]]:
    """Return for each of the named columns which others tell its groups, as JSON.

    `columns` holds all of `described`; `used` are those that the model reads; rows of the same number in `units` (n,)
    are one piece of evidence, and judge only what others taught. A column is told of where it is surely better than
    guessing: lower ends of intervals by the step-down of Holm (1979, "A simple sequentially rejective multiple test
    procedure", Scandinavian Journal of Statistics 6), so that for a column that nothing tells of, one is said to in at
    most 5 % of cases. What `stop` leaves no time for is left out and counted.
    """
    rows = columns.rows
    if rows > MOST_ROWS:
        places = np.sort(np.random.default_rng(seed).choice(rows, MOST_ROWS, replace=False))
        columns, units = columns.take(places), None if units is None else units[places]
    asked = [column for column in described if column.is_feature or column.name in used]
    coded: dict[str, dict[str, Codes]] = {}
    found = []
    for name in names:
        groups = _groups(columns, described, name, units, seed)
        if groups is None:
            continue
        others = [column for column in asked if column.name != name]
        for column in others:
            if column.name not in coded and not stop():
                coded[column.name] = _coded(columns, column)
        known = {column.name: coded[column.name] for column in others if column.name in coded}
        words_only = frozenset(column.name for column in others if not column.is_float)
        found.append(_told(name, groups, known, words_only, used, len(others), seed, stop))
    return found


def _groups(
    columns: Columns, described: Sequence[Column], name: str, units: NDArray[np.intp] | None, seed: int
) -> _Groups | None:
    """Return the groups of a column that have rows enough; None where there are not two of them."""
    lists = people(columns, described, [name], crossed=())
    large = [each for each in lists[0] if each.group != MISSING and each.rows.sum() >= FEWEST_ROWS] if lists else []
    if len(large) < 2:
        return None
    code = np.full(columns.rows, -1, dtype=np.intp)
    for place, group in enumerate(large):
        code[group.rows] = place
    rows = np.flatnonzero(code >= 0)
    goal = Goal(name, rows, code[rows].astype(np.float64), tuple(group.group for group in large))
    own = None if units is None else units[rows]
    learned = _half(goal, own, seed)
    met = [len(np.unique(goal.codes[part])) for part in (learned, ~learned)]  # units may all be on one side
    return _Groups(goal, learned, own) if min(met) == len(large) else None


def _half(goal: Goal, units: NDArray[np.intp] | None, seed: int) -> NDArray[np.bool_]:
    """Return which rows teach: half the units, or half the rows of each group."""
    random = np.random.default_rng(seed)
    mixed = random.permutation(len(goal.rows))
    if units is not None:
        own = np.unique(units, return_inverse=True)[1].ravel()
        return np.asarray(random.permutation(int(own.max(initial=0)) + 1)[own] % 2 == 0)
    learned = np.empty(len(goal.rows), dtype=np.bool_)
    learned[mixed[np.argsort(goal.y[mixed], kind="stable")]] = np.arange(len(mixed)) % 2 == 0
    return learned


def _coded(columns: Columns, column: Column) -> dict[str, Codes]:
    """Return the column's values as small numbers; of a text, whether each of its most usual words is in it."""
    values = columns[column.name]
    if column.kind != "text" or not isinstance(values, Coded):
        return {column.name: bins(values)}
    held = [frozenset(words(text)) for text in values.values]
    counts = np.bincount(values.codes[values.codes >= 0], minlength=len(held))
    often: Counter[str] = Counter()
    for found, count in zip(held, counts.tolist(), strict=True):
        often.update(dict.fromkeys(found, count))
    # By number and then by letter: equally usual words would else change places from run to run.
    usual = sorted(often, key=lambda word: (-often[word], word))[:MOST_WORDS]
    has = np.array([[word in found for word in usual] for found in held], dtype=np.intp).reshape(-1, len(usual))
    by_row = np.where(values.codes[:, None] >= 0, has[values.codes], 0)
    return {f"{column.name}: {word}": by_row[:, place] for place, word in enumerate(usual)}


def _told(
    name: str,
    groups: _Groups,
    coded: Mapping[str, Mapping[str, Codes]],
    unordered: frozenset[str],
    used: Sequence[str],
    asked: int,
    seed: int,
    stop: Stop,
) -> dict[str, Any]:
    """Return what is told of one column: the others that tell it, and all that the model reads together."""
    alone: dict[str, Rate] = {}
    for other, parts in coded.items():
        if stop():
            break
        if right := _right(groups, {other: parts}, unordered, seed):
            alone[other] = right
    read = {other: coded[other] for other in sorted(alone, key=lambda each: -alone[each].value) if other in used}
    together = None if not read or stop() else _right(groups, read, unordered, seed, together=True)
    sure = _surely(alone, groups.guess)
    entry: dict[str, Any] = {
        "column": name,
        "read": name in used,
        "groups": list(groups.goal.labels),
        "rows": len(groups.goal.rows),
        "guess": plain(groups.guess),
        "columns": [
            {"column": other, "read": other in used, **_measured(groups, alone[other])} for other in sure[:MOST_TOLD]
        ],
        "many": len(sure),
        "looked_at": len(alone),
        "left_out": asked - len(alone),
        "together": None if together is None else {"columns": len(read), **_measured(groups, together)},
    }
    return entry | {"sentence": sentence(entry)}


def _right(
    groups: _Groups,
    coded: Mapping[str, Mapping[str, Codes]],
    unordered: frozenset[str],
    seed: int,
    *,
    together: bool = False,
) -> Rate | None:
    """Return how often columns tell the group: one of numbers or words by its bins, others by a small model."""
    rows, goal = groups.goal.rows, groups.goal
    codes = {part: values[rows] for parts in coded.values() for part, values in parts.items()}
    if not codes:
        return None
    if len(codes) == 1 and not together:
        return groups.right(groups.by_bins(next(iter(codes.values()))))
    names = list(codes)[:MOST_TOGETHER]
    words_only = [place for place, part in enumerate(names) if part in unordered]
    X = np.column_stack([codes[part] for part in names])
    weight = groups.weight
    return groups.right(boosted(X, words_only, goal, groups.learned, seed, weight / weight.mean()))


def _surely(alone: Mapping[str, Rate], guess: float) -> list[str]:
    """Return the columns that are surely better than guessing, the best first: one-sided, by Holm's step-down."""

    def doubt(name: str) -> float:
        value, (low, _) = alone[name].value, alone[name].interval
        return (value - low) / (value - guess) if value > guess else np.inf

    sure: list[str] = []
    for place, name in enumerate(sorted(alone, key=doubt)):
        level = 1.0 - 2.0 * (1.0 - LEVEL) / (len(alone) - place)
        if not (alone[name].value > guess and alone[name].ends(level)[0] > guess):
            break
        sure.append(name)
    return sorted(sure, key=lambda name: -alone[name].value)


def _measured(groups: _Groups, right: Rate) -> dict[str, Any]:
    """Return a share with its interval, and in words how sure it makes, by the lower end: the least it does."""
    low, high = right.interval
    far = groups.far(low)
    told = next((word for least, word in HOW_SURE if far >= least), "not")
    return {"value": plain(right.value), "interval": [plain(low), plain(high)], "told": told, "far": plain(far)}


def sentence(entry: Mapping[str, Any]) -> str:
    """Return in plain words what tells a column, and what that means for leaving it out."""
    name, together = repr(entry["column"]), entry["together"]
    best = entry["columns"][0] if entry["columns"] else None
    told = []
    if best is not None:
        told.append(f"{best['column']!r} alone tells {name} {best['told']} ({_of_hundred(best, entry)}).")
    read = next((each for each in entry["columns"] if each["read"]), None)
    more = read is None or (together is not None and together["value"] > read["value"])
    if read is not None and read is not best and not more:
        told.append(
            f"Of those that the model reads, {read['column']!r} tells it best: {read['told']} "
            f"({_of_hundred(read, entry)})."
        )
    if together is not None and together["columns"] > 1 and more:
        it = name if best is None else "it"
        does = f"do not tell {it}" if together["told"] == "not" else f"tell {it} {together['told']}"
        told.append(
            f"The {together['columns']:,} other columns that the model reads together {does} "
            f"({_of_hundred(together, entry)})."
        )
    return " ".join([*told, _meaning(entry)])


def _of_hundred(told: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    right, guess = wording.hundred(told["value"]), wording.hundred(entry["guess"])
    return f"right for {right} of 100, where guessing is right for {guess}"


def _meaning(entry: Mapping[str, Any]) -> str:
    """Return what it means for a model that is not to know the column."""
    name = repr(entry["column"])
    read = [each["far"] for each in entry["columns"] if each["read"]]
    far = max([*read, entry["together"]["far"] if entry["together"] else 0.0], default=0.0)
    leaving = f"Leaving {name} out" if entry["read"] else f"That the model does not read {name}"
    if far >= 0.5:
        return f"{leaving} does not hide it from the model."
    if far >= HIDDEN:
        return f"{leaving} hides it only in part."
    if entry["together"] is None and entry["left_out"]:
        return f"There was no time to look at all columns that may tell {name}."
    return f"Nothing that the model reads tells {name} well: {leaving[0].lower() + leaving[1:]} nearly hides it."

"""The search of one row: which few changes together reach the goal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from mlwright.columns import Coded, Columns, Values
from mlwright.explain.contributions.words import Typed
from mlwright.explain.counterfactuals.goal import Goal
from mlwright.explain.counterfactuals.moves import A_CATEGORY, Flags, Index, Moves, Rules, apart, rank_of
from mlwright.explain.usual import Usual
from mlwright.learn.base import Floats

SEED_COLUMNS, SEED_VALUES = 8, 3
"""Of so many columns, so many values each are combined with others."""
BEST_PAIRS = 20
"""So many pairs are combined with a third change."""
JUDGED = 60
"""So many of those that reach the goal are looked at for plausibility, the smallest first."""
MOST_WIDTH = 3
STEPS = 8
"""So many smaller changes of a number are tried between the row's value and the one that was found."""


@dataclass(frozen=True, slots=True)
class Found:
    """One way: the new typed values by column, what they cost, and whether they reach the goal."""

    values: dict[str, Typed]
    cost: float
    reached: bool = True


@dataclass(frozen=True, slots=True)
class Singles:
    """All m single changes of a row."""

    at: Index
    """(m,): which of the tried columns each changes."""
    own: Index
    """(m,): the same as its place among all columns."""
    value: Floats
    """(m,): the number it gives, or the code of a category among the cases."""
    cost: Floats
    near: Flags
    """(m, cases): which cases have the value, or nearly so."""
    clash: Flags
    """(m, columns): with which of the row's other values it does not go."""

    def combined(self, moves: Index) -> tuple[Floats, Flags]:
        """Return what combinations (n, width) of single changes cost, and which do not go together or with the row."""
        clash, own = self.clash[moves], self.own[moves]
        inside = np.arange(len(moves))
        for place in range(moves.shape[1]):
            clash[inside, :, own[:, place]] = False
        apart_at_all: Flags = np.asarray(clash.any(axis=(1, 2)))
        for one, other in combinations(range(moves.shape[1]), 2):
            first, second = self.near[moves[:, one]], self.near[moves[:, other]]
            together = (first & second).sum(axis=1)
            apart_at_all |= apart(together, first.sum(axis=1), second.sum(axis=1), self.near.shape[1])
        return self.cost[moves].sum(axis=1), apart_at_all


class Search:
    """Looks for the smallest changes of one row that reach a goal."""

    def __init__(
        self,
        predict: Callable[[Columns], Floats],
        answer: Callable[[Columns, Floats], Any],
        moves: Moves,
        usual: Usual,
        row: Columns,
        goal: Goal,
        rules: Rules,
    ) -> None:
        self.predict, self.answer, self.moves, self.usual, self.row, self.goal = (
            predict,
            answer,
            moves,
            usual,
            row,
            goal,
        )
        self.was, self.here = row.row(0), goal.here
        self._places = {tried.column.name: place for place, tried in enumerate(moves.tried)}
        self._p = float(usual.judge(row).p[0])
        self.near_row = moves.near_row(row)
        self.singles = self._singles(rules)
        self._ways: list[Found] = []
        self._best: list[tuple[float, dict[str, Typed], float]] = []

    def run(self, most: int, changed: int) -> list[Found]:
        """Return at most so many ways of at most `changed` columns; the nearest to the goal where none reaches it."""
        if not len(self.singles.at):
            return []
        near = self._look(np.arange(len(self.singles.at), dtype=np.intp)[:, None])
        if changed > 1 and len(self._chosen(most)) < most:
            seeds = self._seeds(near)
            pairs = self._pairs(seeds)
            close = self._look(pairs)
            if changed > 2 and len(self._chosen(most)) < most:
                self._look(self._triples(pairs, close, seeds))
        ways = self._smaller(self._chosen(most))
        if ways or not self._best:
            return ways
        _, values, cost = max(self._best, key=lambda best: best[0])
        return [Found(values, cost, reached=False)]

    def _singles(self, rules: Rules) -> Singles:
        """List all single changes that are allowed."""
        listed = [(place, *self._of_column(place, rules)) for place in self.moves.allowed(rules)]
        at = np.repeat([place for place, _, _, _ in listed], [len(value) for _, value, _, _ in listed]).astype(np.intp)
        near_row = self.near_row
        near = np.concatenate([near for _, _, _, near in listed] or [np.zeros((0, len(near_row)), dtype=bool)])
        places = np.array([self.moves.place[each.column.name] for each in self.moves.tried] or [0], dtype=np.intp)
        together = near.astype(np.float32) @ near_row.astype(np.float32)
        clash = apart(together, near.sum(axis=1)[:, None], near_row.sum(axis=0)[None, :], len(near_row))
        own = places[at]
        clash[np.arange(len(at)), own] = False
        value = np.concatenate([value for _, value, _, _ in listed] or [np.zeros(0)])
        cost = np.concatenate([cost for _, _, cost, _ in listed] or [np.zeros(0)])
        return Singles(at, own, value, cost, near, clash)

    def _of_column(self, place: int, rules: Rules) -> tuple[Floats, Floats, Flags]:
        """Return the values to which a column may change, what each costs, and the cases that have it."""
        tried = self.moves.tried[place]
        old = self.was[tried.column.name]
        if isinstance(tried.values, Coded):
            texts = tried.values.values
            value = tried.values.codes.astype(np.float64)
            kept = np.array([texts[code] != old for code in tried.values.codes.tolist()], dtype=bool)
        else:
            value = np.asarray(tried.values, dtype=np.float64)
            kept = np.ones(len(value), dtype=bool) if old is None else value != old
            if old is not None and tried.column.name in rules.only_up:
                kept &= value > float(old)
            if old is not None and tried.column.name in rules.only_down:
                kept &= value < float(old)
        return value[kept], 1.0 + self._paid(place, value[kept]), tried.near[kept]

    def _paid(self, place: int, value: Floats) -> Floats:
        """Return what changing a column to these values costs: of numbers the share of cases between old and new."""
        tried = self.moves.tried[place]
        old = self.was[tried.column.name]
        if not tried.is_number or old is None:
            return np.full(len(value), A_CATEGORY)
        known = self.moves.known(place)
        paid: Floats = np.abs(rank_of(known, value) - rank_of(known, np.array([float(old)])))
        return paid

    def _look(self, moves: Index) -> Floats:
        """Ask the model about combinations (n, width), keep those that are a way; return how near each comes."""
        if not len(moves):
            return np.zeros(0)
        cost, clash = self.singles.combined(moves)
        at, value = self.singles.at[moves], self.singles.value[moves]
        columns = self._changed(at, value)
        P = self.predict(columns)
        near = self.goal.nearness(P)
        reached = self.goal.reached(P, self.answer(columns, P)) & ~clash
        rows = np.flatnonzero(reached)
        rows = rows[np.argsort(cost[rows], kind="stable")][:JUDGED]
        fine = rows[self._is_plausible(columns.take(rows.astype(np.intp)))]
        self._ways += [Found(self._values(at[row], value[row]), float(cost[row])) for row in fine.tolist()]
        if not len(fine):
            best = np.argsort(-np.where(clash | reached, -np.inf, near), kind="stable")[:JUDGED]
            best = best[~(clash | reached)[best] & (near[best] > self.here)]
            best = best[self._is_plausible(columns.take(best.astype(np.intp)))]
            self._best += [(float(near[row]), self._values(at[row], value[row]), float(cost[row])) for row in best[:1]]
        return near

    def _is_plausible(self, columns: Columns) -> Flags:
        """Tell of rows whether they are not unlike the cases, or no more so than the row is."""
        if not columns.rows:
            return np.zeros(0, dtype=bool)
        odd = self.usual.judge(columns)
        fine: Flags = ~self.usual.is_unlike(odd) | (odd.p >= self._p)
        return fine

    def _seeds(self, near: Floats) -> Index:
        """Return the single changes worth combining: of the columns that come nearest, the best values of each."""
        seeds: list[int] = []
        taken: dict[int, int] = {}
        for move in np.argsort(-near, kind="stable").tolist():
            column = int(self.singles.at[move])
            if near[move] <= self.here or (column not in taken and len(taken) >= SEED_COLUMNS):
                continue
            if taken.get(column, 0) < SEED_VALUES:
                taken[column] = taken.get(column, 0) + 1
                seeds.append(move)
        return np.array(seeds, dtype=np.intp)

    def _pairs(self, seeds: Index) -> Index:
        """Return pairs of seeds, and each seed with what it needs beside it to go with the row."""
        singles = self.singles
        pairs = [pair for pair in combinations(seeds.tolist(), 2) if singles.at[pair[0]] != singles.at[pair[1]]]
        for seed in seeds.tolist():
            against = np.flatnonzero(singles.clash[seed])
            beside = np.flatnonzero(np.isin(singles.own, against)) if len(against) == 1 else against[:0]
            if len(beside):
                together = (singles.near[beside] & singles.near[seed]).sum(axis=1)
                pairs.append((seed, int(beside[together.argmax()])))
        return np.array(sorted({tuple(sorted(pair)) for pair in pairs}), dtype=np.intp).reshape(-1, 2)

    def _triples(self, pairs: Index, near: Floats, seeds: Index) -> Index:
        """Return the pairs that come nearest, each with every seed of a third column.

        Half of them go with the row as they are: what comes nearest of all may do so because it cannot be, such as a
        stone of twice the width and the same length, and no third change mends it.
        """
        order = np.argsort(-near, kind="stable")
        _, clash = self.singles.combined(pairs)
        fit = order[~clash[order]][: BEST_PAIRS // 2]
        best = pairs[np.concatenate([fit, order[~np.isin(order, fit)][: BEST_PAIRS - len(fit)]])]
        columns = self.singles.at
        found = {
            tuple(sorted((*pair, seed)))
            for pair in best.tolist()
            for seed in seeds.tolist()
            if columns[seed] not in columns[pair]
        }
        return np.array(sorted(found), dtype=np.intp).reshape(-1, 3)

    def _chosen(self, most: int) -> list[Found]:
        """Return the smallest ways, none of which changes all the columns that a smaller one does."""
        chosen: list[Found] = []
        for way in sorted(self._ways, key=lambda way: (len(way.values), way.cost)):
            if len(chosen) == most:
                break
            if not any(set(other.values) <= set(way.values) for other in chosen):
                chosen.append(way)
        return chosen

    def _smaller(self, ways: Sequence[Found]) -> list[Found]:
        """Return the ways with each number moved no farther than it has to be, one column of each after the other."""
        names = [list(way.values) for way in ways]
        found = [dict(way.values) for way in ways]
        cost = [way.cost for way in ways]
        for slot in range(max(map(len, names), default=0)):
            asked = [
                (way, names[way][slot], steps)
                for way in range(len(ways))
                if slot < len(names[way]) and len(steps := self._steps(found[way], names[way][slot]))
            ]
            if not asked:
                continue
            tables = [self._stepped(found[way], name, steps) for way, name, steps in asked]
            columns = self._changed(*(np.concatenate(each) for each in zip(*tables, strict=True)))
            P = self.predict(columns)
            fine = self.goal.reached(P, self.answer(columns, P)) & self._is_plausible(columns)
            start = 0
            for way, name, steps in asked:
                inside = steps[fine[start : start + len(steps)]]
                start += len(steps)
                if len(inside):
                    nearest = inside[np.abs(inside - _float(self.was[name])).argmin()]
                    paid = self._paid(self._places[name], np.array([_float(found[way][name]), nearest]))
                    found[way][name], cost[way] = float(nearest), cost[way] - float(paid[0] - paid[1])
        return [Found(values, paid) for values, paid in zip(found, cost, strict=True)]

    def _steps(self, values: dict[str, Typed], name: str) -> Floats:
        """Return numbers of the cases between the row's and its new one that go with what else is in the row."""
        place, old, new = self._places[name], self.was[name], values[name]
        if not self.moves.tried[place].is_number or old is None or new is None:
            return np.zeros(0)
        low, high = sorted((_float(old), _float(new)))
        known = self.moves.known(place)
        between = np.unique(known[(known > low) & (known < high)])
        if not len(between):
            return between
        steps = between[np.unique(np.linspace(0, len(between) - 1, STEPS).round().astype(np.intp))]
        others = {self._places[each]: value for each, value in values.items() if each != name}
        return steps[~self._clashes(place, steps, others)]

    def _stepped(self, values: dict[str, Typed], name: str, steps: Floats) -> tuple[Index, Floats]:
        """Return combinations in which one column has each of these numbers, filled up to the most columns."""
        at = np.full((len(steps), MOST_WIDTH), -1, dtype=np.intp)
        value = np.zeros((len(steps), MOST_WIDTH))
        for place, each in enumerate(values):
            at[:, place] = self._places[each]
            value[:, place] = steps if each == name else self._number(each, values[each])
        return at, value

    def _clashes(self, place: int, numbers: Floats, others: dict[int, Typed]) -> Flags:
        """Tell which numbers of a column do not go with the row as it is with other columns changed."""
        near, beside = self.moves.near(place, numbers), self.near_row.copy()
        for other, value in others.items():
            column = self.moves.tried[other].column.name
            number = np.array([self._number(column, value)])
            beside[:, self.moves.place[column]] = self.moves.near(other, number)[0]
        together = near.astype(np.float32) @ beside.astype(np.float32)
        clash = apart(together, near.sum(axis=1)[:, None], beside.sum(axis=0)[None, :], len(beside))
        clash[:, self.moves.place[self.moves.tried[place].column.name]] = False
        found: Flags = np.asarray(clash.any(axis=1))
        return found

    def _values(self, at: Index, value: Floats) -> dict[str, Typed]:
        """Return the typed values of one combination by column."""
        found: dict[str, Typed] = {}
        for place, number in zip(at.tolist(), value.tolist(), strict=True):
            tried = self.moves.tried[place]
            texts = tried.values
            found[tried.column.name] = texts.values[int(number)] if isinstance(texts, Coded) else number
        return found

    def _number(self, name: str, value: Typed) -> float:
        """Return a typed value as the number that stands for it in combinations."""
        cases = self.moves.cases[name]
        if isinstance(cases, Coded):
            return float(cases.values.index(str(value)))
        return _float(value)

    def _changed(self, at: Index, value: Floats) -> Columns:
        """Return the row once for each combination (n, width), with its changes made."""
        rows = len(at)
        data: dict[str, Values] = {name: _repeated(values, rows) for name, values in self.row.items()}
        for place in np.unique(at[at >= 0]).tolist():
            tried = self.moves.tried[place]
            name = tried.column.name
            row, width = np.nonzero(at == place)
            data[name] = _with(data[name], tried.values, row, value[row, width])
        return Columns(data, rows)


def _float(value: Typed) -> float:
    return np.nan if value is None else float(value)


def _repeated(values: Values, rows: int) -> Values:
    if isinstance(values, Coded):
        return Coded(np.repeat(values.codes, rows), values.values, values.notes)
    return np.repeat(values, rows)


def _with(values: Values, tried: Values, rows: Index, changed: Floats) -> Values:
    """Return a column with other values in some rows."""
    if not isinstance(values, Coded) or not isinstance(tried, Coded):
        numbers = np.array(values, dtype=np.float64)
        numbers[rows] = changed
        return numbers
    own = values.values[int(values.codes[0])] if values.codes[0] >= 0 else None
    texts: Sequence[str] = tried.values if own is None or own in tried.values else (*tried.values, own)
    codes = np.full(len(values.codes), -1 if own is None else texts.index(own), dtype=np.int32)
    codes[rows] = changed.astype(np.int32)
    return Coded(codes, tuple(texts))

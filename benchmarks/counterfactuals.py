"""Claim: a change that is told gives the answer it tells of, touches few columns, keeps to what is asked, and is usual.

    python benchmarks/counterfactuals.py DATA --models FOLDER [--rows 25] [--budget 15] [--only NAME ...] [--out FILE]

DATA is a folder of tables with a MANIFEST.json. Of each, a model is built on at most 10,000 of three quarters of the
rows and kept in FOLDER; the rows asked about are of the other quarter. Each is a dict, asked for "another answer"
(a number: half a standard deviation higher), without rules and then with random ones: a third of the columns immutable,
one number only up, one only down. Told are

- found: the share of rows for which a change of at most 3 columns is enough, without rules and with them;
- true: of all ways that are told, those that `predict` confirms on the person's own dict with the new values put in;
  told: the same with the new values as they stand in the sentence, rounded for reading;
- kept: of all ways, those that change no other column, none that is immutable or the wrong way, and only to values that
  past cases have;
- columns changed by the smallest way; nearest: in how many columns the nearest past case of another answer differs (by
  Gower's distance with ranks); NICE: how many of its values are enough, taken over one by one, the best first, of the
  columns that we change too (Brughmans, Leyman and Martens 2024). All over the rows for which both find a way;
- NICE <= 3: the share of all rows for which at most three of those values are enough; meets: for which besides no two
  values meet that never do in the cases (as chance alone would have them do five times), nor is the row unlike them;
- unlike: how many changed rows are called unlike the data that were not before, for all three (bar: none of ours);
- milliseconds of a row: median and 95 %.

Ours leaves out ways whose values never meet in the cases, and rows unlike the data; NICE knows no such thing.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
from kept_models import arguments, kept_models, raw_rows

import mlwright as mw
from mlwright.columns import Coded, Columns, read_rows, typed_rows
from mlwright.explain.counterfactuals import Counterfactual, Rules
from mlwright.explain.counterfactuals.moves import apart
from mlwright.explain.space import Space

Row = dict[str, Any]
Ruled = dict[str, list[str]]
HEADS = (
    "found",
    "NICE <= 3",
    "meets",
    "by rules",
    "true",
    "told",
    "kept",
    "columns",
    "nearest",
    "NICE",
    "unlike",
    "u near",
    "u NICE",
)


class Asked:
    """One row, what it is answered, and whether another row has what is asked for."""

    def __init__(self, model: mw.Model, row: Row) -> None:
        self.model, self.row = model, row
        self.now = model.predict(row)[0]
        cases = model.parts.cases
        assert cases is not None
        self.bound = None if len(model.classes_) else float(self.now) + 0.5 * float(np.std(cases.y))
        self.was = typed(model, row)
        self.is_odd = self._odd(self.was)

    def reached(self, rows: Sequence[Row]) -> np.ndarray:
        """Tell which rows have what is asked for."""
        answers = self.model.predict(list(rows))
        return answers > self.bound if self.bound is not None else answers != self.now

    def turns_odd(self, row: Row) -> bool:
        """Tell whether a row, as the model reads it, is unlike the data though this one is not."""
        return self._odd(row) and not self.is_odd

    def _odd(self, row: Row) -> bool:
        usual = self.model._beside.usual  # noqa: SLF001
        return bool(usual.is_unlike(usual.judge(typed_rows([row], self.model.parts.columns)))[0])

    def meets(self, row: Row) -> bool:
        """Tell whether each new value of a row meets all its other values in some case, or would not by chance."""
        moves, columns = self.model._beside._finder.moves, typed_rows([row], self.model.parts.columns)  # noqa: SLF001
        near = moves.near_row(columns).astype(float)
        clash = apart(near.T @ near, near.sum(axis=0)[:, None], near.sum(axis=0)[None, :], len(near))
        new = [moves.place[name] for name, value in self.was.items() if row[name] != value]
        return not clash[new].any()

    def differing(self, row: Row) -> list[str]:
        """Return the columns in which a row differs, as the model reads it."""
        other = typed(self.model, row)
        return [name for name, value in self.was.items() if other[name] != value]


def typed(model: mw.Model, row: Row) -> Row:
    """Return a row as the model reads it, None where it is missing."""
    found = read_rows([row], model.parts.columns).row(0)
    return {name: None if value is None or value != value else value for name, value in found.items()}


def kept(asked: Asked, way: Counterfactual, values: dict[str, set[Any]], rules: Ruled) -> bool:
    """Tell whether a way changes what it says and nothing else, as the rules allow, to values that cases have."""
    changed = {change.column for change in way.changes}
    if set(asked.differing({**asked.row, **way.row})) != changed or changed & set(rules.get("immutable", [])):
        return False
    for change in way.changes:
        if change.new not in values[change.column]:
            return False
        up = change.old is None or change.new > change.old if change.column in rules.get("only_up", []) else True
        down = change.old is None or change.new < change.old if change.column in rules.get("only_down", []) else True
        if not (up and down):
            return False
    return True


def values_of(columns: Columns) -> dict[str, set[Any]]:
    """Return the values that cases have, by column."""
    return {
        name: set(values.values) if isinstance(values, Coded) else set(values[~np.isnan(values)].tolist())
        for name, values in columns.items()
    }


def judged(asked: Asked, ways: Sequence[Counterfactual], values: dict[str, set[Any]], rules: Ruled) -> list[Row]:
    """Return, of each way that is told to be enough, whether that is so."""
    said = []
    for way in ways:
        if not way.reached:
            continue
        new = {change.column: way.row[change.column] for change in way.changes}
        words = {each.column: each.text.removeprefix(f"{each.column} ").rpartition(" (now ")[0] for each in way.changes}
        rows = [{**asked.row, **new}, {**asked.row, **words}]
        fine = asked.reached(rows)
        answer = asked.model.predict(rows[0])[0]
        same = answer == way.answer if asked.bound is None else bool(np.isclose(answer, way.answer))
        said.append(
            {
                "true": bool(fine[0]) and same,
                "told": bool(fine[1]),
                "kept": kept(asked, way, values, rules),
                "columns": len(new),
                "unlike": asked.turns_odd(typed(asked.model, rows[0])),
            }
        )
    return said


def random_rules(model: mw.Model, seed: int) -> Ruled:
    """Return a third of the columns that cannot change, one number that only rises and one that only falls."""
    random = np.random.default_rng(seed)
    names = [column.name for column in model.parts.columns]
    immutable = random.permutation(names)[: max(1, len(names) // 3)].tolist() if len(names) > 1 else []
    numbers = [each.name for each in model.parts.columns if each.kind in {"number", "integer"}]
    others = random.permutation([name for name in numbers if name not in immutable]).tolist()
    return {"immutable": immutable, "only_up": others[:1], "only_down": others[1:2]}


class Nearest:
    """The past case of another answer that is nearest, and what of it is enough."""

    def __init__(self, model: mw.Model) -> None:
        cases = model.parts.cases
        assert cases is not None
        described = model.parts.columns
        self.columns = cases.read(described)
        self.space = Space(self.columns, described)
        self.rows = [{name: none(value) for name, value in self.columns.row(at).items()} for at in range(len(cases))]
        P = model.parts.ensemble.predict(self.columns)
        self.answers = model.parts.answer(self.columns, P).values

    def of(self, asked: Asked) -> Row | None:
        """Return the case, or None where none has another answer."""
        placed = self.space.place(read_rows([asked.row], asked.model.parts.columns))
        distance = self.space.distances(placed, np.ones(len(self.space.columns)))[0]
        other = self.answers > asked.bound if asked.bound is not None else self.answers != asked.now
        return self.rows[int(np.where(other, distance, np.inf).argmin())] if other.any() else None


def none(value: Any) -> Any:
    return None if value is None or value != value else value


def taken_over(asked: Asked, case: Row) -> tuple[int, bool, bool] | None:
    """Return how many values of the case are enough, the best first, whether the row is then unlike, if all meet."""
    parts, row, free = asked.model.parts, dict(asked.was), Rules()
    left = [each.name for each in parts.columns if free.allows(each) and case[each.name] != row[each.name]]
    many = 0
    while left:
        many += 1
        rows = [{**row, name: case[name]} for name in left]
        columns = typed_rows(rows, parts.columns)
        P = parts.ensemble.predict(columns)
        answers = parts.answer(columns, P).values
        there = answers > asked.bound if asked.bound is not None else answers != asked.now
        near = P[:, 0] if asked.bound is not None else -P[:, parts.classes.index(asked.now)]
        best = int(np.where(there, np.inf, near).argmax())
        row = rows[best]
        if there[best]:
            return many, asked.turns_odd(row), asked.meets(row)
        left.pop(best)
    return None


def measured(model: mw.Model, rows: Sequence[Row]) -> Row:
    """Return all that is told of one table."""
    nearest, values = Nearest(model), values_of(model.parts.cases.read(model.parts.columns))
    model.counterfactuals(rows[0])  # what is prepared once
    every = [one_row(Asked(model, row), random_rules(model, place), nearest, values) for place, row in enumerate(rows)]
    said = [way for each in every for way in each["ways"]]
    both = [each for each in every if each["first"] and each["NICE"]]
    took = [each["ms"] for each in every]
    return {
        "rows": len(rows),
        "ways": len(said),
        "found": mean([bool(each["first"]) for each in every]),
        "NICE <= 3": mean([bool(each["NICE"]) and each["NICE"][0] <= 3 for each in every]),
        "meets": mean([bool((n := each["NICE"]) and n[0] <= 3 and n[2] and not n[1]) for each in every]),
        "by rules": mean([each["by rules"] for each in every]),
        **{name: mean([way[name] for way in said]) for name in ("true", "told", "kept", "unlike")},
        "columns": mean([each["first"]["columns"] for each in both]),
        "nearest": mean([each["nearest"][0] for each in both]),
        "NICE": mean([each["NICE"][0] for each in both]),
        "u near": mean([each["nearest"][1] for each in every if each["nearest"]]),
        "u NICE": mean([each["NICE"][1] for each in every if each["NICE"]]),
        "median ms": float(np.median(took)),
        "95 % ms": float(np.quantile(took, 0.95)),
    }


def one_row(asked: Asked, rules: Ruled, nearest: Nearest, values: dict[str, set[Any]]) -> Row:
    """Return the ways of one row with what is true of each, and what the nearest case of another answer comes to."""
    start = time.perf_counter()
    ways = asked.model.counterfactuals(asked.row)[0]
    took = 1_000 * (time.perf_counter() - start)
    by_rules = asked.model.counterfactuals(asked.row, **rules)[0]
    free, ruled = judged(asked, ways, values, {}), judged(asked, by_rules, values, rules)
    case = nearest.of(asked)
    return {
        "ms": took,
        "ways": free + ruled,
        "first": free[0] if free else None,
        "by rules": bool(ruled),
        "nearest": case and (sum(case[name] != value for name, value in asked.was.items()), asked.turns_odd(case)),
        "NICE": case and taken_over(asked, case),
    }


def mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else float("nan")


def main() -> None:
    """Measure table by table, and print what came out."""
    options = arguments(__doc__, rows=25).parse_args()
    every: list[Row] = []
    print(f"{'table':22}" + "".join(f"{head:>10}" for head in (*HEADS, "ms", "95 %")))
    for name, model, fresh in kept_models(options):
        result = {"table": name, "model columns": len(model.parts.columns)}
        result |= measured(model, raw_rows(fresh.drop(columns=[model.target])))
        every.append(result)
        print(line(name, result), flush=True)
        if options.out:
            with options.out.open("a") as file:
                file.write(json.dumps(result) + "\n")
    whole = {
        name: mean([each[name] for each in every if each[name] == each[name]]) for name in every[0] if name != "table"
    }
    print(line("mean of tables", whole))
    ways = sum(each["ways"] for each in every)
    for name in ("true", "told", "kept", "unlike"):
        known = sum(round(each[name] * each["ways"]) for each in every if each["ways"])
        print(f"{name}: {known} of {ways} ways")
    print(f"slowest table: {max(each['95 % ms'] for each in every):.0f} ms in 95 % of rows")


def line(name: str, result: Row) -> str:
    """Return one line of the table: shares in per cent, numbers of columns as they are."""
    shares = [
        f"{result[head]:10.2f}" if head in {"columns", "nearest", "NICE"} else f"{100 * result[head]:9.1f}%"
        for head in HEADS
    ]
    return f"{name:22}" + "".join(shares) + f"{result['median ms']:9.0f}{result['95 % ms']:9.0f}"


if __name__ == "__main__":
    main()

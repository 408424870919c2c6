"""Kinds of rows on which one of two models is clearly better, and kinds of rows that get another answer.

Both are looked for on one half of the rows and tested on the other, as `evaluate.slices` does for one model: what is
compared is the difference of the two models' losses, row by row, and whether a row's answer changes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from scipy.stats import t as student

from mlwright.columns import Columns
from mlwright.evaluate import wording
from mlwright.evaluate.changed import Changed
from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.evaluate.intervals import plain
from mlwright.evaluate.limits import quantile_t
from mlwright.evaluate.slices import Judged, judged
from mlwright.evaluate.slicing import Flags, Side, Sure, chance_of_larger, sampled, sure_slices
from mlwright.learn.base import Stop, never
from mlwright.schema import Column
from mlwright.tasks.base import Metric

Units = NDArray[np.intp]


def compared_slices(
    columns: Columns,
    described: Sequence[Column],
    held: HeldOut,
    A: Floats,
    B: Floats,
    metric: Metric,
    *,
    seed: int = 0,
    stop: Stop = never,
) -> list[dict[str, Any]]:
    """Return the slices on which one model is clearly better, and more so than elsewhere, the surest first, as JSON.

    A and B are what the two predict (n, k) of typed rows. A slice has to pass two tests on rows that had no part in
    finding it: that one model is better there, and that the difference is another one than elsewhere. Numbers are
    compared by the signed ranks of the differences (Wilcoxon 1945), so that a few huge losses decide nothing.
    """
    kept = sampled(len(held), seed)
    if kept is not None:
        columns, held, A, B = columns.take(kept), held.take(kept), A[kept], B[kept]
    pair = judged(held, A, metric), judged(held, B, metric)
    difference = pair[0].losses - pair[1].losses

    def numbers(rows: Flags, sign: float) -> Floats:
        own = sign * difference[rows]
        return own if A.shape[1] > 1 else np.sign(own) * rankdata(np.abs(own))

    sides = [Side(lambda rows: numbers(rows, 1.0), _chance_of_better)]
    sides.append(Side(lambda rows: numbers(rows, -1.0), _chance_of_better))
    sure, testing = sure_slices(columns, described, held.units, sides, seed=seed, stop=stop)
    told = [_told(each, pair, difference, testing) for each in sorted(sure, key=lambda each: each.p)]
    return [each for each in told if each["better"] == ("b" if each["difference"] > 0 else "a")]


def changed_slices(
    columns: Columns,
    described: Sequence[Column],
    changed: Changed,
    units: Units,
    *,
    seed: int = 0,
    stop: Stop = never,
) -> list[dict[str, Any]]:
    """Return the slices whose rows clearly get another answer more often, or one that is farther off, as JSON."""
    kept = sampled(columns.rows, seed)
    moved = changed.rows.astype(np.float64) if changed.classes else changed.distance
    if kept is not None:
        columns, moved, units = columns.take(kept), moved[kept], units[kept]

    def numbers(rows: Flags) -> Floats:
        return moved[rows] if changed.classes else rankdata(moved[rows])

    sure, _ = sure_slices(columns, described, units, [Side(numbers, chance_of_larger)], seed=seed, stop=stop)
    return [_told_changed(each, moved, of_classes=bool(changed.classes)) for each in sure]


def _chance_of_better(inside: Flags, numbers: Floats, units: Units) -> float:
    """Return the probability of such differences in a slice where neither is better, or where it is as elsewhere.

    The larger of the two: both have to be ruled out (an intersection-union test, Berger 1982).
    """
    mean, error, pieces = _mean(numbers[inside], np.ones(int(inside.sum())), units[inside])
    above = float(student.sf(mean / error, pieces - 1)) if error > 0 and pieces > 1 else 1.0
    return max(above, chance_of_larger(inside, numbers, units))


def _mean(numbers: Floats, weight: Floats, units: Units) -> tuple[float, float, int]:
    """Return the weighted mean, its standard error, and from how many independent units."""
    total = weight.sum()
    if not total > 0:
        return math.nan, math.nan, 0
    mean = float(np.average(numbers, weights=weight))
    summed = np.bincount(np.unique(units, return_inverse=True)[1], weights=weight * (numbers - mean) / total)
    many = len(summed)
    return mean, math.sqrt(float((summed**2).sum()) * many / max(1, many - 1)), many


def _told(found: Sure, pair: tuple[Judged, Judged], difference: Floats, testing: Flags) -> dict[str, Any]:
    """Return a slice as JSON: its scores are of the rows that tested it alone."""
    rows, one = found.slice.rows, pair[0]
    inside, outside = testing & rows, testing & ~rows
    mean, error, pieces = _mean(difference[inside], one.weight[inside], one.held.units[inside])
    half = quantile_t(max(1, pieces - 1)) * error
    (a, b), (a_rest, b_rest) = ([each.score(part) for each in pair] for part in (inside, outside))
    better, many = "ba"[found.side], int(rows.sum())
    words = [wording.number(each) for each in (a, b, a_rest, b_rest)]
    return {
        "conditions": [{"column": each.column, "text": each.text} for each in found.slice.conditions],
        "rows": many,
        "metric": one.name,
        "better": better,
        "a": plain(a),
        "b": plain(b),
        "a_elsewhere": plain(a_rest),
        "b_elsewhere": plain(b_rest),
        "difference": plain(mean) or 0.0,
        "interval": [plain(mean - half), plain(mean + half)],
        "p": plain(found.p),
        "sentence": f"Where {found.slice.text} ({wording.count(many, 'row')}), {better.upper()} is better: {one.name} "
        f"{words[0]} (A) and {words[1]} (B); elsewhere {words[2]} (A) and {words[3]} (B).",
    }


def _told_changed(found: Sure, moved: Floats, *, of_classes: bool) -> dict[str, Any]:
    """Return a slice as JSON: what answers do is no estimate, so all rows are counted, those that found it too."""
    rows = found.slice.rows
    inside, outside = moved[rows], moved[~rows]
    value, rest = (float(each.mean() if of_classes else np.median(each)) for each in (inside, outside))
    many = int(rows.sum())
    where = f"Where {found.slice.text} ({wording.count(many, 'row')}), "
    said = f"{wording.percent(value)} get another answer; elsewhere {wording.percent(rest)}."
    if not of_classes:
        said = f"half of the answers move by {wording.number(value)} or more; elsewhere by {wording.number(rest)}."
    return {
        "conditions": [{"column": each.column, "text": each.text} for each in found.slice.conditions],
        "rows": many,
        "value": plain(value),
        "elsewhere": plain(rest),
        "p": plain(found.p),
        "sentence": where + said,
    }

"""Effects: how the answer moves with one column while the others stay as they are.

Partial dependence (Friedman 2001, "Greedy function approximation", Annals of Statistics 29): every row is given the
same value in that column and the answers are averaged. Where columns go together this asks about rows that do not exist
(a newborn with a driving licence), and an average can hide groups of rows in which the effect runs the other way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, Values
from mlwright.evaluate import wording
from mlwright.evaluate.held_out import Floats
from mlwright.learn.base import Stop, never
from mlwright.schema import Column

ROWS = 500
POINTS = 20
LEVELS = 12
MISSING = "(missing)"

Readout = Callable[[Floats], Floats]
"""From predictions (n, k) to the one number per row that is drawn."""


@dataclass(frozen=True, slots=True)
class Grid:
    """The values a column is set to: what is drawn on the axis, the typed values, and how many rows are near each."""

    ordered: bool
    shown: list[Any]
    values: list[Values]
    count: list[int]


def effects(
    predict: Callable[[Columns], Floats],
    columns: Columns,
    described: Sequence[Column],
    *,
    readout: Readout,
    y_label: str,
    percent: bool = False,
    seed: int = 0,
    stop: Stop = never,
) -> list[dict[str, Any]]:
    """Return the "effects" of the evidence, one per described column, in their order.

    Numbers are set to at most 20 of their quantiles, categories to their 12 most frequent levels, on at most 500 rows.
    Columns that cannot be drawn (free text, one value only) are left out, and so are those after `stop`. `percent`
    says that the readout is a share, for the sentences.
    """
    if not columns.rows:
        return []
    random = np.random.default_rng(seed)
    chosen = np.sort(random.choice(columns.rows, min(ROWS, columns.rows), replace=False)).astype(np.intp)
    rows = columns.take(chosen)
    found = []
    for column in described:
        grid = grid_of(columns[column.name], column, rows.rows)
        if grid is None:
            continue
        answers = _answers(predict, rows, column.name, grid, readout, stop)
        if answers is None:
            break
        found.append(
            {
                "column": column.name,
                "kind": "number" if grid.ordered else "category",
                "x": grid.shown,
                "y": answers,
                "count": grid.count,
                "y_label": y_label,
                "sentence": _sentence(column, grid, answers, y_label, percent=percent),
            }
        )
    return found


def _answers(
    predict: Callable[[Columns], Floats], rows: Columns, name: str, grid: Grid, readout: Readout, stop: Stop
) -> list[float] | None:
    """Return the average answer at each value of the grid, or None where `stop` ended it."""
    answers = []
    for values in grid.values:
        if stop():
            return None
        P = predict(Columns({**rows, name: values}, rows.rows))
        answers.append(float(np.mean(readout(P))))
    return answers


def grid_of(values: Values, column: Column, rows: int, *, points: int = POINTS, levels: int = LEVELS) -> Grid | None:
    """Return the values to set, each on so many rows, or None where there is nothing to draw.

    At most so many `points` of numbers, so many `levels` of categories.
    """
    if isinstance(values, Coded):
        return None if column.kind in {"text", "id"} else _levels(values, rows, levels)
    known = values[np.isfinite(values)]
    distinct = np.unique(known)
    if len(distinct) < 2:
        return None
    if column.kind == "boolean":
        return _booleans(values, rows)
    places = distinct if len(distinct) <= points else np.unique(_quantiles(known, column, points))
    if len(places) < 2:
        return None
    middles = (places[1:] + places[:-1]) / 2.0
    count = np.bincount(np.searchsorted(middles, known), minlength=len(places))
    shown = [_shown(place, column) for place in places.tolist()]
    # A date is drawn by its name, in order: an axis of epoch seconds says nothing to anybody.
    return Grid(column.kind != "datetime", shown, [np.full(rows, place) for place in places], count.tolist())


def _quantiles(known: Floats, column: Column, points: int) -> Floats:
    """Return the quantiles at which a column with many values is looked at; whole numbers stay whole."""
    # From the 1 % to the 99 % point: at the very ends stand single, odd values.
    places = np.quantile(known, np.linspace(0.01, 0.99, points))
    quantiles: Floats = np.round(places) if column.kind == "integer" else places
    return quantiles


def _levels(values: Coded, rows: int, most: int) -> Grid | None:
    """Return the most frequent levels of a category, missing among them where it is frequent."""
    counts = np.bincount(values.codes + 1, minlength=len(values.values) + 1)
    order = [int(code) for code in np.argsort(-counts, kind="stable")[:most] if counts[code]]
    if len(order) < 2 or counts[order].sum() < 0.05 * counts.sum():
        return None
    return Grid(
        ordered=False,
        shown=[MISSING if code == 0 else values.values[code - 1] for code in order],
        values=[Coded(np.full(rows, code - 1, dtype=np.int32), values.values) for code in order],
        count=[int(counts[code]) for code in order],
    )


def _booleans(values: Floats, rows: int) -> Grid:
    """Return no, yes, and missing where there is such."""
    found: list[tuple[str, float, NDArray[np.bool_]]] = [
        ("no", 0.0, values == 0.0),
        ("yes", 1.0, values == 1.0),
        (MISSING, np.nan, np.isnan(values)),
    ]
    kept = [(shown, value, int(among.sum())) for shown, value, among in found if among.any()]
    return Grid(
        ordered=False,
        shown=[shown for shown, _, _ in kept],
        values=[np.full(rows, value) for _, value, _ in kept],
        count=[count for _, _, count in kept],
    )


def _shown(point: float, column: Column) -> float | str:
    """Return a value as it stands on the axis."""
    if column.kind != "datetime":
        return point
    try:
        return datetime.fromtimestamp(point, tz=UTC).strftime("%Y-%m-%d")
    except (OverflowError, OSError, ValueError):
        return wording.number(point)


def _sentence(column: Column, grid: Grid, answers: Sequence[float], y_label: str, *, percent: bool) -> str:
    """Say in words what the drawing shows: from where to where, and whether it turns on the way."""

    def told(value: float) -> str:
        return wording.percent(value) if percent else wording.number(value)

    low, high = int(np.argmin(answers)), int(np.argmax(answers))
    across = answers[high] - answers[low]
    if across <= 1e-9 * max(1.0, abs(answers[high])):
        return f"Changing {column.name!r} alone does not move the {y_label} on average."
    if not grid.ordered and column.kind != "datetime":
        return (
            f"The {y_label} is highest where {column.name!r} is {grid.shown[high]} ({told(answers[high])} on average) "
            f"and lowest where it is {grid.shown[low]} ({told(answers[low])})."
        )
    first, last = answers[0], answers[-1]
    ends = f"as {column.name!r} goes from {axis_value(grid.shown[0])} to {axis_value(grid.shown[-1])}"
    # Seasons may end far from where they began, and yet neither rise nor fall.
    if abs(last - first) >= 0.7 * across and np.sum(np.abs(np.diff(answers))) <= 2.0 * across:
        direction = "rises" if last > first else "falls"
        return f"The {y_label} {direction} from {told(first)} to {told(last)} {ends}."
    return (
        f"The {y_label} goes up and down {ends}: lowest ({told(answers[low])}) at {axis_value(grid.shown[low])}, "
        f"highest ({told(answers[high])}) at {axis_value(grid.shown[high])}."
    )


def axis_value(shown: float | str) -> str:
    """Return a value on the axis as it stands in a sentence."""
    if isinstance(shown, str):
        return shown
    return f"{shown:,.0f}" if shown == round(shown) and abs(shown) < 1e15 else wording.number(shown)

"""Reading a target: raw values to class positions or numbers, and class positions back to labels.

Every distinct raw value is read once, by the same reader as all other columns; training needs Polars, predicting does
not come here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import DataError
from mlwright.schema import Column
from mlwright.tasks.base import Floats, Label, Target
from mlwright.values import as_text, parse_number, read_value

if TYPE_CHECKING:
    import polars as pl

Key = float | str
PLAIN = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")


def known(values: pl.Series, column: Column) -> NDArray[np.bool_]:
    """Return which raw values are there and can be read: the rows that can teach or judge."""
    raw, positions = _distinct(values)
    there = np.array([_key(value, column) is not None for value in raw], dtype=np.bool_)
    return there[positions]


def count_distinct(values: pl.Series, column: Column) -> int:
    """Return the number of different known values, as the column reads them."""
    raw, _ = _distinct(values)
    return len({key for value in raw if (key := _key(value, column)) is not None})


def read_classes(values: pl.Series, column: Column) -> Target:
    """Return class positions and labels in sorted order (numbers by size). Raises DataError where one is missing."""
    raw, positions = _distinct(values)
    counts = np.bincount(positions, minlength=len(raw))
    spellings: dict[Key, tuple[int, str, Any]] = {}
    keys: list[Key] = []
    for value, count in zip(raw, counts, strict=True):
        key = _key(value, column)
        if key is None:
            raise _unreadable(column, value, positions, len(keys))
        keys.append(key)
        # A class is called by its most frequent spelling; the alphabet decides where two are as frequent.
        spelling = (-int(count), str(value), value)
        spellings[key] = min(spellings.get(key, spelling), spelling, key=lambda entry: entry[:2])
    # A number is its own label where it is written plainly: "1" and "1.0" are one class, but "$5" stays "$5".
    plain = column.kind in {"number", "integer"} and all(
        not isinstance(v, str) or PLAIN.fullmatch(v.strip()) for v in raw
    )
    written = list(spellings) if plain else [entry[2] for entry in spellings.values()]
    labels = _labels(written)
    by_label = sorted(zip(labels, spellings, strict=True), key=lambda pair: pair[0])
    place = {key: position for position, (_, key) in enumerate(by_label)}
    codes = np.array([place[key] for key in keys], dtype=np.float64)
    return Target(codes[positions], tuple(label for label, _ in by_label))


def read_known_classes(values: Sequence[object], column: Column, classes: tuple[Label, ...]) -> Floats:
    """Return class positions of raw values of new rows; NaN where a value is missing or of no known class."""
    place = {_key(label, column): float(position) for position, label in enumerate(classes)}
    place.pop(None, None)
    return _each(values, lambda value: place.get(_key(value, column), float("nan")))


def read_numbers(values: pl.Series, column: Column) -> Floats:
    """Return the numbers of a target. Raises DataError where one cannot be read as a number."""
    raw, positions = _distinct(values)
    numbers = np.array([_number(value, column) for value in raw], dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(numbers))
    if len(bad):
        raise _unreadable(column, raw[bad[0]], positions, int(bad[0]))
    return numbers[positions]


def read_known_numbers(values: Sequence[object], column: Column) -> Floats:
    """Return the numbers of raw values of new rows; NaN where there is none."""
    return _each(values, lambda value: _number(value, column))


def _each(values: Sequence[object], read: Callable[[object], float]) -> Floats:
    seen: dict[tuple[type, object], float] = {}
    numbers = np.empty(len(values))
    for position, value in enumerate(values):
        # 1, 1.0 and True are equal in Python but are not the same raw value.
        key = (type(value), value)
        try:
            numbers[position] = seen[key] if key in seen else seen.setdefault(key, read(value))
        except TypeError:  # a list or a dict: nothing that can be looked up
            numbers[position] = read(value)
    return numbers


def _key(value: object, column: Column) -> Key | None:
    key = read_value(value, column)
    return None if isinstance(key, float) and not np.isfinite(key) else key


def _number(value: object, column: Column) -> float:
    key = read_value(value, column)
    if isinstance(key, str):
        # The column was taken for categories or identifiers, yet a number is asked for.
        key = parse_number(key, column.decimal)
    return float("nan") if key is None or not np.isfinite(key) else float(key)


def _distinct(values: pl.Series) -> tuple[list[Any], NDArray[np.intp]]:
    """Return the distinct raw values in order of appearance, and for each row which it has."""
    import polars as pl

    if values.dtype == pl.Object:
        values = pl.Series(values.name, [as_text(value) for value in values.to_list()], dtype=pl.String)
    elif values.dtype in {pl.Categorical, pl.Enum}:
        values = values.cast(pl.String)
    elif values.dtype.is_decimal():
        values = values.cast(pl.Float64)
    distinct = values.unique(maintain_order=True)
    ranks = distinct.to_frame("value").with_row_index("position")
    joined = values.to_frame("value").join(ranks, on="value", how="left", nulls_equal=True, maintain_order="left")
    return distinct.to_list(), joined["position"].to_numpy().astype(np.intp)


def _labels(spellings: Sequence[Any]) -> list[Label]:
    """Return labels as the target has them: whole numbers as int, true and false as bool, else the text as written.

    >>> _labels(["0", "1"]), _labels([" yes", "no"]), _labels([1.0, 2.0]), _labels(["007", "1"])
    ([0, 1], ['yes', 'no'], [1, 2], ['007', '1'])
    """
    if all(isinstance(value, bool) for value in spellings):
        return list(spellings)
    if all(isinstance(value, int | float) for value in spellings):
        whole = all(float(value).is_integer() for value in spellings)
        return [int(value) if whole else float(value) for value in spellings]
    texts = [str(value).strip() if isinstance(value, str) else as_text(value) or "" for value in spellings]
    if all(WHOLE.fullmatch(text) for text in texts):
        return [int(text) for text in texts]
    return list(texts)


def _unreadable(column: Column, value: object, positions: NDArray[np.intp], distinct: int) -> DataError:
    count = int(np.sum(positions == distinct))
    rows = "one row" if count == 1 else f"{count:,} rows"
    return DataError(
        f"The target {column.name!r} has {value!r} in {rows}, which cannot be read as {_wanted(column)}.",
        hint="--task multiclass predicts words; or correct these rows, or leave them empty.",
    )


def _wanted(column: Column) -> str:
    return "a yes or a no" if column.kind == "boolean" else "a number"

"""What every injector of the exam shares: what it returns, how it chooses a column and rows, and how cells are written.

An injector takes a clean table and a random generator and returns an Injected, or None where the error cannot be made
in that table so that a person could see it. It never changes what it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import polars as pl
from exam_tables import Clean
from numpy.typing import NDArray

Rows = NDArray[np.intp]
Rng = np.random.Generator
T = TypeVar("T")

FEWEST_ROWS = 5
"""An error that repeats is in so many rows at least."""
DIFFERENT_NUMBERS = 30
"""A column with so many different numbers measures something; fewer could be codes or answers."""


@dataclass(frozen=True)
class Injected:
    """A dirty table, the table as it was before, and where the error lies."""

    before: pl.DataFrame
    """The clean table; with a planted column where the error needs one."""
    frame: pl.DataFrame
    columns: tuple[str, ...] = ()
    """A finding that names one of these names the right column; empty where the error is of rows or the table."""
    rows: Rows | None = None
    """The rows of the dirty table whose cells, or that themselves, are wrong; None for whole columns and tables."""
    twins: Rows | None = None
    """For each row that repeats another one: that other one, which is just as right to name."""
    note: str = ""
    """One example, for people."""


@dataclass(frozen=True)
class Error:
    """One kind of error: how it is made, and which kinds of Finding tell of it."""

    inject: Callable[[Clean, Rng], Injected | None]
    accepts: tuple[str, ...]
    """Words: a Finding whose kind holds one of them tells of this error."""


def numbers(frame: pl.DataFrame, name: str) -> NDArray[np.float64]:
    """Return the numbers of a column; NaN where there is none."""
    return frame[name].cast(pl.Float64, strict=False).fill_null(float("nan")).to_numpy().astype(np.float64)


def measured(table: Clean, *, different: int = DIFFERENT_NUMBERS) -> list[str]:
    """Return the columns of amounts: nearly all numbers, many different ones, no codes, not the target."""
    return [
        name
        for name in table.frame.columns
        if name != table.target and (values := known(table, name)) is not None and len(np.unique(values)) >= different
    ]


def known(table: Clean, name: str) -> NDArray[np.float64] | None:
    """Return the numbers of a column that holds nothing else, without what is missing; None for others."""
    present = table.frame[name].drop_nulls()
    values = numbers(table.frame, name)
    values = values[np.isfinite(values)]
    enough = (
        len(present) >= 50 and len(values) >= 0.98 * (len(present) - _gaps(present)) and not _is_code(name, present)
    )
    return values if enough and len(values) else None


def _gaps(present: pl.Series) -> int:
    return int(present.str.strip_chars().is_in(["", "NA", "NaN", "nan", "?", "None", "null", "<NA>"]).sum())


def _is_code(name: str, present: pl.Series) -> bool:
    """Tell whether numbers name things: their names say so, they begin with 0, or each row has its own in order."""
    words = set(name.lower().replace("-", "_").replace(".", "_").split("_"))
    codes = {"id", "zip", "code", "fips", "phone", "index", "year", "month", "day", "hour", "minute", "date", "time"}
    coded = bool(words & codes) or name.lower().endswith(("id", "code", "zip", "year", "number", "num"))
    return coded or bool(present.str.contains("^0[0-9]").any())


def categories(table: Clean, *, fewest: int = 2, most: int = 200, letters: int = 3) -> dict[str, pl.DataFrame]:
    """Return the columns of words that repeat, other than the target, with their texts and counts."""
    found = {}
    for name in table.frame.columns:
        if name == table.target:
            continue
        texts = table.frame[name].drop_nulls()
        if not fewest <= texts.n_unique() <= min(most, max(len(texts) // 4, 1)):
            continue
        counted = texts.value_counts(sort=True).rename({name: "text"})
        wordy = counted["text"].str.contains(rf"\p{{L}}{{{letters},}}")
        if counted["count"].filter(wordy).sum() >= 0.9 * len(texts):
            found[name] = counted
    return found


def some_rows(rng: Rng, allowed: NDArray[np.bool_], low: float, high: float, among: int | None = None) -> Rows | None:
    """Draw a share of the allowed rows, or of `among`, between low and high; None where too few are allowed."""
    places = np.flatnonzero(allowed)
    among = len(places) if among is None else among
    count = max(round(rng.uniform(low, high) * among), FEWEST_ROWS)
    if len(places) < 2 * count or count > max(high, 0.01) * among + 1:
        return None
    return np.sort(rng.choice(places, count, replace=False)).astype(np.intp)


def shuffled(rng: Rng, items: Sequence[T]) -> Iterator[T]:
    """Yield the items in random order."""
    for place in rng.permutation(len(items)):
        yield items[place]


def with_cells(frame: pl.DataFrame, name: str, rows: Rows, texts: Sequence[str | None]) -> pl.DataFrame:
    """Return the frame with other cells in one column."""
    return frame.with_columns(frame[name].clone().scatter(rows, pl.Series(texts, dtype=pl.String)))


def changed(table: Clean, name: str, rows: Rows, texts: Sequence[str | None]) -> Injected:
    """Return the table with these cells of one column changed, and an example of what was done."""
    old = table.frame[name][int(rows[0])]
    frame = with_cells(table.frame, name, rows, texts)
    return Injected(table.frame, frame, (name,), rows, note=f"{len(rows)} cells such as {old!r} -> {texts[0]!r}")


def planted(table: Clean, columns: Mapping[str, Sequence[str | None]]) -> Clean:
    """Return the table with columns more, at the end, with names that no other column has."""
    taken = set(table.frame.columns)
    new = [pl.Series(name if name not in taken else f"{name}_x", list(texts), dtype=pl.String)
           for name, texts in columns.items()]  # fmt: skip
    return Clean(table.frame.with_columns(new), table.target, table.name)


def written(value: float, like: str = "") -> str:
    """Write a number as a program would that keeps as many decimals as the old text has, or more where it must."""
    decimals = len(like.split(".")[1]) if "." in like else 0
    text = f"{value:.{decimals}f}"
    return text if abs(float(text) - value) <= 0.005 * abs(value) else f"{value:.4g}"

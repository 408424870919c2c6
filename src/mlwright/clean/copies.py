"""Columns that hold the same in every row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.schema import Schema


def equal_columns(frame: pl.DataFrame, names: Sequence[str]) -> list[list[str]]:
    """Return groups of two or more columns with equal values in every row, each in the frame's order.

    >>> equal_columns(pl.DataFrame({"a": [1, 2], "b": [2, 1], "c": [1, 2]}), ["a", "b", "c"])
    [['a', 'c']]
    """
    alike: dict[tuple[str, int], list[list[str]]] = {}
    for name in names:
        series = frame[name]
        groups = alike.setdefault((str(series.dtype), _fingerprint(series)), [])
        for group in groups:
            if _same(frame[group[0]], series):
                group.append(name)
                break
        else:
            groups.append([name])
    return [group for groups in alike.values() for group in groups if len(group) > 1]


def copies_of(frame: pl.DataFrame, name: str, among: Sequence[str], *, fewest: int = 30) -> list[str]:
    """Return the columns that hold what the named one holds wherever that is known, in `fewest` rows at least.

    >>> copies_of(pl.DataFrame({"a": [1, None], "b": [1, 5], "c": [2, 2]}), "a", ["b", "c"], fewest=1)
    ['b']
    """
    series = frame[name]
    known = series.is_not_null()
    part = series.filter(known)
    if len(part) < fewest:
        return []
    head = part.head(100)
    found = []
    for other in among:
        twin = frame[other]
        # Most columns differ at once: look at a few rows before all of them.
        if twin.dtype == series.dtype and _same(twin.filter(known).head(100), head) and _same(twin.filter(known), part):
            found.append(other)
    return found


def _same(one: pl.Series, other: pl.Series) -> bool:
    return bool(one.equals(other, check_names=False, null_equal=True))


def _fingerprint(series: pl.Series) -> int:
    """Return a number that is equal for equal columns and hardly ever for others; the order of rows counts."""
    if series.dtype in {pl.Object, pl.Null} or series.dtype.is_nested():
        return 0
    hashed = series.hash(0)
    return int((hashed % 1_000_003 * (pl.int_range(len(series), dtype=pl.UInt64, eager=True) % 1_000_003 + 1)).sum())


def copied_rows(frame: pl.DataFrame, schema: Schema) -> NDArray[np.intp] | None:
    """Return a number for each row, the same for rows that are copies; None where there are none to speak of.

    Rows of few short columns are alike by chance. They count as copies where chance would make fewer than a twentieth
    of the pairs there are: the chance of a pair is the product of the columns' chances that two values are equal.
    """
    names = [column.name for column in schema if column.kind != "id" and _comparable(frame[column.name].dtype)]
    if not names or frame.height < 2:
        return None
    hashed = frame.select(names).hash_rows(seed=0)
    if hashed.n_unique() == frame.height:
        return None
    sizes = hashed.value_counts()["count"].to_numpy().astype(np.float64)
    pairs = float((sizes * (sizes - 1)).sum() / 2)
    by_chance = frame.height * (frame.height - 1) / 2.0
    for name in names:
        shares = frame[name].value_counts()["count"].to_numpy() / frame.height
        by_chance *= float((shares**2).sum())
    if by_chance > pairs / 20:
        return None
    return np.unique(hashed.to_numpy(), return_inverse=True)[1].astype(np.intp)


def repeated_rows(frame: pl.DataFrame, names: Sequence[str]) -> NDArray[np.bool_]:
    """Tell of each row whether it holds in these columns what an earlier row holds.

    >>> repeated_rows(pl.DataFrame({"a": [1, 2, 1], "b": [3, 3, 3]}), ["a", "b"]).tolist()
    [False, False, True]
    """
    names = [name for name in names if _comparable(frame[name].dtype)]
    if not names or frame.height < 2:
        return np.zeros(frame.height, dtype=np.bool_)
    hashed = frame.select(names).hash_rows(seed=0)
    return ~hashed.is_first_distinct().to_numpy()


def _comparable(dtype: pl.DataType) -> bool:
    return dtype != pl.Object and not dtype.is_nested()

"""What yes/no questions and questions of several classes have in common."""

from __future__ import annotations

import numpy as np

from mlwright.errors import DataError
from mlwright.findings import Finding
from mlwright.schema import Column
from mlwright.tasks.base import Floats, Target
from mlwright.values import parse_number

MOST_CLASSES = 200
FEW = 50
"""Rows of a class below which little can be learned of it."""
RARE = 5


def shares(target: Target, weight: Floats | None) -> Floats:
    """Return the (weighted) share of each class."""
    counts = np.bincount(target.y.astype(np.intp), weights=weight, minlength=len(target.classes)).astype(np.float64)
    total = counts.sum()
    return counts / total if total > 0 else np.full(len(counts), 1 / len(counts))


def refuse_what_cannot_be_learned(target: Target, column: Column) -> None:
    """Raise DataError where there are no two classes to tell apart."""
    rows = len(target.y)
    if rows == 0:
        raise DataError(
            f"The target {column.name!r} is missing in every row: there is nothing to learn from.",
            hint="name another column with --target.",
        )
    if rows == 1:
        raise DataError(f"Only one row has a known target {column.name!r}: nothing can be learned from one row.")
    if len(target.classes) == 1:
        raise DataError(
            f"The target {column.name!r} has only one value, {target.classes[0]!r}, in all {rows:,} rows: "
            "there is nothing to learn to tell apart.",
            hint="name another column with --target, or give rows in which it differs.",
        )


def are_numbers(target: Target, column: Column) -> bool:
    """Return whether the classes can all be read as numbers, so that a number could be predicted instead."""
    return all(parse_number(str(label), column.decimal) is not None for label in target.classes)


def listed(values: tuple[object, ...], most: int = 5) -> str:
    """Return values as they are written in a sentence.

    >>> listed(("a", "b"), 1)
    "'a', ..."
    """
    return ", ".join(repr(value) for value in values[:most]) + (", ..." if len(values) > most else "")


def rare_class_findings(target: Target) -> tuple[Finding, ...]:
    """Return one finding for classes that have hardly any rows."""
    counts = np.bincount(target.y.astype(np.intp), minlength=len(target.classes))
    single = tuple(target.classes[position] for position in np.flatnonzero(counts == 1))
    few = tuple(target.classes[position] for position in np.flatnonzero((counts > 1) & (counts < RARE)))
    found = []
    if single:
        what = "value" if len(single) == 1 else "values"
        found.append(
            Finding(
                kind="single_row_class",
                message=f"{len(single)} {what} of the target ({listed(single)}) stand in one row each: the model "
                "cannot be judged on them.",
                severity="warning",
                repair="Merge rare values into one, or give more rows of them.",
            )
        )
    if few:
        found.append(
            Finding(
                kind="rare_class",
                message=f"{len(few)} of {len(counts)} values of the target ({listed(few)}) have fewer than "
                f"{RARE} rows each: what is said of them is little more than a guess.",
                severity="warning",
                repair="Merge rare values into one, or give more rows of them.",
            )
        )
    return tuple(found)

"""How much somebody liked what they took: ratings on a scale, told apart from counts, amounts and yes-or-no."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.clean.reading.infer import infer_with_findings
from mlwright.columns import Coded, read_series
from mlwright.errors import ColumnError
from mlwright.findings import Finding, percent
from mlwright.schema import Column
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.vocabulary import says_taken

MOST_LEVELS = 101
BEYOND = 1e15
"""No rating is so large a number."""
RARE = 0.01
TOPS = (5.0, 7.0, 10.0)
"""Where scales of stars and marks end."""
UNRATED = (-1.0, 0.0)
"""What logs write for "taken, but not rated": below a scale that begins at 1."""


@dataclass(frozen=True, slots=True)
class Ratings:
    """(n,) ratings, NaN where one is not known (None: no ratings), and which rows say that something was taken."""

    values: Floats | None
    column: Column
    taken: NDArray[np.bool_] | None = None
    """(n,) False where the row says that something was shown, or given back, and not taken; None where all were."""
    findings: tuple[Finding, ...] = ()
    assumptions: tuple[str, ...] = ()


def read_ratings(series: pl.Series) -> Ratings:
    """Read a column of ratings. Raises ColumnError where it holds no numbers."""
    column, values = _numbers(series)
    known = values[~np.isnan(values)]
    levels, counts = np.unique(known, return_counts=True)
    if len(levels) == 2 and levels.tolist() == [0.0, 1.0] and says_taken(series.name):
        return _shown(column, values)
    levels, counts, values, unrated = _without_unrated(levels, counts, values)
    values, off, strays = _on_scale(levels, counts, values)
    known = values[~np.isnan(values)]
    findings = [*_scale_findings(column.name, unrated, off, strays, len(values))]
    if len(np.unique(known)) <= 1:
        only = f"{known[0]:g} in every row" if len(known) else "empty"
        findings.append(
            Finding(
                kind="one_rating",
                columns=(column.name,),
                message=f"The ratings in {column.name!r} are {only}: they say that something was taken, not how much it"
                " was liked.",
                repair="Learn from what was taken alone.",
                applied=True,
            )
        )
        return Ratings(None, column, findings=tuple(findings))
    if len(np.unique(known)) > MOST_LEVELS:
        findings.append(_no_scale(column.name, known))
    return Ratings(values, column, findings=tuple(findings), assumptions=_said(column.name, known))


def read_amounts(series: pl.Series) -> Floats:
    """Read a column of counts or measures as (n,) numbers, NaN where one is not known."""
    return _numbers(series)[1]


def taken_amounts(amounts: Floats) -> NDArray[np.bool_] | None:
    """Return which amounts say that something was taken: more than 0; None where all do."""
    taken = ~(amounts <= 0)
    return None if taken.all() else np.asarray(taken, dtype=np.bool_)


def shown_or_taken(series: pl.Series) -> NDArray[np.bool_] | None:
    """Return which rows say that something was taken, where a column whose name asks for it has only 0 or only 1."""
    values = _numbers(series)[1]
    if not says_taken(series.name) or not np.isin(values[~np.isnan(values)], (0.0, 1.0)).all():
        return None
    return np.asarray(values != 0.0, dtype=np.bool_)


def _numbers(series: pl.Series) -> tuple[Column, Floats]:
    column, _ = infer_with_findings(series)
    if not column.is_float and column.kind != "datetime":
        column = Column(name=series.name, kind="number")
    values = read_series(series, column)
    numbers = np.full(len(series), np.nan) if isinstance(values, Coded) else values
    if column.kind == "datetime" or (len(numbers) and np.isnan(numbers).all() and series.null_count() < len(series)):
        sample = next(iter(series.drop_nulls().head(1).to_list()), None)
        raise ColumnError(
            f"The rating column {series.name!r} holds no numbers, but for example {sample!r}.",
            hint="name a column of numbers with --rating, or --rating none where nothing was rated.",
        )
    return column, np.where(np.abs(numbers) < BEYOND, numbers, np.nan)


def _shown(column: Column, values: Floats) -> Ratings:
    """Read 0 as shown and not taken: such a row is no interaction."""
    taken = ~(values == 0.0)
    share = float((~taken).mean())
    sentence = (
        f"{column.name!r} is read as whether something was taken: the {percent(share)} of rows with 0 were shown and"
        " not taken, and are left out."
    )
    return Ratings(None, column, taken=np.asarray(taken, dtype=np.bool_), assumptions=(sentence,))


def _without_unrated(
    levels: Floats, counts: NDArray[np.intp], values: Floats
) -> tuple[Floats, NDArray[np.intp], Floats, int]:
    """Take -1, and a 0 that stands below a scale from 1 and is its most frequent level, for "not rated"."""
    unrated = 0
    for mark in UNRATED:
        if len(levels) < 3 or levels[0] != mark or levels[1] < (0.0 if mark < 0 else 1.0):
            continue
        if mark == 0.0 and counts[0] <= counts[1:].max():
            continue
        values = np.where(values == mark, np.nan, values)
        unrated += int(counts[0])
        levels, counts = levels[1:], counts[1:]
    return levels, counts, values, unrated


def _on_scale(levels: Floats, counts: NDArray[np.intp], values: Floats) -> tuple[Floats, Floats, int]:
    """Leave out the few ratings far outside the others: 55 among 1 to 5. Return values, what is gone, how often."""
    common = levels[counts >= RARE * counts.sum()] if len(levels) else levels
    if not 2 <= len(common) <= MOST_LEVELS:
        return values, np.empty(0), 0
    step = float(np.diff(common).max())
    off = levels[(levels < common[0] - step) | (levels > common[-1] + step) | ((levels < 0) & (common[0] >= 0))]
    off = off[~_of_stars(off, common)]
    strays = np.isin(values, off)
    return np.where(strays, np.nan, values), off, int(strays.sum())


def _of_stars(levels: Floats, common: Floats) -> NDArray[np.bool_]:
    """Tell which levels belong to a scale of stars or marks that the common ones show: 0.5 to 5, 1 to 7, 1 to 10."""
    halves = bool((common % 1.0 != 0).any())
    if common[-1] not in TOPS or common[0] < 0 or (common * 2 % 1.0 != 0).any():
        return np.zeros(len(levels), dtype=np.bool_)
    step = 0.5 if halves else 1.0
    return np.asarray((levels >= step) & (levels <= common[-1]) & (levels % step == 0))


def _scale_findings(name: str, unrated: int, off: Floats, strays: int, rows: int) -> list[Finding]:
    found = []
    if unrated:
        found.append(
            Finding(
                kind="not_rated",
                columns=(name,),
                message=f"{unrated:,} of {rows:,} rows ({percent(unrated / rows)}) have a {name!r} below the scale (0"
                " or -1), as logs write it where something was taken and not rated: taken, with no rating known.",
                repair="Take the rating for not known.",
                applied=True,
            )
        )
    if len(off):
        shown = ", ".join(f"{value:g}" for value in off[:3])
        found.append(
            Finding(
                kind="ratings_off_scale",
                columns=(name,),
                message=f"{strays:,} of {rows:,} ratings in {name!r} lie far outside the others (for example {shown}):"
                " the rows count as taken, with no rating known.",
                severity="warning",
                repair="Take the rating for not known.",
                applied=True,
            )
        )
    return found


def _no_scale(name: str, known: Floats) -> Finding:
    return Finding(
        kind="ratings_without_scale",
        columns=(name,),
        message=f"{name!r} has {len(np.unique(known)):,} different values from {known.min():g} to {known.max():g}: more"
        " like a count or an amount than a rating; it was named as the rating, so larger is read as liked more.",
        severity="warning",
        repair="--rating none learns from what was taken alone.",
    )


def _said(name: str, known: Floats) -> tuple[str, ...]:
    """Say what low ratings are taken for, with how many there are."""
    low, high = float(known.min()), float(known.max())
    below = float((known < (low + high) / 2).mean())
    sentence = (
        f"A row counts as taken whatever its rating is; {percent(below)} of the ratings in {name!r} lie in the lower"
        f" half of {low:g} to {high:g}, and say that it was liked less."
    )
    return (sentence,)

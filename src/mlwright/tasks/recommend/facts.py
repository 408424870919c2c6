"""What a column of a log holds, as far as it takes to tell ids, moments and ratings apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from mlwright.clean.reading.infer import infer_column
from mlwright.columns import Coded, read_series
from mlwright.tasks.recommend.moments import DAY, FIRST, LAST, numbers_of, read_moments, sheet_days
from mlwright.tasks.recommend.vocabulary import says_item, says_rating, says_taken, says_time_of_event, says_user
from mlwright.values.times import EPOCHS

Known = np.ndarray[tuple[int, ...], np.dtype[np.float64]]
LOOKED_AT = 20_000
TEXTS_LOOKED_AT = 2_000
COUNTED_ROUGHLY = 200_000
PAIRS_LOOKED_AT = 200_000
MOST_LEVELS = 101
FEWEST_IDS = 10
FEWEST_DATES = 50
LONGEST_ID = 120
"""Texts that are longer on average are prose: nobody writes ids so."""
FEWEST_CHANCES = 10
SLIPS = 0.02
"""So small a share of rows may contradict what one column determines of another."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What was found out about one column."""

    name: str
    distinct: int
    is_id_like: bool
    """It could hold ids: whole numbers or short texts that are no moments."""
    repeats: bool
    """Its values come again and again, and there are at least ten."""
    holds_moments: bool
    dated: bool
    """It holds moments whatever its name says."""
    is_number: bool
    has_levels: bool
    """There are so few different numbers that they can be a scale."""
    on_a_scale: bool
    """The numbers are those of stars or marks: 1 to 5, 0.5 to 5, 1 to 10."""
    says_taken: bool
    """It holds 0 and 1 and its name says that they tell whether something was taken."""


def facts_of(series: pl.Series) -> Facts:
    """Look at one column."""
    present = len(series) - series.null_count()
    nested = series.dtype.is_nested() or series.dtype in {pl.Object, pl.Binary}
    distinct = 0 if nested else _distinct(series)
    numbers = None if nested else _some_numbers(series)
    known = np.empty(0) if numbers is None else numbers[np.isfinite(numbers)]
    levels = _levels(known)
    moments, dated = (False, False) if nested else _moments(series, known, distinct)
    scale = len(levels) >= 3 and _is_scale(levels)
    whole = numbers is None or bool((known == np.floor(known)).all())
    return Facts(
        name=series.name,
        distinct=distinct,
        is_id_like=not nested and whole and not _is_dated_alone(series.name, dated=dated) and _is_short(series),
        repeats=distinct >= FEWEST_IDS and present >= 1.2 * distinct and not scale,
        holds_moments=moments,
        dated=dated,
        is_number=len(known) > 0,
        has_levels=0 < len(levels) <= MOST_LEVELS,
        on_a_scale=scale,
        says_taken=levels.tolist() == [0.0, 1.0] and says_taken(series.name),
    )


def _some_numbers(series: pl.Series) -> Known | None:
    """Return the numbers of rows spread over a column; ratings may be written "4,5" or "4 stars"."""
    sample = series.gather_every(max(1, len(series) // LOOKED_AT))
    numbers = numbers_of(sample)
    if numbers is not None or says_rating(series.name) == 0 or series.dtype != pl.String:
        return numbers
    column = infer_column(sample)
    values = read_series(sample, column)
    return values if column.kind in {"number", "integer", "boolean"} and not isinstance(values, Coded) else None


def _distinct(series: pl.Series) -> int:
    """Return the number of different values, within a few percent where there are very many rows."""
    values = series.drop_nulls()
    return (
        values.n_unique()
        if len(values) <= COUNTED_ROUGHLY
        else int(values.to_frame().select(pl.all().approx_n_unique()).item())
    )


def _levels(known: Known) -> Known:
    """Return the different numbers without the rarest, which may be slips: together at most 2 %."""
    levels, counts = np.unique(known, return_counts=True)
    if not 0 < len(levels) <= 4 * MOST_LEVELS:
        return np.empty(0)
    order = np.argsort(-counts, kind="stable")
    enough = int(np.searchsorted(counts[order].cumsum(), 0.98 * len(known))) + 1
    return np.sort(levels[order[:enough]])


def _is_dated_alone(name: str, *, dated: bool) -> bool:
    return dated and says_user(name) <= 0 and says_item(name) <= 0


def _is_short(series: pl.Series) -> bool:
    if series.dtype.is_temporal() or series.dtype == pl.Boolean:
        return False
    if series.dtype != pl.String:
        return True
    mean = series.head(LOOKED_AT).str.len_chars().mean()
    return not isinstance(mean, float) or mean <= LONGEST_ID


def _moments(series: pl.Series, known: Known, distinct: int) -> tuple[bool, bool]:
    """Tell whether a column holds moments, and whether that is so whatever its name says."""
    if series.dtype.is_temporal():
        return (dated := series.dtype.base_type() in {pl.Date, pl.Datetime}), dated
    if series.dtype == pl.Boolean:
        return False, False
    said = says_time_of_event(series.name) > 0
    if said and sheet_days(series) is not None:
        return True, distinct >= FEWEST_DATES
    if len(known):
        low, high = np.quantile(known, [0.02, 0.98])
        epoch = any(low / scale >= FIRST and high / scale < LAST for scale in EPOCHS.values())
        named_id = says_user(series.name) > 0 or says_item(series.name) > 0
        return said or (epoch and not named_id), epoch and not named_id and distinct >= FEWEST_DATES
    step = max(1, len(series) // TEXTS_LOOKED_AT)
    texts = series.cast(pl.String).gather_every(step)
    texts = texts.set(~texts.str.contains("[0-9]"), None)
    column = infer_column(texts)
    dated = column.kind == "datetime"
    return dated or (said and column.kind == "constant" and column.distinct == 1), dated


def _is_scale(levels: Known) -> bool:
    halves = bool((levels * 2 == np.floor(levels * 2)).all())
    whole = bool((levels == np.floor(levels)).all())
    stars = halves and levels[0] >= 0.5 and levels[-1] == 5
    return bool(stars or (whole and levels[0] >= 0 and levels[-1] in {5.0, 7.0, 10.0}))


def determines(frame: pl.DataFrame, one: str, other: str) -> bool:
    """Tell whether all rows with the same value of one column have the same value of the other: an item, its title."""
    pairs = _some(frame.select(pl.col(one).alias("one"), pl.col(other).alias("other")).drop_nulls())
    counts = pairs.group_by("one", "other").len().group_by("one").agg(pl.sum("len").alias("all"), pl.max("len"))
    chances = pairs.height - counts.height
    return chances >= FEWEST_CHANCES and int((counts["all"] - counts["len"]).sum()) <= SLIPS * chances


def same(frame: pl.DataFrame, one: str, other: str) -> bool:
    """Tell whether two columns name the same things in two ways."""
    return determines(frame, one, other) and determines(frame, other, one)


def _some(pairs: pl.DataFrame) -> pl.DataFrame:
    """Return all rows of some of the values of a column, where looking at all rows would take long."""
    part = pairs.height // PAIRS_LOOKED_AT
    return pairs if part < 2 else pairs.filter(pl.col("one").hash(seed=0) % part == 0)


def same_moments(frame: pl.DataFrame, one: str, other: str) -> bool:
    """Tell whether two columns of times run side by side, within a day and a half: a moment and its day."""
    step = max(1, frame.height // LOOKED_AT)
    read = [read_moments(frame[name].gather_every(step), now=float("inf")) for name in (one, other)]
    if read[0] is None or read[1] is None:
        return False
    apart = read[0].seconds - read[1].seconds
    apart = apart[~np.isnan(apart)]
    return len(apart) > 0 and float((np.abs(apart - np.median(apart)) <= 1.5 * DAY).mean()) >= 1 - SLIPS

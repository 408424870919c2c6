"""Categories that a model has never seen: in how many rows, and whether a fresh sample would have them too."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from mlwright.clean.contract.chance import above_share, more_than_before
from mlwright.clean.contract.measured import Measured
from mlwright.clean.contract.result import Violation, counted, example, share_of_rows
from mlwright.schema import Column

MANY = 0.01
"""New categories are a violation from a hundredth of the rows on."""
SHOWN = 3


def new_categories(measured: Measured, known: int, chance: float) -> Iterator[Violation]:
    """Yield what is said of categories that the model has not seen in `known` rows with a value."""
    column = measured.column
    counts = measured.categories()
    if not counts.height or column.categories is None:
        return
    new = counts.filter(~counts["value"].is_in(list(column.categories)))
    found, rows = int(new["count"].sum()), int(counts["count"].sum())
    if not found:
        return
    if column.distinct > len(column.categories):  # only the most frequent ones stand in the schema
        surprising = more_than_before(found, rows, max(0, known - len(column.categories)), known) < chance
        if not surprising:
            return
    else:
        surprising = _one_is_surprising(new, counts.height, rows, known, chance) or _many_are_surprising(
            measured, new["value"], known, chance
        )
    yield _told(measured, new, found, known, violated=surprising and found >= MANY * measured.rows)


def _one_is_surprising(new: pl.DataFrame, different: int, rows: int, known: int, chance: float) -> bool:
    """Tell whether one category is too frequent to have been missed before: exact, for each of those there can be."""
    count = int(new["count"][0])
    candidates = min(different, (rows + known) / count)
    return candidates * more_than_before(count, rows, 0, known) < chance


def _many_are_surprising(measured: Measured, new: pl.Series, known: int, chance: float) -> bool:
    """Tell whether too many categories are new, each perhaps in one row only.

    A category that is found in one of two samples of the same rows is as likely to be in either; where the new sample
    is the larger one, as many of its rows as there were before are looked at.
    """
    texts = measured.texts.drop_nulls()
    if len(texts) > known:
        places = np.random.default_rng(0).permutation(len(texts))[:known]
        texts = texts.gather(np.sort(places))
    there = texts.unique()
    fresh = int(there.is_in(new.implode()).sum())
    gone = measured.column.distinct - (len(there) - fresh)
    return above_share(fresh, fresh + max(gone, 0), len(texts) / (len(texts) + known)) < chance


def _told(measured: Measured, new: pl.DataFrame, found: int, known: int, *, violated: bool) -> Violation:
    column: Column = measured.column
    mask = measured.texts.is_in(new["value"].implode()).fill_null(value=False).to_numpy()
    shown = " and ".join(example(value) for value in new["value"].head(SHOWN).to_list()[:2])
    what = "a value" if new.height == 1 else f"{new.height:,} values"
    return Violation.of(
        mask,
        kind="new_category",
        column=column.name,
        severity="violation" if violated else "notice",
        message=f"{column.name!r} has {what} in {counted(found, 'row')} ({share_of_rows(found, measured.rows)}) that "
        f"the model has not seen in {counted(known, 'row')}: {shown}{', ...' if new.height > 2 else ''}.",
        advice="Map them to values that are known, or build the model again with rows that hold them.",
    )

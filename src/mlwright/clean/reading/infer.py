"""What kind a column is, how its values are read, and what was wrong with them.

The decision is made from all values, in this order: one value, truths, numbers, points in time, durations, words. Each
step says "not mine" by returning None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.clean.distinct import Distinct
from mlwright.clean.names import says_code
from mlwright.clean.reading.kinds_numbers import (
    SEVERAL,
    NumberReading,
    different_numbers,
    missing_numbers,
    number_kind,
    read_numbers,
)
from mlwright.clean.reading.kinds_text import text_kind
from mlwright.clean.reading.kinds_times import missing_times, read_durations, read_times
from mlwright.clean.reading.notes import Notes
from mlwright.clean.reading.strangers import half_read, missing_words
from mlwright.clean.reading.unread import unread_rows
from mlwright.columns import Coded, Values, read_series
from mlwright.findings import Finding
from mlwright.schema import QUANTILES, STRING_KINDS, Column
from mlwright.values import as_text, parse_boolean

MOST_CATEGORIES = 1000
_CANONICAL = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"

SOFT_MISSING: frozenset[str] = frozenset(
    {
        "unknown", "not known", "not_known", "unkn", "unk", "empty", "(empty)", "undefined", "no data", "no value",
        "not reported", "not recorded", "not specified", "unspecified", "tbd", "void", "error", "invalid", "x", "#",
        "n.k.", "withheld", "blank", "not provided", "not stated", "no answer", "no info", "na.", "n.a", "unavailable",
    }
)  # fmt: skip
"""Words that mean "missing" in a column of numbers or times; among words they are an answer like others."""


def infer_column(series: pl.Series) -> Column:
    """Say what a column is and how it is read; its role is left at "feature".

    >>> infer_column(pl.Series("price", ["$1,200.50", "$80", "n/a", "$7.5"])).kind
    'number'
    """
    return infer_with_findings(series)[0]


def infer_with_findings(  # noqa: PLR0911  one per type
    series: pl.Series, *, several: int = SEVERAL
) -> tuple[Column, tuple[Finding, ...]]:
    """Say what a column is and how it is read, and what was wrong with its values.

    Only beside `several` different numbers is a word that repeats taken for a missing one, and not for an answer.
    """
    dtype = series.dtype
    if isinstance(dtype, (pl.Categorical, pl.Enum)):
        return _from_texts(series, series.cast(pl.String), several)
    if dtype == pl.String:
        return _from_texts(series, series, several)
    if dtype.is_numeric():
        return _from_numbers(series)
    if dtype == pl.Boolean:
        return _finished(series, Column(name=series.name, kind="boolean"), Notes(series.name))
    if dtype.is_temporal():
        return _from_moments(series)
    if dtype == pl.Null:
        return _finished(series, Column(name=series.name, kind="constant"), Notes(series.name, ["It has no values."]))
    texts = pl.Series(series.name, [as_text(value) for value in series.to_list()], dtype=pl.String)
    return _from_texts(series, texts, several, written=dtype == pl.Object)


def _from_numbers(series: pl.Series) -> tuple[Column, tuple[Finding, ...]]:
    notes = Notes(series.name)
    return _as_numbers(series, Column(name=series.name, kind="number"), notes)


def _from_moments(series: pl.Series) -> tuple[Column, tuple[Finding, ...]]:
    notes = Notes(series.name)
    if series.dtype.base_type() in {pl.Duration, pl.Time}:
        return _finished(series, Column(name=series.name, kind="duration"), notes)
    return _as_times(series, Column(name=series.name, kind="datetime"), notes)


def _from_texts(
    series: pl.Series, texts: pl.Series, several: int, *, written: bool = True
) -> tuple[Column, tuple[Finding, ...]]:
    """Decide from texts; not `written` are texts that we made ourselves of lists and the like."""
    notes = Notes(series.name)
    distinct = Distinct.of(texts)
    notes.disguised_missing(distinct, distinct.tokens)
    if len(distinct.texts) == 1 and _sometimes_missing((len(series) - distinct.present) / len(series)):
        notes.say("It has one value, or none.")
        return _finished(series, Column(name=series.name, kind="category"), notes)
    if len(distinct.texts) <= 1:
        notes.say("It has one value only." if len(distinct.texts) else "It has no values.")
        return _finished(series, Column(name=series.name, kind="constant"), notes)
    truths = [parse_boolean(text) for text in distinct.texts.head(25)]
    if len(distinct.texts) <= 20 and None not in truths and len(set(truths)) == 2:
        return _finished(series, Column(name=series.name, kind="boolean"), notes)
    if written and (answer := _from_written(series, distinct, notes, several)):
        return answer
    kind, note = text_kind(distinct)
    notes.say(note)
    if written and kind in {"category", "text"} and not says_code(series.name) and (half := half_read(distinct)):
        notes.half_read(distinct, half, surely=half.amounts and kind == "category")
    column = Column(name=series.name, kind=kind, numeric_text=bool(distinct.matching(_CANONICAL).all()))
    if kind in {"text", "id"}:  # its texts are counted already
        share = (len(series) - distinct.present) / len(series)
        column = replace(column, missing_share=share, distinct=len(distinct.texts), note=notes.note)
        return column, tuple(notes.findings)
    return _finished(series, column, notes)


def _from_written(
    series: pl.Series, distinct: Distinct, notes: Notes, several: int
) -> tuple[Column, tuple[Finding, ...]] | None:
    """Decide whether the texts write numbers, points in time or durations; None where they are words."""
    soft = distinct.texts.str.to_lowercase().is_in(sorted(SOFT_MISSING)).to_numpy()
    said = distinct.where(~soft)
    if not len(said.texts):
        return None
    words = dict(zip(distinct.texts.filter(pl.Series(soft)), distinct.counts[soft].tolist(), strict=True))
    if answer := _as_written(series, said, words, notes, several=several):
        return answer
    if (gaps := missing_words(said)) is None:
        return None
    notes = Notes(notes.name, [*notes.sentences], [*notes.findings])  # what is said now holds only for this answer
    answer = _as_written(series, said, words, notes, several=several, gaps=gaps)
    return answer if answer is not None and answer[0].kind not in STRING_KINDS else None


def _as_written(
    series: pl.Series,
    said: Distinct,
    words: Mapping[str, int],
    notes: Notes,
    *,
    several: int,
    gaps: NDArray[np.bool_] | None = None,
) -> tuple[Column, tuple[Finding, ...]] | None:
    """Read the texts as numbers, times or durations; `words` and those of the texts that are `gaps` mean "missing"."""
    values, left = (said, ()) if gaps is None else (said.where(~gaps), tuple(said.texts.filter(pl.Series(gaps))))
    tokens = tuple(sorted({word.casefold() for word in (*words, *left)}))
    column = Column(name=series.name, kind="number", missing_tokens=tokens)
    if (numbers := read_numbers(values, several=several)) is not None:
        if left and different_numbers(values.spread(10 * several).texts, numbers.units) < several:
            return None
        numbers = replace(numbers, unreadable=(*left, *numbers.unreadable))
        column = replace(column, decimal=numbers.decimal, units=numbers.units)
        return _as_numbers(series, column, notes, numbers=numbers, distinct=said, words=words)
    if left and len(values.texts) < several // 4:  # dates are seldom codes, so fewer will do
        return None
    if (times := read_times(values)) is not None:
        times = replace(times, unreadable=(*left, *times.unreadable))
        notes.disguised_missing(said, words)
        notes.times(said, times)
        return _as_times(series, replace(column, kind="datetime", datetime_format=times.form), notes)
    if (durations := read_durations(values)) is not None:
        notes.disguised_missing(said, words)
        notes.mixed(said, (*left, *durations), "durations")
        return _finished(series, replace(column, kind="duration"), notes)
    return None


def _as_numbers(
    series: pl.Series,
    column: Column,
    notes: Notes,
    *,
    numbers: NumberReading | None = None,
    distinct: Distinct | None = None,
    words: Mapping[str, int] | None = None,
) -> tuple[Column, tuple[Finding, ...]]:
    values = _floats(series, column)
    stand_ins = missing_numbers(values)
    padded = numbers is not None and numbers.padded
    found = number_kind(series.name, np.where(np.isin(values, stand_ins), np.nan, values), padded=padded)
    notes.say(found.note)
    if found.kind in STRING_KINDS:
        canonical = distinct is None or bool(distinct.matching(_CANONICAL).all())
        plain = Column(name=series.name, kind=found.kind, numeric_text=canonical)
        return _finished(
            series, plain if found.kind != "constant" else replace(plain, missing_tokens=column.missing_tokens), notes
        )
    column = replace(column, kind=found.kind, datetime_format=found.datetime_format)
    if distinct is not None and numbers is not None:
        notes.disguised_missing(distinct, words or {})
        notes.numbers(distinct, numbers)
    if found.kind == "datetime":
        return _as_times(series, replace(column, decimal=".", units=()), notes)
    if stand_ins:
        notes.stand_ins(pl.Series(values), stand_ins, [as_text(number) or "" for number in stand_ins])
        column = replace(column, missing_numbers=stand_ins)
        values = np.where(np.isin(values, stand_ins), np.nan, values)
    return _finished(series, column, notes, values)


def _as_times(series: pl.Series, column: Column, notes: Notes) -> tuple[Column, tuple[Finding, ...]]:
    values = _floats(series, column)
    if stand_ins := missing_times(values):
        notes.stand_ins(pl.Series(values), stand_ins, [_day(seconds) for seconds in stand_ins])
        column = replace(column, missing_numbers=stand_ins)
        values = np.where(np.isin(values, stand_ins), np.nan, values)
    return _finished(series, column, notes, values)


def _day(seconds: float) -> str:
    return (date(1970, 1, 1) + timedelta(seconds=seconds)).isoformat()


def _floats(series: pl.Series, column: Column) -> NDArray[np.float64]:
    values = read_series(series, column)
    return np.empty(0) if isinstance(values, Coded) else values


def _finished(
    series: pl.Series, column: Column, notes: Notes, values: Values | None = None
) -> tuple[Column, tuple[Finding, ...]]:
    """Fill in what is counted, from the values as every reader will see them."""
    values = read_series(series, column) if values is None else values
    if isinstance(values, Coded):
        column = _counted(column, values)
    else:
        known = np.sort(values[~np.isnan(values)])
        distinct = int((known[1:] != known[:-1]).sum()) + 1 if len(known) else 0
        share = (len(values) - len(known)) / max(len(values), 1)
        if distinct == 1 and _sometimes_missing(share):
            notes.say("It has one value, or none.")
        elif distinct <= 1:
            notes.say("It has one value only." if distinct else "It has no values.")
            plain = Column(name=column.name, kind="constant", missing_tokens=column.missing_tokens)
            return _finished(series, plain, notes)
        column = replace(
            column,
            missing_share=share,
            distinct=distinct,
            low=float(known[0]),
            high=float(known[-1]),
            quantiles=tuple(float(known[int(below * (len(known) - 1))]) for below in QUANTILES),
            unread=unread_rows(series, column, values),
        )
    return replace(column, note=notes.note), tuple(notes.findings)


def _sometimes_missing(share: float) -> bool:
    """Tell whether being there or not says something by itself."""
    return 0.01 <= share <= 0.99


def _counted(column: Column, values: Coded) -> Column:
    known = values.codes[values.codes >= 0]
    share = (len(values) - len(known)) / max(len(values), 1)
    column = replace(column, missing_share=share, distinct=len(values.values))
    if column.kind not in {"category", "constant"}:
        return column
    counts = np.bincount(known, minlength=len(values.values))
    order = sorted(range(len(values.values)), key=lambda at: (-counts[at], values.values[at]))
    return replace(column, categories=tuple(values.values[at] for at in order[:MOST_CATEGORIES]))

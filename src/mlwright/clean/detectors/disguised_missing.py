"""Values that stand for "missing" without saying so: a pressure of 0, an age of 99, "asdf", 1970-01-01."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.base import Cells, Context, Detection, Rows, shown
from mlwright.clean.distinct import Distinct
from mlwright.clean.measures.expectation import spread_of
from mlwright.clean.measures.stand_ins import (
    DIFFERENT,
    SPIKE,
    SURPRISING,
    Counted,
    far_stand_ins,
    is_beyond,
    off_scale,
)
from mlwright.clean.measures.tails import beyond
from mlwright.clean.names import counts_time, says_code, words
from mlwright.clean.reading.infer import SOFT_MISSING
from mlwright.clean.repairs import Blank, Replace
from mlwright.columns import Coded
from mlwright.findings import Finding, percent
from mlwright.schema import Column
from mlwright.table import Table
from mlwright.values import match_datetime

ENOUGH_ROWS = 50
FEWEST, LEAST_SHARE = 3, 0.001
"""A value that means "missing" repeats: so often at least, and in this share of the rows."""
MOST_SHARE, TOLD_SHARE = 0.6, 0.3
"""More often than the first it is a value like others; between the two it is worth knowing, and no alarm."""
LONE = 10.0
"""Where other values go so far up from 0, -1 alone below it is no step of a scale."""
OUTER = 0.025
"""A code such as 99 lies at the end of the range, beyond all but this share of the other values."""
OFTEN = 0.25
"""Where so many values end in 9, prices are meant to, and 99 is one."""
NEAR_ZERO, STEPS, WIDE = 0.15, 5.0, 0.6
"""Zero cannot be a measurement where the least other value is above this part of the median and so many steps of the
column's scale, and the logarithms of the others spread no more than this."""
EXPLAINED = 0.8
"""Zeros that another column accounts for to this degree are no gaps: no garage, no area."""
LEVELS = 60
STEPS_OF_A_SCALE = 3
PLAIN = 0.9
"""The range of the others is told of so many of them, so that other errors are no part of it."""

NINES = frozenset(
    float(sign * int(digit * length)) for digit in "987" for length in (1, 2, 3, 4, 5, 6) for sign in (1, -1)
)
OTHER_CODES = frozenset(map(float, (9, 8, 7, 96, 97, 98, -8, -7)))
"""Codes for "no answer" beyond the end of a short scale of whole numbers; elsewhere they are values."""
CODES = NINES - {9.0, 8.0, 7.0, -8.0, -7.0} | {-1.0}
DAYS = tuple(
    value
    for text in ("1970-01-01", "1900-01-01", "1899-12-30", "1899-12-31", "1901-01-01", "1904-01-01", "1980-01-01",
                 "1753-01-01", "1800-01-01", "2000-01-01", "2099-12-31", "2999-12-31", "9999-12-31", "1111-11-11")
    if (value := match_datetime(text, "iso")) is not None
)  # fmt: skip
"""Days that programs write where they know none."""
JUNK = frozenset(
    {
        "xx", "xxx", "xxxx", "xxxxx", "x x", "asdf", "asdfg", "asd", "qwerty", "qwe", "qwertz", "test", "testing",
        "foo", "bar", "foobar", "dummy", "tbd", "todo", "n.k.", "k.a.", "k. a.", "keine angabe", "no data", "unk",
        "!!!", "#", "##", "0000", "9999", "-1", "-9", "99", "999", "-99", "-999", "-9999", "99999", "not set",
        "unset", "blah",
        "aaa", "aaaa", "zzz", "zzzz", "abc123", "lorem ipsum", "placeholder", "default", "sample", "n0ne", "noname",
        "no name", "undefined", "unspecified", "void", "empty", "(empty)", "invalid", "error", "00", "000", "?!", "!",
    }
)  # fmt: skip
"""Folded texts that a person or a program writes to get past a field."""
MANY, REPEATED = 1_000, 3
"""Among more different texts than these, a word must repeat to be no name or title."""
LETTERS = r"\p{L}"
SHORT = 3


class DisguisedMissing:
    """Finds numbers, days and words that are there too often to be answers.

    What the Schema reads as missing already is not told again.
    """

    name: ClassVar[str] = "disguised_missing"
    kinds: ClassVar[tuple[str, ...]] = ("disguised_missing",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding for each column and value."""
        if table.rows < ENOUGH_ROWS:
            return
        yield from _numbers(context)
        for column in context.of_kind("datetime"):
            if column.distinct >= DIFFERENT:
                yield from _days(context, column)
        for column in context.of_kind("category", "text"):
            yield from _words(context, column)


def _numbers(context: Context) -> Iterator[Detection]:
    zeros: dict[str, Counted] = {}
    for column in context.of_kind("number", "integer"):
        if column.distinct < STEPS_OF_A_SCALE or says_code(column.name):
            continue
        counted = Counted.of(context.numbers(column.name))
        apart = _apart(column, counted)
        for value in apart:
            yield from _told(context, column, value, f"{value:.10g}", beside=apart)
        repeated = column.distinct >= DIFFERENT and _is_often(counted, 0.0, least=LEAST_SHARE / 10)
        if repeated and _cannot_be_zero(column, counted.without(0.0)):
            zeros[column.name] = counted
    for name in zeros:
        if not _is_explained(context, name, frozenset(zeros)):
            yield from _told(context, context.schema[name], 0.0, "0")


def _apart(column: Column, counted: Counted) -> list[float]:
    """Return the values that are codes, or stand so far apart and so often that they must be."""
    if column.role != "target" and (codes := off_scale(counted, CODES | OTHER_CODES)):
        return codes
    if column.distinct < DIFFERENT:
        return []
    far = [value for value in far_stand_ins(counted) if value != 0.0]  # zeros are asked about in another way
    coded = counted.values[np.isin(counted.values, [*CODES, *far])].tolist()
    return [
        value for value in coded if value in far or (_is_often(counted, value) and _is_code(column, counted, value))
    ]


def _is_often(counted: Counted, value: float, *, least: float = LEAST_SHARE) -> bool:
    held = counted.counts[counted.values == value]
    return bool(len(held)) and max(FEWEST, least * counted.total) <= held[0] <= MOST_SHARE * counted.total


def _is_code(column: Column, counted: Counted, value: float) -> bool:
    """Tell whether a number such as -1 or 99 stands apart from the others by how often it occurs, or by where it is."""
    count = int(counted.counts[counted.values == value][0])
    plain = ~np.isin(counted.values, [value, *CODES])
    others = Counted(counted.values[plain], counted.counts[plain])
    if len(others.values) < DIFFERENT:
        return False
    below, least = others.share_below(value), float(others.values[0])
    if value < 0:
        lone = least >= 0 and not _MOVES.intersection(words(column.name))
        return lone and (value < -1 or float(others.values[-1]) >= LONE or count >= 2 * others.near(0.0))
    if not (below >= 1.0 - OUTER):
        return False
    ends = others.values % 10 == 9
    if float(others.counts[ends].sum()) > OFTEN * others.total:
        return False
    if count >= SPIKE * max(others.near(value), 1):
        return True
    return below == 1.0 and is_beyond(others, value) and count >= SPIKE * float(np.median(others.counts))


_MOVES = frozenset({"change", "diff", "difference", "delta", "z", "score", "scaled", "balance", "net", "profit", "corr",
                    "correlation", "temp", "temperature", "loss", "gain", "return", "log"})  # fmt: skip


def _cannot_be_zero(column: Column, others: Counted) -> bool:
    """Tell whether the other values keep so far from 0 that it is none of them."""
    if len(others.values) < DIFFERENT or others.values[0] <= 0 or counts_time(column.name):
        return False
    held = np.repeat(others.values, np.minimum(others.counts, 200))
    least, middle = float(held[0]), float(np.median(held))
    step = float(np.diff(others.values).min())
    if least < NEAR_ZERO * middle or least < STEPS * step or spread_of(np.log(held)) > WIDE:
        return False
    distances = middle - np.append(held, 0.0)
    far = beyond(distances[distances > 0], most=1, power=False)
    return far is not None and far.surprise >= SURPRISING


def _is_explained(context: Context, name: str, others: frozenset[str]) -> bool:
    """Tell whether another column says in nearly the same rows that there is nothing to measure."""
    zero = context.numbers(name) == 0.0
    for column in context.schema:
        if column.name == name or column.name in others or column.kind in {"text", "id", "constant"}:
            continue
        values = context.values(column.name)
        if isinstance(values, Coded):
            if len(values.values) <= LEVELS and _accounts(zero, values.codes):
                return True
        elif column.kind == "boolean" or column.distinct <= LEVELS:
            if _accounts(zero, np.where(np.isnan(values), -1, np.clip(values, -1e9, 1e9)).astype(np.int64)):
                return True
        elif _overlap(zero, values == 0.0) >= EXPLAINED or _overlap(zero, np.isnan(values)) >= EXPLAINED:
            return True
    return False


def _accounts(zero: NDArray[np.bool_], codes: NDArray[np.int64] | NDArray[np.int32]) -> bool:
    _, place = np.unique(codes, return_inverse=True)
    inside, rows = np.bincount(place, weights=zero), np.bincount(place)
    held = inside[inside >= EXPLAINED * rows].sum()
    return bool(held >= EXPLAINED * zero.sum())


def _overlap(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    return float((one & other).sum()) / max(float((one | other).sum()), 1.0)


def _days(context: Context, column: Column) -> Iterator[Detection]:
    values = context.numbers(column.name)
    days = np.floor(values / 86_400.0) * 86_400.0
    counted = Counted.of(days)
    for day in DAYS:
        if not _is_often(counted, day):
            continue
        others = counted.without(day)
        count = int(counted.counts[counted.values == day][0])
        if len(others.values) >= DIFFERENT and count >= SPIKE * max(others.near(day), 1):
            shown_day = datetime.fromtimestamp(day, UTC).date().isoformat()
            rows = np.flatnonzero(days == day).astype(np.intp)
            numbers = tuple(float(value) for value in np.unique(values[rows])[:1_000])
            yield from _told(context, column, day, shown_day, rows=rows, numbers=numbers)


def _told(
    context: Context,
    column: Column,
    value: float,
    text: str,
    *,
    rows: Rows | None = None,
    numbers: tuple[float, ...] = (),
    beside: Sequence[float] = (),
) -> Iterator[Detection]:
    values = context.numbers(column.name)
    rows = np.flatnonzero(values == value).astype(np.intp) if rows is None else rows
    known = int((~np.isnan(values)).sum())
    share = len(rows) / max(known, 1)
    others = values[(~np.isnan(values)) & ~np.isin(values, [*np.unique(values[rows]), *beside])]
    low, high = np.quantile(others, [(1.0 - PLAIN) / 2, (1.0 + PLAIN) / 2])
    if column.kind == "datetime":
        ends = [datetime.fromtimestamp(float(at), UTC).date().isoformat() for at in (low, high)]
    else:
        ends = [f"{low:.6g}", f"{high:.6g}"]
    confidence = 0.8 if share <= TOLD_SHARE else 0.5
    yield Detection(
        finding=Finding(
            kind="disguised_missing",
            columns=(column.name,),
            rows=shown(rows),
            message=f"{text} stands in {len(rows):,} rows of {column.name!r} "
            f"({percent(len(rows) / len(values))}), while {percent(PLAIN)} of the others lie between {ends[0]} "
            f"and {ends[1]}: it seems to mean that the value is missing.",
            severity="warning" if share <= TOLD_SHARE else "info",
            confidence=confidence,
            repair=f"Read {text} as missing.",
        ),
        rows=rows,
        cells=(Cells(column.name, rows, ("",) * len(rows), np.full(len(rows), confidence)),),
        repair=Blank(column.name, numbers=numbers or (value,)),
    )


def _words(context: Context, column: Column) -> Iterator[Detection]:
    """Return texts among categories, or short texts, that are there to get past a field."""
    distinct = context.distinct(column.name)
    if len(distinct.texts) < 4 or column.role == "target":
        return
    folded = distinct.texts.str.to_lowercase()
    junk = folded.is_in(sorted(JUNK)).to_numpy()
    soft = folded.is_in(sorted(SOFT_MISSING - JUNK - {"x", "#"})).to_numpy()
    if not junk.any() and not soft.any():
        return
    rest = distinct.where(~(junk | soft))
    if not len(rest.texts):
        return
    lengths = rest.texts.str.len_chars().to_numpy()
    wordy, brief = rest.share(rest.matching(LETTERS)), rest.share(lengths <= SHORT)
    numeric = ~distinct.matching(LETTERS)
    if wordy < 0.95:
        junk &= ~numeric
    if brief > 0.5 or float(np.median(lengths)) > 60:  # codes of a few letters, or free text
        junk &= ~distinct.texts.str.len_chars().le(SHORT).to_numpy() if float(np.median(lengths)) <= 60 else False
    if column.kind == "text" or len(distinct.texts) > MANY:  # a title may be "Test"
        junk &= distinct.counts >= REPEATED
        soft &= distinct.counts >= REPEATED
    for mask, sure in ((junk, True), (soft, False)):
        told = distinct.where(mask)
        if len(told.texts) and told.present <= 0.5 * distinct.present:
            yield _told_words(context, column, told, distinct.present, sure=sure)


def _told_words(context: Context, column: Column, told: Distinct, present: int, *, sure: bool) -> Detection:
    texts, count = told.texts.to_list(), told.present
    stripped = context.distinct(column.name).stripped
    rows = np.flatnonzero(stripped.is_in(texts).fill_null(value=False).to_numpy()).astype(np.intp)
    listed = ", ".join(map(repr, texts[:3])) + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")
    share = count / max(present, 1)
    confidence = 0.8 if sure else 0.5
    many = count != 1
    return Detection(
        finding=Finding(
            kind="disguised_missing",
            columns=(column.name,),
            rows=shown(rows),
            message=f"{count:,} value{'s' if many else ''} of {column.name!r} ({percent(count / len(stripped))} of the "
            f"rows) say{'' if many else 's'} nothing: {listed}.",
            severity="warning" if sure and share <= TOLD_SHARE else "info",
            confidence=confidence,
            repair="Read as missing." if sure else "Read as missing, unless not to know is an answer.",
        ),
        rows=rows,
        cells=(Cells(column.name, rows, ("",) * len(rows), np.full(len(rows), confidence)),),
        repair=Replace(column.name, dict.fromkeys(texts)) if not column.is_float else None,
    )

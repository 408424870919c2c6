"""Rows against the Schema of a model: what would surprise somebody who has seen only the rows it was built from.

Nothing here is a limit that somebody chose. A difference is a violation where a fresh sample of the same rows would
hardly ever show it (all tests of a check together raise a false alarm in 1 % of samples at most,
`chance.FALSE_ALARMS`) *and* it is large enough to matter; what is surprising but small, or large but no proof, is a
notice.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import numpy as np

from mlwright.clean.base import Context
from mlwright.clean.contract.chance import FALSE_ALARMS, more_events, more_than_before
from mlwright.clean.contract.learned_categories import new_categories
from mlwright.clean.contract.learned_ranges import out_of_range
from mlwright.clean.contract.measured import Measured
from mlwright.clean.contract.result import Violation, counted, example, share_of_rows
from mlwright.clean.copies import repeated_rows
from mlwright.clean.measures.wording import named
from mlwright.errors import nearest
from mlwright.findings import percent
from mlwright.schema import Column, Schema
from mlwright.table import Table

TESTS_EACH = 6
"""So many tests are made of a column at most: missing, unread, and two at each end or two of its categories."""
TWICE_AND, MORE = 0.01, 0.05
"""A missing share matters where it is twice what it was and a point more, or 5 points more."""
MORE_REPEATS = 0.05
MANY_UNREAD = 0.01
"""Cells that cannot be read are a violation from a hundredth of the rows on, where they were not there before."""


@dataclass(frozen=True, slots=True)
class Before:
    """What is known of the rows that a model was built from, and how sure a difference from them has to be."""

    rows: int
    chance: float
    """A test may find something in a fresh sample with this probability."""


def check_schema(table: Table, schema: Schema, reads: Collection[str]) -> Iterator[Violation]:
    """Yield what is wrong with the rows for a model of this schema, which reads the named columns."""
    frame = table.frame
    needed = [column for column in schema if column.name in reads]
    yield from _missing_columns(frame.columns, needed)
    yield from _other_columns(frame.columns, schema, reads)
    if not table.rows:
        return
    there = [column for column in schema if column.name in frame.columns and _is_checked(column, reads)]
    context = Context(table, Schema(tuple(there)))
    rows = schema.rows or max((column.distinct for column in schema), default=0)
    before = Before(rows, FALSE_ALARMS / (TESTS_EACH * max(len(there), 1) + 1))
    found = [each for column in there for each in _check_column(Measured(context, column), before)]
    yield from found
    if schema.rows and not any(each.severity == "violation" and 2 * each.count > table.rows for each in found):
        yield from _repeats(table, schema, before)  # rows are alike also where a column has lost what it had


def _is_checked(column: Column, reads: Collection[str]) -> bool:
    """Tell whether a column matters: the model reads it, it is the answer, or it names rows."""
    return column.name in reads or column.role == "target" or column.kind == "id"


def _check_column(measured: Measured, before: Before) -> Iterator[Violation]:
    column = measured.column
    if column.kind == "id":
        yield from _no_longer_unique(measured, before)
    if column.role == "ignored":
        return
    if column.role != "target":  # the answer may not be known yet
        yield from _more_missing(measured, before)
    yield from _unreadable(measured, before)
    known = before.rows - round(column.missing_share * before.rows)
    if column.is_float and column.kind != "boolean":
        yield from out_of_range(measured, known, before.chance)
        yield from _not_whole(measured)
    if column.kind in {"category", "constant"} and column.categories:
        yield from new_categories(measured, known, before.chance)


# --- columns ---------------------------------------------------------------------------------------------------------


def _missing_columns(there: list[str], needed: list[Column]) -> Iterator[Violation]:
    """Yield each column that the model reads and that is not there."""
    known = {column.name for column in needed}
    if len(needed) > 1 and known.isdisjoint(there):
        yield none_there([column.name for column in needed], "that the model reads")
        return
    for column in needed:
        if column.name in there:
            continue
        near = nearest(column.name, [name for name in there if name not in known])
        yield Violation(
            kind="missing_column",
            column=column.name,
            message=f"The column {column.name!r}, which the model reads, is not there.",
            advice=f"Rename {near!r} if it is the same one." if near else "Add the column, empty where it is unknown.",
        )


def none_there(names: list[str], which: str) -> Violation:
    """Return the one violation where not a single column is there."""
    return Violation(
        kind="missing_column",
        message=f"None of the {len(names):,} columns {which} is there: {named(names)}.",
        advice="Look whether this is the right file, and whether it has lost its line of names.",
    )


def _other_columns(there: list[str], schema: Schema, reads: Collection[str]) -> Iterator[Violation]:
    """Yield a notice on columns that the model has never seen, and one on those it has seen and does not read."""
    if new := [name for name in there if name not in schema]:
        one = len(new) == 1
        yield Violation(
            kind="unknown_column",
            column=new[0] if one else None,
            message=f"{counted(len(new), 'column')} that the model was not built with "
            f"{'is' if one else 'are'} there: {named(new)}.",
            severity="notice",
            advice="Nothing: the model does not look at other columns.",
        )
    gone = [column.name for column in schema.features if column.name not in there and column.name not in reads]
    if gone:
        yield Violation(
            kind="missing_column",
            column=gone[0] if len(gone) == 1 else None,
            message=f"{counted(len(gone), 'column')} that the model was built with and does not read "
            f"{'is' if len(gone) == 1 else 'are'} not there: {named(gone)}.",
            severity="notice",
            advice="Nothing for this model; the next one could not learn from them.",
        )


# --- cells -----------------------------------------------------------------------------------------------------------


def _more_missing(measured: Measured, before: Before) -> Iterator[Violation]:
    column, rows, found = measured.column, measured.rows, measured.missing_count
    were = max(0, round(column.missing_share * before.rows) - column.unread)
    share, was = found / rows, were / max(before.rows, 1)
    if share <= was:
        return
    surprising = more_than_before(found, rows, were, before.rows) < before.chance
    matters = share >= was + MORE or share >= 2 * was + TWICE_AND
    if not surprising and (were or not found):
        return
    yield Violation.of(
        measured.missing_mask,
        kind="missing_values",
        column=column.name,
        severity="violation" if surprising and matters else "notice",
        message=f"{column.name!r} is missing in {counted(found, 'row')} ({share_of_rows(found, rows)}); of the "
        f"{before.rows:,} rows that the model was built from it was in {percent(was) if were else 'none'}.",
        advice="Find out why the values are not there; the model guesses where it has no value.",
    )


def _unreadable(measured: Measured, before: Before) -> Iterator[Violation]:
    column, rows, found = measured.column, measured.rows, measured.unread_count
    if not found:
        return
    surprising = more_than_before(found, rows, column.unread, before.rows) < before.chance
    share, was = found / rows, column.unread / max(before.rows, 1)
    matters = share >= was + MANY_UNREAD
    if column.unread and not surprising:
        return
    ago = f"; of the {before.rows:,} rows that the model was built from, {column.unread:,} could not" * (
        column.unread > 0
    )
    yield unreadable(measured, "violation" if surprising and matters else "notice", ago)


def unreadable(measured: Measured, severity: str, ago: str = "") -> Violation:
    """Return what is said of cells that cannot be read as the column's kind."""
    column, found = measured.column, measured.unread_count
    shown = " and ".join(example(raw) for raw, _ in measured.unread[:2])
    kind = READ_AS.get(column.kind, f"{column.kind} values")
    return Violation.of(
        measured.unread_mask,
        kind="unreadable",
        column=column.name,
        severity="violation" if severity == "violation" else "notice",
        message=f"{counted(found, 'value')} of {column.name!r} ({share_of_rows(found, measured.rows)}) cannot be read "
        f"as {kind}, such as {shown}{ago}.",
        advice=f"Write {kind} as before; what cannot be read counts as missing.",
    )


READ_AS = {
    "number": "numbers", "integer": "whole numbers", "boolean": "yes or no", "datetime": "dates",
    "duration": "durations",
}  # fmt: skip


def _not_whole(measured: Measured) -> Iterator[Violation]:
    """Yield a notice where whole numbers are no longer whole: the model reads them, and somebody changed something."""
    column = measured.column
    if column.kind == "integer" and (odd := fractions(measured)).any():
        yield not_whole(measured, odd).noticed()


def fractions(measured: Measured) -> np.typing.NDArray[np.bool_]:
    """Tell which rows of a column hold a number that is not whole."""
    numbers = measured.numbers
    return np.asarray((numbers != np.floor(numbers)) & ~np.isnan(numbers), dtype=np.bool_)


def not_whole(measured: Measured, odd: np.typing.NDArray[np.bool_]) -> Violation:
    """Return what is said of numbers that should be whole."""
    column, found = measured.column, int(odd.sum())
    shown = measured.series[int(np.argmax(odd))]
    return Violation.of(
        odd,
        kind="not_whole",
        column=column.name,
        message=f"{counted(found, 'value')} of {column.name!r} ({share_of_rows(found, measured.rows)}) "
        f"{'is' if found == 1 else 'are'} not whole, such as {example(shown)}.",
        advice="Find out what was averaged, divided or filled in.",
    )


# --- rows ------------------------------------------------------------------------------------------------------------


def _no_longer_unique(measured: Measured, before: Before) -> Iterator[Violation]:
    column = measured.column
    found = int(measured.repeated.sum())
    known = before.rows - round(column.missing_share * before.rows)
    if not found or column.distinct < known:  # it was not unique before either
        return
    surprising = _too_often_alike(measured, found, known, before.chance)
    raw = example(measured.texts[int(np.argmax(measured.repeated))])
    yield Violation.of(
        measured.repeated,
        kind="not_unique",
        column=column.name,
        severity="violation" if surprising else "notice",
        message=f"{column.name!r} names no single row any more: {counted(found, 'row')} "
        f"({share_of_rows(found, measured.rows)}) {'repeats' if found == 1 else 'repeat'} an earlier row's value, such "
        f"as {raw}; in the {before.rows:,} rows that the model was built from each was different.",
        advice="Look for rows that were exported twice, or a join that multiplied them.",
    )


def _too_often_alike(measured: Measured, found: int, known: int, chance: float) -> bool:
    """Tell whether values of which each was different before repeat too often, or one of them does."""
    odds = (measured.rows / max(known, 1)) ** 2  # pairs of rows grow with the square of the rows
    if more_events(found, 0, odds) < chance:
        return True
    most = int(measured.categories()["count"][0])
    candidates = (measured.rows + known) / most
    return candidates * more_than_before(most, measured.rows, 1, known) < chance


def _repeats(table: Table, schema: Schema, before: Before) -> Iterator[Violation]:
    names = [column.name for column in schema.features if column.name in table.frame.columns]
    if len(names) < len(schema.features):
        return  # rows that differ only in the column that is gone would be taken for copies
    mask = repeated_rows(table.frame, names)
    found, rows = int(mask.sum()), table.rows
    if not found:
        return
    growth = rows / schema.rows
    expected = schema.repeats / schema.rows * max(1.0, growth)
    surprising = more_events(found, schema.repeats, max(growth, growth**2)) < before.chance
    if not surprising or found / rows < expected + MORE_REPEATS:
        return
    yield Violation.of(
        mask,
        kind="repeated_rows",
        message=f"{counted(found, 'row')} ({share_of_rows(found, rows)}) "
        f"{'repeats' if found == 1 else 'repeat'} an earlier row in all {len(names):,} columns that may be learned "
        f"from; of the {schema.rows:,} rows that the model was built from {schema.repeats:,} did.",
        advice="Look for rows that were exported twice, or files that were put together twice.",
    )

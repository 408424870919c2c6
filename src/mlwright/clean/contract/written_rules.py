"""Rows against a Contract that somebody wrote: each rule is looked at by itself, and says what breaks it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np
import polars as pl

from mlwright.clean.base import Context
from mlwright.clean.contract.chance import above_share
from mlwright.clean.contract.contract import ColumnRules, Comparison, Contract, TableRules
from mlwright.clean.contract.fields import whole
from mlwright.clean.contract.learned import fractions, none_there, not_whole, unreadable
from mlwright.clean.contract.measured import Mask, Measured
from mlwright.clean.contract.result import Violation, counted, example, share_of_rows
from mlwright.clean.contract.written import moment, written
from mlwright.clean.copies import repeated_rows
from mlwright.clean.measures.wording import named
from mlwright.errors import nearest
from mlwright.findings import percent
from mlwright.schema import Column, Schema
from mlwright.table import Table

CHANCE = 0.001
"""With `allow_chance`, a share is too large where a table that keeps to the limit would show it so rarely."""
SIGNS: Mapping[str, Callable[[pl.Series, pl.Series], pl.Series]] = {
    "<": pl.Series.__lt__, "<=": pl.Series.__le__, ">": pl.Series.__gt__, ">=": pl.Series.__ge__,
    "==": pl.Series.__eq__, "!=": pl.Series.__ne__,
}  # fmt: skip


def check_contract(table: Table, contract: Contract, *, now: float | None = None) -> Iterator[Violation]:
    """Yield what the contract does not allow, and what it says is worth a notice. `now` is in seconds since 1970."""
    there = table.frame.columns
    yield from _rows(table, contract.table)
    yield from _columns(there, contract)
    rules = [each for each in contract.columns if each.name in there]
    if not table.rows:
        return
    context = Context(table, Schema(tuple(each.column for each in rules)))
    measured = {each.name: Measured(context, each.column) for each in rules}
    too_many = _Limit(table.rows, allow_chance=contract.table.allow_chance)
    for each in rules:
        yield from _check_column(measured[each.name], each, too_many, time.time() if now is None else now)
    yield from _key(table, contract.table, {each.name for each in contract.columns})
    yield from _repeats(table, contract, too_many)
    for comparison in contract.table.rules:
        if comparison.left in measured and comparison.right in measured:
            yield from _compare(measured[comparison.left], measured[comparison.right], comparison)


class _Limit:
    """Tells whether so many rows are more than a share allows."""

    def __init__(self, rows: int, *, allow_chance: bool) -> None:
        self.rows, self.allow_chance = rows, allow_chance

    def __call__(self, found: int, share: float) -> bool:
        # A share that was written with a few digits may be a little less than the same rows make.
        if found <= share * self.rows * (1 + 1e-9):
            return False
        return not self.allow_chance or above_share(found, self.rows, share) < CHANCE


# --- table -----------------------------------------------------------------------------------------------------------


def _rows(table: Table, rules: TableRules) -> Iterator[Violation]:
    rows = table.rows
    if rows == 0 and rules.fewest_rows > 0:
        yield no_rows()
    elif rows < rules.fewest_rows:
        yield Violation(
            kind="too_few_rows",
            message=f"There {'is' if rows == 1 else 'are'} {counted(rows, 'row')}, fewer than the "
            f"{rules.fewest_rows:,} that there should be at least.",
            advice="Find out whether a part of the data was lost on the way.",
        )
    elif rules.most_rows is not None and rows > rules.most_rows:
        yield Violation(
            kind="too_many_rows",
            message=f"There are {counted(rows, 'row')}, more than the {rules.most_rows:,} that there may be.",
            advice="Find out whether data was put together twice, or a join multiplied the rows.",
        )


def no_rows() -> Violation:
    """Return what is said of a table without rows."""
    return Violation(
        kind="no_rows", message="There are no rows.", advice="Find out why the export or the query gave nothing."
    )


def _columns(there: list[str], contract: Contract) -> Iterator[Violation]:
    known = {rules.name for rules in contract.columns}
    new = [name for name in there if name not in known]
    needed = [rules.name for rules in contract.columns if rules.required]
    if len(needed) > 1 and known.isdisjoint(there):
        yield none_there(needed, "that the contract asks for")
        known = set()
    for rules in contract.columns if known else ():
        if rules.name in there:
            continue
        near = nearest(rules.name, new)
        yield Violation(
            kind="missing_column",
            column=rules.name,
            severity="violation" if rules.required else "notice",
            message=f"The column {rules.name!r} is not there"
            + ("." if rules.required else ", as the contract allows."),
            advice=f"Rename {near!r} if it is the same one." if near else "Add it, or say required = false."
            if rules.required else "",
        )  # fmt: skip
    if new and known and contract.table.unknown_columns != "allowed":
        one = len(new) == 1
        yield Violation(
            kind="unknown_column",
            column=new[0] if one else None,
            severity="violation" if contract.table.unknown_columns == "violation" else "notice",
            message=f"{counted(len(new), 'column')} that the contract does not name "
            f"{'is' if one else 'are'} there: {named(new)}.",
            advice="Take them out, or add rules for them to the contract.",
        )


def _key(table: Table, rules: TableRules, told: Collection[str]) -> Iterator[Violation]:
    if gone := [name for name in rules.key if name not in table.frame.columns]:
        if gone[0] in told:
            return
        yield Violation(
            kind="missing_column",
            column=gone[0],
            message=f"The column {gone[0]!r} of the key is not there, so that the key cannot be checked.",
            advice="Add the column, or take it out of the key.",
        )
    elif rules.key and (mask := repeated_rows(table.frame, rules.key)).any():
        found = int(mask.sum())
        yield Violation.of(
            mask,
            kind="repeated_key",
            column=rules.key[0],
            message=f"{counted(found, 'row')} ({share_of_rows(found, table.rows)}) "
            f"{'repeats' if found == 1 else 'repeat'} the key of an earlier row, in {named(rules.key)}.",
            advice="Look for rows that were exported twice, or a join that multiplied them.",
        )


def _repeats(table: Table, contract: Contract, too_many: _Limit) -> Iterator[Violation]:
    if (limit := contract.table.repeated_rows) is None:
        return
    mask = repeated_rows(table.frame, table.frame.columns)
    found = int(mask.sum())
    if too_many(found, limit):
        yield Violation.of(
            mask,
            kind="repeated_rows",
            message=f"{counted(found, 'row')} ({share_of_rows(found, table.rows)}) "
            f"{'repeats' if found == 1 else 'repeat'} an earlier row in all columns, more than the {percent(limit)} "
            "that may.",
            advice="Look for rows that were exported twice, or files that were put together twice.",
        )


def _compare(left: Measured, right: Measured, comparison: Comparison) -> Iterator[Violation]:
    """Yield the rows in which both columns have a value and the comparison does not hold."""
    one, other = (
        pl.Series(each.numbers).fill_nan(None) if each.column.is_float else each.texts for each in (left, right)
    )
    holds = SIGNS[comparison.sign](one, other)
    mask = (~holds).fill_null(value=False).to_numpy()
    if not mask.any():
        return
    found, row = int(mask.sum()), int(np.argmax(mask))
    yield Violation.of(
        mask,
        kind="broken_rule",
        column=comparison.left,
        message=f"{str(comparison)!r} does not hold in {counted(found, 'row')} ({share_of_rows(found, left.rows)}), "
        f"such as data row {row}, where {comparison.left!r} is {example(left.series[row])} and {comparison.right!r} "
        f"{example(right.series[row])}.",
        advice="Find out which of the two is wrong.",
    )


# --- one column ------------------------------------------------------------------------------------------------------


def _check_column(measured: Measured, rules: ColumnRules, too_many: _Limit, now: float) -> Iterator[Violation]:
    column = measured.column
    if rules.missing is not None and too_many(measured.missing_count, rules.missing):
        yield _missing(measured, rules.missing)
    if column.is_float:
        found = measured.unread_count
        if found:
            yield unreadable(measured, "violation" if too_many(found, rules.unreadable) else "notice")
        if column.kind == "integer" and (odd := fractions(measured)).any():
            told = not_whole(measured, odd)
            yield told if too_many(told.count, rules.unreadable) else told.noticed()
        yield from _range(measured, rules, too_many)
    elif rules.categories is not None and rules.new != "allowed":
        yield from _categories(measured, rules, too_many)
    if rules.fresh is not None:
        yield from _fresh(measured, rules.fresh, now)
    if rules.unique and measured.repeated.any():
        yield _not_unique(measured)
    if rules.pattern is not None:
        yield from _pattern(measured, rules.pattern)


def _missing(measured: Measured, limit: float) -> Violation:
    name, found = measured.column.name, measured.missing_count
    return Violation.of(
        measured.missing_mask,
        kind="missing_values",
        column=name,
        message=f"{name!r} is missing in {counted(found, 'row')} ({share_of_rows(found, measured.rows)}), more than "
        f"the {percent(limit)} that may be.",
        advice="Find out why the values are not there.",
    )


def _range(measured: Measured, rules: ColumnRules, too_many: _Limit) -> Iterator[Violation]:
    """Yield what is beyond low and high: the rows that are too far out where they are too many, else all of them."""
    numbers = measured.numbers
    low = -np.inf if rules.low is None else rules.low
    high = np.inf if rules.high is None else rules.high
    distance = np.fmax(low - numbers, numbers - high)
    told: Mask = distance > 0
    if not told.any():
        return
    width = high - low if np.isfinite(high - low) else 0.0
    beyond: Mask = distance > rules.tolerance * width
    out = int(beyond.sum())
    violated, more = out > 0 and too_many(out, rules.outside), ""
    if violated:
        told = beyond
        more = f"; at most {percent(rules.outside)} of the rows may lie farther out" if rules.outside else ""
    elif rules.far is not None and (distance > rules.far * width).any():
        violated, told, least = True, distance > rules.far * width, low - rules.far * width
        ends = [f"below {written(least, measured.column)}"] if rules.low is not None and np.isfinite(least) else []
        ends += [f"above {written(high + rules.far * width, measured.column)}"] if rules.high is not None else []
        more = f", and that not even one row is {' or '.join(ends)}"
    elif out and rules.outside:
        more = f", and allows for a few rows beyond: so many are no surprise where {percent(rules.outside)} may be"
    elif not out:
        more = ", and that a little beyond is nothing bad"
    worst = float(numbers[np.nanargmax(distance)])
    yield _out_of_range(measured, rules, told, worst, more, violated=violated)


def _out_of_range(
    measured: Measured, rules: ColumnRules, told: Mask, worst: float, more: str, *, violated: bool
) -> Violation:
    column, found = measured.column, int(told.sum())
    ends = [f"at least {written(rules.low, column)}"] if rules.low is not None else []
    ends += [f"at most {written(rules.high, column)}"] if rules.high is not None else []
    return Violation.of(
        told,
        kind="out_of_range",
        column=column.name,
        severity="violation" if violated else "notice",
        message=f"{counted(found, 'value')} of {column.name!r} ({share_of_rows(found, measured.rows)}) "
        f"{'is' if found == 1 else 'are'} out of range, such as {written(worst, column)}: the contract says "
        f"{' and '.join(ends)}{more}.",
        advice="Look for other units, a lost decimal point or a stand-in for missing values."
        if violated
        else "Nothing: the contract allows for it.",
    )


def _categories(measured: Measured, rules: ColumnRules, too_many: _Limit) -> Iterator[Violation]:
    counts = measured.categories()
    new = counts.filter(~counts["value"].is_in(list(rules.categories or ())))
    found = int(new["count"].sum())
    if not found:
        return
    mask = measured.texts.is_in(new["value"].implode()).fill_null(value=False).to_numpy()
    violated = rules.new == "violation" and too_many(found, rules.new_share)
    shown = " and ".join(example(value) for value in new["value"].head(2).to_list())
    near = nearest(str(new["value"][0]), rules.categories or ())
    yield Violation.of(
        mask,
        kind="new_category",
        column=measured.column.name,
        severity="violation" if violated else "notice",
        message=f"{measured.column.name!r} has {counted(new.height, 'value')} in {counted(found, 'row')} "
        f"({share_of_rows(found, measured.rows)}) that {'is' if new.height == 1 else 'are'} none of its "
        f"{len(rules.categories or ()):,} categories: {shown}{', ...' if new.height > 2 else ''}.",
        advice=f"Write {example(near)} if that is meant, or add it to the categories." if near
        else "Map them to values that are known, or add them to the categories.",
    )  # fmt: skip


def _fresh(measured: Measured, seconds: float, now: float) -> Iterator[Violation]:
    name = measured.column.name
    age = written(seconds, _DURATION)
    if not len(measured.known):
        yield Violation(
            kind="stale",
            column=name,
            message=f"{name!r} has no date, so that nothing says whether the data is newer than {age}.",
            advice="Find out whether the export still fills the column.",
        )
    elif (newest := float(measured.known.max())) < now - seconds:
        yield Violation(
            kind="stale",
            column=name,
            message=f"The newest value of {name!r} is {moment(newest)}, {written(now - newest, _DURATION)} ago: it may "
            f"be {age} old at most.",
            advice="Find out whether the export still runs.",
        )


_DURATION = Column(name="", kind="duration")


def _not_unique(measured: Measured) -> Violation:
    name, mask = measured.column.name, measured.repeated
    found = int(mask.sum())
    return Violation.of(
        mask,
        kind="not_unique",
        column=name,
        message=f"{counted(found, 'row')} ({share_of_rows(found, measured.rows)}) "
        f"{'repeats' if found == 1 else 'repeat'} an earlier row's value of {name!r}, such as "
        f"{example(measured.series[int(np.argmax(mask))])}, and each has to be different.",
        advice="Look for rows that were exported twice, or a join that multiplied them.",
    )


def _pattern(measured: Measured, expression: str) -> Iterator[Violation]:
    words = measured.words
    mask = (~words.str.contains(whole(expression))).fill_null(value=False).to_numpy() & ~measured.missing_mask
    if not mask.any():
        return
    found, name = int(mask.sum()), measured.column.name
    yield Violation.of(
        mask,
        kind="pattern",
        column=name,
        message=f"{counted(found, 'value')} of {name!r} ({share_of_rows(found, measured.rows)}) "
        f"{'does' if found == 1 else 'do'} not match the pattern {expression!r}, such as "
        f"{example(words[int(np.argmax(mask))])}.",
        advice="Correct the values, or the pattern.",
    )

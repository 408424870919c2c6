"""From a file that is good to a Contract that it keeps, and that other samples of the same rows keep too."""

from __future__ import annotations

import math
from dataclasses import replace

from mlwright.clean.base import Context
from mlwright.clean.contract.chance import FALSE_ALARMS, largest_share
from mlwright.clean.contract.contract import ColumnRules, Comparison, Contract, TableRules
from mlwright.clean.contract.measured import Measured
from mlwright.clean.contract.tails import far_limits_of
from mlwright.clean.copies import repeated_rows
from mlwright.clean.measures.orders import always_ordered
from mlwright.clean.question import Question
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

MOST_LISTED = 50
"""So many categories are listed; where there are more, a person would not read them."""
RATHER_ALL = 20
"""Categories are listed where each occurs so many times on average: else the file shows too few of those there are."""
TOLERANCE = 0.1
FEWEST_UNIQUE = 20
"""Of fewer rows it says nothing that all values of a column are different."""
LATER_ROWS = 10
"""By chance more rows are alike where there are more rows: there is room for files of so many times the rows."""
MOST_WIDTHS = 1e6
MOST_REPEATED = 0.5
"""A limit beyond half of the rows says nothing."""
MOST_ORDERS = 20
"""More comparisons than these no person reads."""
TESTS_EACH = 4


def infer_contract(table: Table) -> Contract:
    """Return a contract that the table keeps, with room for what another sample of the same rows would show."""
    schema, _ = infer_schema(table, Question())
    context = Context(table, schema)
    chance = FALSE_ALARMS / (TESTS_EACH * max(len(schema), 1))
    columns = tuple(_rules(Measured(context, column), chance) for column in schema)
    repeats = int(repeated_rows(table.frame, table.frame.columns).sum())
    limit = _up(LATER_ROWS * largest_share(repeats, table.rows, chance))
    rules = TableRules(
        repeated_rows=limit if limit <= MOST_REPEATED else None, rules=_orders(context), allow_chance=True
    )
    return Contract(name=table.name, table=rules, columns=columns, learned=schema)


def _orders(context: Context) -> tuple[Comparison, ...]:
    """Return the comparisons that hold in all of many rows, where later ones should keep them too."""
    pairs = [pair for pair in always_ordered(context) if not set("".join(pair)) & set('"\r\n')]
    return tuple(Comparison(left=first, sign="<=", right=second) for first, second in pairs[:MOST_ORDERS])


def _rules(measured: Measured, chance: float) -> ColumnRules:
    column, rows = measured.column, measured.rows
    if column.kind == "constant" and not column.categories:
        return ColumnRules(name=column.name)  # it has no values: nothing is known of it
    rules = ColumnRules(
        name=column.name,
        kind="category" if column.kind == "constant" else column.kind,
        missing=_up(largest_share(measured.missing_count, rows, chance)),
        decimal=column.decimal,
        units=column.units,
        format=column.datetime_format,
        missing_values=(*column.missing_tokens, *column.missing_numbers),
        unreadable=_up(largest_share(column.unread, rows, chance)) if column.is_float else 0.0,
    )
    if column.kind == "id" and column.distinct == measured.present >= FEWEST_UNIQUE:
        return replace(rules, unique=True)
    if column.kind in {"number", "integer", "duration"}:
        # The share beyond the smallest and the largest of n values is that of two rows, whatever the distribution.
        outside = _up(largest_share(1, measured.present, chance))
        far = _far(measured, chance)
        return replace(rules, low=column.low, high=column.high, tolerance=TOLERANCE, outside=outside, far=far)
    return _with_categories(rules, measured, chance)


def _with_categories(rules: ColumnRules, measured: Measured, chance: float) -> ColumnRules:
    """Return the rules with the categories, where the file shows enough of them to speak of all."""
    column = measured.column
    if column.categories is None or column.kind not in {"category", "constant"}:
        return rules
    listed = len(column.categories)
    if listed > MOST_LISTED or (listed > 2 and listed * RATHER_ALL > measured.present):
        return rules
    once = int((measured.categories()["count"] == 1).sum())
    new_share = _up(largest_share(once, measured.present, chance))
    return replace(rules, categories=column.categories, new_share=new_share)


def _far(measured: Measured, chance: float) -> float | None:
    """Return how many widths beyond the range no value of a larger file lies; None where that is not known."""
    column, known = measured.column, measured.present
    low, high = column.low or 0.0, column.high or 0.0
    below, above = far_limits_of(measured.known, rows=LATER_ROWS * known, chance=chance)
    widths = max(above - high, low - below) / (high - low) if high > low else math.inf
    return float(math.ceil(widths)) if widths < MOST_WIDTHS else None


def _up(share: float) -> float:
    """Return a share rounded up to two digits.

    >>> _up(0.0), _up(0.01234), _up(0.0069), _up(0.999)
    (0.0, 0.013, 0.0069, 1.0)
    """
    if share <= 0:
        return 0.0
    digits = 1 - math.floor(math.log10(share))
    scale = 10.0**digits
    return min(1.0, round(math.ceil(round(share * scale, 6)) / scale, digits))

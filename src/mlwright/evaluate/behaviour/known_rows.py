"""Rows and bounds of known answers that a person wrote: refused where they would say nothing, or nothing can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlwright.errors import OptionError
from mlwright.evaluate.behaviour.kinds.common import shown
from mlwright.schema import Column, Schema
from mlwright.values import is_null, read_value

WORDS = {"number": "a number", "integer": "a number", "boolean": "yes or no", "datetime": "a date or time",
         "duration": "a duration"}  # fmt: skip


def check_rows(
    test: str, rows: Sequence[Mapping[str, Any]], schema: Schema, read: frozenset[str], where: str | None
) -> None:
    """Raise OptionError for the first row with a value that would be taken for missing, or with none that is read."""
    for place, row in enumerate(rows, start=1):
        for name, value in row.items():
            if not _is_read(value, schema[name]):
                wanted = WORDS.get(schema[name].kind, "one value")
                raise OptionError(
                    f"Row {place} of the test {test!r} has {shown(value)} for {name!r}, which is not read as {wanted}.",
                    where=where,
                    hint="a column that is left out, or null, is missing.",
                )
        if not read & row.keys():
            raise OptionError(
                f"Row {place} of the test {test!r} names no column that the model reads.",
                where=where,
                hint=f"the model reads: {', '.join(map(repr, sorted(read)[:12]))}.",
            )


def _is_read(value: object, column: Column) -> bool:
    """Return whether a value is read, or says itself that it is missing."""
    if is_null(value):
        return True
    if isinstance(value, (list, tuple, set, dict)):
        return False
    if read_value(value, column) is not None or value in column.missing_numbers:
        return True
    return read_value(value, Column(name=column.name, kind="text", missing_tokens=column.missing_tokens)) is None


def check_bounds(test: str, options: Mapping[str, Any], where: str | None, *, probability: bool) -> None:
    """Raise OptionError where no answer can lie between the bounds, or a probability is asked to be none."""
    low, high = options.get("at_least"), options.get("at_most")
    for name, bound in (("at_least", low), ("at_most", high)):
        if probability and bound is not None and not 0.0 <= bound <= 1.0:
            raise OptionError(
                f"{name!r} of the test {test!r} has to be a probability from 0 to 1, not {bound:g}.", where=where
            )
    if low is not None and high is not None and low > high:
        raise OptionError(
            f"The test {test!r} asks for at least {low:g} and at most {high:g}, which no answer can be.", where=where
        )

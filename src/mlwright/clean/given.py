"""What `clean` is given, looked at before anything is done with it: one sentence where it cannot be meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isinf
from numbers import Integral
from typing import Final

import numpy as np
import polars as pl

from mlwright.clean.base import Context
from mlwright.errors import DataError, OptionError
from mlwright.values import as_text, parse_number, plain, strip
from mlwright.values.reader import read_value
from mlwright.values.text import is_missing

MOST_SEED: Final = 2**31 - 10_000_000
"""What is learned adds to the seed and takes no number beyond 2**31."""
SHOWN: Final = 60
"""A value is shown in a sentence with so many characters."""
LABELS_HINT: Final = "give them as {row: {column: true value}}, such as {12: {'town': 'Oslo'}}."


def checked_options(labels: object, exclude: object, apply: object, seed: object) -> tuple[str, ...]:
    """Return the columns to leave alone. Raises OptionError where an option is of a kind that it cannot be."""
    if isinstance(seed, bool) or not isinstance(seed, Integral) or not 0 <= int(seed) < MOST_SEED:
        hint = f"give a whole number from 0 to {MOST_SEED - 1}."
        raise OptionError(f"seed cannot be {shown(seed)}.", hint=hint)
    if not isinstance(apply, bool | np.bool_):
        raise OptionError(f"apply cannot be {shown(apply)}.", hint="give True or False.")
    if labels is not None:
        checked_shape(labels)
    if isinstance(exclude, str):
        return (exclude,)
    names = tuple(exclude) if isinstance(exclude, Iterable) else None
    if names is None or not all(isinstance(name, str) for name in names):
        raise OptionError(f"exclude cannot be {shown(exclude)}.", hint="give names of columns, such as ['town'].")
    return names


def checked_shape(labels: object) -> None:
    """Raise OptionError where labels are no mapping of rows to mappings of columns."""
    if not isinstance(labels, Mapping):
        raise OptionError(f"labels cannot be {shown(labels)}.", hint=LABELS_HINT)
    for row, values in labels.items():
        if not isinstance(values, Mapping):
            raise OptionError(f"The label of row {shown(row)} cannot be {shown(values)}.", hint=LABELS_HINT)


def checked_value(value: object, column: str, row: int, context: Context) -> str | None:
    """Return a true value of a cell as text. Raises DataError, naming row and column, where it cannot stand there."""
    raw = plain(value)
    held = context.texts(column)[row]
    if isinstance(raw, list | tuple | dict | set | np.ndarray | pl.Series):
        raise _refused(raw, column, row, context, "is no single value")
    if isinstance(raw, float) and isinf(raw):
        raise _refused(raw, column, row, context, "is no finite number")
    if isinstance(raw, str) and any("\ud800" <= sign <= "\udfff" for sign in raw):
        raise _refused(raw, column, row, context, "is no text that can be written: it has half a character")
    # White space is part of what a person typed, or of what stands there.
    text = raw if isinstance(raw, str) else as_text(raw)
    if text is None or text == held:
        return text
    if not _is_number_where_due(text, column, context):
        raise _refused(raw, column, row, context, "is no number, as the column has them")
    if isinstance(raw, bool) and not _has_truths(column, context):
        raise _refused(raw, column, row, context, "is none of the column's values")
    return text


def _is_number_where_due(text: str, name: str, context: Context) -> bool:
    """Tell whether a text may stand in its column: a number in one of numbers, or what means that there is none."""
    column = context.schema[name]
    if column.kind not in {"number", "integer"} or read_value(text, column) is not None:
        return True
    bare = strip(text)
    return parse_number(bare, column.decimal, column.units) is not None or is_missing(bare, column.missing_tokens)


def _has_truths(name: str, context: Context) -> bool:
    """Tell whether a column holds true or false, as such or as text."""
    if context.table.frame[name].dtype == pl.Boolean or context.schema[name].kind == "boolean":
        return True
    return bool(context.texts(name).str.to_lowercase().is_in(["true", "false"]).any())


def _refused(value: object, column: str, row: int, context: Context, why: str) -> DataError:
    return DataError(f"The label of row {row} for {column!r}, {shown(value)}, {why}.", where=context.table.origin)


def shown(value: object) -> str:
    """Return a value as a sentence shows it: on one line, and not for pages."""
    try:
        text = repr(value)
    except Exception:  # noqa: BLE001  an object of somebody's own, or a number of thousands of digits
        text = f"<{type(value).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[: SHOWN - 3] + "..."

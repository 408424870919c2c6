"""Repairs of typed values, as nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from mlwright.clean.repairs import Repairs
from mlwright.clean.repairs.blank import Blank
from mlwright.clean.repairs.from_key import FromKey
from mlwright.clean.repairs.replace import Replace
from mlwright.clean.repairs.rescale import Rescale
from mlwright.model.exports.to_onnx.columns import Text, TypedColumns
from mlwright.model.exports.to_onnx.graph import BOOL, INT, Tensor
from mlwright.model.exports.to_onnx.refusal import refusal


def mend(columns: TypedColumns, repairs: Repairs) -> None:
    """Mend the columns in the order of the repairs. Raises OptionError where ONNX cannot."""
    for repair in repairs:
        if repair.column in columns and all(name in columns for name in repair.reads):
            if repair.kind not in _MENDERS:
                raise refusal(
                    f"in the column {repair.column!r} it reads damaged text anew, letter by letter",
                    "build it with --no-clean, or from a file that `mlwright clean` has cleaned",
                )
            columns.mend(repair.column, _MENDERS[repair.kind](columns, repair))


def _blank(columns: TypedColumns, repair: Blank) -> Tensor:
    values = columns.number(repair.column)
    for number in repair.numbers:
        values = values.equals(number).where(np.nan, values)
    if repair.low is not None:
        values = (values < repair.low).where(np.nan, values)
    return values if repair.high is None else (values > repair.high).where(np.nan, values)


def _rescale(columns: TypedColumns, repair: Rescale) -> Tensor:
    values = columns.number(repair.column)
    inside = ~values.is_nan()
    if repair.low is not None:
        inside = inside & (values >= repair.low)
    if repair.high is not None:
        inside = inside & (values <= repair.high)
    return inside.where(values * repair.factor + repair.offset, values)


def _replace(columns: TypedColumns, repair: Replace) -> Text:
    text = columns.text(repair.column)
    return _mapped(text, text, repair.new)


def _from_key(columns: TypedColumns, repair: FromKey) -> Text:
    return _mapped(columns.text(repair.column), columns.text(repair.key), repair.values)


def _mapped(text: Text, key: Text, new: Mapping[str, str | None]) -> Text:
    """Return the texts with those in whose place the key has another one replaced; None is missing."""
    if not new:
        return text
    graph = text.values.graph
    place = key.values.lookup(list(new), np.arange(len(new)), -1)
    known = ~key.missing & (place >= 0)
    place = known.where(place, 0)
    texts = graph.texts(["" if made is None else made for made in new.values()])
    gone = graph.constant(np.array([made is None for made in new.values()])).take(place)
    missing = known.where(gone.cast(INT), text.missing.cast(INT)).cast(BOOL)
    return Text(known.where(texts.take(place), text.values), missing)


_MENDERS: Mapping[str, Callable[[TypedColumns, Any], Tensor | Text]] = {
    Blank.kind: _blank,
    Rescale.kind: _rescale,
    Replace.kind: _replace,
    FromKey.kind: _from_key,
}

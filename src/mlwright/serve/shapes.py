"""How rows are written in bodies: single values by column, or requests that hold lists and objects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

Scalar = str | int | float | bool | None
Row = dict[str, Any]
"""A row's values: each a Scalar, unless the row is a request of a recommender."""
Rows = list[Row]
SHAPE = 'a body is {"rows": [{"column": value, ...}, ...]}, where a value is a number, text, true, false or null.'
NDJSON_SHAPE = 'each line is one row: {"column": value, ...}.'


class PredictBody(msgspec.Struct, forbid_unknown_fields=True):
    """The body of a request for answers."""

    rows: list[dict[str, Scalar]]


class RequestsBody(msgspec.Struct, forbid_unknown_fields=True):
    """The same where a row holds lists and objects: requests of a recommender."""

    rows: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Shape:
    """How the rows of a form of models are written in bodies."""

    whole: msgspec.json.Decoder[Any]
    """Of a body of JSON."""
    line: msgspec.json.Decoder[Any]
    """Of one row."""
    hint: str
    """What a body looks like."""
    line_hint: str
    of_cells: Callable[[Row], Row] = lambda row: row
    """Makes a row of the cells of a table, which hold no lists."""


CELLS = Shape(msgspec.json.Decoder(PredictBody), msgspec.json.Decoder(dict[str, Scalar]), SHAPE, NDJSON_SHAPE)
"""Rows whose columns hold single values."""
ANY = Shape(msgspec.json.Decoder(RequestsBody), msgspec.json.Decoder(dict[str, Any]), SHAPE, NDJSON_SHAPE)
"""Rows of whatever form."""

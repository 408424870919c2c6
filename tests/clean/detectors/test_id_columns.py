"""Columns that name rows: how they are told, one or several."""

from __future__ import annotations

import polars as pl
import pytest

from mlwright.clean import Question
from mlwright.clean.base import Context
from mlwright.clean.detectors.id_columns import IdColumns
from mlwright.clean.roles import infer_schema
from mlwright.table import Table


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("order_id",), "'order_id' has a value of its own in (nearly) every row and was left out."),
        (("order_id", "cart_id"),
         "'order_id', 'cart_id' have values of their own in (nearly) every row and were left out."),
    ],
)  # fmt: skip
def test_what_names_rows_is_told_in_a_sentence(names: tuple[str, ...], told: str) -> None:
    frame = pl.DataFrame({name: [f"{name[0]}-{row:05d}" for row in range(300)] for name in names})
    table = Table(frame.with_columns(x=pl.Series([1.5, 2.5, 7.0] * 100)))
    schema, _ = infer_schema(table, Question(target="x"))
    (detection,) = IdColumns().detect(table, Context(table, schema))
    assert detection.finding.message == told

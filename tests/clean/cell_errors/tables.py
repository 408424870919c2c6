"""Tables in which it is known what is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl

from mlwright.clean.base import Context
from mlwright.clean.cell_errors.signs import Looked, look
from mlwright.clean.cell_errors.written import Written
from mlwright.clean.question import Question
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

TOWNS = {
    "0150": "Oslo", "5003": "Bergen", "9008": "Tromso", "3015": "Drammen", "4006": "Stavanger", "7010": "Trondheim",
    "6002": "Alesund", "8006": "Bodo",
}  # fmt: skip


def context_of(columns: dict[str, Any]) -> Context:
    table = Table(pl.DataFrame(columns), origin="rows.csv")
    schema, _ = infer_schema(table, Question())
    return Context(table, schema)


def written(name: str, values: list[Any]) -> Written:
    return Written.of(context_of({name: values}), name)


def looked(columns: dict[str, Any]) -> Looked:
    return look(context_of(columns))


def places(rows: int = 400) -> dict[str, list[Any]]:
    """Postcodes that decide towns and counties, and columns that have nothing to do with them: all is well."""
    rng = np.random.default_rng(3)
    codes = rng.choice(list(TOWNS), rows)
    return {
        "postcode": codes.tolist(),
        "town": [TOWNS[code] for code in codes],
        "county": [f"county of {TOWNS[code][:3]}" for code in codes],
        "plan": rng.choice(["basic", "gold", "silver"], rows).tolist(),
        "paid": [f"{value:.2f}" for value in rng.lognormal(4, 0.5, rows)],
    }

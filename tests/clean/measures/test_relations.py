"""Which sums of three are worth a glance."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest

from mlwright.clean import Question
from mlwright.clean.base import Context
from mlwright.clean.measures.relations import _worth_a_look, relations
from mlwright.clean.roles import infer_schema
from mlwright.table import Table


def context_of(columns: dict[str, np.ndarray], *, stopped: bool = False) -> Context:
    table = Table(pl.DataFrame(columns))
    schema, _ = infer_schema(table, Question())
    return Context(table, schema, stop=lambda: stopped)


def bills(rows: int = 600) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    columns = {f"part {at}": rng.lognormal(3, 1, rows).round(2) for at in range(7)}
    columns["total"] = (columns["part 1"] + columns["part 3"] + columns["part 6"]).round(2)
    return columns


def test_a_sum_of_three_is_looked_at_and_others_are_not() -> None:
    columns = bills()
    V = np.column_stack(list(columns.values()))
    looked = list(_worth_a_look(V, np.full(V.shape[1], 0.005), context_of(columns)))
    assert looked == [(1, 3, 6)]
    assert [each.parts for each in relations(context_of(columns))] == [("part 1", "part 3", "part 6")]


@pytest.mark.parametrize("missing", [0.0, 0.6])
def test_nothing_that_a_glance_would_find_is_left_out(missing: float) -> None:
    rng = np.random.default_rng(1)
    V = rng.integers(1, 4, (500, 6)).astype(float)  # so few different numbers that many sums are often right
    V[:, 5] = V[:, 0] + V[:, 1] + V[:, 2]
    V[rng.random(V.shape) < missing] = np.nan
    looked = set(_worth_a_look(V, np.zeros(6), context_of(bills())))
    for triple in combinations(range(6), 3):
        made = V[:, list(triple)].sum(axis=1)
        held = np.isfinite(made)[:, None] & np.isfinite(V)
        share = (np.equal(V, made[:, None]) & held).sum(axis=0) / held.sum(axis=0).clip(1)
        if any(share[at] >= 0.8 for at in range(6) if at not in triple):
            assert triple in looked


def test_it_stops_when_it_is_told_to() -> None:
    columns = bills()
    V = np.column_stack(list(columns.values()))
    assert list(_worth_a_look(V, np.full(V.shape[1], 0.005), context_of(columns, stopped=True))) == []

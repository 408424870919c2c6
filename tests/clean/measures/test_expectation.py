from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mlwright.clean import Question
from mlwright.clean.base import Context
from mlwright.clean.measures.expectation import askable, expected_of, is_amount, spread_of
from mlwright.clean.roles import infer_schema
from mlwright.table import Table


def context_of(**columns: object) -> Context:
    table = Table(pl.DataFrame(columns))
    schema, _ = infer_schema(table, Question())
    return Context(table, schema)


def related(rows: int = 600) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    size = rng.lognormal(3, 0.6, rows)
    kind = rng.choice(["cheap", "dear"], rows)
    price = size * np.where(kind == "dear", 30, 3) * np.exp(rng.normal(0, 0.03, rows))
    return {"size": size, "kind": kind, "price": price, "noise": rng.normal(0, 1, rows)}


def test_numbers_and_groups_together_tell_a_price() -> None:
    expected = expected_of(context_of(**related()), "price")
    assert expected is not None
    assert expected.helps
    assert expected.spread < 0.1 < expected.alone


def test_wrong_values_do_not_move_what_is_expected() -> None:
    columns = related()
    old = columns["price"].copy()
    rows = np.arange(0, 600, 12)
    columns["price"][rows] *= 1000
    expected = expected_of(context_of(**columns), "price")
    assert expected is not None
    asked = np.exp(expected.ask(rows.astype(np.intp)))
    assert np.median(np.abs(np.log(asked / old[rows]))) < 0.1


def test_noise_is_told_by_nothing() -> None:
    expected = expected_of(context_of(**related()), "noise")
    assert expected is not None
    assert not expected.helps
    assert not expected.logged


def test_it_is_found_out_once_and_can_leave_columns_out() -> None:
    context = context_of(**related())
    assert expected_of(context, "price") is expected_of(context, "price")
    less = expected_of(context, "price", without=("size",))
    more = expected_of(context, "price")
    alone = expected_of(context, "price", alone=True)
    assert less is not None
    assert more is not None
    assert alone is not None
    assert more.spread < less.spread <= alone.spread * 1.05
    assert set(askable(context)) == {"size", "price", "noise"}


@pytest.mark.parametrize("values", [[None] * 80, [3.0] * 80, [*range(20)]])
def test_nothing_is_expected_of_columns_that_say_nothing(values: list[float | None]) -> None:
    context = context_of(a=pl.Series(values, dtype=pl.Float64), b=list(range(len(values))))
    assert expected_of(context, "a") is None


def test_a_fifth_of_wild_values_moves_no_spread() -> None:
    values = np.random.default_rng(1).normal(0, 2, 5_000)
    wild = np.where(np.arange(5_000) % 6 == 0, 1e6, values)
    assert spread_of(values) == pytest.approx(2, rel=0.1)
    assert spread_of(wild) < 3
    assert spread_of(np.empty(0)) == 0.0


def test_amounts_are_compared_by_ratio() -> None:
    assert is_amount(np.array([0.0, 1.0, 5.0, np.nan]))
    assert not is_amount(np.array([-1.0, 1.0, 5.0]))
    assert not is_amount(np.array([np.nan]))


def test_what_trees_leave_is_measured_on_rows_that_they_have_not_seen() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(0, 1, (500, 6))
    y = np.where(x[:, 0] > 0, 1, -1) + rng.normal(0, 0.5, 500)
    expected = expected_of(context_of(y=y, **{f"x{at}": x[:, at] for at in range(6)}), "y")
    assert expected is not None
    assert 0.45 < expected.spread < 0.65
    left = expected.scaled(y[expected.rows]) - expected.ask(expected.rows)
    assert np.allclose(left, expected.residual)


def test_a_curve_and_the_time_of_the_year_are_relatives_too() -> None:
    rng = np.random.default_rng(4)
    day = np.arange(1_500)
    date = pl.Series(np.datetime64("2015-01-01") + day)
    warm = 12 - 10 * np.cos(2 * np.pi * day / 365.25) + rng.normal(0, 1, 1_500)
    far = rng.normal(0, 1, 1_500)
    context = context_of(date=date, warm=warm, x=far, curve=far**2 + rng.normal(0, 0.1, 1_500))
    for name in ("warm", "curve"):
        expected = expected_of(context, name, logged=False)
        assert expected is not None
        assert expected.helps
    assert set(askable(context)[:2]) == {"warm", "curve"}


def test_where_nothing_tells_anything_nothing_is_fitted() -> None:
    rng = np.random.default_rng(5)
    context = context_of(**{f"x{at}": rng.normal(0, 1, 2_000) for at in range(12)})
    expected = expected_of(context, "x0")
    assert expected is not None
    assert np.ptp(expected.ask(np.arange(2_000))) == 0.0

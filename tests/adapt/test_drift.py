"""Drift: what is written is read, and rows change as it says, from the day it says."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapt.conftest import Service, drawn

from mlwright.adapt.drift import KINDS, Drift, Pool
from mlwright.errors import ColumnError, OptionError
from mlwright.model import Model


@pytest.fixture
def model(service: Service) -> Model:
    return service.workspace.open("churn")


def pool(model: Model, *texts: str, rows: int = 4_000, seed: int = 0) -> Pool:
    return Pool(model, drawn(rows, 1), [Drift.read(text, days=100) for text in texts], seed=seed)


@given(
    st.sampled_from(sorted(KINDS)), st.text("abc=@:1 -", min_size=1).map(lambda text: f"x{text}z"),
    st.integers(0, 1), st.integers(0, 49), st.integers(0, 50),
)  # fmt: skip
def test_what_is_written_is_read(kind: str, column: str, amount: int, first: int, more: int) -> None:
    amount = min(amount, int(KINDS[kind].most))
    found = Drift.read(f"{kind}:{column}={amount}@{first}-{first + more}", days=100)
    assert found == Drift(kind, column, float(amount), first, first + more)
    strengths = [found.strength(day) for day in range(110)]
    assert strengths == sorted(strengths)
    assert strengths[first + more] == (0.0 if kind == "none" else 1.0)
    assert not any(strengths[:first])


@pytest.mark.parametrize(
    "text", ["", "storm", "inputs", "missing@3", "relation=2", "relation@100", "relation@50-40", "relation@x"]
)
def test_what_cannot_be_is_refused(text: str) -> None:
    with pytest.raises(OptionError):
        Drift.read(text, days=100)


def test_columns_have_to_be_there_and_to_hold_numbers_where_they_have_a_unit(model: Model) -> None:
    for text in ("missing:nobody", "unit:plan"):
        with pytest.raises(ColumnError):
            pool(model, text)


def test_each_row_comes_once_before_any_comes_again(model: Model) -> None:
    rows = pool(model, rows=1_000)
    days = pl.concat([rows.day(day, 100)[0] for day in range(20)])
    assert days[:1_000].sort(days.columns).equals(days[1_000:].sort(days.columns))
    assert days[:1_000].sort(days.columns).equals(drawn(1_000, 1).drop("y").sort(days.columns))


def test_a_day_is_the_same_whenever_it_is_drawn_and_another_with_another_seed(model: Model) -> None:
    one, same, other = (pool(model, "relation:a@10", "inputs:b@5", seed=seed).day(20, 50) for seed in (0, 0, 1))
    assert one[0].equals(same[0])
    assert np.array_equal(one[1], same[1])
    assert not one[0].equals(other[0])


def test_before_it_begins_nothing_differs(model: Model) -> None:
    for text in ("relation@40", "missing:a@40", "unit:a@40"):
        one, other = pool(model, text).day(39, 200), pool(model).day(39, 200)
        assert one[0].equals(other[0])
        assert np.array_equal(one[1], other[1])


def test_relation_turns_outcomes_round_where_a_column_is_high(model: Model) -> None:
    before, after = pool(model).day(60, 2_000), pool(model, "relation:a=0.5@40").day(60, 2_000)
    assert before[0].equals(after[0])
    turned, a = before[1] != after[1], before[0]["a"].to_numpy()
    middle = np.median(drawn(4_000, 1)["a"])
    assert turned[a > middle].all()
    assert not turned[a < middle].any()
    slow = pool(model, "relation=0.4@20-100").day(60, 2_000)[1] != before[1]
    assert 0.16 < slow.mean() < 0.24  # half of the way: 20 %, and a standard deviation is 0.9 %


def test_inputs_and_classes_move_and_the_rest_follows(model: Model) -> None:
    (usual, y), (moved, _) = pool(model).day(60, 600), pool(model, "inputs:b=2@40").day(60, 600)
    assert moved["b"].mean() > usual["b"].mean() + 0.5  # type: ignore[operator]  # of numbers
    assert abs(moved["a"].mean() - usual["a"].mean()) < 0.25  # type: ignore[operator]  # of numbers
    rarer = pool(model, "classes=1@40").day(60, 600)[1].mean()
    assert abs(rarer - y.mean()) > 0.2


def test_broken_columns_are_empty_or_in_another_unit(model: Model) -> None:
    usual, gone = pool(model).day(60, 100)[0], pool(model, "missing:a@40").day(60, 100)[0]
    assert gone["a"].is_null().all()
    assert gone.drop("a").equals(usual.drop("a"))
    other = pool(model, "unit:b=1000@40").day(60, 100)[0]
    assert np.allclose(other["b"].to_numpy(), 1000 * usual["b"].to_numpy())


def test_an_oracle_learns_from_rows_as_they_are_when_the_change_is_whole(model: Model) -> None:
    frame, y = pool(model, "relation:a=1@40-80").at(40, 500)
    assert frame.height == 500
    agree = (frame["a"].to_numpy() > 0) == (y == 1.0)
    assert agree.mean() < 0.2  # before the change it is 0.9

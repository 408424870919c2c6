from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from mlwright.clean import Question
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.impossible_values import ImpossibleValues
from mlwright.clean.repairs import Blank
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

RNG = np.random.default_rng(0)
ROWS = 500
AGE = RNG.integers(1, 90, ROWS).astype(float)
PRICE = RNG.lognormal(3, 0.5, ROWS).round(2)
SHARE = RNG.uniform(5, 95, ROWS).round(1)
PLACE = RNG.uniform(-70, 70, ROWS).round(4)
MONTH = RNG.integers(1, 13, ROWS)


def found(name: str, values: object) -> list[Detection]:
    table = Table(pl.DataFrame({name: values, "other": RNG.normal(0, 1, ROWS)}))
    schema, _ = infer_schema(table, Question())
    return list(ImpossibleValues().detect(table, Context(table, schema)))


def with_wrong(values: np.ndarray, wrong: float) -> np.ndarray:
    changed = values.copy()
    changed[7] = wrong
    return changed


@pytest.mark.parametrize(
    ("name", "values", "wrong"),
    [
        ("age", AGE, -4.0), ("Age", AGE, 430.0), ("unit_price", PRICE, -19.5), ("humidity_pct", SHARE, 140.0),
        ("share", SHARE / 100, 1.7), ("latitude", PLACE, 512.0), ("lon", PLACE, -400.0), ("month", MONTH, 13),
        ("year", 1990 + MONTH, 2190),
    ],
)  # fmt: skip
def test_names_and_values_together_rule_it_out(name: str, values: np.ndarray, wrong: float) -> None:
    assert found(name, values) == []
    (detection,) = found(name, with_wrong(values, wrong))
    assert detection.finding.rows == (7,)
    assert detection.finding.severity == "warning"
    assert "1 value" in detection.finding.message
    assert isinstance(detection.repair, Blank)
    assert detection.repair.apply_one({name: float(wrong)}) is None
    assert detection.repair.apply_one({name: float(values[3])}) == float(values[3])
    assert detection.cells[0].new == ("",)


@pytest.mark.parametrize(
    ("name", "wrong"), [("price_change", -19.5), ("balance", -19.5), ("net_price", -3.0), ("x", -0.5)]
)
def test_what_may_be_negative_is_not_told(name: str, wrong: float) -> None:
    assert found(name, with_wrong(PRICE, wrong)) == []


def test_the_values_must_agree_with_the_name() -> None:
    rng = np.random.default_rng(1)
    assert found("age", rng.normal(0, 1, ROWS)) == [], "ages that were scaled"
    assert found("growth_pct", np.abs(rng.normal(60, 40, ROWS))) == []
    assert found("pct", np.abs(rng.normal(60, 25, ROWS))) == [], "shares that go on beyond 100"
    assert found("wage", rng.normal(1.5, 0.75, ROWS)) == [], "logarithms that go on below 0"
    assert found("how_long", rng.integers(0, 900, ROWS)) == []


def test_signs_that_were_added_are_known_without_a_name() -> None:
    values = 100 + PRICE * 10
    changed = values.copy()
    changed[[3, 50, 90, 200, 300, 301]] *= -1
    (detection,) = found("f07", changed)
    assert detection.finding.rows == (3, 50, 90, 200, 300, 301)


@pytest.mark.parametrize("wrong", ["2140-01-01", "1891-05-01"])
def test_dates_of_another_age(wrong: str) -> None:
    days = [(date(2015, 1, 1) + timedelta(days=int(day))).isoformat() for day in RNG.integers(0, 2_000, ROWS)]
    assert found("when", days) == []
    (detection,) = found("when", [*days[:-1], wrong])
    assert detection.finding.rows == (ROWS - 1,)
    assert wrong in detection.finding.message


def test_dates_of_birth_reach_far_back() -> None:
    days = [(date(1930, 1, 1) + timedelta(days=int(day))).isoformat() for day in RNG.integers(0, 25_000, ROWS)]
    assert found("born", [*days[:-1], "1905-03-01"]) == []


def test_a_number_that_stands_for_missing_is_left_to_others() -> None:
    assert found("age", np.where(np.arange(ROWS) % 50 == 0, -1.0, AGE)) == []

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
import pytest

from mlwright.clean import Question
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.unit_errors import UnitErrors
from mlwright.clean.measures.units import CONVERSIONS, Conversion, written
from mlwright.clean.repairs import Repairs, Rescale
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

ROWS = 1_200


def people(rows: int = ROWS) -> dict[str, np.ndarray]:
    """Heights and weights that say something of each other, and an income that says nothing."""
    rng = np.random.default_rng(5)
    height = rng.normal(172, 9, rows)
    girth = rng.uniform(45, 160, rows)
    weight = 0.0085 * height * girth * 0.52 * np.exp(rng.normal(0, 0.03, rows))
    return {
        "height": np.round(height, 1), "girth": np.round(girth, 1), "weight": np.round(weight, 1),
        "income": np.round(rng.lognormal(10, 0.9, rows)),
    }  # fmt: skip


def found(columns: dict[str, np.ndarray]) -> tuple[Context, list[Detection]]:
    table = Table(pl.DataFrame(columns))
    schema, _ = infer_schema(table, Question())
    context = Context(table, schema)
    return context, list(UnitErrors().detect(table, context))


def wrong_rows(count: int, rows: int = ROWS) -> np.ndarray:
    return np.sort(np.random.default_rng(9).choice(rows, count, replace=False))


@pytest.mark.parametrize(
    ("column", "made"),
    [
        ("height", lambda x: np.round(x / 100, 3)),
        ("height", lambda x: np.round(x * 10)),
        ("weight", lambda x: x * 1000),
        ("weight", lambda x: np.round(x * 2.204623, 1)),
        ("height", lambda x: np.round(x / 2.54, 1)),
    ],
)
def test_values_in_another_unit_are_found_and_converted(column: str, made: Callable[[np.ndarray], np.ndarray]) -> None:
    columns = people()
    old, rows = columns[column].copy(), wrong_rows(36)
    columns[column][rows] = made(old[rows])
    _, (detection,) = found(columns)
    assert detection.finding.kind == "unit_errors"
    assert detection.finding.columns == (column,)
    assert detection.finding.severity == "warning"
    named = detection.rows
    assert named is not None
    assert len(np.intersect1d(named, rows)) >= 0.9 * len(rows)
    assert len(np.setdiff1d(named, rows)) <= 1
    (cells,) = detection.cells
    assert cells.new is not None
    back = np.array([float(text or "nan") for text in cells.new])
    assert np.median(np.abs(back - old[cells.rows]) / old[cells.rows]) < 0.005


def test_pounds_within_the_range_of_kilograms_are_known_by_the_other_columns() -> None:
    columns = people()
    rows = wrong_rows(30)
    columns["weight"][rows] = np.round(columns["weight"][rows] * 2.204623, 1)
    inside = columns["weight"][rows] < np.delete(columns["weight"], rows).max()
    assert inside.any()
    _, (detection,) = found(columns)
    assert "pounds among kilograms" in detection.finding.message
    assert detection.repair is None, "no interval tells pounds from kilograms"


def test_digits_alone_prove_a_conversion() -> None:
    rng = np.random.default_rng(0)
    price = rng.integers(20, 900, ROWS).astype(float)
    rows = wrong_rows(60)
    old = price.copy()
    price[rows] = np.round(price[rows] * 2.54, 2)
    _, (detection,) = found({"size": price, "noise": rng.normal(0, 1, ROWS).round(3)})
    assert detection.rows is not None
    assert len(np.intersect1d(detection.rows, rows)) >= 0.9 * len(rows)
    assert detection.cells[0].new is not None
    assert [float(text or "nan") for text in detection.cells[0].new] == old[detection.cells[0].rows].tolist()


def test_the_repair_converts_one_interval() -> None:
    columns = people()
    old, rows = columns["height"].copy(), wrong_rows(24)
    columns["height"][rows] = np.round(old[rows] / 100, 3)
    context, (detection,) = found(columns)
    assert isinstance(detection.repair, Rescale)
    mended = Repairs([detection.repair]).apply(context.columns(["height"]))["height"]
    assert np.allclose(np.asarray(mended), old)
    assert detection.repair.apply_one({"height": 1.8}) == pytest.approx(180)
    assert detection.repair.apply_one({"height": 180.0}) == 180.0


def test_fahrenheit_among_celsius() -> None:
    rng = np.random.default_rng(2)
    day = np.arange(ROWS)
    celsius = np.round(12 + 12 * np.sin(day / 58) + rng.normal(0, 1.0, ROWS), 1)
    other = np.round(celsius * 0.9 + rng.normal(0, 0.7, ROWS), 1)
    rows = wrong_rows(40)
    warm = celsius.copy()
    warm[rows] = np.round(celsius[rows] * 1.8 + 32, 1)
    _, detections = found({"temperature": warm, "dew_point": other, "hour": rng.integers(0, 24, ROWS)})
    told = [each for each in detections if each.finding.columns == ("temperature",)]
    assert len(told) == 1
    assert "Fahrenheit among Celsius" in told[0].finding.message
    assert told[0].rows is not None
    assert len(np.intersect1d(told[0].rows, rows)) >= 0.9 * len(rows)


@pytest.mark.parametrize("seed", range(3))
def test_heavy_tails_are_no_other_unit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = {
        "lognormal": rng.lognormal(8, 1.4, ROWS).round(2), "pareto": (1 + rng.pareto(0.9, ROWS)).round(3),
        "counts": rng.negative_binomial(0.4, 0.05, ROWS).astype(float),
        "often zero": np.where(rng.random(ROWS) < 0.8, 0.0, rng.lognormal(4, 1, ROWS)).round(2),
        "levels": rng.choice([1.0, 2, 5, 10, 20, 50, 100, 200, 500, 1000], ROWS),
        "signed": rng.standard_t(2, ROWS).round(4),
    }  # fmt: skip
    assert found(columns)[1] == []


def test_weeks_are_thought_of_only_where_the_name_speaks_of_time() -> None:
    rng = np.random.default_rng(6)
    days = rng.normal(300, 12, ROWS).round()
    days[wrong_rows(20)] /= 7
    days = days.round()
    assert len(found({"duration": days, "noise": rng.normal(0, 1, ROWS)})[1]) == 1
    assert found({"price": days, "noise": rng.normal(0, 1, ROWS)})[1] == []


def test_two_kinds_of_things_that_another_column_tells_apart_are_no_error() -> None:
    rng = np.random.default_rng(1)
    large = rng.random(ROWS) < 0.08
    mass = np.where(large, 1000, 1) * rng.lognormal(3, 0.2, ROWS)
    columns = {"mass": mass.round(3), "kind": np.where(large, "whale", "seal"), "noise": rng.normal(0, 1, ROWS)}
    assert found(columns)[1] == []


def test_a_wrong_column_does_not_make_those_it_predicts_look_wrong() -> None:
    rng = np.random.default_rng(3)
    first = rng.lognormal(3, 0.5, ROWS)
    second = first * np.exp(rng.normal(0, 0.02, ROWS))
    third = first * second
    rows = wrong_rows(30)
    first[rows] *= 100
    _, detections = found({"first": first, "second": second, "third": third})
    assert [each.finding.columns for each in detections] == [("first",)]


def spread_out(rows: int = ROWS) -> np.ndarray:
    """Counts whose tail is so long that a thousand times more is not far beyond it."""
    return np.floor(np.random.default_rng(4).lognormal(3.5, 1.9, rows)) + 1


def test_values_that_end_in_zeros_where_no_others_do_were_multiplied() -> None:
    columns = {"level": spread_out(), "noise": np.random.default_rng(0).normal(0, 1, ROWS)}
    old, rows = columns["level"].copy(), wrong_rows(30)
    columns["level"][rows] *= 1000
    _, (detection,) = found(columns)
    assert detection.rows is not None
    assert len(np.intersect1d(detection.rows, rows)) >= 0.8 * len(rows)
    assert len(np.setdiff1d(detection.rows, rows)) <= 1
    assert detection.cells[0].new is not None
    assert [float(text or "nan") for text in detection.cells[0].new] == old[detection.cells[0].rows].tolist()


def test_large_numbers_that_people_round_are_no_error() -> None:
    level = spread_out() * 40
    large = level >= 10_000
    assert 0.01 < large.mean() < 0.2
    level[large] = np.round(level[large], -3)
    assert found({"level": level, "noise": np.random.default_rng(0).normal(0, 1, ROWS)})[1] == []


def test_it_stops_between_columns_when_it_is_told_to() -> None:
    columns = people()
    columns["height"][wrong_rows(36)] /= 100
    table = Table(pl.DataFrame(columns))
    schema, _ = infer_schema(table, Question())
    asked: list[bool] = []

    def stop() -> bool:
        asked.append(True)
        return True

    assert list(UnitErrors().detect(table, Context(table, schema, stop=stop))) == []
    assert len(asked) == 1


@pytest.mark.parametrize("conversion", CONVERSIONS, ids=lambda each: f"{each.times:.4g} {each.units}")
def test_a_conversion_goes_back_as_the_repair_does(conversion: Conversion) -> None:
    values = np.array([0.5, 1.0, 70.0, 98.6])
    again = conversion.factor * (conversion.times * values + conversion.plus) + conversion.offset
    assert np.allclose(conversion.back(conversion.times * values + conversion.plus), values)
    assert np.allclose(again, values)


def test_a_number_is_written_with_the_decimals_of_its_column() -> None:
    assert written(70.0003, 1) == "70.0"
    assert written(1234567.0, None) == "1.23457e+06"

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mlwright.clean import Question
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.outliers import Outliers
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

ROWS = 1_000


def found(columns: dict[str, object]) -> list[Detection]:
    table = Table(pl.DataFrame(columns))
    schema, _ = infer_schema(table, Question())
    return list(Outliers().detect(table, Context(table, schema)))


def cells_of(detections: list[Detection], severity: str = "warning") -> dict[str, set[int]]:
    return {
        each.finding.columns[0]: set((each.rows if each.rows is not None else np.empty(0)).tolist())
        for each in detections
        if each.finding.kind == "outlier_cells" and each.finding.severity == severity
    }


def ages() -> np.ndarray:
    return np.random.default_rng(0).integers(18, 80, ROWS).astype(float)


@pytest.mark.parametrize("wrong", [450.0, 3_300.0, 0.03, -44.0])
def test_a_slip_of_the_hand_is_found(wrong: float) -> None:
    age = ages()
    age[77] = wrong
    assert cells_of(found({"age": age})) == {"age": {77}}


def test_several_slips_are_found_at_once() -> None:
    age = ages()
    for row, value in ((3, 510.0), (90, 6_100.0), (500, 77_000.0)):
        age[row] = value
    (detection,) = (each for each in found({"age": age}) if each.finding.kind == "outlier_cells")
    assert set(detection.finding.rows) == {3, 90, 500}
    assert "3 values of 'age' (0.3 % of the rows) lie much too far out" in detection.finding.message


def test_a_usual_value_in_the_wrong_row_is_found_by_the_other_columns() -> None:
    rng = np.random.default_rng(1)
    size = rng.lognormal(3, 0.8, ROWS)
    price = 20 * size * np.exp(rng.normal(0, 0.02, ROWS))
    price[10] = price.min() * 1.1 if size[10] > 20 else price.max() * 0.9
    told = cells_of(found({"size": size, "price": price}))
    assert told == {"price": {10}} or told == {"size": {10}}


def test_values_beyond_all_others_that_the_others_do_not_expect() -> None:
    rng = np.random.default_rng(7)
    fat = rng.lognormal(3, 0.6, ROWS)
    protein = np.round(fat * np.exp(rng.standard_t(4, ROWS) * 0.12) + 1)
    columns: dict[str, object] = {"fat": fat, "protein": protein}
    assert cells_of(found(columns)) == {}
    rows = np.array([5, 50, 500, 700])
    assert (protein[rows] < 60).all()
    protein[rows] += 300
    assert cells_of(found(columns)) == {"protein": set(rows.tolist())}


@pytest.mark.parametrize("seed", range(4))
def test_honest_heavy_tails_raise_no_alarm(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = {
        "lognormal": rng.lognormal(5, 1.5, ROWS), "pareto": rng.pareto(1.1, ROWS), "student": rng.standard_t(2, ROWS),
        "zeros": np.where(rng.random(ROWS) < 0.9, 0.0, rng.lognormal(3, 1, ROWS)),
        "counts": rng.negative_binomial(0.5, 0.05, ROWS), "uniform": rng.random(ROWS) * 3,
        "price": (rng.lognormal(7, 0.9, ROWS)).round(),
    }  # fmt: skip
    assert cells_of(found(columns)) == {}


def test_a_value_that_repeats_is_a_group_and_no_error() -> None:
    gain = np.random.default_rng(3).gamma(2, 900, ROWS)
    gain[:8] = 250_000.0
    told = found({"gain": gain})
    assert cells_of(told) == {}
    assert cells_of(told, "info") == {"gain": set(range(8))}


def test_codes_and_levels_are_not_looked_at() -> None:
    rng = np.random.default_rng(4)
    zip_code = rng.integers(10_000, 10_300, ROWS)
    zip_code[5] = 99_999
    level = rng.integers(1, 6, ROWS)
    level[5] = 500
    assert cells_of(found({"zip_code": zip_code, "level": level})) == {}


def test_odd_rows_are_only_worth_knowing() -> None:
    rng = np.random.default_rng(5)
    columns = {name: rng.normal(0, 1, ROWS) for name in "abcd"}
    for values in columns.values():
        values[17] = 9.0
    rows = [each for each in found(dict(columns)) if each.finding.kind == "outlier_rows"]
    assert len(rows) == 1
    assert 17 in rows[0].finding.rows
    assert rows[0].finding.severity == "info"


def test_few_rows_say_nothing() -> None:
    assert found({"age": [30.0] * 20 + [5_000.0]}) == []

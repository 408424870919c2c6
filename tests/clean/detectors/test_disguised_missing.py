from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from mlwright.clean import Question
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.disguised_missing import DisguisedMissing
from mlwright.clean.repairs import Blank, Replace
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

ROWS = 1_000
WRONG = np.arange(4, ROWS, 40)


def found(**columns: object) -> list[Detection]:
    table = Table(pl.DataFrame(columns))
    schema, _ = infer_schema(table, Question())
    return list(DisguisedMissing().detect(table, Context(table, schema)))


def pressure() -> np.ndarray:
    return np.random.default_rng(0).normal(72, 9, ROWS).round()


def test_a_pressure_of_zero_is_none() -> None:
    values = pressure()
    assert found(pressure=values) == []
    values[WRONG] = 0
    (detection,) = found(pressure=values)
    assert detection.rows is not None
    assert detection.rows.tolist() == WRONG.tolist()
    assert isinstance(detection.repair, Blank)
    assert detection.repair.apply_one({"pressure": 0.0}) is None
    assert "0 stands in 25 rows of 'pressure' (2.5 %)" in detection.finding.message


def test_zeros_that_another_column_accounts_for_are_none_of_it() -> None:
    rng = np.random.default_rng(1)
    area = rng.normal(500, 60, ROWS).round()
    garage = rng.choice(["attached", "detached"], ROWS)
    area[WRONG], garage[WRONG] = 0, "none at all"
    assert found(area=area, garage=garage) == []
    assert len(found(area=area, garage=rng.choice(["attached", "detached"], ROWS))) == 1


@pytest.mark.parametrize(
    "values",
    [
        np.random.default_rng(2).poisson(3, ROWS).astype(float),
        np.where(np.random.default_rng(3).random(ROWS) < 0.3, 0, np.random.default_rng(4).lognormal(6, 1, ROWS)),
        np.random.default_rng(5).normal(0, 1, ROWS).round(1),
        np.random.default_rng(6).integers(-5, 60, ROWS).astype(float),
        np.random.default_rng(7).integers(1, 1000, ROWS).astype(float),
        np.random.default_rng(8).choice([9.0, 19, 29, 49, 79, 99, 149, 199, 299, 499, 599, 899, 999], ROWS),
    ],
)
def test_honest_zeros_and_nines_are_values(values: np.ndarray) -> None:
    assert found(x=values) == []


@pytest.mark.parametrize("code", [-1.0, 99.0, -9.0])
def test_codes_among_ages(code: float) -> None:
    ages = np.random.default_rng(9).normal(45, 20, ROWS).clip(1, 98).round()
    ages[WRONG] = code
    told = found(age=ages)
    schema, _ = infer_schema(Table(pl.DataFrame({"age": ages})), Question())
    read_already = code in schema["age"].missing_numbers
    assert len(told) == (0 if read_already else 1)
    assert read_already or told[0].finding.severity == "warning"


def test_what_the_schema_reads_as_missing_is_not_told_again() -> None:
    values = pressure()
    values[WRONG] = -999
    assert found(pressure=values) == []


def test_a_code_in_most_rows_is_only_worth_knowing() -> None:
    rng = np.random.default_rng(10)
    days = np.where(rng.random(ROWS) < 0.4, -1, rng.integers(20, 800, ROWS)).astype(float)
    assert {each.finding.severity for each in found(days_since=days)} == {"info"}


@pytest.mark.parametrize("day", ["1970-01-01", "1900-01-01", "2000-01-01"])
def test_days_that_programs_write(day: str) -> None:
    rng = np.random.default_rng(11)
    days = [(date(1990, 1, 1) + timedelta(days=int(d))).isoformat() for d in rng.integers(-8_000, 12_000, ROWS)]
    assert found(when=days) == []
    changed = [day if row in set(WRONG.tolist()) else text for row, text in enumerate(days)]
    schema, findings = infer_schema(Table(pl.DataFrame({"when": changed})), Question())
    told = found(when=changed)
    assert bool(told) != bool(schema["when"].missing_numbers), findings
    assert all(isinstance(each.repair, Blank) and day in each.finding.message for each in told)


def test_words_to_get_past_a_field() -> None:
    rng = np.random.default_rng(12)
    towns = rng.choice(["Oslo", "Bergen", "Tromsoe", "Bodoe", "Hamar"], ROWS).astype(object)
    towns[[3, 700]], towns[[9, 11]] = "asdf", "xxx"
    (detection,) = found(town=towns.tolist())
    assert set(detection.finding.rows) == {3, 9, 11, 700}
    assert isinstance(detection.repair, Replace)
    assert detection.repair.apply_one({"town": "asdf"}) is None
    assert detection.repair.apply_one({"town": "Oslo"}) == "Oslo"


def test_not_to_know_is_an_answer() -> None:
    job = np.random.default_rng(13).choice(["teacher", "nurse", "clerk", "unknown"], ROWS).tolist()
    assert {each.finding.severity for each in found(job=job)} == {"info"}


def test_short_codes_may_look_like_junk() -> None:
    codes = np.random.default_rng(14).choice(["NO", "SE", "DK", "XX", "FI", "IS"], ROWS).tolist()
    assert found(country=codes) == []


@pytest.mark.parametrize("value", [999.9, -127.0, 6553.5])
def test_one_value_far_from_all_others_that_comes_again_and_again_is_none(value: float) -> None:
    degrees = np.random.default_rng(15).normal(18, 5, ROWS).round(2)
    degrees[WRONG] = value
    (detection,) = found(degrees_c=degrees)
    assert detection.rows is not None
    assert detection.rows.tolist() == WRONG.tolist()
    assert isinstance(detection.repair, Blank)
    assert detection.repair.apply_one({"degrees_c": value}) is None
    assert detection.finding.severity == "warning"


def test_a_far_value_that_came_seldom_or_is_one_of_many_is_a_value() -> None:
    rng = np.random.default_rng(16)
    once = rng.normal(18, 5, ROWS).round(2)
    once[3] = 999.9
    various = rng.normal(18, 5, ROWS).round(2)
    various[WRONG] = rng.normal(990, 3, len(WRONG)).round(2)
    prices = rng.choice([4.2, 9.9, 12, 15, 19.9, 25, 29, 31, 39, 45, 49, 899], ROWS, p=[0.085] * 11 + [0.065])
    heavy = np.minimum(rng.pareto(0.8, ROWS) * 10, 5_000).round(1)
    assert found(once=once, various=various, price=prices, heavy=heavy) == []


@pytest.mark.parametrize("code", [9, 8, 98, 99, -9])
def test_a_code_beyond_a_scale_of_answers(code: int) -> None:
    answers = np.random.default_rng(17).choice([1, 2, 3, 4, 5], ROWS, p=[0.1, 0.2, 0.35, 0.25, 0.1])
    assert found(q1=answers) == []
    answers[WRONG] = code
    schema, _ = infer_schema(Table(pl.DataFrame({"q1": answers})), Question())
    if float(code) in schema["q1"].missing_numbers:
        assert found(q1=answers) == []  # read as missing already
        return
    (detection,) = found(q1=answers)
    assert detection.rows is not None
    assert detection.rows.tolist() == WRONG.tolist()
    assert detection.repair is not None
    assert "90 % of the others lie between 1 and 5" in detection.finding.message


def test_steps_and_counts_that_go_on_are_values() -> None:
    rng = np.random.default_rng(18)
    children = rng.poisson(1.2, ROWS)
    children[[5, 50, 500]] = 9
    cylinders = rng.choice([3, 4, 5, 6, 8], ROWS)
    ten = rng.integers(0, 11, ROWS)
    six = rng.choice([1, 2, 3, 4, 5, 6], ROWS)
    assert found(children=children, cylinders=cylinders, ten=ten, six=six) == []

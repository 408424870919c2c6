from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from mlwright.clean import Question
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.contradictions import Contradictions
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

ROWS = 800
WRONG = np.arange(5, ROWS, 50)


def found(columns: dict[str, object]) -> list[Detection]:
    table = Table(pl.DataFrame(columns))
    schema, _ = infer_schema(table, Question())
    return list(Contradictions().detect(table, Context(table, schema)))


def alarms(columns: dict[str, object]) -> list[Detection]:
    return [each for each in found(columns) if each.finding.severity != "info"]


def stays() -> tuple[list[date], list[date]]:
    rng = np.random.default_rng(0)
    start = [date(2021, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 900, ROWS)]
    return start, [day + timedelta(days=int(more)) for day, more in zip(start, rng.gamma(2, 9, ROWS), strict=True)]


def texts(days: list[date]) -> list[str]:
    return [day.isoformat() for day in days]


def test_an_end_before_its_start_needs_no_names() -> None:
    start, end = stays()
    assert found({"a": texts(start), "b": texts(end)}) == []
    for row in WRONG:
        start[row], end[row] = end[row], start[row]
    rows = [row for row in WRONG if start[row] > end[row]]
    (detection,) = found({"a": texts(start), "b": texts(end)})
    assert list(detection.finding.rows) == rows
    assert detection.finding.columns == ("a", "b")
    assert "changed places" in detection.finding.message
    assert {cells.column for cells in detection.cells} == {"a", "b"}
    new = dict(zip(detection.cells[0].rows.tolist(), detection.cells[0].new or (), strict=True))
    assert new[rows[0]] == end[rows[0]].isoformat()


def test_dates_in_no_order_are_not_told() -> None:
    rng = np.random.default_rng(1)
    days = [texts([date(2021, 1, 1) + timedelta(days=int(d)) for d in rng.integers(0, 900, ROWS)]) for _ in range(2)]
    assert found({"a": days[0], "b": days[1]}) == []


def amounts() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(2)
    count, price, tax = rng.integers(1, 30, ROWS), rng.lognormal(2, 0.7, ROWS).round(2), rng.lognormal(1, 0.7, ROWS)
    columns: dict[str, np.ndarray] = {"count": count, "price": price, "tax": tax.round(2)}
    columns["cost"] = (count * price).round(2)
    columns["total"] = (columns["cost"] + columns["tax"]).round(2)
    return columns


@pytest.mark.parametrize(("column", "said"), [("total", "the sum of 'tax' and 'cost'"), ("cost", "times")])
def test_totals_and_products_that_do_not_add_up(column: str, said: str) -> None:
    columns = amounts()
    assert found(dict(columns)) == []
    old = columns[column].copy()
    columns[column][WRONG] = (old[WRONG] * 1.4 + 1).round(2)
    told = [each for each in found(dict(columns)) if said in each.finding.message]
    (detection,) = [each for each in told if each.finding.columns[0] == column]
    assert detection.rows is not None
    assert detection.rows.tolist() == WRONG.tolist()
    cells = next(each for each in detection.cells if each.column == column)
    assert cells.new is not None
    assert np.allclose([float(text or "nan") for text in cells.new], old[cells.rows], atol=0.01)


def test_a_sum_of_three() -> None:
    rng = np.random.default_rng(3)
    columns = {name: rng.integers(1, 500, ROWS) for name in "abc"}
    columns["all"] = columns["a"] + columns["b"] + columns["c"]
    columns["all"][WRONG] += 77
    (detection,) = found(dict(columns))
    assert detection.finding.columns == ("all", "a", "b", "c")


def test_chance_makes_no_relation() -> None:
    rng = np.random.default_rng(4)
    columns: dict[str, object] = {f"level{place}": rng.integers(0, 9, ROWS) for place in range(9)}
    columns |= {f"noise{place}": rng.normal(0, 1, ROWS) for place in range(9)}
    columns |= {"mostly zero": np.where(rng.random(ROWS) < 0.98, 0, rng.integers(1, 50, ROWS))}
    columns |= {"nearly": np.asarray(columns["noise0"]) + rng.normal(0, 0.01, ROWS)}
    assert alarms(columns) == []


def test_ages_that_their_dates_of_birth_contradict() -> None:
    rng = np.random.default_rng(5)
    born = [date(1945, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 20_000, ROWS)]
    seen = [date(2023, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 300, ROWS)]
    age = np.array([(later - day).days // 365 for day, later in zip(born, seen, strict=True)])
    columns: dict[str, object] = {"born": texts(born), "seen": texts(seen), "age": age}
    assert found(columns) == []
    wrong = age.copy()
    wrong[WRONG] = (age[WRONG] + 25) % 70 + 5
    apart = [int(row) for row in WRONG if abs(wrong[row] - age[row]) > 3]
    (detection,) = found({**columns, "age": wrong})
    assert set(apart) <= set(detection.finding.rows) <= set(WRONG.tolist())
    (alone,) = found({"born": texts(born), "age": wrong})
    assert set(apart) <= set(alone.finding.rows)


def test_a_minimum_above_its_maximum() -> None:
    rng = np.random.default_rng(6)
    low = rng.normal(10, 4, ROWS).round(2)
    high = (low + rng.gamma(2, 2, ROWS)).round(2)
    low[WRONG], high[WRONG] = high[WRONG], low[WRONG]
    (detection,) = alarms({"temp_min": low, "temp_max": high})
    assert set(detection.finding.rows) <= set(WRONG.tolist())
    assert len(detection.finding.rows) >= len(WRONG) - 2
    assert alarms({"price": low, "price_max": high}) != []


def test_numbers_that_are_only_mostly_larger_are_no_alarm() -> None:
    rng = np.random.default_rng(7)
    small = rng.normal(10, 2, ROWS)
    assert alarms({"small": small, "large": small + rng.normal(2.5, 1, ROWS)}) == []


def test_a_part_that_few_rows_have_explains_a_sum() -> None:
    rng = np.random.default_rng(4)
    one, other = rng.integers(10, 500, ROWS), rng.integers(10, 500, ROWS)
    late = np.where(np.isin(np.arange(ROWS), WRONG), rng.integers(5, 60, ROWS), 0)
    assert found({"one": one, "other": other, "paid": one + other + late, "late": late}) == []
    assert found({"one": one, "other": other, "paid": one + other + late})


def test_a_state_that_only_the_exceptions_have_explains_a_sum() -> None:
    rng = np.random.default_rng(5)
    owed, paid = rng.integers(10, 500, ROWS), rng.integers(10, 500, ROWS)
    lent, odd = owed + paid, np.isin(np.arange(ROWS), WRONG)
    states = np.where(odd, "written off", rng.choice(["current", "late"], ROWS))
    columns = {"owed": np.where(odd, 0, owed), "paid": paid, "lent": lent}
    assert found({**columns, "state": states}) == []
    assert found({**columns, "state": rng.permutation(states)})


def test_totals_that_are_only_ever_more_lack_a_part_that_is_not_in_the_table() -> None:
    rng = np.random.default_rng(6)
    one, other = rng.integers(100, 500, ROWS), rng.integers(100, 500, ROWS)
    odd = np.isin(np.arange(ROWS), WRONG)
    more = np.where(odd, rng.integers(50, 400, ROWS), 0)
    (told,) = found({"one": one, "other": other, "total": one + other + more})
    assert told.finding.severity == "info"
    either = np.where(odd, rng.choice([-60, 75], ROWS), 0)
    (told,) = found({"one": one, "other": other, "total": one + other + either})
    assert told.finding.severity == "warning"
    slipped = (one + other) * np.where(odd, 10, 1)
    (told,) = found({"one": one, "other": other, "total": slipped})
    assert told.finding.severity == "warning"

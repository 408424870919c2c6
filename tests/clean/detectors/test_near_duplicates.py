"""Rows that say nearly the same, and rows that are alike by nature."""

from __future__ import annotations

import numpy as np
import polars as pl

from mlwright.clean import Question
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.near_duplicates import NearDuplicates
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

Rows = list[dict[str, str | None]]


def found(rows: Rows) -> list[Detection]:
    table = Table(pl.DataFrame(rows), origin="t.csv")
    schema, _ = infer_schema(table, Question(target=None))
    return list(NearDuplicates().detect(table, Context(table, schema)))


def people(rows: int = 400) -> Rows:
    rng = np.random.default_rng(0)
    first = ["Anna", "Bertil", "Carla", "Dmitri", "Elif", "Farid", "Greta", "Henrik"]
    last = ["Andersson", "Bergmann", "Castellani", "Dubois", "Eriksen", "Fischer", "Gonzalez", "Hoffmann"]
    return [
        {
            "name": f"{rng.choice(first)} {rng.choice(last)}",
            "street": f"{rng.choice(['Main', 'High', 'Church', 'Station', 'Mill'])} Street",
            "number": str(rng.integers(1, 400)),
            "town": str(rng.choice(["Springfield", "Riverside", "Franklin", "Greenville"])),
            "income": f"{rng.lognormal(10, 0.5):.2f}",
            "age": str(rng.integers(18, 90)),
            "height": f"{rng.normal(170, 10):.1f}",
        }
        for _ in range(rows)
    ]


def test_a_row_written_otherwise_is_found() -> None:
    rows = people()
    copies = [
        {**rows[3], "name": str(rows[3]["name"]).upper()},
        {**rows[50], "street": str(rows[50]["street"]).replace("Street", "street.")},
        {**rows[77], "town": str(rows[77]["town"])[:-2] + str(rows[77]["town"])[-1]},
    ]
    (detection,) = found([*rows, *copies])
    assert detection.rows is not None
    assert detection.rows.tolist() == [400, 401, 402]
    assert detection.finding.severity == "warning"
    assert (
        "3 rows (0.74 %) say nearly the same as an earlier one: in rows 3 and 400 'name'" in detection.finding.message
    )


def test_a_row_with_a_number_of_its_own_is_found() -> None:
    rows = people()
    copy = {**rows[10], "name": str(rows[10]["name"]).lower()}
    numbered: Rows = [{"customer_id": f"C{at:05d}", **row} for at, row in enumerate([*rows, copy])]
    (detection,) = found(numbered)
    assert detection.rows is not None
    assert detection.rows.tolist() == [400]


def test_rows_with_one_number_a_little_otherwise_are_found_where_they_are_many() -> None:
    rows = people()
    copies = [{**rows[at], "income": f"{float(str(rows[at]['income'])) * 1.01:.2f}"} for at in range(0, 400, 40)]
    (detection,) = found([*rows, *copies])
    assert detection.rows is not None
    assert len(detection.rows) >= 5, "some have too frequent values to be told from others"
    assert set(detection.rows.tolist()) <= set(range(400, 410))
    assert found([*rows, copies[0]]) == []


def test_exact_copies_are_told_elsewhere() -> None:
    rows = people()
    assert found([*rows, rows[5], rows[9]]) == []


def test_other_people_are_no_copies() -> None:
    assert found(people()) == []


def test_rows_of_few_values_are_alike_by_nature() -> None:
    rng = np.random.default_rng(1)
    rows: Rows = [
        {name: str(rng.choice(["often", "seldom", "never"])) for name in ("tea", "coffee", "juice", "water", "milk")}
        for _ in range(500)
    ]
    rows[7] = {**rows[7], "tea": str(rows[7]["tea"]).upper()}
    assert found(rows) == []


def test_years_of_one_place_are_no_copies() -> None:
    rng = np.random.default_rng(2)
    rows: Rows = []
    for place in range(60):
        same = {"place": f"Place {place}", "area": f"{rng.lognormal(3, 1):.1f}", "height": f"{rng.normal(300, 90):.1f}"}
        same |= {"region": f"Region {place % 9}", "coast": "yes" if place % 2 else "no"}
        rows += [{**same, "year": str(2000 + year), "people": "12000"} for year in range(8)]
    assert found(rows) == []

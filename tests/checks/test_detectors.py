"""One battery over every registered detector, on tables of every odd shape."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from mlwright.clean import Question
from mlwright.clean.base import ROWS_SHOWN, Context, Detection, Detector, OutOfFold
from mlwright.clean.detectors import DETECTORS, detect
from mlwright.clean.repairs import Repairs, from_state
from mlwright.clean.roles import infer_schema
from mlwright.collect import collect
from mlwright.columns import Coded
from mlwright.table import Table


def plain(rows: int = 300) -> Table:
    """Nothing is wrong here: numbers, categories, dates, an id, text and a target that they say something of."""
    rng = np.random.default_rng(1)
    age, town = rng.integers(18, 80, rows), rng.choice(["Oslo", "Bergen", "Tromsø"], rows)
    return collect(
        pl.DataFrame(
            {
                "id": [f"A{number:05d}" for number in range(rows)],
                "age": age.astype(str),
                "income": [f"{value:.2f}" for value in rng.lognormal(10, 0.4, rows)],
                "town": town,
                "since": [(date(2020, 1, 1) + timedelta(days=int(day))).isoformat() for day in rng.permutation(rows)],
                "bought": np.where(rng.random(rows) < (age / 100), "yes", "no"),
            }
        )
    )


def dirty() -> Table:
    """Something of everything is wrong in some cells."""
    frame = plain().frame.with_columns(pl.lit("x").alias("same"))
    age, town, income = (frame[name].to_list() for name in ("age", "town", "income"))
    age[3], age[5], age[7] = "-4", "999", "n/a"
    town[1], town[2], town[4] = "oslo ", "BERGEN", "TromsÃ¸"
    income[8], income[9] = "$1,200,000", "0.01"
    columns = {"age": age, "town": town, "income": income}
    return collect(frame.with_columns(pl.Series(name, values) for name, values in columns.items()))


def rows(frame: pl.DataFrame) -> Table:
    return Table(frame)


TABLES: dict[str, Callable[[], Table]] = {
    "plain": plain,
    "dirty": dirty,
    "no rows": lambda: rows(plain().frame.head(0)),
    "one row": lambda: rows(plain().frame.head(1)),
    "one cell": lambda: rows(pl.DataFrame({"a": ["1"]})),
    "two rows": lambda: rows(plain().frame.head(2)),
    "all missing": lambda: rows(pl.DataFrame({"a": [None] * 50, "b": ["", " "] * 25, "c": [float("nan")] * 50})),
    "garbage": lambda: rows(
        pl.DataFrame({"a": [bytes([code % 256, 200, 0]).decode("latin-1") for code in range(256)], "b": range(256)})
    ),
    "odd numbers": lambda: rows(pl.DataFrame({"a": [1e308, -1e308, float("inf"), float("nan"), 0.0, 5e-324] * 20})),
    "typed": lambda: rows(
        pl.DataFrame(
            {
                "when": pl.Series([date(2024, 1, 1), None, date(1, 1, 1), date(9999, 12, 31)] * 10),
                "flag": [True, None, False, True] * 10,
                "large": pl.Series([2**62, 1, 2, None] * 10, dtype=pl.Int64),
                "category": pl.Series(["a", "b", None, "a"] * 10, dtype=pl.Categorical),
            }
        )
    ),
    "wide": lambda: rows(pl.DataFrame({f"c{place}": [str(place), "2", "x"] for place in range(400)})),
    "long cells": lambda: rows(pl.DataFrame({"a": ["word " * 20_000, "x", None] * 4, "b": range(12)})),
}


def looked_at(table: Table, target: str | None = None) -> Context:
    schema, _ = infer_schema(table, Question(target=target))
    return Context(table, schema)


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("detector", DETECTORS.values(), ids=lambda detector: detector.name)
def test_a_detector_keeps_its_promises_on_every_table(detector: Detector, name: str) -> None:
    table = TABLES[name]()
    before = table.frame.clone()
    target = table.frame.columns[-1]
    for context in (looked_at(table), looked_at(table, target)):
        for detection in detector.detect(table, context):
            assert detection.finding.kind in detector.kinds
            check_sound(detection, table, context)
    assert table.frame.equals(before)


def check_sound(detection: Detection, table: Table, context: Context) -> None:
    finding = detection.finding
    assert finding.message.endswith(".")
    assert any(letter.isdigit() for letter in finding.message) or not len(finding.rows), "evidence has numbers"
    assert set(finding.columns) <= set(table.frame.columns)
    assert 0.0 <= finding.confidence <= 1.0
    assert len(finding.rows) <= ROWS_SHOWN
    assert all(type(row) is int and 0 <= row < table.rows for row in finding.rows)
    if detection.rows is not None:
        assert finding.rows == tuple(detection.rows[:ROWS_SHOWN].tolist())
        assert (np.diff(detection.rows) > 0).all()
    for cells in detection.cells:
        assert cells.column in table.frame.columns
        assert ((cells.rows >= 0) & (cells.rows < table.rows)).all()
        assert cells.new is None or len(cells.new) == len(cells.rows)
        assert cells.confidence is None or len(cells.confidence) == len(cells.rows)
    if detection.repair is not None:
        check_repair(detection, context)


def check_repair(detection: Detection, context: Context) -> None:
    """A repair says the same of a batch and of one row, also once it was saved and loaded."""
    assert detection.repair is not None
    repair = from_state(detection.repair.state())
    assert repair.state() == detection.repair.state()
    assert repair.words
    columns = context.columns([repair.column, *repair.reads])
    mended = Repairs([repair]).apply(columns)
    for row in range(min(columns.rows, 60)):
        one = Repairs([repair]).apply_row(columns.row(row))[repair.column]
        assert one == mended.row(row)[repair.column]
    values = mended[repair.column]
    assert isinstance(values, Coded) == isinstance(columns[repair.column], Coded)


@pytest.mark.parametrize("detector", DETECTORS.values(), ids=lambda detector: detector.name)
def test_a_detector_says_the_same_of_the_same_table(detector: Detector) -> None:
    def said() -> list[object]:
        table = dirty()
        return [detection.finding for detection in detector.detect(table, looked_at(table, "bought"))]

    assert said() == said()


@pytest.mark.parametrize("detector", DETECTORS.values(), ids=lambda detector: detector.name)
def test_a_sentence_names_rows_as_people_know_them(detector: Detector) -> None:
    """Where some rows of a large table are looked at, the numbers in sentences are those of the large one."""
    table = dirty()
    schema, _ = infer_schema(table, Question(target="bought"))
    sure = np.where(np.array(table.frame["bought"] == "yes")[:, None], [[0.01, 0.99]], [[0.99, 0.01]])
    sure[:9] = sure[:9, ::-1]
    context = Context(
        table, schema, places=1_000_000 + np.arange(table.rows), out_of_fold=OutOfFold(sure, ("no", "yes"))
    )
    for detection in detector.detect(table, context):
        named = re.findall(r"\brows? (\d+)", detection.finding.message)
        assert all(int(row) >= 1_000_000 for row in named), detection.finding.message


@pytest.mark.parametrize("detector", DETECTORS.values(), ids=lambda detector: detector.name)
def test_a_detector_is_named_after_its_file(detector: Detector) -> None:
    assert type(detector).__module__.endswith(f".{detector.name}")
    assert detector.kinds


def test_nothing_is_wrong_with_a_clean_table() -> None:
    table = plain()
    told = [found.finding for found in detect(table, looked_at(table, "bought"))]
    assert [finding for finding in told if finding.severity != "info"] == []


def test_detectors_take_what_a_model_says() -> None:
    table = plain()
    schema, _ = infer_schema(table, Question(target="bought"))
    P = np.full((table.rows, 2), 0.5)
    for detector in DETECTORS.values():
        list(detector.detect(table, Context(table, schema, out_of_fold=OutOfFold(P, ("no", "yes")))))

"""Numbers in several units in one column."""

from __future__ import annotations

import polars as pl
import pytest

from mlwright.clean import Question
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.mixed_kinds import MixedKinds
from mlwright.clean.roles import infer_schema
from mlwright.table import Table


def found(values: list[str | None]) -> list[Detection]:
    table = Table(pl.DataFrame({"size": values}), origin="t.csv")
    schema, _ = infer_schema(table, Question(target=None))
    return list(MixedKinds().detect(table, Context(table, schema)))


@pytest.mark.parametrize(
    ("values", "wrong", "right"),
    [
        (["70 kg", "80 kg", "62.5 kg"] * 20, "154 lb", "69.8532 kg"),
        (["70 kg", "80 kg", "62.5 kg"] * 20, "71000 grams", "71 kg"),
        (["1.80 m", "1.65 m"] * 20, "175 cm", "1.75 m"),
        (["12 oz", "16 oz"] * 20, "355 ml", "12.004 oz"),
    ],
)
def test_another_unit_is_converted(values: list[str | None], wrong: str, right: str) -> None:
    (detection,) = found([*values, wrong])
    assert detection.cells[0].new == (right,)
    assert detection.rows is not None
    assert detection.rows.tolist() == [len(values)]
    assert f"'{wrong}' is '{right}' there" in detection.finding.message


def test_a_unit_is_told_from_the_size_of_bare_numbers() -> None:
    (detection,) = found([*["70", "80", "62"] * 30, "154 lb", "176 lb", "137 lb"])
    assert detection.cells[0].new is not None
    assert [round(float(str(text))) for text in detection.cells[0].new] == [70, 80, 62]
    assert "in kg by their size" in detection.finding.message


def test_percent_signs_may_mean_a_hundred_times_as_much_or_nothing() -> None:
    (larger,) = found([*["0.05", "0.061", "0.07"] * 20, "5%", "6 %", "7%"])
    assert larger.cells[0].new == ("0.05", "0.06", "0.07")
    (same,) = found([*["0.05", "0.061", "0.07"] * 20, "0.05%", "0.06%", "0.07%"])
    assert same.cells[0].new == ("0.05", "0.06", "0.07")


def test_two_currencies_are_told_but_not_converted() -> None:
    (detection,) = found([*["$5", "$7.50"] * 20, "6 €"])
    assert detection.cells[0].new is None
    assert detection.cells[0].rows.tolist() == [40]


@pytest.mark.parametrize(
    "values",
    [
        ["12 oz", "12.0 oz.", "16 ounces", "16 OZ"] * 20,
        ["70 kg", "80", "62", "75 kg"] * 20,
        ["5", "7", "9"] * 20,
        ["small", "large"] * 20,
        ["1.2k", "3m", "700"] * 20,
        ["Flat 2", "Flat 3", "12b High St"] * 20,
        ["5%", "7%"] * 20,
    ],
)
def test_one_unit_however_written_is_no_finding(values: list[str | None]) -> None:
    assert found(values) == []

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from mlwright.clean import Question
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.mixed_dates import MixedDates
from mlwright.clean.repairs import Replace
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

ROWS = 400
DAYS = [date(2021, 1, 1) + timedelta(days=int(day)) for day in np.random.default_rng(0).integers(0, 900, ROWS)]
FORMATS = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%b %d, %Y", "%d.%m.%Y", "%d %B %Y", "%Y/%m/%d", "%Y%m%d", "%m/%d/%y")
TWINS = {"%d/%m/%Y", "%m/%d/%Y"}


def found(texts: list[str | None]) -> list[Detection]:
    table = Table(pl.DataFrame({"row": range(len(texts)), "when": texts}))
    schema, _ = infer_schema(table, Question())
    return list(MixedDates().detect(table, Context(table, schema)))


def written(main: str, other: str, share: float) -> tuple[list[str | None], set[int]]:
    rng = np.random.default_rng(1)
    odd = {row for row in range(ROWS) if rng.random() < share}
    return [day.strftime(other if row in odd else main) for row, day in enumerate(DAYS)], odd


@pytest.mark.parametrize("share", [0.03, 0.25])
@pytest.mark.parametrize(("main", "other"), [(m, o) for m in FORMATS[:5] for o in FORMATS if m != o])
def test_a_second_format_is_found_and_read(main: str, other: str, share: float) -> None:
    texts, odd = written(main, other, share)
    (detection,) = found(texts)
    (cells,) = detection.cells
    assert cells.new is not None
    new = dict(zip(cells.rows.tolist(), cells.new, strict=True))
    if {main, other} == TWINS:  # only some of them show which they are
        odd = {row for row in odd if DAYS[row].day > 12}
        assert odd <= set(new)
    else:
        assert odd == set(new)
    assert all(new[row] == DAYS[row].isoformat() for row in odd)
    assert detection.finding.severity == "warning"


@pytest.mark.parametrize("form", FORMATS[:8])
def test_one_format_is_no_finding(form: str) -> None:
    assert found([day.strftime(form) for day in DAYS]) == []


def test_times_of_day_and_gaps_are_no_second_format() -> None:
    texts: list[str | None] = [f"{day.isoformat()} 1{row % 10}:30:00" for row, day in enumerate(DAYS)]
    texts[3], texts[7] = None, "n/a"
    assert found(texts) == []


def test_a_column_that_became_text_can_be_mended() -> None:
    rng = np.random.default_rng(2)
    texts = [day.strftime(FORMATS[int(rng.integers(0, 2)) * 3]) for day in DAYS]
    (detection,) = found(list(texts))
    assert isinstance(detection.repair, Replace)
    mended = [detection.repair.apply_one({"when": text}) for text in texts]
    assert mended == [day.isoformat() for day in DAYS]


@pytest.mark.parametrize(
    "texts",
    [
        [f"{row % 90 + 10}-{row % 70 + 10}-{row:04d}" for row in range(300)],
        [f"v{row % 9}.{row % 7}.{row % 5}" for row in range(300)],
        [f"192.168.{row % 9}.{row}" for row in range(300)],
        [f"{row % 12 + 1}/{row % 5 + 1}" for row in range(300)],
    ],
)
def test_codes_are_no_dates(texts: list[str | None]) -> None:
    assert found(texts) == []


def test_day_and_month_that_changed_places_break_the_order() -> None:
    days = sorted(DAYS)
    able = [row for row in range(20, ROWS - 20) if days[row].day <= 12 and abs(days[row].day - days[row].month) > 2]
    odd = able[::12]
    texts: list[str | None] = [day.isoformat() for day in days]
    assert found(list(texts)) == []
    for row in odd:
        texts[row] = date(days[row].year, days[row].day, days[row].month).isoformat()
    (detection,) = found(texts)
    assert set(detection.finding.rows) == set(odd)
    assert detection.cells[0].new == tuple(days[row].isoformat() for row in odd)


def test_rows_in_no_order_say_nothing_of_day_and_month() -> None:
    assert found([date(2021, day.month, min(day.day, 12)).isoformat() for day in DAYS]) == []

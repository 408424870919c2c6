"""Dates as sheets export them: days since 1899-12-30, with a comma or a point, read and said."""

from __future__ import annotations

import polars as pl
import pytest

from mlwright.table import Table
from mlwright.tasks.recommend.moments import read_moments, sheet_days
from mlwright.tasks.recommend.propose import Names
from mlwright.tasks.recommend.read import read_log
from mlwright.tasks.recommend.vocabulary import says_time_of_event
from mlwright.testing.logs import make_log

NOW = 1_710_000_000.0
MADE = make_log(120, 80, 1_500, seed=5, kind="implicit").log.select("user_id", "item_id", "timestamp")
MADE = MADE.unique(["user_id", "item_id"], keep="first", maintain_order=True)
DAYS = MADE["timestamp"].cast(pl.Float64) / 86_400 + 25_569
FORMS = {
    "whole days": DAYS.floor().cast(pl.Int64),
    "with a point": DAYS.round(5),
    "texts": DAYS.round(5).cast(pl.String),
    "with a comma": DAYS.round(5).cast(pl.String).str.replace(".", ",", literal=True),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", ["order_date", "Bestelldatum"])
def test_dates_of_a_sheet_are_found_read_and_said(form: str, name: str) -> None:
    frame = MADE.select("user_id", "item_id", FORMS[form].alias(name))
    log = read_log(Table(frame), Names(), now=NOW)
    assert log.columns.time == name
    assert len(log.interactions) == MADE.height
    assert log.interactions.rows is not None
    true = MADE["timestamp"].cast(pl.Float64).to_numpy()[log.interactions.rows]
    apart = true - log.interactions.time
    assert (apart > -1).all()
    assert (apart < (86_400 if form == "whole days" else 1)).all()
    assert "days since 1899-12-30" in log.assumptions[1]


def test_what_is_known_is_the_first_of_2024() -> None:
    moments = read_moments(pl.Series("date", [45_292, 45_293, 45_297]), now=NOW)
    assert moments is not None
    assert moments.seconds.tolist() == [1_704_067_200.0, 1_704_153_600.0, 1_704_499_200.0]


def test_an_empty_date_among_them_is_left_out() -> None:
    moments = read_moments(pl.Series("date", [0, *range(45_000, 45_100)]), now=NOW)
    assert moments is not None
    assert [finding.kind for finding in moments.findings] == ["interactions_without_time"]


@pytest.mark.parametrize(
    "series",
    [
        pl.Series("item", [45_297, 45_298]),
        pl.Series("date", [19_700, 19_701]),
        pl.Series("step", [45_297, 45_298]),
        pl.Series("time", range(60_000)),
        pl.Series("timestamp", [1_700_000_000, 1_700_000_001]),
    ],
    ids=lambda series: f"{series.name} {series[0]}",
)
def test_other_numbers_are_no_dates_of_a_sheet(series: pl.Series) -> None:
    assert sheet_days(series) is None


def test_compounds_say_when() -> None:
    assert [says_time_of_event(name) for name in ("Bestelldatum", "Rechnungsdatum", "Geburtsdatum")] == [6, 6, -3]


def test_steps_of_no_known_length_are_among_what_is_said_first() -> None:
    frame = MADE.select(
        "user_id", "item_id", ((pl.col("timestamp") - 1_600_000_000) // 1_000).alias("step"), qty=pl.lit(2)
    )
    log = read_log(Table(frame), Names(), now=NOW)
    assert "counts steps of no known length" in log.assumptions[1]

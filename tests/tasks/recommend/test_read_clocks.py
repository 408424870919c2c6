"""A day in one column and the time of day in another are one moment."""

from __future__ import annotations

import datetime as dt

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.table import Table
from mlwright.tasks.recommend.clocks import time_of_day
from mlwright.tasks.recommend.propose import Names
from mlwright.tasks.recommend.read import read_entries, read_log

DAYS = [f"{1 + place % 28:02d}.0{1 + place % 3}.2024" for place in range(400)]


def shop(**more: list[object]) -> Table:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "Kunde": [f"K{place}" for place in rng.integers(0, 40, 400)],
            "Artikel": [f"A{place}" for place in rng.integers(0, 30, 400)],
            "Datum": DAYS,
            **more,
        }
    )
    return Table(frame, origin="shop.csv")


def clock(hour: int, minute: int) -> str:
    return f"{hour:02d}:{minute:02d}"


CLOCKS = [clock(8 + place * 7 % 12, place * 11 % 60) for place in range(400)]


@pytest.mark.parametrize("name", ["Uhrzeit", "Zeit", "um"])
def test_the_time_of_day_is_added_to_the_day_and_told(name: str) -> None:
    plain = read_log(shop(), Names())
    log = read_log(shop(**{name: CLOCKS}), Names())
    assert log.columns.time == "Datum"
    rows = log.interactions.rows
    assert rows is not None
    seconds = np.array([3600 * int(CLOCKS[row][:2]) + 60 * int(CLOCKS[row][3:]) for row in rows])
    np.testing.assert_array_equal(log.interactions.time % 86_400, seconds)
    assert any(f"'{name}' is the time of day of 'Datum'" in one for one in log.assumptions)
    assert not any("time of day" in one for one in plain.assumptions)
    assert (np.diff(log.interactions.time) >= 0).all()
    np.testing.assert_array_equal(
        read_entries(shop(**{name: CLOCKS}), Names()).time,
        log.interactions.time,
    )


def test_a_moment_keeps_its_own_time_of_day() -> None:
    table = shop(Uhrzeit=CLOCKS)
    moments = [f"{day[6:]}-{day[3:5]}-{day[:2]} 23:30:00" for day in DAYS]
    table = Table(table.frame.with_columns(Datum=pl.Series(moments)), origin="shop.csv")
    assert set((read_log(table, Names()).interactions.time % 86_400).tolist()) == {23.5 * 3600}


def test_of_two_clocks_none_is_taken() -> None:
    log = read_log(shop(von=CLOCKS, bis=CLOCKS[::-1]), Names(time="Datum"))
    assert not (log.interactions.time % 86_400).any()


def test_prices_and_one_same_time_are_no_clocks() -> None:
    assert time_of_day(pl.Series(["3.50", "2.25", "12.10"])) is None
    assert time_of_day(pl.Series(["a", None])) is None
    assert time_of_day(pl.Series([None, None], dtype=pl.String)) is None
    assert time_of_day(pl.Series([1, 2])) is None
    log = read_log(shop(Uhrzeit=["00:00"] * 400), Names())
    assert not (log.interactions.time % 86_400).any()


@given(st.times())
def test_any_time_is_read_back(time: dt.time) -> None:
    whole = time.replace(microsecond=0)
    seconds = 3600 * time.hour + 60 * time.minute + time.second
    half = f"{(time.hour - 1) % 12 + 1}:{time:%M:%S} {'am' if time.hour < 12 else 'p.m.'}"
    found = time_of_day(pl.Series([whole.isoformat(), half, f"{time.hour}h{time:%M}"]))
    assert found is not None
    assert found.tolist() == [seconds, seconds, seconds - time.second]
    typed = time_of_day(pl.Series([whole]))
    assert typed is not None
    assert typed.tolist() == [seconds]

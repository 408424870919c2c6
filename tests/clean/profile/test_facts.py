"""Numbers, dates, texts and associations of a profile, each against a slow and independent way."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import mlwright as mw
from mlwright.clean import Question
from mlwright.clean.base import Context
from mlwright.clean.distinct import Distinct
from mlwright.clean.profile.associations import associations, cramer
from mlwright.clean.profile.dates import date_facts
from mlwright.clean.profile.facts import Gaps, Histogram, Stretch
from mlwright.clean.profile.numbers import different, number_facts, quantile
from mlwright.clean.profile.texts import frequent_words, short, text_facts
from mlwright.clean.roles import infer_schema
from mlwright.collect import collect
from mlwright.errors import OptionError
from mlwright.progress import Silent

DAY = 86_400.0


def seconds(*days: str) -> np.ndarray:
    return np.sort([(date.fromisoformat(day) - date(1970, 1, 1)).days * DAY for day in days])


def histogram(known: np.ndarray, *, whole: bool) -> Histogram | None:
    facts = number_facts(np.sort(known), whole=whole)
    assert facts is not None
    return facts.histogram


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=100))
@settings(deadline=None)
def test_what_is_read_off_ordered_numbers_is_what_numpy_counts(values: list[float]) -> None:
    known = np.array(values)
    facts = number_facts(np.sort(known), whole=False)
    assert facts is not None
    assert facts.quartiles == tuple(np.quantile(known, [0.25, 0.5, 0.75]).tolist())
    assert (facts.low, facts.high) == (known.min(), known.max())
    assert (facts.zeros, facts.negatives) == (int((known == 0).sum()), int((known < 0).sum()))
    assert different(np.sort(known)) == len(np.unique(known))
    assert quantile(np.sort(known), 0.99) == np.quantile(known, 0.99)
    found = facts.histogram
    if found is not None and not found.logarithmic:
        inside = known[(known >= found.edges[0]) & (known <= found.edges[-1])]
        assert found.counts == tuple(np.histogram(inside, np.array(found.edges))[0].tolist())


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=200))
@settings(deadline=None)
def test_every_number_is_in_one_bar_or_told_to_be_outside(values: list[float]) -> None:
    known = np.array(values)
    found = histogram(known, whole=False)
    if found is not None:
        assert sum(found.counts) + found.below + found.above == len(values)
        assert (np.diff(found.edges) > 0).all()
        assert len(found.edges) == len(found.counts) + 1


@given(st.lists(st.integers(-(10**6), 10**6), min_size=1, max_size=200))
@settings(deadline=None)
def test_bars_of_whole_numbers_hold_the_same_number_of_them(values: list[int]) -> None:
    found = histogram(np.array(values, dtype=np.float64), whole=True)
    if found is not None and not found.logarithmic:
        widths = np.diff(found.edges)
        assert (widths == widths[0]).all()
        assert widths[0] == int(widths[0])
        assert found.edges[0] % 1 == 0.5
        assert sum(found.counts) + found.below + found.above == len(values)


def test_the_axis_is_logarithmic_only_where_a_plain_one_would_hide_most() -> None:
    rng = np.random.default_rng(0)
    skewed = histogram(rng.lognormal(5, 2, 5_000), whole=False)
    assert skewed is not None
    assert skewed.logarithmic
    assert sum(skewed.counts) == 5_000
    even = histogram(rng.uniform(1, 1_000, 5_000), whole=False)
    assert even is not None
    assert not even.logarithmic
    with_zeros = histogram(np.concatenate([[0.0], rng.lognormal(5, 2, 5_000)]), whole=False)
    assert with_zeros is not None
    assert not with_zeros.logarithmic


def test_a_few_far_numbers_do_not_squeeze_all_others_into_one_bar() -> None:
    rng = np.random.default_rng(0)
    known = np.concatenate([rng.normal(50, 5, 1_000), [-9_000.0, 80_000.0, 90_000.0]])
    found = histogram(known, whole=False)
    assert found is not None
    assert (found.below, found.above) == (1, 2)
    assert max(found.counts) < 300


def test_numbers_at_the_end_of_floats_have_what_floats_can_hold() -> None:
    facts = number_facts(np.array([-1e308, 1.5e308, 1.6e308]), whole=False)
    assert facts is not None
    assert facts.mean == pytest.approx(0.7e308)
    assert facts.deviation is not None
    assert facts.histogram is None
    assert number_facts(np.empty(0), whole=False) is None


def test_gaps_of_days_are_counted_and_the_longest_is_named() -> None:
    start = date(2024, 1, 1)
    days = [start + timedelta(days=step) for step in range(100) if step not in {10, 40, 41, 42}]
    facts = date_facts(seconds(*(day.isoformat() for day in days)))
    assert facts is not None
    assert facts.gaps == Gaps("day", 100, 4, Stretch("2024-02-10", "2024-02-12", 3))


def test_weekends_are_no_gaps_where_nothing_happens_on_them() -> None:
    start = date(2024, 1, 1)  # a Monday
    days = [start + timedelta(days=step) for step in range(120) if (start + timedelta(days=step)).weekday() < 5]
    gone = [date(2024, 2, 1), date(2024, 2, 2), date(2024, 2, 5)]  # Thursday, Friday, Monday
    facts = date_facts(seconds(*(day.isoformat() for day in days if day not in gone)))
    assert facts is not None
    assert facts.gaps == Gaps("weekday", len(days), 3, Stretch("2024-02-01", "2024-02-05", 3))


def test_sparse_dates_have_no_gaps_but_months_may_be_full() -> None:
    rare = date_facts(seconds("1950-01-01", "1973-05-02", "1998-11-30", "2020-02-29"))
    assert rare is not None
    assert rare.gaps is None
    monthly = [f"{2020 + step // 12}-{step % 12 + 1:02d}-01" for step in range(36) if step != 20]
    facts = date_facts(seconds(*monthly))
    assert facts is not None
    assert facts.gaps == Gaps("month", 36, 1, Stretch("2021-09-01", "2021-09-01", 1))


@given(st.lists(st.dates(date(1, 1, 1), date(9999, 12, 31)), min_size=1, max_size=60))
@settings(deadline=None)
def test_periods_hold_all_dates_in_few_bars(days: list[date]) -> None:
    facts = date_facts(seconds(*(day.isoformat() for day in days)))
    assert facts is not None
    assert (facts.first, facts.last) == (min(days).isoformat(), max(days).isoformat())
    if facts.periods is not None:
        assert sum(facts.periods.counts) == len(days)
        assert len(facts.periods.counts) == len(facts.periods.starts) <= 48
        assert list(facts.periods.starts) == sorted(facts.periods.starts)


def test_words_are_counted_once_a_row_whatever_their_case() -> None:
    texts = pl.Series("t", ["Late late PARCEL", "parcel late", "the parcel", None, "parcel late"])
    words = {word.value: word.count for word in frequent_words(Distinct.of(texts))}
    assert words == {"parcel": 4, "late": 3}
    facts = text_facts(Distinct.of(texts), words=False)
    assert facts is not None
    assert (facts.shortest, facts.median, facts.longest, facts.words) == (10, 11, 16, ())


def test_long_values_are_cut() -> None:
    assert len(short("x" * 5_000)) == 120


def pairs_of(frame: pl.DataFrame, target: str | None = None) -> dict[tuple[str, str], tuple[float, str]]:
    table = collect(frame)
    schema, _ = infer_schema(table, Question(target=target))
    found, _, _ = associations(Context(table, schema))
    return {pair.columns: (pair.strength, pair.measure) for pair in found}


def test_two_numbers_are_measured_by_spearman_over_the_rows_with_both() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=2_000)
    y = np.exp(-x + rng.normal(0, 0.5, 2_000))
    gone = rng.random(2_000) < 0.2
    found = pairs_of(pl.DataFrame({"x": x, "y": y}).with_columns(y=pl.when(pl.Series(gone)).then(None).otherwise("y")))
    strength, measure = found["x", "y"]
    assert measure == "ranks"
    assert strength == pytest.approx(abs(stats.spearmanr(x[~gone], y[~gone]).statistic), abs=0.005)


def test_a_number_and_a_category_are_measured_by_the_ratio_of_ranks() -> None:
    rng = np.random.default_rng(0)
    town = rng.integers(0, 3, 1_500)
    price = town * 2.0 + rng.normal(size=1_500)
    price[0] = 1e9  # one huge number decides nothing
    found = pairs_of(pl.DataFrame({"price": price, "town": np.array(["a", "b", "c"])[town]}))
    ranks = stats.rankdata(price)
    between = sum((town == k).sum() * (ranks[town == k].mean() - ranks.mean()) ** 2 for k in range(3))
    eta = between / ((ranks - ranks.mean()) ** 2).sum()
    adjusted = 1 - (1 - eta) * 1_499 / 1_497
    assert found["price", "town"] == (pytest.approx(adjusted**0.5), "groups")


def test_two_categories_are_measured_by_cramers_v() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 3, 5_000)
    b = np.where(rng.random(5_000) < 0.5, a, rng.integers(0, 3, 5_000))
    names = np.array(["x", "y", "z"])
    strength, measure = pairs_of(pl.DataFrame({"a": names[a], "b": names[b]}))["a", "b"]
    table = np.bincount(a * 3 + b, minlength=9).reshape(3, 3)
    assert measure == "tables"
    assert strength == pytest.approx(stats.contingency.association(table), abs=0.01)
    assert strength == pytest.approx(stats.contingency.association(table, correction=False), abs=0.01)


def test_chance_is_no_association() -> None:
    rng = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "many": [f"v{each}" for each in rng.integers(0, 60, 3_000)],
            "more": [f"w{each}" for each in rng.integers(0, 90, 3_000)],
            "x": rng.normal(size=3_000),
            "y": rng.normal(size=3_000),
        }
    )
    assert pairs_of(frame) == {}
    assert cramer(np.ones((2, 2))) == 0.0
    assert cramer(np.array([[5.0, 0.0]])) == 0.0


def test_the_target_is_measured_with_every_column_however_many() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 260))
    frame = pl.DataFrame({f"c{place}": x[:, place] for place in range(260)})
    frame = frame.with_columns(y=pl.Series(np.where(x[:, 255] > 0, "yes", "no")))
    found = mw.profile(frame, target="y")
    told = {column.name: column.with_target for column in found.columns if column.with_target is not None}
    assert len(told) == 260
    assert max(told, key=lambda name: told[name]) == "c255"
    assert set(found.associations[0].columns) == {"y", "c255"}
    assert "the first 201 columns" in found.limits[-1]


def test_the_same_pair_is_told_once_with_names_in_the_order_of_columns() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=500)
    kind = np.where(x > 0, "up", "down")
    names = list(pairs_of(pl.DataFrame({"kind": kind, "x": x, "again": -(x**3)})))
    assert sorted(names) == [("kind", "again"), ("kind", "x"), ("x", "again")]


@pytest.mark.parametrize("progress", [5, "loud", [], Silent])
def test_who_cannot_be_told_is_refused(progress: Any) -> None:
    with pytest.raises(OptionError, match=r"^progress cannot be .* Hint: give an object with the methods stage"):
        mw.profile({"a": [1, 2]}, progress=progress)

"""Splits: what judges never teaches, time flows one way, entities stay whole, classes are shared out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlwright.errors import DataError
from mlwright.learn.splits import SMALL, Order, folds, set_aside


def order(rows: int, *, classes: int = 3, time=None, groups=None, seed: int = 0) -> Order:
    return Order(np.random.default_rng(seed).integers(0, classes, rows), time=time, groups=groups)


@given(rows=st.integers(10, 3000), count=st.integers(2, 6), seed=st.integers(0, 99))
@settings(max_examples=40, deadline=None)
def test_random_folds_part_the_rows(rows, count, seed):
    made = folds(order(rows), count, 1, seed)
    assert np.array_equal(np.sort(np.concatenate([valid for _, valid in made])), np.arange(rows))
    for train, valid in made:
        assert np.array_equal(np.sort(np.concatenate([train, valid])), np.arange(rows))


def test_every_fold_has_its_share_of_a_rare_class():
    strata = np.zeros(1000, dtype=np.intp)
    strata[:10] = 1
    for _, valid in folds(Order(strata), 5, 2, seed=3):
        assert strata[valid].sum() == 2


def test_repeats_differ_and_seeds_repeat():
    once, again = folds(order(100), 5, 2, seed=1), folds(order(100), 5, 2, seed=1)
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(once, again, strict=True))
    assert not np.array_equal(once[0][1], once[5][1])


@given(st.lists(st.integers(0, 40), min_size=20, max_size=300).filter(lambda moments: len(set(moments)) > 4))
@settings(max_examples=60, deadline=None)
def test_time_never_runs_backwards(moments):
    time = np.array(moments, dtype=np.float64)
    for train, valid in folds(order(len(time), time=time), 3, 1, seed=0):
        assert len(valid)
        if len(train):
            assert time[train].max() < time[valid].min()


def test_the_latest_rows_judge_and_undated_rows_teach():
    time = np.random.default_rng(0).permutation(2000).astype(float)
    time[:5] = np.nan
    teach, judge = set_aside(order(2000, time=time), seed=0)
    assert time[judge].min() > np.nanmax(time[teach])
    assert set(range(5)) <= set(teach.tolist())
    assert len(judge) == pytest.approx(400, abs=10)


@given(st.integers(2, 60), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_no_group_is_on_both_sides(entities, seed):
    groups = np.random.default_rng(seed).integers(0, entities, 1200)
    teach, judge = set_aside(order(1200, groups=groups), seed)
    assert not set(groups[teach]) & set(groups[judge])
    for train, valid in folds(order(1200, groups=groups), 5, 1, seed):
        assert not set(groups[train]) & set(groups[valid])
        assert len(valid)


def test_small_tables_set_nothing_aside():
    teach, judge = set_aside(order(SMALL - 1), seed=0)
    assert (len(teach), len(judge)) == (SMALL - 1, 0)


def test_large_tables_set_no_more_than_50000_rows_aside():
    _, judge = set_aside(order(1_000_000), seed=0)
    assert len(judge) == 50_000


@pytest.mark.parametrize(
    ("kwargs", "match"),
    [({"time": np.ones(1500)}, "single moment"), ({"groups": np.zeros(1500, dtype=np.intp)}, "single group")],
)
def test_a_split_that_cannot_be_is_told(kwargs, match):
    with pytest.raises(DataError, match=match):
        set_aside(order(1500, **kwargs), seed=0)


@given(st.integers(1, 400), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_copies_of_a_row_stay_on_one_side(kinds, seed):
    copies = np.random.default_rng(seed).integers(0, kinds, 1200)
    made = Order(np.zeros(1200, dtype=np.intp), copies=copies)
    for train, valid in [set_aside(made, seed), *folds(made, 5, 2, seed)]:
        assert not set(copies[train]) & set(copies[valid])

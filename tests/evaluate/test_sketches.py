from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.columns import Coded
from mlwright.errors import ModelError
from mlwright.evaluate.sketches import ABSENT, MOST_BINS, MOST_LOSS_BINS, ColumnSketch, Sketch
from mlwright.schema import Column

NUMBERS = st.lists(st.floats(-1e12, 1e12) | st.just(float("nan")) | st.integers(0, 3).map(float), max_size=200)
TEXTS = st.lists(st.none() | st.sampled_from("abcdefgh") | st.text(max_size=5), max_size=200)


def coded(values: list[str | None]) -> Coded:
    """Return texts as a typed column."""
    levels = tuple(dict.fromkeys(value for value in values if value is not None))
    codes = [-1 if value is None else levels.index(value) for value in values]
    return Coded(np.array(codes, dtype=np.int32), levels)


@given(NUMBERS, st.sampled_from([MOST_BINS, MOST_LOSS_BINS]))
def test_every_number_lies_in_the_bin_that_counts_it_and_bins_keep_the_order(values: list[float], most: int) -> None:
    known = np.array(values)
    sketch = Sketch.of("x", known, most=most)
    bins = sketch.bins(known)
    there = ~np.isnan(known)
    assert len(sketch.counts) <= most
    assert (bins == ABSENT).tolist() == np.isnan(known).tolist()
    assert np.bincount(bins[there], minlength=len(sketch.counts)).tolist() == sketch.counts.tolist()
    order = np.argsort(known[there], kind="stable")
    assert (np.diff(bins[there][order]) >= 0).all()
    again = Sketch.from_dict(json.loads(json.dumps(sketch.to_dict())), most=most)
    assert again.bins(known).tolist() == bins.tolist()


def test_a_continuous_column_has_about_as_many_rows_in_each_bin() -> None:
    sketch = ColumnSketch.of(Column(name="x", kind="number"), np.random.default_rng(0).normal(size=31_000))
    assert sketch.size == MOST_BINS
    assert sketch.counts[0] == 0
    assert abs(sketch.counts[1:] - 1000).max() <= 1


@given(TEXTS)
def test_every_text_lies_in_the_bin_that_counts_it(values: list[str | None]) -> None:
    for kind in ("category", "text"):
        column = Column(name="x", kind=kind)
        sketch = ColumnSketch.of(column, coded(values))
        bins = sketch.bins(coded(values))
        assert (bins == 0).tolist() == [value is None for value in values]
        assert np.bincount(bins, minlength=sketch.size).tolist() == sketch.counts.tolist()
        assert len(sketch.names()) == sketch.size <= MOST_BINS
        again = ColumnSketch.from_dict(json.loads(json.dumps(sketch.to_dict())), column)
        assert again.bins(coded(values)).tolist() == bins.tolist()


def test_a_level_that_was_never_seen_is_one_of_all_others() -> None:
    sketch = ColumnSketch.of(Column(name="plan", kind="category"), coded(["gold", "gold", "tin", None]))
    assert sketch.levels == ("gold", "tin")
    assert sketch.bins(coded(["tin", "lead", None])).tolist() == [2, 3, 0]
    assert sketch.names() == ("(missing)", "gold", "tin", "(all others)")


def test_a_column_of_another_kind_is_not_there() -> None:
    sketch = ColumnSketch.of(Column(name="x", kind="number"), np.arange(5.0))
    assert sketch.bins(coded(["a", None])).tolist() == [ABSENT, ABSENT]


@pytest.mark.parametrize(
    "change",
    [
        {"edges": [2.0, 1.0]},
        {"edges": [1.0, float("inf")]},
        {"edges": "ab"},
        {"edges": list(range(500)), "counts": [0] * 501},
        {"counts": [1, 2]},
        {"counts": [1, -2, 3]},
        {"counts": [1, 2, True]},
        {"name": 3},
    ],
)
def test_a_damaged_sketch_is_refused(change: dict[str, object]) -> None:
    good = Sketch("x", np.array([1.0, 2.0]), np.array([1, 2, 3])).to_dict()
    assert Sketch.from_dict(good).counts.tolist() == [1, 2, 3]
    with pytest.raises(ModelError, match="reference"):
        Sketch.from_dict(good | change)

"""What counts, when, in which order; and what stands for a difference where each row was answered by one."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.adapt.pairs import loss_bound, matured, paired, unpaired
from mlwright.errors import DataError


def moments(*values: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(values, dtype=np.int64)


def test_a_row_counts_when_it_is_old_enough_with_what_is_known_by_then() -> None:
    answered, known = moments(30, 10, 20, 40), moments(31, 11, 200, 45)
    found = matured(answered, known, list("abcd"), delay=100, after=0, until=130)
    assert (found.index.tolist(), found.without) == ([1, 0], 1)  # c's outcome came when it was 180 old
    assert matured(answered, known, list("abcd"), delay=100, after=130, until=140).index.tolist() == [3]


def test_without_a_delay_it_counts_when_its_outcome_comes_and_ties_go_by_id() -> None:
    answered, known = moments(1, 2, 3, 4), moments(50, 40, -1, 50)
    found = matured(answered, known, list("dbca"), delay=0, after=0, until=60)
    assert (found.index.tolist(), found.without) == ([1, 3, 0], 0)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(-1, 90)), max_size=30), st.integers(0, 40), st.data())
def test_looking_in_between_changes_nothing(rows: list[tuple[int, int]], delay: int, data: st.DataObject) -> None:
    answered, known = (moments(*(row[side] for row in rows)) for side in (0, 1))
    ids = [f"{place:02d}" for place in range(len(rows))]
    looks = sorted({0, 200, *data.draw(st.lists(st.integers(1, 120), max_size=5))})
    parts = [matured(answered, known, ids, delay=delay, after=start, until=end) for start, end in pairwise(looks)]
    whole = matured(answered, known, ids, delay=delay, after=0, until=200)
    assert [place for part in parts for place in part.index.tolist()] == whole.index.tolist()
    assert sum(part.without for part in parts) == whole.without


def test_differences_are_clipped_and_told() -> None:
    found = paired(["a", "b", "c"], np.array([5.0, 0.5, 0.0]), np.array([0.0, 0.2, 3.0]), bound=2.0)
    assert found.values == pytest.approx([2.0, 0.3, -2.0])
    assert found.clipped.tolist() == [True, False, True]


@given(st.floats(0.0, 3.0), st.floats(0.0, 3.0), st.floats(0.01, 0.99), st.floats(0.0, 2.0), st.floats(0.5, 2.0))
def test_what_stands_for_a_difference_is_it_on_average(
    champion: float, challenger: float, share: float, usual: float, bound: float
) -> None:
    by = np.array([False, True])
    likely = np.array([1.0 - share, share])
    found = unpaired(["a", "b"], np.array([champion, challenger]), by, likely, bound=bound, usual=usual)
    clipped = min(champion, bound) - min(challenger, bound)
    assert float(likely @ found.values) == pytest.approx(clipped, abs=1e-9)
    assert np.all(found.lowest <= found.values + 1e-9)
    assert np.all(found.values <= found.highest + 1e-9)
    assert found.lowest[0] == pytest.approx(found.lowest[1])  # they may not tell which one answered
    assert found.highest[0] == pytest.approx(found.highest[1])


def test_losses_and_propensities_that_cannot_be_are_refused() -> None:
    one = np.array([1.0])
    with pytest.raises(DataError, match="The loss of the challenger on row 'a' is no number"):
        paired(["a"], one, np.array([np.nan]), bound=1.0)
    with pytest.raises(DataError, match="There are 1 losses of the champion on 2 rows"):
        paired(["a", "b"], one, one, bound=1.0)
    with pytest.raises(DataError, match="A loss is below 0"):
        unpaired(["a"], -one, np.array([True]), np.array([0.5]), bound=1.0, usual=0.1)
    with pytest.raises(DataError, match="sure to answer"):
        unpaired(["a"], one, np.array([True]), one, bound=1.0, usual=0.1)


def test_a_bound_leaves_nearly_all_losses_as_they_are() -> None:
    losses = np.concatenate([np.linspace(0.0, 1.0, 1_000), [50.0, np.nan]])
    assert 0.98 < loss_bound(losses) <= 1.0
    assert loss_bound(np.array([0.0] * 999 + [1.0])) == 1.0
    with pytest.raises(DataError, match="No row is known on which anything is lost"):
        loss_bound(np.zeros(5))

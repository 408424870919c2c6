"""A change of loss: its parts add up, and each is found where it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.errors import OptionError
from mlwright.monitor.ranks import Floats
from mlwright.monitor.split import split_of_change, split_of_estimate

ROWS = 4_000


def made(share: float, hard: float, random: np.random.Generator) -> tuple[np.ndarray[Any, Any], Floats]:
    """Rows of which a share is of a hard kind that is wrong at a rate, the others at 5 %."""
    kind = random.random(ROWS) < share
    return kind, (random.random(ROWS) < np.where(kind, hard, 0.05)).astype(float)


def chances(kind: np.ndarray[Any, Any], old: float, new: float) -> Floats:
    return np.where(kind, new / (old + new), (1.0 - new) / (2.0 - old - new))


def split(old: tuple[float, float], new: tuple[float, float], broken: float = 0.0) -> dict[str, Any]:
    """Split the change between two (share, rate of hard rows); broken rows are wrong at 80 %."""
    random = np.random.default_rng(0)
    before, after = made(*old, random), made(*new, random)
    bad = random.random(ROWS) < broken
    losses = np.where(bad, random.random(ROWS) < 0.8, after[1]).astype(float)
    alike = chances(before[0], old[0], new[0]), chances(after[0], old[0], new[0])
    return split_of_change(before[1], losses, alike, broken=bad)


def test_other_rows_are_found() -> None:
    found = split((0.2, 0.4), (0.7, 0.4))
    low, high = found["intervals"]["inputs"]
    assert low <= 0.5 * 0.35 <= high
    assert found["intervals"]["relation"][0] <= 0.0 <= found["intervals"]["relation"][1]
    assert "other rows than before" in found["why"]


def test_another_relation_is_found() -> None:
    found = split((0.5, 0.2), (0.5, 0.5))
    low, high = found["intervals"]["relation"]
    assert low <= 0.5 * 0.3 <= high
    assert abs(found["inputs"]) < 0.02
    assert "rows alike that end otherwise" in found["why"]


def test_broken_rows_are_found() -> None:
    found = split((0.5, 0.2), (0.5, 0.2), broken=0.2)
    low, high = found["intervals"]["broken"]
    assert low <= 0.2 * (0.8 - 0.125) <= high
    assert abs(found["relation"]) < 0.03
    assert "violate the data contract" in found["why"]


def test_all_at_once_and_nothing() -> None:
    found = split((0.2, 0.2), (0.6, 0.5), broken=0.1)
    assert all(found["intervals"][part][0] > 0.0 for part in ("inputs", "relation", "broken"))
    assert "no part of it stands out" in split((0.5, 0.2), (0.5, 0.2))["why"]


@given(st.integers(0, 10_000), st.floats(0.0, 0.5))
def test_the_parts_add_up(seed: int, broken: float) -> None:
    random = np.random.default_rng(seed)
    found = split_of_change(
        random.random(60),
        random.random(80) * 3.0,
        (random.uniform(0.1, 0.9, 60), random.uniform(0.1, 0.9, 80)),
        broken=random.random(80) < broken,
    )
    assert found["inputs"] + found["relation"] + found["broken"] == pytest.approx(found["change"], abs=1e-9)


def test_where_rows_do_not_tell_nothing_is_said() -> None:
    random = np.random.default_rng(0)
    losses = random.random(100)
    unknown = np.where(np.arange(100) < 10, losses, np.nan)
    half = np.full(100, 0.5)
    few = split_of_change(losses, unknown, (half, half))
    apart = split_of_change(losses, losses, (np.zeros(100), np.ones(100)))
    for found, said in ((few, "Too few outcomes"), (apart, "hardly any rows are alike")):
        assert found["change"] is found["relation"] is None
        assert said in found["why"]
    with pytest.raises(OptionError, match="same rows"):
        split_of_change(losses, losses, (half, half[:50]))


def test_an_estimate_says_what_comes_from_inputs_alone() -> None:
    found = split_of_estimate(0.25, 0.5, trusted=True)
    assert found["change"] == found["inputs"] == 0.25
    assert found["relation"] is None
    assert split_of_estimate(0.25, 0.5, trusted=False)["change"] is None

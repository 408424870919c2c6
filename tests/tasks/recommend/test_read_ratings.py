"""Stars are a scale, however seldom few of them are given."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mlwright.tasks.recommend.ratings import read_ratings

HALVES = [4.0] * 300 + [4.5] * 300 + [5.0] * 200 + [3.5] * 150 + [3.0] * 100


@pytest.mark.parametrize("rare", [[0.5], [1.0, 0.5, 1.5]], ids=str)
def test_few_stars_are_on_the_scale_of_half_stars(rare: list[float]) -> None:
    ratings = read_ratings(pl.Series("stars", HALVES + rare))
    assert ratings.findings == ()
    assert ratings.values is not None
    assert np.nanmin(ratings.values) == 0.5


def test_one_star_of_five_is_on_the_scale() -> None:
    ratings = read_ratings(pl.Series("stars", [5] * 500 + [4] * 500 + [3] * 300 + [1]))
    assert ratings.findings == ()


@pytest.mark.parametrize("stray", [55.0, -3.0, 0.7])
def test_what_is_no_star_is_off_the_scale(stray: float) -> None:
    ratings = read_ratings(pl.Series("stars", [*HALVES, stray]))
    assert [finding.kind for finding in ratings.findings] == ["ratings_off_scale"]
    assert ratings.values is not None
    assert np.isnan(ratings.values[-1])

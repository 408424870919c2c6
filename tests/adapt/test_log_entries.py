"""Entries that teach a challenger: ids stay as the log that taught has them."""

from __future__ import annotations

import polars as pl
import pytest

import mlwright as mw
from mlwright.adapt.log_entries import as_log
from mlwright.model.recommender.parts import RecommenderParts
from mlwright.model.recommender.recommender import recommender
from mlwright.testing.logs import make_log


@pytest.fixture(scope="module", params=["texts", "numbers"])
def parts(request: pytest.FixtureRequest) -> RecommenderParts:
    made = make_log(150, 100, 1_500, seed=2, kind="implicit").log
    number = made["item_id"].cast(pl.String).str.extract(r"(\d+)$").cast(pl.Int64)
    ids = number.cast(pl.String).str.zfill(5) if request.param == "texts" else number
    built = mw.build(made.with_columns(item_id=ids), task="recommend", trials=1, learners=["ease"])
    return recommender(built).parts


def entries(items: list[str]) -> pl.DataFrame:
    count = len(items)
    return pl.DataFrame(
        {"who": ["ann"] * count, "what": items, "at": [1.7e9] * count, "rating": [None] * count},
        schema_overrides={"rating": pl.Float64},
    )


def test_ids_keep_their_noughts_and_numbers_stay_numbers(parts: RecommenderParts) -> None:
    known = parts.answering.catalogue.ids[:3]
    is_text = isinstance(known[0], str)
    found = as_log(entries([str(one) for one in known]), parts)[parts.target]
    assert found.to_list() == list(known)
    new = as_log(entries([str(known[0]), "90001"]), parts)[parts.target]
    assert new.to_list() == [known[0], "90001" if is_text else 90_001]
    assert new.dtype == (pl.String if is_text else pl.Int64)
    worded = as_log(entries([str(known[0]), "new"]), parts)[parts.target]
    assert worded.to_list() == [str(known[0]), "new"]

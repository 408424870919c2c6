"""Logs that are made up: as many entries as were asked for, and the story that the docstring tells."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from mlwright.testing.logs import GENRES, LOG_KINDS, LogKind, make_log


@pytest.mark.parametrize("kind", LOG_KINDS)
def test_a_log_has_the_size_that_was_asked_for_and_is_the_same_again(kind: LogKind) -> None:
    made, again = (make_log(200, 150, 3_000, seed=7, kind=kind) for _ in range(2))
    assert made.log.equals(again.log)
    assert not made.log.equals(make_log(200, 150, 3_000, seed=8, kind=kind).log)
    assert made.log.height == 3_000
    log = made.interactions()
    assert len(log) == 3_000
    assert [log.users[code] for code in log.user] == made.log["user_id"].to_list()
    assert [log.items[code] for code in log.item] == made.log["item_id"].to_list()
    assert log.has_time is (kind != "no_time")
    if log.has_time:
        assert (np.diff(log.time) >= 0).all()
    if kind != "implicit":
        assert made.log.select("user_id", "item_id").n_unique() == 3_000


def test_popularity_is_uneven_and_users_keep_to_their_tastes() -> None:
    made = make_log(400, 300, 10_000, seed=1)
    counts = np.sort(made.log["item_id"].value_counts()["count"].to_numpy())[::-1]
    assert counts[:30].sum() > 0.3 * 10_000
    item = made.log["item_id"].str.slice(1).cast(pl.Int64).to_numpy()
    user = made.log["user_id"].to_numpy() - 1
    own = np.einsum("ij,ij->i", made.user_tastes[user], made.item_tastes[item]).mean()
    of_others = np.einsum("ij,ij->i", made.user_tastes[np.roll(user, 1_234)], made.item_tastes[item]).mean()
    assert own > 1.5 * of_others


def test_what_is_popular_drifts_and_new_items_come() -> None:
    log = make_log(400, 300, 10_000, seed=1).interactions()
    first, last = log.item[:2_000], log.item[-2_000:]
    top = [set(np.argsort(-np.bincount(part, minlength=300))[:20].tolist()) for part in (first, last)]
    assert len(top[0] & top[1]) < 15
    assert len(set(last.tolist()) - set(first.tolist())) > 30


def test_features_tell_tastes_and_of_items_that_nobody_took() -> None:
    made = make_log(300, 400, 6_000, seed=2, kind="features")
    assert made.items is not None
    first = made.items["genre"].str.split("|").to_list()
    main = made.item_tastes.argmax(axis=1)
    assert np.mean([GENRES[at] in genres for at, genres in zip(main, first, strict=True)]) > 0.95
    told = made.features()
    assert told is not None
    assert len(told.columns["title"]) == len(made.interactions().items) == 400
    assert made.log["item_id"].n_unique() < 400


def test_ratings_say_what_suits() -> None:
    made = make_log(300, 200, 8_000, seed=3, kind="ratings")
    rating = made.log["rating"].to_numpy()
    assert set(rating.tolist()) == {1, 2, 3, 4, 5}
    user, item = made.log["user_id"].to_numpy() - 1, made.log["item_id"].to_numpy() - 1
    suits = np.einsum("ij,ij->i", made.user_tastes[user], made.item_tastes[item])
    assert np.corrcoef(suits, rating)[0, 1] > 0.2


def test_what_cannot_be_drawn_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot be drawn"):
        make_log(10, 10, 1_000)
    with pytest.raises(ValueError, match="kind 'x'"):
        make_log(10, 10, 10, kind="x")  # type: ignore[arg-type]

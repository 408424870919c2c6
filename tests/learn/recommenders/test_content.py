"""Content: what is read from a table, and what is made of it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.learn.recommenders import logs

from mlwright.learn.base import Effort
from mlwright.learn.recommenders.base import Taught
from mlwright.learn.recommenders.content import Content, _told
from mlwright.learn.recommenders.words import described
from mlwright.tasks.recommend.interactions import Features, Histories, Interactions


def dense(features: Features, count: int) -> np.ndarray:
    rows = described(features, count)
    full = np.zeros((count, rows.width))
    for item in range(count):
        part = slice(rows.starts[item], rows.starts[item + 1])
        full[item, rows.columns[part]] = rows.values[part]
    return full


def alike(*cells: object) -> np.ndarray:
    """(n, n) the cosines of items that one column tells of."""
    words = dense(Features({"it": cells}), len(cells))
    cosines: np.ndarray = words @ words.T
    return cosines


def history(*items: int) -> Histories:
    count = len(items)
    return Histories(
        starts=np.array([0, count]),
        item=np.array(items, dtype=np.int32),
        age=np.zeros(count),
        value=None,
        at=np.zeros(1),
    )


def test_several_values_in_one_text_are_each_something_shared() -> None:
    cosines = alike("Animation Children's Comedy", "Comedy|Children's", "Drama, War", "War", "Animation")
    assert cosines[0, 1] > cosines[0, 4] > 0
    assert cosines[0, 2] == cosines[0, 3] == 0
    assert cosines[2, 3] > 0


def test_lists_texts_and_truths_are_read() -> None:
    cosines = alike(["new", "old"], ["old"], ["new"], None, True, True, False, float("nan"))
    assert cosines[0, 1] > 0
    assert cosines[0, 2] > 0
    assert cosines[1, 2] == 0
    assert cosines[4, 5] == pytest.approx(1.0)
    assert cosines[4, 6] == 0
    assert (cosines[3] == 0).all()
    assert (cosines[7] == 0).all()


def test_rare_words_say_more() -> None:
    cosines = alike(*["star trek"] * 2, *["star film"] * 20, "trek film")
    assert cosines[0, -1] > cosines[0, 2]


def test_near_numbers_are_alike() -> None:
    cosines = alike(*range(100), None)
    assert cosines[10, 11] > cosines[10, 20] > cosines[10, 60] == 0
    assert (cosines[100] == 0).all()


def test_numbers_that_are_no_numbers_say_nothing() -> None:
    numbers: list[object] = [*map(float, range(20)), float("inf"), float("nan")]
    assert np.isfinite(dense(Features({"it": numbers}), 22)).all()


def test_a_column_that_tells_nothing_changes_nothing() -> None:
    kinds: list[object] = ["a", "b"] * 5
    nothing: list[object] = [None] * 10
    names: list[object] = [f"name{place}" for place in range(10)]
    alone = dense(Features({"kind": kinds}), 10)
    assert alone.any()
    np.testing.assert_array_equal(dense(Features({"kind": kinds, "no": nothing, "name": names}), 10), alone)


def test_scores_are_sums_of_cosines_and_reach_items_that_nobody_took() -> None:
    taught = logs.taught()
    assert taught.items is not None
    words = dense(taught.items, logs.ITEMS)
    scores = Content().fit(taught, {"half_life": None}, Effort()).scores(history(0, 3))[0]
    wanted = words @ (words[0] + words[3])
    np.testing.assert_allclose(np.where(np.isfinite(scores), scores, 0.0), wanted, atol=1e-5)
    untaken = np.setdiff1d(np.arange(logs.ITEMS), taught.log.item)
    assert len(untaken) == 3
    assert np.isfinite(scores[untaken]).any()


def test_what_words_say_is_ridge_regression() -> None:
    taught = logs.taught()
    assert taught.items is not None
    F = dense(taught.items, logs.ITEMS)
    rng = np.random.default_rng(0)
    points = rng.normal(size=(logs.ITEMS, 3)).astype(np.float32)
    often = rng.integers(0, 30, logs.ITEMS)
    D = np.diag(often / (often + 10.0))
    wanted = F @ np.linalg.solve(F.T @ D @ F + np.eye(F.shape[1]), F.T @ D @ points)
    np.testing.assert_allclose(_told(described(taught.items, logs.ITEMS), points, often), wanted, atol=1e-5)


def test_an_item_that_nobody_took_is_offered_to_those_who_take_its_kind() -> None:
    """Item 21 is of kind 0, 22 of kind 1, 23 of kind 2; people are of the kind of their number."""
    taught = logs.taught()
    users = np.arange(logs.USERS, dtype=np.int32)
    histories = taught.log.histories(users, np.full(logs.USERS, taught.moment))
    scores = Content().fit(taught, Content.configurations[0], Effort()).scores(histories)[:, 21:]
    assert np.isfinite(scores).all()
    assert (scores.argmax(axis=1) == users % logs.KINDS).mean() > 0.9


def test_the_reason_is_the_likest_entry() -> None:
    taught = logs.taught()
    assert taught.items is not None
    words = dense(taught.items, logs.ITEMS)
    ranker = Content().fit(taught, {"half_life": None}, Effort())
    items = np.arange(logs.ITEMS, dtype=np.int32)[None]
    said = words[[0, 4, 8]] @ words.T
    np.testing.assert_array_equal(
        ranker.because(history(0, 4, 8), items)[0], np.where(said.max(axis=0) > 0, said.argmax(axis=0), -1)
    )


def test_it_wants_a_table() -> None:
    log = logs.log()
    for items in (None, Features({})):
        reason = Content().takes(Taught(log, 0.0, items))
        assert reason == "It reads what a table says of the items, and none was given."


def test_a_table_without_a_word_in_common_gives_no_scores() -> None:
    log = Interactions(("u",), ("a", "b"), np.array([0], dtype=np.int32), np.array([0], dtype=np.int32), np.zeros(1))
    ranker = Content().fit(Taught(log, 1.0, Features({"name": ["one", "two"]})), {}, Effort())
    assert np.isneginf(ranker.scores(history(0))).all()
    plain, arrays = ranker.state()
    assert np.isneginf(type(ranker).from_state(plain, arrays).scores(history(0))).all()

"""The little of sparse matrices that answering needs, against dense ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.learn.recommenders import logs

from mlwright.learn.recommenders import sparse
from mlwright.learn.recommenders.sparse import Rows, Seen, joined, newest, spread, strongest


def drawn(seed: int, rows: int = 9, width: int = 7) -> np.ndarray:
    rng = np.random.default_rng(seed)
    dense: np.ndarray = np.where(rng.random((rows, width)) < 0.4, rng.normal(size=(rows, width)), 0.0)
    dense[rng.integers(0, rows)] = 0.0
    return dense.astype(np.float32).astype(float)


def full(rows: Rows) -> np.ndarray:
    dense = np.zeros((len(rows), rows.width))
    for row in range(len(rows)):
        part = slice(rows.starts[row], rows.starts[row + 1])
        dense[row, rows.columns[part]] = rows.values[part]
    return dense


@given(
    st.integers(0, 1000),
    st.lists(st.lists(st.integers(0, 8), max_size=6), max_size=6),
    st.sampled_from([1, 7, 1 << 18]),
)
@settings(max_examples=60, deadline=None)
def test_products_are_those_of_dense_matrices(seed: int, asked: list[list[int]], block: int) -> None:
    dense = drawn(seed)
    rows = strongest(dense, 7)
    starts = np.cumsum([0, *map(len, asked)])
    codes = np.array([code for each in asked for code in each], dtype=np.int32)
    weights = np.random.default_rng(seed).random(len(codes))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sparse, "_BLOCK", block)
        product = rows.product(starts, codes, weights)
    assert product.shape == (len(asked), 7)
    for place in range(len(asked)):
        part = slice(starts[place], starts[place + 1])
        np.testing.assert_allclose(product[place], weights[part] @ dense[codes[part]], atol=1e-5)


@given(st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_cells_transpose_and_rows_joined_are_those_of_dense_matrices(seed: int) -> None:
    dense = drawn(seed)
    rows = strongest(dense, 7)
    np.testing.assert_array_equal(full(rows), dense)
    np.testing.assert_array_equal(full(rows.turned()), dense.T)
    np.testing.assert_array_equal(full(joined([strongest(dense[:4], 7), strongest(dense[4:], 7)], 7)), dense)
    columns = np.random.default_rng(seed).integers(0, 7, 5)
    asked = np.array([3, 3, 8])
    np.testing.assert_array_equal(rows.cells(asked, columns), dense[asked][:, columns])
    np.testing.assert_array_equal(rows.turned().cells(columns, asked).T, dense[asked][:, columns])
    assert rows.count(asked) == np.count_nonzero(dense[asked])
    scale = np.arange(7, dtype=np.float32)
    np.testing.assert_allclose(full(rows.scaled(scale)), dense * scale, rtol=1e-6)


@given(st.integers(0, 1000), st.lists(st.integers(0, 8), max_size=6))
@settings(max_examples=30, deadline=None)
def test_long_rows_are_summed_as_short_ones_to_the_last_bit(seed: int, asked: list[int]) -> None:
    rows = strongest(drawn(seed), 7)
    starts, codes, weights = np.array([0, len(asked)]), np.array(asked, dtype=np.int32), np.ones(len(asked))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sparse, "_LONG", 0)
        long = rows.product(starts, codes, weights)
    np.testing.assert_array_equal(long, rows.product(starts, codes, weights))


def test_the_strongest_of_a_row_are_kept() -> None:
    kept = full(strongest(np.array([[1.0, -3.0, 2.0, 0.0], [0.0, 0.0, 0.5, 0.0]]), 2))
    np.testing.assert_array_equal(kept, [[0.0, -3.0, 2.0, 0.0], [0.0, 0.0, 0.5, 0.0]])


def test_a_matrix_over_some_items_is_spread_over_all() -> None:
    dense = drawn(3, 4, 4)
    items = np.array([5, 0, 3, 2], dtype=np.int32)
    wide = full(spread(strongest(dense, 4), items, 6))
    np.testing.assert_array_equal(wide[np.ix_(items, items)], dense)
    assert wide.shape == (6, 6)
    assert (wide[[1, 4]] == 0).all()


def test_numbers_are_given_as_they_first_come() -> None:
    log = logs.log()
    seen = Seen.of(log)
    assert seen.user[0] == seen.item[0] == 0
    assert (np.diff(np.maximum.accumulate(seen.item)) <= 1).all()
    np.testing.assert_array_equal(seen.items[seen.item], log.item)
    assert seen.known.sum() == len(seen.items) == len(np.unique(log.item))
    assert seen.users == len(np.unique(log.user))


def test_the_log_as_a_matrix_holds_the_last_weight_of_each() -> None:
    log = logs.log()
    seen = Seen.of(log)
    weights = np.arange(len(log), dtype=float)
    matrix = seen.matrix(weights).toarray()
    wanted = np.zeros_like(matrix)
    for place in range(len(log)):
        wanted[seen.user[place], seen.item[place]] = weights[place]
    np.testing.assert_array_equal(matrix, wanted)


def test_the_last_of_equal_keys_is_the_newest() -> None:
    assert newest(np.array([3, 1, 3, 2, 1])).tolist() == [False, False, True, True, True]
    assert newest(np.array([], dtype=int)).tolist() == []


@pytest.mark.parametrize("name", ["ease", "neighbours", "covisitation"])
def test_reasons_are_the_same_from_whichever_side_they_are_read(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlwright.learn.base import Effort
    from mlwright.learn.recommenders import RECOMMENDERS, linked

    taught = logs.taught()
    ranker = RECOMMENDERS[name].fit(taught, RECOMMENDERS[name].configurations[0], Effort())
    histories = logs.asked(taught)
    items = np.tile(np.array([0, 1, 5], dtype=np.int32), (len(histories), 1))
    plain = ranker.because(histories, items)
    assert (plain >= 0).any()
    monkeypatch.setattr(linked, "_FEW", 0)
    monkeypatch.setattr(sparse.Rows, "count", lambda rows, wanted: len(wanted))
    np.testing.assert_array_equal(ranker.because(histories, items), plain)

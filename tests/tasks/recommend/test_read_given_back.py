"""What was bought and came back was not taken; what was kept of it was."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from mlwright.table import Table
from mlwright.tasks.recommend.events import Events
from mlwright.tasks.recommend.given_back import undone
from mlwright.tasks.recommend.ids import read_ids
from mlwright.tasks.recommend.moments import Moments, read_moments
from mlwright.tasks.recommend.propose import Names
from mlwright.tasks.recommend.read import Log, read_log
from mlwright.testing.logs import make_log

NOW = 1_710_000_000.0
MADE: pl.DataFrame = make_log(120, 80, 1_500, seed=5, kind="implicit").log.select("user_id", "item_id", "timestamp")
BOUGHT = MADE.with_columns(item_id=pl.col("item_id").cast(pl.String), qty=pl.lit(1))
BAD = BOUGHT.unique("user_id", keep="first", maintain_order=True).with_columns(item_id=pl.lit("BADSHOE"))
CAME_BACK = BAD.with_columns(timestamp=pl.col("timestamp") + 3 * 86_400, qty=pl.lit(-1))


def taken(log: Log, item: str) -> int:
    made = log.interactions
    return int((made.item == made.items.index(item)).sum())


def read(*frames: pl.DataFrame) -> Log:
    return read_log(Table(pl.concat(frames)), Names(), now=NOW + 1e7)


def rows(
    item: list[str], amount: list[float], when: list[int] | None = None, events: Events | None = None
) -> list[int]:
    """Return the rows that one user gave back."""
    user, what = pl.Series("user", ["u"] * len(item)), pl.Series("item", item)
    moments = None
    if when is not None:
        seconds = np.asarray(when, float)
        read_as = read_moments(pl.Series("time", ["2024-01-01"] * len(item)), now=NOW)
        assert read_as is not None
        moments = Moments(seconds, read_as.column)
    ids = (read_ids(user, typed=True), read_ids(what, typed=True))
    gone = undone(*ids, moments, np.asarray(amount, float), events or Events())
    return [] if gone is None else np.flatnonzero(gone).tolist()


def test_a_shoe_that_always_comes_back_was_never_taken() -> None:
    log = read(BOUGHT, BAD, CAME_BACK)
    assert taken(read(BOUGHT, BAD), "BADSHOE") == BAD.height
    assert taken(log, "BADSHOE") == 0
    assert len(log.interactions) == len(read(BOUGHT).interactions)
    message = {finding.kind: finding.message for finding in log.findings}["given_back"]
    assert f"{BAD.height} of {BOUGHT.height + 2 * BAD.height:,} rows" in message


def test_what_is_kept_of_a_purchase_was_taken() -> None:
    assert taken(read(BOUGHT, BAD.with_columns(qty=pl.lit(3)), CAME_BACK), "BADSHOE") == BAD.height


def test_an_event_can_say_that_it_came_back() -> None:
    event = pl.col("qty").replace_strict({1: "purchase", -1: "refund"}).alias("event")
    frames = [frame.select("user_id", "item_id", "timestamp", event) for frame in (BOUGHT, BAD, CAME_BACK)]
    assert taken(read(*frames), "BADSHOE") == 0


def test_a_book_that_comes_back_to_the_library_was_taken() -> None:
    event = pl.col("qty").replace_strict({1: "borrow", -1: "return"}).alias("event")
    frames = [frame.select("user_id", "item_id", "timestamp", event) for frame in (BOUGHT, BAD, CAME_BACK)]
    assert taken(read(*frames), "BADSHOE") == BAD.height


def test_the_purchase_of_as_much_is_given_back_else_the_latest() -> None:
    assert rows(["a", "a", "a"], [2, 1, -2]) == [0]
    assert rows(["a", "a", "a"], [1, 1, -1]) == [1]
    assert rows(["a", "a", "a"], [1, 2, -3]) == [0, 1]
    assert rows(["a", "a", "a"], [2, 2, -3]) == [1]
    assert rows(["a", "b"], [1, -1]) == []


def test_only_what_was_bought_before_comes_back() -> None:
    assert rows(["a", "a"], [-1, 1]) == []
    assert rows(["a", "a"], [-1, 1], [5, 4]) == [1]
    assert rows(["a", "a"], [-1, 1], [5, 5]) == [1]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(-3, 3)), max_size=20))
def test_no_more_comes_back_than_was_bought(entries: list[tuple[str, int]]) -> None:
    item, amount = [each for each, _ in entries], [float(size) for _, size in entries]
    gone = rows(item, amount) if entries else []
    for what in "ab":
        of_it = [size for name, size in zip(item, amount, strict=True) if name == what]
        undone_of_it = [amount[row] for row in gone if item[row] == what]
        assert all(size > 0 for size in undone_of_it)
        assert sum(undone_of_it) <= -sum(size for size in of_it if size < 0)

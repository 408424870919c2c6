"""Requests from tables: a log is read as the one that taught, and asks once for each person in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mlwright
from mlwright.errors import ColumnError, DataError
from mlwright.model.recommender import Answering
from mlwright.model.recommender.asked import requests_of_table
from mlwright.model.recommender.parts import RecommenderParts
from mlwright.model.recommender.recommender import Recommender
from mlwright.schema import Schema
from mlwright.tasks.recommend.interactions import Interactions
from mlwright.tasks.recommend.request import ASKED, USED_HISTORY

START = 1_700_000_000


def parts_of(answering: Answering, **columns: str) -> RecommenderParts:
    return RecommenderParts(
        name="films",
        task="recommend",
        target="item_id",
        classes=(),
        schema=Schema(ASKED, rows=100),
        decision={"user": "user_id", "time": "timestamp", "rating": None, **columns},
        answering=answering,
    )


@pytest.fixture
def parts(featured: tuple[Answering, Interactions]) -> RecommenderParts:
    return parts_of(featured[0])


def log(users: list[Any], items: list[Any], **more: list[Any]) -> pl.DataFrame:
    return pl.DataFrame({"user_id": users, "item_id": items, **more}, strict=False)


def histories(frame: object, parts: RecommenderParts) -> dict[str, list[Any]]:
    """Return what each person took, in order."""
    return {
        request["user"]: [entry["item"] for entry in request["history"]] for request in requests_of_table(frame, parts)
    }


def test_what_was_only_shown_is_no_history(parts: RecommenderParts) -> None:
    frame = log(["a"] * 4 + ["b"], list("pqrst"), event=["impression", "impression", "purchase", "skip", "impression"])
    assert histories(frame, parts) == {"a": ["r"], "b": []}


@pytest.mark.parametrize(("kind", "taken"), [("impression", []), ("Purchase", ["p", "q"]), (None, ["p", "q"])])
def test_kinds_of_events_are_known_where_all_rows_are_of_one(
    featured: tuple[Answering, Interactions], kind: str | None, taken: list[str]
) -> None:
    frame = log(["a", "a"], list("pq"), event=[kind, kind]).cast({"event": pl.String})
    assert histories(frame, parts_of(featured[0], event="event")) == {"a": taken}


@pytest.mark.parametrize(
    ("clicked", "taken"),
    [([0, 1, 0], {"a": ["q"], "b": []}), ([0, 0, 0], {"a": [], "b": []}), ([1, 1, 1], {"a": ["p", "q"], "b": ["r"]})],
)
def test_a_click_of_nought_is_no_history(
    featured: tuple[Answering, Interactions], clicked: list[int], taken: dict[str, list[str]]
) -> None:
    frame = log(["a", "a", "b"], list("pqr"), clicked=clicked)
    assert histories(frame, parts_of(featured[0], rating="clicked")) == taken


def test_what_came_to_nothing_or_was_given_back_is_no_history(featured: tuple[Answering, Interactions]) -> None:
    frame = log(["a"] * 4, list("pqrp"), quantity=[12, 0, 3, -12], timestamp=[START + place for place in range(4)])
    parts = parts_of(featured[0], amount="quantity")
    assert histories(frame, parts) == {"a": ["r"]}
    assert histories(frame.drop("quantity"), parts) == {"a": ["p", "q", "r", "p"]}


def test_what_a_build_saw_in_a_log_is_seen_again_in_a_part_of_it() -> None:
    draw = np.random.default_rng(0)
    made = pl.DataFrame(
        {
            "user_id": draw.integers(0, 40, 800),
            "item_id": draw.integers(0, 30, 800),
            "timestamp": START + np.arange(800) * 3_600,
            "event": draw.choice(["impression", "purchase"], 800),
            "quantity": draw.choice([0, 1, 2, 7, 55, 130], 800),
        }
    )
    parts = mlwright.build(made, task="recommend", trials=1, user="user_id", item="item_id").parts
    assert isinstance(parts, RecommenderParts)
    rows = made.filter(pl.col("user_id") == 12)
    shown = rows.filter(pl.col("event") == "impression")
    taken = rows.filter((pl.col("event") == "purchase") & (pl.col("quantity") > 0))
    assert shown.height > 3
    assert rows.height > shown.height + taken.height > shown.height + 3
    assert histories(shown, parts) == {"12": []}
    assert histories(rows, parts) == {"12": taken["item_id"].to_list()}


def test_ratings_and_times_stand_in_the_history(featured: tuple[Answering, Interactions]) -> None:
    frame = log(["a", "a", "a"], list("pqr"), stars=[4, None, 1], timestamp=[START + 9, START + 5, START])
    (request,) = requests_of_table(frame, parts_of(featured[0], rating="stars"))
    assert request == {
        "user": "a",
        "history": [
            {"item": "r", "at": float(START), "rating": 1.0},
            {"item": "q", "at": START + 5.0},
            {"item": "p", "at": START + 9.0, "rating": 4.0},
        ],
    }


@pytest.mark.parametrize("users", [["1", " 1", "1.0", "2"], [1.0, 1.0, 1.0, 2.0], [1, 1, 1, 2], ["1", "1", "1", "2"]])
def test_one_person_is_one_however_the_id_is_written(parts: RecommenderParts, users: list[Any]) -> None:
    assert histories(log(users, list("pqrs")), parts) == {"1": ["p", "q", "r"], "2": ["s"]}


def test_who_is_not_known_asks_for_nothing(parts: RecommenderParts) -> None:
    users = [float("nan"), 7.0, None, 3.0]
    assert histories(log(users, list("pqrs")), parts) == {"7": ["q"], "3": ["s"]}


def test_a_busy_person_whose_id_is_nought_is_a_person(parts: RecommenderParts) -> None:
    found = histories(log([0] * 30 + [1, 2], list(range(32))), parts)
    assert [len(items) for items in found.values()] == [30, 1, 1]


def test_an_item_that_is_not_known_still_leaves_its_person_a_list(parts: RecommenderParts) -> None:
    assert histories(log(["a", "b"], [None, "q"]), parts) == {"a": [], "b": ["q"]}


@pytest.mark.parametrize("rows", [0, 1, 2, 3])
def test_a_log_that_could_not_teach_is_answered(parts: RecommenderParts, rows: int) -> None:
    frame = log(["a", "b", "c"], list("pqr"), timestamp=[START, START + 1, START + 2]).head(rows)
    assert len(Recommender(parts).answer(frame).values) == rows


def test_one_moment_alone_is_kept(parts: RecommenderParts) -> None:
    (request,) = requests_of_table(log(["a"], ["p"], timestamp=[START]), parts)
    assert request["history"] == [{"item": "p", "at": float(START)}]


def test_times_that_cannot_be_read_leave_the_order_of_the_rows(parts: RecommenderParts) -> None:
    assert histories(log(["a", "a"], ["q", "p"], timestamp=["soon", "later"]), parts) == {"a": ["q", "p"]}


def test_of_a_long_history_the_last_entries_are_told_and_none_is_recommended_again(
    featured: tuple[Answering, Interactions], parts: RecommenderParts
) -> None:
    items = featured[0].catalogue.ids
    old = [items[0]] * 10_001
    late = [items[1]] * (USED_HISTORY - 1) + [items[2]]
    times = list(range(START, START + len(old) + len(late)))
    frame = log(["a"] * len(times), [*old, *late], timestamp=times)
    (request,) = requests_of_table(frame, parts)
    assert [entry["item"] for entry in request["history"]] == late
    listed = Recommender(parts).ask({**request, "k": 80}).items
    assert len(listed) > 20
    assert not {one.item for one in listed} & set(items[:3])


def test_a_very_long_id_of_a_user_is_cut(parts: RecommenderParts) -> None:
    frame = log(["x" * 5_000], ["p"])
    assert [len(who) for who in histories(frame, parts)] == [1_000]
    assert len(Recommender(parts).answer(frame).values) == 1


def test_a_log_may_have_a_column_called_history(parts: RecommenderParts) -> None:
    assert histories(log(["a", "b"], ["p", "q"], history=["home", "home"]), parts) == {"a": ["p"], "b": ["q"]}


def test_a_row_asks_by_its_cells(parts: RecommenderParts, tmp_path: Path) -> None:
    path = tmp_path / "asking.csv"
    path.write_text('history,k,caps\n"[""p"", ""q""]",3,"{""genre"": 2}"\n"p, q",,\np,,\n,2,\n', encoding="utf-8")
    assert requests_of_table(path, parts) == [
        {"history": ["p", "q"], "k": 3, "caps": {"genre": 2}},
        {"history": ["p", "q"]},
        {"history": ["p"]},
        {"k": 2},
    ]


def test_the_row_that_cannot_be_asked_is_named(parts: RecommenderParts) -> None:
    frame = pl.DataFrame({"history": [["p"], ["q"], ["r"]], "k": [3, 500, 2]})
    with pytest.raises(DataError, match="row 1: k has to be a whole number from 1 to 100"):
        requests_of_table(frame, parts)


def test_a_table_that_asks_for_nothing_is_told_both_ways(parts: RecommenderParts) -> None:
    with pytest.raises(ColumnError) as caught:
        requests_of_table(pl.DataFrame({"item_id": ["p"], "genre": ["drama"]}), parts)
    assert "'user_id'" in caught.value.message
    assert "'history'" in caught.value.message
    assert str(caught.value.hint).endswith("Columns: 'item_id', 'genre'.")


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(["a", "b", "guest", " a", ""]), st.sampled_from("pqrs")), max_size=12))
def test_every_person_is_answered_once_in_the_order_of_appearance(rows: list[tuple[str, str]]) -> None:
    frame = pl.DataFrame({"user_id": [row[0] for row in rows], "item_id": [row[1] for row in rows]}, schema=None)
    frame = frame.cast({"user_id": pl.String, "item_id": pl.String})
    found = histories(frame, WITHOUT_TIMES)
    assert list(found) == list(dict.fromkeys(user.strip() for user, _ in rows if user))
    for who, items in found.items():
        taken = [item for user, item in rows if user.strip() == who]
        assert items == ([] if who == "guest" else taken)


class _Nothing:
    """Stands for what answers, where only requests are made."""


WITHOUT_TIMES = parts_of(_Nothing())  # type: ignore[arg-type]

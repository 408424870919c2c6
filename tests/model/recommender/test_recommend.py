"""Laws of the recommender that answers, over made-up logs and real learners."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.model.recommender.conftest import said

from mlwright.model.recommender import Answer, Answering
from mlwright.tasks.recommend.interactions import Interactions
from mlwright.tasks.recommend.request import ASKED, USED_HISTORY, read_request

DAY = 86_400.0


def ask(answering: Answering, **asked: Any) -> Answer:
    return answering.answer(read_request(asked, columns=answering.catalogue.columns))


def items(answer: Answer) -> list[Any]:
    return [one.item for one in answer.items]


requests = st.fixed_dictionaries(
    {
        "history": st.lists(st.integers(0, 99).map(lambda place: f"i{place:06d}"), max_size=12),
        "k": st.integers(1, 100),
    },
    optional={
        "exclude": st.lists(st.integers(0, 99).map(lambda place: f"i{place:06d}"), max_size=5),
        "filters": st.fixed_dictionaries(
            {},
            optional={
                "genre": st.fixed_dictionaries({"in": st.lists(st.sampled_from(["drama", "Comedy", "crime", "?"]))}),
                "year": st.fixed_dictionaries({"from": st.sampled_from([2020, 2022, 2023])}),
                "maker": st.fixed_dictionaries({"not_in": st.lists(st.sampled_from(["m1", "m2"]))}),
            },
        ),
        "caps": st.fixed_dictionaries({"genre": st.integers(1, 4)}),
        "diversity": st.floats(0, 1),
        "explore": st.floats(0, 1),
        "at": st.floats(1_672_531_200.0, 1_672_531_200.0 + 400 * DAY),
        "pinned": st.lists(st.integers(0, 99).map(lambda place: f"i{place:06d}"), max_size=3),
        "buried": st.lists(st.integers(0, 99).map(lambda place: f"i{place:06d}"), max_size=3),
    },
)


@settings(max_examples=100, deadline=None)
@given(requests)
def test_what_is_forbidden_never_comes(featured: tuple[Answering, Interactions], asked: dict[str, Any]) -> None:
    answering, log = featured
    catalogue = answering.catalogue
    answer = ask(answering, **asked)
    got = items(answer)
    assert len(set(got)) == len(got) <= asked["k"]
    assert not set(got) & {*asked["history"], *asked.get("exclude", ())}
    codes = [catalogue.find(item) for item in got]
    moment = answer.moment
    assert moment is not None
    first = {code: log.time[log.item == code].min(initial=math.inf) for code in codes}
    assert all(first[code] <= moment or (math.isinf(first[code]) and moment >= log.time[-1]) for code in codes)
    filters = asked.get("filters", {})
    for code in codes:
        genres = {genre.casefold() for genre in catalogue.columns["genre"].of_item(code)}
        if "genre" in filters:
            assert genres & {one.casefold() for one in filters["genre"]["in"]}
        if "year" in filters:
            assert int(str(catalogue.columns["year"].values[code])) >= filters["year"]["from"]
        if "maker" in filters:
            assert catalogue.columns["maker"].values[code] not in filters["maker"]["not_in"]
    counts: dict[str, int] = {}
    for code in codes:
        for genre in catalogue.columns["genre"].of_item(code):
            counts[genre] = counts.get(genre, 0) + 1
    assert max(counts.values(), default=0) <= asked.get("caps", {}).get("genre", 100)
    assert all(0 < one.propensity <= 1 for one in answer.items)


@settings(max_examples=40, deadline=None)
@given(requests)
def test_the_list_is_as_long_as_it_can_be(featured: tuple[Answering, Interactions], asked: dict[str, Any]) -> None:
    answering, _ = featured
    asked = {name: value for name, value in asked.items() if name != "caps"}
    longest = items(ask(answering, **{**asked, "k": 100}))
    answer = ask(answering, **asked)
    assert len(answer.items) == min(asked["k"], len(longest))
    assert any(note.kind == "short" for note in answer.notes) == (len(answer.items) < asked["k"])


@settings(max_examples=40, deadline=None)
@given(requests)
def test_the_same_request_gets_the_same_answer(featured: tuple[Answering, Interactions], asked: dict[str, Any]) -> None:
    answering, _ = featured
    assert ask(answering, **asked) == ask(answering, **asked)


@settings(max_examples=40, deadline=None)
@given(requests, st.lists(st.sampled_from(["?", None, math.nan, 17, "i999999", ""]), max_size=4), st.randoms())
def test_unknown_ids_change_nothing_but_the_count(
    featured: tuple[Answering, Interactions], asked: dict[str, Any], unknown: list[Any], random: Any
) -> None:
    answering, _ = featured
    history = list(asked["history"])
    for one in unknown:
        history.insert(random.randint(0, len(history)), one)
    plain, more = ask(answering, **asked), ask(answering, **{**asked, "history": history})
    assert more.items == plain.items
    assert more.asked["unknown_items"] == plain.asked["unknown_items"] + len(unknown)  # type: ignore[operator]


@settings(max_examples=40, deadline=None)
@given(requests, st.randoms())
def test_what_is_a_set_may_come_in_any_order(
    featured: tuple[Answering, Interactions], asked: dict[str, Any], random: Any
) -> None:
    answering, _ = featured
    asked = {"exclude": [], "buried": [], **asked, "id": "r"}
    other = {name: random.sample(asked[name], len(asked[name])) for name in ("exclude", "buried")}
    turned = {**asked, **other, "filters": dict(reversed(asked.get("filters", {}).items()))}
    assert ask(answering, **turned).items == ask(answering, **asked).items


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 80), min_size=1, max_size=12, unique=True), st.randoms())
def test_entries_with_times_may_come_in_any_order(
    rated: tuple[Answering, Interactions], places: list[int], random: Any
) -> None:
    answering, _ = rated
    end = answering.catalogue.end or 0.0
    history = [{"item": place + 1, "at": end - DAY * turn} for turn, place in enumerate(places)]
    turned = random.sample(history, len(history))
    assert ask(answering, history=turned).items == ask(answering, history=history).items


@pytest.mark.parametrize("written", [12, "12", 12.0, " 12 ", "12.0", np.int64(12), np.float32(12), "\u200b12"])
def test_an_id_means_the_same_however_it_is_written(rated: tuple[Answering, Interactions], written: object) -> None:
    answering, _ = rated
    assert ask(answering, history=[written]).items == ask(answering, history=[12]).items
    assert 12 not in items(ask(answering, history=[written], k=100))
    assert ask(answering, history=[written]).unknown == ()


def test_letters_and_leading_zeros_count(featured: tuple[Answering, Interactions]) -> None:
    answering, _ = featured
    assert ask(answering, history=["I000001", "i1", "i000001"]).asked["unknown_items"] == 2


def test_an_item_is_not_recommended_before_it_was_there() -> None:
    answering = said([5, 4, 3, 2, 1])  # item 10 * i appears on day i; item 0 is never taken
    for day in range(5):
        known = [10 * place for place in range(1, 5) if place <= day]
        got = items(ask(answering, at=day * DAY, k=10))
        assert got == known or day == 4
    end = answering.catalogue.end
    assert sorted(items(ask(answering, at=end, k=10))) == [0, 10, 20, 30, 40]
    assert 0 not in items(ask(answering, at=4 * DAY, k=10))


def test_entries_later_than_the_moment_teach_nothing_and_are_still_left_out() -> None:
    answering = said([5, 4, 3, 2, 1])
    history = [{"item": 10, "at": 1 * DAY}, {"item": 20, "at": 4 * DAY}]
    answer = ask(answering, history=history, at=3 * DAY)
    assert items(answer) == [30]
    assert answer.items[0].reason.item == 1
    assert [note.kind for note in answer.notes if note.kind == "later_history"] == ["later_history"]
    assert answer.asked["days_since_last"] == 2.0


def test_without_a_moment_no_entry_is_later() -> None:
    answering = said([5, 4, 3, 2, 1])
    end = answering.catalogue.end or 0.0
    assert ask(answering, history=[10]).moment == end
    assert ask(answering, history=[{"item": 10, "at": end + 5}]).moment == end + 5
    request = read_request({"history": [{"item": 10, "at": end + 5}]})
    assert answering.answer(request, now=end + 9).moment == end + 9
    assert answering.answer(request, now=end).moment == end + 5


def test_of_a_long_history_the_last_entries_are_looked_at_and_all_are_left_out(
    rated: tuple[Answering, Interactions],
) -> None:
    answering, _ = rated
    last = [3, 4, 5] * (USED_HISTORY // 3) + [6]
    assert len(last) == USED_HISTORY
    short, long = ask(answering, history=last, k=60), ask(answering, history=[1, 2, *last], k=60)
    left = set(items(short)) - {1, 2}
    assert 1 not in items(long)
    assert [one for one in items(short) if one in left] == [one for one in items(long) if one in left]
    assert long.asked["history_length"] == USED_HISTORY + 2


def test_what_was_seen_comes_where_it_is_wanted() -> None:
    answering = said([1, 2, 3, 4, 5])
    assert items(ask(answering, history=[40], k=1)) == [30]
    assert items(ask(answering, history=[40], k=1, exclude_seen=False)) == [40]


def test_who_fills_the_places_is_told() -> None:
    answering = said([1, -math.inf, 3, -math.inf, -math.inf])
    answer = ask(answering, history=[20], k=4)
    assert [(one.item, one.level) for one in answer.items] == [
        (0, "personal"),
        (40, "any"),
        (30, "any"),
        (10, "any"),
    ]
    assert answer.fallback == "any"
    assert ask(answering, history=[20], k=1).fallback is None
    assert ask(answering, k=1).fallback == "popular"


def test_somebody_of_whom_nothing_is_known_gets_what_is_popular(featured: tuple[Answering, Interactions]) -> None:
    answering, _ = featured
    answer = ask(answering, history=["?"], k=10)
    assert len(answer.items) == 10
    assert {one.level for one in answer.items} <= {"popular", "any"}
    assert answer.items == ask(answering, k=10).items
    assert {one.reason.kind for one in answer.items} <= {"popular", "new", "any"}


def test_chance_belongs_to_the_id_of_the_request(featured: tuple[Answering, Interactions]) -> None:
    answering, _ = featured
    asked = {"history": ["i000001"], "explore": 0.5}
    assert ask(answering, **asked, id="a").items == ask(answering, **asked, id="a").items
    lists = {tuple(items(ask(answering, **asked, id=str(turn)))) for turn in range(8)}
    assert len(lists) > 4
    assert any(one.propensity < 1 for one in ask(answering, **asked, id="a").items)


def test_a_log_without_times_knows_no_moments(timeless: tuple[Answering, Interactions]) -> None:
    answering, _ = timeless
    answer = ask(answering, history=[{"item": "i000003", "at": "2024-01-01"}, "i000004"], at="1990-01-01", k=90)
    assert answer.moment is None
    assert len(answer.items) == 88
    assert answer.asked["days_since_last"] is None
    assert not any(note.kind == "later_history" for note in answer.notes)


def test_ages_reach_the_ranker_and_gaps_are_filled_from_what_follows() -> None:
    asked: list[Any] = []

    class Listening:
        kind = "listening"

        def scores(self, histories: Any) -> Any:
            asked.append(histories)
            return np.zeros((1, 5), dtype=np.float32)

        def because(self, histories: Any, item: Any) -> Any:
            return np.full(item.shape, -1)

    answering = said([1, 1, 1, 1, 1])
    listening = Answering((("personal", Listening()),), answering.catalogue)  # type: ignore[arg-type]
    ask(listening, history=[10, {"item": 20, "at": 2 * DAY}, 30, {"item": 40, "at": 3 * DAY}, 0], at=10 * DAY)
    assert asked[-1].age.tolist() == [8 * DAY, 8 * DAY, 7 * DAY, 7 * DAY, 0.0]
    ask(listening, history=[{"item": 20, "at": 5 * DAY}, {"item": 10, "at": 2 * DAY}], at=10 * DAY)
    assert asked[-1].item.tolist() == [1, 2]


def test_ratings_reach_the_ranker_where_the_log_has_them(rated: tuple[Answering, Interactions]) -> None:
    answering, _ = rated
    told = ask(answering, history=[{"item": 1, "rating": 5}, 2])
    assert told.asked["rated_share"] == 0.5
    plain = answering._read(read_request({"history": [1, 2]}), None)
    assert answering._histories(plain).value is None


def test_the_answer_tells_the_derived_columns_and_is_json(featured: tuple[Answering, Interactions]) -> None:
    import json

    answering, _ = featured
    end = answering.catalogue.end or 0.0
    history = [{"item": "i000001", "at": end - 3 * DAY}, {"item": "i000002", "at": end - DAY}, "?"]
    answer = ask(
        answering,
        history=history,
        filters={"genre": "drama"},
        only=[f"i{place:06d}" for place in range(40)],
        pinned=["i000003"],
        caps={"genre": 3},
        at=end,
    )
    assert list(answer.asked) == [column.name for column in ASKED]
    assert answer.asked["history_length"] == 3
    assert answer.asked["unknown_items"] == 1
    assert answer.asked["days_since_last"] == 1.0
    assert answer.asked["days_spanned"] == 2.0
    assert answer.asked["filters_used"] == 2
    assert answer.asked["rules_used"] == 2
    for column in ASKED:
        value = answer.asked[column.name]
        assert value is None or (column.low or 0.0) <= float(value) <= (column.high or math.inf)
    told = json.loads(json.dumps(answer.to_dict(), allow_nan=False))
    assert told["items"][0].keys() == {"item", "score", "level", "reason", "propensity", "title"}
    assert told["notes"][0]["message"].startswith("The model does not know the items of 1 of the 3 entries")


def test_a_column_that_is_not_there_is_refused_even_where_nobody_checked_before() -> None:
    from mlwright.errors import OptionError

    with pytest.raises(OptionError, match="The items have no column 'genre'"):
        said([1, 2, 3]).answer(read_request({"filters": {"genre": "x"}}))

"""Filters and business rules: what each means for the list."""

from __future__ import annotations

from typing import Any

import pytest
from tests.model.recommender.conftest import said

from mlwright.errors import OptionError
from mlwright.model.recommender import rules
from mlwright.tasks.recommend.request import read_request

COLUMNS: dict[str, list[object]] = {
    "genre": ["Drama|Crime", "Comedy", "Drama", None, "Comedy|Crime", "Drama|Comedy", "Crime", "Comedy", "Drama"],
    "year": [1990, 1991, 1992, None, 1994, "n/a", 1996, 1997, 1998],
    "released": [f"199{place}-06-01" for place in range(9)],
    "maker": ["Ann Lee", "Bob Ray", "Ann Lee", "Bob Ray", "Ann Lee", "Bob Ray", None, "Ann Lee", "Cy Fox"],
}
ANSWERING = said([9, 8, 7, 6, 5, 4, 3, 2, 1], COLUMNS)


def ask(**asked: Any) -> list[int]:
    return [int(one.item) // 10 for one in ANSWERING.answer(read_request({"k": 9, **asked})).items]


def notes(**asked: Any) -> list[str]:
    return [note.message for note in ANSWERING.answer(read_request({"k": 1, **asked})).notes]


@pytest.mark.parametrize(
    ("filters", "left"),
    [
        ({"genre": "drama"}, [0, 2, 5, 8]),
        ({"genre": {"in": ["CRIME", " comedy "]}}, [0, 1, 4, 5, 6, 7]),
        ({"genre": {"not_in": ["Drama"]}}, [1, 3, 4, 6, 7]),
        ({"genre": {"in": ["Crime"], "not_in": ["Drama"]}}, [4, 6]),
        ({"genre": {"in": []}}, []),
        ({"year": {"from": 1996}}, [6, 7, 8]),
        ({"year": {"to": "1991"}}, [0, 1]),
        ({"year": 1992}, [2]),
        ({"year": {"from": 1991, "to": 1994}, "genre": "Comedy"}, [1, 4]),
        ({"released": {"from": "1997-01-01"}}, [7, 8]),
        ({"maker": "ann lee"}, [0, 2, 4, 7]),
        ({}, list(range(9))),
    ],
)
def test_a_filter_leaves_what_meets_it(filters: dict[str, Any], left: list[int]) -> None:
    assert ask(filters=filters) == left


def test_texts_have_no_from_and_to() -> None:
    with pytest.raises(OptionError, match=r"'maker' holds no numbers or times.*Hint: write \"maker\": \{\"in\""):
        ask(filters={"maker": {"from": 3}})


def test_a_value_that_no_item_has_is_told_with_the_nearest() -> None:
    assert notes(filters={"genre": ["Dramma", "Comedy"]}) == [
        "No item has 'dramma' in the column 'genre'; did you mean 'Drama'?"
    ]


def test_notes_are_few_however_much_is_unknown_and_nearest_values_are_looked_for_a_few_times(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    searched: list[str] = []
    monkeypatch.setattr(rules, "nearest", lambda text, _: searched.append(text))
    where = {"where": {"genre": ["dramma", "x" * 101], "maker": [f"ann {place:03}" for place in range(1_000)]}}
    found = notes(boosted=[where] * 90)
    assert len(found) == rules.MOST_NOTES + 1
    assert found[-1] == f"{90 * 7 - rules.MOST_NOTES} more notes are left out."
    assert searched == ["dramma", "ann 000", "ann 001", "ann 002", "ann 003"]
    assert notes(buried=[{"where": {"genre": list("abcde"), "maker": list("abcde")}}] * 2 + [1])[-1] == (
        "1 more note is left out."
    )


def test_boosted_ids_that_nobody_knows_make_one_note() -> None:
    assert notes(boosted=["a", 80, {"item": "b", "by": 2}]) == [
        "boosted names 2 items that the model does not know: a, b."
    ]


def test_only_and_exclude() -> None:
    assert ask(only=["10", 20.0, 99]) == [1, 2]
    assert ask(only=[]) == []
    assert ask(exclude=[0, "10"]) == list(range(2, 9))
    assert notes(only=[10, 99, 98]) == ["only names 2 items that the model does not know: 99, 98."]


def test_pinned_never_brings_what_is_forbidden() -> None:
    assert ask(pinned=[80, 30])[:3] == [8, 3, 0]
    assert ask(pinned=[80, 30], exclude=[80])[:2] == [3, 0]
    assert ask(pinned=[80], filters={"genre": "Crime"}) == [0, 4, 6]
    assert ask(pinned=[80], history=[80])[0] == 0


def test_boosted_moves_up_and_buried_goes_behind_all() -> None:
    assert ask(boosted=[{"item": 80, "by": 100}])[0] == 8
    assert ask(boosted=[{"where": {"maker": "Cy Fox"}, "by": 100}])[0] == 8
    assert ask(boosted=[70])[:8] != ask()[:8]
    assert ask(buried=[0, {"where": {"maker": "Bob Ray"}}]) == [2, 4, 6, 7, 8, 0, 1, 3, 5]
    assert ask(buried=[0], k=1) == [1]


def test_boosts_of_the_same_item_add_up() -> None:
    small = {"item": 80, "by": 1.6}
    assert ask(boosted=[small]).index(8) > ask(boosted=[small, small]).index(8)


def test_caps_count_each_value_of_an_item_and_leave_alone_what_has_none() -> None:
    assert ask(caps={"genre": 1}) == [0, 1, 3]
    assert ask(caps={"maker": 1}) == [0, 1, 6, 8]
    assert ask(caps={"genre": 2, "maker": 2}) == [0, 1, 2, 3, 6]
    assert ask(caps={"genre": 1}, pinned=[50]) == [5, 3, 6]

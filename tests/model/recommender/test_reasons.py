"""Reasons: in plain words, and never of something that is not in the history."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from tests.model.recommender.conftest import said

from mlwright.model.recommender import Answer, Answering, propose_verb
from mlwright.tasks.recommend.interactions import Interactions
from mlwright.tasks.recommend.request import read_request

DAY = 86_400.0
COLUMNS: dict[str, list[object]] = {
    "title": ["Alpha", "Beta", "Gamma", "Delta", None, "Zeta", "Eta", "Theta"],
    "genre": ["War|Love", "War", "Love", "War|Art", "Art", "Love|Art", "War", "Love"],
}


class Silent:
    """Scores all alike and says that nothing of the history speaks for anything."""

    kind = "silent"

    def __init__(self, size: int) -> None:
        self.size = size

    def scores(self, histories: Any) -> Any:
        return np.ones((1, self.size), dtype=np.float32)

    def because(self, histories: Any, item: Any) -> Any:
        return np.full(item.shape, -1)


def ask(answering: Answering, **asked: Any) -> Answer:
    return answering.answer(read_request(asked))


def test_what_speaks_for_an_item_is_named_with_what_both_have() -> None:
    answering = said(range(8), COLUMNS)
    answering = Answering(answering.chain, answering.catalogue, "watched")
    texts = {one.item: one.reason.text for one in ask(answering, history=[20, 0], k=8).items}
    assert texts[30] == "Because you watched Alpha (both: War)."
    assert texts[40] == "Because you watched Alpha."
    assert {one.reason.item for one in ask(answering, history=[20, 0]).items} == {0}
    assert ask(answering, history=[40], k=1).items[0].reason.text == "Because you watched 40."
    assert ask(answering, history=[40], k=1).items[0].title == "Theta"


def test_where_nothing_speaks_the_reason_is_what_it_shares_with_the_history() -> None:
    catalogue = said(range(8), COLUMNS).catalogue
    answering = Answering((("personal", Silent(8)),), catalogue, "read")  # type: ignore[arg-type]
    reasons = {one.item: one.reason for one in ask(answering, history=[10, 60], k=8).items}
    assert reasons[0].text == "Not yet chosen by many, and like what you read: War."
    assert reasons[30].text == "Popular now, and like what you read: War."
    assert reasons[0].kind == "like"
    assert reasons[20].kind in {"popular", "any"}


def test_a_ranker_that_says_the_same_to_all_is_not_called_personal() -> None:
    catalogue = said(range(8), COLUMNS).catalogue
    answering = Answering((("personal", Silent(8)),), catalogue)  # type: ignore[arg-type]
    answer = ask(answering, history=[10, 60], k=3)
    assert {one.level for one in answer.items} == {"popular"}
    assert answer.fallback == "popular"


def test_what_is_new_is_told_only_where_most_is_older() -> None:
    size = 150
    answering = Answering((("personal", Silent(size)),), said([1] * size).catalogue)  # type: ignore[arg-type]
    end = answering.catalogue.end or 0.0
    assert ask(answering, k=1, only=[10 * (size - 1)]).items[0].reason.kind == "new"
    assert ask(answering, k=1, only=[50]).items[0].reason.kind != "new"
    assert "new" not in {one.reason.kind for one in ask(answering, k=100, at=40 * DAY).items}
    assert ask(answering, k=1, at=end + 400 * DAY).items[0].reason.kind != "new"


def test_pinned_and_fallback_have_reasons_of_their_own() -> None:
    answering = said([1.0, -np.inf, -np.inf, -np.inf])
    answer = ask(answering, history=[10], pinned=[30], k=4, at="1970-06-01")
    assert [one.reason.kind for one in answer.items] == ["pinned", "because", "any"]
    assert [one.reason.text for one in answer.items][::2] == ["Chosen for this place.", "Often chosen over the years."]


@pytest.mark.parametrize(
    ("names", "verb"),
    [
        (["user_id", "movieId"], "watched"),
        (["userId", "trackName"], "listened to"),
        (["visitor", "product_sku"], "bought"),
        (["reader", "articles.csv", "article_id"], "read"),
        (["user", "item", "timestamp"], "chose"),
        (["showroom_id", "filmy"], "chose"),
    ],
)
def test_the_verb_is_proposed_from_names(names: list[str], verb: str) -> None:
    assert propose_verb(names) == verb


def test_every_reason_names_an_entry_of_the_history(featured: tuple[Answering, Interactions]) -> None:
    answering, _ = featured
    history = ["i000001", "i000007", "?", "i000030"]
    known = {answering.catalogue.find(item) for item in history}
    for one in ask(answering, history=history, k=50).items:
        assert one.reason.text.endswith(".")
        assert one.reason.item is None or one.reason.item in known
        if one.reason.kind == "because":
            assert one.level == "personal"
            assert one.reason.item is not None
            assert answering.catalogue.name(one.reason.item) in one.reason.text

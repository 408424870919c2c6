"""The page of a recommender: find, add, take out, see the list; in Chromium for axe, keyboard and no JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.serve.conftest import Inside, Running
from tests.serve.films import films
from tests.serve.pages.windows import Go, axe, windows

from mlwright.serve.http import FORM
from mlwright.serve.pages.recommend import MOST_PICKED, State, search, state_sent
from mlwright.serve.policy import ModelPolicy
from mlwright.serve.problems import Problem
from mlwright.serve.served_recommender import ServedRecommender

MODEL = films()
SERVED = ServedRecommender(MODEL, "films", 1, ModelPolicy())
CATALOGUE = MODEL.parts.answering.catalogue
IDS = [str(each) for each in CATALOGUE.ids]
NAMES = [CATALOGUE.name(place) for place in range(len(IDS))]


def sent(*pairs: tuple[str, str]) -> State:
    return state_sent(urlencode(pairs).encode(), FORM, SERVED)


def test_a_name_that_means_one_item_is_picked_at_once() -> None:
    state = sent(("item", IDS[3]), ("text", NAMES[7].upper()))
    assert [str(each) for each in state.picked] == [IDS[3], IDS[7]]
    assert (state.text, state.found, state.said) == ("", (), f"{NAMES[7]} was added.")
    assert sent(("text", IDS[4])).picked == (CATALOGUE.ids[4],)


def test_what_may_mean_several_is_offered_the_likeliest_first() -> None:
    word = NAMES[0].split()[0]
    codes = search(CATALOGUE, word.lower())
    assert set(codes) == {place for place, name in enumerate(NAMES) if word.casefold() in name.casefold()}
    nothing = sent(("text", "no such film"))
    assert (nothing.found, nothing.said) == ((), "No item is called “no such film”.")
    assert nothing.text == "no such film"


def test_what_is_taken_out_is_gone_and_odd_ids_do_no_harm() -> None:
    state = sent(("item", IDS[1]), ("item", IDS[2]), ("item", "who?"), ("item", IDS[2]), ("remove", IDS[1]))
    assert [str(each) for each in state.picked] == [IDS[2]]
    full = sent(*(("item", one) for one in IDS[:MOST_PICKED]), ("add", IDS[MOST_PICKED]))
    assert len(full.picked) == MOST_PICKED
    assert "are enough" in full.said


@pytest.mark.parametrize("body", [b"item=%ff", b"&".join(b"item=1" for _ in range(100))])
def test_what_is_no_form_of_the_page_is_refused(body: bytes) -> None:
    with pytest.raises(Problem):
        state_sent(body, FORM, SERVED)
    with pytest.raises(Problem):
        state_sent(b"{}", "application/json", SERVED)


def test_the_page_shows_the_list_and_records_it(cinema: Inside) -> None:
    blank = cinema.ask("GET", "/models/films").text
    assert "Pick a few things that you like" in blank
    assert "Recommended for you" not in blank
    page = cinema.ask("POST", "/models/films", data={"item": IDS[5], "add": IDS[6]}).text
    expected = MODEL.ask({"history": [CATALOGUE.ids[5], CATALOGUE.ids[6]], "k": 10})
    assert re.findall(r'<span class="item-name">(.*?)</span>', page) == [one.title for one in expected.items]
    assert all(one.reason.text in page for one in expected.items)
    (name,) = re.findall(r"kept in the record as <code>(\w+)</code>", page)
    recorder = cinema.service.recording.recorder
    recorder.flush(5)
    assert not recorder.record.unanswered("films", [name])


def test_the_list_of_models_says_what_each_does(cinema: Inside) -> None:
    assert "It recommends what somebody may want next, out of 90 items." in cinema.ask("GET", "/").text


# --- in a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def running(film_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with Running([film_models / "films"], tmp_path_factory.mktemp("picking")) as process:
        yield process


@pytest.fixture
def opened(browser: Any, running: Running) -> Iterator[Go]:
    with windows(browser, running.address) as go:
        yield go


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")])
def test_axe_finds_nothing_and_the_page_fits(opened: Any, width: int, scheme: str) -> None:
    page = opened("/models/films", viewport={"width": width, "height": 844}, color_scheme=scheme)

    def check() -> None:
        page.evaluate("document.querySelectorAll('details').forEach(part => part.open = true)")
        assert axe(page) == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    check()
    page.get_by_label("Find by name").fill(NAMES[0].split()[0])
    page.get_by_role("button", name="Find", exact=True).click()
    page.get_by_role("status").wait_for()
    check()
    page.get_by_role("button", name=re.compile("Add ")).first.click()
    page.get_by_role("heading", name="Recommended for you").wait_for()
    check()


@pytest.mark.browser
def test_all_works_without_javascript_and_by_keyboard(opened: Any) -> None:
    page = opened("/models/films", java_script_enabled=False)
    page.get_by_label("Find by name").focus()
    page.keyboard.type(NAMES[7])
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Recommended for you").wait_for()
    assert page.get_by_role("status").inner_text() == f"{NAMES[7]} was added."
    page.get_by_role("button", name=re.compile("^I like .*, too$")).first.focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name=re.compile("^Take out ")).nth(1).wait_for()
    for _ in range(2):
        page.get_by_role("button", name=re.compile("^Take out ")).first.focus()
        page.keyboard.press("Enter")
        page.get_by_role("status").filter(has_text="was taken out").wait_for()
    page.get_by_role("heading", name="Pick a few things that you like").wait_for()

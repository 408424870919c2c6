"""The page: its order, its size, what it never holds, and that no text of the data becomes markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from mlwright.report import render_html, summary_html

NAMES = ["binary", "multiclass", "regression", "hostile", "huge", "bare"]
VOID = {"meta", "br", "img", "input", "link", "hr"}


class Reader(HTMLParser):
    """Reads a page strictly: every element is closed where it should be."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        # A paragraph that a block opens in would be closed by browsers before it.
        assert not (self.open and self.open[-1] == "p" and tag in {"div", "ul", "table", "details", "dl", "p"})
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(params=NAMES)
def page(request, make, run):
    return render_html(make(request.param), run)


def test_page_is_well_formed_and_its_ids_are_unique(page):
    ids = [attributes["id"] for _, attributes in read(page).tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_page_holds_no_script_and_nothing_from_outside(page):
    reader = read(page)
    assert not {tag for tag, _ in reader.tags} & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    for _, attributes in reader.tags:
        assert not [name for name in attributes if name.startswith("on") or name in {"src", "style"}]
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in page
    assert "@import" not in page


def test_every_link_and_explanation_leads_somewhere(page):
    tags = read(page).tags
    ids = {attributes.get("id") for _, attributes in tags}
    links = {attributes["href"][1:] for _, attributes in tags if attributes.get("href")}
    tips = {attributes["popovertarget"] for _, attributes in tags if attributes.get("popovertarget")}
    labels = {attributes["aria-labelledby"] for _, attributes in tags if attributes.get("aria-labelledby")}
    assert links | tips | labels <= ids


def test_page_stays_small(page):
    assert len(page.encode()) < 200_000


def test_same_evidence_gives_same_page(make, run):
    assert render_html(make("binary"), run) == render_html(make("binary"), run)


@pytest.mark.parametrize("name", ["binary", "regression", "bare"])
def test_sections_stand_in_the_order_in_which_people_ask(name, make, run):
    tags = read(render_html(make(name), run)).tags
    sections = [attributes["id"] for tag, attributes in tags if tag == "section"]
    expected = ["verdict", "question", "score", "errors", "groups", "reasons", "leaderboard", "more-rows"]
    expected += ["data", "limits", "reproduce", "glossary"]
    made = make(name)
    if not made.get("slices"):
        expected.remove("groups")
    if made["learning_curve"] is None:
        expected.remove("more-rows")
    if made["score"]["value"] is None:
        expected.remove("score")
    assert expected == sections


def test_every_section_opens_with_a_plain_sentence(page):
    for section in page.split("<section ")[1:]:
        assert re.match(r'[^<]*<h2[^>]*>.*?</h2>\s*<p class="opening">\S', section.partition(">")[2], re.DOTALL)


@pytest.mark.parametrize(
    ("answer", "icon", "word"),
    [
        ("yes", "✔", "Worth using, within its limits"),
        ("no", "✖", "Not worth using: a simple rule is as good"),
        ("unclear", "?", "Not shown to be worth using: a simple rule may be as good"),
    ],
)
def test_verdict_has_an_icon_and_words_beside_its_colour(answer, icon, word, make, run):
    made = make("binary")
    made["verdict"]["beats_baseline"] = answer
    for drawn in (render_html(made, run), summary_html(made, run)):
        assert icon in drawn
        assert word in drawn


def test_hostile_names_stay_text(make, run, hostile_name):
    for drawn in (render_html(make("hostile"), run), summary_html(make("hostile"), run)):
        reader = read(drawn)
        assert "script" not in {tag for tag, _ in reader.tags}
        assert "<script>alert('x')</script>" in "".join(reader.text)
        assert "\u202e" not in drawn
        assert "\x00" not in drawn


def test_what_is_cut_says_how_much(make, run):
    page = render_html(make("huge"), run)
    for remark in ("and 9,700 more", "and 9,960 more", "and 2,475 more", "and 888 more", "and 35,309 more"):
        assert f"{remark}; all in the JSON twin" in page


def test_many_columns_are_folded_away(make, run):
    assert "<summary>All 10,000 columns</summary>" in render_html(make("huge"), run)
    assert "<summary>All" not in render_html(make("binary"), run)


def test_charts_hold_a_description_a_finding_and_their_numbers(make, run):
    for name in ("binary", "multiclass", "regression"):
        figures = re.findall(r"<figure>.*?</figure>", render_html(make(name), run), re.DOTALL)
        assert figures
        for figure in figures:
            assert re.search(r'<svg role="img" aria-label="[^"]{20,}"', figure)
            assert re.search(r"<figcaption>.*\w{3,}.*</figcaption>", figure, re.DOTALL)
            assert "<details" in figure
            assert "<table>" in figure


def test_unknown_curve_of_a_later_task_is_told_in_words(make, run):
    made = make("binary")
    made["curves"] = {"survival": {"form": "survival", "sentence": "Half of the rows last 40 days."}}
    assert "Half of the rows last 40 days." in render_html(made, run)


def test_baselines_and_used_models_are_never_cut_from_the_leaderboard(make, run):
    made = make("binary")
    filler = {**made["leaderboard"][3], "score": 0.8495}
    made["leaderboard"] = [*made["leaderboard"][:1], *[filler] * 400, *made["leaderboard"][1:]]
    page = render_html(made, run)
    for label in ("always the same shares", "regularised linear model", "Regularised linear", "LightGBM failed"):
        assert label in page


def test_baselines_stand_apart_from_the_models(make, run):
    page = render_html(make("binary"), run)
    board = page[page.index('<section id="leaderboard"') : page.index('<section id="more-rows"')]
    models, rules = board.split("The baselines, on the held-out rows", 1)
    assert "on the" in models
    assert "always the same shares" in rules
    assert "always the same shares" not in models
    assert "Time of all its fits" in models


def test_importance_that_could_not_be_measured_is_told(make, run):
    made = make("binary")
    made["importance"] = [{"column": "a", "value": 0.01, "interval": [-0.1, 0.2]}]
    page = render_html(made, run)
    assert "could not be measured: these rows cannot tell which column matters" in page
    assert "The model as a whole does beat the" in page


def test_scores_are_written_with_their_intervals(make, run):
    page = render_html(make("binary"), run).replace("\u00a0", " ")
    assert "0.851 (0.829 to 0.873)" in page
    assert "+0.0171 (0.0058 to 0.0284)" in page
    page = render_html(make("regression"), run).replace("\u00a0", " ")
    assert "29,714 (27,911 to 31,602)" in page
    assert "10.4 % (10.1 to 10.7 %)" in page


def test_fairness_stands_before_slices(make, run):
    made = make("regression")
    made["fairness"] = [{"column": "gender", "group": "f", "rows": 5, "metrics": {"rmse": {"value": 2.0}}}]
    page = render_html(made, run)
    assert 0 < page.index('id="people"') < page.index('id="groups"')
    assert "Groups by gender" in page


def test_rows_that_were_not_held_out_are_told(make, run):
    assert "each row was judged by a model that had not seen it" in render_html(make("multiclass"), run)


def test_run_may_know_nothing(make):
    page = render_html(make("binary"), {})
    assert "How to make it again" in page


def degenerate(made):
    """Curves as very few rows leave them: one point, no point, equal points, unknown ends."""
    nothing = {"threshold": [], "precision": [], "recall": [], "cost": []}
    made["curves"]["threshold"] |= nothing
    made["curves"]["confusion"] |= {"counts": [[0, 0], [0, 3]]}
    made["curves"]["calibration"] |= {
        "predicted": [0.5],
        "observed": [0.5],
        "lower": [None],
        "upper": [None],
        "count": [1],
    }
    made["learning_curve"] |= {"rows": [10, 20], "score": [0.5, None], "low": [None, None], "high": [0.5, None]}
    made["importance"] = [
        {"column": "a", "value": 0.0, "interval": [None, None]},
        {"column": "b", "value": -0.1, "interval": None},
    ]
    made["effects"] = [
        {**made["effects"][0], "kind": "number", "x": [1.0], "y": [0.2], "count": [0]},
        {**made["effects"][0], "kind": "number", "x": [1.0, 1.0, None], "y": [0.2, 0.2, 0.3], "count": [0, 0, None]},
        {**made["effects"][0], "x": [], "y": [], "count": []},
        {**made["effects"][0], "x": ["a", True, 1.5], "y": [None, 0.2, float("nan")], "count": [1, 2, 3]},
    ]
    made["leaderboard"] = [{**entry, "status": "failed: out of memory", "score": None} for entry in made["leaderboard"]]
    return made


def test_degenerate_curves_are_drawn(make, run):
    page = render_html(degenerate(make("binary")), run)
    read(page)
    assert "these rows cannot tell which column matters" in page
    assert "nan" not in page.casefold()
    assert "CatBoost failed: out of memory" in page

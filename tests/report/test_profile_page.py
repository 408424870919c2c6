"""The page of a profile: golden Markdown, well-formed HTML that stays small, and what is folded, cut and told."""

from __future__ import annotations

import json
import os
import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.report.profile import page, render_html, render_markdown, summary_html
from mlwright.report.profile.sentences import sentence

GOLDEN = Path(__file__).parent / "golden"
HOSTILE = "<script>alert('x')</script>\u202e|*_[a](b)`"
VOID = {"meta"}
COUNTRIES = pl.Series(["Norway", "Sweden", "DÃ¤nemark", "Finland"])


def shop(rows: int = 500) -> pl.DataFrame:
    """A table of every kind whose facts are the same on every machine."""
    rng = np.random.default_rng(7)
    start = date(2023, 1, 2)
    days = [start + timedelta(days=int(step)) for step in rng.integers(0, 400, rows)]
    amount = rng.lognormal(4, 1.5, rows).round(2)
    many = rng.poisson(2, rows)
    return pl.DataFrame(
        {
            "order": [f"O-{number:06d}" for number in range(rows)],
            "day": [day.isoformat() for day in days],
            "amount": [f"{value:.2f}" for value in amount],
            "items": [None if row % 20 == 0 else str(value) for row, value in enumerate(many)],
            "country": COUNTRIES.gather(rng.choice(4, rows, p=[0.6, 0.3, 0.02, 0.08])),
            "remark": [f"parcel {number} of customer {number % 7}, please deliver late" for number in range(rows)],
            "currency": ["EUR"] * rows,
            "returned": np.where(many + rng.normal(0, 1, rows) > 3, "yes", "no"),
        }
    )  # fmt: skip


def hostile() -> pl.DataFrame:
    return pl.DataFrame(
        {HOSTILE: [HOSTILE, "a", "b", "<b>&amp;"] * 30, "x" * 900: [f"{HOSTILE} {row}" for row in range(120)]}
    )


def wide(columns: int = 400) -> pl.DataFrame:
    rng = np.random.default_rng(0)
    numbers = {f"number{place}": rng.normal(size=60) for place in range(columns - 1)}
    return pl.DataFrame({**numbers, "odd": ["Malmö"] * 30 + ["MalmÃ¶"] * 10 + ["Oslo"] * 20})


MADE = {"shop": lambda: mw.profile(shop(), target="returned"), "hostile": lambda: mw.profile(hostile())}
MADE |= {"wide": lambda: mw.profile(wide()), "empty": lambda: mw.profile(pl.DataFrame({"a": []}))}


@pytest.fixture(scope="module")
def made() -> dict[str, dict]:
    return {name: make().to_dict() for name, make in MADE.items()}


def test_markdown_is_the_golden_one(made) -> None:
    path = GOLDEN / "profile.md"
    whole = made["shop"]
    facts = {
        **whole,
        "findings": [finding for finding in whole["findings"] if finding["kind"] in STABLE],
        "columns": [{**column, "findings": []} for column in whole["columns"]],
        "overview": whole["overview"][:-1],
        "memory_bytes": 40_000,
    }
    written = render_markdown(facts)
    if os.environ.get("MLWRIGHT_RENEW_GOLDEN"):
        path.write_text(written, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == written


STABLE = {"encoding_damage", "constant_columns", "id_columns"}
"""A new detector changes nothing of how findings are written."""


class Reader:
    """Reads tags strictly: every element is closed where it should be."""

    def __init__(self, text: str) -> None:
        from html.parser import HTMLParser

        tags: list[tuple[str, dict[str, str | None]]] = []
        open_: list[str] = []

        class Parser(HTMLParser):
            def handle_starttag(self, tag, attrs):
                assert not (open_ and open_[-1] == "p" and tag in {"div", "ul", "table", "details", "dl", "p", "h3"})
                tags.append((tag, dict(attrs)))
                if tag not in VOID:
                    open_.append(tag)

            def handle_startendtag(self, tag, attrs):
                tags.append((tag, dict(attrs)))

            def handle_endtag(self, tag):
                assert open_.pop() == tag

        Parser().feed(text)
        assert open_ == []
        self.tags = tags


@pytest.mark.parametrize("name", MADE)
def test_page_is_well_formed_and_holds_nothing_from_outside(name, made) -> None:
    text = render_html(made[name])
    tags = Reader(text).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    for _, attributes in tags:
        assert not [given for given in attributes if given.startswith("on") or given in {"src", "style"}]
        assert (attributes.get("href") or "#").startswith("#")
    links = {attributes["href"][1:] for _, attributes in tags if attributes.get("href")}
    tips = {attributes["popovertarget"] for _, attributes in tags if attributes.get("popovertarget")}
    assert links | tips <= set(ids)
    assert "url(" not in text
    assert "\u202e" not in text


@pytest.mark.parametrize("name", MADE)
def test_card_for_notebooks_is_well_formed(name, made) -> None:
    text = summary_html(made[name])
    assert "script" not in {tag for tag, _ in Reader(text).tags}
    assert 'profile.report("profile.html")' in text
    assert len(text) < 20_000


def test_sections_stand_in_order_and_open_with_a_plain_sentence(made) -> None:
    whole = page(made["shop"])
    anchors = [section.anchor for section in whole.sections]
    assert anchors == ["overview", "findings", "glance", "columns", "associations", "made"]
    assert all(section.sentence.endswith((".", "it.")) for section in whole.sections)
    assert whole.sections[0].sentence == " ".join(made["shop"]["overview"])


def test_every_column_has_its_card_with_what_was_found_about_it(made) -> None:
    text = render_html(made["shop"])
    cards = re.findall(r'<div class="card" id="column-\d+">.*?(?=<div class="card"|<section )', text, re.DOTALL)
    assert len(cards) == 8
    assert "DÃ¤nemark" in cards[4]
    assert re.search("things? to look at", cards[4])
    assert "to be predicted" in cards[7]
    assert all("<svg" in cards[place] for place in (1, 2, 3, 4, 7))
    assert "The axis grows by factors" in cards[2]
    assert "Says which row it is" in cards[0]


def test_charts_hold_a_description_and_their_numbers(made) -> None:
    figures = re.findall(r"<figure>.*?</figure>", render_html(made["shop"]), re.DOTALL)
    assert len(figures) == 6
    for figure in figures:
        assert re.search(r'<svg role="img" aria-label="[^"]{20,}"', figure)
        assert "<table>" in figure


def test_many_columns_are_folded_cut_and_the_page_stays_small(made) -> None:
    text = render_html(made["wide"])
    assert text.count('<details class="card"') == 250
    assert text.count("<figure>") == 120
    assert "and 150 more; all in the JSON twin" in text
    assert "<summary>All 400 columns</summary>" in text
    assert len(text.encode()) < 1_000_000
    # What has something to look at is never cut.
    assert 'id="column-400"' in text
    assert len(render_markdown(made["wide"])) < 40_000


def test_the_widest_pages_stay_below_two_megabytes(made) -> None:
    facts = made["shop"]
    columns = [{**facts["columns"][place % 8], "name": f"{'n' * 300}{place}"} for place in range(5_000)]
    assert len(render_html({**facts, "columns": columns}).encode()) < 2_000_000


def test_page_and_twins_stand_beside_each_other(tmp_path) -> None:
    found = mw.profile(shop(), target="returned")
    path = found.report(tmp_path / "p.html")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["p.html", "p.json", "p.md"]
    assert path.read_text(encoding="utf-8") == found.html()
    assert (tmp_path / "p.json").read_text(encoding="utf-8") == found.json()
    assert (tmp_path / "p.md").read_text(encoding="utf-8") == found.markdown()
    assert json.loads(found.json())["format"] == "mlwright-profile"


def test_a_profile_changes_nothing_and_says_so(made) -> None:
    text = render_html(made["shop"])
    assert "Nothing was changed." in text
    assert "Repaired:" not in text
    assert "Done when a model is built: Leave them out." in text


@pytest.mark.parametrize(
    ("column", "told"),
    [
        ({"kind": "integer", "numbers": {"low": 0, "high": 9, "quartiles": [1, 2, 3]}}, "Whole numbers from 0 to"),
        ({"kind": "integer", "name": "year_built",
          "numbers": {"low": 1890, "high": 2023, "quartiles": [1950, 1980, 2001]}},
         "Whole numbers from 1890 to 2023: half of them lie between 1950 and 2001, the middle one is 1980."),
        ({"kind": "integer", "name": "card",
          "numbers": {"low": 4002e12, "high": 4990e12, "quartiles": [4100e12, 4500e12, 4700e12]}},
         "from 4,002,000,000,000,000 to 4,990,000,000,000,000"),
        ({"kind": "number", "numbers": {"low": 2.5, "high": 2.5, "quartiles": [2.5] * 3}}, "The same number"),
        ({"kind": "number", "numbers": {"low": 0, "high": 9, "quartiles": [0, 0, 0]}}, "from 0 to 9, most of them 0."),
        ({"kind": "category", "distinct": 3, "top": [{"value": "a", "count": 8}]}, "3 different values; the most"),
        ({"kind": "constant", "distinct": 1, "top": [{"value": "a", "count": 8}]}, "The same value"),
        ({"kind": "id", "distinct": 10}, "no two rows have the same value"),
        ({"kind": "id", "distinct": 9}, "9 different values in 10 rows"),
        ({"kind": "datetime", "dates": {"first": "2024-01-01", "last": "2024-01-01"}}, "The same moment"),
    ],
)  # fmt: skip
def test_each_kind_is_told_in_words(column, told) -> None:
    assert told in sentence({"missing": 0, "missing_share": 0.0, **column}, 10)


def test_a_column_without_values_is_told() -> None:
    assert sentence({"missing": 4, "kind": "number"}, 4) == "No row has a value."
    assert sentence({"missing": 0, "kind": "number"}, 0) == "There are no rows."

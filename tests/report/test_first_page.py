"""The first page: it says whether to use the model, for what and for whom it is worse, and never more than is known."""

from __future__ import annotations

import re
from itertools import product

import pytest

from mlwright.report import render_html, render_markdown, summary_html
from mlwright.report.advice import advice, concerns
from mlwright.report.glossary import Terms
from mlwright.report.sections import page

WORSE = (
    "Women who are 'Yes' are found less often than men: 61 of 100 instead of 78 (95 % interval of the gap: 9 to 25)."
)
BROKEN = "With one letter wrong in 'Contract', 31 of 250 rows get another answer."
LEAK = {"kind": "leak_proxy", "message": "'churn_date' gives the answer away.", "severity": "error", "applied": False}


def gap(verdict: str, sentence: str) -> dict[str, object]:
    return {
        "column": "gender",
        "metric": "recall",
        "value": 0.17,
        "interval": [0.09, 0.25],
        "worst": "Female",
        "best": "Male",
        "verdict": verdict,
        "sentence": sentence,
    }


def first_page(made, run) -> str:
    """Return the first page as plain text: all before the technical part."""
    text = render_markdown(made, run)
    return text[: text.index("## For those who look closer")]


def with_troubles(made, *, leak: bool, worse: bool, broken: bool, warning: bool):
    made["findings"] = [LEAK] if leak else []
    if warning:
        made["findings"].append({**LEAK, "kind": "imbalance", "message": "Few are 'Yes'.", "severity": "warning"})
    if worse:
        made["fairness"] = [{"column": "gender", "group": "Female", "rows": 700, "metrics": {}}]
        made["people"] = {"gaps": [gap("worse", WORSE)], "proxies": [], "proposed": [], "sentence": "One gap."}
    if broken:
        found = {"tested": 250, "share": 0.124, "interval": [0.0886, 0.1709]}
        made["behaviour"] = [{"name": "typo", "verdict": "fail", "sentence": BROKEN, **found}]
    return made


@pytest.mark.parametrize("beaten", ["yes", "no", "unclear"])
def test_advice_is_never_better_than_its_weakest_part(beaten, make):
    for leak, worse, broken, warning in product((False, True), repeat=4):
        made = with_troubles(make("binary"), leak=leak, worse=worse, broken=broken, warning=warning)
        made["verdict"]["beats_baseline"] = beaten
        told = advice(made)
        assert len(told.concerns) == leak + worse + broken + warning
        assert (told.tone == "good") == (beaten == "yes" and not told.concerns)
        assert (told.tone == "bad") == (beaten == "no" or leak)
        assert told.word.startswith("Worth using") == (beaten == "yes" and not leak)
        stops = [concern.stops for concern in told.concerns]
        assert stops == sorted(stops, reverse=True)


def test_whom_the_model_serves_worse_stands_on_the_first_page(make, run):
    made = with_troubles(make("binary"), leak=False, worse=True, broken=False, warning=False)
    made["people"]["gaps"].append(gap("unclear", "Nobody can tell of the others."))
    text = first_page(made, run)
    assert "**! Worth using, with care.**" in text
    assert f"**For whom is it worse?** {WORSE}" in text
    assert "Nobody can tell" not in text
    assert "were not compared" not in text


def test_the_first_page_counts_groups_and_tells_one_sentence_of_each(make, run):
    made = with_troubles(make("binary"), leak=False, worse=True, broken=False, warning=False)
    crossed = {**gap("worse", "Of two together."), "column": "gender and Contract"}
    surer = {**gap("worse", "Surer."), "metric": "accuracy", "interval": [0.2, 0.3]}
    differs = [{**gap("differs", f"It differs {low}."), "interval": [low, 0.5]} for low in (0.1, 0.3)]
    more = [{**crossed, "worst": f"g{place}", "sentence": f"Group {place}."} for place in range(5)]
    made["people"]["gaps"] = [crossed, *made["people"]["gaps"], *differs, surer, *more, {**more[0], "metric": "other"}]
    text = first_page(made, run)
    assert "**For whom is it worse?** Surer. Of two together. Group 0. There are 4 more such groups of people." in text
    assert "It differs 0.3. Whether that is right is for people to judge." in text
    assert "It differs 0.1" not in text


def test_what_the_model_may_not_read_and_knows_stands_on_the_first_page(make, run):
    made = with_troubles(make("binary"), leak=False, worse=True, broken=False, warning=False)
    role = {"column": "Contract", "read": True, "told": "almost surely", "value": 0.95, "interval": [0.9, 0.98]}
    proxy = {"column": "gender", "read": False, "guess": 0.5, "many": 1, "sentence": "So.", "columns": [role]}
    made["people"]["proxies"] = [proxy | {"together": {**role, "columns": 8, "value": 0.914}}]
    said = "The model does not look at “gender”, but “Contract”, which it reads, tells it almost surely."
    assert said not in first_page(made, run)  # it may look at it
    gender = next(one for one in made["data"]["columns"] if one["name"] == "gender")
    gender["excluded"] = True
    assert said in first_page(made, run)
    assert "others together" not in render_markdown(made, run)  # they tell less than one of them
    made["people"]["proxies"][0]["together"]["value"] = 0.96
    assert "The 8 others together" in render_markdown(made, run)


def test_nobody_is_said_to_be_served_alike_where_nobody_looked(make, run):
    made = make("binary")
    assert "Groups of people by gender were not compared when the model was built" in first_page(made, run)
    made["data"]["columns"] = [one | {"role": "feature"} for one in made["data"]["columns"]]
    text = first_page(made, run)
    assert "Groups of people were not compared." in text
    assert "--sensitive" in text
    made["fairness"] = [{"column": "gender", "group": "Female", "rows": 700, "metrics": {}}]
    made["people"] = {"gaps": [], "proxies": [], "proposed": [], "sentence": "No gap."}
    text = first_page(made, run)
    assert "No group of people by gender is clearly served worse than another" in text
    assert "were not compared" not in text


def test_what_stops_the_model_is_said_before_all_else(make, run):
    made = with_troubles(make("binary"), leak=True, worse=False, broken=True, warning=True)
    text = first_page(made, run)
    assert "**✖ Do not use it before its data have been looked at.**" in text
    first = text[text.index("**What should be looked at first?**") :]
    assert first.index("gives the answer away") < first.index(BROKEN) < first.index("Few are 'Yes'.")


def test_a_repaired_error_stops_nothing(make):
    made = with_troubles(make("binary"), leak=True, worse=False, broken=False, warning=False)
    made["findings"][0]["applied"] = True
    assert list(concerns(made)) == []


def test_many_concerns_are_cut_and_counted(make, run):
    made = make("binary")
    made["findings"] = [
        {"kind": "x", "message": f"Trouble {letter}.", "severity": "warning", "applied": False} for letter in "abcdef"
    ]
    text = first_page(made, run)
    assert "Trouble c. There are 3 more points." in text
    assert "Trouble d" not in text


@pytest.mark.parametrize("name", ["binary", "multiclass", "regression", "bare", "hostile"])
def test_first_page_is_short_and_explains_its_words(name, make, run):
    made = make(name)
    text = first_page(made, run)
    assert len(text.split()) < 900
    whole = page(made, run)
    assert whole.sections[0].explains
    html = render_html(made, run)
    first = html[html.index('<section id="verdict"') : html.index('<section id="question"')]
    explained = set(re.findall(r"<dt>([^<]+)</dt><dd>", first[first.index('class="glossary') :]))
    marked = set(re.findall(r'popovertarget="(term-[^"]+)"', first))
    assert len(explained) == len(marked)


@pytest.mark.parametrize("name", ["binary", "multiclass", "regression", "bare"])
def test_answers_lead_to_sections_that_are_there(name, make, run):
    html = render_html(make(name), run)
    anchors = set(re.findall(r'href="#([^"]+)"', html))
    assert anchors <= {"main", *re.findall(r'id="([^"]+)"', html)}


def test_one_yes_or_no_is_named_and_many_answers_are_counted(make, run):
    assert "says whether “churn” will be “No” or “Yes”" in first_page(make("binary"), run)
    assert "says which of 19 answers “class” will have" in first_page(make("multiclass"), run)
    assert "says what “sale_price” will be" in first_page(make("regression"), run)


def test_card_in_a_notebook_says_the_same_word(make, run):
    made = with_troubles(make("binary"), leak=False, worse=True, broken=False, warning=False)
    assert advice(made).word in summary_html(made, run)
    assert advice(made).word in render_html(made, run)


def test_behaviour_has_its_section_with_the_broken_ones_first(make, run):
    kept = {
        "name": "'gender' changes nothing",
        "tested": 300,
        "share": 0.0,
        "interval": [0.0, 0.0126],
        "verdict": "pass",
        "sentence": "None of 300 rows got another answer.",
    }
    broken = {**kept, "name": "a typo", "share": 0.124, "interval": [0.0886, 0.1709], "verdict": "fail"}
    made = make("binary")
    made["behaviour"] = [kept, {**broken, "sentence": BROKEN}]
    text = render_markdown(made, run)
    section = text[text.index("### How it behaves") : text.index("### What it looks at")]
    assert "1 of 2 was not kept" in section
    assert section.index("a typo") < section.index("'gender' changes nothing")
    assert "12.4 % (8.9 to 17.1 %)" in section


def test_what_nobody_looked_for_is_not_said_to_be_absent(make, run):
    made = make("binary")
    made["findings"] = []
    assert "Nothing was found that stands in the way." in first_page(made, run)
    made["data"]["looked_over"] = False
    text = render_markdown(made, run)
    assert "Nothing was found" not in text
    assert text.count("(--no-clean)") == 2
    assert advice(made).tone == "unclear"
    made["data"]["looked_over"] = True
    for what, tone in (("leaks", "unclear"), ("unit errors", "good")):
        missed = f"There was no time to look for all that can be wrong: not for {what}."
        made["findings"] = [{"kind": "not_looked_for", "message": missed, "severity": "info", "applied": False}]
        assert missed in first_page(made, run)
        assert advice(made).tone == tone


@pytest.mark.parametrize("name", ["binary", "multiclass", "regression", "bare"])
def test_every_section_opens_with_a_sentence_that_asks_for_no_explanation(name, make, run):
    made = with_troubles(make(name), leak=True, worse=False, broken=True, warning=True)
    for section in page(made, run).sections:
        assert [term.name for term in Terms({}).find(section.sentence)] == [], section.anchor
        assert not re.search(r"\d\.\d|±|%", section.sentence), section.anchor
        assert section.sentence.endswith(".")
        assert len(section.sentence.split()) <= 45, section.anchor


def test_what_a_simple_rule_may_do_is_looked_at_first(make, run):
    made = make("regression")
    assert made["verdict"]["beats_baseline"] != "yes"
    written = render_markdown(made, run)
    first = written.partition("**What should be looked at first?** ")[2].partition("\n")[0]
    assert "A simple rule may do as well: “regularised linear model”." in first
    assert "Nothing was found" not in first

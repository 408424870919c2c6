"""How an answer is worked out, as the page says it."""

from __future__ import annotations

import copy

import pytest
from tests.report.evidence import whole_of_regression

from mlwright.report import render_markdown
from mlwright.report.sections.sums import worked_out

READABLE = whole_of_regression()["readable"]


def told(classes, **changed):
    total = {**copy.deepcopy(READABLE["total"]), **changed}
    return worked_out({"question": {"classes": classes, "target": "y"}}, READABLE, total, set())[0].text


@pytest.mark.parametrize(
    ("classes", "changed", "words"),
    [
        (["no", "yes"], {"start": -0.739, "probability": 0.323}, "starts at −0.739, which is a chance of 32.3 %"),
        (["no", "yes"], {"probability": 0.323, "calibrated": True}, "After that it is calibrated"),
        (["a", "b", "c"], {}, "the chance of one follows from the sums of all of them"),
        ([], {}, "starts at 180,000 in the unit of “y”."),
        ([], {"floor": 0.0}, "An answer is never below 0."),
    ],
)
def test_the_start_and_what_becomes_of_the_sum_are_told(classes, changed, words):
    assert words in told(classes, **changed)


def test_an_example_goes_from_the_start_to_the_answer(make, run):
    text = render_markdown(make("regression"), run)
    table = text.partition("One row worked out")[2].partition("####")[0]
    assert table.index("the start") < table.index("location") < table.index("the sum") < table.index("model's answer")

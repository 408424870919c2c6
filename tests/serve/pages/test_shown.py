"""What a person is shown of an answer says what the answer says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mlwright.serve.answers import Answer, Reason
from mlwright.serve.checking import Flag
from mlwright.serve.pages.shown import MOST_BARS, MOST_REASONS, shown_of
from mlwright.serve.served import Served

Put = Callable[..., Served]


def answer(prediction: Any = "yes", **more: Any) -> Answer:
    return Answer("id", prediction, more.pop("flags", []), more.pop("action", "answer"), **more)


def test_the_likeliest_answer_is_said_with_its_chance(served: Put) -> None:
    shown = shown_of(answer(probabilities={"no": 0.25, "yes": 0.75}), served())
    assert (shown.headline, shown.sentences, shown.tone) == (
        "y: yes",
        ["The model gives this a chance of 75.0 %."],
        "info",
    )
    assert [(bar.label, bar.written, bar.width, bar.look) for bar in shown.chances] == [
        ("yes", "75.0 %", 75.0, "chosen"),
        ("no", "25.0 %", 25.0, ""),
    ]


def test_an_answer_that_is_not_the_likeliest_says_why(served: Put) -> None:
    shown = shown_of(answer(probabilities={"no": 0.75, "yes": 0.25}), served())
    (sentence,) = shown.sentences
    assert sentence.endswith("“no” is likelier; this is answered because of what errors cost.")


def test_a_number_is_said_with_its_range(served: Put) -> None:
    shown = shown_of(answer(12.3456, lower=1.0, upper=20.5), served("regression"))
    assert shown.headline == "y: 12.35"
    assert shown.sentences == ["For nine of ten rows the truth lies within such a range: 1 to 20.5."]
    assert shown.chances == []


def test_a_row_for_a_person_says_so(served: Put) -> None:
    told = answer(None, action="refer", model_prediction="no", probabilities={"no": 0.6, "yes": 0.4},
                  flags=[Flag("uncertain", "Not sure.")])  # fmt: skip
    shown = shown_of(told, served())
    assert shown.headline == "y: a person has to decide"
    assert shown.sentences[1] == "By itself it would have said no."
    assert (shown.flags, shown.tone) == (["Not sure."], "unclear")
    assert not any(bar.look for bar in shown.chances)


def test_a_stated_answer_says_what_the_model_would_have_said(served: Put) -> None:
    shown = shown_of(answer("ask", action="default", model_prediction="no"), served())
    assert shown.headline == "y: ask"
    assert shown.sentences[0].endswith("it would have said no.")


def test_many_classes_are_summed_up(served: Put) -> None:
    chances = {f"c{at}": (40 - at) / 820 for at in range(40)}
    shown = shown_of(answer("c0", probabilities=chances), served("multiclass"))
    assert len(shown.chances) == MOST_BARS
    rest = sum(sorted(chances.values())[: 40 - MOST_BARS])
    assert shown.others == f"30 more answers, together {100 * rest:.1f} %."


@pytest.mark.parametrize(("task", "title"), [("binary", "What speaks for “yes”"), ("regression", "What adds to y")])
def test_reasons_point_to_where_they_push(served: Put, task: str, title: str) -> None:
    reasons = [Reason("a", 1, -2.0), Reason("b", None, 1.0), *(Reason(f"c{at}", "x", 0.1) for at in range(9))]
    chances = {"no": 0.5, "yes": 0.5} if task == "binary" else None
    shown = shown_of(answer(unit="log-odds", reasons=reasons, probabilities=chances), served(task))
    assert len(shown.reasons) == MOST_REASONS
    assert shown.reasons_title.startswith(title)
    first, second = shown.reasons[:2]
    assert (first.label, first.written, first.start, first.width, first.look) == ("a is 1", "−2.00", 0.0, 50.0, "less")
    assert (second.label, second.written, second.start, second.width) == ("b is missing", "+1.00", 50.0, 25.0)

"""A model in service: its doubts, and what is done about them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.serve.conftest import constant, rows_of

from mlwright.errors import OptionError
from mlwright.model import Model, RowModel
from mlwright.serve.answers import Answer
from mlwright.serve.policy import Humility, ModelPolicy, Policy
from mlwright.serve.problems import Problem
from mlwright.serve.served import Served

ROWS = rows_of("binary", 30, seed=4)
Put = Callable[..., Served]


def answers(served: Served, rows: list[dict[str, Any]] = ROWS, *, explain: bool = False) -> list[Answer]:
    return served.answer(rows, [str(place) for place in range(len(rows))], explain=explain)


def humble(put: Put, task: str = "binary", **humility: Any) -> Served:
    return put(task, told=ModelPolicy(humility=Humility(**humility)))


def test_an_unsure_answer_is_passed_to_a_person(served: Put, loaded: dict[str, Model]) -> None:
    surest = loaded["binary"].predict_proba(ROWS).max(axis=1)
    limit = float(np.median(surest))
    for answer, share in zip(answers(humble(served, uncertain_below=limit)), surest, strict=True):
        if share < limit:
            assert (answer.action, answer.prediction, answer.model_prediction in {"no", "yes"}) == ("refer", None, True)
            assert [flag.kind for flag in answer.flags][-1] == "uncertain"
        else:
            assert (answer.action, answer.model_prediction) == ("answer", None)


def test_an_unsure_answer_may_be_a_stated_one_or_only_flagged(served: Put) -> None:
    stated = answers(humble(served, uncertain_below=1.0, then="default", default_answer="maybe"))
    assert {(each.action, each.prediction) for each in stated} == {("default", "maybe")}
    flagged = answers(humble(served, uncertain_below=1.0, then="flag"))
    assert {each.action for each in flagged} == {"answer"}
    assert all(each.flags[-1].kind == "uncertain" and each.prediction for each in flagged)


def test_a_wide_interval_is_an_unsure_answer(served: Put, loaded: dict[str, Model]) -> None:
    rows = rows_of("regression", 10)
    found = loaded["regression"].answer(rows)
    assert found.lower is not None
    assert found.upper is not None
    widest = float((found.upper - found.lower).max())
    assert {each.action for each in answers(humble(served, "regression", wider_than=widest), rows)} == {"answer"}
    assert {each.action for each in answers(humble(served, "regression", wider_than=0.0), rows)} == {"refer"}


def test_rows_unlike_all_others_are_told_passed_on_or_refused(served: Put, loaded: dict[str, Model]) -> None:
    strange = ROWS[0] | {"income": 9e6, "age": 900, "plan": "gold", "note": "xxx"}
    rows = [ROWS[0], strange]
    assert list(loaded["binary"].unlike(rows)) == [False, True]
    for step, action in (("flag", "answer"), ("refer", "refer"), ("default", "default")):
        usual, odd = answers(humble(served, unlike=step, default_answer="no"), rows)
        assert (usual.action, odd.action, odd.flags[-1].kind) == ("answer", action, "unlike")
    with pytest.raises(Problem) as caught:
        answers(humble(served, unlike="refuse"), rows)
    assert [(error.row, error.kind) for error in caught.value.errors] == [(1, "unlike")]


def test_a_model_that_cannot_tell_what_is_unlike_is_not_served_as_if_it_could() -> None:
    made = Served(constant(1.0), "made", 1, ModelPolicy(humility=Humility(unlike="refuse")))
    with pytest.raises(OptionError, match="past"):
        made.warm_up()


def test_a_refused_row_refuses_all_and_every_error_is_told(served: Put) -> None:
    rows = [ROWS[0], ROWS[1] | {"age": "x"}, ROWS[2] | {"age": "y", "joined": "z"}]
    with pytest.raises(Problem, match=r"3 values in 2 of 3 rows are wrong\.") as caught:
        answers(served("binary"), rows)
    assert [(error.row, error.column) for error in caught.value.errors] == [(1, "age"), (2, "age"), (2, "joined")]
    with pytest.raises(Problem, match=r"'x' in 'age' cannot be read as a whole number\."):
        answers(served("binary"), rows[:2])


def test_absent_columns_are_counted_as_columns(served: Put) -> None:
    lacking = {name: value for name, value in ROWS[0].items() if name not in {"age", "plan"}}
    with pytest.raises(Problem, match=r"^2 columns are absent in 2 of 3 rows\.$"):
        answers(served("binary"), [ROWS[0], lacking, lacking])
    ageless = {name: value for name, value in ROWS[0].items() if name != "age"}
    with pytest.raises(Problem, match=r"^A column is absent in 2 of 2 rows\.$"):
        answers(served("binary"), [ageless, ageless])
    with pytest.raises(Problem, match=r"^2 values in 1 of 1 rows are wrong or absent\.$"):
        answers(served("binary"), [ageless | {"joined": "z"}])


@pytest.mark.parametrize("head", [None, object()])
def test_letters_count_where_the_model_tells_groups_by_them(loaded: dict[str, Model], head: Any) -> None:
    told: Any = SimpleNamespace(head=head, grouping=SimpleNamespace(sources=("plan",)), sources=("plan",))
    model = RowModel(replace(loaded["binary"].parts, policy=told))
    found = Served(model, "it", 1, ModelPolicy()).checker.read([ROWS[0] | {"plan": "PRO", "age": 40}])
    assert [flag.kind for flag in found.flags[0] if flag.column == "plan"] == ["unknown_category"] * (head is None)


def test_a_doubt_says_the_chance(served: Put, loaded: dict[str, Model]) -> None:
    [answer] = answers(humble(served, uncertain_below=1.0), ROWS[:1])
    share = loaded["binary"].predict_proba(ROWS[:1]).max()
    assert answer.flags[-1].message == f"The likeliest answer has a chance of only {100 * share:.0f} %."


def test_reasons_are_those_of_the_values_that_were_taken(served: Put) -> None:
    policy = Policy(unknown_category="default")
    replaced, meant = (
        answers(served("binary", policy=policy), [ROWS[0] | {"plan": plan}], explain=True)[0]
        for plan in ("gold", "basic")
    )
    [flag] = [each for each in replaced.flags if each.kind == "unknown_category"]
    same = answers(served("binary", policy=policy), [ROWS[0] | {"plan": flag.replaced_by}], explain=True)[0]
    assert (replaced.text, replaced.reasons, replaced.probabilities) == (same.text, same.reasons, same.probabilities)
    assert meant.prediction is not None


def test_labels_that_are_written_alike_are_told_apart() -> None:
    from mlwright.serve.served import _unique

    assert _unique(["1", "1", "2"]) == ("1#0", "1#1", "2")


def test_many_threads_get_the_answers_of_one(served: Put) -> None:
    one = served("binary")
    expected = [(each.prediction, each.probabilities, each.text) for each in answers(one, explain=True)]
    fresh = served("binary")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: answers(fresh, explain=True), range(4)))
    for each in found:
        assert [(answer.prediction, answer.probabilities, answer.text) for answer in each] == expected


@pytest.mark.parametrize("task", ["binary", "multiclass"])
def test_probabilities_are_named_and_sum_to_one(served: Put, loaded: dict[str, Model], task: str) -> None:
    for answer in answers(served(task), rows_of(task, 10)):
        assert answer.probabilities is not None
        assert list(answer.probabilities) == loaded[task].classes_.tolist()
        assert sum(answer.probabilities.values()) == pytest.approx(1.0)
        assert answer.prediction in answer.probabilities

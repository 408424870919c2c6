"""Outcomes, told over the door: checked by the model's target, kept after the answers that they belong to."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.serve.conftest import Inside, rows_of


def told(inside: Inside, model: str, *outcomes: dict[str, Any]) -> httpx.Response:
    return inside.ask("POST", f"/v1/models/{model}/outcomes", json={"outcomes": list(outcomes)})


def answered(inside: Inside, model: str) -> str:
    answer = inside.predict(model, rows_of(model, 1))
    assert answer.status_code == 200
    return str(answer.json()["predictions"][0]["id"])


def counts(response: httpx.Response) -> dict[str, int]:
    assert response.status_code == 200, response.text
    return {name: count for name, count in response.json().items() if name != "model" and count}


def kept(inside: Inside, model: str) -> dict[str, str]:
    frames = inside.service.recording.recorder.record.matured(model)
    return {row["id"]: row["outcome"] for frame in frames for row in frame.iter_rows(named=True)}


def test_the_answer_of_a_moment_ago_is_known(inside: Inside) -> None:
    for _ in range(3):  # the record is written every 100 ms: one of these comes before that
        assert counts(told(inside, "binary", {"id": answered(inside, "binary"), "outcome": "yes"})) == {"accepted": 1}


def test_an_answer_that_never_was_is_unknown_and_not_waited_for_long(inside: Inside) -> None:
    assert counts(told(inside, "binary", {"id": "never", "outcome": "no"})) == {"accepted": 1, "unknown": 1}


def test_an_outcome_is_kept_as_the_label_whatever_its_spelling(inside: Inside) -> None:
    name = answered(inside, "binary")
    assert counts(told(inside, "binary", {"id": name, "outcome": " YES "})) == {"accepted": 1}
    assert counts(told(inside, "binary", {"id": name, "outcome": "yes"})) == {"repeated": 1}
    assert kept(inside, "binary")[name] == '"yes"'


def test_a_number_as_text_is_the_same_outcome(inside: Inside) -> None:
    name = answered(inside, "regression")
    assert counts(told(inside, "regression", {"id": name, "outcome": 1234.5})) == {"accepted": 1}
    assert counts(told(inside, "regression", {"id": name, "outcome": "1,234.5"})) == {"repeated": 1}


@pytest.mark.parametrize(
    ("model", "value", "nearest"),
    [
        ("binary", "yess", "yes"),
        ("binary", 7, None),
        ("multiclass", "midle", "middle"),
        ("multiclass", "x" * 100_000, None),
        ("regression", "dear", None),
        ("regression", True, None),
        ("regression", "NA", None),
    ],
)
def test_what_the_target_cannot_have_is_refused_and_none_is_kept(
    inside: Inside, model: str, value: Any, nearest: str | None
) -> None:
    name = answered(inside, model)
    right = {"binary": "yes", "multiclass": "low", "regression": 3}[model]
    refused = told(inside, model, {"id": name, "outcome": right}, {"id": "b", "outcome": value})
    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (422, "urn:mlwright:problem:invalid-rows")
    assert problem["detail"].startswith("1 of 2 outcomes cannot be taken, so none is. The outcome of 'b' is ")
    (error,) = problem["errors"]
    assert (error["row"], error["column"], error.get("nearest")) == (1, "y", nearest)
    assert len(refused.content) < 2000
    assert name not in kept(inside, model)


def test_the_id_of_another_models_answer_is_refused(inside: Inside) -> None:
    name = answered(inside, "binary")
    refused = told(inside, "regression", {"id": name, "outcome": 3})
    assert refused.status_code == 422
    assert refused.json()["detail"] == f"outcome 0: '{name}' is the id of an answer of another model than 'regression'."
    assert counts(told(inside, "binary", {"id": name, "outcome": "no"})) == {"accepted": 1}


@pytest.mark.parametrize("moment", ["0001-01-01", "2999-01-01T00:00:00Z", "2199-12-31", 7_000_000_000, "soon", ""])
def test_moments_that_cannot_be_are_refused(inside: Inside, moment: Any) -> None:
    refused = told(inside, "binary", {"id": "a", "outcome": "yes", "at": moment})
    assert refused.status_code == 422
    assert refused.json()["detail"].startswith("outcome 0: ")

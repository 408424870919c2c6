"""Answers: the same as in a batch, however rows and answers are written; and the same once more for the same key."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.serve.conftest import TASKS, Inside, rows_of

from mlwright.errors import OutputError
from mlwright.model import Model
from mlwright.serve.http import ARROW, CSV, JSON, NDJSON

Rows = list[dict[str, Any]]


def as_csv(rows: Rows) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def as_arrow(rows: Rows) -> bytes:
    out = io.BytesIO()
    pl.DataFrame(rows).write_ipc_stream(out)
    return out.getvalue()


WRITE: dict[str, Callable[[Rows], bytes]] = {
    JSON: lambda rows: json.dumps({"rows": rows}).encode(),
    NDJSON: lambda rows: b"".join(json.dumps(row).encode() + b"\n" for row in rows),
    CSV: as_csv,
    ARROW: as_arrow,
}


def read(kind: str, body: bytes) -> list[dict[str, Any]]:
    """Return answers as flat rows: prediction, and probability_<class> or lower and upper."""
    if kind == CSV:
        return list(csv.DictReader(io.StringIO(body.decode())))
    if kind == ARROW:
        return pl.read_ipc_stream(body).to_dicts()
    told = json.loads(body)["predictions"] if kind == JSON else [json.loads(line) for line in body.splitlines()]
    return [each | {f"probability_{name}": p for name, p in each.get("probabilities", {}).items()} for each in told]


@pytest.mark.parametrize("many", [1, 30])
@pytest.mark.parametrize("kind", WRITE)
@pytest.mark.parametrize("task", TASKS)
def test_same_row_same_answer(inside: Inside, loaded: dict[str, Model], task: str, kind: str, many: int) -> None:
    rows, model = rows_of(task, 30, seed=2)[-many:], loaded[task]
    asked = {"content": WRITE[kind](rows), "headers": {"content-type": kind}}
    response = inside.ask("POST", f"/v1/models/{task}/predict", **asked).raise_for_status()
    assert response.headers["content-type"].partition(";")[0] == kind
    answers = read(kind, response.content)
    assert len({each["id"] for each in answers}) == many
    expected = model.answer(rows)
    if task == "regression":
        for name, values in (("prediction", expected.values), ("lower", expected.lower), ("upper", expected.upper)):
            np.testing.assert_allclose([float(each[name]) for each in answers], values, rtol=0, atol=1e-6)
        return
    assert [each["prediction"] for each in answers] == model.predict(rows).tolist()
    for place, label in enumerate(model.classes_):
        shares = [float(each[f"probability_{label}"]) for each in answers]
        np.testing.assert_allclose(shares, model.predict_proba(rows)[:, place], rtol=0, atol=1e-6)


def test_answers_are_written_as_is_wanted(inside: Inside) -> None:
    rows = rows_of("binary", 2)
    for kind in WRITE:
        response = inside.predict("binary", rows, headers={"accept": f"image/png, {kind}"})
        assert len(read(kind, response.raise_for_status().content)) == 2
    refused = inside.predict("binary", rows, headers={"accept": "image/png"})
    assert refused.status_code == 406


@pytest.mark.parametrize("kind", [CSV, ARROW])
def test_a_column_that_a_table_lacks_is_one_error_for_all_rows(inside: Inside, kind: str) -> None:
    rows = [{name: value for name, value in row.items() if name != "age"} for row in rows_of("binary", 30)]
    response = inside.ask(
        "POST", "/v1/models/binary/predict", content=WRITE[kind](rows), headers={"content-type": kind}
    )
    told = response.json()
    assert (response.status_code, told["error_count"], told["errors"][0]["column"]) == (422, 1, "age")
    assert ("cell empty" in told["hint"], "null" in told["hint"]) == (kind == CSV, kind != CSV)


def test_commas_that_are_semicolons_are_one_error(inside: Inside) -> None:
    body = as_csv(rows_of("binary", 3)).replace(b",", b";")
    response = inside.ask("POST", "/v1/models/binary/predict", content=body, headers={"content-type": CSV})
    assert response.status_code == 400
    assert response.json()["detail"].startswith("The separator seems to be ';'")


def test_reasons_add_up_to_the_answer(inside: Inside, loaded: dict[str, Model]) -> None:
    rows = rows_of("regression", 3)
    for told in inside.predict("regression", rows, params={"explain": "true"}).json()["predictions"]:
        total = told["base"] + sum(reason["contribution"] for reason in told["reasons"])
        assert total == pytest.approx(told["prediction"], abs=1e-6)
        assert told["text"]
    assert "reasons" not in inside.predict("regression", rows, params={"explain": "false"}).text


@pytest.mark.parametrize(
    ("query", "said"), [("explain=maybe", "'maybe'"), ("why=1", "'why'"), ("explain=1&explain=0", "twice")]
)
def test_parameters_that_are_none_are_refused(inside: Inside, query: str, said: str) -> None:
    response = inside.predict("binary", rows_of("binary", 1), params=query)
    assert (response.status_code, said in response.json()["detail"]) == (400, True)


# --- once for each key -----------------------------------------------------------------------------------------------


def test_a_request_is_answered_once_for_its_key(inside: Inside) -> None:
    rows, key = rows_of("binary", 2), {"idempotency-key": "order 66"}
    first = inside.predict("binary", rows, headers=key)
    again = inside.predict("binary", rows, headers=key)
    assert first.status_code == again.status_code == 200
    assert (first.content, again.headers["idempotency-replayed"]) == (again.content, "true")
    assert "idempotency-replayed" not in first.headers
    assert inside.predict("binary", rows).content != first.content


def test_a_key_for_another_request_is_refused(inside: Inside) -> None:
    key = {"idempotency-key": "order 67"}
    assert inside.predict("binary", rows_of("binary", 2), headers=key).status_code == 200
    response = inside.predict("binary", rows_of("binary", 3), headers=key)
    assert (response.status_code, response.json()["type"]) == (409, "urn:mlwright:problem:conflict")


def test_a_request_that_was_refused_may_be_corrected_under_its_key(inside: Inside) -> None:
    key = {"idempotency-key": "order 68"}
    assert inside.predict("binary", [{}], headers=key).status_code == 422
    assert inside.predict("binary", rows_of("binary", 1), headers=key).status_code == 200


def test_of_many_at_once_with_one_key_all_get_one_answer_or_are_told_to_wait(inside: Inside) -> None:
    key = {"idempotency-key": "order 69", "content-type": JSON}
    body = WRITE[JSON](rows_of("binary", 2))
    begun: list[Future[Any]] = [
        inside.begin(inside._client.post("/v1/models/binary/predict", content=body, headers=key)) for _ in range(20)
    ]
    answers = [each.result(30) for each in begun]
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert len({answer.content for answer in answers if answer.status_code == 200}) == 1
    assert all(answer.headers["retry-after"] == "1" for answer in answers if answer.status_code == 409)


def test_where_a_key_cannot_be_kept_that_is_said(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OutputError("The disk is full.")

    record, rows, key = inside.service.recording.recorder.record, rows_of("binary", 1), {"idempotency-key": "order 70"}
    for name in ("claim", "keep"):
        with monkeypatch.context() as patched:
            patched.setattr(type(record), name, fails)
            response = inside.predict("binary", rows, headers=key)
        assert (response.status_code, response.json()["detail"]) == (503, "The disk is full.")
        assert inside.predict("binary", rows).status_code == 200
    assert inside.predict("binary", rows, headers=key).status_code == 200


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_what_is_no_key_is_refused(inside: Inside, key: str) -> None:
    assert inside.predict("binary", rows_of("binary", 1), headers={"idempotency-key": key}).status_code == 400


# --- whatever comes --------------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=st.binary(max_size=300), kind=st.sampled_from([*WRITE, "text/plain", ""]))
def test_any_bytes_are_answered_or_refused(inside_shared: Inside, body: bytes, kind: str) -> None:
    asked = {"content": body, "headers": {"content-type": kind}}
    response = inside_shared.ask("POST", "/v1/models/binary/predict", **asked)
    assert response.status_code in {400, 413, 415, 422}
    assert response.json()["detail"]


VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
)
ROW = st.fixed_dictionaries(
    dict.fromkeys(("income", "age", "plan", "member", "joined"), VALUES), optional={"note": VALUES, "more": VALUES}
)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(rows=st.lists(ROW, max_size=3), task=st.sampled_from(TASKS))
def test_any_values_are_answered_or_refused_and_named(inside_shared: Inside, rows: Rows, task: str) -> None:
    response = inside_shared.predict(task, rows)
    told = response.json()
    if response.status_code == 200:
        assert len(told["predictions"]) == len(rows) > 0
    elif rows:
        assert response.status_code == 422
        assert all(0 <= error["row"] < len(rows) and error["message"] for error in told["errors"])
    else:
        assert response.status_code == 400

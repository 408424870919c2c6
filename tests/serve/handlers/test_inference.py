"""The Open Inference Protocol: the same answers as everywhere, in tensors; what is wrong with tensors is said."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tests.serve.conftest import TASKS, Inside, rows_of

from mlwright.model import Model
from mlwright.serve.policy import Humility, ModelPolicy
from mlwright.serve.served import Served

DATATYPES = {"income": "FP64", "age": "INT64", "plan": "BYTES", "member": "BOOL", "joined": "BYTES", "note": "BYTES"}


def tensors(rows: list[dict[str, Any]], *, nested: bool = False) -> list[dict[str, Any]]:
    """Return rows as a client of the protocol sends them; what is missing is listed."""
    made = []
    for name, datatype in DATATYPES.items():
        values = [row[name] for row in rows]
        gaps = ",".join(str(place) for place, value in enumerate(values) if value is None)
        filler = {"FP64": 0.0, "BYTES": ""}.get(datatype)
        data = [filler if value is None else value for value in values]
        tensor = {"name": name, "shape": [len(rows)], "datatype": datatype, "data": data}
        if nested:
            tensor |= {"shape": [len(rows), 1], "data": [[value] for value in data]}
        made.append(tensor | ({"parameters": {"mlwright_missing": gaps}} if gaps else {}))
    return made


def infer(inside: Inside, task: str, inputs: Any, **more: Any) -> Any:
    return inside.ask("POST", f"/v2/models/{task}/infer", json={"inputs": inputs, **more})


def outputs(response: Any) -> dict[str, Any]:
    return {each["name"]: each for each in response.raise_for_status().json()["outputs"]}


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("task", TASKS)
def test_answers_are_those_of_a_batch(inside: Inside, loaded: dict[str, Model], task: str, nested: bool) -> None:
    rows, model = rows_of(task, 40), loaded[task]
    assert any(row["income"] is None for row in rows)
    found = outputs(infer(inside, task, tensors(rows, nested=nested)))
    if task == "regression":
        np.testing.assert_allclose(found["prediction"]["data"], model.predict(rows), atol=1e-6)
        assert found["prediction"]["datatype"] == "FP64"
        assert all(low <= high for low, high in zip(found["lower"]["data"], found["upper"]["data"], strict=True))
    else:
        shares = found["probabilities"]
        assert json.loads(shares["parameters"]["classes"]) == model.classes_.tolist()
        np.testing.assert_allclose(np.reshape(shares["data"], shares["shape"]), model.predict_proba(rows), atol=1e-6)
        assert found["prediction"] == {
            "name": "prediction", "shape": [40], "datatype": "BYTES", "data": model.predict(rows).tolist()
        }  # fmt: skip


def test_answers_are_counted_and_told_apart(inside: Inside) -> None:
    rows = rows_of("binary", 3)
    found = outputs(infer(inside, "binary", tensors(rows)))
    assert len(set(found["id"]["data"])) == 3
    assert found["action"]["data"] == ["answer"] * 3
    assert found["version"]["data"] == [1, 1, 1]
    text = inside.ask("GET", "/metrics").text
    assert 'mlwright_rows_total{model="binary",version="1"}' in text


def test_flags_say_what_is_odd(inside: Inside) -> None:
    [row] = rows_of("binary", 1)
    flags = json.loads(outputs(infer(inside, "binary", tensors([row | {"plan": "gold"}])))["flags"]["data"][0])
    assert [flag["kind"] for flag in flags] == ["unknown_category"]


@pytest.mark.parametrize(
    "asked", [{"parameters": {"explain": True}}, {"outputs": [{"name": "text"}, {"name": "reasons"}]}]
)
def test_reasons_are_an_extension(inside: Inside, asked: dict[str, Any]) -> None:
    rows = rows_of("binary", 1)
    found = outputs(infer(inside, "binary", tensors(rows), **asked))
    told = inside.predict("binary", rows, params={"explain": "true"}).json()["predictions"][0]
    assert found["text"]["data"] == [told["text"]]
    assert json.loads(found["reasons"]["data"][0]) == told["reasons"]
    assert "mlwright_explain" in inside.ask("GET", "/v2").json()["extensions"]


def test_only_what_is_asked_for_is_given(inside: Inside) -> None:
    response = infer(inside, "binary", tensors(rows_of("binary", 2)), outputs=[{"name": "probabilities"}], id="7")
    assert list(outputs(response)) == ["probabilities"]
    assert response.json()["id"] == "7"


def test_missing_values_are_said_in_three_ways(inside: Inside) -> None:
    rows = [{**row, "income": None} for row in rows_of("binary", 2)]
    listed, null, nan = tensors(rows), tensors(rows), tensors(rows)
    for made in (null, nan):
        made[0].pop("parameters")
        made[0]["data"] = [None, None]
    written = json.dumps({"inputs": nan}).replace("[null, null]", "[NaN, NaN]")
    assert "NaN" in written
    asked = {"content": written, "headers": {"content-type": "application/json"}}
    answers = [
        infer(inside, "binary", listed),
        infer(inside, "binary", null),
        inside.ask("POST", "/v2/models/binary/infer", **asked),
    ]
    found = [outputs(answer)["probabilities"]["data"] for answer in answers]
    assert found[0] == found[1] == found[2]


def test_an_answer_that_is_not_given_is_null_and_listed(inside: Inside, served: Callable[..., Served]) -> None:
    told = ModelPolicy(humility=Humility(uncertain_below=1.0))
    endpoint = inside.service.endpoints["binary"]
    reserved = served("binary", told=told)
    inside.service.endpoints["binary"] = type(endpoint)("binary", reserved, {1: reserved})
    try:
        found = outputs(infer(inside, "binary", tensors(rows_of("binary", 2))))
    finally:
        inside.service.endpoints["binary"] = endpoint
    assert found["prediction"]["data"] == [None, None]
    assert found["prediction"]["parameters"] == {"mlwright_missing": "0,1"}
    assert found["action"]["data"] == ["refer", "refer"]


def test_a_default_answer_of_another_kind_has_room(inside: Inside, served: Callable[..., Served]) -> None:
    told = ModelPolicy(humility=Humility(wider_than=0.0, then="default", default_answer="ask Ann"))
    endpoint = inside.service.endpoints["regression"]
    reserved = served("regression", told=told)
    inside.service.endpoints["regression"] = type(endpoint)("regression", reserved, {1: reserved})
    try:
        found = outputs(infer(inside, "regression", tensors(rows_of("regression", 1))))
    finally:
        inside.service.endpoints["regression"] = endpoint
    assert (found["prediction"]["datatype"], found["prediction"]["data"]) == ("BYTES", ["ask Ann"])


def test_the_server_and_its_models_are_described(inside: Inside) -> None:
    assert inside.ask("GET", "/v2").json()["name"] == "mlwright"
    assert inside.ask("GET", "/v2/health/live").json() == {"live": True}
    assert inside.ask("GET", "/v2/health/ready").json() == {"live": True, "ready": True}
    for base in ("/v2/models/multiclass", "/v2/models/multiclass/versions/1"):
        assert inside.ask("GET", base + "/ready").json() == {"name": "multiclass", "ready": True}
        told = inside.ask("GET", base).json()
        assert (told["name"], told["versions"], told["platform"]) == ("multiclass", ["1"], "mlwright")
        assert [each["name"] for each in told["inputs"]] == list(DATATYPES)
        shapes = {each["name"]: each["shape"] for each in told["outputs"]}
        assert (shapes["prediction"], shapes["probabilities"]) == ([-1], [-1, 3])


def test_a_request_is_answered_once_for_its_key(inside: Inside) -> None:
    asked = {"json": {"inputs": tensors(rows_of("binary", 1))}, "headers": {"idempotency-key": "tensors 1"}}
    first, again = (inside.ask("POST", "/v2/models/binary/infer", **asked) for _ in range(2))
    assert first.raise_for_status().content == again.content
    assert again.headers["idempotency-replayed"] == "true"


def test_a_version_is_asked_by_its_path(inside: Inside) -> None:
    rows = tensors(rows_of("binary", 1))
    assert inside.ask("POST", "/v2/models/binary/versions/1/infer", json={"inputs": rows}).status_code == 200
    for path in ("binary/versions/2", "binary/versions/x", "binary@1/versions/1", "nobody", "nobody/versions/1"):
        response = inside.ask("POST", f"/v2/models/{path}/infer", json={"inputs": rows})
        assert response.status_code == 404
        assert response.json()["error"]


def test_not_ready_is_said_as_the_protocol_says_it(inside: Inside) -> None:
    inside.service.is_draining = True
    try:
        response = inside.ask("GET", "/v2/health/ready")
    finally:
        inside.service.is_draining = False
    assert response.status_code == 503
    assert response.json()["error"] == "The service is not ready. It is stopping."


def changed(**more: Any) -> Callable[[list[dict[str, Any]]], Any]:
    """Return what changes the tensor of `age`."""
    return lambda made: [made[0], made[1] | more, *made[2:]]


HOSTILE: dict[str, tuple[Callable[[list[dict[str, Any]]], Any], str]] = {
    "no tensors": (lambda _: [], "holds no tensors"),
    "two of a name": (lambda made: [*made, made[1]], "two tensors 'age'"),
    "other rows": (changed(shape=[1], data=[1]), "holds 1 rows, but 'income' 2"),
    "a shape that the data do not have": (changed(shape=[2], data=[1, 2, 3]), "but 3 values"),
    "a negative shape": (changed(shape=[-2]), "has the shape [-2]"),
    "no shape": (changed(shape=[]), "has the shape []"),
    "no rows": (changed(shape=[0], data=[]), "has the shape [0]"),
    "two columns": (changed(shape=[1, 2]), "has the shape [1, 2]"),
    "a huge product": (changed(shape=[1 << 31, 1 << 31]), "has the shape"),
    "many dimensions": (changed(shape=[1] * 500), "has the shape"),
    "nested": (changed(data=[[1, 2]]), "nested otherwise"),
    "nested, but flat by its shape": (changed(data=[[1], [2]]), "nested otherwise"),
    "objects": (changed(data=[{}, {}]), "nested otherwise"),
    "an unknown datatype": (changed(datatype="int64"), "has the datatype 'int64'"),
    "another datatype": (changed(datatype="BOOL"), "says BOOL, but its value 0 is"),
    "texts as numbers": (changed(datatype="FP32", data=["1", "2"]), "says FP32, but its value 0 is '1'"),
    "too large for its datatype": (changed(datatype="INT8", data=[1, 128]), "says INT8, but its value 1 is '128'"),
    "negative and unsigned": (changed(datatype="UINT8", data=[-1, 0]), "says UINT8, but its value 0 is '-1'"),
    "no whole number": (changed(data=[1.5, 2]), "says INT64, but its value 0 is '1.5'"),
    "a place that is not there": (changed(parameters={"mlwright_missing": "2"}), "places from 0 to 1"),
    "places that are none": (changed(parameters={"mlwright_missing": "all"}), "places from 0 to 1"),
    "a misspelt parameter": (changed(parameters={"mlwright_mising": "0"}), "no parameter 'mlwright_mising'"),
    "no data": (lambda made: [{name: made[0][name] for name in ("name", "shape", "datatype")}], "has no data"),
    "a list in a list": (lambda made: [made], "Expected 'object', got 'array'"),
    "no list": (lambda _: 7, "Expected 'array', got 'int'"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_hostile_tensors_are_refused_with_a_sentence(inside: Inside, what: str) -> None:
    change, said = HOSTILE[what]
    response = infer(inside, "binary", change(tensors(rows_of("binary", 2))))
    assert response.status_code == 400
    told = response.json()
    assert said in told["error"]
    assert told["type"] == "urn:mlwright:problem:malformed-request"


def test_what_else_is_refused(inside: Inside) -> None:
    made = tensors(rows_of("binary", 2))
    assert infer(inside, "binary", made, outputs=[{"name": "gradient"}]).status_code == 400
    assert infer(inside, "binary", made, id="x" * 201).status_code == 400
    assert infer(inside, "binary", made, parameters={"explain": "please"}).status_code == 400
    assert infer(inside, "binary", changed(shape=[10_001], data=[1] * 10_001)(made)[1:2]).status_code == 413
    assert infer(inside, "binary", made[:2]).status_code == 422
    twice = json.dumps({"inputs": made}).replace('"name": "age"', '"name": "age", "name": "age"')
    asked = {"headers": {"content-type": "application/json"}}
    assert '"name": "age", "name": "age"' in twice
    response = inside.ask("POST", "/v2/models/binary/infer", content=twice, **asked)
    assert (response.status_code, "stands twice" in response.json()["error"]) == (400, True)
    deep = json.dumps({"inputs": made}).replace("true", "[" * 100_000, 1)
    response = inside.ask("POST", "/v2/models/binary/infer", content=deep, **asked)
    assert (response.status_code, "nested too deeply" in response.json()["error"]) == (400, True)
    infinite = json.dumps({"inputs": changed(data=[float("nan"), float("inf")])(made)})
    assert inside.ask("POST", "/v2/models/binary/infer", content=infinite, **asked).status_code == 400


def test_binary_tensors_are_not_read_and_that_is_said(inside: Inside) -> None:
    header = {"inference-header-content-length": "100", "content-type": "application/octet-stream"}
    response = inside.ask("POST", "/v2/models/binary/infer", content=b"{}" + bytes(100), headers=header)
    assert response.status_code == 415
    assert "binary" in response.json()["error"]
    made = changed(parameters={"binary_data_size": 16})(tensors(rows_of("binary", 2)))
    assert infer(inside, "binary", made).status_code == 415
    assert (
        inside.ask("POST", "/v2/models/binary/infer", content=b"a,b", headers={"content-type": "text/csv"}).status_code
        == 415
    )

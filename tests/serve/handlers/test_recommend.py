"""Recommendations over HTTP: the lists of the model, under the service's rules, recorded with what came of them."""

from __future__ import annotations

import csv
import json
import time
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from tests.serve.conftest import Inside, Running
from tests.serve.films import films

from mlwright.client import Client
from mlwright.serve.policy import ModelPolicy
from mlwright.serve.settings import Settings
from mlwright.serve.shapes import SHAPE
from mlwright.tasks.recommend.request import ASKED, FIELDS

MODEL = films()
CATALOGUE = MODEL.parts.answering.catalogue
IDS = list(CATALOGUE.ids)
HISTORY = IDS[5:9]


def ask(inside: Inside, name: str = "films", **request: Any) -> dict[str, Any]:
    """Return the list for one request."""
    told = inside.ask("POST", f"/v1/models/{name}/recommend", json=request)
    assert told.status_code == 200, told.text
    (found,) = told.json()["recommendations"]
    return dict(found)


def refused(inside: Inside, name: str = "films", **more: Any) -> dict[str, Any]:
    told = inside.ask("POST", f"/v1/models/{name}/recommend", **more)
    assert told.status_code >= 400, told.text
    return {"status": told.status_code, **told.json()}


def recorded(inside: Inside, name: str, answer: str) -> dict[str, Any]:
    """Return what the record holds of an answer."""
    recorder = inside.service.recording.recorder
    assert recorder.flush(10)
    frame = recorder.record.frame(name)
    (line,) = [row for row in frame.iter_rows(named=True) if row["id"] == answer]
    return {
        key: json.loads(value) if key in {"row", "answer", "flags", "outcome"} and value else value
        for key, value in line.items()
    }


def test_a_list_is_the_models_own(cinema: Inside) -> None:
    found = ask(cinema, history=HISTORY, k=7)
    expected = MODEL.ask({"history": HISTORY, "k": 7})
    assert [(each["item"], each["score"], each["reason"], each["level"]) for each in found["items"]] == [
        (each.item, pytest.approx(each.score), each.reason.text, each.level) for each in expected.items
    ]
    assert found["prediction"] == [each["item"] for each in found["items"]]
    assert {each.get("title") for each in found["items"]} == {each.title for each in expected.items}
    assert (found["fallback"], found["unknown"], found["action"]) == (None, [], "answer")


def test_predict_answers_the_same(cinema: Inside) -> None:
    asked = {"history": HISTORY, "k": 4, "filters": {"year": {"from": 1990}}}
    told = cinema.predict("films", [asked]).json()["predictions"][0]
    listed = ask(cinema, **asked)
    assert {**told, "id": ""} == {**listed, "id": ""}


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/csv", f'history,k\n"{HISTORY[0]}, {HISTORY[1]}",3\n'),
        ("text/csv", f'history,k\n"[""{HISTORY[0]}"", ""{HISTORY[1]}""]",3\n'),
        ("application/x-ndjson", json.dumps({"history": HISTORY[:2], "k": 3}) + "\n"),
    ],
)
def test_tables_of_requests_are_read(cinema: Inside, kind: str, body: str) -> None:
    told = cinema.ask(
        "POST", "/v1/models/films/predict", content=body, headers={"content-type": kind, "accept": "text/csv"}
    )
    (line,) = csv.DictReader(told.text.splitlines())
    assert list(line) == ["id", "prediction", "action", "flags", "version"]
    assert json.loads(line["prediction"]) == [each.item for each in MODEL.ask({"history": HISTORY[:2], "k": 3}).items]


def test_several_requests_are_answered_in_their_order(cinema: Inside) -> None:
    told = cinema.ask(
        "POST", "/v1/models/films/recommend", json={"requests": [{"history": [item], "k": 2} for item in IDS[:6]]}
    ).json()
    assert [each["prediction"] for each in told["recommendations"]] == [
        [place.item for place in MODEL.ask({"history": [item], "k": 2}).items] for item in IDS[:6]
    ]


def test_what_a_request_cannot_say_is_told_with_its_field(cinema: Inside) -> None:
    wrong = refused(cinema, json={"histry": HISTORY})
    assert (wrong["status"], wrong["errors"][0]["column"]) == (422, "histry")
    assert wrong["hint"].startswith("did you mean 'history'?")
    column = refused(cinema, json={"requests": [{}, {"filters": {"genr": {"in": ["drama"]}}}]})
    assert (column["errors"][0]["row"], column["errors"][0]["column"]) == (1, "filters")
    assert "did you mean 'genre'?" in column["hint"]
    assert refused(cinema, json={"k": 0})["errors"][0]["message"].startswith("k has to be a whole number")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"[1, 2]", "Expected"),
        (b'{"requests": []}', "holds no requests"),
        (b'{"requests": [1]}', "list of objects"),
        (b'{"requests": [{}], "k": 3}', "Beside 'requests' stands 'k'"),
        (b'{"k": 3, "k": 4}', "stands twice"),
        (b'{"history": ', "not JSON"),
        (b"", "empty"),
    ],
)
def test_bodies_that_are_no_requests_are_refused(cinema: Inside, body: bytes, said: str) -> None:
    wrong = refused(cinema, content=body, headers={"content-type": "application/json"})
    assert (wrong["status"], wrong["type"]) == (400, "urn:mlwright:problem:malformed-request")
    assert said in wrong["detail"]
    assert "history" in wrong.get("hint", "history")


def test_each_form_is_asked_in_its_own_ways(cinema: Inside) -> None:
    for method, path, body in (
        ("POST", "/v1/models/binary/recommend", {"history": []}),
        ("POST", "/v1/models/binary/events", {"events": [{"user": "a", "item": 1}]}),
        ("POST", "/v1/models/films/events", {"events": [{"user": "a", "item": 1}]}),
        ("POST", "/v1/models/films/predict?explain=true", {"rows": [{}]}),
        ("POST", "/v2/models/films/infer", {"inputs": []}),
        ("GET", "/v2/models/films", None),
    ):
        told = cinema.ask(method, path, **({} if body is None else {"json": body}))
        assert (told.status_code, told.json()["type"]) == (422, "urn:mlwright:problem:wrong-way"), path
        assert told.json()["hint"]
    rows = cinema.ask("POST", "/v1/models/binary/predict", json={"rows": [{"age": [1]}]})
    assert rows.json()["hint"] == SHAPE


def test_the_rules_of_the_service_hold_for_every_list(cinema: Inside) -> None:
    for item in IDS[:10]:
        found = ask(cinema, "ruled", history=[item], k=10)
        genres = [CATALOGUE.columns["genre"].of_item(CATALOGUE.find(each)) for each in found["prediction"]]
        assert not any("drama" in genre for genre in genres)
        for name in {value for genre in genres for value in genre}:
            assert sum(name in genre for genre in genres) <= 2
    drawn = {tuple(ask(cinema, "ruled", history=HISTORY)["prediction"]) for _ in range(8)}
    assert len(drawn) > 1
    again = {tuple(ask(cinema, "ruled", history=HISTORY, id="r-1")["prediction"]) for _ in range(4)}
    assert len(again) == 1


def test_an_impression_is_recorded_with_its_propensities(cinema: Inside) -> None:
    found = ask(cinema, "ruled", history=[*HISTORY, "never heard of"], user=7, k=5)
    line = recorded(cinema, "ruled", found["id"])
    assert line["subject"] == "7"
    assert line["row"]["history"] == [*HISTORY, "never heard of"]
    assert {column.name for column in ASKED} <= line["row"].keys()
    assert (line["row"]["history_length"], line["row"]["unknown_items"], line["row"]["k"]) == (5, 1, 5)
    assert line["answer"]["prediction"] == found["prediction"]
    assert line["answer"]["propensities"] == [each["propensity"] for each in found["items"]]
    assert all(0 < each <= 1 for each in line["answer"]["propensities"])
    assert line["latency_us"] > 0
    assert [flag["kind"] for flag in line["flags"]] == ["unknown_history"]


def test_what_was_taken_comes_back_as_items(cinema: Inside) -> None:
    found = ask(cinema, history=HISTORY, k=3)
    taken = [str(found["prediction"][0]), found["prediction"][0], "of another shop"]
    told = {"outcomes": [{"id": found["id"], "outcome": taken}]}
    cinema.service.recording.recorder.flush(5)
    counts = cinema.ask("POST", "/v1/models/films/outcomes", json=told).json()
    assert (counts["accepted"], counts["unknown"], counts["unknown_items"]) == (1, 0, 1)
    assert recorded(cinema, "films", found["id"])["outcome"] == [found["prediction"][0], "of another shop"]
    one, none = (ask(cinema, history=HISTORY)["id"] for _ in range(2))
    told = {"outcomes": [{"id": one, "outcome": IDS[0]}, {"id": none, "outcome": []}]}
    assert cinema.ask("POST", "/v1/models/films/outcomes", json=told).json()["accepted"] == 2
    assert recorded(cinema, "films", one)["outcome"] == [IDS[0]]
    assert recorded(cinema, "films", none)["outcome"] == []


def test_an_outcome_of_rows_is_no_list(cinema: Inside) -> None:
    told = cinema.ask("POST", "/v1/models/binary/outcomes", json={"outcomes": [{"id": "a", "outcome": ["yes"]}]})
    assert (told.status_code, told.json()["errors"][0]["kind"]) == (422, "unknown_outcome")


def test_the_schema_describes_requests_and_lists(cinema: Inside) -> None:
    told = cinema.ask("GET", "/v1/models/films/schema").json()
    assert set(told["row"]["properties"]) == set(FIELDS)
    request = jsonschema_rs.validator_for(told["row"])
    example = cinema.ask("GET", "/v1/models/films/example").json()["rows"][0]
    request.validate(example)
    assert not request.is_valid({"k": 0})
    jsonschema_rs.validator_for(told["answer"]).validate(ask(cinema, **example))
    facts = cinema.ask("GET", "/v1/models/films").json()
    assert (facts["items"], facts["title"], facts["histories"]) == (len(IDS), "title", "given")


def test_a_request_that_is_sent_again_gets_the_same_list(cinema: Inside) -> None:
    header = {"idempotency-key": "films-1"}
    first, again = (
        cinema.ask("POST", "/v1/models/ruled/recommend", json={"history": HISTORY}, headers=header) for _ in range(2)
    )
    assert first.content == again.content
    assert again.headers["idempotency-replayed"] == "true"


# --- histories that are kept -----------------------------------------------------------------------------------------


def tell(inside: Inside, *events: dict[str, Any]) -> dict[str, Any]:
    told = inside.ask("POST", "/v1/models/kept/events", json={"events": list(events)})
    assert told.status_code == 200, told.text
    return dict(told.json())


def test_a_kept_history_is_as_good_as_one_in_the_request(cinema: Inside) -> None:
    events = [{"user": "ann", "item": str(item), "at": 1_000_000 + place} for place, item in enumerate(HISTORY)]
    counts = tell(cinema, *reversed(events), {"user": "ann", "item": "nobody knows", "at": 5})
    assert (counts["accepted"], counts["repeated"], counts["unknown_items"]) == (5, 0, 1)
    assert tell(cinema, events[0])["repeated"] == 1
    found = ask(cinema, "kept", user="ann", k=6)
    given = ask(cinema, "kept", user="bob", k=6, history=[{"item": e["item"], "at": e["at"]} for e in events])
    assert found["prediction"] == given["prediction"]
    assert found["asked"]["history_length"] == 5
    line = recorded(cinema, "kept", found["id"])
    assert line["row"]["history_kept"] is True
    assert "history" not in line["row"]
    assert line["subject"].startswith("hmac:")
    stranger = ask(cinema, "kept", user="nobody yet")
    assert stranger["asked"]["history_length"] == 0


def test_what_was_taken_from_a_list_is_in_the_next_history(cinema: Inside) -> None:
    found = ask(cinema, "kept", user="cid", k=3)
    cinema.service.recording.recorder.flush(5)
    for taken in ([found["prediction"][1]], found["prediction"][:2]):  # the second corrects the first
        told = {"outcomes": [{"id": found["id"], "outcome": taken}]}
        cinema.ask("POST", "/v1/models/kept/outcomes", json=told).raise_for_status()
    again = ask(cinema, "kept", user="cid", k=3)
    assert again["asked"]["history_length"] == 2
    assert not set(again["prediction"]) & set(found["prediction"][:2])


def test_events_that_cannot_be_are_refused_and_none_is_kept(cinema: Inside) -> None:
    right = {"user": "dora", "item": IDS[0]}
    for wrong, column in (
        ({"user": "dora", "item": " "}, "item"),
        ({"user": " ", "item": 1}, "user"),
        ({"user": "dora", "item": 1, "at": "yesterday"}, "at"),
        ({"user": "dora", "item": 1, "at": time.time() + 10 * 86_400}, "at"),
    ):
        told = cinema.ask("POST", "/v1/models/kept/events", json={"events": [right, wrong]})
        assert told.status_code == 422
        (error,) = told.json()["errors"]
        assert (error["row"], error["column"]) == (1, column)
    assert ask(cinema, "kept", user="dora")["asked"]["history_length"] == 0


def test_a_person_who_is_forgotten_has_no_history(cinema: Inside) -> None:
    tell(cinema, {"user": "eve", "item": IDS[0]}, {"user": "fay", "item": IDS[0]})
    ask(cinema, "kept", user="eve")
    recorder = cinema.service.recording.recorder
    recorder.flush(5)
    counts = recorder.record.forget("eve")
    assert (counts["events"], counts["answers"]) == (1, 1)
    assert ask(cinema, "kept", user="eve")["asked"]["history_length"] == 0
    assert ask(cinema, "kept", user="fay")["asked"]["history_length"] == 1


def test_the_python_client_recommends(film_models: Path, tmp_path: Path) -> None:
    settings = '[models.kept]\nhistories = "kept"\n[models.kept.recommend]\nexclude = ["' + str(IDS[0]) + '"]\n'
    with (
        Running([film_models / "kept"], tmp_path, settings=settings) as running,
        Client(running.address) as client,
    ):
        found = client.recommend("kept", {"history": HISTORY, "k": 3})
        assert len(found.items) == 3
        assert found.items[0].reason.startswith("Because you watched")
        several = client.recommend("kept", [{"history": [item], "k": 90} for item in IDS[1:4]])
        assert not any(place.item == IDS[0] for each in several for place in each.items)
        assert client.outcomes("kept", {found.id: [found.items[1].item]})["accepted"] == 1
        assert client.events("kept", [{"user": "ann", "item": IDS[3]}]) == {
            "accepted": 1, "repeated": 0, "unknown_items": 0,
        }  # fmt: skip
        mine = client.recommend("kept", {"user": "ann"})
        assert IDS[3] not in [place.item for place in mine.items]


# --- jobs, private histories, hostile requests -----------------------------------------------------------------------


def test_a_file_of_requests_is_a_job(cinema: Inside) -> None:
    tell(cinema, {"user": "gil", "item": IDS[2]})
    requests: list[dict[str, Any]] = [{"history": HISTORY, "k": 3}, {"user": "gil", "k": 2}, {"k": 0}]
    body = b"".join(json.dumps(each).encode() + b"\n" for each in requests)
    given = cinema.ask("POST", "/v1/models/kept/jobs", content=body, headers={"content-type": "application/x-ndjson"})
    told: dict[str, Any] = {}
    until = time.monotonic() + 100
    while told.get("state") not in {"done", "failed"} and time.monotonic() < until:
        time.sleep(0.2)
        told = cinema.ask("GET", given.headers["location"]).json()
    assert (told["state"], told["rows"], told["referred"]) == ("done", 3, 1), told
    lines = [json.loads(line) for line in cinema.ask("GET", told["result"]).text.splitlines()]
    assert lines[0]["prediction"] == [one.item for one in MODEL.ask({"history": HISTORY, "k": 3}).items]
    assert lines[1]["asked"]["history_length"] == 1
    assert lines[2]["flags"][0]["kind"] == "invalid_field"
    explained = cinema.ask(
        "POST", "/v1/models/kept/jobs?explain=true", content=body, headers={"content-type": "application/x-ndjson"}
    )
    assert explained.json()["type"] == "urn:mlwright:problem:wrong-way"


def test_a_private_history_is_in_no_file(film_models: Path, tmp_path: Path) -> None:
    policy = ModelPolicy(private={"history": "omit", "user": "hash", "exclude": "hash"})
    settings = Settings(
        models=(str(film_models / "films"),), workspace=str(tmp_path / "ws"), of_model={"films": policy}
    )
    with Inside(settings) as inside:
        found = ask(inside, history=[IDS[3], "secret film"], user="ann@example.org", exclude=["other secret"], k=3)
        assert found["unknown"] == ["secret film"]
        line = recorded(inside, "films", found["id"])
        assert "history" not in line["row"]
        assert (line["row"]["history_length"], line["row"]["unknown_items"]) == (2, 1)
        assert line["answer"]["prediction"] == found["prediction"]
    files = b"".join(path.read_bytes() for path in (tmp_path / "ws").rglob("record.db*"))
    assert found["prediction"][0].encode() in files
    for secret in (IDS[3], "secret film", "other secret", "ann@example.org"):
        assert str(secret).encode() not in files


@pytest.mark.parametrize(
    "body",
    [
        b'{"history": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"history": [1e999]}',
        b'{"history": [NaN]}',
        b'{"history": [' + b"9" * 5_000 + b"]}",
        b'{"history": [{"item": {"item": 1}}]}',
        b'{"history": [{"at": 1}]}',
        b'{"history": ' + json.dumps(["x"] * 10_001).encode() + b"}",
        b'{"filters": {"genre": {"in": {}}}, "caps": []}',
        b'{"at": 1e300}',
        b'{"id": {"a": 1}}',
        b'{"k": 1e400}',
        b'{"user": ["a"]}',
        b'{"boosted": [{"where": {"genre": {"in": ["x"]}}, "by": -1}]}',
        b"\xff",
    ],
)
def test_hostile_requests_are_refused_or_answered_and_harm_nobody(cinema: Inside, body: bytes) -> None:
    told = cinema.ask("POST", "/v1/models/films/recommend", content=body, headers={"content-type": "application/json"})
    assert told.status_code in {200, 400, 422}, told.text
    assert ask(cinema, history=HISTORY, k=1)["prediction"]


def test_odd_texts_come_back_and_are_recorded(cinema: Inside) -> None:
    found = ask(cinema, history=["\x00", "é" * 300, "\u202e", {"item": "  ", "at": None}], user="x\x00y", k=2)
    line = recorded(cinema, "films", found["id"])
    assert line["row"]["history_length"] == 4
    assert line["subject"] == "x\ufffdy"


def test_the_dashboard_knows_recommenders(film_models: Path, tmp_path: Path) -> None:
    from mlwright.web.app import ROUTES

    with Inside(Settings(models=(str(film_models / "films"),), workspace=str(tmp_path)), ROUTES) as inside:
        for path in ("/monitor", "/monitor/films", "/v1/monitor", "/v1/models/films/monitor", "/metrics"):
            assert inside.ask("GET", path).status_code == 200, path

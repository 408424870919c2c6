"""Jobs: a file in, its answers out; the same as /predict gives, whatever it is written in, and whatever goes wrong."""

from __future__ import annotations

import csv
import errno
import io
import json
import time
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
from tests.serve.conftest import TASKS, Inside, rows_of

CSV, NDJSON, PARQUET = "text/csv", "application/x-ndjson", "application/vnd.apache.parquet"
ARROW = "application/vnd.apache.arrow.stream"


def written(rows: list[dict[str, Any]], kind: str) -> bytes:
    """Return rows as a file."""
    if kind == NDJSON:
        return b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    if kind == "application/json":
        return json.dumps({"rows": rows}).encode()
    frame, out = pl.DataFrame(rows), io.BytesIO()
    {CSV: frame.write_csv, PARQUET: frame.write_parquet, ARROW: frame.write_ipc_stream}[kind](out)
    return out.getvalue()


def give(inside: Inside, name: str, body: Any, kind: str, query: str = "", **headers: str) -> httpx.Response:
    path = f"/v1/models/{name}/jobs{query}"
    return inside.ask("POST", path, content=body, headers={"content-type": kind, **headers})


def ended(inside: Inside, given: httpx.Response, **headers: str) -> dict[str, Any]:
    """Wait for the end of a job; return its status."""
    assert given.status_code == 202, given.text
    until = time.monotonic() + 60
    while time.monotonic() < until:
        told = inside.ask("GET", given.headers["location"], headers=headers).json()
        if told["state"] in {"done", "failed"}:
            return told
        time.sleep(0.1)
    raise AssertionError(told)


@pytest.mark.parametrize("task", TASKS)
def test_the_same_rows_get_the_same_answers_as_by_predict(inside: Inside, task: str) -> None:
    rows = rows_of(task, 30)
    rows[3]["plan"] = "unheard of"
    expected = inside.predict(task, rows).json()["predictions"]
    told = ended(inside, give(inside, task, written(rows, NDJSON), NDJSON))
    assert (told["state"], told["rows"], told["referred"]) == ("done", 30, 0)
    response = inside.ask("GET", told["result"])
    assert response.headers["content-type"] == NDJSON
    answers = [json.loads(line) for line in response.text.splitlines()]
    for place, (answer, wanted) in enumerate(zip(answers, expected, strict=True)):
        assert answer["model"] == {"name": task, "version": 1}
        assert answer["id"] == f"{told['id']}-{place}"
        assert {name: value for name, value in answer.items() if name != "model"} == wanted | {"id": answer["id"]}
    assert answers[3]["flags"][0]["kind"] == "unknown_category"


@pytest.mark.parametrize("kind", [CSV, PARQUET])
def test_every_kind_of_file_is_read_and_answered(inside: Inside, kind: str) -> None:
    rows = rows_of("binary", 12)
    expected = inside.predict("binary", rows).json()["predictions"]
    told = ended(inside, give(inside, "binary", written(rows, kind), kind, "?record=false"))
    assert told["state"] == "done", told
    response = inside.ask("GET", told["result"])
    if kind == CSV:
        found = list(csv.DictReader(io.StringIO(response.text)))
    else:
        assert response.headers["content-type"] == PARQUET
        found = pl.read_parquet(io.BytesIO(response.content)).to_dicts()
    assert [row["prediction"] for row in found] == [answer["prediction"] for answer in expected]
    chances = [float(row["probability_yes"]) for row in found]
    assert chances == pytest.approx([answer["probabilities"]["yes"] for answer in expected], abs=1e-6)


def test_reasons_and_another_kind_of_result_on_demand(inside: Inside) -> None:
    rows = rows_of("regression", 4)
    given = give(inside, "regression", written(rows, NDJSON), NDJSON, "?explain=true", accept=CSV)
    response = inside.ask("GET", ended(inside, given)["result"])
    found = list(csv.DictReader(io.StringIO(response.text)))
    assert [*found[0]] == ["id", "prediction", "lower", "upper", "action", "flags", "version", "reasons"]
    assert all("where a typical row has" in row["reasons"] for row in found)


def test_a_result_is_given_as_it_is_written_or_not_at_all(inside: Inside) -> None:
    body = written(rows_of("binary", 2), NDJSON)
    told = ended(inside, give(inside, "binary", body, NDJSON, accept=f"{CSV};q=0.1, {NDJSON};q=0"))
    for accept in (CSV, "text/*", "*/*", f"{PARQUET}, {CSV};q=0.5", "TEXT/CSV"):
        response = inside.ask("GET", told["result"], headers={"accept": accept})
        assert (response.status_code, response.headers["content-type"].partition(";")[0]) == (200, CSV)
    for accept in (NDJSON, "application/json", f"{CSV};q=0"):
        response = inside.ask("GET", told["result"], headers={"accept": accept})
        assert response.status_code == 406
        assert response.json()["detail"].startswith("The answers of this job are written as text/csv, ")


def test_a_row_that_is_refused_goes_to_a_person_and_the_others_are_answered_and_recorded(inside: Inside) -> None:
    rows = rows_of("binary", 6)
    rows[2]["income"] = "a lot"
    told = ended(inside, give(inside, "binary", written(rows, NDJSON), NDJSON))
    assert (told["state"], told["rows"], told["referred"]) == ("done", 6, 1)
    answers = [json.loads(line) for line in inside.ask("GET", told["result"]).text.splitlines()]
    assert [answer["action"] for answer in answers] == ["answer"] * 2 + ["refer"] + ["answer"] * 3
    assert answers[2]["prediction"] is None
    assert answers[2]["flags"][0]["message"] == "'a lot' in 'income' cannot be read as a number."
    kept = inside.service.recording.recorder.record.frame("binary")["id"].to_list()
    assert {f"{told['id']}-{place}" for place in range(6)} <= set(kept)


def test_a_file_that_cannot_be_answered_fails_with_a_sentence(inside: Inside) -> None:
    given = give(inside, "binary", b"income,age\n1,2\n", CSV)
    told = ended(inside, given)
    assert told["state"] == "failed"
    assert told["detail"] == "4 columns are not there: 'plan', 'member', 'joined', 'note'."
    assert told["hint"] == "name each column in the first line, and leave a cell empty where its value is not known."
    assert [error["column"] for error in told["errors"]] == ["plan", "member", "joined", "note"]
    assert told["result"] is None
    response = inside.ask("GET", f"{given.headers['location']}/result")
    assert (response.status_code, response.json()["detail"]) == (409, f"The job failed. {told['detail']}")


def test_what_is_no_job_is_refused_at_once(inside: Inside) -> None:
    for body, kind, query, status in (
        (b"", CSV, "", 400),
        (b"a", "image/png", "", 415),
        (b"a", CSV, "?nonsense=1", 400),
    ):
        response = give(inside, "binary", body, kind, query)
        assert response.status_code == status, response.text
    assert give(inside, "nothing", b"a", CSV).status_code == 404
    assert give(inside, "binary", b"a", CSV, accept="image/png").status_code == 406
    for name in ("x", "0" * 27, "..%2f..", "%2e%2e"):
        for method, path in (
            ("GET", f"/v1/jobs/{name}"),
            ("GET", f"/v1/jobs/{name}/result"),
            ("DELETE", f"/v1/jobs/{name}"),
        ):
            assert inside.ask(method, path).status_code == 404
    assert not [each for each in inside.service.runner.jobs.folder.iterdir() if each.name.endswith(".new")]


def test_a_full_disk_is_told_and_leaves_nothing(inside: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def full(path: Path, mode: str = "r", **more: Any) -> Any:
        if path.name == "rows" and mode == "wb":
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(path, mode, **more)

    jobs = inside.service.runner.jobs
    before = jobs.names()
    monkeypatch.setattr(Path, "open", full)
    response = give(inside, "binary", b"a\n1\n", CSV)
    monkeypatch.undo()
    assert response.status_code == 507
    assert response.json()["detail"] == "The file cannot be kept: No space left on device."
    assert jobs.names() == before
    assert not list(jobs.folder.glob("*.new"))


def test_a_key_sees_its_own_jobs_only(inside: Inside) -> None:
    mine = inside.lock("predict:binary", secret="m" * 43)
    given = give(inside, "binary", written(rows_of("binary", 2), CSV), CSV, **mine)
    told = ended(inside, given, **mine)
    assert told["state"] == "done"
    assert give(inside, "regression", b"a", CSV, **mine).status_code == 403
    import dataclasses
    import hashlib

    keyring = inside.service.keyring
    key = keyring.keys[hashlib.sha256(b"m" * 43).hexdigest()]
    other = hashlib.sha256(b"o" * 43).hexdigest()
    keyring.keys = {**keyring.keys, other: dataclasses.replace(key, label="other", scopes=("predict", "admin"))}
    theirs = {"authorization": f"Bearer {'o' * 43}"}
    for method, more in (("GET", ""), ("GET", "/result"), ("DELETE", "")):
        path = given.headers["location"] + more
        assert inside.ask(method, path, headers=theirs).status_code == 404
        assert inside.ask(method, path).status_code == 401
    assert inside.ask("DELETE", given.headers["location"], headers=mine).json() == {"id": told["id"], "deleted": True}
    assert inside.ask("GET", given.headers["location"], headers=mine).status_code == 404
    assert not inside.service.runner.jobs.place(told["id"]).exists()

"""Jobs about people: answered by the rules of the service that took them, forgotten when a person is."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.serve.conftest import Inside, rows_of

from mlwright.serve.jobs import Jobs, forget_in_jobs
from mlwright.serve.jobs.subjects import Subjects, _is_marked
from mlwright.serve.policy import Humility, ModelPolicy, Policy
from mlwright.serve.record import Record
from mlwright.serve.settings import Settings

NDJSON = "application/x-ndjson"
TOLD = ModelPolicy(
    policy=Policy(missing="refuse"),
    subject="customer",
    private={"plan": "hash", "customer": "hash"},
    humility=Humility(uncertain_below=1.0),
)
"""Of the service that takes the jobs; the one that runs them was told nothing."""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One workspace of two services."""
    return tmp_path_factory.mktemp("people")


@pytest.fixture(scope="module")
def taking(models: Path, workspace: Path) -> Iterator[Inside]:
    """A service with strict settings, which takes jobs and leaves them to another that serves another model."""
    place = str(workspace)
    strict = Settings(models=(str(models / "binary"),), workspace=place, refresh_s=3600.0, of_model={"binary": TOLD})
    plain = Settings(models=(str(models / "regression"),), workspace=place, refresh_s=3600.0)
    with Inside(strict) as taking, Inside(plain):
        taking.service.runner.close()
        yield taking


def give(taking: Inside, rows: list[dict[str, Any]], more: bytes = b"") -> str:
    body = b"".join(json.dumps(row).encode() + b"\n" for row in rows) + more
    given = taking.ask("POST", "/v1/models/binary/jobs", content=body, headers={"content-type": NDJSON})
    assert given.status_code == 202, given.text
    return str(given.json()["id"])


def ended(taking: Inside, name: str) -> dict[str, Any]:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        told: dict[str, Any] = taking.ask("GET", f"/v1/jobs/{name}").json()
        if told["state"] in {"done", "failed"}:
            return told
        time.sleep(0.05)
    raise AssertionError(told)


def people(count: int) -> list[dict[str, Any]]:
    return [{**row, "plan": "gold-plated", "customer": 4000 + at} for at, row in enumerate(rows_of("binary", count))]


def test_a_job_follows_the_settings_of_the_service_that_took_it(taking: Inside, workspace: Path) -> None:
    name = give(taking, people(6))
    place = workspace / "jobs" / name
    assert ended(taking, name)["referred"] == 6  # the other service has no rules of humility
    actions = [json.loads(line)["action"] for line in taking.ask("GET", f"/v1/jobs/{name}/result").text.splitlines()]
    assert actions == ["refer"] * 6
    record = Record(workspace / "record.db")
    frame = record.frame("binary")
    own = frame.filter(frame["id"].str.starts_with(name))
    record.close()
    assert own.height == 6
    assert all("hmac:" in row and "gold-plated" not in row for row in own["row"])
    assert all(subject.startswith("hmac:") for subject in own["subject"])
    assert {each.name for each in place.iterdir()} == {"job.json", "progress.json", "result", "subjects"}
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in place.iterdir()} == {0o600}
    jobs = Jobs(workspace / "jobs")
    assert forget_in_jobs(jobs, "400") == (0, [])
    assert place.exists()
    assert forget_in_jobs(jobs, "4003") == (1, [])
    assert not place.exists()


def test_a_job_that_fails_half_way_leaves_nothing_of_its_rows_and_answers(taking: Inside, workspace: Path) -> None:
    rows = people(1)
    name = give(taking, rows * 1100, b"{no row\n")
    assert ended(taking, name)["state"] == "failed"
    record = Record(workspace / "record.db")
    assert not any(each.startswith(name) for each in record.frame("binary")["id"])
    record.close()
    left = {each.name for each in (workspace / "jobs" / name).iterdir()}
    assert left == {"job.json", "progress.json", "subjects"}
    assert forget_in_jobs(Jobs(workspace / "jobs"), "4000") == (1, [])


def test_a_job_that_has_not_ended_is_named_and_stays(taking: Inside, tmp_path: Path) -> None:
    jobs = Jobs(tmp_path / "jobs")
    made, path = jobs.begin()
    path.write_text('{"customer": "ann"}\n{"customer": 7}\n')
    name = give(taking, people(1))
    job = taking.service.runner.jobs.job(name)
    assert job is not None
    jobs.submit(msgspec.structs.replace(job, id=made))
    assert forget_in_jobs(jobs, "7") == forget_in_jobs(jobs, "ann") == (0, [made])
    assert forget_in_jobs(jobs, "an") == (0, [])
    assert jobs.place(made).exists()
    ended(taking, name)


def test_a_subject_is_found_among_many(tmp_path: Path) -> None:
    subjects = Subjects(tmp_path, "who")
    for start in range(0, 200_000, 1000):
        subjects.add([{"who": number} for number in range(start, start + 1000)] + [{"who": None}, {}])
    subjects.close()
    found = [
        number for number in (0, 65_535, 65_536, 199_999, 200_000) if _is_marked(tmp_path / "subjects", str(number))
    ]
    assert found == [0, 65_535, 65_536, 199_999]


def test_a_key_of_another_model_reads_no_job(taking: Inside) -> None:
    keyring = taking.service.keyring
    before = keyring.keys
    try:
        mine = taking.lock("predict:binary", secret="m" * 43)
        body = json.dumps(people(1)[0]).encode()
        given = taking.ask("POST", "/v1/models/binary/jobs", content=body, headers={"content-type": NDJSON, **mine})
        path = given.headers["location"]
        assert taking.ask("GET", path, headers=mine).status_code == 200
        key = keyring.keys[hashlib.sha256(b"m" * 43).hexdigest()]
        other = hashlib.sha256(b"o" * 43).hexdigest()
        keyring.keys = {**keyring.keys, other: dataclasses.replace(key, scopes=("predict:regression",))}
        assert taking.ask("GET", path, headers={"authorization": f"Bearer {'o' * 43}"}).status_code == 404
        until = time.monotonic() + 60
        while taking.ask("GET", path, headers=mine).json()["state"] != "done" and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        keyring.keys = before

"""What is kept for requests that come again: nothing private, or about who was forgotten, or that nobody got."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.serve.conftest import Inside, rows_of

from mlwright.errors import OutputError
from mlwright.serve.policy import ModelPolicy
from mlwright.serve.record import Record
from mlwright.serve.settings import RecordSettings, Settings

KEY = {"idempotency-key": "order 1"}
Serve = Callable[..., AbstractContextManager[Inside]]


@pytest.fixture
def serve(models: Path, tmp_path: Path) -> Serve:
    """Serve the binary model on a workspace of its own."""

    @contextmanager
    def served(told: ModelPolicy | None = None, **record: Any) -> Iterator[Inside]:
        settings = Settings(
            models=(str(models / "binary"),), workspace=str(tmp_path), refresh_s=3600.0,
            of_model={} if told is None else {"binary": told}, record=RecordSettings(**record),
        )  # fmt: skip
        with Inside(settings) as running:
            yield running

    return served


def count(inside: Inside) -> float:
    """Return how many answers were counted."""
    [line] = [
        line for line in inside.ask("GET", "/metrics").text.splitlines() if line.startswith("mlwright_rows_total{")
    ] or ["x 0"]
    return float(line.rpartition(" ")[2])


def test_a_model_with_private_values_keeps_no_response(serve: Serve, tmp_path: Path) -> None:
    [row] = rows_of("binary", 1)
    with serve(ModelPolicy(private={"plan": "hash"})) as inside:
        for path, body in (
            ("/v1/models/binary/predict", {"rows": [{**row, "plan": "terminally-ill"}]}),
            ("/v2/models/binary/infer", {"inputs": []}),
        ):
            refused = inside.ask("POST", path, json=body, headers=KEY)
            assert (refused.status_code, refused.json()["type"]) == (422, "urn:mlwright:problem:not-kept")
            assert "its rows hold private values" in refused.json()["detail"]
        assert inside.predict("binary", [{**row, "plan": "terminally-ill"}]).status_code == 200
        assert inside.service.recording.recorder.flush(10)
        assert inside.service.recording.recorder.record.status("binary")["answers"] == 1
    assert b"terminally-ill" not in b"".join(each.read_bytes() for each in tmp_path.glob("record*"))


def test_a_service_that_records_nothing_keeps_no_response(serve: Serve, tmp_path: Path) -> None:
    with serve(durability="off") as inside:
        refused = inside.predict("binary", rows_of("binary", 1), headers=KEY)
        assert (refused.status_code, refused.json()["type"]) == (422, "urn:mlwright:problem:not-kept")
        assert "records nothing" in refused.json()["detail"]
    assert not (tmp_path / "record.db").exists()


@pytest.mark.parametrize("durability", ["batch", "request"])
def test_an_answer_that_could_not_be_kept_was_not_given(
    serve: Serve, durability: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OutputError("The disk is full.")

    rows = rows_of("binary", 2)
    with serve(durability=durability) as inside:
        recorder = inside.service.recording.recorder
        with monkeypatch.context() as patched:
            patched.setattr(Record if durability == "batch" else type(recorder._writer), _step(durability), full)
            assert inside.predict("binary", rows, headers=KEY).status_code == 503
        assert count(inside) == 0
        assert recorder.pending == 0
        assert recorder.flush(10)
        assert recorder.record.status("binary")["answers"] == 0
        first = inside.predict("binary", rows, headers=KEY)
        assert inside.predict("binary", rows, headers=KEY).content == first.content
        assert count(inside) == 2
        assert recorder.flush(10)
        assert recorder.record.status("binary")["answers"] == 2


def _step(durability: str) -> str:
    return "keep" if durability == "batch" else "write"


def test_a_response_is_found_by_whom_it_is_about_without_its_answers(serve: Serve) -> None:
    rows = [{**row, "customer": name} for row, name in zip(rows_of("binary", 2), (4711, "bob"), strict=True)]
    with serve(ModelPolicy(subject="customer")) as inside:
        recorder = inside.service.recording.recorder
        assert inside.predict("binary", rows, headers=KEY).status_code == 200
        assert recorder.flush(10)
        assert recorder.record.prune(-60)["answers"] == 2
        assert recorder.record.forget("nobody")["responses"] == 0
        assert recorder.record.forget("4711") == {"answers": 0, "outcomes": 0, "responses": 1, "events": 0}
        again = inside.predict("binary", rows, headers=KEY)
        assert "idempotency-replayed" not in again.headers

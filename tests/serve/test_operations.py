"""What an operator relies on: metrics, logs, traces, TLS, signals, exit codes."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.serve.conftest import Inside, Running, rows_of

from mlwright.errors import OutputError
from mlwright.serve.http import Request, Response
from mlwright.serve.logs import JsonLines
from mlwright.serve.metrics import Metrics
from mlwright.serve.process import listening
from mlwright.serve.settings import Settings, from_json, to_json
from mlwright.serve.tracing import Tracer


def samples(text: str) -> dict[tuple[str, ...], float]:
    """Return the value of each sample, by its name and labels."""
    return {
        (sample.name, *(f"{name}={value}" for name, value in sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_metrics_count_answers_rows_problems_and_flags(inside: Inside) -> None:
    before = samples(inside.ask("GET", "/metrics").text)
    rows = rows_of("binary", 3)
    rows[0]["plan"] = "never seen"
    inside.predict("binary", rows).raise_for_status()
    assert inside.predict("nobody", rows).status_code == 404
    after = samples(inside.ask("GET", "/metrics").text)

    def grown(*name: str) -> float:
        return after[name] - before.get(name, 0.0)

    assert grown("mlwright_rows_total", "model=binary", "version=1") == 3
    assert grown("mlwright_answer_seconds_count", "model=binary", "version=1") == 1
    assert grown("mlwright_problems_total", "kind=no-such-model", "status=404") == 1
    assert grown("mlwright_flags_total", "kind=unknown_category", "model=binary") >= 1


def test_nothing_is_said_twice_by_when_it_was_created(inside: Inside) -> None:
    inside.predict("binary", rows_of("binary", 1))
    text = inside.ask("GET", "/metrics").text
    assert "mlwright_rows_total" in text
    assert "_created" not in text


def test_names_that_clients_make_up_do_not_become_metrics(inside: Inside) -> None:
    for number in range(20):
        inside.predict(f"made-up-{number}", [{}])
        inside.ask("GET", f"/made-up/{number}")
    assert "made-up" not in inside.ask("GET", "/metrics").text


def test_a_log_line_is_one_json_object_whatever_it_holds() -> None:
    record = logging.makeLogRecord({"msg": "a\n%s", "args": ("b\r\n{}",), "levelname": "INFO", "path": "/\n\x1b[2J"})
    line = JsonLines().format(record)
    assert "\n" not in line
    told = json.loads(line)
    assert (told["message"], told["path"], told["level"]) == ("a\nb\r\n{}", "/\n\x1b[2J", "info")
    try:
        raise ValueError("it")
    except ValueError:
        failed = JsonLines().format(logging.makeLogRecord({"msg": "x", "exc_info": sys.exc_info()}))
    assert "ValueError: it" in json.loads(failed)["traceback"]


def test_settings_travel_whole() -> None:
    settings = Settings(models=("a@1",), port=1, workers=3, traces=True)
    assert from_json(to_json(settings)) == settings


def test_a_taken_port_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OutputError, match="cannot listen at"):
            listening(Settings(port=taken.getsockname()[1]))


def test_traces_join_the_clients_own() -> None:
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    tracer = Tracer(exporter)
    parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    async def receive() -> dict[str, Any]:
        return {}

    request = Request("POST", "/v1/models/churn/predict", b"", {b"traceparent": parent.encode()}, "r-1", 0.0, receive)
    request.route, request.named = "/v1/models/{name}/predict", {"name": "churn"}
    tracer.note(request, Response(b"", status=500))
    tracer.close()
    (span,) = exporter.get_finished_spans()
    assert span.name == "POST /v1/models/{name}/predict"
    assert f"{span.context.trace_id:032x}" == parent.split("-")[1]
    assert span.parent is not None
    assert f"{span.parent.span_id:016x}" == parent.split("-")[2]
    assert span.attributes is not None
    assert span.attributes["mlwright.name"] == "churn"
    assert not span.status.is_ok


def test_metrics_of_one_process_stand_alone() -> None:
    metrics = Metrics()
    metrics.answered("a", 1, 0.002, 5)
    assert samples(metrics.text().decode())["mlwright_rows_total", "model=a", "version=1"] == 5


def test_workers_answer_and_count_together(models: Path, tmp_path: Path) -> None:
    with Running([models / "regression"], tmp_path / "ws", "--workers", "2") as running:
        rows = rows_of("regression", 1)
        for _ in range(30):
            with httpx.Client(base_url=running.address) as client:  # each connection may reach another worker
                client.post("/v1/models/regression/predict", json={"rows": rows}).raise_for_status()
        counted = samples(running.client.get("/metrics").text)
        assert counted["mlwright_rows_total", "model=regression", "version=1"] == 30
        assert running.stop() == 0


def test_requests_are_logged_where_that_is_asked_for(models: Path, tmp_path: Path) -> None:
    with Running([models / "regression"], tmp_path / "ws", settings="[logs]\nrequests = true\n") as running:
        running.predict("regression", rows_of("regression", 1), headers={"x-request-id": "mine"}).raise_for_status()
        running.stop()
        lines = [json.loads(line) for line in running.said if line.startswith("{")]
    (told,) = [line for line in lines if line.get("request") == "mine"]
    assert (told["method"], told["status"], told["path"]) == ("POST", 200, "/v1/models/regression/predict")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate for this machine, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    made = folder / "certificate.pem", folder / "key.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1", "-out", str(made[0]), "-keyout", str(made[1])]
    subprocess.run(command, check=True, capture_output=True)
    return made


def test_tls(models: Path, tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    with Running([models / "regression"], tmp_path / "ws", "--tls", *map(str, certificate)) as running:
        assert running.address.startswith("https://")
        trusted = ssl.create_default_context(cafile=str(certificate[0]))
        with httpx.Client(base_url=running.address, verify=trusted) as client:
            assert client.get("/health/live").json() == {"status": "live"}


def test_tls_with_two_workers(models: Path, tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    options = ["--tls", *map(str, certificate), "--workers", "2"]
    with Running([models / "regression"], tmp_path / "ws", *options) as running:
        trusted = ssl.create_default_context(cafile=str(certificate[0]))
        with httpx.Client(base_url=running.address, verify=trusted) as client:
            assert client.get("/health/ready").status_code == 200
        assert running.stop() == 0


def test_a_key_that_does_not_open_is_one_sentence(models: Path, tmp_path: Path, certificate: tuple[Path, Path]) -> None:
    locked = tmp_path / "locked.pem"
    command = ["openssl", "rsa", "-aes256", "-passout", "pass:secret", "-in", str(certificate[1]), "-out", str(locked)]
    subprocess.run(command, check=True, capture_output=True)
    place = str(models / "regression")
    done = serve(place, "--port", "0", "--workspace", str(tmp_path / "ws"), "--tls", str(certificate[0]), str(locked))
    assert done.returncode == 2
    assert "certificate cannot be used" in done.stderr
    assert "which has no password" in done.stderr
    assert "Traceback" not in done.stderr


def serve(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mlwright", "serve", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--host", "0.0.0.0"], "there is no API key"),
        (["--workers", "0"], "--workers cannot be 0"),
        (["--port", "70000"], "--port cannot be 70000"),
        (["--tls", "nowhere.pem", "nowhere.pem"], "certificate cannot be used"),
        (["--settings", "nowhere.toml"], "cannot be read"),
    ],
)
def test_what_cannot_be_is_one_sentence_and_2(models: Path, tmp_path: Path, more: Sequence[str], said: str) -> None:
    done = serve(str(models / "regression"), "--port", "0", "--workspace", str(tmp_path / "ws"), *more)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_that_cannot_start_ends_all_of_them(models: Path, tmp_path: Path) -> None:
    place = str(models / "regression")
    done = serve(place, "--port", "0", "--workspace", str(tmp_path / "ws"), "--workers", "2", "--host", "0.0.0.0")
    assert done.returncode == 2
    assert "there is no API key" in done.stderr

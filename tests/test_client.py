"""The Python client and the examples in other languages, against a service that runs."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from mlwright.client import Client, ServiceError, UnreachableError
from mlwright.errors import OptionError
from mlwright.model import Model
from mlwright.registry import Workspace
from tests.serve.conftest import Running, loaded, models, rows_of

__all__ = ["loaded", "models"]
EXAMPLES = Path(__file__).parents[1] / "examples" / "clients"


@pytest.fixture(scope="module")
def running(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A service that wants a key."""
    place = tmp_path_factory.mktemp("client")
    secret = Workspace(place).keys.add("tests", ["predict", "outcomes", "read"])
    with Running([models / "binary", models / "regression"], place) as service:
        service.environment["MLWRIGHT_API_KEY"] = secret
        yield service


@pytest.fixture
def client(running: Running) -> Iterator[Client]:
    with Client(running.address, key=running.environment["MLWRIGHT_API_KEY"]) as made:
        yield made


def test_answers_are_those_of_the_model(client: Client, loaded: dict[str, Model]) -> None:
    rows = rows_of("binary", 12)
    model = loaded["binary"]
    answers = client.predict("binary", rows)
    assert [answer.prediction for answer in answers] == model.predict(rows).tolist()
    found = [[answer.probabilities[label] for label in ("no", "yes")] for answer in answers if answer.probabilities]
    assert np.allclose(found, model.predict_proba(rows), atol=1e-9, rtol=0)
    one = client.predict("binary", rows[0], explain=True)
    assert one.version == 1
    assert one.reasons is not None
    assert one.base is not None
    total = one.base + sum(reason.contribution for reason in one.reasons)
    assert total == pytest.approx(float(model.explain(rows[:1]).prediction[0]))
    number = client.predict("regression", rows[0])
    assert number.lower is not None
    assert number.upper is not None
    assert number.lower <= number.prediction <= number.upper


def test_python_values_are_sent_as_json_has_them(client: Client) -> None:
    row = rows_of("regression", 1)[0]
    plain = client.predict("regression", {**row, "income": None})
    typed = {
        **row,
        "income": np.float64("nan"),
        "age": np.int64(row["age"]),
        "joined": datetime.fromisoformat(row["joined"]),
    }
    assert client.predict("regression", typed).prediction == plain.prediction
    exact = client.predict("regression", {**row, "income": 2500.5}).prediction
    assert client.predict("regression", {**row, "income": Decimal("2500.50")}).prediction == exact
    assert client.predict("regression", {**row, "income": Decimal("nan")}).prediction == plain.prediction
    for moment in (np.datetime64(row["joined"], "ns"), np.datetime64(row["joined"])):
        assert client.predict("regression", {**typed, "joined": moment}).prediction == plain.prediction


def test_frames_are_sent_as_their_rows(client: Client) -> None:
    rows = rows_of("regression", 3)
    expected = [answer.prediction for answer in client.predict("regression", rows)]
    frame = pl.DataFrame(rows).with_columns(pl.col("joined").str.to_date())
    assert [answer.prediction for answer in client.predict("regression", frame)] == expected
    records = pl.DataFrame(rows).to_pandas().to_dict("records")
    assert [answer.prediction for answer in client.predict("regression", records)] == expected


@pytest.mark.parametrize(
    "rows",
    ["age", [1, 2], 7, None, [{"age": object()}], {"age": {1, 2}}, {"age": np.arange(3)}, pl.DataFrame({"age": [b"x"]}),
     pd.DataFrame({"age": [1]})],
)  # fmt: skip
def test_what_cannot_be_sent_is_one_sentence(rows: Any) -> None:
    with Client("http://127.0.0.1:9") as client, pytest.raises(OptionError, match=r"cannot be (a|sent)"):
        client.predict("m", rows)


def test_outcomes_are_told_and_counted(client: Client, running: Running) -> None:
    answers = client.predict("binary", rows_of("binary", 3))
    told = {answer.id: "yes" for answer in answers}
    moment = datetime(2026, 11, 2, tzinfo=UTC)
    assert client.outcomes("binary", told, at=moment)["accepted"] == 3
    assert client.outcomes("binary", told, at=moment)["repeated"] == 3


def test_what_is_refused_says_where(client: Client, running: Running) -> None:
    row = rows_of("binary", 1)[0]
    with pytest.raises(ServiceError, match="cannot be read as a whole number") as refused:
        client.predict("binary", {**row, "age": "old"})
    assert (refused.value.status, refused.value.kind) == (422, "invalid-rows")
    assert refused.value.errors[0]["column"] == "age"
    with pytest.raises(ServiceError, match="did you mean 'binary'"):
        client.model("binry")
    with Client(running.address) as stranger, pytest.raises(ServiceError, match="needs an API key"):
        stranger.models()


def test_a_request_sent_again_is_recorded_once(client: Client, running: Running) -> None:
    rows = rows_of("binary", 2)
    first = client.predict("binary", rows, idempotency_key="order-17")
    assert client.predict("binary", rows, idempotency_key="order-17") == first
    with pytest.raises(ServiceError, match="another request"):
        client.predict("binary", rows[:1], idempotency_key="order-17")


def test_facts_of_the_models(client: Client) -> None:
    assert client.is_ready()
    assert {model["name"] for model in client.models()} == {"binary", "regression"}
    assert client.model("binary")["target"] == "y"
    assert "age" in client.schema("binary")["row"]["properties"]


def test_nobody_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    client = Client(address, tries=2)
    assert not client.is_ready()
    with pytest.raises(UnreachableError, match="cannot be reached"):
        client.models()
    with pytest.raises(OptionError, match="cannot be 'localhost:80'"):
        Client("localhost:80")


class Moody(BaseHTTPRequestHandler):
    """A service that is busy twice, closes kept connections without a word, and says more than is known."""

    protocol_version = "HTTP/1.1"
    timeout = 30
    busy = 2

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        if Moody.busy:
            Moody.busy -= 1
            self.reply(503, {"detail": "busy"}, [("retry-after", "0")])
            return
        told = {
            "id": "a",
            "prediction": 1,
            "flags": [{"kind": "k", "message": "m", "new": 1}],
            "action": "answer",
            "new": 2,
        }
        self.reply(200, {"model": {"name": "m", "version": 3}, "predictions": [told]}, [])
        self.close_connection = True  # without saying so

    def reply(self, status: int, value: object, headers: list[tuple[str, str]]) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in [*headers, ("content-length", str(len(body)))]:
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Be quiet."""


def test_a_busy_service_is_asked_again_and_a_closed_connection_opened_again() -> None:
    with HTTPServer(("127.0.0.1", 0), Moody) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with Client(f"http://127.0.0.1:{server.server_port}") as client:
                answers = [client.predict("m", {"x": 1}) for _ in range(3)]
        finally:
            server.shutdown()
            thread.join(60)
    assert [(answer.version, answer.flags[0].kind) for answer in answers] == [(3, "k")] * 3


COMMANDS = {
    "ask.sh": ["sh"],
    "ask.mjs": ["node"],
    "ask.R": ["Rscript"],
    "ask.py": [sys.executable],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_examples_of_clients_work(running: Running, tmp_path: Path, name: str) -> None:
    command = COMMANDS[name]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        [*command, str(EXAMPLES / name), running.address, "binary", "yes"],
        cwd=tmp_path,
        env={**os.environ, **running.environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.replace(" ", "").replace("'", '"')
    assert '"accepted":1' in said
    assert '"unknown":0' in said
    assert "probabilities" in done.stdout or name == "ask.py"


def test_the_examples_are_all_tested() -> None:
    assert {path.name for path in EXAMPLES.iterdir()} == set(COMMANDS)

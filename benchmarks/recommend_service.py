"""Claim: a list over HTTP costs the model's own time and at most 150 microseconds more; 99 of 100 come within 5 ms.

    python benchmarks/recommend_service.py [--model DIR] [--asks 2000] [--rounds 3] [--length 20] [--json]

Serves a recommender with everything on: requests checked, lists recorded with propensities, requests counted. Without
--model it is EASE over the shared MovieLens-100k. The same requests, histories of 20 items with k = 10, are asked in
process and over one connection in turns, so that what else the machine does falls on both; of each figure the median of
the rounds is told. Beside wall time stands the processor time that the service's process takes for a request, because
neighbours on a machine move the first and hardly the second. "Through the door" asks the whole service in this process
without a socket, in the same loop as the model by itself: the difference is what our code adds. "nothing" is the
service's own address that answers without a model. The same with histories that the service keeps, by user.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
from recommend_latency import movielens
from service import asked, below

import mlwright as mw
from mlwright.client import Client
from mlwright.learn.base import Effort
from mlwright.learn.recommenders import RECOMMENDERS, Taught
from mlwright.model.recommender import Answering, Catalogue
from mlwright.model.recommender.files import golden_requests
from mlwright.model.recommender.parts import RecommenderParts
from mlwright.model.recommender.recommender import Recommender
from mlwright.schema import Schema
from mlwright.tasks.recommend.request import ASKED

BAR_MORE_US, BAR_P99_MS = 150.0, 5.0
WARM = 100


def assembled() -> Recommender:
    """Return EASE over MovieLens-100k, with decayed popularity behind it."""
    log, features = movielens()
    taught, catalogue = Taught(log, float(log.time[-1]), features), Catalogue.of(log, features)
    chain = tuple(
        (level, RECOMMENDERS[name].fit(taught, RECOMMENDERS[name].configurations[0], Effort()))
        for level, name in (("personal", "ease"), ("popular", "decayed_popularity"))
    )
    return Recommender(
        RecommenderParts(
            name="films", task="recommend", target="item_id", classes=(), schema=Schema(ASKED),
            decision={"user": "user_id", "item": "item_id", "time": "timestamp"},
            answering=Answering(chain, catalogue, "watched"), golden=tuple(golden_requests(log, catalogue)),
        )
    )  # fmt: skip


def histories(model: Recommender, count: int, length: int) -> list[list[Any]]:
    """Return histories of items, popular ones more often."""
    catalogue = model.parts.answering.catalogue
    rng = np.random.default_rng(0)
    share = (catalogue.counts + 1) / (catalogue.counts + 1).sum()
    drawn = [rng.choice(len(catalogue), min(length, len(catalogue)), replace=False, p=share) for _ in range(count)]
    return [[catalogue.ids[code] for code in codes.tolist()] for codes in drawn]


def sent(path: str, body: object | None) -> bytes:
    """Return a request as it goes over the wire."""
    text = b"" if body is None else json.dumps(body, separators=(",", ":")).encode()
    head = f"{'GET' if body is None else 'POST'} {path} HTTP/1.1\r\nhost: localhost\r\n"
    more = f"content-type: application/json\r\ncontent-length: {len(text)}\r\n" if text else ""
    return f"{head}{more}\r\n".encode() + text


def told(seconds: Sequence[float]) -> dict[str, float]:
    """Return p50 and p99 in microseconds."""
    p50, p99 = np.quantile(seconds, [0.5, 0.99]) * 1e6
    return {"p50_us": round(float(p50), 1), "p99_us": round(float(p99), 1)}


def cpu_s(process: subprocess.Popen[bytes]) -> float:
    """Return the processor time of the service."""
    found = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in below(process.pid)]
    return sum(int(each[11]) + int(each[12]) for each in found) / os.sysconf("SC_CLK_TCK")


def started(model: Path, workspace: Path, port: int) -> subprocess.Popen[bytes]:
    """Start the service and wait until it answers."""
    settings = workspace / "serve.toml"
    settings.write_text('[models.films]\nhistories = "kept"\n')
    process = subprocess.Popen(
        [sys.executable, "-m", "mlwright", "serve", str(model), "--port", str(port), "--workspace", str(workspace),
         "--settings", str(settings)],
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 120
    while time.monotonic() < until:
        try:
            asked(port, [sent("/health/ready", None)], 1)
        except (OSError, AssertionError):
            time.sleep(0.05)
        else:
            return process
    raise RuntimeError("the service did not start")


def free_port() -> int:
    """Return a port that nobody uses now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def main() -> None:
    """Measure and tell."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", type=Path)
    options.add_argument("--asks", type=int, default=2_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--length", type=int, default=20)
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        model = assembled() if given.model is None else mw.load(given.model)
        assert isinstance(model, Recommender)
        model = model.renamed("films")
        model.save(place / "films")
        found = measured(model, place, given.asks, given.rounds, given.length)
    if given.json:
        print(json.dumps(found))
        return
    for name, figures in found.items():
        print(f"{name:24}", figures)


def measured(model: Recommender, place: Path, asks: int, rounds: int, length: int) -> dict[str, Any]:
    """Return the figures of each way to ask."""
    taken = histories(model, 500, length)
    path, port = "/v1/models/films/recommend", free_port()
    requests = {
        "nothing": [sent("/health/live", None)],
        "history in the request": [
            sent(path, {"history": each, "k": 10, "user": f"u{n}"}) for n, each in enumerate(taken)
        ],
        "history kept": [sent(path, {"user": f"u{n}", "k": 10}) for n in range(len(taken))],
    }
    (place / "workspace").mkdir()
    process = started(place / "films", place / "workspace", port)
    seen: dict[str, list[dict[str, float]]] = {"in process": [], "through the door": []} | {
        name: [] for name in requests
    }
    try:
        with Client(f"http://127.0.0.1:{port}") as client:
            events = [{"user": f"u{n}", "item": item} for n, each in enumerate(taken) for item in each]
            for start in range(0, len(events), 5_000):
                client.events("films", events[start : start + 5_000])
        for _ in range(rounds):
            seen["in process"].append(in_process(model, taken, asks))
            seen["through the door"].append(through_the_door(place, taken, asks))
            for name, each in requests.items():
                asked(port, each, WARM)
                before = cpu_s(process)
                figures = told(asked(port, each, asks))
                seen[name].append(figures | {"cpu_us": round((cpu_s(process) - before) / asks * 1e6, 1)})
    finally:
        process.terminate()
        process.wait(30)
    found: dict[str, Any] = {
        name: {key: statistics.median(each[key] for each in many) for key in many[0]} for name, many in seen.items()
    }
    inside, outside, nothing = found["in process"], found["history in the request"], found["nothing"]
    found["bars"] = {
        "more_us": round(outside["p50_us"] - inside["p50_us"], 1),
        "more_cpu_us": round(outside["cpu_us"] - inside["cpu_us"], 1),
        "more_cpu_through_the_door_us": round(found["through the door"]["cpu_us"] - inside["cpu_us"], 1),
        "bar_us": BAR_MORE_US,
        "of_which_http_cpu_us": nothing["cpu_us"],
        "p99_ms": round(outside["p99_us"] / 1e3, 2),
        "bar_ms": BAR_P99_MS,
    }
    return found


def through_the_door(place: Path, taken: Sequence[Sequence[Any]], asks: int) -> dict[str, float]:
    """Ask the whole service in this process, without a socket: all that is ours of a request but the server's part."""
    from mlwright.serve.door import Door
    from mlwright.serve.handlers import ROUTES
    from mlwright.serve.service import Service
    from mlwright.serve.settings import Settings

    service = Service(Settings(models=(str(place / "films"),), workspace=str(place / "inside"), refresh_s=3600.0))
    door, path = Door(service, ROUTES), "/v1/models/films/recommend"
    bodies = [json.dumps({"history": each, "k": 10, "user": f"u{n}"}).encode() for n, each in enumerate(taken)]
    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
             "headers": headers, "client": ("127.0.0.1", 1), "scheme": "http"}  # fmt: skip

    async def run() -> dict[str, float]:
        await service.start()
        times = []
        statuses = set()

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                statuses.add(message["status"])

        before = 0.0
        for n in range(-WARM, asks):
            if n == 0:
                before = time.thread_time()
            body = bodies[n % len(bodies)]

            async def receive(body: bytes = body) -> dict[str, Any]:
                return {"type": "http.request", "body": body, "more_body": False}

            begun = time.perf_counter()
            await door(dict(scope), receive, send)
            if n >= 0:
                times.append(time.perf_counter() - begun)
        figures = told(times) | {"cpu_us": round((time.thread_time() - before) / asks * 1e6, 1)}
        await service.stop()
        assert statuses == {200}, statuses
        return figures

    return asyncio.run(run())


def in_process(model: Recommender, taken: Sequence[Sequence[Any]], asks: int) -> dict[str, float]:
    """Ask the model itself."""
    for each in taken[:WARM]:
        model.ask({"history": each, "k": 10})
    times, before = [], time.thread_time()
    for n in range(asks):
        begun = time.perf_counter()
        model.ask({"history": taken[n % len(taken)], "k": 10})
        times.append(time.perf_counter() - begun)
    return told(times) | {"cpu_us": round((time.thread_time() - before) / asks * 1e6, 1)}


if __name__ == "__main__":
    main()

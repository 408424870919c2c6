"""Claim: one row over HTTP in at most four times what a server takes that does nothing, and far faster than others.

    python benchmarks/service.py [--model DIR] [--peers mlflow bentoml fastapi fastapi_ours] [--environments DIR]
                                 [--install] [--seconds 5] [--rounds 3] [--out results.jsonl]

Serves the default model of a made-up table of 25 columns (or the one that is given), with everything on: rows checked,
answers recorded, requests counted. Beside it: an application that does nothing on the same server; our service without
a record, and with a shadow; and, each in an environment of its own, the same table behind MLflow, BentoML and FastAPI.
Every server is asked with the same distinct rows: one connection by a blocking socket (p50, p99 in microseconds;
processor time of one request), then 32 connections (requests a second). Servers take turns, `--rounds` times, so that
what else the machine does falls on all of them; of each figure the median of the rounds is told. Also told: seconds
until the first answer, and memory.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from environments import environments
from latency import made_up
from service_client import children, load, memory_mb, prepared

PEERS = Path(__file__).parent / "service_peers"
PACKAGES = {
    "mlflow": ["mlflow", "lightgbm", "scikit-learn", "pandas"],
    "bentoml": ["bentoml", "lightgbm", "scikit-learn", "pandas"],
    "fastapi": ["fastapi", "uvicorn[standard]", "lightgbm", "scikit-learn", "pandas"],
    "fastapi_ours": ["fastapi", "uvicorn[standard]", str(Path(__file__).parents[1])],
}
ROWS, ONE, WARM = 8_000, 3_000, 200
START_S = 120.0


@dataclass
class Server:
    """One server: how it is started, and how it is asked about a row."""

    name: str
    command: list[str]
    port: int
    path: str
    body: Callable[[dict[str, Any]], object]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    ready_s: float = 0.0
    measured: list[dict[str, float]] = field(default_factory=list)

    def start(self, log: Path, first: bytes) -> None:
        """Start it and wait for its first answer."""
        begun = time.perf_counter()
        with log.open("wb") as out:
            self.process = subprocess.Popen(
                self.command, stdout=out, stderr=out, env={**os.environ, **self.environment}, start_new_session=True
            )
        while time.perf_counter() - begun < START_S and self.process.poll() is None:
            try:
                asked(self.port, [first], 1)
            except (OSError, AssertionError, ValueError):
                time.sleep(0.02)
            else:
                self.ready_s = time.perf_counter() - begun
                return
        raise RuntimeError(f"{self.name} did not start: {log.read_text(errors='replace')[-2000:]}")

    def memory_mb(self) -> float:
        """Return the memory of the process and all below it."""
        assert self.process is not None
        return sum(memory_mb(pid) for pid in below(self.process.pid))

    def cpu_s(self) -> float:
        """Return the processor time that all of them have taken."""
        assert self.process is not None
        found = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in below(self.process.pid)]
        return sum(int(each[11]) + int(each[12]) for each in found) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End it, with all that it started."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()


def below(pid: int) -> list[int]:
    """Return a process and all that it started."""
    return [pid, *(each for child in children(pid) for each in below(child))]


def asked(port: int, requests: Sequence[bytes], count: int) -> list[float]:
    """Return the seconds of each of `count` requests over one connection."""
    found = []
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(count):
            begun = time.perf_counter()
            connection.sendall(requests[place % len(requests)])
            answer = whole_answer(connection)
            found.append(time.perf_counter() - begun)
            assert answer.startswith(b"HTTP/1.1 200"), answer[:300]
    return found


def whole_answer(connection: socket.socket) -> bytes:
    """Read one answer, with its length stated or in chunks."""
    got = b""
    while True:
        more = connection.recv(1 << 16)
        if not more:
            raise ConnectionError("closed")
        got += more
        end = got.find(b"\r\n\r\n")
        if end < 0:
            continue
        head = got[:end].lower()
        at = head.find(b"content-length:")
        if at >= 0:
            if len(got) >= end + 4 + int(head[at + 15 :].split(b"\r\n", 1)[0]):
                return got
        elif got.endswith(b"0\r\n\r\n"):
            return got


def measure(server: Server, requests: Sequence[bytes], seconds: float) -> None:
    """Ask one server, over one connection and over 32, and note what was seen."""
    asked(server.port, requests, WARM if server.ready_s < 5 else 50)
    pilot = statistics.median(asked(server.port, requests, 50))
    count = int(min(ONE, max(200, seconds / pilot)))
    cpu = server.cpu_s()
    one = sorted(asked(server.port, requests, count))
    cpu = server.cpu_s() - cpu
    many = load(("127.0.0.1", server.port), requests, connections=32, seconds=seconds)
    server.measured.append(
        {
            "p50_us": 1e6 * one[len(one) // 2],
            "cpu_us": 1e6 * cpu / count,
            "p99_us": 1e6 * one[int(len(one) * 0.99)],
            "per_second": many.per_second,
            "p99_of_32_ms": many.percentile(99),
            "failed": len(many.unanswered) + sum(n for status, n in many.statuses.items() if status != 200),
            "memory_mb": server.memory_mb(),
        }
    )


def usual_rows(columns: Sequence[Any], known: Sequence[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Return distinct rows of values as the model has learned from: nothing about them is odd."""
    draw = random.Random(0)

    def drawn(column: Any) -> Any:
        if column.categories is not None:
            return draw.choice(column.categories)
        if column.kind == "boolean":
            return draw.choice([row[column.name] for row in known])
        value = draw.uniform(column.quantiles[0], column.quantiles[-1])
        return round(value) if column.kind == "integer" else round(value, 3)

    return [{column.name: drawn(column) for column in columns} for _ in range(count)]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def ours(name: str, model: str, folder: Path, *options: str) -> Server:
    """Return our service of a model."""
    port = free_port()
    workspace = folder / "workspace" if model == "shadowed" else folder / name.replace(" ", "-")
    command = [sys.executable, "-m", "mlwright", "serve", model, "--port", str(port), "--workspace", str(workspace)]
    served = "shadowed" if model == "shadowed" else "data"
    return Server(name, [*command, *options], port, f"/v1/models/{served}/predict", lambda row: {"rows": [row]})


def nothing() -> Server:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "nothing:app", "--app-dir", str(PEERS), "--port", str(port)]
    return Server(
        "nothing", [*command, "--no-access-log", "--log-level", "warning"], port, "/", lambda row: {"rows": [row]}
    )


def peer(name: str, folder: Path, python: Path, table: Path, model: Path) -> Server:
    """Return another tool's service of the same table, learned beforehand."""
    port = free_port()
    environment = {"PEER_MODEL": str(folder / name), "PEER_TABLE": str(table), "PYTHONPATH": str(PEERS)}
    if name == "fastapi_ours":
        environment["PEER_MODEL"] = str(model)
    else:
        kind = "mlflow" if name == "mlflow" else "plain"
        subprocess.run([python, PEERS / "learn.py", table, folder / name, kind], check=True, capture_output=True)
    if name == "mlflow":
        command = [str(python), "-m", "mlflow", "models", "serve", "-m", str(folder / name), "-p", str(port)]
        environment["PATH"] = f"{python.parent}:{os.environ['PATH']}"
        return Server(name, [*command, "--env-manager", "local"], port, "/invocations",
                      lambda row: {"dataframe_records": [row]}, environment)  # fmt: skip
    if name == "bentoml":
        command = [
            str(python),
            "-m",
            "bentoml",
            "serve",
            "bento_app:Pipeline",
            "--port",
            str(port),
            "--host",
            "127.0.0.1",
        ]
        environment |= {"BENTOML_DO_NOT_TRACK": "true", "BENTOML_HOME": str(folder / "bento-home")}
        return Server(
            name, [*command, "--working-dir", str(PEERS)], port, "/predict", lambda row: {"row": row}, environment
        )
    app = "fastapi_app:app" if name == "fastapi" else "fastapi_ours:app"
    command = [str(python), "-m", "uvicorn", app, "--app-dir", str(PEERS), "--port", str(port)]
    return Server(
        name, [*command, "--no-access-log", "--log-level", "warning"], port, "/predict", lambda row: row, environment
    )


def shadowed(folder: Path, model: Path) -> None:
    """Register the model twice, the second as the shadow of the first."""
    import mlwright as mw
    from mlwright.registry import Traffic, Workspace

    workspace = Workspace(folder / "workspace")
    for _ in range(2):
        workspace.add(mw.load(model), "shadowed")
    workspace.promote("shadowed", 1)
    workspace.set_traffic("shadowed", Traffic(shadow=("2",)))


def told(servers: Sequence[Server]) -> list[dict[str, Any]]:
    """Print the medians, and their ratios to what they are measured by."""
    lines = []
    for server in servers:
        line: dict[str, Any] = {"server": server.name, "ready_s": round(server.ready_s, 2)}
        for key in server.measured[0]:
            line[key] = round(statistics.median(each[key] for each in server.measured), 2)
        lines.append(line)
    base, main = lines[0], lines[1]
    heads = (
        "p50 us",
        "p99 us",
        "cpu us",
        "req/s at 32",
        "memory MB",
        "ready s",
        "p50/nothing",
        "p50/ours",
        "ours/s over",
    )
    print("\n" + f"{'server':16}" + "".join(f"{head:>13}" for head in heads))
    for line in lines:
        ratios = (line["p50_us"] / base["p50_us"], line["p50_us"] / main["p50_us"])
        seen = [line[key] for key in ("p50_us", "p99_us", "cpu_us", "per_second", "memory_mb")]
        cells = [f"{number:,.0f}" for number in seen] + [f"{line['ready_s']:.2f}", *(f"{each:.2f}" for each in ratios)]
        print(f"{line['server']:16}" + "".join(f"{cell:>13}" for cell in cells)
              + f"{main['per_second'] / line['per_second']:13.1f}")  # fmt: skip
    return lines


def main() -> None:
    """Measure, in turns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--peers", nargs="*", default=[], choices=list(PACKAGES))
    parser.add_argument("--environments", type=Path, default=Path("environments"))
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--budget", default="60s")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    wanted = {name: PACKAGES[name] for name in options.peers}
    pythons = environments(wanted, options.environments, install=options.install)
    import polars as pl

    import mlwright as mw

    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        table = folder / "table.csv"
        pl.DataFrame(made_up("binary", ROWS), strict=False).write_csv(table)
        model = options.model or mw.build(table, target="y", budget=options.budget).renamed("data").save(
            folder / "model"
        )
        shadowed(folder, model)
        loaded = mw.load(model)
        rows = usual_rows(loaded.parts.columns, loaded.parts.golden, 2_000)
        servers = [
            nothing(),
            ours("ours", str(model), folder),
            ours("no record", str(model), folder, "--durability", "off"),
            ours("with a shadow", "shadowed", folder),
            *(peer(name, folder, python, table, model) for name, python in pythons.items()),
        ]
        requests = {each.name: [prepared(each.path, each.body(row)) for row in rows] for each in servers}
        try:
            for server in servers:
                server.start(folder / f"{server.name}.log", requests[server.name][0])
            for _ in range(options.rounds):
                for server in servers:
                    measure(server, requests[server.name], options.seconds)
            lines = told(servers)
        finally:
            for server in servers:
                server.stop()
    if options.out:
        with options.out.open("a") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)


if __name__ == "__main__":
    main()

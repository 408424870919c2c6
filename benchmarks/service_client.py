"""A client for load: plain sockets on asyncio, keep-alive, requests whose bytes are made beforehand; and a service.

    from service_client import Service, load, prepared, distinct_rows

    with Service([model], workspace=folder) as service:
        [name] = service.names()
        rows = distinct_rows(service.example(name), 1_000)
        requests = [prepared(f"/v1/models/{name}/predict", {"rows": [row]}) for row in rows]
        measured = load(service.address, requests, connections=32, seconds=5)
        print(measured.per_second, measured.percentile(50))

It reads nothing of a response but its status, its length and whether the connection stays open.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

Address = tuple[str, int]
Seen = Callable[[bytes, int, bytes], None]
"""Is given a request, the status and the body of its answer."""
START_S = 30.0


def prepared(path: str, body: object = None, *, method: str = "POST", headers: Sequence[tuple[str, str]] = ()) -> bytes:
    """Return the bytes of a request; a body that is not bytes is sent as JSON."""
    sent = (
        b"" if body is None else body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
    )
    lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1"]
    if body is not None:
        lines.append(f"content-length: {len(sent)}")
        if not any(name.casefold() == "content-type" for name, _ in headers):
            lines.append("content-type: application/json")
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + sent


def distinct_rows(example: dict[str, Any], count: int, seed: int = 0) -> list[dict[str, Any]]:
    """Return rows like an example, each with its own numbers."""
    draw = random.Random(seed)
    return [{name: _moved(value, draw) for name, value in example.items()} for _ in range(count)]


def _moved(value: Any, draw: random.Random) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    moved = value * draw.uniform(0.5, 1.5) + draw.uniform(-0.5, 0.5)
    return round(moved) if isinstance(value, int) else round(moved, 4)


class ClosedError(ConnectionError):
    """The service closed the connection before the answer was whole."""


class Connection(asyncio.Protocol):
    """One connection: a request at a time."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport
        self._got = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._body_at, self._end, self._status = 0, 0, 0
        self.is_open = False
        self.says_close = False
        """Whether the last answer said that the connection ends with it."""

    @classmethod
    async def to(cls, address: Address) -> Connection:
        """Return an open connection. Raises OSError."""
        _, made = await asyncio.get_running_loop().create_connection(cls, *address)
        return made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note that it is open."""
        self._transport, self.is_open = transport, True  # type: ignore[assignment]

    def ask(self, request: bytes) -> asyncio.Future[tuple[int, bytes]]:
        """Send a request; return its status and body, soon. Fails with ClosedError."""
        self._answer = answer = asyncio.get_running_loop().create_future()
        if self.is_open:
            self._transport.write(request)
        else:
            answer.set_exception(ClosedError("closed before the request was sent"))
        return answer

    def data_received(self, data: bytes) -> None:
        """Take bytes; where the answer is whole, hand it over."""
        got = self._got
        got += data
        if not self._end:
            self._body_at = got.find(b"\r\n\r\n") + 4
            if self._body_at < 4:
                return
            self._read_head(bytes(got[: self._body_at]).lower())
        if len(got) >= self._end and self._answer is not None and not self._answer.done():
            body = bytes(got[self._body_at : self._end])
            del got[: self._end]
            self._end = 0
            self._answer.set_result((self._status, body))

    def _read_head(self, head: bytes) -> None:
        self._status = int(head[9:12])
        at = head.find(b"\r\ncontent-length:")
        length = int(head[at + 17 : head.index(b"\r\n", at + 2)]) if at >= 0 else 0
        self.says_close = b"\r\nconnection: close" in head
        self._end = self._body_at + length

    def connection_lost(self, _: Exception | None) -> None:
        """Tell whoever waits."""
        self.is_open = False
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ClosedError("closed before the answer was whole"))

    def close(self) -> None:
        """End the connection."""
        self._transport.close()


@dataclass
class Measured:
    """What a load found."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    """In seconds, of each answer."""
    statuses: dict[int, int] = field(default_factory=dict)
    unanswered: list[str] = field(default_factory=list)
    """Why requests that were sent got no answer."""
    refused: int = 0
    """So often no connection could be made."""

    @property
    def answered(self) -> int:
        """How many answers there were."""
        return len(self.latencies)

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answered / self.seconds

    def percentile(self, share: float) -> float:
        """Return so many hundredths of the latencies lie below it, in milliseconds."""
        ordered = sorted(self.latencies)
        return 1e3 * ordered[min(int(len(ordered) * share / 100), len(ordered) - 1)]

    def told(self) -> str:
        """Return one line."""
        counts = ", ".join(f"{count:,} x {status}" for status, count in sorted(self.statuses.items()))
        return (
            f"{self.per_second:,.0f} requests/s, p50 {self.percentile(50):.3f} ms, p99 {self.percentile(99):.3f} ms, "
            f"{counts}, {len(self.unanswered)} without an answer"
        )


async def under_load(
    address: Address,
    requests: Sequence[bytes],
    *,
    connections: int,
    until: Callable[[], bool],
    seen: Seen | None = None,
    pause_s: float = 0.0,
) -> Measured:
    """Send requests, again and again, over so many connections until told to stop, and return what was measured.

    A connection that the service closes between two requests, or after saying so, is made anew. Each connection ends
    where no new one can be made.
    """
    found = Measured()
    started = time.perf_counter()
    await asyncio.gather(
        *(
            _keep_asking(address, requests, place, connections, until, seen, pause_s, found)
            for place in range(connections)
        )
    )
    found.seconds = time.perf_counter() - started
    return found


async def _keep_asking(
    address: Address,
    requests: Sequence[bytes],
    first: int,
    step: int,
    until: Callable[[], bool],
    seen: Seen | None,
    pause_s: float,
    found: Measured,
) -> None:
    place, clock = first, time.perf_counter
    connection: Connection | None = None
    while not until():
        if connection is None or not connection.is_open or connection.says_close:
            try:
                connection = await Connection.to(address)
            except OSError:
                found.refused += 1
                return
        request = requests[place % len(requests)]
        place += step
        sent = clock()
        try:
            status, body = await connection.ask(request)
        except ClosedError as error:
            found.unanswered.append(str(error))
            continue
        found.latencies.append(clock() - sent)
        found.statuses[status] = found.statuses.get(status, 0) + 1
        if seen is not None:
            seen(request, status, body)
        if pause_s:
            await asyncio.sleep(pause_s)
    if connection is not None:
        connection.close()


def load(
    address: Address, requests: Sequence[bytes], *, connections: int = 1, seconds: float = 5.0, seen: Seen | None = None
) -> Measured:
    """Send requests for so many seconds and return what was measured."""
    end = time.perf_counter() + seconds

    async def main() -> Measured:
        return await under_load(
            address, requests, connections=connections, until=lambda: time.perf_counter() >= end, seen=seen
        )

    return run(main())


def run(main: Any) -> Any:
    """Run a coroutine on uvloop where that is installed."""
    try:
        import uvloop
    except ImportError:
        return asyncio.run(main)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


class Service:
    """A service in a process of its own, from `with` on; it is stopped by its process id."""

    def __init__(
        self,
        models: Sequence[str | Path],
        *,
        workspace: Path,
        options: Sequence[str] = (),
        environment: dict[str, str] | None = None,
    ) -> None:
        self._command = [
            sys.executable, "-m", "mlwright", "serve", *map(str, models), "--port", "0", "--workspace", str(workspace),
            *options,
        ]  # fmt: skip
        self._environment = {**os.environ, "OMP_WAIT_POLICY": "passive", **(environment or {})}
        self.log = Path(workspace) / "service.log"
        self.address: Address = ("", 0)
        self.ready_s = 0.0
        """Seconds from the start of the process to its first answer."""
        self.process: subprocess.Popen[bytes]

    def __enter__(self) -> Self:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        started = time.perf_counter()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(self._command, stderr=log, stdout=log, env=self._environment)
        try:
            self._wait_for_it()
        except BaseException:
            self.process.kill()
            raise
        self.ready_s = time.perf_counter() - started
        return self

    def _wait_for_it(self) -> None:
        end = time.monotonic() + START_S
        while time.monotonic() < end and self.process.poll() is None:
            if found := re.search(r"at https?://([\d.]+):(\d+)", self.log.read_text(errors="replace")):
                self.address = found[1], int(found[2])
                try:
                    if self.get("/health/ready")[0] == 200:
                        return
                except OSError:
                    pass
            time.sleep(0.02)
        raise RuntimeError(f"The service did not start: {self.log.read_text(errors='replace')[-2000:]}")

    def get(self, path: str) -> tuple[int, bytes]:
        """Return the status and body of one address."""
        request = urllib.request.Request("http://{}:{}{}".format(*self.address, path))
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def names(self) -> list[str]:
        """Return the names of the models that are served."""
        return [each["name"] for each in json.loads(self.get("/v1/models")[1])["models"]]

    def example(self, name: str) -> dict[str, Any]:
        """Return a row that a model can be asked about."""
        row: dict[str, Any] = json.loads(self.get(f"/v1/models/{name}/example")[1])["rows"][0]
        return row

    def metric(self, name: str) -> float:
        """Return the sum of a metric over its labels."""
        text = self.get("/metrics")[1].decode()
        return sum(float(line.rpartition(" ")[2]) for line in text.splitlines() if re.match(rf"{name}[{{ ]", line))

    def memory_mb(self) -> dict[int, float]:
        """Return the resident memory of the process and of its children, by process id."""
        return {pid: memory_mb(pid) for pid in (self.process.pid, *children(self.process.pid))}

    def stop(self, number: int = signal.SIGTERM, seconds: float = 40.0) -> int:
        """Send a signal and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(seconds)

    def __exit__(self, *_: object) -> None:
        try:
            self.stop()
        except subprocess.TimeoutExpired:
            for pid in children(self.process.pid):
                os.kill(pid, signal.SIGKILL)
            self.process.kill()
            self.process.wait()


def children(pid: int) -> Iterator[int]:
    """Yield the process ids of a process's children that serve."""
    for task in Path(f"/proc/{pid}/task").glob("*"):
        for child in (task / "children").read_text().split():
            if b"resource_tracker" not in Path(f"/proc/{child}/cmdline").read_bytes():
                yield int(child)


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024  # type: ignore[index]

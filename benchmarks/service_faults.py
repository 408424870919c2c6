"""Requests that are made to keep a service busy: how long each takes, what others wait meanwhile, what memory it costs.

    python benchmarks/service_faults.py MODEL

Bar: each is answered within 15 s, none by a fault (5xx), 413 also for a body of 1 GB that is sent to its end or as far
as anybody listens; others wait at most 2 s; memory stays below 1 GB; and a good request is answered as before.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

from service_client import Service, memory_mb, prepared

LONGEST_S, WAIT_S, MEMORY_MB = 15.0, 2.0, 1000.0
BOOK = 15_000_000
PART = b"x" * (1 << 20)


def cases(path: str, row: dict[str, Any]) -> dict[str, Iterable[bytes]]:
    """Return the requests, each in parts."""
    draw = random.Random(0)
    texts = [column for column, value in row.items() if isinstance(value, str)]

    def rows(*found: dict[str, Any], query: str = "") -> list[bytes]:
        return [prepared(path + query, {"rows": list(found)})]

    def body(content: bytes, kind: str = "application/json") -> list[bytes]:
        return [prepared(path, content, headers=[("content-type", kind)])]

    def new() -> dict[str, Any]:
        return {**row, **{column: "".join(draw.choices("level 0123456789", k=9)) for column in texts}}

    large = prepared(path, b"").replace(b"content-length: 0", b"content-length: 1073741824")
    repeated = b",".join(b'"c%d":1' % place for place in range(200_000))
    return {
        "1 GB": [large, *[PART] * 1024],
        "100,000 columns": rows({f"column {place}": 1 for place in range(100_000)}),
        "100,000 columns more": rows({**row, **{f"column {place}": 1 for place in range(100_000)}}),
        "8 rows, 10,000 other names": rows(*[{f"{texts[0]}{place}": 1 for place in range(10_000)}] * 8),
        "10,000 rows, misspelt": rows(*[{f"{column}x": 1 for column in row}] * 10_000),
        "10,000 rows of new categories": rows(*[new() for _ in range(10_000)]),
        "a book for a category": rows({**row, texts[0]: "x" * BOOK}),
        "a book of spaces": rows({**row, texts[0]: " " * BOOK + "x"}),
        "a name twice among 200,000": body(b'{"rows":[{' + repeated + b',"c199999":2}]}'),
        "15 MB of colons": body(b'{"rows":[{"a":"' + b":" * BOOK + b'"}]}'),
        "5 million empty rows": body(b'{"rows":[' + b"{}," * 5_000_000 + b"{}]}"),
        "5 million lines": body(b"{}\n" * 5_000_000, "application/x-ndjson"),
        "15 million empty lines": body(b"\n" * BOOK, "application/x-ndjson"),
        "5 million rows of CSV": body(b"a\n" + b"1\n" * 5_000_000, "text/csv"),
        "15 MB of quotes": body(b"a\n" + b'"' * BOOK, "text/csv"),
        "compressed Arrow": body(_arrow(), "application/vnd.apache.arrow.stream"),
        "deep": body(b"[" * BOOK),
    }


def _arrow() -> bytes:
    """Return 200 KB that would be 1.6 GB."""
    import polars as pl

    out = io.BytesIO()
    frame = pl.DataFrame({"a": pl.repeat(0, 200_000_000, dtype=pl.Int64, eager=True)})
    frame.write_ipc_stream(out, compression="zstd")
    return out.getvalue()


def asked(service: Service, parts: Iterable[bytes]) -> tuple[int, float]:
    """Return the status of the answer (0: none) and the seconds until it was there."""
    started = time.perf_counter()
    with socket.create_connection(service.address, 60) as connection:
        try:
            for part in parts:
                connection.sendall(part)
        except OSError:
            pass  # nobody listens any more: the answer is there
        try:
            head = connection.recv(4096)
        except OSError:
            head = b""
    return int(head[9:12] or 0), time.perf_counter() - started


class Others:
    """Somebody else, who asks whether the service lives, while `with` lasts."""

    def __init__(self, service: Service) -> None:
        self.longest = 0.0
        self._service, self._is_over = service, threading.Event()
        self._thread = threading.Thread(target=self._ask)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _ask(self) -> None:
        with socket.create_connection(self._service.address, 60) as connection:
            while not self._is_over.is_set():
                started = time.perf_counter()
                connection.sendall(prepared("/health/live", method="GET"))
                connection.recv(4096)
                self.longest = max(self.longest, time.perf_counter() - started)
                time.sleep(0.005)


def main() -> int:
    """Ask, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    options = parser.parse_args()
    missed = []
    with tempfile.TemporaryDirectory() as folder, Service([options.model], workspace=Path(folder)) as service:
        [name] = service.names()
        row, path = service.example(name), f"/v1/models/{name}/predict"
        good = [prepared(path, {"rows": [row]})]
        for told, parts in cases(path, row).items():
            with Others(service) as others:
                status, seconds = asked(service, parts)
            memory = memory_mb(service.process.pid)
            after, _ = asked(service, good)
            holds = 200 <= status < 500 and seconds < LONGEST_S and others.longest < WAIT_S and memory < MEMORY_MB
            if not holds or after != 200:
                missed.append(told)
            print(f"{told:32} {status} {seconds:6.2f} s, others {others.longest:5.2f} s, {memory:5.0f} MB", flush=True)
    print(json.dumps({"missed": missed}))
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())

"""Whether a service that works for long holds its memory: a mix of what clients send, at a moderate load.

    python benchmarks/service_soak.py MODEL [--minutes 10] [--connections 8] [--per-second 400] [--workers 1]

Distinct rows, rows with values that are flagged, many rows at once, reasons, idempotency keys, requests that are wrong
in their rows, their JSON or their address, and connections that come and go. Memory is looked at each second.

Bar: after the first minute, resident memory of no process grows by more than 1 MB a minute (slope of a line through
all its values); no 5xx, no request without an answer.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from service_client import Measured, Service, distinct_rows, prepared, run, under_load

SLOPE_MB = 1.0
SETTLING_S = 60.0
ROWS = 20_000
WRONG = (b'{"rows":[', b'{"rows":[]}', b'{"rows":[{"nobody asked":1}]}', b'{"rows":[{"a":NaN}]}', b"\xff\xfe", b"")


def mixed(name: str, example: dict[str, Any]) -> list[bytes]:
    """Return requests of all kinds, most of them good ones."""
    path = f"/v1/models/{name}/predict"
    rows = distinct_rows(example, ROWS)
    category = next((column for column, value in example.items() if isinstance(value, str)), None)
    requests = []
    for place, row in enumerate(rows):
        kind = place % 40
        if kind == 0:
            requests.append(prepared(path, WRONG[place // 40 % len(WRONG)]))
        elif kind == 1 and category is not None:
            requests.append(prepared(path, {"rows": [{**row, category: f"never seen {place}"}]}))
        elif kind == 2:
            requests.append(prepared(path, {"rows": rows[place : place + 50]}))
        elif kind == 3:
            requests.append(prepared(path + "?explain=true", {"rows": [row]}))
        elif kind == 4:
            requests.append(prepared(path, {"rows": [row]}, headers=[("idempotency-key", f"soak-{place // 80}")]))
        elif kind == 5:
            requests.append(prepared(f"/v1/models/nobody-{place}/predict", {"rows": [row]}))
        elif kind == 6:
            requests.append(prepared("/metrics", method="GET"))
        elif kind == 7:
            requests.append(prepared(path, {"rows": [row]}, headers=[("connection", "close")]))
        else:
            requests.append(prepared(path, {"rows": [row]}))
    return requests


async def soak(service: Service, requests: list[bytes], options: argparse.Namespace) -> tuple[Measured, dict[int, Any]]:
    """Return what the load measured, and the memory of each process by second."""
    started = time.monotonic()
    seen: dict[int, list[tuple[float, float]]] = {}

    def is_over() -> bool:
        return time.monotonic() - started > options.minutes * 60

    async def watch() -> None:
        while not is_over():
            for pid, memory in service.memory_mb().items():
                seen.setdefault(pid, []).append((time.monotonic() - started, memory))
            await asyncio.sleep(1)

    pause = options.connections / options.per_second
    measured, _ = await asyncio.gather(
        under_load(service.address, requests, connections=options.connections, until=is_over, pause_s=pause), watch()
    )
    return measured, {pid: np.array(values) for pid, values in seen.items()}


def main() -> int:
    """Soak, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--per-second", type=float, default=400.0)
    parser.add_argument("--workers", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        with Service([options.model], workspace=workspace, options=["--workers", str(options.workers)]) as service:
            [name] = service.names()
            measured, memory = run(soak(service, mixed(name, service.example(name)), options))
            drops = service.metric("mlwright_record_dropped")
    print(measured.told(), f"{drops:g} dropped from the record")
    failed = bool(measured.unanswered) or any(status >= 500 for status in measured.statuses)
    settling = min(SETTLING_S, options.minutes * 60 / 3)
    for pid, values in memory.items():
        later = values[values[:, 0] > settling]
        slope = 60 * float(np.polyfit(later[:, 0], later[:, 1], 1)[0])
        first, last, most = later[0, 1], later[-1, 1], values[:, 1].max()
        print(f"process {pid}: {first:.1f} MB after {settling:.0f} s, {last:.1f} MB at the end, at most {most:.1f} MB;")
        print(f"  {slope:+.2f} MB a minute (bar: {SLOPE_MB:g})")
        failed |= slope > SLOPE_MB
    print(json.dumps({"failed": failed}))
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

"""Whether versions can be replaced under load: no request fails, and no answer's version and score disagree.

    python benchmarks/service_swaps.py [--swaps 1000] [--connections 32] [--workers 1] [--seconds-between 0.08]

Three versions of one name are built on three tables. While 32 connections ask for answers, the registry is changed
again and again: another champion, back to the one before, a canary by chance, one by a column's value, a shadow, none.
Each answer is compared with what the version that it names says of that row, asked directly.

Bar: 0 without an answer, 0 but 200, 0 that disagree; and at the end every answer is the last champion's.
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

from latency import made_up
from service_client import Connection, Measured, Service, distinct_rows, prepared, run, under_load

import mlwright as mw
from mlwright.registry import Workspace
from mlwright.registry.traffic import Traffic

NAME = "swapped"
VERSIONS = 3
CLOSE = 1e-9
SETTINGS = "refresh_s = 0.05\n[limits]\nmodels = 1\n"


def built(workspace: Workspace) -> dict[str, Any]:
    """Add the versions; return a row that they can be asked about."""
    for seed in range(VERSIONS):
        model = mw.build(made_up("binary", 600, seed), target="y", trials=1, learners=["lightgbm"], seed=seed)
        workspace.add(model, NAME)
    workspace.promote(NAME, 1)
    table = made_up("binary", 600, 0)
    return {
        column: next(value for value in values if value is not None)
        for column, values in table.items()
        if column != "y"
    }


class Judge:
    """Compares each answer with what its version says of its row."""

    def __init__(self, workspace: Workspace, rows: list[dict[str, Any]]) -> None:
        self.requests = [prepared(f"/v1/models/{NAME}/predict", {"rows": [row]}) for row in rows]
        self._place = {request: place for place, request in enumerate(self.requests)}
        self._said = {
            version: workspace.open(f"{NAME}@{version}").predict_proba(rows) for version in range(1, VERSIONS + 1)
        }
        self.by_version = dict.fromkeys(self._said, 0)
        self.wrong: list[str] = []

    def __call__(self, request: bytes, status: int, body: bytes) -> None:
        """Look at one answer."""
        if status != 200:
            self.wrong.append(f"{status}: {body[:200]!r}")
            return
        told = json.loads(body)
        [answer] = told["predictions"]
        version = answer.get("version") or told["model"]["version"]
        self.by_version[version] += 1
        expected = self._said[version][self._place[request]]
        said = list(answer["probabilities"].values())
        if max(abs(one - other) for one, other in zip(said, expected, strict=True)) > CLOSE:
            self.wrong.append(f"version {version} says {expected}, the service {said}")


def swap(workspace: Workspace, step: int) -> None:
    """Change what the name means in one of six ways."""
    kind, version = step % 6, step // 6 % VERSIONS + 1
    other = str(version % VERSIONS + 1)
    if kind in {0, 3}:
        workspace.promote(NAME, int(other) if kind == 0 else version)
    elif kind == 1:
        workspace.set_traffic(NAME, Traffic({other: 0.3}))
    elif kind == 2:
        workspace.rollback(NAME)
    elif kind == 4:
        workspace.set_traffic(NAME, Traffic({other: 0.5}, sticky="number0", shadow=(str(version),)))
    else:
        workspace.set_traffic(NAME, Traffic())


async def swapping(service: Service, workspace: Workspace, judge: Judge, options: argparse.Namespace) -> Measured:
    """Swap under load; return what the load measured."""
    is_done = False

    def swaps() -> None:
        for step in range(options.swaps):
            swap(workspace, step)
            time.sleep(options.seconds_between)

    async def change() -> None:
        nonlocal is_done
        try:
            await asyncio.to_thread(swaps)
        finally:
            is_done = True

    measured, _ = await asyncio.gather(
        under_load(service.address, judge.requests, connections=options.connections, until=lambda: is_done, seen=judge),
        change(),
    )
    return measured


async def last_versions(service: Service, judge: Judge, count: int = 50) -> set[int]:
    """Return which versions answer now."""
    found = set()
    for _ in range(count):
        connection = await Connection.to(service.address)
        _, body = await connection.ask(judge.requests[0])
        found.add(json.loads(body)["model"]["version"])
        connection.close()
    return found


def main() -> int:
    """Swap, print, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--swaps", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seconds-between", type=float, default=0.08)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(Path(folder))
        judge = Judge(workspace, distinct_rows(built(workspace), 300))
        settings = Path(folder) / "serve.toml"
        settings.write_text(SETTINGS)
        more = ["--settings", str(settings), "--workers", str(options.workers)]
        with Service([NAME], workspace=Path(folder), options=more) as service:
            measured = run(swapping(service, workspace, judge, options))
            workspace.set_traffic(NAME, Traffic())
            workspace.promote(NAME, 2)
            time.sleep(1.0)
            last = run(last_versions(service, judge))
            memory = service.memory_mb()
    print(measured.told())
    print(f"{options.swaps:,} swaps in {measured.seconds:.1f} s; answers by version: {judge.by_version}")
    print(f"{len(judge.wrong)} wrong answers; at the end version(s) {sorted(last)} answer, 2 is meant")
    print("memory (MB): " + ", ".join(f"{value:.0f}" for value in memory.values()))
    for said in [*judge.wrong[:5], *measured.unanswered[:5]]:
        print("  ", said)
    return int(bool(judge.wrong or measured.unanswered) or last != {2})


if __name__ == "__main__":
    sys.exit(main())

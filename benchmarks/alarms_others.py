"""Other tools on the streams of `alarms.py`: each in an environment of its own, streams as files, results as lines."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from alarms_fleet import NEVER, told, wilson
from alarms_streams import AFTER, GOOD, SHIFTS, YEAR, drifting, errors

PEERS = Path(__file__).parent / "alarms_peers"
PACKAGES = {
    "river": ["river", "numpy"],
    "evidently": ["evidently", "pandas<3"],
    "nannyml": ["nannyml", "statsmodels"],
}
MONTHS, COLUMNS, CHUNK = 12, 20, 500


def asked(python: Path, script: str, *arguments: object) -> list[Any]:
    """Return what a peer's script prints, line by line; a script that fails says why and is left out."""
    command = [str(python), str(PEERS / script), *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if run.returncode:
        print(f"{script} failed: {run.stderr.strip().splitlines()[-1:]}", flush=True)
        return []
    lines = run.stdout.splitlines()
    return [json.loads(line) for line in lines if line.startswith(("{", "null")) or line.isdigit()]


def rows_of(firsts: Sequence[int | None]) -> Any:
    return np.array([NEVER if each is None else each for each in firsts])


def river(python: Path, streams: Any, *, kind: str, change: int | None) -> dict[str, Any]:
    """Return what each of River's detectors finds in streams (rows, n) of zeros and ones, or of numbers."""
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/streams.npy", streams)
        lines = asked(python, "river_detectors.py", f"{folder}/streams.npy", kind)
    return {line["detector"]: told(rows_of(line["first"]), change) for line in lines}


def river_agrees(python: Path) -> dict[str, float]:
    """Return how River's targets differ from ours, after its noise of one standard deviation is taken into account."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("gra", "lea", "gsg"):
            starts = (1_000, 2_000, 3_000)[: 3 if kind == "lea" else 2]
            asked(python, "river_friedman.py", kind, 4_000, f"{folder}/x.npy", *starts)
            rows = np.load(f"{folder}/x.npy")
            for ours in ("gra", "gra as in River") if kind == "gra" else (kind,):
                noise = rows[:, 10] - drifting(ours, rows[:, :10], starts, window=0, seed=0)
                found[f"{ours}: deviation of the difference (1)"] = round(float(noise.std()), 3)
    return found


def nannyml(python: Path, deployments: int) -> dict[str, Any]:
    """Return what NannyML says of errors, in years without a change and with one, and of columns that stay."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        before, now = f"{folder}/before.npy", f"{folder}/now.npy"
        for reference in (2_000, YEAR):
            np.save(before, errors("constant", reference, deployments, seed=21))
            for kind, rows, change in (("constant", YEAR, None), *((each, GOOD + AFTER, GOOD) for each in SHIFTS[:2])):
                np.save(now, errors(kind, rows, deployments, seed=22))
                lines = asked(python, "nannyml_chunks.py", "performance", before, now, CHUNK)
                if lines:
                    found[f"accuracy, {reference:,} rows of reference, {kind}"] = told(rows_of(lines), change)
        random = np.random.default_rng(23)
        few = max(2, deployments // 5)
        np.save(before, random.normal(size=(few, 2_000, COLUMNS)).astype(np.float32))
        np.save(now, random.normal(size=(few, YEAR, COLUMNS)).astype(np.float32))
        lines = asked(python, "nannyml_chunks.py", "columns", before, now, CHUNK)
        if lines:
            found["columns, 2,000 rows of reference, constant"] = told(rows_of(lines))
    return found


def evidently(python: Path, deployments: int) -> dict[str, Any]:
    """Return in how many years of unchanged columns Evidently's preset finds drift, by the size of the reference."""
    found = {}
    random = np.random.default_rng(24)
    with tempfile.TemporaryDirectory() as folder:
        for reference in (500, 2_000):
            np.save(f"{folder}/before.npy", random.normal(size=(deployments, reference, COLUMNS)))
            np.save(f"{folder}/now.npy", random.normal(size=(deployments, YEAR, COLUMNS)))
            lines = asked(python, "evidently_months.py", f"{folder}/before.npy", f"{folder}/now.npy", MONTHS)
            for what in ("any column", "data set") if lines else ():
                years = sum(line[what] > 0 for line in lines)
                found[f"{what} drifts, {reference:,} rows of reference"] = {
                    "years": round(years / len(lines), 3),
                    "interval": [round(each, 3) for each in wilson(years, len(lines))],
                    "months": round(sum(line[what] for line in lines) / len(lines) / MONTHS, 3),
                }
    return found

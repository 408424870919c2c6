"""Claim: the monitor goes through 1,000,000 records of 50 columns in at most 60 s, and takes 1 ms at most for one more.

    python benchmarks/monitor_cost.py [--rows 200000] [--columns 50] [--folder DIR]

A model of so many columns (half numbers, half categories) answers that many rows; they are put into a record with all
their outcomes, as the service does, and a monitor that has never looked goes through them: read, typed, put into bins,
bet on, saved. Seconds of this process and of the clock are told, scaled to 1,000,000 records, beside the same rows from
a Parquet file; and what one more record costs a monitor that is up to date, rows coming in one by one.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import polars as pl

import mlwright as mw
from mlwright.model import Model
from mlwright.monitor.deployment import Deployment
from mlwright.monitor.events import FileSource
from mlwright.monitor.monitor import Monitor, monitor_file
from mlwright.monitor.subject import Subject
from mlwright.registry import Workspace
from mlwright.registry.database import writing
from mlwright.serve.record import Answered, Private, Record
from mlwright.serve.record.answered import as_json, line
from mlwright.serve.record.tables import OUTCOME_HISTORY, OUTCOMES
from mlwright.serve.record.writer import Writer

NAME, PART, MILLION = "wide", 20_000, 1_000_000
LEVELS = np.array([f"level {place}" for place in range(12)])
BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
SINGLE = 1_000


def drawn(rows: int, columns: int, seed: int) -> pl.DataFrame:
    """Return rows of numbers and categories, and a target that follows from three of them."""
    random = np.random.default_rng(seed)
    numbers = {f"n{place}": random.normal(size=rows).round(4) for place in range((columns + 1) // 2)}
    texts = {f"c{place}": LEVELS[random.integers(0, 12, rows)] for place in range(columns // 2)}
    score = numbers["n0"] + numbers["n1"] + random.normal(size=rows)
    return pl.DataFrame({**numbers, **texts, "y": np.where(score > 0, "yes", "no")})


def recorded(record: Record, model: Model, rows: pl.DataFrame, at: datetime) -> None:
    """Put the answers to rows, a second apart, and their outcomes into a record."""
    said = model.answer(rows.drop("y"))
    assert said.probabilities is not None
    lines, told = [], []
    for place, row in enumerate(rows.to_dicts()):
        truth = as_json(row.pop("y"))
        moment = round((at + timedelta(seconds=place)).timestamp() * 1e6)
        name = f"{moment:016x}"
        chances = dict(zip(map(str, model.classes_), said.probabilities[place].tolist(), strict=True))
        answer = {"prediction": str(said.values[place]), "action": "answer", "probabilities": chances}
        answered = Answered(id=name, at=moment, model=NAME, version=1, row=row, answer=answer, latency_us=900)
        lines.append(line(answered, Private()))
        digest = hashlib.sha256(truth.encode()).hexdigest()[:32]
        told.append(
            {"model": NAME, "id": name, "at": moment, "outcome": truth, "digest": digest, "received": moment + 1}
        )
    assert Writer(record).write(lines) == []
    with writing(record.engine) as connection:
        connection.execute(OUTCOME_HISTORY.insert(), told)
        connection.execute(OUTCOMES.insert(), told)


def timed(what: str, rows: int, work: object) -> None:
    """Do something, and tell how long it took for a million rows."""
    wall, own = time.perf_counter(), time.process_time()
    work()  # type: ignore[operator]
    wall, own = time.perf_counter() - wall, time.process_time() - own
    scale = MILLION / rows
    print(f"{what}: {wall * scale:.1f} s of the clock, {own * scale:.1f} s of the processor for 1,000,000", flush=True)


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--columns", type=int, default=50)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder) as folder:
        home = Path(folder)
        workspace = Workspace(home / "workspace")
        model = mw.build(drawn(5_000, asked.columns, 0), target="y", trials=1, clean=False, name=NAME)
        workspace.add(model, NAME)
        record = Record(workspace.path / "record.db")
        parts = [drawn(PART, asked.columns, 1 + place) for place in range(asked.rows // PART)]
        for place, part in enumerate(parts):
            recorded(record, model, part, BEGUN + timedelta(seconds=PART * place))
        monitor = Monitor(workspace, NAME, record=record)
        timed("a record", asked.rows, lambda: monitor.run(BEGUN + timedelta(days=30)))
        pl.concat(parts).write_parquet(home / "rows.parquet")
        timed("a Parquet file", asked.rows, lambda: monitor_file(model, home / "rows.parquet"))
        single(model, parts[0])
        record.close()


def single(model: Model, rows: pl.DataFrame) -> None:
    """Tell what one more record costs, of rows that were read before."""
    deployment = Deployment(Subject(model))
    events = next(iter(FileSource(model, rows.head(SINGLE)).blocks()))[0]
    each = [events.take(np.array([place])) for place in range(SINGLE)]
    begun = time.process_time()
    for event in each:
        deployment.take(event, "answers")
        deployment.take(event, "outcomes")
    print(f"one more record: {1000 * (time.process_time() - begun) / SINGLE:.2f} ms of the processor")


if __name__ == "__main__":
    main()

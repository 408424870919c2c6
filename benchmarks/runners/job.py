"""One system on one table: fit within the budget, answer the fresh rows, and say what that took.

A system's file holds a `System`, which is a `Runner` that knows its own calls. What is timed is what its user calls:
`fit` on a frame that pandas has read (mlwright reads its file itself, within its budget), then answers to rows as they
stand in that frame, with all the preparing that the system asks of its user.
"""

from __future__ import annotations

import importlib
import json
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pandas as pd

ONE_ROW = 30
WARM_UP = 3
BATCH = 10_000
LONGEST = 30.0
"""Seconds that repeating one measurement may take."""


@dataclass(frozen=True)
class Job:
    """What a system is asked to do."""

    system: str
    train: str
    test: str
    target: str
    task: str
    metric: str
    budget: float
    seed: int
    threads: int
    folder: str

    @classmethod
    def read(cls, path: str) -> Job:
        """Return the job that a file describes."""
        return cls(**json.loads(Path(path).read_text(encoding="utf-8")))


class Runner:
    """A system as its users run it: by default one that is given frames of pandas.

    The methods are called in the order in which they stand here. Classes are named in the order of the columns of
    `predict`, which answers probabilities, or numbers where the task is a regression.
    """

    package: ClassVar[str]
    """What it is installed as; its version is noted."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.saved = Path(job.folder) / "model"
        self.train = pd.DataFrame()
        self.model: Any = None

    @property
    def classifies(self) -> bool:
        """Whether probabilities are asked for."""
        return self.job.task != "regression"

    def read(self) -> None:
        """Read the rows to learn from; not timed."""
        self.train = texts(pd.read_csv(self.job.train, low_memory=False))

    def fit(self) -> None:
        """Learn; timed."""
        raise NotImplementedError

    def save(self) -> None:
        """Write the model to `saved`, a file or a folder, as its users would."""
        raise NotImplementedError

    def rows(self) -> pd.DataFrame:
        """Return the fresh rows, in the types of those it learned from."""
        return alike(pd.read_csv(self.job.test, low_memory=False), self.train)

    def predict(self, rows: Any) -> Any:
        """Return answers for rows; timed."""
        return self.model.predict_proba(rows) if self.classifies else self.model.predict(rows)

    def predict_all(self, rows: pd.DataFrame) -> Any:
        """Return answers for all fresh rows."""
        return self.predict(rows)

    def classes(self) -> list[Any]:
        """Return the labels in the order of the probabilities."""
        return list(self.model.classes_)

    def models(self) -> int:
        """Return how many fitted models an answer asks."""
        return 1

    def ready(self) -> bool:
        """Do what its documentation says makes single answers fast; False where it says nothing."""
        return False

    def single(self, rows: pd.DataFrame, place: int) -> Any:
        """Return one row in the form in which one row is asked."""
        return rows.iloc[[place]]

    def shipped(self) -> Path:
        """Return what has to be moved to where it answers."""
        return self.saved


def texts(frame: pd.DataFrame) -> pd.DataFrame:
    """Make text of columns that mix kinds, such as True beside nothing: most systems refuse them."""
    for name in frame.columns:
        if frame[name].dtype == object:
            frame[name] = frame[name].map(str, na_action="ignore")
    return frame


def alike(frame: pd.DataFrame, train: pd.DataFrame) -> pd.DataFrame:
    """Give fresh rows the types of the training rows: a file of few rows is read differently from one of many."""
    for name in frame.columns:
        if frame[name].dtype == train[name].dtype:
            continue
        if pd.api.types.is_bool_dtype(train[name]):
            frame[name] = frame[name].map({True: True, False: False, "True": True, "False": False})
        elif pd.api.types.is_numeric_dtype(train[name]):
            frame[name] = pd.to_numeric(frame[name], errors="coerce")
        else:
            frame[name] = frame[name].map(str, na_action="ignore").astype(train[name].dtype)
    return texts(frame)


def measure(runner: Runner) -> dict[str, Any]:
    """Fit, answer, and leave predictions and facts in the job's folder, so that what is known survives what fails."""
    folder = Path(runner.job.folder)
    runner.read()
    begun = time.perf_counter()
    runner.fit()
    facts: dict[str, Any] = {"fit_s": time.perf_counter() - begun, "memory_mb": peak()}
    facts |= {"version": release(runner.package), "models": runner.models()}
    write(folder, facts)
    (folder / "fitted").touch()
    rows = runner.rows()
    answers = np.asarray(runner.predict_all(rows), dtype=float)
    classes = [str(label) for label in runner.classes()] if runner.classifies else []
    np.savez(folder / "predictions.npz", answers=answers, classes=np.array(classes, dtype=str))
    runner.save()
    facts |= {"size_mb": megabytes(runner.saved), "ship_mb": megabytes(runner.shipped())}
    write(folder, facts)
    plain = one_row(runner, rows)
    facts["row_ms_plain"] = plain
    facts["row_ms"] = one_row(runner, rows) if runner.ready() else plain
    write(folder, facts)
    facts["rows_per_s"] = rows_per_second(runner, rows)
    facts["memory_all_mb"] = peak()
    write(folder, facts)
    return facts


def release(package: str) -> str:
    """Return the version of a package, also where it is not installed but read from its source tree."""
    try:
        return version(package)
    except PackageNotFoundError:
        return str(importlib.import_module(package).__version__)


def write(folder: Path, facts: dict[str, Any]) -> None:
    """Leave the facts so far."""
    beside = folder / "facts.json.part"
    beside.write_text(json.dumps(facts), encoding="utf-8")
    beside.replace(folder / "facts.json")


def peak() -> float:
    """Return the most memory, in MB, that this process or any one child of it has held."""
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return most / 1024


def megabytes(path: Path) -> float:
    """Return the size of a file or a folder."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files) / 1e6


def one_row(runner: Runner, rows: pd.DataFrame) -> float:
    """Return the median milliseconds of one answer over distinct rows."""
    distinct = rows[~rows.duplicated()].head(ONE_ROW + WARM_UP)
    asked = [runner.single(distinct, place) for place in range(len(distinct))]
    for each in asked[:WARM_UP]:
        runner.predict(each)
    asked = asked[WARM_UP:] or asked
    return 1e3 * statistics.median(seconds(lambda place: runner.predict(asked[place]), len(asked)))


def rows_per_second(runner: Runner, rows: pd.DataFrame) -> float:
    """Return how many rows a second are answered in a batch."""
    many = pd.concat([rows] * -(-BATCH // len(rows)), ignore_index=True).head(BATCH)
    return BATCH / statistics.median(seconds(lambda _: runner.predict(many), 3))


def seconds(work: Callable[[int], object], times: int) -> list[float]:
    """Return what each call took; those who are slow are called less often."""
    taken: list[float] = []
    while len(taken) < times and sum(taken) < LONGEST:
        begun = time.perf_counter()
        work(len(taken))
        taken.append(time.perf_counter() - begun)
    return taken

"""What is said of a table, and whether it tells of the error that was injected."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
import polars as pl
from exam_common import Error, Injected, Rows
from exam_tables import Clean

from mlwright.clean import Question
from mlwright.clean.base import ROWS_SHOWN, Context, Detection, Detector
from mlwright.clean.detectors import DETECTORS
from mlwright.clean.roles import infer_schema
from mlwright.columns import Coded, read_series
from mlwright.findings import Finding
from mlwright.schema import Schema
from mlwright.table import Table
from mlwright.tasks import choose_task

MORE: dict[str, Detector] = {}
"""Detectors that are tried before they are registered."""
ONLY: set[str] = set()
"""Where it names any: the only detectors that take part."""
ENOUGH = 0.5
"""Of the wrong cells or rows, such a share must be named."""


@dataclass(frozen=True)
class Said:
    """One thing that was said of a table, and by whom."""

    by: str
    finding: Finding
    detection: Detection | None = None

    @property
    def alarm(self) -> bool:
        """Whether it asks for a person."""
        return self.finding.severity != "info"

    @property
    def about(self) -> tuple[object, ...]:
        """What it says, without how often."""
        return self.by, self.finding.kind, self.finding.columns

    def rows(self, columns: Collection[str]) -> tuple[Rows, bool] | None:
        """Return the rows that it names, of these columns where it says which, and whether those are all."""
        if self.detection is not None:
            cells = [each.rows for each in self.detection.cells if not columns or each.column in columns]
            if cells:
                return np.unique(np.concatenate(cells)), True
            if self.detection.rows is not None:
                return self.detection.rows, True
        if self.finding.rows:
            return np.array(self.finding.rows, dtype=np.intp), len(self.finding.rows) < ROWS_SHOWN
        return None


@dataclass(frozen=True)
class Verdict:
    """Whether the error was found, how well its cells were, and what else was said that is new."""

    found: bool
    by: str = ""
    severity: str = ""
    recall: float | None = None
    precision: float | None = None
    others: tuple[Said, ...] = ()


def load_detector(name: str) -> None:
    """Take part in the exam with a detector that is not registered yet: a file beside the others."""
    module = importlib.import_module(f"mlwright.clean.detectors.{name}")
    made = next(each for each in vars(module).values() if isinstance(each, type) and getattr(each, "name", "") == name)
    MORE[name] = made()


def look(frame: pl.DataFrame, clean: Clean, clock: Callable[[str, Callable[[], list[Said]]], list[Said]]) -> list[Said]:
    """Return all that mlwright says of a table before it learns from it."""
    table = Table(frame, clean.name, f"{clean.name}.csv")
    question = Question(target=clean.target)
    schema, inferred = infer_schema(table, question)
    said = [Said("inference", finding) for finding in inferred]
    said += [Said("task", finding) for finding in _of_task(table, schema)]
    context = Context(table, schema)
    for name, detector in {**DETECTORS, **MORE}.items():
        if ONLY and name not in ONLY:
            continue
        said += clock(name, lambda n=name, d=detector: [Said(n, x.finding, x) for x in d.detect(table, context)])
    return said


def _of_task(table: Table, schema: Schema) -> tuple[Finding, ...]:
    """Return what the task says of its target, as a build would before it learns."""
    column = schema.only("target")
    if column is None:
        return ()
    values = read_series(table.frame[column.name], column)
    present = values.codes >= 0 if isinstance(values, Coded) else ~np.isnan(values)
    rows = np.flatnonzero(present)
    task, _ = choose_task(None, column, column.distinct, len(rows))
    return task.findings(task.encode(table.frame[rows, column.name], column))


def judge(error: Error, injected: Injected, said: list[Said], before: list[Said]) -> Verdict:
    """Tell whether what is said of the dirty table tells of the error, and was not said of the clean one."""
    known = {(*each.about, each.finding.message) for each in before}
    new = [each for each in said if (*each.about, each.finding.message) not in known]
    telling = [each for each in new if _tells(error, injected, each)]
    abouts = {each.about for each in before}
    others = tuple(
        each for each in new
        if each.alarm and each.about not in abouts and not set(each.finding.columns) & set(injected.columns)
        and not any(each is other for other in telling)
    )  # fmt: skip
    if not telling:
        return Verdict(found=False, others=others)
    if injected.rows is None:
        fresh = [each for each in telling if each.about not in abouts]
        best = next(iter(fresh), None)
        return Verdict(best is not None, best.by if best else "", best.finding.severity if best else "", others=others)
    # What detectors say one by one of the same column counts together: a typo is told of level by level.
    named = [(each, rows) for each in telling if (rows := each.rows(injected.columns)) is not None]
    hits = _hits(injected, [rows for _, (rows, _) in named])
    every = np.unique(np.concatenate([rows for _, (rows, _) in named])) if named else np.empty(0, dtype=np.intp)
    cut = any(not whole for _, (_, whole) in named)
    right = _either(injected)
    precision = float(np.isin(every, right).mean()) if len(every) else None
    recall = float(hits.mean())
    found = recall >= ENOUGH or (cut and precision is not None and precision >= ENOUGH)
    best = max(named, key=lambda pair: _hits(injected, [pair[1][0]]).sum())[0] if named else telling[0]
    return Verdict(found, best.by, best.finding.severity, None if cut else recall, precision, others)


def _tells(error: Error, injected: Injected, said: Said) -> bool:
    kind = any(word in said.finding.kind for word in error.accepts)
    columns = said.finding.columns
    return kind and (not injected.columns or not columns or bool(set(columns) & set(injected.columns)))


def _hits(injected: Injected, named: list[Rows]) -> np.ndarray:
    """Tell which wrong rows are named: they themselves, or those that they repeat."""
    rows = np.concatenate(named) if named else np.empty(0, dtype=np.intp)
    assert injected.rows is not None
    hits = np.isin(injected.rows, rows)
    return hits if injected.twins is None else hits | np.isin(injected.twins, rows)


def _either(injected: Injected) -> Rows:
    assert injected.rows is not None
    return injected.rows if injected.twins is None else np.union1d(injected.rows, injected.twins)

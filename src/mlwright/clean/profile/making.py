"""From a source to its Profile, readable top to bottom."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from mlwright.clean.base import Context
from mlwright.clean.detectors import DETECTORS, OF_ALL_ROWS, detect
from mlwright.clean.profile.associations import MEASURED_ROWS, associations
from mlwright.clean.profile.columns import column_facts
from mlwright.clean.profile.facts import ColumnFacts, Profile, with_findings
from mlwright.clean.profile.overview import overview
from mlwright.clean.question import Question
from mlwright.clean.roles import infer_schema
from mlwright.clean.spread import Spread
from mlwright.collect import collect
from mlwright.errors import OptionError
from mlwright.findings import SEVERITIES, Finding
from mlwright.progress import Progress, Silent
from mlwright.schema import Column, Schema
from mlwright.table import Table

DETECTING_SECONDS = 30.0
"""Detectors that have not begun by then are left out, and the profile says so."""
REPEATING = 0.9
"""Of an identifier, more than this part of the values is different."""
LONG = 5_000_000
"""A table of more cells takes long enough to tell how far it is."""
COUNTED = 0.3, 0.7
"""The share of the whole that is done before and after all columns are counted, by experience."""


def profile(
    source: object, *, target: str | None = None, query: str | None = None, progress: Progress | None = None
) -> Profile:
    """Look at a table: what each column holds, how columns hang together, and what is wrong.

    Nothing is changed. Of large tables, kinds, findings, frequent words and associations are told from at most 200,000
    rows (100,000 of a hundred columns) spread evenly; counts, ends, averages and histograms are those of all rows.

    Parameters
    ----------
    source
        A path, a glob, an address, SQL, a data frame, a list of dicts, a dict of columns: whatever `build` reads.
    target
        The column that is to be predicted, if there is one: then what goes with it is told too.
    query
        One SELECT, where the source is a database.
    progress
        Told of the stages; by default nobody is.

    Examples
    --------
    >>> profile({"age": [30, 41, 25, 30], "town": ["Oslo", "Bergen", "Oslo", None]})["town"].missing
    1
    """
    tell = Stages(_checked(progress))
    tell.stage("Reading the rows")
    table = collect(source, query=query)
    judged = Spread.of(table)
    tell.long = table.rows * table.frame.width > LONG
    tell.stage("Finding out what each column holds", 0.1)
    schema, inferred = _inferred(table, judged, target)
    columns = _facts(table, schema, tell)
    tell.stage("Looking for what is wrong", 0.7)
    clock = Clock(DETECTING_SECONDS)
    context = Context(judged.table, schema, places=judged.rows, stop=clock.stop)
    found = [*inferred, *map(judged.placed, _detected(context, OF_ALL_ROWS, whole=False))]
    counted = Context(table, _counted(schema, columns, table.rows), stop=clock.stop)
    findings = _worst_first([*table.findings, *found, *_detected(counted, OF_ALL_ROWS, whole=True)])
    tell.stage("Measuring what goes with what", 0.95)
    pairs, with_target, paired = associations(context)
    strengths = {name: pair.strength for name, pair in with_target.items()}
    facts = tuple(replace(with_findings(each, findings), with_target=strengths.get(each.name)) for each in columns)
    copies = duplicate_rows(table.frame)
    return Profile(
        name=table.name,
        origin=table.origin,
        target=target,
        rows=table.rows,
        columns=facts,
        memory_bytes=int(table.frame.estimated_size()),
        duplicate_rows=copies,
        judged_rows=judged.table.rows,
        findings=findings,
        associations=pairs,
        overview=overview(table.rows, facts, findings, copies, with_target),
        limits=_limits(judged, clock, paired, len(columns)),
    )


@dataclass(slots=True)
class Stages:
    """Tells of stages, and of a table that takes long how far the whole is."""

    progress: Progress
    long: bool = False

    def stage(self, title: str, share: float = 0.0) -> None:
        """Tell that a stage begins, and how far the whole is by then."""
        self.progress.stage(title)
        if share:
            self.at(share)

    def at(self, share: float) -> None:
        """Tell how far the whole is."""
        if self.long:
            self.progress.advance(share=share)


@dataclass(slots=True)
class Clock:
    """Tells when time is up, and remembers whether it had to."""

    seconds: float
    started: float = field(default_factory=time.monotonic)
    rang: bool = False

    def stop(self) -> bool:
        """Tell whether time is up."""
        self.rang = self.rang or time.monotonic() - self.started > self.seconds
        return self.rang


def _checked(progress: object) -> Progress:
    """Return who is told of the stages. Raises OptionError where it cannot be told."""
    if progress is None:
        return Silent()
    if isinstance(progress, type) or not isinstance(progress, Progress):
        hint = "give an object with the methods stage, advance and say (mlwright.progress.Progress), or nothing."
        raise OptionError(f"progress cannot be {progress!r:.60}.", hint=hint)
    return progress


def duplicate_rows(frame: pl.DataFrame) -> int | None:
    """Return how many rows repeat an earlier one in every column; None where cells cannot be compared.

    >>> duplicate_rows(pl.DataFrame({"a": [1, 1, 2], "b": ["x", "x", "x"]}))
    1
    """
    if not frame.width or any(kind == pl.Object or kind.is_nested() for kind in frame.dtypes):
        return None
    return frame.height - frame.hash_rows().n_unique()


def _inferred(table: Table, judged: Spread, target: str | None) -> tuple[Schema, list[Finding]]:
    """Return what each column holds, told from the rows that are looked at.

    What seems to name each row, because hardly a value comes twice among these rows, is looked at in all rows.
    """
    schema, found = infer_schema(judged.table, Question(target=target))
    placed = [judged.placed(finding) for finding in found]
    doubtful = [column.name for column in schema if column.kind == "id" and not judged.whole]
    doubtful = [name for name in doubtful if _repeats(table.frame[name])]
    if not doubtful:
        return schema, placed
    part = replace(table, frame=table.frame.select(doubtful), findings=())
    again, sure = infer_schema(part, Question(target=target if target in doubtful else None))
    kept = [finding for finding in placed if not set(finding.columns) & set(doubtful)]
    return schema.replacing(tuple(again)), [*kept, *sure]


def _repeats(series: pl.Series) -> bool:
    """Tell whether so many values come more than once that they cannot name rows."""
    if series.dtype == pl.Object or series.dtype.is_nested():
        return False
    return series.n_unique() < REPEATING * (len(series) - series.null_count())


def _detected(context: Context, names: Sequence[str], *, whole: bool) -> list[Finding]:
    """Return what the detectors of these names find, or all others."""
    only = [name for name in DETECTORS if (name in names) is whole]
    return [detection.finding for detection in detect(context.table, context, only=only)] if only else []


def _facts(table: Table, schema: Schema, tell: Stages) -> list[ColumnFacts]:
    tell.stage("Counting", COUNTED[0])
    facts = []
    for place, column in enumerate(column_facts(table, schema), 1):
        facts.append(column)
        tell.at(COUNTED[0] + (COUNTED[1] - COUNTED[0]) * place / len(schema))
    return facts


def _counted(schema: Schema, facts: Sequence[ColumnFacts], rows: int) -> Schema:
    """Return the schema with what all rows say, where it was told from a part of them."""

    def counted(column: Column, fact: ColumnFacts) -> Column:
        column = replace(column, missing_share=fact.missing / rows if rows else 0.0, distinct=fact.distinct)
        return column if column.kind != "constant" or fact.distinct <= 1 else replace(column, kind="category")

    return Schema(tuple(counted(column, fact) for column, fact in zip(schema, facts, strict=True)))


def _worst_first(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Return findings by severity, then by how sure they are; what is told twice is told once."""
    once = list(dict.fromkeys(findings))
    return tuple(sorted(once, key=lambda finding: (SEVERITIES.index(finding.severity), -finding.confidence)))


def _limits(judged: Spread, clock: Clock, paired: int, columns: int) -> tuple[str, ...]:
    """Say what was judged on a part only."""
    told = []
    if not judged.whole:
        told.append(
            f"Kinds, findings and frequent words are judged on {judged.table.rows:,} of {judged.total:,} rows, spread "
            "evenly over the table; counts, ends, averages and charts are those of all rows."
        )
    if judged.total > MEASURED_ROWS:
        told.append(f"Associations are measured on {MEASURED_ROWS:,} rows, spread evenly.")
    if paired >= 200 and columns > paired:
        told.append(f"Associations are measured between the first {paired:,} columns that have any.")
    if clock.rang:
        told.append(f"Looking for what is wrong ended after {DETECTING_SECONDS:.0f} seconds; some of it was left out.")
    return tuple(told)

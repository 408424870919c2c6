"""From a Table and a question to what is learned from: schema, task, metric, split, typed columns and target."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.building.directions import directed, sentences
from mlwright.building.options import Options
from mlwright.clean.base import Context
from mlwright.clean.copies import copied_rows
from mlwright.clean.detectors import OF_ALL_ROWS, detect
from mlwright.clean.roles import SplitPlan, apply_split, infer_schema, propose_split
from mlwright.columns import Coded, Values, read_frame
from mlwright.errors import ColumnError, DataError, OptionError
from mlwright.evaluate.held_out import mean_one
from mlwright.evaluate.intervals import FEW_EFFECTIVE_ROWS, effective_rows
from mlwright.fairness.mitigation.reweigh import Reweigher
from mlwright.findings import Finding
from mlwright.learn.material import Material
from mlwright.learn.splits import Order
from mlwright.progress import Progress
from mlwright.schema import Column, Schema
from mlwright.table import Table
from mlwright.tasks import choose_task, find_metric
from mlwright.tasks.base import Metric, RowTask, Target

TOLD_BY_THE_TASK = frozenset({"class_imbalance", "few_rows_per_class"})
"""Detectors of what a task says of its own target."""
LOOKED_FOR = tuple(name for name in OF_ALL_ROWS if name not in TOLD_BY_THE_TASK)
"""The detectors that every build can afford before it begins to learn."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question understood: what will be learned from which rows, and every assumption that was made."""

    table: Table
    schema: Schema
    task: RowTask
    metric: Metric
    split: SplitPlan
    material: Material
    order: Order
    rows: NDArray[np.intp]
    """The rows of the table that have a target; material and order hold these."""
    data_hash: str
    findings: tuple[Finding, ...]
    assumptions: tuple[str, ...]

    @property
    def target_name(self) -> str:
        """The column that is predicted."""
        return self.schema.with_role("target")[0].name

    def tell(self, progress: Progress, options: Options) -> None:
        """Say what was understood, before the long work begins."""
        taught = f"{self.material.rows:,} rows, {len(self.material.features):,} columns to learn from"
        many = f"{options.trials} trial{'' if options.trials == 1 else 's'}"
        limit = f"at most {options.seconds:.0f} s" if options.seconds else many
        metric = self.metric.label or self.metric.name
        progress.say(f"{taught}; target {options.target!r}; task {self.task.name}; metric {metric}; {limit}.")
        for sentence in self.assumptions[:2]:
            progress.say(sentence)


def ask(table: Table, options: Options) -> Asked:
    """Understand the question. Raises ColumnError, OptionError or DataError where the rows cannot answer it."""
    schema, findings = infer_schema(table, options.question)
    split = propose_split(table, schema, split=options.split)
    schema = apply_split(schema, split)
    target_column = schema[options.target]
    known = _present(read_frame(table.frame.select(options.target), [target_column])[options.target])
    rows = np.flatnonzero(known)
    if len(rows) == 0:
        raise DataError(f"The target {options.target!r} is empty in all {table.rows:,} rows.", where=table.origin)
    frame = table.frame if len(rows) == table.rows else table.frame[rows]
    task, assumption = choose_task(options.task, target_column, target_column.distinct, len(rows))
    target = _encode(task, frame[options.target], target_column, typed=table.typed)
    schema = directed(schema, options, target.classes)
    features = schema.features
    if not features:
        raise DataError(
            "No column is left to learn from.", where=table.origin, hint="every column was excluded, constant or an id."
        )
    material = Material(
        columns=read_frame(frame, features),
        features=features,
        target=target,
        task=task,
        metric=find_metric(task, options.metric),
        weight=_weight(frame, schema, target),
        places=rows.astype(np.intp),
        balancer=_balancer(table, schema, options, target),
    )
    order = _order(frame, schema, split, task.strata(target))
    told = [detection.finding for detection in detect(table, Context(table, schema), only=LOOKED_FOR)]
    found = (*table.findings, *findings, *task.findings(target), *told, *_heavy_few(material))
    assumptions = (assumption, split.reason, *_assumed(schema, options, target))
    return Asked(
        table, schema, task, material.metric, split, material, order, rows, data_hash(table), found, assumptions
    )


def _balancer(table: Table, schema: Schema, options: Options, target: Target) -> Reweigher | None:
    """Return what makes groups weigh alike in what is learned; None where that was not asked for."""
    if not options.reweigh:
        return None
    if not target.classes:
        raise OptionError("--reweigh needs a target of classes: it weighs how rare each is in a group.")
    names = list(dict.fromkeys(options.reweigh))
    for name in names:
        if name not in table.frame.columns:
            raise ColumnError.missing(name, table.frame.columns, what="--reweigh column")
        if name == options.target:
            raise OptionError("--reweigh names the target, which cannot be what tells groups apart.")
    described = [schema[name] for name in names]
    return Reweigher.of(read_frame(table.frame.select(names), described), described)


def data_hash(table: Table) -> str:
    """Return the sha256 of the rows, whatever file they came in."""
    buffer = io.BytesIO()
    table.frame.write_ipc_stream(buffer, compression="uncompressed")
    return hashlib.sha256(buffer.getbuffer()).hexdigest()


def _encode(task: RowTask, values: pl.Series, column: Column, *, typed: bool) -> Target:
    """Return the target; texts of a source that tells texts from numbers stay texts: "1" is not 1 there."""
    target = task.encode(values, column)
    texts = typed and values.dtype == pl.String
    return Target(target.y, tuple(map(str, target.classes))) if texts else target


def _present(values: Values) -> NDArray[np.bool_]:
    return values.codes >= 0 if isinstance(values, Coded) else ~np.isnan(values)


def _weight(frame: pl.DataFrame, schema: Schema, target: Target) -> NDArray[np.float64] | None:
    """Return the weights, 1 on average. Raises DataError where rows of a single class have any."""
    column = schema.only("weight")
    if column is None:
        return None
    weight = read_frame(frame.select(column.name), [column])[column.name]
    if isinstance(weight, Coded):
        return None
    if not weight.max() > 0:
        raise DataError(f"The weights in {column.name!r} are 0 in every row with a target: then no row counts.")
    scaled = mean_one(weight)
    if target.classes and len(np.unique(target.y[scaled > 0])) < 2:
        raise DataError(f"The weights in {column.name!r} leave rows of a single class: all others weigh 0.")
    return scaled


def _heavy_few(material: Material) -> tuple[Finding, ...]:
    """Return a finding where so few rows have nearly all the weight that the others hardly count."""
    effective = effective_rows(material.weight, material.rows)
    if material.weight is None or effective >= FEW_EFFECTIVE_ROWS:
        return ()
    return (
        Finding(
            kind="few_rows_count",
            message=f"A few rows have nearly all the weight: the {material.rows:,} rows tell as much as"
            f" {effective:.1f} of equal weight would, and no score of so few means anything.",
            severity="warning",
            repair="Leave --weight away, or limit the largest weights.",
        ),
    )


def _order(frame: pl.DataFrame, schema: Schema, split: SplitPlan, strata: NDArray[np.intp]) -> Order:
    """Return what the split respects, read from its column."""
    if split.kind == "random" or split.column is None:
        return Order(strata, copies=copied_rows(frame, schema))
    column = schema[split.column]
    values = read_frame(frame.select(column.name), [column])[column.name]
    if split.kind == "time":
        if isinstance(values, Coded):
            raise OptionError(
                f"--time {column.name!r} holds no dates or numbers.",
                hint="name a column of dates, or use --split random.",
            )
        return Order(strata, time=values)
    if isinstance(values, Coded):
        groups = values.codes.astype(np.intp)
    else:
        groups = np.unique(values, return_inverse=True)[1].astype(np.intp)
        groups[np.isnan(values)] = -1
    alone = groups < 0  # a row of no known entity is an entity of its own
    groups[alone] = groups.max(initial=0) + 1 + np.arange(alone.sum())
    return Order(strata, groups=groups)


def _assumed(schema: Schema, options: Options, target: Target) -> list[str]:
    """Return what was asked of columns and what was assumed of them."""
    return [*sentences(schema, options.target, target.classes), *_reweighed(options), *_notes(schema)]


def _reweighed(options: Options) -> list[str]:
    """Return the sentence on weights that rows teach with, where there are some."""
    if not options.reweigh:
        return []
    names = ", ".join(map(repr, options.reweigh))
    return [f"Rows teach with weights under which {names} and the target have nothing to do with one another."]


def _notes(schema: Schema) -> list[str]:
    """Return what was assumed of single columns and changes what the model may see."""
    return [column.note for column in schema if column.note and column.role in {"ignored", "weight", "target"}][:20]

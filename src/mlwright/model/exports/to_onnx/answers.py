"""From predictions to answers, as nodes: the label by its threshold (also by group), or the number's interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.fairness.mitigation.grouping import Grouping, Levels
from mlwright.fairness.mitigation.policy import Head, Policy
from mlwright.model.exports.to_onnx.columns import TypedColumns
from mlwright.model.exports.to_onnx.ensemble import predicted
from mlwright.model.exports.to_onnx.graph import FLOAT, INT, Graph, Tensor
from mlwright.model.exports.to_onnx.refusal import refusal
from mlwright.tasks.base import Label


def thresholds(policy: Policy, columns: TypedColumns) -> Tensor:
    """Return (n,) the threshold of each row, by its group, which is told by columns that nothing has mended yet.

    Raises OptionError where rows of one group are shared among thresholds.
    """
    if not policy.is_firm:
        raise refusal(
            "a number drawn from each row's own values decides which of two thresholds of its group it gets",
            "mitigate it with --no-draws",
        )
    graph = columns.graph
    by_segment = np.array([*(rule.thresholds[0] for rule in policy.rules), policy.common])
    if policy.head is None:
        place = _group(columns, policy.grouping)
    else:
        place = _segment(predicted(columns, policy.head.ensemble), policy.head)
    # A row of no group stands behind all others.
    return graph.constant(by_segment).take((place < 0).where(len(policy.rules), place))


def _group(columns: TypedColumns, grouping: Grouping) -> Tensor:
    """Return the group (n,) of each row, -1 where it is none."""
    found = [_level(columns, each) for each in grouping.levels]
    cell, seen = (found[0] >= 0).where(found[0], 0), found[0] >= 0
    for each, level in zip(grouping.levels[1:], found[1:], strict=True):
        here = level >= 0
        cell, seen = cell * each.count + here.where(level, 0), seen & here
    return seen.where(columns.graph.constant(grouping.table.astype(np.int64)).take(cell), -1)


def _level(columns: TypedColumns, levels: Levels) -> Tensor:
    """Return the level (n,) of each row's value, -1 where a text was never seen."""
    if levels.texts is None:
        number = columns.number(levels.column)
        missing, cuts = number.is_nan().shaped(-1), columns.graph.constant(levels.cuts.reshape(1, -1))
        band = (number > cuts).cast(INT).sum(keep=False) if len(levels.cuts) else 0
        return missing.where(len(levels.names), band, dtype=INT)
    text = columns.text(levels.column)
    if not levels.texts:
        return text.missing.where(len(levels.names), -1, dtype=INT)
    return text.missing.where(len(levels.names), text.values.lookup(levels.texts, np.arange(len(levels.texts)), -1))


def _segment(likely: Tensor, head: Head) -> Tensor:
    """Return the segment (n,) of each row: its likeliest group, and within it how likely that is."""
    graph, top = likely.graph, likely.first_largest()
    first = np.cumsum([0, *(len(own) + 1 for own in head.edges)])[:-1]
    start = graph.constant(first).take(top)
    most = max(len(edges) for edges in head.edges)
    if not most:
        return start
    # Where a group has fewer edges than another, its last bands begin where no probability is.
    edges = np.array([[*own.tolist(), *[np.inf] * (most - len(own))] for own in head.edges])
    return start + (likely.largest() >= graph.constant(edges).take(top)).cast(INT).sum(keep=False)


def labels(
    P: Tensor, classes: Sequence[Label], decision: Mapping[str, Any], by_row: Tensor | None
) -> tuple[Tensor, str]:
    """Return the answered labels (n,), and of which type they are: "string", "int64", "double" or "bool"."""
    graph = P.graph
    table, kind = label_table(graph, classes)
    if "threshold" not in decision:
        return table.take(P.first_largest()), kind
    positive = P.take(np.array(1), axis=1)
    return table.take((positive >= (decision["threshold"] if by_row is None else by_row)).cast(INT)), kind


def label_table(graph: Graph, classes: Sequence[Label]) -> tuple[Tensor, str]:
    """Return the labels as a constant, and their type; labels of several types become texts."""
    kinds = {type(label) for label in classes}
    if kinds == {bool}:
        return graph.constant(np.array(classes, dtype=np.bool_)), "bool"
    if kinds == {int} and all(abs(int(label)) < 1 << 63 for label in classes):
        return graph.constant(np.array(classes, dtype=np.int64)), "int64"
    if kinds <= {int, float}:
        return graph.constant(np.array(classes, dtype=np.float64)), "double"
    return graph.texts([str(label) for label in classes]), "string"


def interval(numbers: Tensor, decision: Mapping[str, Any]) -> tuple[Tensor, Tensor]:
    """Return the lower and upper ends (n,) around numbers (n,), whose width is a line between known points."""
    at, widths = (np.array(decision[name], dtype=np.float64) for name in ("at", "widths"))
    width = _between(numbers, at, widths)
    lower, upper = numbers - width, numbers + width
    if (floor := decision.get("floor")) is not None:
        lower = (lower < floor).where(floor, lower)
        lower = (lower > numbers).where(numbers, lower)
    return lower, upper


def _between(numbers: Tensor, at: NDArray[Any], widths: NDArray[Any]) -> Tensor:
    """Return the width at each number: straight lines between the points, level beyond the outermost."""
    graph = numbers.graph
    if len(at) == 1:
        return numbers.is_nan().cast(FLOAT) * 0.0 + float(widths[0])
    runs = np.diff(at)
    slopes = np.divide(np.diff(widths), runs, out=np.zeros_like(runs), where=runs > 0)
    inside = numbers.clip(float(at[0]), float(at[-1]))
    piece = (
        (inside.shaped(-1, 1) >= graph.constant(at[1:-1].reshape(1, -1))).cast(INT).sum(keep=False)
        if len(at) > 2
        else None
    )
    if piece is None:
        return (inside - float(at[0])) * float(slopes[0]) + float(widths[0])
    start, slope, width = (
        graph.constant(np.ascontiguousarray(each[: len(runs)])).take(piece) for each in (at, slopes, widths)
    )
    return (inside - start) * slope + width

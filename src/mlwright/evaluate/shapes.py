"""Shapes: how many numbers are predicted of a judged row, and how many are watched of it, by what was learned from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mlwright.tasks import TASKS
from mlwright.tasks.recommend.metrics import LIST
from mlwright.tasks.recommend.signals import SIGNALS


@dataclass(frozen=True, slots=True)
class Shape:
    """The widths of judged rows, as functions of the number of classes."""

    predicted: Callable[[int], int]
    """The columns of P."""
    watched: Callable[[int], int]
    """The columns of what is watched as predictions: P itself, or what is known of a list before its outcome is."""


def _classes(classes: int) -> int:
    return max(classes, 1)


SHAPES: Mapping[str, Shape] = {
    "rows": Shape(_classes, _classes),
    "log": Shape(lambda _: LIST, lambda _: len(SIGNALS)),
}
"""By the form of the task."""


def shape_of(task: str) -> Shape:
    """Return the shape of a task's judged rows."""
    return SHAPES[TASKS[task].form]

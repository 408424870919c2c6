"""What each task means. Importing this needs NumPy alone; a new task is one file and one line below.

A task that is asked for by name is taken at its word; else the first one below that accepts the target is proposed.
"""

from __future__ import annotations

from mlwright.errors import DataError, OptionError
from mlwright.schema import Column
from mlwright.tasks.base import Costs, Label, Metric, Prediction, RowTask, Target, Task
from mlwright.tasks.binary import Binary
from mlwright.tasks.multiclass import Multiclass
from mlwright.tasks.recommend import Recommend
from mlwright.tasks.regression import Regression
from mlwright.tasks.targets import count_distinct, known

ROW_TASKS: dict[str, RowTask] = {task.name: task for task in (Binary(), Multiclass(), Regression())}
TASKS: dict[str, Task] = {**ROW_TASKS, Recommend.name: Recommend()}

__all__ = [
    "ROW_TASKS",
    "TASKS",
    "Costs",
    "Label",
    "Metric",
    "Prediction",
    "RowTask",
    "Target",
    "Task",
    "choose_task",
    "classification_task",
    "count_distinct",
    "default_metric",
    "find_metric",
    "find_task",
    "known",
    "propose_task",
]


def find_task(name: str) -> Task:
    """Return the task of that name. Raises OptionError where there is none."""
    if name not in TASKS:
        raise OptionError.unknown("--task", name, TASKS)
    return TASKS[name]


def propose_task(column: Column, distinct: int, rows: int) -> tuple[RowTask, str]:
    """Return the task that suits a target with so many distinct values in so many rows, and why it was assumed."""
    for task in ROW_TASKS.values():
        if reason := task.accepts(column, distinct, rows):
            return task, reason
    if distinct == 0:
        raise DataError(
            f"The target {column.name!r} is missing in every row: there is nothing to learn from.",
            hint="name another column with --target.",
        )
    if column.kind == "datetime":
        raise DataError(
            f"The target {column.name!r} holds dates, which cannot be predicted.",
            hint="name a column with the time that passes until then, such as days, or a yes/no column.",
        )
    raise DataError(
        f"The target {column.name!r} has {distinct:,} different texts in {rows:,} rows: too many to tell apart.",
        hint="name another column with --target, or merge its values into fewer.",
    )


def choose_task(name: str | None, column: Column, distinct: int, rows: int) -> tuple[RowTask, str]:
    """Return the task that was asked for by name, else the proposed one, with one sentence why."""
    if name is None or name == "auto":
        return propose_task(column, distinct, rows)
    if name not in ROW_TASKS:
        raise OptionError.unknown("--task", name, ROW_TASKS)
    task = ROW_TASKS[name]
    return task, f"The task was given: {task.name}."


def classification_task(distinct: int) -> RowTask:
    """Return the task that tells so many classes apart."""
    return ROW_TASKS["binary"] if distinct <= 2 else ROW_TASKS["multiclass"]


def default_metric(task: Task) -> Metric:
    """Return the metric that models are chosen by unless another is asked for."""
    return next(iter(task.metrics.values()))


def find_metric(task: Task, name: str | None) -> Metric:
    """Return the task's metric of that name, its default one for None. Raises OptionError where there is none."""
    if name is None or name == "auto":
        return default_metric(task)
    if name not in task.metrics:
        raise OptionError.unknown(f"--metric of task {task.name}", name, task.metrics)
    return task.metrics[name]

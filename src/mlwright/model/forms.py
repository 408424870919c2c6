"""The forms of models: how each is written, read and made into an object that answers; registered by `Task.form`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mlwright.model.model import Model
from mlwright.model.parts import Parts
from mlwright.model.recommender.parts import read_recommender, recommender_files
from mlwright.model.recommender.recommender import Recommender
from mlwright.model.row_files import read_rows_model, row_files
from mlwright.model.row_model import RowModel
from mlwright.tasks import TASKS

if TYPE_CHECKING:
    from mlwright.model.checked import Checked


@dataclass(frozen=True, slots=True)
class Form:
    """One form of models.

    `files` returns what only this form writes, by name; `read` returns parts from checked files and from what all
    models have, refuses files that nothing speaks of, and lets the model answer what it answered when it was written;
    `model` makes parts into a model.
    """

    files: Callable[[Any], dict[str, bytes]]
    read: Callable[[Checked, Mapping[str, Any]], Parts]
    model: Callable[..., Model]


FORMS: dict[str, Form] = {
    "rows": Form(row_files, read_rows_model, RowModel),
    "log": Form(recommender_files, read_recommender, Recommender),
}


def form_of(task: str) -> Form:
    """Return the form of models that answer a task."""
    return FORMS[TASKS[task].form]


def model_of(parts: Parts, path: Path | None = None) -> Model:
    """Return the model that parts make."""
    return form_of(parts.task).model(parts, path=path)

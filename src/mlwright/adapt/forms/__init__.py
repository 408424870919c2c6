"""How models learn again, by their form: one file and one line below for each."""

from __future__ import annotations

from collections.abc import Mapping

from mlwright.adapt.forms.base import Learning
from mlwright.adapt.forms.lists import ListLearning
from mlwright.adapt.forms.rows import RowLearning
from mlwright.model import Model

FORMS: Mapping[str, Learning] = {"rows": RowLearning(), "log": ListLearning()}
"""By the form of the model's task."""


def learning(model: Model) -> Learning:
    """Return how a model learns again."""
    return FORMS[model.task.form]


__all__ = ["FORMS", "Learning", "learning"]

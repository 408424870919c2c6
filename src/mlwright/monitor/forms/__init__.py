"""How models are watched, by their form: one file and one line below for each."""

from __future__ import annotations

from collections.abc import Mapping

from mlwright.model import Model
from mlwright.monitor.forms.base import Change, FileRows, Watching
from mlwright.monitor.forms.lists import ListWatching
from mlwright.monitor.forms.rows import RowWatching

FORMS: Mapping[str, Watching] = {"rows": RowWatching(), "log": ListWatching()}
"""By the form of the model's task."""


def watching(model: Model) -> Watching:
    """Return how a model is watched."""
    return FORMS[model.task.form]


__all__ = ["FORMS", "Change", "FileRows", "Watching", "watching"]

"""Another model beside one: whether the two answer the same question, and what the other says of the same rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlwright.columns import Columns, read_frame
from mlwright.errors import OptionError
from mlwright.learn.base import Floats
from mlwright.model.parts import RowParts
from mlwright.model.rows import require
from mlwright.tasks import TASKS

if TYPE_CHECKING:
    import polars as pl


def called(parts: RowParts) -> str:
    """Return what a model is called: its name, with the version where it has one."""
    return parts.name + (f"@{parts.run['version']}" if "version" in parts.run else "")


def check_same_question(parts: RowParts, other: RowParts) -> None:
    """Raise OptionError where two models do not predict the same target with the same classes."""
    if other.target == parts.target and set(other.classes) == set(parts.classes) and other.task == parts.task:
        return
    said = f"{called(parts)!r} predicts {_asked(parts)}, and {called(other)!r} {_asked(other)}"
    raise OptionError(f"The models cannot be compared: {said}.", hint=_hint(parts, other))


def _hint(parts: RowParts, other: RowParts) -> str:
    alone = set(parts.classes) ^ set(other.classes)
    if other.target == parts.target and other.task == parts.task and alone:
        named = ", ".join(repr(label) for label in sorted(alone, key=str)[:4])
        more = ", ..." if len(alone) > 4 else ""
        return f"only one of them knows {named}{more}: build both from rows that have all the classes."
    return "name a model of the same target with the same classes."


def _asked(parts: RowParts) -> str:
    """Return what is predicted: "'churn' (no, yes)", "'churn' (a number)"."""
    if not parts.classes:
        return f"{parts.target!r} ({TASKS[parts.task].label})"
    more = ", ..." if len(parts.classes) > 4 else ""
    return f"{parts.target!r} ({', '.join(map(str, parts.classes[:4]))}{more})"


def read_for(parts: RowParts, frame: pl.DataFrame) -> Columns:
    """Return the columns of raw rows that a model reads. Raises ColumnError, naming the model, where one is missing."""
    require(parts.columns, frame.columns, where=f"model {called(parts)}")
    return read_frame(frame, parts.columns)


def aligned(P: Floats, other: RowParts, like: RowParts) -> Floats:
    """Return what the other model predicts (n, k), its classes in the order of those of the model beside it."""
    return P[:, [other.classes.index(label) for label in like.classes]] if like.classes else P

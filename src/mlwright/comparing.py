"""Two models side by side: which is better on the same rows, where, for whom, and who gets another answer."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from mlwright.errors import OptionError

if TYPE_CHECKING:
    from mlwright.model import Model
    from mlwright.model.comparison import Comparison


def compare(
    a: object,
    b: object,
    source: object,
    *,
    query: str | None = None,
    workspace: str | os.PathLike[str] | None = None,
) -> Comparison:
    """Compare two models of the same target, A and B, on the same rows.

    Parameters
    ----------
    a, b
        Models, or their names, name@version, folders or zips. They may be made of different columns; the source has to
        hold those of both.
    source
        Rows that neither learned from, as `build` reads them. Without the target, only who gets another answer is told.
    query, workspace
        SQL of an SQL source; the workspace in which names of models are looked up.

    Returns
    -------
    Comparison
        `.better` is "a", "b", "same" (as far as these rows can tell) or "unknown", `.sentence` says it in words;
        `.metrics`, `.changed`, `.slices`, `.groups` and `.notes` hold the rest.

    Raises
    ------
    OptionError, ColumnError, DataError, SourceError, ModelError
        Where the models do not answer the same question, or rows or models cannot be read.

    """
    from mlwright.model import row_model
    from mlwright.model.compare import compare as compare_parts

    one, other = (row_model(_model(each, workspace)) for each in (a, b))
    found = compare_parts(one.parts, other.parts, source, query=query)
    paths = [None if each.path is None else os.fspath(each.path) for each in (one, other)]
    return replace(found, a={**found.a, "path": paths[0]}, b={**found.b, "path": paths[1]})


def _model(given: object, workspace: str | os.PathLike[str] | None) -> Model:
    from mlwright.model import Model
    from mlwright.registry import Workspace

    if isinstance(given, Model):
        return given
    if isinstance(given, (str, os.PathLike)):
        return Workspace(workspace).open(given)
    raise OptionError(
        f"A model cannot be of type {type(given).__name__!r}.",
        hint="give a model, its name (name or name@version), or the path of its folder or zip.",
    )

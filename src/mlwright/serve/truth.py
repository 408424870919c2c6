"""What is told as true, read as the model reads its own target: a class becomes its label, a number a number."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from mlwright.errors import nearest
from mlwright.model.parts import RowParts
from mlwright.serve.problems import RowError
from mlwright.serve.record import Outcome
from mlwright.tasks import ROW_TASKS
from mlwright.values import as_text, is_null, strip, well_formed
from mlwright.values.text import is_missing

MISSING = "missing"
"""The kind of an outcome that says nothing, such as "NA"."""
MOST_SEARCHES = 20
"""The nearest label is looked for so often in one request: it takes time, and nobody reads more."""
SHOWN = 60
_LABELS = 12


def read_outcomes(versions: Sequence[RowParts], given: Sequence[Outcome]) -> tuple[list[Outcome], list[RowError]]:
    """Return the outcomes that a model's target can have, as it has them, and what is wrong with the others.

    `versions` are those that may have answered, the main one first: the first that knows a value decides. `row` of an
    error is the outcome's place, `kind` is "missing" for one that says nothing, else "unknown_outcome".
    """
    left = list(range(len(given)))
    read: dict[int, Outcome] = {}
    for parts in versions:
        # Yes is a 1 among classes, but no amount.
        asked = [place for place in left if parts.classes or not isinstance(given[place].outcome, bool)]
        column = parts.schema[parts.target]
        y = ROW_TASKS[parts.task].encode_known([given[place].outcome for place in asked], column, parts.classes)
        for place, value in zip(asked, y.tolist(), strict=True):
            if np.isfinite(value):
                told = parts.classes[int(value)] if parts.classes else value
                read[place] = msgspec.structs.replace(given[place], outcome=told)
        left = [place for place in left if place not in read]
    main = versions[0]
    errors = [_wrong(main, given[place], place, search=among < MOST_SEARCHES) for among, place in enumerate(left)]
    return [read[place] for place in sorted(read)], errors


def _wrong(parts: RowParts, given: Outcome, place: int, *, search: bool) -> RowError:
    """Return what is said of an outcome that the target cannot have."""
    value, column = given.outcome, parts.schema[parts.target]
    text = as_text(value) or ""
    shown = value if not isinstance(value, str) or len(value) <= SHOWN else f"{value[:SHOWN]}..."
    of = f"The outcome of {given.id!r:.60} is {shown!r}"
    says_nothing = isinstance(value, str) and is_missing(strip(well_formed(value)), column.missing_tokens)
    if is_null(value) or says_nothing:
        return RowError(f"{of}, which says nothing.", MISSING, place, column.name, shown)
    if not parts.classes:
        return RowError(f"{of}, which is not read as a number.", "unknown_outcome", place, column.name, shown)
    labels = [str(label) for label in parts.classes]
    near = nearest(text, labels) if search and len(text) <= SHOWN else None
    listed = ", ".join(labels[:_LABELS]) + (", ..." if len(labels) > _LABELS else "")
    message = f"{of}, which is no class of {column.name!r}; " + (
        f"the nearest is {near!r}." if near else f"there are: {listed}."
    )
    return RowError(message, "unknown_outcome", place, column.name, shown, near)

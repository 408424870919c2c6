"""The reference of a model that was just built: how its rows were, and how good it was on those that judged it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlwright.building.ask import Asked
from mlwright.building.find import Found
from mlwright.building.judge import Judged
from mlwright.building.options import Options
from mlwright.building.people import with_columns
from mlwright.columns import Columns
from mlwright.evaluate.reference import Reference
from mlwright.evaluate.referring import MOST_COLUMN_ROWS, MOST_ROWS, JudgedRows, refer
from mlwright.learn.material import Material
from mlwright.model.parts import RowParts
from mlwright.tasks.base import Floats


def reference(parts: RowParts, found: Found, judged: Judged, asked: Asked, options: Options) -> Reference:
    """Return what a monitor compares with, under the decision that the model takes.

    Predictions are the twin's of the rows set aside; where there are too few rows for that, those of cross-validation.
    Raw values of all rows count as usual, unless the latest judged: those are the most like what comes next.
    """
    if found.judging.rows:
        index = _some(found.judging.rows, MOST_ROWS, options.seed)
        rows = found.judging.take(index)
        P = judged.twin.predict(rows.columns)
    else:
        rows, P = _out_of_fold(found)
    sensitive = tuple(asked.schema.with_role("sensitive"))
    names = list(dict.fromkeys([*(each.name for each in parts.columns), *(each.name for each in sensitive)]))
    columns = _named(rows, names, asked)
    known = None
    if asked.split.kind != "time":
        every = asked.material
        known = _named(every.take(_some(every.rows, MOST_COLUMN_ROWS, options.seed)), names, asked)
    made = JudgedRows(
        task=parts.task,
        target=rows.target,
        P=P,
        answers=parts.answer(columns, P),
        columns=columns,
        described=parts.columns,
        sensitive=sensitive,
    )
    return refer(made, known=known, keep_rows=options.cases > 0, seed=options.seed)


def _out_of_fold(found: Found) -> tuple[Material, Floats]:
    """Return the rows that the folds score, and what was predicted of them by models that had not seen them."""
    rows = found.folds.material.take(np.flatnonzero(found.folds.scored))
    P = found.finish.floored(found.predictions)
    if found.finish.calibrated is not None and found.finish.calibrated.calibration is not None:
        P = found.finish.calibrated.calibration.apply(P)
    return rows, P


def _named(rows: Material, names: list[str], asked: Asked) -> Columns:
    """Return the named columns of rows, those that the model may not look at included."""
    found = with_columns(rows.columns, names, asked, rows.places)
    return Columns({name: found[name] for name in names if name in found}, rows.rows)


def _some(rows: int, most: int, seed: int) -> NDArray[np.intp]:
    """Return at most so many places of rows, at random, in order."""
    if rows <= most:
        return np.arange(rows, dtype=np.intp)
    return np.sort(np.random.default_rng([seed, most]).permutation(rows)[:most]).astype(np.intp)

"""Numbers and times beyond the range that a model has seen: how many, how far, and whether chance explains it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mlwright.clean.contract.chance import more_than_before
from mlwright.clean.contract.measured import Mask, Measured
from mlwright.clean.contract.result import Violation, counted, share_of_rows
from mlwright.clean.contract.tails import far_limits
from mlwright.clean.contract.written import written
from mlwright.clean.names import counts_time
from mlwright.schema import Column

LITTLE = 0.1
"""Beyond the range by up to a tenth of its width is a little."""
SOME, MANY = 0.001, 0.05
"""A violation where such a share of the rows lies beyond by more than a little, or beyond at all."""
CAN_BE = "Nothing, where such values can be; a model guesses beyond what it has seen."
YEARS = 50 * 365.25 * 86400.0
"""Times go on: a date is far off only where it is so many years beyond all that were seen."""


@dataclass(frozen=True, slots=True)
class Beyond:
    """The values beyond one end of the range."""

    mask: Mask
    much: int
    """Those beyond it by more than a little."""
    far: int
    """Those so far beyond that no tail explains them."""
    farthest: float
    end: str
    """"above" or "below"."""


def out_of_range(measured: Measured, known: int, chance: float) -> Iterator[Violation]:
    """Yield what lies below and above all values that were seen, of which there were `known`."""
    column = measured.column
    if column.low is None or column.high is None or not len(measured.known):
        return
    if measured.known.min() >= column.low and measured.known.max() <= column.high:
        return
    below, above = far_limits(
        column.quantiles, column.low, column.high, known=known, rows=measured.present, chance=chance
    )
    if column.kind == "datetime":
        below, above = min(below, column.low - YEARS), max(above, column.high + YEARS)
    ends = list(_beyond(measured, below, above))
    violated = [_is_violation(column, found, measured.present, known, chance) for found in ends]
    if len(ends) == 2 and not any(violated):
        yield _at_both_ends(measured, known)
        return
    for found, bad in zip(ends, violated, strict=True):
        yield _told(measured, found, known, violated=bad)


def _beyond(measured: Measured, below: float, above: float) -> Iterator[Beyond]:
    numbers, column = measured.numbers, measured.column
    low, high = column.low or 0.0, column.high or 0.0
    with np.errstate(over="ignore"):
        little = LITTLE * (high - low)
    if (mask := numbers < low).any():
        much, far = numbers < low - little, numbers < below
        yield Beyond(mask, int(much.sum()), int(far.sum()), float(np.nanmin(numbers)), "below")
    if (mask := numbers > high).any():
        much, far = numbers > high + little, numbers > above
        yield Beyond(mask, int(much.sum()), int(far.sum()), float(np.nanmax(numbers)), "above")


def _is_violation(column: Column, found: Beyond, rows: int, known: int, chance: float) -> bool:
    if found.far:
        return True
    if column.kind == "datetime" or column.role == "time" or counts_time(column.name):
        return False  # what comes later lies beyond what was: that is what time does
    count = int(found.mask.sum())
    if found.much >= SOME * rows and more_than_before(found.much, rows, 0, known) < chance:
        return True
    return count >= MANY * rows and more_than_before(count, rows, 0, known) < chance


def _at_both_ends(measured: Measured, known: int) -> Violation:
    """Return the one notice on a column that goes a little beyond its range below and above."""
    column, numbers = measured.column, measured.numbers
    low, high = column.low or 0.0, column.high or 0.0
    mask = (numbers < low) | (numbers > high)
    count = int(mask.sum())
    return Violation.of(
        mask,
        kind="out_of_range",
        column=column.name,
        severity="notice",
        message=f"{counted(count, 'value')} of {column.name!r} ({share_of_rows(count, measured.rows)}) are below "
        f"{written(low, column)} or above {written(high, column)}, which is all that the model has seen in "
        f"{counted(known, 'row')}: {written(float(measured.known.min()), column)} to "
        f"{written(float(measured.known.max()), column)}.",
        advice=CAN_BE,
    )


def _told(measured: Measured, found: Beyond, known: int, *, violated: bool) -> Violation:
    column, count = measured.column, int(found.mask.sum())
    low, high = column.low or 0.0, column.high or 0.0
    end = high if found.end == "above" else low
    extreme = "up to" if found.end == "above" else "down to"
    where = f"{extreme} {written(found.farthest, column)}" if count > 1 else f"{written(found.farthest, column)}"
    far = f" ({'far' if count == 1 else f'{found.far:,} of them far'} from all that was seen)"
    return Violation.of(
        found.mask,
        kind="out_of_range",
        column=column.name,
        severity="violation" if violated else "notice",
        message=f"{counted(count, 'value')} of {column.name!r} ({share_of_rows(count, measured.rows)}) "
        f"{'is' if count == 1 else 'are'} {found.end} {written(end, column)}: {where}{far * (found.far > 0)}; the "
        f"model has seen {written(low, column)} to {written(high, column)} in {counted(known, 'row')}.",
        advice="Look for other units, a lost decimal point or a stand-in for missing values; "
        "a model guesses beyond what it has seen."
        if violated
        else CAN_BE,
    )

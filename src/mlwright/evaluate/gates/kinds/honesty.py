"""Gates on what a model says of itself: its probabilities and intervals, and the parts of the rows it is worse on."""

from __future__ import annotations

from mlwright.evaluate.gates.kinds.base import Asked, Result, Statistic, rows_of, score_or_share
from mlwright.evaluate.gates.measured import Answer, Measured, as_float, decisive, ends_of, exact, nothing, points
from mlwright.evaluate.wording import number, percent

WORST: tuple[Answer, ...] = ("fail", "unknown", "pass")
SEARCHED = 160
"""Rows below which nothing is looked for: `evaluate.slices` needs 80 to find parts and 80 to test them."""


def _calibration(result: Result, gate: Asked) -> Measured:
    found = result.get("calibration")
    about = str(found["about"]) if found else "error of stated probabilities"
    if not found:
        return nothing(about, "the model states neither probabilities nor intervals", points)
    several = []
    for part in found["parts"]:
        ends = ends_of(part)
        clause = f"{_where(part)} is off by {points(ends[0])}"
        several.append(Measured(*ends, about, points, rows_of(result), clause=clause))
    return decisive(several, gate.side, gate.threshold)


def _where(part: Result) -> str:
    low, high = (percent(end) for end in part["range"])
    return f"a stated probability of {low} to {high}" if low != high else f"what was stated to be {low}"


def _slice(result: Result, gate: Asked) -> Measured:
    about = "loss on the worst part of the rows"
    if (slices := result.get("slices")) is None:
        return nothing(about, "the rows were not searched for parts that do worse")
    if not slices and rows_of(result) < SEARCHED:
        return nothing(about, f"fewer than {SEARCHED} rows are too few to find parts that do worse")
    if not slices:
        return exact(0.0, about, "no part of the rows was found on which it is clearly worse", number)
    found = [_one_slice(result, each, about) for each in slices]
    # The first that decides: they are listed with the worst one first.
    return min(found, key=lambda each: WORST.index(each.verdict(gate.side, gate.threshold)))


def _one_slice(result: Result, found: Result, about: str) -> Measured:
    """Return how much worse a part of the rows is, in the unit of the score that is told of it."""
    difference, low, high = ends_of({"value": found["difference"], "interval": found["interval"]})
    value = as_float(found["value"]) - as_float(found["rest"])
    # The interval is that of mean losses: of the squares of errors, where the score is their root.
    scale = value / difference
    where = " and ".join(str(condition["text"]) for condition in found["conditions"])
    clause = f"where {where}, {found['metric']} is worse than elsewhere by {number(value)}"
    return Measured(value, scale * low, scale * high, about, number, rows_of(result), clause=clause)


KINDS: dict[str, Statistic] = {
    "calibration": Statistic(
        "how far the stated probabilities are off in any fifth of the rows; where numbers are predicted, how far the "
        "share of rows that their intervals hold is from the share that is stated",
        _calibration,
    ),
    "worst_slice": Statistic(
        "how much worse it is than elsewhere on the worst part of the rows that was found: in the metric that it was "
        "chosen by where that is a mean of errors, else in log loss or, where numbers are predicted, absolute error",
        _slice,
        threshold=score_or_share,
        needs="slices",
    ),
}

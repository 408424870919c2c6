"""Gates on what a model says of itself: its probabilities and intervals, and the parts of the rows it is worse on."""

from __future__ import annotations

from mlwright.evaluate.gates.kinds.base import Asked, Result, Statistic, main_metric, rows_of, score_or_share
from mlwright.evaluate.gates.measured import Measured, decisive, ends_of, exact, nothing, points
from mlwright.evaluate.wording import percent


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
    main = main_metric(result)
    show, about = main.show_gain, f"loss of {main.label} on the worst part of the rows"
    if (slices := result.get("slices")) is None:
        return nothing(about, "the rows were not searched for parts that do worse", show)
    if not slices:
        return exact(0.0, about, "no part of the rows was found on which it is clearly worse", show)
    several = []
    for each in slices:
        value, low, high = (abs(end) for end in ends_of({"value": each["difference"], "interval": each["interval"]}))
        where = " and ".join(str(condition["text"]) for condition in each["conditions"])
        clause = f"where {where}, {main.label} is worse than elsewhere by {show(value)}"
        several.append(Measured(value, min(low, high), max(low, high), about, show, rows_of(result), clause=clause))
    return decisive(several, gate.side, gate.threshold)


KINDS: dict[str, Statistic] = {
    "calibration": Statistic(
        "how far the stated probabilities are off in any fifth of the rows; where numbers are predicted, how far the "
        "share of rows that their intervals hold is from the share that is stated",
        _calibration,
    ),
    "worst_slice": Statistic(
        "how much worse it is than elsewhere on the worst part of the rows that was found",
        _slice,
        threshold=score_or_share,
        needs="slices",
    ),
}

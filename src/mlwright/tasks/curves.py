"""What the report draws of a model's errors: JSON with a "form" that a chart knows, and one plain sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlwright.findings import percent
from mlwright.tasks.base import Costs, Floats, Label, Prediction
from mlwright.tasks.decide import LEVEL, expected_costs
from mlwright.tasks.scores import confusion, likeliest

BINS = 10
CLASSES_SHOWN = 20
POINTS = 500
THRESHOLDS = 100
Z = 1.959963984540054
"""The 97.5 % point of the standard normal distribution."""


CLEAR = 3.0
"""The same for a single group of ten that chance alone would hardly put there."""


def wilson(successes: Floats, count: Floats, point: float = Z) -> tuple[Floats, Floats]:
    """Return the interval of a share (Wilson, 1927), at 95 % unless another point is given.

    >>> low, high = wilson(np.array([8.0]), np.array([10.0]))
    >>> round(float(low[0]), 3), round(float(high[0]), 3)
    (0.49, 0.943)
    """
    share = successes / count
    spread = point * np.sqrt(share * (1 - share) / count + point**2 / (4 * count**2))
    scale = 1 + point**2 / count
    centre = share + point**2 / (2 * count)
    return np.clip((centre - spread) / scale, 0.0, 1.0), np.clip((centre + spread) / scale, 0.0, 1.0)


def calibration(happened: Floats, probability: Floats, *, event: str) -> dict[str, Any]:
    """Compare stated probabilities with what happened, in at most ten bins of about equally many rows."""
    inner = np.unique(np.quantile(probability, np.linspace(0, 1, BINS + 1)[1:-1]))
    place = np.searchsorted(inner, probability, side="right")
    count = np.bincount(place, minlength=len(inner) + 1).astype(np.float64)
    used = count > 0
    count = count[used]
    predicted = np.bincount(place, weights=probability, minlength=len(inner) + 1)[used] / count
    events = np.bincount(place, weights=happened, minlength=len(inner) + 1)[used].astype(np.float64)
    low, high = wilson(events, count)
    ends = [(float(probability[place == at].min()), float(probability[place == at].max())) for at in np.unique(place)]
    return {
        "form": "calibration",
        "predicted": predicted.tolist(),
        "observed": (events / count).tolist(),
        "lower": low.tolist(),
        "upper": high.tolist(),
        "count": count.astype(int).tolist(),
        "sentence": _calibration_sentence(predicted, events, count, ends, event=event),
    }


def _calibration_sentence(
    predicted: Floats, events: Floats, count: Floats, ends: Sequence[tuple[float, float]], *, event: str
) -> str:
    """Say whether probabilities are what happens; where not, in which range they are off most."""
    observed, groups = events / count, len(count)
    outside, clear = (
        (predicted < low) | (predicted > high) for low, high in (wilson(events, count), wilson(events, count, CLEAR))
    )
    # One of twenty intervals misses by chance alone, but not by far.
    if outside.sum() <= groups / 10 and not clear.any():
        few = f"{outside.sum()} of the {groups} groups {'is' if outside.sum() == 1 else 'are'}"
        chance = f"; {few} a little off, which is no more than chance makes it" if outside.any() else ""
        return (
            f"The stated probabilities can be taken at their word: {event} happened about as often as was said, "
            f"in groups of rows with similar probabilities{chance}."
        )
    worst = int(np.argmax(np.where(outside, np.abs(predicted - observed) * np.sqrt(count), -1)))
    direction = "too low" if observed[worst] > predicted[worst] else "too high"
    first, last = percent(ends[worst][0]), percent(ends[worst][1])
    return (
        f"Some stated probabilities are {direction}: where {first if first == last else f'{first} to {last}'} was said "
        f"({percent(predicted[worst])} on average), {event} happened in {percent(observed[worst])} of "
        f"{count[worst]:,.0f} rows. {outside.sum()} of {groups} groups of rows with similar probabilities "
        f"{'is' if outside.sum() == 1 else 'are'} off."
    )


def confusions(y: Floats, called: np.ndarray[Any, np.dtype[np.intp]], classes: Sequence[Label]) -> dict[str, Any]:
    """Count the true against the given classes; beyond twenty classes the rarest are merged into "other"."""
    counts = confusion(y, called, len(classes))
    right, rows = float(np.trace(counts)), float(counts.sum())
    missed = _of_hundred(rows - right, rows)
    sentence = f"{right:,.0f} of {rows:,.0f} rows were given the right class, so it was wrong in {missed}"
    wrong = counts - np.diag(np.diag(counts))
    if wrong.max() > 0:
        actual, given = divmod(int(np.argmax(wrong)), len(classes))
        times = "once" if wrong.max() == 1 else f"{wrong.max():,.0f} times"
        sentence += f"; the most frequent mistake is {classes[actual]!r} taken for {classes[given]!r} ({times})"
    names = [str(label) for label in classes]
    if len(classes) > CLASSES_SHOWN:
        shown = np.sort(np.argsort(-counts.sum(axis=1), kind="stable")[: CLASSES_SHOWN - 1])
        place = np.full(len(classes), CLASSES_SHOWN - 1)
        place[shown] = np.arange(CLASSES_SHOWN - 1)
        merged = np.zeros((CLASSES_SHOWN, CLASSES_SHOWN))
        np.add.at(merged, (place[:, None], place[None, :]), counts)
        counts, names = merged, [*(names[position] for position in shown), "other"]
    return {"form": "confusion", "classes": names, "counts": counts.astype(int).tolist(), "sentence": sentence + "."}


def _of_hundred(wrong: float, rows: float) -> str:
    """Return how often that is, as people say it.

    >>> _of_hundred(263.0, 1407.0), _of_hundred(1.0, 5000.0), _of_hundred(0.0, 7.0)
    ('19 of 100', '0.02 of 100', 'none')
    """
    if not wrong:
        return "none"
    share = 100.0 * wrong / rows
    return f"{f'{share:.0f}' if share >= 1.5 else f'{share:.1g}'} of 100"


def thresholds(y: Floats, probability: Floats, decision: Mapping[str, Any]) -> dict[str, Any]:
    """Show what each threshold would find, get wrong and cost."""
    stated = Costs(**decision["costs"], stated=decision["stated"])
    chosen = float(decision["threshold"])
    # The ends of the range say little; quantiles put the points where the rows are.
    grid = np.unique(np.append(np.quantile(probability, np.linspace(0, 1, THRESHOLDS - 1)), chosen))
    called = np.sort(probability)
    cases = np.sort(probability[y == 1])
    above = len(called) - np.searchsorted(called, grid, side="left")
    found = len(cases) - np.searchsorted(cases, grid, side="left")
    precision = np.divide(found, above, out=np.zeros(len(grid)), where=above > 0)
    recall = found / len(cases) if len(cases) else np.zeros(len(grid))
    cost = expected_costs(y, probability, grid, stated)
    at = int(np.flatnonzero(grid == chosen)[0])
    positive = repr(decision["positive"])
    sentence = (
        f"At this threshold ({percent(chosen)}) the model never answers {positive}: no row is that likely to be one. "
        "--cost-fn and --cost-fp say what errors cost and move it"
        if not above[at]
        else f"A row is called {positive} from a probability of {percent(chosen)} on: "
        f"{percent(recall[at])} of all {positive} rows are found so, and {percent(precision[at])} of the rows called "
        f"{positive} are right"
    )
    sentence += f"; an average row costs {cost[at]:.3g}." if stated.stated else "."
    return {
        "form": "threshold",
        "threshold": grid.tolist(),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "cost": cost.tolist(),
        "chosen": chosen,
        "stated": stated.stated,
        "sentence": sentence,
    }


def _amount(value: np.floating[Any]) -> str:
    """Return a number with three digits or more, as people write it: 0.0123, 45.6, 12,345."""
    return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"


def residuals(y: Floats, predicted: Floats) -> dict[str, Any]:
    """Set true against predicted numbers: at most 500 rows, spread evenly over the predictions."""
    order = np.argsort(predicted, kind="stable")
    if len(order) > POINTS:
        order = order[np.linspace(0, len(order) - 1, POINTS).astype(np.intp)]
    off = np.abs(y - predicted)
    sentence = (
        f"Half of the predicted numbers are less than {_amount(np.median(off))} off, "
        f"and nine of ten are less than {_amount(np.quantile(off, 0.9))} off."
    )
    return {
        "form": "residuals",
        "predicted": predicted[order].tolist(),
        "actual": y[order].tolist(),
        "sentence": sentence,
    }


def coverage(y: Floats, lower: Floats, upper: Floats, level: float) -> dict[str, Any]:
    """Count how often the true number lies in the interval that was given."""
    inside = (y >= lower) & (y <= upper)
    low, high = wilson(np.array([inside.sum()], dtype=np.float64), np.array([len(y)], dtype=np.float64))
    verdict = "as it should be" if low[0] <= level <= high[0] else ("too often" if low[0] > level else "too seldom")
    return {
        "form": "interval",
        "level": level,
        "coverage": float(inside.mean()),
        "sentence": (
            f"The interval given with each number is meant to hold the true one in {percent(level)} of rows; "
            f"it held it in {percent(float(inside.mean()))} of {len(y):,} rows, {verdict}. "
            f"Half of the intervals are narrower than {_amount(np.median(upper - lower))}."
        ),
    }


def sets(y: Floats, answered: Prediction) -> dict[str, Any]:
    """Count how often the true label is among those not ruled out, and how many those are; nothing without sets."""
    included = answered.included
    if included is None:
        return {}
    held = float(included[np.arange(len(y)), y.astype(np.intp)].mean())
    many = included.sum(axis=1)
    single = float(np.mean(many == 1))
    _, high = wilson(np.array([held * len(y)]), np.array([float(len(y))]))
    verdict = "as it should be" if high[0] >= LEVEL else "too seldom"
    sentence = (
        f"Asked for all answers that it cannot rule out, which are meant to hold the true one in {percent(LEVEL)} of "
        f"rows or more, the model named the true one in {percent(held)} of {len(y):,} rows, {verdict}. In "
        f"{percent(single)} of the rows it named a single answer."
    )
    return {
        "sets": {
            "form": "sets",
            "level": LEVEL,
            "coverage": held,
            "size": float(many.mean()),
            "single": single,
            "sentence": sentence,
        }
    }


def top_label(y: Floats, P: Floats) -> dict[str, Any]:
    """Compare the probability of the class that is given with how often it is the right one."""
    given = likeliest(P)
    return calibration((given == y).astype(np.float64), P[np.arange(len(y)), given], event="the right class")

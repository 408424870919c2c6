"""Comparison: whether a model is better than something else, or the difference is noise."""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.evaluate.influence import Averaged, Ranked, influence, score_of
from mlwright.evaluate.intervals import Scored, area_error, area_interval
from mlwright.evaluate.limits import LEVEL, UNKNOWN, Interval, Z, add_up, around_mean, quantile_normal
from mlwright.evaluate.resample import Draws, corrected, left_out, resampled
from mlwright.tasks.base import Metric

Answer = Literal["yes", "no", "unclear"]


def compare(metric: Metric, held_out: HeldOut, P: Floats, other: Floats, *, seed: int = 0) -> Scored:
    """Return how much better the predictions P are than the others on the same rows: positive is better, always.

    The difference is paired: what is hard for both does not blur it. ROC AUC: DeLong's test for two correlated curves
    (1988); means of losses: the mean of the rows' differences; everything else: the paired bootstrap.
    """
    sign = 1.0 if metric.greater_is_better else -1.0
    value = sign * (score_of(metric, held_out, P) - score_of(metric, held_out, other))
    if not math.isfinite(value) or len(held_out) < 2:
        return Scored(value, *UNKNOWN)
    if np.array_equal(P, other):
        return Scored(0.0, 0.0, 0.0)
    low, high = _difference(metric, held_out, (P, other), (sign, value), seed)
    return Scored(value, low, high)


def answer_of(difference: Scored) -> Answer:
    """Return whether a difference says that the model is better: yes, no, or nobody knows.

    >>> answer_of(Scored(0.02, 0.01, 0.03)), answer_of(Scored(0.02, -0.01, 0.05)), answer_of(Scored(0.0, 0.0, 0.0))
    ('yes', 'unclear', 'no')
    """
    if difference.low > 0.0:
        return "yes"
    same = difference.value == difference.low == difference.high == 0.0
    return "no" if difference.high < 0.0 or same else "unclear"


def compare_folds(losses: Floats, other: Floats, *, test_share: float) -> Scored:
    """Return how much less the first lose than the others, fold by fold, on the same folds; above 0 is better.

    `losses` and `other` are (folds,); `test_share` is the rows a fold is scored on over those that teach it. Folds
    share the rows that teach, so their differences vary less than the truth does: the variance is that of Nadeau and
    Bengio, "Inference for the generalization error", Machine Learning 52 (2003), with Student's t for so few folds.

    >>> found = compare_folds(np.array([0.30, 0.32, 0.29]), np.array([0.33, 0.36, 0.31]), test_share=0.5)
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.03, -0.009, 0.069)
    """
    from scipy.stats import t

    gaps = np.asarray(other, dtype=np.float64) - np.asarray(losses, dtype=np.float64)
    count, value = len(gaps), float(np.mean(gaps))
    if count < 2 or not np.isfinite(gaps).all():
        return Scored(value, *UNKNOWN)
    error = math.sqrt((1.0 / count + test_share) * float(np.var(gaps, ddof=1)))
    reach = float(t.ppf(0.975, count - 1)) * error
    return Scored(value, value - reach, value + reach)


def paired_shares(value: float, parts: Floats, level: float = LEVEL) -> Interval:
    """Return the interval of the difference of two shares on the same rows, which deviate from it by `parts`.

    Agresti and Min (2005), "Simple improved confidence intervals for comparing matched proportions", Statistics in
    Medicine 24: half a row more for each way to differ, so that few differing rows do not read as certainty.
    """
    count = len(parts)
    middle = value * count / (count + 2.0)
    reach = quantile_normal(level) * math.sqrt(float(np.sum(parts**2)) + 1.0) / (count + 2.0)
    return (middle - reach, middle + reach)


def _difference(
    metric: Metric, held_out: HeldOut, pair: tuple[Floats, Floats], signed: tuple[float, float], seed: int
) -> Interval:
    """Return the interval of a signed difference."""
    sign, value = signed
    one, two = (influence(metric, held_out, P) for P in pair)
    if one is not None and two is not None:
        parts = sign * (one.score_parts - two.score_parts)
        if isinstance(one, Ranked) and isinstance(two, Ranked):
            return _of_areas(signed, parts, (one, two), held_out)
        if isinstance(two, Averaged):
            units = add_up(parts, None if held_out.groups is None else held_out.units)
            return paired_shares(value, units) if metric.interval == "wilson" else around_mean(value, units)
    draws, without = resampled(metric, held_out, pair, seed=seed), left_out(metric, held_out, pair)
    gaps = [sign * (scores[:, 0] - scores[:, 1]) for scores in (draws, without)]
    return corrected(value, gaps[0], gaps[1], Draws(held_out, seed).shrink)


def _of_areas(signed: tuple[float, float], parts: Floats, pair: tuple[Ranked, Ranked], held_out: HeldOut) -> Interval:
    """Return the interval of the difference of two areas on the same rows.

    DeLong's error is 0 where a ranking is perfect, which few rows make easily: nothing is known so surely. There, and
    against a ranking that says nothing, the intervals of the two areas themselves tell (Zou and Donner 2008).
    """
    sign, value = signed
    one, two = pair
    error = area_error(parts, one, held_out)
    silent = [not np.any(each.parts) and each.value == 0.5 for each in pair]
    if value == 0.0 or not (any(silent) or error == 0.0):
        return (value - Z * error, value + Z * error) if math.isfinite(error) else UNKNOWN
    (low, high), (least, most) = (
        (0.5, 0.5) if says_nothing else area_interval(each, held_out)
        for each, says_nothing in zip(pair, silent, strict=True)
    )
    difference = one.value - two.value
    ends = (
        difference - math.hypot(one.value - low, most - two.value),
        difference + math.hypot(high - one.value, two.value - least),
    )
    return ends if sign > 0 else (-ends[1], -ends[0])

"""The flow from the members' raw sums to the answer: links, the weighted mean, the calibration, the unit.

What a player adds to a raw sum is carried through the steps behind it along the straight line from the background's
mean sums to the row's own (Aumann and Shapley 1974, "Values of non-atomic games"; in the manner of Chen, Lundberg and
Lee 2022, "Explaining a series of models by propagating Shapley values", Nature Communications 13). So what the players
add to the answer adds up to it, whatever the steps are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.calibration import Calibration, Powers
from mlwright.learn.ensemble import Ensemble
from mlwright.learn.links import LINKS

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

LEAST = 1e-15
"""A probability below this, or above 1 minus this, counts as this: its log-odds would be infinite."""
POINTS = 16
"""Points of the line at which slopes are taken: Gauss and Legendre's."""
_FOUND = np.polynomial.legendre.leggauss(POINTS)
PLACES, WEIGHTS = 0.5 * (_FOUND[0] + 1.0), 0.5 * _FOUND[1]


@dataclass(frozen=True)
class Heard:
    """A member as it is heard: its weight and the link behind its raw sum."""

    weight: float
    link: str


def log_odds(P: Floats, of: Index) -> Floats:
    """Return (n,): the log-odds of one class of each row, given probabilities (n, classes).

    >>> log_odds(np.array([[0.25, 0.75]]), np.array([1])).round(4)
    array([1.0986])
    """
    rows = np.arange(len(P))
    own = P[rows, of]
    rest = P.sum(axis=1) - own if P.shape[1] > 2 else P[rows, 1 - of]
    odds: Floats = np.log(np.maximum(own, LEAST)) - np.log(np.maximum(rest, LEAST))
    return odds


def answer_of(ensemble: Ensemble, heard: Sequence[Heard], raws: Sequence[Floats], of: Index) -> Floats:
    """Return (n,): the answer in its unit that raw sums (n, outputs) of each member come to."""
    links = (one.weight * LINKS[one.link](raw) for one, raw in zip(heard, raws, strict=True))
    total = np.add.reduce(list(links))
    finished = ensemble.finish(total)
    return log_odds(finished, of) if ensemble.classes else finished[:, 0]


def carried(
    ensemble: Ensemble, heard: Sequence[Heard], bases: Sequence[Floats], gains: Sequence[Floats], of: Index
) -> Floats:
    """Return (n, players): what each player adds to the answer, given what it adds to each member's raw sum.

    `bases` (outputs,) and `gains` (n, players, outputs) member by member; `of` (n,) is the class that is told of.
    """
    apart = [gain.sum(axis=1) for gain in gains]
    if not ensemble.classes:
        # One straight step after the other: the mean of numbers, and the floor below them.
        parts = [one.weight * ensemble.scale * gain[:, :, 0] for one, gain in zip(heard, gains, strict=True)]
        said: Floats = np.add.reduce(parts)
        return said
    # All points of the line at once: (points * n, outputs), the rows of one point after those of another.
    raws = [
        (base + PLACES[:, None, None] * each).reshape(-1, len(base)) for base, each in zip(bases, apart, strict=True)
    ]
    steep = _slopes(ensemble.calibration, heard, raws, np.tile(of, POINTS))
    slopes = [np.einsum("q,qnk->nk", WEIGHTS, each.reshape(POINTS, len(of), -1)) for each in steep]
    parts = [np.einsum("npk,nk->np", gain, slope) for gain, slope in zip(gains, slopes, strict=True)]
    carried: Floats = np.add.reduce(parts)
    return carried


def _slopes(calibration: Calibration | None, heard: Sequence[Heard], raws: Sequence[Floats], of: Index) -> list[Floats]:
    """Return (n, outputs) of each member: how fast the log-odds of the class rise with its raw sum."""
    P = [LINKS[one.link](raw) for one, raw in zip(heard, raws, strict=True)]
    mean = np.maximum(np.add.reduce([one.weight * each for one, each in zip(heard, P, strict=True)]), LEAST)
    steep = _log_odds_slopes(calibration, mean, of)
    return [one.weight * _through(one.link, each, steep) for one, each in zip(heard, P, strict=True)]


def _log_odds_slopes(calibration: Calibration | None, P: Floats, of: Index) -> Floats:
    """Return (n, classes): how fast the calibrated log-odds of the class rise with each probability."""
    powers = calibration.powers if isinstance(calibration, Powers) else np.ones(P.shape[1])
    shares = P if calibration is None else calibration.apply(P)
    rows = np.arange(len(P))
    rest = np.maximum(shares.sum(axis=1) - shares[rows, of], LEAST)
    slopes: Floats = -shares / rest[:, None] * powers / P
    slopes[rows, of] = powers[of] / P[rows, of]
    return slopes


def _through(link: str, P: Floats, steep: Floats) -> Floats:
    """Return (n, outputs): slopes by probabilities (n, classes), turned into slopes by the raw sum."""
    if link == "sigmoid":
        return (P[:, 0] * P[:, 1] * (steep[:, 1] - steep[:, 0]))[:, None]
    if link == "complement":
        return (steep[:, 1] - steep[:, 0])[:, None]
    if link == "softmax":
        turned: Floats = P * (steep - (P * steep).sum(axis=1, keepdims=True))
        return turned
    return steep


def settled(said: Floats, total: Floats) -> Floats:
    """Return contributions (n, players) that add up to `total` (n,) exactly.

    They are off by the rounding of float32 sums, by what lies between the points of the line, and where a floor or a
    limit cuts the answer off. Where they all but cancel out, the rest goes to the players by their size.
    """
    found = said.sum(axis=1)
    rest = total - found
    sizes = np.abs(said)
    size = sizes.sum(axis=1)
    # A cut (the floor, a probability of 0) shrinks all alike; a difference of rounding is too small to matter how.
    ratio = np.divide(total, found, out=np.ones_like(total), where=np.abs(found) > 0.5 * size)
    shrink = (ratio >= 0.0) & (ratio <= 1.0) & (np.abs(found) > 0.5 * size)
    share = np.divide(sizes, size[:, None], out=np.full_like(sizes, 1.0 / sizes.shape[1]), where=size[:, None] > 0)
    settled: Floats = np.where(shrink[:, None], said * ratio[:, None], said + rest[:, None] * share)
    return settled

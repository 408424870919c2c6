"""The backing sample: a few rows, drawn at random, whose outcomes tell whether an estimate can be believed.

An estimate without labels holds as long as rows alike end alike. Whether they still do, only outcomes can tell, and a
few hundred are enough: each is compared with the loss that was expected of its row, so that only what was not expected
counts (prediction-powered inference; Angelopoulos, Bates, Fannjiang, Jordan and Zrnic, Science 382, 2023), and bets are
placed on the differences (Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", 2024), so
that one may look after every outcome.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import OptionError
from mlwright.monitor.ranks import Floats

STAKES = np.array([0.02, 0.05, 0.1, 0.2, 0.35, 0.55, 0.8])
"""The shares of what can be lost that are bet, an equal part of the capital on each."""
MOST_WEIGHT = 2.0
"""Half of the chances to be drawn are the same for all rows, so that none counts more than twice."""
STEPS = 40
"""Halvings until an end of the interval is found."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """Rows whose outcome is worth finding out: their positions (k,), and how much each counts (k,): 1 if all alike."""

    positions: NDArray[np.intp]
    weight: Floats


@dataclass(frozen=True, slots=True)
class Backing:
    """What the outcomes of drawn rows say of an estimate.

    `value`, `low`, `high`: the mean loss of all rows by estimate and outcomes together; the interval holds at its level
    however often one looks. `capital` is the most that bets against the estimate ever came to, `warns` whether that was
    enough; `labels` how many outcomes were used.
    """

    value: float
    low: float
    high: float
    capital: float
    warns: bool
    labels: int
    why: str

    def to_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "value": self.value,
            "interval": [self.low, self.high],
            "capital": self.capital,
            "warns": self.warns,
            "labels": self.labels,
            "why": self.why,
        }


def draw(ids: Sequence[str], n: int, *, seed: int, promise: Floats | None = None) -> Drawn:
    """Draw about n of the rows; who is drawn depends on the id and the seed alone.

    Parameters
    ----------
    ids
        Of the rows, each once.
    n
        How many: exactly so many (or all rows) where all are alike, about so many where `promise` is given.
    seed
        Another seed, another draw.
    promise
        (rows,) how much is to be learned of each row, at least 0: `Estimate.spread`. Rows that promise more are drawn
        more often and count less, but none counts more than twice.

    Raises
    ------
    OptionError
        n is below 1, or `promise` does not fit the rows.
    """
    if n < 1:
        raise OptionError(f"{n} rows cannot be drawn.", hint="ask for 1 or more.")
    chance = np.array([_hashed(each, seed) for each in ids], dtype=np.float64)
    rows = len(chance)
    if promise is None or n >= rows:
        chosen = np.argsort(chance, kind="stable")[:n].astype(np.intp)
        return Drawn(chosen, np.ones(len(chosen)))
    if len(promise) != rows or not np.isfinite(promise).all() or (promise < 0.0).any():
        raise OptionError(f"What is promised must be one number of at least 0 for each of {rows} rows.")
    total = float(promise.sum())
    shares = np.full(rows, 1.0 / rows) if total <= 0.0 else 0.5 / rows + 0.5 * promise / total
    inside = _inclusion(shares, n)
    chosen = np.flatnonzero(chance < inside).astype(np.intp)
    chosen = chosen[np.argsort(chance[chosen] / inside[chosen], kind="stable")]
    return Drawn(chosen, (n / rows) / inside[chosen])


def back(
    expected: Floats,
    drawn: Drawn,
    losses: Floats,
    *,
    high: float,
    most: float,
    alpha: float = 0.05,
) -> Backing:
    """Compare the losses of drawn rows with what was expected of them.

    Parameters
    ----------
    expected
        (rows,) the estimated loss of every row: `Estimate.expected`.
    drawn
        The rows that were drawn, in the order in which their outcomes are looked at.
    losses
        (k,) the loss of each drawn row; NaN where its outcome is not known. That an outcome stays unknown must have
        nothing to do with what it is.
    high
        The upper end of the estimate: only a loss beyond what it allows for speaks against it.
    most
        The largest loss there can be, or that counts: larger ones count as this much.
    alpha
        The chance of a false warning, over the whole sample, is at most this; 1 - alpha is the level of the interval.

    Raises
    ------
    OptionError
        Losses and drawn rows are not equally many, or `most` is not above 0.
    """
    if len(losses) != len(drawn.positions):
        raise OptionError(f"There are {len(losses)} losses for {len(drawn.positions)} drawn rows.")
    if not (math.isfinite(most) and most > 0.0):
        raise OptionError(f"The largest loss cannot be {most}.", hint="give a number above 0.")
    every = np.clip(expected, 0.0, most)
    known = np.isfinite(losses)
    at, weight = drawn.positions[known], drawn.weight[known]
    off = weight * (np.clip(losses[known], 0.0, most) - every[at])
    middle = float(every.mean())
    heaviest = MOST_WEIGHT if float(drawn.weight.max(initial=1.0)) > 1.0 else 1.0
    bounds = (-heaviest * float(every.max()), heaviest * most)
    ends = _ends(off, bounds, alpha)
    margin = max(high - middle, 0.0)
    capital = _capital(off, margin, bounds)
    warns = capital >= 1.0 / alpha
    value = middle + (float(off.mean()) if len(off) else 0.0)
    low, high_end = max(middle + ends[0], 0.0), min(middle + ends[1], most)
    return Backing(value, low, high_end, capital, warns, len(off), _told(value, middle, warns=warns, labels=len(off)))


def _told(value: float, expected: float, *, warns: bool, labels: int) -> str:
    if not labels:
        return "No outcome of the drawn rows is known yet."
    if warns:
        return (
            f"{labels} outcomes say that rows alike no longer end alike: the loss is about {value:.3g} where "
            f"{expected:.3g} was expected. Do not rely on estimates without labels."
        )
    return f"{labels} outcomes do not speak against the estimate: {value:.3g} by them, {expected:.3g} expected."


def _hashed(row: str, seed: int) -> float:
    """Return a number in [0, 1) that follows from an id and a seed."""
    found = blake2b(row.encode(), digest_size=8, key=seed.to_bytes(8, "little", signed=True)).digest()
    return int.from_bytes(found, "little") / 2.0**64


def _inclusion(shares: Floats, n: int) -> Floats:
    """Return the chance (rows,) of each row to be drawn: as its share, at most 1, n together."""
    inside = np.minimum(n * shares, 1.0)
    for _ in range(len(shares)):
        free = inside < 1.0
        missing = n - float(inside.sum())
        if missing <= 1e-9 * n or not free.any():
            break
        inside[free] = np.minimum(inside[free] * (1.0 + missing / float(inside[free].sum())), 1.0)
    return inside


def _capital(values: Floats, mean: float, bounds: tuple[float, float]) -> float:
    """Return the most that bets on the mean of the values being above `mean` ever came to, starting from 1."""
    room = mean - bounds[0]
    if not len(values) or room <= 0.0:
        return 1.0
    steps = np.log1p(STAKES[None, :] * np.maximum((values - mean) / room, -1.0)[:, None])
    courses = steps.cumsum(axis=0)
    top = courses.max(axis=1, keepdims=True)
    logs = top[:, 0] + np.log(np.exp(courses - top).mean(axis=1))
    return float(np.exp(min(max(float(logs.max()), 0.0), 700.0)))


def _ends(values: Floats, bounds: tuple[float, float], alpha: float) -> tuple[float, float]:
    """Return the interval of the mean: all means against which no bet, from above or from below, became rich."""
    limit = 2.0 / alpha
    low = _end(values, bounds, limit)
    turned = _end(-values, (-bounds[1], -bounds[0]), limit)
    return low, -turned


def _end(values: Floats, bounds: tuple[float, float], limit: float) -> float:
    """Return the largest mean that bets on more than it exclude, by halving: their capital falls as the mean rises."""
    low, high = bounds
    for _ in range(STEPS):
        middle = (low + high) / 2.0
        if _capital(values, middle, bounds) >= limit:
            low = middle
        else:
            high = middle
    return low

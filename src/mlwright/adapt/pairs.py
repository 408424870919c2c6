"""What a trial counts: differences of losses of two models, each once, when it is mature, in an order that is fixed.

When a row counts must not hang on what came of it. Where it does, as when what turned out well is known sooner, the
first outcomes to arrive are no sample of the rows, and a model that is better on them alone looks better. So a row
counts when it is as old as outcomes take (`delay`), with the outcome as it is known by then, and never where none is.
What corrects an outcome afterwards changes nothing that has counted: a bet that is settled is not taken back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import DataError

Floats = NDArray[np.float64]
Moments = NDArray[np.int64]
"""Microseconds since 1970."""

RARE = 0.995
"""The share of known losses that lie below the bound at which differences are clipped."""


@dataclass(frozen=True, slots=True)
class Matured:
    """Rows that begin to count, in the order in which they do."""

    index: NDArray[np.intp]
    """(m,) their positions."""
    without: int
    """How many rows would have counted too, had their outcome been known in time."""


def matured(answered: Moments, known: Moments, ids: Sequence[str], *, delay: int, after: int, until: int) -> Matured:
    """Return the rows that begin to count later than `after` and not later than `until`.

    `answered` (n,), `known` (n,): when a row was answered and when its outcome was received, -1 where it was not;
    `delay`: how old a row has to be. Of several outcomes of a row the caller takes the last that was received until
    then. With a delay of 0 a row counts when its first outcome is received: right only where what came of a row does
    not change how soon that is known. Rows that count at the same moment do so in the order of their ids.

    >>> found = matured(np.array([5, 1, 3]), np.array([6, 2, -1]), ["a", "b", "c"], delay=10, after=0, until=15)
    >>> found.index.tolist(), found.without
    ([1, 0], 1)
    """
    moment = answered + delay if delay else known
    there = (known >= 0) & (known <= moment)
    due = (moment > after) & (moment <= until)
    places = sorted(np.flatnonzero(due & there).tolist(), key=lambda place: (int(moment[place]), ids[place]))
    return Matured(np.array(places, dtype=np.intp), int((due & ~there).sum()))


@dataclass(frozen=True, slots=True)
class Differences:
    """How much less the challenger loses than the champion, row by row, in the order in which rows count."""

    keys: tuple[str, ...]
    """Whom each is about: a unit (a customer) counts once in a trial, by its first mature row."""
    values: Floats
    lowest: Floats
    highest: Floats
    """(n,) each: the difference, and the least and the most it could have been."""
    clipped: NDArray[np.bool_]
    """Which ones were beyond the bound."""

    def __len__(self) -> int:
        return len(self.values)


def paired(keys: Sequence[str], champion: Floats, challenger: Floats, *, bound: float) -> Differences:
    """Return the differences of rows that both models answered: shadow rows, or rows that one of them replays.

    `keys`: the unit of each row, or its id where rows are independent; `champion`, `challenger` (n,): their losses on
    the same rows; differences beyond +-`bound` count as if they were it. Raises DataError for a loss that is no number.
    """
    values = _known(champion, keys, "champion") - _known(challenger, keys, "challenger")
    ends = np.full(len(values), float(bound))
    return Differences(tuple(keys), np.clip(values, -bound, bound), -ends, ends, np.abs(values) > bound)


def unpaired(
    keys: Sequence[str],
    losses: Floats,
    by_challenger: NDArray[np.bool_],
    propensity: Floats,
    *,
    bound: float,
    usual: float,
) -> Differences:
    """Return what stands for the difference where each row was answered by one of the two: canary traffic.

    `losses` (n,) of the version that answered, at least 0 and clipped at `bound`; `by_challenger` (n,): whether it was
    the challenger; `propensity` (n,): how likely it was that this one of the two would answer. (loss - usual) /
    propensity, with its sign turned for the challenger, is on average the difference itself (Horvitz and Thompson
    1952); `usual`, what is lost on average, has to be known beforehand, and takes most of the noise away. Raises
    DataError for a loss that is no number or below 0, and a propensity that is not between 0 and 1.
    """
    known = _known(losses, keys, "version that answered")
    if np.any(known < 0.0):
        raise DataError("A loss is below 0.", hint="take a loss that is 0 where an answer is right.")
    if not np.all((propensity > 0.0) & (propensity < 1.0)):
        raise DataError(
            "A row was answered by a version that was sure to answer, or that could not.",
            hint="leave out rows of the time in which one of the two answered everything.",
        )
    champion = np.where(by_challenger, 1.0 - propensity, propensity)
    usual = min(max(usual, 0.0), bound)
    over = np.minimum(known, bound) - usual
    return Differences(
        tuple(keys),
        np.where(by_challenger, -over / propensity, over / propensity),
        -np.maximum(usual / champion, (bound - usual) / (1.0 - champion)),
        np.maximum((bound - usual) / champion, usual / (1.0 - champion)),
        known > bound,
    )


def loss_bound(losses: Floats) -> float:
    """Return where to clip differences, from losses on rows that no decision was made on: nearly all lie below it.

    A few huge losses would else make every stake tiny. A trial is then about the mean of what is clipped. Where losses
    are 0 or 1 that is 1, and nothing is clipped. Raises DataError where no loss is above 0.

    >>> loss_bound(np.array([0.0, 1.0, 1.0, 0.0]))
    1.0
    """
    known = np.abs(np.asarray(losses, dtype=np.float64))
    known = known[np.isfinite(known)]
    if not np.any(known > 0.0):
        raise DataError("No row is known on which anything is lost.", hint="bring labelled rows of before the trial.")
    bound = float(np.quantile(known, RARE, method="higher"))
    return bound if bound > 0.0 else float(known.max())


def _known(losses: Floats, keys: Sequence[str], whose: str) -> Floats:
    """Return losses as floats. Raises DataError for the first that is none."""
    found: Floats = np.asarray(losses, dtype=np.float64)
    if found.shape != (len(keys),):
        raise DataError(f"There are {found.size} losses of the {whose} on {len(keys)} rows.")
    if not np.isfinite(found).all():
        place = int(np.flatnonzero(~np.isfinite(found))[0])
        raise DataError(f"The loss of the {whose} on row {keys[place]!r:.60} is no number.")
    return found

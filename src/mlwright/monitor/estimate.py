"""Performance without labels: the mean loss that is to be expected of new rows, as long as rows alike end alike.

What is expected of a row by itself follows from its probabilities, which say how likely each loss is (CBPE, by
NannyML), or for numbers from the losses of rows like it (DLE, likewise). Where these are wrong, they are wrong on rows
of the reference too, whose outcomes are known: what is to be corrected there is carried over to new rows as far as they
are alike (PAPE, Bialek et al. 2024, does so by weights; here it is a prediction with its own error, see `correction`).
How far such an estimate is off when rows shift is tried on the reference itself, by shifts made up from it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import DataError
from mlwright.evaluate.intervals import plain
from mlwright.evaluate.limits import Z
from mlwright.evaluate.wording import percent
from mlwright.monitor.correction import Correction, correct
from mlwright.monitor.described import Described, hats
from mlwright.monitor.expected import Expected, of_classes, of_rows_alike
from mlwright.monitor.overlap import overlap
from mlwright.monitor.ranks import Floats
from mlwright.monitor.sample import Loss, Sample

LEAST_REFERENCE, LEAST_ROWS = 100, 30
MOST_REFERENCE, MOST_ROWS = 5_000, 10_000
"""Of more rows so many are drawn."""
MOST_UNLIKE = 0.25
"""The share of rows unlike any of the reference from which on there is no estimate."""
LEAST_EFFECTIVE = 30.0
TRIED, BELIEVED = 8, 6.0
"""Made-up shifts, and how many of them the stated error counts for: it is believed to begin with."""
CONDITION = (
    "This holds as long as rows alike end alike: what the outcome has to do with the columns must be what it was. "
    "Only outcomes can tell; a few drawn at random back the estimate."
)


@dataclass(frozen=True, slots=True)
class Cause:
    """A column whose shift is expected to change the mean loss by so much."""

    column: str
    change: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """The mean loss that is expected of new rows.

    `value` and the 95 % interval `low` to `high` are NaN where there is no estimate; `reference` is the mean loss of
    the reference. `condition`: under which it holds. `trusted`: whether the rows are like those of the reference, and
    `why`, in a sentence. `causes`: what the change is expected to come from, most first. `positions` (k,): the new rows
    that were looked at, all unless they are very many; `expected`, `spread` and `newness[1]` (k,) are the loss expected
    of each, its standard deviation, and how likely it is a new one rather than one of the reference (`newness[0]`).
    """

    value: float
    low: float
    high: float
    reference: float
    condition: str
    trusted: bool
    why: str
    causes: tuple[Cause, ...]
    unlike: float
    positions: NDArray[np.intp]
    expected: Floats
    spread: Floats
    newness: tuple[Floats, Floats]

    def to_dict(self) -> dict[str, Any]:
        """Return what people read of it, for JSON."""
        return {
            "value": plain(self.value),
            "interval": [plain(self.low), plain(self.high)],
            "reference": plain(self.reference),
            "condition": self.condition,
            "trusted": self.trusted,
            "why": self.why,
            "unlike": self.unlike,
            "causes": [{"column": cause.column, "change": cause.change} for cause in self.causes],
        }


def estimate(reference: Sample, rows: Sample, loss: Loss, *, seed: int = 0, tried: int = TRIED) -> Estimate:
    """Estimate the mean loss of new rows whose outcomes are not known.

    Parameters
    ----------
    reference
        Rows with outcomes that no decision was made on.
    rows
        New rows with their predictions.
    loss
        The loss of rows, at least 0: `Metric.losses`, of P or of what follows from it row by row.
    seed
        Of what is drawn.
    tried
        Shifts of the reference that are made up to see how far the estimate is off; fewer are faster.

    Raises
    ------
    DataError
        The reference has fewer than 100 rows or lacks outcomes, there are fewer than 30 new rows, or the two do not
        have the same columns and classes.
    """
    _check(reference, rows)
    random = np.random.default_rng(seed)
    reference = reference.take(_some(len(reference), MOST_REFERENCE, random))
    positions = _some(len(rows), MOST_ROWS, random)
    rows = rows.take(positions)
    together = _Together.of(reference, rows, loss, seed)
    old, new = np.arange(len(reference)), np.arange(len(reference), len(reference) + len(rows))
    expected, found = together.corrected(old, new)
    seen = np.hstack([together.P, together.described.columns])
    like = overlap(seen[: len(reference)], seen[len(reference) :], seed=seed)
    unlike = float(like.unlike.mean())
    trusted = unlike <= MOST_UNLIKE and like.effective >= LEAST_EFFECTIVE
    before, value = float(together.losses.mean()), max(float(expected.new.mean()) + found.value, 0.0)
    widened = together.widened(random, tried)
    variance = widened * (found.variance + found.noise * float(np.sum(expected.new_spread**2)) / len(rows) ** 2)
    reach = Z * math.sqrt(variance)
    ends = (max(value - reach, 0.0), value + reach)
    each = np.maximum(expected.new + found.rows, 0.0)
    return Estimate(
        *((value, *ends) if trusted else (math.nan, math.nan, math.nan)),
        reference=before,
        condition=CONDITION,
        trusted=trusted,
        why=_why(unlike, like.effective, trusted=trusted),
        causes=_causes(together, np.append(expected.old, each), value - before, reference.names),
        unlike=unlike,
        positions=positions,
        expected=each,
        spread=expected.new_spread,
        newness=(like.old, like.new),
    )


@dataclass(frozen=True, slots=True)
class _Together:
    """Reference and new rows below each other, and how any of them are asked to speak for any others."""

    described: Described
    P: Floats
    losses: Floats
    """(n,) of the reference, whose rows come first."""
    loss: Loss
    seed: int

    @classmethod
    def of(cls, reference: Sample, rows: Sample, loss: Loss, seed: int) -> _Together:
        described = Described.by(reference.X, rows.X, seed=seed)
        losses = loss(_outcomes(reference), reference.P)
        return cls(described, np.vstack([reference.P, rows.P]), losses, loss, seed)

    def corrected(self, old: NDArray[np.intp], new: NDArray[np.intp]) -> tuple[Expected, Correction]:
        """Return what is expected of rows `new` and how it is corrected, knowing the outcomes of rows `old` alone."""
        every = np.concatenate([old, new])
        if self.P.shape[1] > 1:
            expected = of_classes(self.P[old], self.P[new], self.loss)
        else:
            seen = np.hstack([self.P, self.described.columns])
            expected = of_rows_alike(seen[old], self.losses[old], seen[new], seed=self.seed)
        mean, spread = np.append(expected.old, expected.new), np.append(expected.old_spread, expected.new_spread)
        by_prediction = np.hstack([hats(each) for each in _told_by(self.P[every], mean)])
        by_columns = self.described.together[every]
        by_newness = hats(_newness(np.hstack([by_columns, by_prediction]), len(old)))
        one = np.ones((len(every), 1))
        blocks = [(0, one), (0, by_prediction), (1, by_newness), (2, by_columns)]
        if expected.sign is not None:
            # Where a class is likelier than stated, some losses rise and others fall.
            sign = expected.sign[:, None]
            alone = by_columns[:, : self.described.columns.shape[1]]
            blocks += [(0, sign), (0, sign * by_prediction), (1, sign * by_newness), (2, sign * alone)]
        features = np.hstack([block for _, block in blocks])
        kinds = np.concatenate([np.full(block.shape[1], kind, dtype=np.intp) for kind, block in blocks])
        off = (self.losses[old] - expected.old) / expected.old_spread
        known = features[: len(old)], off
        return expected, correct(known, kinds, features[len(old) :], spread[len(old) :])

    def widened(self, random: np.random.Generator, tried: int) -> float:
        """Return by how much the variance must be larger than stated, by shifts made up from the reference."""
        rows, squares = len(self.losses), []
        for _ in range(tried):
            is_new = _made_up(self.described.columns[:rows], self.P[:rows], random)
            old, new = np.flatnonzero(~is_new), np.flatnonzero(is_new)
            if min(len(old), len(new)) < LEAST_ROWS:
                continue
            expected, found = self.corrected(old, new)
            off = float(self.losses[new].mean() - expected.new.mean()) - found.value
            stated = found.variance + found.noise * float(np.sum(expected.new_spread**2)) / len(new) ** 2
            squares.append(min(off**2 / stated, 25.0))
        return max((BELIEVED + sum(squares)) / (BELIEVED + len(squares)), 1.0)


def _made_up(columns: Floats, P: Floats, random: np.random.Generator) -> NDArray[np.bool_]:
    """Return which rows are taken as new ones: mostly those on one side of a column, of two, or of the prediction."""
    directions = [P[:, -1]] if not columns.shape[1] else [*columns[:, random.permutation(columns.shape[1])[:2]].T]
    if random.random() < 0.25:
        directions = [P[:, -1]]
    along = sum((random.choice([-1.0, 1.0]) * each for each in directions[: random.integers(1, 3)]), np.zeros(len(P)))
    # Ties are broken at random, so that there always are rows on either side.
    rank = np.argsort(np.argsort(along + 1e-9 * random.random(len(along)))) / len(along)
    chance = 1.0 / (1.0 + np.exp(-random.uniform(3.0, 9.0) * (rank - 0.6)))
    return np.asarray(random.random(len(along)) < chance, dtype=np.bool_)


def _told_by(P: Floats, mean: Floats) -> list[Floats]:
    """Return what of the prediction differences may go with: of two classes one probability says all."""
    return [P[:, 1]] if P.shape[1] == 2 else [mean, *P.T[:10]]


def _newness(features: Floats, old: int) -> Floats:
    """Return (n,) how much like new rows each is along one line (Fisher's), which the other half of the rows chose."""
    score = np.zeros(len(features))
    if not features.shape[1]:
        return score
    part = np.append(np.arange(old), np.arange(len(features) - old)) % 2
    is_new = np.arange(len(features)) >= old
    for half in (0, 1):
        chosen = part != half
        first, second = features[chosen & ~is_new], features[chosen & is_new]
        within = np.atleast_2d(np.cov(first, rowvar=False) + np.cov(second, rowvar=False)) / 2.0
        # Much is added to the variances: a line that tells halves apart by chance would be of no use on the other.
        ridge = 0.1 * np.trace(within) / len(within) + 1e-9
        line = np.linalg.solve(within + ridge * np.eye(len(within)), second.mean(axis=0) - first.mean(axis=0))
        values = features[part == half] @ line
        score[part == half] = (values - values.mean()) / max(float(values.std()), 1e-12)
    return score


def _causes(together: _Together, expected: Floats, change: float, names: Sequence[str]) -> tuple[Cause, ...]:
    """Return the columns whose shift moves the expected loss most: the cost along each times how far each moved."""
    columns, of, rows = together.described.columns, together.described.of, len(together.losses)
    if not columns.shape[1]:
        return ()
    squares = columns.T @ columns / len(columns)
    along = columns.T @ (expected - expected.mean()) / len(columns)
    slopes = np.linalg.solve(squares + 0.1 * np.eye(len(squares)), along)
    parts = slopes * (columns[rows:].mean(axis=0) - columns[:rows].mean(axis=0))
    sums: dict[str, float] = {}
    for position, part in zip(of.tolist(), parts.tolist(), strict=True):
        name = names[position] if names else str(position)
        sums[name] = sums.get(name, 0.0) + part
    same = [Cause(name, part) for name, part in sums.items() if part * change > 0.0 and abs(part) >= 0.1 * abs(change)]
    return tuple(sorted(same, key=lambda cause: -abs(cause.change))[:5])


def _why(unlike: float, effective: float, *, trusted: bool) -> str:
    if unlike > MOST_UNLIKE:
        return f"No estimate: {percent(unlike)} of rows are unlike anything it was judged on."
    if not trusted:
        return f"No estimate: only about {effective:.0f} rows that it was judged on speak for these."
    if unlike >= 0.01:
        odd = f"{percent(unlike)} of rows are unlike anything it was judged on"
        return f"{odd}; about {effective:.0f} speak for the others."
    return f"The rows are like those it was judged on; about {effective:.0f} of these speak for them."


def _some(rows: int, most: int, random: np.random.Generator) -> NDArray[np.intp]:
    """Return positions of at most so many rows, drawn at random, in their order."""
    if rows <= most:
        return np.arange(rows, dtype=np.intp)
    return np.sort(random.permutation(rows)[:most]).astype(np.intp)


def _outcomes(reference: Sample) -> Floats:
    """Return the outcomes. Raises DataError where some are not known."""
    if reference.y is None or not np.isfinite(reference.y).all():
        raise DataError("The reference of an estimate lacks outcomes.", hint="leave rows without one out.")
    return reference.y


def _check(reference: Sample, rows: Sample) -> None:
    """Raise DataError where nothing can be estimated."""
    _outcomes(reference)
    if len(reference) < LEAST_REFERENCE:
        raise DataError(
            f"The reference of an estimate has {len(reference)} rows, and {LEAST_REFERENCE} are needed.",
            hint="wait for more outcomes.",
        )
    if len(rows) < LEAST_ROWS:
        raise DataError(f"There are {len(rows)} new rows, and {LEAST_ROWS} are needed.", hint="wait for more rows.")
    if reference.P.shape[1] != rows.P.shape[1] or reference.X.shape[1] != rows.X.shape[1]:
        raise DataError("New rows do not have the columns and classes of the reference.", hint="is it another model's?")

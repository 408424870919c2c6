"""Learning curve: whether more rows would help."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.evaluate import wording
from mlwright.evaluate.comparison import compare
from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.evaluate.intervals import Scored, plain, score
from mlwright.learn.base import Stop, never
from mlwright.tasks.base import Metric

SHARES = (0.25, 0.5, 1.0)
WORTHWHILE = 0.05
"""Share of the error that is left: a gain that could be larger than this is worth to be looked for."""
WORTH = 0.05
"""Share of the score's interval below which a gain is not worth a word, however sure it is."""
MEASURED = "the one learner that was measured"
"""Who learned: not the whole model, whose score may be better."""
FEWEST = 20
"""Rows that a learner needs to learn anything."""


def learning_curve(
    fit_predict: Callable[[NDArray[np.intp]], Floats],
    order: NDArray[np.intp] | int,
    held_out: HeldOut,
    metric: Metric,
    *,
    seed: int = 0,
    stop: Stop = never,
) -> dict[str, Any] | None:
    """Return the "learning_curve" of the evidence: the score on the same held-out rows after learning from more rows.

    `fit_predict(index)` learns from the training rows at these positions and returns P on the held-out rows; it is
    called with a quarter, a half and all of them, each set within the next. `order` is how many training rows there are
    (they are shuffled), or their positions in the order in which they would have come in (for data in time: the newest
    first, for an old row helps less). None where there are too few rows, or where `stop` ends it before two sizes.
    """
    positions = np.random.default_rng(seed).permutation(order) if isinstance(order, int) else order
    sizes = sorted({round(share * len(positions)) for share in SHARES})
    sizes = [size for size in sizes if size >= FEWEST]
    predictions: list[Floats] = []
    for size in sizes:
        if stop():
            break
        # Positions in their own order: the fit on all rows is then the fit that anybody would have made.
        predictions.append(fit_predict(np.sort(positions[:size]).astype(np.intp)))
    if len(predictions) < 2:
        return None
    sizes = sizes[: len(predictions)]
    scores = [score(metric, held_out, P, seed=seed) for P in predictions]
    gains = [compare(metric, held_out, later, P, seed=seed) for P, later in itertools.pairwise(predictions)]
    return {
        "rows": sizes,
        "score": [plain(each.value) for each in scores],
        "low": [plain(each.low) for each in scores],
        "high": [plain(each.high) for each in scores],
        "sentence": _sentence(metric, sizes, gains, scores[-1]),
    }


def _sentence(metric: Metric, sizes: Sequence[int], gains: Sequence[Scored], now: Scored) -> str:
    """Say what more rows would bring, and only where the last doubling's gain is above the noise.

    Errors fall with the rows to a power (Hestness et al. 2017), so that each doubling gains the same fraction of what
    the one before gained. Where that fraction cannot be told, half is said: the careful side of what is usual.
    """
    last, rows = gains[-1], wording.count(sizes[-1], "row")
    half = wording.count(sizes[-2], "row")
    worth = abs(last.value) > WORTH * (now.high - now.low)
    if worth and last.low > 0.0:
        before = gains[-2] if len(gains) > 1 else None
        fraction = min(last.value / before.value, 1.0) if before is not None and before.low > 0.0 else 0.5
        return (
            f"More rows would help: from {half} to {rows} {MEASURED} still got better, and doubling them again "
            f"is likely to {wording.bettered(metric, fraction * last.value)}."
        )
    if worth and last.high < 0.0:
        return (
            f"More rows did not help: from {half} to {rows} {MEASURED} got worse, which hints at rows that differ from "
            "one another more than they should (an early part that no longer holds, or wrong answers in it)."
        )
    most = max(abs(last.low), abs(last.high))
    # The best of every metric in which more is better is 1, and of every other 0.
    left = 1.0 - now.value if metric.greater_is_better else now.value
    if last.high > WORTHWHILE * left:
        return (
            f"Whether more rows would help cannot be told from these rows: from {half} to {rows} the score of "
            f"{MEASURED} moved less than its noise, but it may have gained up to {wording.gained(metric, last.high)}."
        )
    return (
        f"More rows of the same kind would hardly help: from {half} to {rows} the score of {MEASURED} moved less "
        f"than its noise (at most {wording.gained(metric, most)}); new columns are the better bet."
    )

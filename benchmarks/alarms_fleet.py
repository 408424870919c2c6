"""Many deployments side by side for `alarms.py`: the monitor's own evidence, and the row at which each first pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from alarms_streams import YEAR, losses_of

from mlwright.evaluate.sketches import MOST_LOSS_BINS, Sketch
from mlwright.monitor.bets import Anywhere, Rising, halved
from mlwright.monitor.betting import BLOCK, Evidence
from mlwright.monitor.ranks import ABSENT
from mlwright.monitor.verdict import ALPHA, NOTICE_ROWS, page_threshold, shares

WIDE = 100
"""Deployments that are simulated at once: few enough for the processor's cache."""
NEVER = np.iinfo(np.int64).max


class Fleet(Evidence):
    """Deployments of k streams each; `paged` and `noticed` hold the rows that each had seen when it first was."""

    def __init__(self, bag: Any, bets: Any, *, seed: int, weights: Any, threshold: float) -> None:
        super().__init__(bag, bets, seed=seed)
        self.weights, self.threshold = weights, threshold
        self.paged = np.full(len(bag) // len(weights), NEVER)
        self.noticed = self.paged.copy()

    def _look(self, capital: Any, shares: Any) -> None:
        super()._look(capital, shares)
        mixed = capital.reshape(len(capital), -1, len(self.weights)) @ self.weights
        over = mixed >= self.threshold
        when = np.where(over.any(axis=0), self.rows + over.argmax(axis=0) + 1, NEVER)
        self.paged = np.minimum(self.paged, when)

    def look_for_notices(self) -> None:
        """Note which deployments have a loss whose detector has reached its threshold by now."""
        over = (self.detector >= NOTICE_ROWS).reshape(-1, len(self.weights)).any(axis=1)
        self.noticed = np.where(over, np.minimum(self.noticed, self.rows), self.noticed)


def followed(kind: str, counts: Any, bins: Any, *, seed: int, step: int = BLOCK) -> Fleet:
    """Return what a kind of watcher finds: counts (d, k, b) of the references, bins (rows, d, k) of the streams."""
    deployments, streams, width = counts.shape
    bag, tails = halved(counts.reshape(-1, width), seed=seed)
    weights = shares(streams, first=kind == "losses")
    fleet = Fleet(bag, Rising(tails), seed=seed, weights=weights, threshold=page_threshold(kind))
    for start in range(0, len(bins), step):
        part = bins[start : start + step].reshape(-1, deployments * streams)
        fleet.add(part.astype(np.intp), np.arange(start, start + len(part)))
        fleet.look_for_notices()
    return fleet


def of_errors(before: Any, now: Any, *, seed: int, step: int = BLOCK, loss: bool = False) -> tuple[Any, Any]:
    """Return when each deployment pages and is noticed by its errors, (n, d) before and (rows, d) now.

    With `loss`, a continuous loss is watched beside them, as a model with probabilities has one.
    """
    paged, noticed = [], []
    for start in range(0, now.shape[1], WIDE):
        part = slice(start, start + WIDE)
        counts, bins = with_losses(before[:, part], now[:, part], loss=loss, seed=seed + start)
        fleet = followed("losses", counts, bins, seed=seed + start, step=step)
        paged.append(fleet.paged)
        noticed.append(fleet.noticed)
    return np.concatenate(paged), np.concatenate(noticed)


def with_losses(before: Any, now: Any, *, loss: bool, seed: int) -> tuple[Any, Any]:
    """Return counts (d, k, b) and bins (rows, d, k) of errors, and of a loss that belongs to them."""
    if not loss:
        ones = before.sum(axis=0)
        return np.stack([len(before) - ones, ones], axis=1)[:, None, :], now[:, :, None].astype(np.int8)
    losses_before, losses_now = losses_of(before, seed=seed), losses_of(now, seed=seed + 1)
    counts, bins = binned(losses_before, losses_now)
    ones = np.zeros_like(counts)
    ones[:, 1] = before.sum(axis=0)
    ones[:, 0] = len(before) - ones[:, 1]
    return np.stack([ones, counts], axis=1), np.stack([now.astype(np.int8), bins], axis=2)


def binned(before: Any, now: Any) -> tuple[Any, Any]:
    """Return counts (s, b) of references (n, s), and the bins (rows, s) of streams, cut as a build cuts losses."""
    bins, counts = np.empty(now.shape, dtype=np.int8), np.zeros((now.shape[1], MOST_LOSS_BINS), dtype=np.int64)
    for stream in range(now.shape[1]):
        sketch = Sketch.of("loss", before[:, stream].astype(np.float64), most=MOST_LOSS_BINS)
        counts[stream, : len(sketch.counts)] = sketch.counts
        bins[:, stream] = sketch.bins(now[:, stream].astype(np.float64))
    return counts, bins


def whole_years(deployments: int, *, base: float, reference: int, seed: int) -> dict[str, Any]:
    """Return when each of so many deployments without any change pages in a year, by the kind of watcher.

    Each has errors and a continuous loss, two groups of 30 and 70 % of the rows, and contracts that 0.2 % break.
    """
    found: dict[str, list[Any]] = {"losses": [], "groups": [], "contract": [], "notice": []}
    for start in range(0, deployments, WIDE):
        random = np.random.default_rng([seed, start])
        wide = min(WIDE, deployments - start)
        wrong = random.random((reference + YEAR, wide), dtype=np.float32) < base
        before, now = wrong[:reference], wrong[reference:]
        counts, bins = with_losses(before, now, loss=True, seed=seed + start)
        losses = followed("losses", counts, bins, seed=seed + start)
        group = (random.random(wrong.shape, dtype=np.float32) < 0.7).astype(np.int8)
        inside = [np.where(group == each, wrong, ABSENT).astype(np.int8) for each in (0, 1)]
        both = np.stack(inside, axis=2)
        counts = np.stack([(both[:reference] == value).sum(axis=0) for value in (0, 1)], axis=2)
        groups = followed("groups", counts, both[reference:], seed=seed + start + 1)
        broken = (random.random(wrong.shape, dtype=np.float32) < 0.002)[:, :, None]
        counts = np.stack([(broken[:reference] == value).sum(axis=0) for value in (0, 1)], axis=2)
        contract = followed("contract", counts, broken[reference:].astype(np.int8), seed=seed + start + 2)
        for name, fleet in (("losses", losses), ("groups", groups), ("contract", contract)):
            found[name].append(fleet.paged)
        found["notice"].append(losses.noticed)
    return {name: np.concatenate(each) for name, each in found.items()}


def named_columns(deployments: int, *, columns: int = 20, reference: int, seed: int) -> tuple[Any, Any]:
    """Return when each deployment first names a column as drifted, by e-BH at the end of a block, in a year of none.

    Also whether any column's capital ever reached columns / ALPHA, which is what e-BH asks of a single one.
    """
    first, ever = [], []
    for start in range(0, deployments, 10):
        random, wide = np.random.default_rng([seed, start, 5]), min(10, deployments - start)
        streams = wide * columns
        evidence = Evidence(random.multinomial(reference, [0.05] * 20, streams), Anywhere(streams), seed=seed + start)
        when = np.full(wide, NEVER)
        needed = columns / ALPHA / np.arange(1, columns + 1)
        for row in range(0, YEAR, BLOCK):
            rows = min(BLOCK, YEAR - row)
            evidence.add(random.integers(0, 20, (rows, streams)), np.arange(row, row + rows))
            ordered = np.sort(evidence.capital.reshape(wide, columns), axis=1)[:, ::-1]
            when = np.where((ordered >= needed).any(axis=1), np.minimum(when, evidence.rows), when)
        first.append(when)
        ever.append((evidence.largest.reshape(wide, columns) >= columns / ALPHA).any(axis=1))
    return np.concatenate(first), np.concatenate(ever)


def wilson(found: int, of: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927)."""
    z, share = 1.96, found / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * np.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return float(middle - half), float(middle + half)


def told(first: Any, change: int | None = None) -> dict[str, float | Sequence[float] | int | None]:
    """Return the share of alarms before a change (or ever), with its interval; the share after it and their delay."""
    first = np.asarray(first)
    false = int((first <= (change if change is not None else NEVER - 1)).sum())
    found: dict[str, Any] = {
        "streams": len(first),
        "false": round(false / len(first), 4),
        "interval": [round(each, 4) for each in wilson(false, len(first))],
    }
    if change is not None:
        after = first[first > change]
        delays = np.sort(after) - change
        middle = int(delays[(len(delays) - 1) // 2]) if len(delays) else NEVER
        found["found"] = round(float((after < NEVER).sum() / len(first)), 4)
        found["median delay"] = middle if middle < NEVER // 2 else None
    return found

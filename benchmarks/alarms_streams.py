"""Streams for `alarms.py`: years in which nothing changes, changes at a known row, and Friedman's function."""

from __future__ import annotations

from typing import Any

import numpy as np

YEAR, GOOD, AFTER = 26_000, 5_000, 5_000
"""Labels in a year; labels before a change, and after it."""
SHIFTS = ("to 15 %", "to 20 %", "slowly to 15 %", "recurring, to 20 %")
DRIFTS = ("gra", "gra as in River", "lea", "gsg")
LEARNED, REFERENCE, STABLE, CHANGED = 5_000, 2_000, 2_500, 1_250
"""Rows that a model learns Friedman's function from, of its reference, before it changes, and between two changes."""


def rates(kind: str, rows: int, deployments: int, *, base: float = 0.1, seed: int = 0) -> Any:
    """Return (rows, deployments) or (rows, 1) how often a model is wrong at each row."""
    clock = np.arange(rows)[:, None]
    since = clock - GOOD
    if kind == "constant":
        return np.full((1, 1), base)
    if kind == "to 15 %":
        return np.where(since < 0, base, 0.15)
    if kind == "to 20 %":
        return np.where(since < 0, base, 0.2)
    if kind == "slowly to 15 %":
        return base + 0.05 * np.clip(since / AFTER, 0.0, 1.0)
    if kind == "recurring, to 20 %":
        return np.where((since >= 0) & (since % 1_500 < 500), 0.2, base)
    if kind == "weekly":  # 500 labels a week, 10 % more or less of them wrong by the day: 7 to 13 %
        return base * (1.0 + 0.3 * np.sin(2 * np.pi * clock / 500))
    if kind == "wandering":  # a stationary process that forgets half of itself in a week
        random, fade = np.random.default_rng([seed, 77]), 0.5 ** (1 / 500)
        steps = random.normal(size=(rows, deployments)).astype(np.float32) * np.float32(np.sqrt(1 - fade**2))
        found = np.empty_like(steps)
        found[0] = random.normal(size=deployments)
        for row in range(1, rows):
            found[row] = fade * found[row - 1] + steps[row]
        return base * np.exp(0.2 * found)
    raise ValueError(kind)


def errors(kind: str, rows: int, deployments: int, *, base: float = 0.1, seed: int = 0) -> Any:
    """Return (rows, deployments) booleans: where each model is wrong."""
    random = np.random.default_rng([seed, 1])
    if kind == "bursts":  # a Markov chain: after an error another one three times as often
        again, other = 3 * base, base * (1 - 3 * base) / (1 - base)
        found = np.empty((rows, deployments), dtype=bool)
        found[0] = random.random(deployments) < base
        for row in range(1, rows):
            found[row] = random.random(deployments) < np.where(found[row - 1], again, other)
        return found
    return random.random((rows, deployments), dtype=np.float32) < rates(kind, rows, deployments, base=base, seed=seed)


def losses_of(wrong: Any, *, seed: int) -> Any:
    """Return continuous losses that belong to errors: larger where the model is wrong."""
    random = np.random.default_rng([seed, 2])
    drawn = random.exponential(size=wrong.shape).astype(np.float32)
    return np.where(wrong, 0.7 + drawn, 0.3 * drawn)


def friedman(x: Any, concept: str = "base") -> Any:
    """Return Friedman's function of (n, 10) features in [0, 1], without noise, as it is or in another concept.

    Ikonomovska, Gama and Dzeroski, Learning model trees from evolving data streams, 2011. River's recurring drift takes
    the sixth feature where the paper, and River's own gradual one, take the fifth ("swapped as in River").
    """
    a, b, c, d, e = x[:, :5].T
    if concept == "swapped":
        return 10 * np.sin(np.pi * d * e) + 20 * (b - 0.5) ** 2 + 10 * a + 5 * c
    if concept == "swapped as in River":
        return 10 * np.sin(np.pi * d * x[:, 5]) + 20 * (b - 0.5) ** 2 + 10 * a + 5 * c
    if concept == "swapped twice":
        return 10 * np.sin(np.pi * b * e) + 20 * (d - 0.5) ** 2 + 10 * c + 5 * a
    base = 10 * np.sin(np.pi * a * b) + 20 * (c - 0.5) ** 2 + 10 * d + 5 * e
    if concept == "base":
        return base
    step = int(concept)  # 1, 2, 3: how far the two regions have grown
    low, high = (b < 0.3) & (c < 0.3), (b > 0.7) & (c > 0.7)
    if step <= 2:
        low, high = low & (d > 0.7), high & (d < 0.3)
    if step == 1:
        low, high = low & (e < 0.3), high & (e > 0.7)
    first = 10 * a * b + 20 * (c - 0.5) + 10 * d + 5 * e
    second = 10 * np.cos(a * b) + 20 * (c - 0.5) + np.exp(d) + 5 * e**2
    return np.where(low, first, np.where(high, second, base))


def drifting(kind: str, x: Any, positions: tuple[int, ...], *, window: int, seed: int) -> Any:
    """Return the targets, without noise, of rows in order; `positions` are where the concept changes."""
    clock, random = np.arange(len(x)), np.random.default_rng([seed, 3])
    if kind.startswith("gra"):
        other = "swapped as in River" if kind == "gra as in River" else "swapped"
        between = (clock >= positions[0]) & (clock < positions[1])
        return np.where(between, friedman(x, other), friedman(x))
    names = ["base", "1", "2", "3"] if kind == "lea" else ["base", "swapped", "swapped twice"]
    found = friedman(x)
    for place, (start, name) in enumerate(zip(positions, names[1:], strict=False)):
        found = np.where(clock >= start, friedman(x, name), found)
        if kind == "gsg":
            still = (clock >= start) & (clock < start + window) & (random.random(len(x)) < 0.5)
            found = np.where(still, friedman(x, names[place]), found)
    return found


def positions(kind: str) -> tuple[int, ...]:
    """Return where a kind of drift changes the function."""
    count = 3 if kind == "lea" else 2
    return tuple(STABLE + CHANGED * place for place in range(count))


def friedman_errors(kind: str, streams: int, *, seed: int = 0) -> tuple[Any, Any]:
    """Return absolute errors of models learned before any change: of their references (n, s), then of the streams."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    rows = positions(kind)[-1] + CHANGED
    references, found, model = [], [], None
    for stream in range(streams):
        random = np.random.default_rng([seed, stream])
        x = random.random((LEARNED + REFERENCE + rows, 10))
        noise = random.normal(size=len(x))
        before = x[: LEARNED + REFERENCE]
        y = friedman(before) + noise[: len(before)]
        if stream % 10 == 0:  # a model serves ten streams
            model = HistGradientBoostingRegressor(early_stopping=False).fit(before[:LEARNED], y[:LEARNED])
        assert model is not None
        now = x[len(before) :]
        target = drifting(kind, now, positions(kind), window=CHANGED, seed=seed + stream) + noise[len(before) :]
        references.append(np.abs(y[LEARNED:] - model.predict(before[LEARNED:])))
        found.append(np.abs(target - model.predict(now)))
    return np.stack(references, axis=1), np.stack(found, axis=1)

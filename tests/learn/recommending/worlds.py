"""Logs with a known story, small enough to search in a second."""

from __future__ import annotations

import numpy as np

from mlwright.learn.recommenders.base import Taught
from mlwright.tasks.recommend.interactions import Interactions

DAY = 86_400.0


def world(*, tastes: int, seed: int = 0, users: int = 200, items: int = 60, entries: int = 3_000) -> Interactions:
    """Return a log of people who each have one of so many tastes; with one, all are alike.

    Each taste has its own items, some taken more often than others; one entry in ten goes to any item.
    """
    rng = np.random.default_rng(seed)
    user = rng.integers(0, users, entries)
    mine = np.arange(items) % tastes == (user % tastes)[:, None]
    odds = (1.0 / (2.0 + np.arange(items) // tastes)) * np.where(mine, 1.0, 0.02)
    drawn = (odds.cumsum(axis=1) > (rng.random(entries) * odds.sum(axis=1))[:, None]).argmax(axis=1)
    item = np.where(rng.random(entries) < 0.1, rng.integers(0, items, entries), drawn)
    return Interactions(
        users=tuple(range(users)),
        items=tuple(range(items)),
        user=user.astype(np.int32),
        item=item.astype(np.int32),
        time=np.sort(rng.random(entries)) * 200 * DAY,
    )


def taught_of(log: Interactions) -> Taught:
    """Return all of the log as what teaches."""
    return Taught(log, float(log.time[-1]) + 1.0)

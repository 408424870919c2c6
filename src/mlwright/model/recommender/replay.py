"""Replay: the events of a log as the requests that would have come just before them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.learn.base import Floats
from mlwright.model.recommender.recommend import Answer
from mlwright.tasks.recommend.interactions import Histories, Interactions
from mlwright.tasks.recommend.metrics import LIST
from mlwright.tasks.recommend.request import ASKED, USED_HISTORY, Request, Taken

DAY = 86_400.0
HEADS = 0.5


def is_new(log: Interactions) -> NDArray[np.bool_]:
    """Return (n,) which entries are of somebody who had not taken the same item before: only these can be listed."""
    pairs = log.user.astype(np.int64) * len(log.items) + log.item
    found = np.zeros(len(log), dtype=np.bool_)
    found[np.unique(pairs, return_index=True)[1]] = True
    return found


def once_a_day(user: NDArray[np.int32], time: Floats, random: np.random.Generator) -> NDArray[np.intp]:
    """Return which entries count where nobody counts more than once a day, by their places, in order.

    Each entry of a person's day counts with one half until one does, as a monitor counts what comes in one by one.
    """
    heads = np.flatnonzero(random.random(len(user)) < HEADS).astype(np.intp)
    keys = np.stack([user[heads].astype(np.float64), time[heads] // DAY], axis=1)
    first = np.unique(keys, axis=0, return_index=True)[1]
    return np.sort(heads[first])


def request_of(log: Interactions, queries: Histories, place: int, k: int = LIST) -> Request:
    """Return what somebody would have asked at their moment."""
    part = slice(int(queries.starts[place]), int(queries.starts[place + 1]))
    codes = queries.item[part][-USED_HISTORY:].tolist()
    at = float(queries.at[place])
    times = (at - queries.age[part][-USED_HISTORY:]).tolist() if log.has_time else [None] * len(codes)
    ratings = [None] * len(codes) if queries.value is None else queries.value[part][-USED_HISTORY:].tolist()
    history = tuple(
        Taken(log.items[code], time, None if rating is None or np.isnan(rating) else rating)
        for code, time, rating in zip(codes, times, ratings, strict=True)
    )
    return Request(history=history, at=at if log.has_time else None, k=k, stated=frozenset({"history", "at", "k"}))


def asked(answers: Sequence[Answer]) -> Columns:
    """Return what the requests of answers are like, in typed columns: those of `request.ASKED`."""
    data = {column.name: np.array([_number(answer.asked.get(column.name)) for answer in answers]) for column in ASKED}
    return Columns(dict(data), len(answers))


def _number(value: float | None) -> float:
    return np.nan if value is None else float(value)

"""Purchases that came back: what was bought and given back later was not taken."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.events import Events
from mlwright.tasks.recommend.ids import Ids
from mlwright.tasks.recommend.moments import Moments

Rows = NDArray[np.bool_]
LEAST = 1e-9
"""What is less is nothing: sums of measured amounts are not exact."""


def undone(user: Ids, item: Ids, times: Moments | None, amounts: Floats | None, events: Events) -> Rows | None:
    """Return (n,) which rows are purchases that were given back later in full; None where nothing came back.

    What comes back is a row with less than 0 in `amounts` (n,), or an event that says so. It takes away from what the
    same user had bought of the same item before: a purchase of just as much if there is one, else from the latest ones.
    At the same moment, what was bought comes before what was given back.
    """
    size = np.ones(len(user.keys)) if amounts is None else np.where(np.isnan(amounts), 1.0, amounts)
    back = np.asarray(size < 0, dtype=np.bool_)
    bought = np.asarray(size > 0, dtype=np.bool_)
    if events.back is not None:
        back |= events.back
    if events.bought is not None:
        bought &= events.bought
    bought &= ~back
    if not back.any():
        return None
    frame = _entries(user, item, times, np.abs(size), back, back | bought)
    gone = np.zeros(len(size), dtype=np.bool_)
    rows, comes_back, sizes = (frame[name].to_list() for name in ("row", "back", "size"))
    starts = np.flatnonzero(frame.select(pl.struct("user", "item").rle_id().diff().fill_null(1) > 0).to_series())
    for start, end in pairwise([*starts.tolist(), len(rows)]):
        gone[_given_back(rows[start:end], comes_back[start:end], sizes[start:end])] = True
    return gone if gone.any() else None


def _entries(user: Ids, item: Ids, times: Moments | None, size: Floats, back: Rows, which: Rows) -> pl.DataFrame:
    """Return what was bought and given back by whoever gave back something of an item, oldest first."""
    order = np.arange(len(size), dtype=np.float64) if times is None else times.seconds
    frame = pl.DataFrame(
        {
            "user": user.keys,
            "item": item.keys,
            "moment": pl.Series(order).fill_nan(None),
            "back": pl.Series(back),
            "size": pl.Series(size),
            "row": pl.int_range(len(size), eager=True),
        }
    )
    frame = frame.filter(pl.Series(which)).drop_nulls()
    both = pl.col("back").any() & ~pl.col("back").all()
    returned = frame.group_by("user", "item").agg(both=both).filter("both").select("user", "item")
    return frame.join(returned, on=["user", "item"], how="semi").sort("user", "item", "moment", "back", "row")


def _given_back(rows: Sequence[int], back: Sequence[bool], sizes: Sequence[float]) -> list[int]:
    """Return the rows of the purchases of which nothing is left, of what one user took of one item, oldest first."""
    held: list[tuple[int, float]] = []
    gone: list[int] = []
    for row, comes_back, size in zip(rows, back, sizes, strict=True):
        if not comes_back:
            held.append((row, size))
            continue
        alike = next((at for at in reversed(range(len(held))) if abs(held[at][1] - size) < LEAST), None)
        if alike is not None:
            gone.append(held.pop(alike)[0])
            continue
        left = size
        while held and left > LEAST:
            latest, there = held.pop()
            if there > left + LEAST:
                held.append((latest, there - left))
            else:
                gone.append(latest)
            left -= there
    return gone

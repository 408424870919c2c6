"""Small logs to learn from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mlwright.learn.recommenders.base import Taught
from mlwright.learn.recommenders.sparse import DAY
from mlwright.tasks.recommend.interactions import Codes, Features, Histories, Interactions

USERS, ITEMS, KINDS = 40, 24, 3
"""The last three items nobody takes."""
START = 1_700_000_000.0


def log(seed: int = 0, *, has_time: bool = True, rated: bool = True, entries: int = 500) -> Interactions:
    """People of three tastes who mostly take items of theirs, the first ones most, a few at a time."""
    rng = np.random.default_rng(seed)
    user = rng.integers(0, USERS, entries)
    own = rng.random(entries) < 0.8
    kind = np.where(own, user % KINDS, rng.integers(0, KINDS, entries))
    place = np.minimum(rng.geometric(0.25, entries) - 1, (ITEMS - 2) // KINDS - 1)
    item = KINDS * place + kind
    day = (7 * user + 13 * rng.integers(0, 4, entries)) % 60
    time = START + day * DAY + rng.integers(0, 120, entries) * 60.0
    order = np.argsort(time, kind="stable")
    user, item, own, time = user[order], item[order], own[order], time[order]
    value = np.clip(np.where(own, 4, 2) + rng.integers(-1, 2, entries), 1, 5).astype(np.float64)
    value[::17] = np.nan
    return Interactions(
        users=tuple(f"u{code}" for code in range(USERS)),
        items=tuple(f"i{code}" for code in range(ITEMS)),
        user=user.astype(np.int32),
        item=item.astype(np.int32),
        time=time if has_time else np.arange(entries, dtype=np.float64),
        value=value if rated else None,
        has_time=has_time,
    )


def features() -> Features:
    """A kind, a title and a price for each item; some are not known."""
    kinds = [None if code == 5 else ["drama", "science fiction", "children"][code % KINDS] for code in range(ITEMS)]
    titles = [f"part {code // KINDS} of the {['long', 'dark', 'merry'][code % KINDS]} story" for code in range(ITEMS)]
    prices = [None if code == 7 else float(code % KINDS * 10 + code / 10) for code in range(ITEMS)]
    return Features({"kind": kinds, "title": titles, "price": prices})


def taught(seed: int = 0, *, has_time: bool = True, rated: bool = True) -> Taught:
    """All of it, as a learner is given it."""
    entries = log(seed, has_time=has_time, rated=rated)
    return Taught(entries, float(entries.time[-1]) + 1.0, features())


def asked(given: Taught, users: Codes | None = None) -> Histories:
    """Some who ask with what they took, one who took nothing, and one who took what nobody else did."""
    users = np.arange(8, dtype=np.int32) if users is None else users
    known = given.log.histories(users, np.full(len(users), given.moment))
    lone = np.array([ITEMS - 1, 0], dtype=np.int32)
    value = None if known.value is None else np.concatenate([known.value, [5.0, np.nan]])
    end = int(known.starts[-1])
    return Histories(
        starts=np.concatenate([known.starts, [end, end + 2]]).astype(np.intp),
        item=np.concatenate([known.item, lone]),
        age=np.concatenate([known.age, [10 * DAY, DAY] if given.log.has_time else [0.0, 0.0]]),
        value=value,
        at=np.concatenate([known.at, [given.moment, given.moment]]),
    )


def relabelled(given: Taught, users: Codes, items: Codes) -> Taught:
    """The same with user u at position users[u] and item i at items[i]."""
    one = given.log
    back = np.argsort(items)
    moved = replace(
        one,
        users=tuple(one.users[place] for place in np.argsort(users)),
        items=tuple(one.items[place] for place in back),
        user=users[one.user],
        item=items[one.item],
    )
    described = given.items
    if described is not None:
        described = Features({name: [cells[place] for place in back] for name, cells in described.columns.items()})
    return Taught(moved, given.moment, described)


def without(one: Histories, entry: int) -> Histories:
    """One history without one of its entries."""
    kept = np.arange(len(one.item)) != entry
    value = None if one.value is None else one.value[kept]
    starts = np.array([0, kept.sum()], dtype=np.intp)
    return Histories(starts=starts, item=one.item[kept], age=one.age[kept], value=value, at=one.at)


def only(one: Histories, entry: int) -> Histories:
    """One history with one of its entries alone."""
    for place in range(len(one.item) - 1, -1, -1):
        if place != entry:
            one = without(one, place)
    return one

"""Logs that are made up, with a known story behind them: who takes what is drawn from tastes that nobody is shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.tasks.recommend.interactions import Features, Interactions

LogKind = Literal["implicit", "no_time", "features", "ratings"]
LOG_KINDS: Final[tuple[str, ...]] = get_args(LogKind)
Floats = NDArray[np.float64]
Places = NDArray[np.int32]

BEGIN = 1_672_531_200.0
"""The first of January 2023."""
SPAN = 365 * 86_400.0
BUCKETS = 52
GENRES = ("drama", "comedy", "thriller", "romance", "history", "animation", "music", "nature", "crime", "sport")
MAKERS = 40
SESSION = 4.0
"""Items of a session, on average."""
FOLLOWS = 0.25
"""How often the next item of a session is the sequel of the one before."""
MOST_IN_A_SESSION = 30


@dataclass(frozen=True, slots=True)
class MadeLog:
    """A log as a file would hold it, its items where they are described, and the tastes behind it."""

    log: pl.DataFrame
    """user_id, item_id, and by kind rating and timestamp (seconds since 1970), oldest first where there are times."""
    items: pl.DataFrame | None
    """item_id, title, genre ("drama|crime"), year, maker, price: also of items that nobody took."""
    item_tastes: Floats
    """(items, tastes): how much each item is of each taste; rows add up to 1."""
    user_tastes: Floats
    """(users, tastes): how much each user likes each taste; rows add up to 1."""

    def interactions(self) -> Interactions:
        """Return the log as it is learned from."""
        has_time = "timestamp" in self.log.columns
        described = [] if self.items is None else [self.items["item_id"]]
        users = self.log["user_id"].unique().sort()
        items = pl.concat([self.log["item_id"], *described]).unique().sort()
        time = (
            self.log["timestamp"].cast(pl.Float64).to_numpy() if has_time else np.arange(self.log.height, dtype=float)
        )
        rated = self.log["rating"].cast(pl.Float64).to_numpy() if "rating" in self.log.columns else None
        return Interactions(
            users=tuple(users.to_list()),
            items=tuple(items.to_list()),
            user=users.search_sorted(self.log["user_id"]).to_numpy().astype(np.int32),
            item=items.search_sorted(self.log["item_id"]).to_numpy().astype(np.int32),
            time=np.array(time),
            value=rated,
            has_time=has_time,
            rows=np.arange(self.log.height, dtype=np.intp),
        )

    def features(self) -> Features | None:
        """Return what is known of the items, in the order of `interactions().items`; None where nothing is."""
        if self.items is None:
            return None
        told = self.items.sort("item_id")
        return Features({name: told[name].to_list() for name in told.columns if name != "item_id"})


def make_log(users: int, items: int, interactions: int, *, seed: int = 0, kind: LogKind = "implicit") -> MadeLog:
    """Make up a log. Raises ValueError where so many entries cannot be drawn of so few users and items.

    The story. There are ten tastes. An item is mostly of one of them, a user likes two or three; how active users are
    is log-normal, how popular items are follows Zipf's law with exponent 0.8. Users come in sessions of four items on
    average, each session within one taste; every fourth time the next item is the sequel of the last one, a fixed
    other item of the same taste. Two fifths of the items appear in the course of the year; whatever is new is taken
    three times as often, and that fades with a half-life of four weeks, so that what is popular drifts. Half of the
    users join in the course of the year.

    - "implicit": ids of items are texts; the same item may be taken again.
    - "no_time": the same without times, rows in any order, each item once a user.
    - "features": a table of items tells genres (their tastes, a little blurred), makers (each of a few tastes), years
      (when the item appeared) and prices (which say nothing); a twentieth of its items appears after the log's end.
    - "ratings": 1 to 5, by how well an item suits the user, how good it is for all, how friendly the user rates, and
      chance; each item once a user.

    Of many users, or items, those that are drawn least have no entry: ask for more than you need. It takes a few
    seconds for a million entries.
    """
    if kind not in LOG_KINDS:
        raise ValueError(f"A log cannot be of kind {kind!r}; allowed: {', '.join(LOG_KINDS)}.")
    if interactions > 0.2 * users * items or min(users, items, interactions) < 1:
        raise ValueError(f"{interactions:,} entries cannot be drawn of {users:,} users and {items:,} items.")
    rng = np.random.default_rng(seed)
    world = _World.drawn(users, items, rng, untaken=0.05 if kind == "features" else 0.0)
    user, item, time = _entries(world, interactions, rng, again=kind == "implicit")
    names = pl.Series("item_id", [f"i{place:06d}" for place in range(items)])
    ids = pl.Series(np.arange(1, items + 1)) if kind == "ratings" else names
    log = pl.DataFrame({"user_id": user.astype(np.int64) + 1, "item_id": ids.gather(pl.Series(item))})
    if kind == "ratings":
        log = log.with_columns(rating=pl.Series(world.ratings(user, item, rng)))
    if kind == "no_time":
        log = log[rng.permutation(log.height)]
    else:
        log = log.with_columns(timestamp=pl.Series(time.astype(np.int64)))
    table = _described(world, names, rng) if kind == "features" else None
    return MadeLog(log, table, world.item_tastes, world.user_tastes)


@dataclass(frozen=True, slots=True)
class _World:
    item_tastes: Floats
    user_tastes: Floats
    popular: Floats
    """(items,)"""
    born: Floats
    """(items,) seconds after the begin, 0 and below: before it."""
    joined: Floats
    """(users,)"""
    active: Floats
    """(users,) adds up to 1."""
    sequel: Places
    """(items,)"""

    @classmethod
    def drawn(cls, users: int, items: int, rng: np.random.Generator, *, untaken: float) -> _World:
        tastes = len(GENRES)
        item_tastes = rng.dirichlet(np.full(tastes, 0.08), items)
        popular = rng.permutation((1.0 + np.arange(items)) ** -0.8)
        born = np.where(rng.random(items) < 0.6, -SPAN * rng.random(items), SPAN * rng.random(items))
        born = np.where(rng.random(items) < untaken, SPAN * 1.1, born)
        joined = np.where(rng.random(users) < 0.5, 0.0, 0.95 * SPAN * rng.random(users))
        active = rng.lognormal(0.0, 1.0, users) * (1.0 - joined / SPAN)
        main = item_tastes.argmax(axis=1)
        sequel = np.arange(items, dtype=np.int32)
        for taste in range(tastes):
            of_taste = np.flatnonzero(main == taste)
            sequel[of_taste] = rng.permutation(of_taste)
        user_tastes = rng.dirichlet(np.full(tastes, 0.2), users)
        return cls(item_tastes, user_tastes, popular, born, joined, active / active.sum(), sequel)

    def weights(self, bucket: int) -> Floats:
        """(items,) how likely each item is taken in a part of the year, tastes apart."""
        at = (bucket + 0.5) * SPAN / BUCKETS
        age = at - self.born
        fresh = 1.0 + 2.0 * np.exp2(-np.maximum(age, 0.0) / (28 * 86_400.0))
        return np.where(age >= 0, self.popular * fresh, 0.0)

    def ratings(self, user: Places, item: Places, rng: np.random.Generator) -> NDArray[np.int64]:
        suits = np.einsum("ij,ij->i", self.user_tastes[user], self.item_tastes[item])
        good = 0.4 * rng.standard_normal(len(self.popular))
        friendly = 0.4 * rng.standard_normal(len(self.joined))
        liked = 3.0 + 1.6 * (suits - 0.1) + good[item] + friendly[user] + 0.6 * rng.standard_normal(len(user))
        return np.asarray(np.clip(np.rint(liked), 1, 5), dtype=np.int64)


def _entries(world: _World, wanted: int, rng: np.random.Generator, *, again: bool) -> tuple[Places, Places, Floats]:
    """Draw sessions until there are enough entries; return users, items and times, oldest first."""
    user, item, time = np.empty(0, np.int32), np.empty(0, np.int32), np.empty(0)
    draws = 0
    while len(user) < wanted:
        if (draws := draws + 1) > 50:
            raise ValueError(f"{wanted:,} different entries cannot be drawn of so few users and items.")
        more = _sessions(world, max(32, int(1.2 * (wanted - len(user)) / SESSION)), rng)
        user, item, time = (
            np.concatenate([user, more[0]]),
            np.concatenate([item, more[1]]),
            np.concatenate([time, more[2]]),
        )
        order = np.argsort(time, kind="stable")
        user, item, time = user[order], item[order], time[order]
        if not again:
            first = np.unique(user.astype(np.int64) * len(world.popular) + item, return_index=True)[1]
            first.sort()
            user, item, time = user[first], item[first], time[first]
    kept = np.sort(rng.choice(len(user), wanted, replace=False))
    return user[kept], item[kept], np.floor(BEGIN + time[kept])


def _sessions(world: _World, count: int, rng: np.random.Generator) -> tuple[Places, Places, Floats]:
    """Draw so many sessions: whose, when, of which taste, how long; then their items, one place after the other."""
    user = rng.choice(len(world.joined), count, p=world.active).astype(np.int32)
    start = world.joined[user] + (0.999 * SPAN - world.joined[user]) * rng.random(count)
    liked = world.user_tastes[user].cumsum(axis=1)
    taste = np.minimum((rng.random(count)[:, None] > liked).sum(axis=1), len(GENRES) - 1)
    length = np.minimum(rng.geometric(1.0 / SESSION, count), MOST_IN_A_SESSION)
    bucket = np.minimum((start / SPAN * BUCKETS).astype(np.intp), BUCKETS - 1)
    places = np.repeat(np.arange(count), length)
    at = np.arange(len(places)) - np.repeat(np.cumsum(length) - length, length)
    item = _drawn_items(world, bucket[places], taste[places], rng)
    follows = rng.random(len(places)) < FOLLOWS
    for step in range(1, MOST_IN_A_SESSION):
        here = np.flatnonzero((at == step) & follows)
        there = world.sequel[item[here - 1]]
        out = world.born[there] <= start[places[here]]
        item[here[out]] = there[out]
    pause = 60.0 * rng.gamma(2.0, 5.0, len(places)) * (at > 0)
    waited = pause.cumsum()
    first = np.repeat(waited[np.flatnonzero(at == 0)], length)
    return user[places], item, start[places] + np.minimum(waited - first, 0.001 * SPAN)


def _drawn_items(world: _World, bucket: NDArray[np.intp], taste: NDArray[np.intp], rng: np.random.Generator) -> Places:
    """Draw an item for each place, by what was popular then among what is of the taste."""
    item = np.zeros(len(bucket), dtype=np.int32)
    group = bucket * len(GENRES) + taste
    order = np.argsort(group, kind="stable")
    ends = np.searchsorted(group[order], np.arange(BUCKETS * len(GENRES) + 1))
    chance = rng.random(len(bucket))
    for part in range(BUCKETS):
        weights = world.weights(part)
        for kind in range(len(GENRES)):
            at = part * len(GENRES) + kind
            here = order[ends[at] : ends[at + 1]]
            if len(here):
                upto = np.cumsum(weights * world.item_tastes[:, kind])
                item[here] = np.minimum(np.searchsorted(upto, chance[here] * upto[-1], side="right"), len(upto) - 1)
    return item


def _described(world: _World, names: pl.Series, rng: np.random.Generator) -> pl.DataFrame:
    """Return the table of items: genres blurred a little, makers of a few tastes, years, prices that say nothing."""
    items = len(names)
    blurred = world.item_tastes * rng.uniform(0.7, 1.3, world.item_tastes.shape)
    held = blurred >= 0.25
    held[np.arange(items), blurred.argmax(axis=1)] = True
    genres = ["|".join(GENRES[at] for at in np.flatnonzero(row)) for row in held]
    makes = rng.dirichlet(np.full(len(GENRES), 0.3), MAKERS)
    fits = (world.item_tastes @ makes.T).cumsum(axis=1)
    maker = np.minimum((rng.random(items)[:, None] * fits[:, -1:] > fits).sum(axis=1), MAKERS - 1)
    return pl.DataFrame(
        {
            "item_id": names,
            "title": [f"The {GENRES[at]} no. {place}" for place, at in enumerate(world.item_tastes.argmax(axis=1))],
            "genre": genres,
            "year": 2023 + np.floor(world.born / SPAN).astype(np.int64),
            "maker": [f"maker {at}" for at in maker],
            "price": np.round(rng.lognormal(2.0, 0.5, items), 2),
        }
    )

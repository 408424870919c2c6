"""The reference of a recommender: the later part of its log, replayed event by event as a service would answer it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.evaluate.reference import Reference
from mlwright.evaluate.referring_lists import JudgedLists, refer_lists
from mlwright.model.recommender.recommend import Answer, Answering
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.interactions import Histories, Interactions
from mlwright.tasks.recommend.metrics import LIST
from mlwright.tasks.recommend.request import ASKED, USED_HISTORY, Request, Taken
from mlwright.tasks.recommend.signals import signals
from mlwright.tasks.recommend.split import Cut

MOST = 1_500
"""So many requests are replayed at most: a second or two."""
DAY = 86_400.0
TASK = "recommend"


@dataclass(frozen=True, slots=True)
class Replay:
    """People who ask just before they take something, and the one item that each then takes."""

    queries: Histories
    item: NDArray[np.int32]
    """(n,) codes; also of items that nobody had taken before the cut."""

    def __len__(self) -> int:
        return len(self.item)


def reference(
    answering: Answering,
    log: Interactions,
    cut: Cut,
    *,
    most: int = MOST,
    keep_rows: bool = True,
    seed: int = 0,
) -> Reference | None:
    """Return what a monitor compares with; None where nobody took anything new after the cut.

    Parameters
    ----------
    answering
        What answers as the model does, learned from `cut.taught` alone (catalogue and rankers).
    log
        The whole log.
    cut
        Where it was cut for judging.
    most
        So many requests are replayed at most, drawn at random.
    keep_rows
        Whether what requests are like may be kept (lengths and shares, no ids), which tells what a loss comes from.
    """
    replay = events_after(log, cut, most=most, seed=seed)
    if not len(replay):
        return None
    requests = [request_of(log, replay.queries, place) for place in range(len(replay))]
    answers = [answering.answer(request) for request in requests]
    codes = [[answering.catalogue.find(one.item) for one in answer.items] for answer in answers]
    levels = [[one.level for one in answer.items] for answer in answers]
    wanted = [float(LIST)] * len(replay)
    lists = JudgedLists(
        task=TASK,
        y=np.ones(len(replay)),
        P=marked(codes, replay.item),
        signals=signals(answering.catalogue.popularity, codes, levels, wanted),
        columns=asked(answers),
        described=ASKED,
    )
    return refer_lists(lists, keep_rows=keep_rows, seed=seed)


def events_after(log: Interactions, cut: Cut, *, most: int, seed: int) -> Replay:
    """Return the replay of what came after a cut: nobody counts more than once a day, as in service.

    Where the log has times, each event is one request; which of a person's events of a day counts is drawn as a monitor
    draws it: each with one half, until one is. What somebody had taken before says nothing: it is not listed. Without
    times, those who judge ask once, and one of the items that was kept back, drawn at random, is what they take.
    """
    random = np.random.default_rng([seed, most])
    if cut.kind != "time":
        counts = np.diff(cut.starts)
        chosen = cut.starts[:-1] + (random.random(len(cut)) * counts).astype(np.intp)
        index = _some(np.flatnonzero(counts > 0), most, random)
        return Replay(cut.queries.take(index), cut.relevant[chosen[index]])
    pairs = log.user.astype(np.int64) * len(log.items) + log.item
    new = np.zeros(len(log), dtype=np.bool_)
    new[np.unique(pairs, return_index=True)[1]] = True
    places = np.arange(len(cut.taught), len(log))
    places = places[new[places]]
    places = places[_once_a_day(log.user[places], log.time[places] // DAY, random)]
    places = _some(places, most, random)
    return Replay(log.histories(log.user[places], log.time[places]), log.item[places])


def _once_a_day(user: NDArray[np.int32], day: Floats, random: np.random.Generator) -> NDArray[np.intp]:
    """Return the places of the first event of each person and day of which a thrown coin says that it counts."""
    heads = np.flatnonzero(random.random(len(user)) < 0.5).astype(np.intp)
    keys = np.stack([user[heads].astype(np.float64), day[heads]], axis=1)
    first = np.unique(keys, axis=0, return_index=True)[1]
    return np.sort(heads[first])


def _some(places: NDArray[np.intp], most: int, random: np.random.Generator) -> NDArray[np.intp]:
    if len(places) <= most:
        return places
    return np.sort(random.choice(places, most, replace=False))


def request_of(log: Interactions, queries: Histories, place: int) -> Request:
    """Return what somebody would have asked at their moment."""
    part = slice(int(queries.starts[place]), int(queries.starts[place + 1]))
    codes = queries.item[part][-USED_HISTORY:].tolist()
    at = float(queries.at[place])
    times = (at - queries.age[part][-USED_HISTORY:]).tolist() if log.has_time else [None] * len(codes)
    ratings = [None] * len(codes) if queries.value is None else queries.value[part][-USED_HISTORY:].tolist()
    history = tuple(
        Taken(log.items[code], time, None if rating is None or rating != rating else rating)  # noqa: PLR0124  NaN
        for code, time, rating in zip(codes, times, ratings, strict=True)
    )
    return Request(history=history, at=at if log.has_time else None, k=LIST, stated=frozenset({"history", "at", "k"}))


def marked(lists: list[list[int]], item: NDArray[np.int32]) -> Floats:
    """Return (n, 10): 1 where the item at that place of a list is the one, else 0."""
    found = np.zeros((len(lists), LIST))
    for row, (codes, wanted) in enumerate(zip(lists, item.tolist(), strict=True)):
        if wanted in codes[:LIST]:
            found[row, codes.index(wanted)] = 1.0
    return found


def asked(answers: list[Answer]) -> Columns:
    """Return what requests are like, in typed columns."""
    data = {column.name: np.array([_number(answer.asked.get(column.name)) for answer in answers]) for column in ASKED}
    return Columns(data, len(answers))


def _number(value: float | bool | None) -> float:
    return np.nan if value is None else float(value)

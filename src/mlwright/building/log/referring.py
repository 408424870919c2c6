"""The reference of a recommender: the later part of its log, replayed event by event as a service would answer it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.evaluate.reference import Reference
from mlwright.evaluate.referring_lists import JudgedLists, refer_lists
from mlwright.model.recommender.recommend import Answering
from mlwright.model.recommender.replay import asked, is_new, once_a_day, request_of
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.interactions import Histories, Interactions
from mlwright.tasks.recommend.metrics import LIST
from mlwright.tasks.recommend.request import ASKED
from mlwright.tasks.recommend.signals import signals
from mlwright.tasks.recommend.split import Cut

MOST = 1_500
"""So many requests are replayed at most: a second or two."""
TASK = "recommend"
UNKNOWN = "unknown_items"


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
        columns=Columns({**asked(answers), UNKNOWN: unknown_of(replay.queries, cut)}, len(replay)),
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
    places = np.arange(len(cut.taught), len(log))
    places = places[is_new(log)[places]]
    places = _some(places[once_a_day(log.user[places], log.time[places], random)], most, random)
    return Replay(log.histories(log.user[places], log.time[places]), log.item[places])


def _some(places: NDArray[np.intp], most: int, random: np.random.Generator) -> NDArray[np.intp]:
    if len(places) <= most:
        return places
    return np.sort(random.choice(places, most, replace=False))


def marked(lists: list[list[int]], item: NDArray[np.int32]) -> Floats:
    """Return (n, 10): 1 where the item at that place of a list is the one, else 0."""
    found = np.zeros((len(lists), LIST))
    for row, (codes, wanted) in enumerate(zip(lists, item.tolist(), strict=True)):
        if wanted in codes[:LIST]:
            found[row, codes.index(wanted)] = 1.0
    return found


def unknown_of(queries: Histories, cut: Cut) -> Floats:
    """Return (n,) how many entries of each history nobody had taken before the cut.

    The catalogue holds them, as the codes are those of the whole log; of a model in service they are unknown.
    """
    new = np.concatenate([[0], np.cumsum(~cut.known[queries.item])])
    found: Floats = np.diff(new[queries.starts]).astype(np.float64)
    return found

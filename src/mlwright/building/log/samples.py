"""What the model recommends to a few people of the log, so that whoever reads the report can judge by eye."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

import numpy as np

from mlwright.model.recommender.files import history_of
from mlwright.model.recommender.recommender import Recommender
from mlwright.model.text import plain

if TYPE_CHECKING:
    from mlwright.building.log.story import Read

PEOPLE = 4
SHOWN_HISTORY, SHOWN_LIST = 5, 8
TIMED, TIMED_SECONDS = 60, 1.0


def samples(read: Read, model: Recommender) -> list[dict[str, Any]]:
    """Return a newcomer and people of short to long histories, with what they took last and what they get."""
    log = read.log.interactions
    counts = np.bincount(log.user, minlength=len(log.users))
    order = np.argsort(counts, kind="stable")
    active = order[counts[order] > 0]
    chosen = [int(active[round(share * (len(active) - 1))]) for share in np.linspace(0.2, 0.95, PEOPLE)]
    found = [_sample("somebody new", [], model)]
    found += [
        _sample(f"a person with {counts[user]:,} entries", history_of(log, user), model)
        for user in dict.fromkeys(chosen)
    ]
    return found


def _sample(who: str, history: list[dict[str, Any]], model: Recommender) -> dict[str, Any]:
    catalogue = model.parts.answering.catalogue
    answer = model.ask({"history": history, "k": SHOWN_LIST})
    return {
        "who": who,
        "history": [catalogue.name(catalogue.find(entry["item"])) for entry in history[-SHOWN_HISTORY:]],
        "items": [
            {"item": plain(one.item), "title": one.title, "reason": one.reason.text, "level": one.level}
            for one in answer.items
        ],
    }


def timed(read: Read, model: Recommender) -> float | None:
    """Return the median milliseconds of one answer, to people of the log as if nobody knew them."""
    log = read.log.interactions
    users = np.unique(log.user)
    if not len(users):
        return None
    drawn = np.random.default_rng(0).choice(users, min(TIMED, len(users)), replace=False)
    requests = [{"history": history_of(log, int(user))} for user in drawn]
    model.ask(requests[0])
    times: list[float] = []
    begun = time.perf_counter()
    for request in requests:
        start = time.perf_counter()
        model.ask(request)
        times.append(time.perf_counter() - start)
        if time.perf_counter() - begun > TIMED_SECONDS:
            break
    return round(1_000 * statistics.median(times), 3)

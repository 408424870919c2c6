"""Judging a finished recommender on a log that somebody brings: what people took after the moment of asking."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlwright.collect import collect
from mlwright.errors import DataError
from mlwright.evaluate.comparison import compare
from mlwright.evaluate.gates import Gate, default_gates, is_blocked, judge, overall
from mlwright.evaluate.held_out import Floats, HeldOut
from mlwright.evaluate.intervals import plain, score
from mlwright.learn.recommending.judging import FEWEST
from mlwright.learn.recommending.judging import judge as judge_lists
from mlwright.model.measures import as_json, since_built, told
from mlwright.model.recommender.known import Catalogue
from mlwright.model.recommender.later import check_has_history, read_later
from mlwright.model.recommender.parts import RecommenderParts
from mlwright.model.recommender.renumbered import Renumbered
from mlwright.tasks import TASKS, default_metric
from mlwright.tasks.base import Metric, Target
from mlwright.tasks.recommend.interactions import Interactions
from mlwright.tasks.recommend.split import Cut, cut_at, random_cut

if TYPE_CHECKING:
    from mlwright.learn.recommenders.base import Ranker

NOT_WORSE = Gate(
    name="other",
    claim="not surely worse than the model of --against",
    statistic="better_than_other",
    side="at_least",
    threshold=0.0,
    unknown="allowed",
    fails_at=0.0,
)


@dataclass(frozen=True, slots=True)
class Asked:
    """People who asked, and what each ranker's lists were worth to them."""

    cut: Cut
    y: Floats
    P: Mapping[str, Floats]

    def judging(self) -> Asked:
        """Return those with a history alone where they are enough to judge, as in a build; else everybody."""
        warm = np.flatnonzero(self.cut.warm).astype(np.intp)
        return self.take(warm) if len(warm) >= FEWEST else self

    def take(self, index: NDArray[np.intp]) -> Asked:
        """Return the people at these positions."""
        return Asked(self.cut.take(index), self.y[index], {name: P[index] for name, P in self.P.items()})


def evaluate(
    parts: RecommenderParts, source: object, *, query: str | None = None, against: RecommenderParts | None = None
) -> dict[str, Any]:
    """Return how good the model is on a log, as JSON of the shape that all evaluations have.

    With times, everybody asks when the model's log ended, with the entries before it as history. Without, a part of
    everybody's entries, drawn at random, judges. People with a history are judged, as when the model was built, where
    there are enough; those without are told apart. `against` is another recommender. Raises InputError where the log
    cannot be read, DataError where it tells nothing.
    """
    everybody = asked_on(parts, source, query=query, against=against)
    asked = everybody.judging()
    task = TASKS[parts.task]
    metric, held = default_metric(task), HeldOut(Target(asked.y), noun="person")
    own, popular = asked.P["model"], asked.P["popular"]
    measured = {name: score(each, held, own) for name, each in task.metrics.items()}
    result = {
        "rows": len(held),
        "rows_without_target": 0,
        "target": parts.target,
        "metric": metric.name,
        "metrics": {name: told(task.metrics[name], value) for name, value in measured.items()},
        "baseline": {
            "name": "popular",
            "metric": metric.name,
            "score": plain(score(metric, held, popular).value),
            "difference": as_json(compare(metric, held, own, popular)),
        },
        "built": since_built(metric, measured[metric.name], parts.evidence),
        "known": None,
        "calibration": None,
        "fairness": [],
        "gaps": [],
        "sensitive": [],
        "slices": _by_history(metric, everybody),
    }
    if against is not None:
        other = asked.P["other"]
        result["against"] = {
            "name": against.name,
            "metric": metric.name,
            "score": plain(score(metric, held, other).value),
            "difference": as_json(compare(metric, held, own, other)),
        }
    found = judge((*default_gates(result), *((NOT_WORSE,) if against is not None else ())), result)
    return {**result, "gates": found, "verdict": overall(gate["verdict"] for gate in found),
            "blocked": is_blocked(found), "gates_given": False}  # fmt: skip


def asked_on(
    parts: RecommenderParts, source: object, *, query: str | None = None, against: RecommenderParts | None = None
) -> Asked:
    """Return who asks on a log, and what the lists of the model, of popularity and of the other one are worth."""
    catalogue = parts.answering.catalogue
    log, where = read_as_known(parts, source, query=query)
    cut = _cut(log, catalogue, where)
    rankers: dict[str, Ranker] = {"model": parts.answering.chain[0][1], "popular": parts.answering.chain[-1][1]}
    if against is not None:
        rankers["other"] = Renumbered.of(against.answering, catalogue)
    judged = judge_lists(rankers, cut)
    return Asked(cut, judged.y, judged.P)


def read_as_known(parts: RecommenderParts, source: object, *, query: str | None = None) -> tuple[Interactions, str]:
    """Return a log with the items numbered as the model numbers them, and where it comes from.

    Entries of items that the model does not know are numbered after all others: nobody's list has them.
    """
    catalogue = parts.answering.catalogue
    table = collect(source, query=query, sample=False)
    log = read_later(parts, table).interactions
    check_has_history(log, catalogue, table.origin)
    places = [catalogue.find(item) for item in log.items]
    fresh = iter(range(len(catalogue), len(catalogue) + len(places)))
    codes = np.array([place if place >= 0 else next(fresh) for place in places], dtype=np.int32)
    new = tuple(item for item, place in zip(log.items, places, strict=True) if place < 0)
    return (
        Interactions(
            users=log.users,
            items=(*catalogue.ids, *new),
            user=log.user,
            item=codes[log.item],
            time=log.time,
            value=log.value if catalogue.rated else None,
            has_time=log.has_time,
            rows=log.rows,
        ),
        table.origin,
    )


def _cut(log: Interactions, catalogue: Catalogue, where: str) -> Cut:
    """Return who asks when. Raises DataError where nobody took anything new that the model knows."""
    known = np.concatenate([catalogue.counts > 0, np.zeros(len(log.items) - len(catalogue), dtype=bool)])
    if not log.has_time or catalogue.end is None:
        cut = random_cut(log, known=known)
    else:
        cut = cut_at(log, math.nextafter(catalogue.end, math.inf), known=known)
    if not len(cut):
        raise DataError(
            "Nobody in this log took anything after the model's own log ended that was new to them and that the model"
            " knows: there is nothing to judge by.",
            where=where,
            hint="bring what people took since; entries from before may be there too, they are the history.",
        )
    kept = cut.queries.item < len(catalogue)
    return _of_known_items(cut, len(catalogue)) if not kept.all() or len(known) > len(catalogue) else cut


def _of_known_items(cut: Cut, items: int) -> Cut:
    """Return the cut with items that the model does not know left out of histories and of what is ranked."""
    queries = cut.queries
    kept = queries.item < items
    counts = np.add.reduceat(np.append(kept, False), queries.starts[:-1]) if len(kept) else np.zeros(len(queries))
    counts = np.where(queries.lengths > 0, counts, 0)
    asked = replace(
        queries,
        starts=np.concatenate([[0], np.cumsum(counts)]).astype(np.intp),
        item=queries.item[kept],
        age=queries.age[kept],
        value=None if queries.value is None else queries.value[kept],
    )
    return replace(cut, queries=asked, known=cut.known[:items])


def _by_history(metric: Metric, asked: Asked) -> list[dict[str, Any]]:
    """Say where people without a history fare worse than the others, where that is sure."""
    held = HeldOut(Target(asked.y), noun="person")
    lengths = asked.cut.queries.lengths
    inside = lengths == 0
    if min(inside.sum(), (~inside).sum()) < 20:
        return []
    parts = [np.flatnonzero(each).astype(np.intp) for each in (inside, ~inside)]
    cold, warm = (score(metric, held.take(index), asked.P["model"][index]) for index in parts)
    if not cold.high < warm.low:
        return []
    return [
        {
            "conditions": [{"column": "history", "text": "without a history"}],
            "rows": int(inside.sum()),
            "metric": metric.label,
            "value": cold.value,
            "rest": warm.value,
            "difference": warm.value - cold.value,
            "interval": [warm.low - cold.high, warm.high - cold.low],
            "sentence": f"{int(inside.sum()):,} people without a history get lists of {metric.label} {cold.value:.3f};"
            f" the others get {warm.value:.3f}.",
        }
    ]

"""Staging: learns the trees of a second stage from what people took among the candidates of a blend.

LambdaMART (Burges, "From RankNet to LambdaRank to LambdaMART", 2010) as LightGBM has it, which begins where the blend
ends. Each moment's candidates come from a blend that did not learn from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Stop, never
from mlwright.learn.learners.lightgbm_text import read_trees
from mlwright.learn.recommenders.base import Scores
from mlwright.learn.recommending.candidates import Pool
from mlwright.learn.recommending.stage import CANDIDATES, described, since_last
from mlwright.learn.trees import FlatTrees
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.interactions import Codes
from mlwright.tasks.recommend.lists import exclude, top

FEWEST = 100
"""People who took a candidate below which no trees are learned."""
FEW = 1_500
"""People below which the trees are small and few."""
_FIXED: Mapping[str, Any] = {
    "objective": "lambdarank",
    "lambdarank_truncation_level": 20,
    "feature_fraction": 0.6,
    "lambda_l2": 10.0,
    "verbosity": -1,
    "deterministic": True,
    "force_row_wise": True,
}
_SMALL: Mapping[str, Any] = {"learning_rate": 0.03, "num_leaves": 7, "min_data_in_leaf": 200}
_LARGE: Mapping[str, Any] = {"learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 500}
_ROUNDS = (40, 100)


@dataclass(frozen=True, slots=True)
class Candidates:
    """(n,) people and their best candidates of a blend, in its order."""

    items: tuple[Codes, ...]
    X: tuple[Floats, ...]
    """By person (candidates, features), as the trees read them."""
    blended: tuple[Floats, ...]
    taken: tuple[NDArray[np.bool_], ...]


def candidates_of(pool: Pool, weights: Floats, members: Sequence[int], those: NDArray[np.bool_]) -> Candidates:
    """Return the candidates of `those` (n,) by a blend with weights (n, columns); of others there are none.

    The trees read the signals and what these members say.
    """
    items, X, blended, taken = [], [], [], []
    columns = np.array([*range(pool.width), *(pool.width + place for place in members)], dtype=np.intp)
    ends = pool.moments.ends
    for moment, cut in enumerate(pool.moments.cuts):
        scores = pool.blended(moment, weights[ends[moment] : ends[moment + 1]])
        scores[:, ~cut.known] = -np.inf
        exclude(scores, cut.queries)
        since, lengths = since_last(cut.queries), cut.queries.lengths
        marks = cut.marked(0, len(cut))
        for row, best in enumerate(top(scores, CANDIDATES)):
            found = best[best >= 0] if those[ends[moment] + row] else best[:0]
            values = pool.values(moment, row, found)[:, columns]
            items.append(found)
            blended.append(scores[row, found].astype(np.float64))
            taken.append(marks[row, found])
            X.append(described(values, scores[row, found], int(lengths[row]), float(since[row])))
    return Candidates(tuple(items), tuple(X), tuple(blended), tuple(taken))


def learn_trees(
    found: Candidates, index: NDArray[np.intp], *, seed: int, threads: int, stop: Stop = never
) -> FlatTrees | None:
    """Return the trees that people at these positions teach; None where too few took a candidate, or time ended."""
    import lightgbm

    some = [place for place in index.tolist() if found.taken[place].any()]
    if len(some) < FEWEST:
        return None
    small = len(some) < FEW
    parameters = {**_FIXED, **(_SMALL if small else _LARGE), "seed": seed, "num_threads": threads}
    data = lightgbm.Dataset(
        np.concatenate([found.X[place] for place in some]),
        np.concatenate([found.taken[place] for place in some]).astype(np.float64),
        group=[len(found.items[place]) for place in some],
        init_score=np.concatenate([found.blended[place] for place in some]),
        params=parameters,
    )
    booster = lightgbm.Booster(parameters, data)
    for _ in range(_ROUNDS[0] if small else _ROUNDS[1]):
        if stop():
            return None
        if booster.update():
            break
    return read_trees(booster.model_to_string())


def staged_scores(pool: Pool, weights: Floats, found: Candidates, by_fold: Mapping[int, FlatTrees]) -> list[Scores]:
    """Return by moment (q, items): a blend's scores, the candidates ordered anew by the trees of each person's fold."""
    ends, said = pool.moments.ends, _said(found, pool.moments.folds, by_fold)
    answer = []
    for moment in range(len(pool.moments.cuts)):
        scores = pool.blended(moment, weights[ends[moment] : ends[moment + 1]])
        for row in range(len(scores)):
            at = ends[moment] + row
            if len(found.items[at]):
                own = found.blended[at] + said[at]
                # Above all others: how far does not matter for a list.
                scores[row, found.items[at]] = own - own.min() + 1.0 + scores[row].max()
        answer.append(scores)
    return answer


def _said(found: Candidates, folds: NDArray[np.intp], by_fold: Mapping[int, FlatTrees]) -> list[Floats]:
    """Return for each person (candidates,) what the trees of their fold say."""
    said = [np.zeros(0)] * len(found.items)
    for fold, trees in by_fold.items():
        places = [place for place in np.flatnonzero(folds == fold).tolist() if len(found.items[place])]
        if places:
            # All at once: the same to the last bit, and quicker.
            numbers = trees.predict(np.concatenate([found.X[place] for place in places]))[:, 0]
            ends = np.cumsum([len(found.items[place]) for place in places])[:-1]
            for place, own in zip(places, np.split(numbers, ends), strict=True):
                said[place] = own
    return said

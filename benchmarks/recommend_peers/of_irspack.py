"""The package irspack (MIT): EASE ("DenseSLIM"), iALS and item nearest neighbours, with the search that it documents.

The search holds out a fifth of each person's entries, as irspack's tutorial does: it has no split by time.
"""

from __future__ import annotations

import logging
from typing import Any

from irspack import (
    CosineKNNRecommender,
    DenseSLIMRecommender,
    Evaluator,
    IALSRecommender,
    TopPopRecommender,
    rowwise_train_test_split,
)
from shared import Log, Peer, Query

TRIALS = 20


class _Irspack(Peer):
    package = "irspack"
    kind: Any
    searches = True

    def fit(self, log: Log) -> None:
        taken = log.matrix().astype("float64")
        if self.searches:
            self.chosen = self._search(taken)
        self.model = self.kind(taken, **self.chosen)
        self.model.learn()

    def _search(self, taken: Any) -> dict[str, Any]:
        teach, judge = rowwise_train_test_split(taken, test_ratio=0.2, random_state=self.job.seed)
        quiet = logging.getLogger("quiet")
        quiet.setLevel(logging.ERROR)
        chosen, _ = self.kind.tune(
            teach,
            Evaluator(judge, cutoff=self.job.k, target_metric="ndcg", n_threads=self.job.threads),
            n_trials=TRIALS,
            timeout=int(self.job.budget),
            tuning_random_seed=self.job.seed,
            logger=quiet,
        )
        return dict(chosen)

    def one(self, query: Query) -> list[int]:
        return self.best(self.model.get_score_cold_user(self.log.row(query).astype("float64"))[0], query)

    def lists(self, queries: list[Query]) -> list[list[int]]:
        scores = self.model.get_score_cold_user(self.log.rows(queries).astype("float64"))
        return [self.best(row, query) for row, query in zip(scores, queries, strict=True)]


class Popular(_Irspack):
    kind = TopPopRecommender
    searches = False


class Ease(_Irspack):
    kind = DenseSLIMRecommender


class Ials(_Irspack):
    kind = IALSRecommender


class Knn(_Irspack):
    kind = CosineKNNRecommender


PEERS = {"irspack-popular": Popular, "irspack-ease": Ease, "irspack-ials": Ials, "irspack-knn": Knn}

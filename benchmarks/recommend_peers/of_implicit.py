"""The package implicit (MIT): ALS, BPR and item nearest neighbours, each with the defaults it comes with."""

from __future__ import annotations

from typing import Any

import numpy as np
from implicit.cpu.als import AlternatingLeastSquares
from implicit.cpu.bpr import BayesianPersonalizedRanking
from implicit.nearest_neighbours import BM25Recommender, CosineRecommender, ItemItemRecommender
from shared import Log, Peer, Query


class _Implicit(Peer):
    package = "implicit"
    kind: Any

    def settings(self) -> dict[str, Any]:
        return {"num_threads": self.job.threads}

    def fit(self, log: Log) -> None:
        self.model = self.kind(**self.settings())
        self.model.fit(log.matrix(), show_progress=False)

    def lists(self, queries: list[Query]) -> list[list[int]]:
        found, _ = self.model.recommend(
            self._ids(queries), self.log.rows(queries), N=self.job.k, recalculate_user=self.folds
        )
        return [[int(each) for each in self.log.items[row[row >= 0]]] for row in found]

    def one(self, query: Query) -> list[int]:
        found, _ = self.model.recommend(
            self._ids([query])[0], self.log.row(query), N=self.job.k, recalculate_user=self.folds
        )
        return [int(each) for each in self.log.items[found[found >= 0]]]

    @property
    def folds(self) -> bool:
        """Whether somebody's factors are solved anew from their history: neighbours need none."""
        return self.fresh and not issubclass(self.kind, ItemItemRecommender)

    def _ids(self, queries: list[Query]) -> Any:
        if self.fresh:
            return np.arange(len(queries))
        return np.searchsorted(self.log.users, [query.user for query in queries])


class Als(_Implicit):
    kind = AlternatingLeastSquares

    def settings(self) -> dict[str, Any]:
        return super().settings() | {"random_state": self.job.seed}


class Bpr(Als):
    kind = BayesianPersonalizedRanking
    fresh = False


class Bm25(_Implicit):
    kind = BM25Recommender


class Cosine(_Implicit):
    kind = CosineRecommender


PEERS = {"implicit-als": Als, "implicit-bpr": Bpr, "implicit-bm25": Bm25, "implicit-cosine": Cosine}

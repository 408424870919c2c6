"""The package LensKit (MIT): popularity, item nearest neighbours, ALS and EASE, with the defaults it comes with."""

from __future__ import annotations

import datetime as dt
import logging
import warnings
from typing import Any

import lenskit
import numpy as np
import pandas as pd
from lenskit.als import ImplicitMFScorer
from lenskit.basic import PopScorer
from lenskit.basic.popularity import TimeBoundedPopScore
from lenskit.data import ItemList, RecQuery, from_interactions_df
from lenskit.knn import EASEScorer, ItemKNNScorer
from lenskit.pipeline import topn_pipeline
from shared import Log, Peer, Query

DAYS = 30


class _Lenskit(Peer):
    package = "lenskit"

    def scorer(self) -> Any:
        raise NotImplementedError

    def fit(self, log: Log) -> None:
        warnings.simplefilter("ignore")
        logging.disable(logging.WARNING)
        frame = pd.DataFrame({"user_id": log.users[log.user], "item_id": log.items[log.item]})
        if log.time is not None:
            frame["timestamp"] = pd.to_datetime(log.time, unit="s")
        self.model = topn_pipeline(self.scorer(), n=self.job.k)
        self.model.train(from_interactions_df(frame.drop_duplicates(["user_id", "item_id"])))

    def one(self, query: Query) -> list[int]:
        asked = RecQuery(history_items=ItemList(item_ids=np.array(query.history, dtype=np.int64)))
        return [int(each) for each in lenskit.recommend(self.model, asked, n=self.job.k).ids()]


class Popular(_Lenskit):
    def scorer(self) -> Any:
        return PopScorer()


class Recent(_Lenskit):
    """Popularity of the last 30 days; of all time where no times are known."""

    def scorer(self) -> Any:
        last = 0.0 if self.log.time is None else float(self.log.time.max())
        since = dt.datetime.fromtimestamp(last, tz=dt.UTC) - dt.timedelta(days=DAYS)
        return TimeBoundedPopScore(cutoff=since.replace(tzinfo=None))


class Knn(_Lenskit):
    def scorer(self) -> Any:
        return ItemKNNScorer(feedback="implicit")


class Als(_Lenskit):
    def scorer(self) -> Any:
        return ImplicitMFScorer()


class Ease(_Lenskit):
    def scorer(self) -> Any:
        return EASEScorer()


PEERS = {
    "lenskit-popular": Popular,
    "lenskit-recent": Recent,
    "lenskit-knn": Knn,
    "lenskit-als": Als,
    "lenskit-ease": Ease,
}

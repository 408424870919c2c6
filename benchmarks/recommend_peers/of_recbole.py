"""The package RecBole (MIT): its linear models, with the defaults it comes with. It answers known users alone."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from recbole.config import Config
from recbole.data import create_dataset
from recbole.model.general_recommender import EASE, ItemKNN, SLIMElastic
from shared import Log, Peer, Query


class _Recbole(Peer):
    package = "recbole"
    fresh = False
    kind: Any

    def fit(self, log: Log) -> None:
        logging.disable(logging.WARNING)
        torch.set_num_threads(self.job.threads)
        folder = Path(self.job.folder) / "log"
        folder.mkdir(exist_ok=True)
        pairs = np.unique(np.column_stack([log.users[log.user], log.items[log.item]]), axis=0)
        lines = "\n".join(f"{user}\t{item}" for user, item in pairs)
        (folder / "log.inter").write_text(f"user_id:token\titem_id:token\n{lines}\n", encoding="utf-8")
        asked = {
            "data_path": self.job.folder,
            "load_col": {"inter": ["user_id", "item_id"]},
            "use_gpu": False,
            "seed": self.job.seed,
            "show_progress": False,
            "state": "ERROR",
        }
        config = Config(model=self.kind.__name__, dataset="log", config_dict=asked)
        self.data = create_dataset(config)
        self.model = self.kind(config, self.data)
        # RecBole numbers items from 1 in an order of its own; 0 stands for none.
        self.places = self.data.token2id("item_id", [str(item) for item in log.items])

    def one(self, query: Query) -> list[int]:
        user = torch.tensor([self.data.token2id("user_id", str(query.user))])
        scores = self.model.full_sort_predict({"user_id": user}).numpy().reshape(-1)
        return self.best(scores[self.places], query)


class Ease(_Recbole):
    kind = EASE


class Slim(_Recbole):
    kind = SLIMElastic


class Knn(_Recbole):
    kind = ItemKNN


PEERS = {"recbole-ease": Ease, "recbole-slim": Slim, "recbole-knn": Knn}

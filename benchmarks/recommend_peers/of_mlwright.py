"""mlwright itself, as its users call it: one build, then lists for histories."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared import Log, Peer, Query

import mlwright as mw


class Mlwright(Peer):
    package = "mlwright"

    def fit(self, log: Log) -> None:
        known = {} if log.time is None else {"time": "time"}
        self.model = mw.build(
            self.job.log,
            task="recommend",
            user="user",
            item="item",
            **known,
            budget=f"{self.job.budget:.0f}s",
            seed=self.job.seed,
            out=Path(self.job.folder) / "model",
        )
        self.chosen = {"learner": str(getattr(self.model, "learner", ""))}

    def one(self, query: Query) -> list[int]:
        history: list[Any] = list(query.history)
        if query.times:
            history = [{"item": item, "at": at} for item, at in zip(query.history, query.times, strict=True)]
        return [int(each.item) for each in self.model.recommend(history=history, k=self.job.k, at=query.at)]


PEERS = {"mlwright": Mlwright}

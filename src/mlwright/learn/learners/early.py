"""When boosting ends: how many rounds at most, and how many without any gain are enough."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mlwright.learn.base import Effort

_MOST = 4000
_WORTH = 5e-5
"""Share of the first loss that patience wants to see gained: what is learned by heart gains for ever, ever less."""


@dataclass(slots=True)
class Watch:
    """Watches the validation loss. `best_round` counts from 1; 0 as long as nothing was seen."""

    most: int
    patience: int
    best_round: int = 0
    best: float = math.inf
    first: float = math.nan
    mark: float = math.inf
    mark_round: int = 0

    @classmethod
    def of(cls, effort: Effort, *, rate: float, rows: int, valid: bool) -> Watch:
        """Plan rounds and patience: slow learners need more of both, and many rows make the loss a steadier guide."""
        steps = min(_MOST, 160 / rate) if valid else 12 / rate
        patience = min(max(4 / rate, 20), 300) * min(1.0, (10_000 / max(rows, 1)) ** 0.3)
        return cls(most=effort.rounds or max(round(steps), 20), patience=max(20, round(patience)))

    def ends(self, done: int, loss: float) -> bool:
        """Note the loss after so many rounds; return True where waiting longer is in vain."""
        if math.isnan(self.first):
            self.first = loss
        if loss < self.best:
            self.best, self.best_round = loss, done
        if loss < self.mark - _WORTH * abs(self.first):
            self.mark, self.mark_round = loss, done
        return done - max(self.mark_round, 1) >= self.patience

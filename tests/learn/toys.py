"""Learners that cost nothing, so that the search can be watched."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from mlwright.learn.linear import LinearPredictor


@dataclass
class ToyFitted:
    """Predicts the mean of y, moved by `shift`."""

    mean: float
    shift: float
    columns: int
    rounds: int = 7
    complete: bool = True
    configuration: dict[str, Any] = field(default_factory=dict)

    def predict(self, X):
        return np.full((len(X), 1), self.mean + self.shift)

    def pack(self) -> LinearPredictor:
        return LinearPredictor.constant("identity", np.array([self.mean + self.shift]), self.columns)

    def files(self) -> dict[str, bytes]:
        return {}


@dataclass
class Toy:
    """Learns the mean; says so slowly if told to; fails if told to."""

    name: str = "toy"
    label: str = "Toy"
    shifts: tuple[float, ...] = (0.0,)
    seconds: float = 0.0
    failing: bool = False
    complete: bool = True
    fits: list[tuple[float, int]] = field(default_factory=list)
    objectives: ClassVar[frozenset[str]] = frozenset({"regression"})
    variant: ClassVar[str] = "codes"
    package: ClassVar[str | None] = None
    extra: ClassVar[str | None] = None
    max_cells: int | None = None

    @property
    def configurations(self):
        return {"regression": tuple({"shift": shift} for shift in self.shifts)}

    def fit(self, problem, configuration, valid, effort):
        self.fits.append((configuration["shift"], effort.seed))
        time.sleep(self.seconds)
        if self.failing:
            raise RuntimeError("toy broke")
        return ToyFitted(
            float(problem.y.mean()),
            configuration["shift"],
            problem.X.shape[1],
            complete=self.complete,
            configuration=dict(configuration),
        )

"""Neural networks: smooth functions of all columns at once, where trees are made of steps along one column each.

Small networks in the style of RealMLP (Holzmüller, Grinsztajn and Steinwart, "Better by default", NeurIPS 2024), in
NumPy alone. Columns of numbers are also read through fixed cosine waves (Rahimi and Recht, "Random features for
large-scale kernel machines", NIPS 2007; Gorishniy et al., "On embeddings for numerical features", NeurIPS 2022).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Configuration, Effort, Fitted, Floats, Problem
from mlwright.learn.learners.configurations import table
from mlwright.learn.learners.neural_nets import Link, Nets, Pace, Shape, Singles, Waves
from mlwright.learn.learners.teaching import Packed, constant, hopeless, judging, mean_loss, outputs, teaching
from mlwright.learn.links import LINKS, NATURAL
from mlwright.learn.network import NetworkPredictor, Reading

_NAMES = "nets units layers waves dropout decay rate epochs"
_CLASSES = table(_NAMES, (None, 128, 3, 16, 0.15, 0.1, 0.03, None))
_NUMBERS = table(_NAMES, (None, 128, 3, 16, 0.15, 0.1, 0.03, None))
_EPOCHS, _FEWEST_EPOCHS, _EPOCH_ROWS = 64, 6, 8_000
"""So many times each row is learned from, where there are so many rows; more rows are seen less often each."""
_NET_ROWS, _MOST_NETS = 4_000, 4
"""So many rows are one network's; of fewer, several are averaged: each makes something else of them."""
_NEXT_SEED = 101
_PATIENCE = 0.2
"""Share of the planned epochs without a gain that ends a fit."""
_SAMPLE = 1024
"""Rows that the first weights are fitted to."""
_NUMBER_VALUES = 8
"""A column of more different values than this is a number, and gets waves."""
_LOOKED_AT = 2_000
_TURNS = 0.1
"""Deviation of the waves' frequencies, in turns per unit (RealMLP)."""
_MOST_WAVES = 1024
_FURTHEST = 8.0
"""A column that reaches farther from its mean than this is shrunk until it does not."""
_SURE = 30.0
"""Log-odds beyond this count as this."""
_RAREST = 1e-4
_LARGEST = 1e100


class Neural:
    """Learns with neural networks; a round is a pass over all rows."""

    name: ClassVar[str] = "neural"
    label: ClassVar[str] = "Neural network"
    objectives: ClassVar[frozenset[str]] = frozenset(NATURAL)
    variant: ClassVar[str] = "onehot"
    package: ClassVar[str | None] = None
    extra: ClassVar[str | None] = None
    configurations: ClassVar[Mapping[str, tuple[Configuration, ...]]] = {
        "binary": _CLASSES,
        "multiclass": _CLASSES,
        "regression": _NUMBERS,
    }
    max_cells: ClassVar[int | None] = None

    def fit(self, problem: Problem, configuration: Configuration, valid: Problem | None, effort: Effort) -> Fitted:
        """Learn, one pass over the rows after another, until the validation loss has stopped falling."""
        rows, judge = teaching(problem), judging(valid)
        if hopeless(rows):
            return constant(rows, configuration)
        from threadpoolctl import threadpool_limits

        # Fits run side by side, and matrices this small gain nothing from more threads.
        with threadpool_limits(1, "blas"):
            return _fit(rows, configuration, judge, effort)


def _fit(rows: Problem, configuration: Configuration, judge: Problem | None, effort: Effort) -> Packed:
    plan = _Plan.of(rows, configuration, effort)
    reading, waves = _reading(rows.X, configuration["waves"], effort.seed)
    lesson = _Lesson.of(rows, reading)
    nets = Nets(plan.shape(lesson, waves), _LINKS[NATURAL[rows.objective]], waves, plan.seeds)
    nets.begin(lesson.sample, _first(rows))
    ends = _ends(rows)
    judged = None if judge is None else reading.columns(judge.X).astype(np.float32)
    best, kept, rounds, done, complete = math.inf, nets.average.flat, 0, 0, True
    while done < plan.most and complete:
        complete = _pass(nets, lesson, plan, done, effort)
        done += 1
        if judge is None or judged is None:
            continue
        loss = _loss(judge, nets.answer(judged), ends)
        if not rounds or loss < best:
            best, kept, rounds = loss, nets.average.flat.copy(), done
        if done - rounds >= plan.patience:
            break
    nets.average.flat[...] = kept
    chosen = {**configuration, "nets": len(plan.seeds), "epochs": plan.epochs}
    return Packed(_predictor(nets, reading, rows), chosen, rounds=rounds or done, complete=complete)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How long and how fast: `epochs` are planned for the rate to fall over, `most` of them are run."""

    epochs: int
    most: int
    patience: int
    batch: int
    units: int
    layers: int
    rate: float
    decay: float
    dropout: float
    seeds: tuple[int, ...]

    @classmethod
    def of(cls, rows: Problem, configuration: Configuration, effort: Effort) -> _Plan:
        """Fit a configuration to the size of the problem: more rows need fewer passes, in larger batches."""
        count = len(rows.y)
        planned = max(_FEWEST_EPOCHS, round(_EPOCHS * min(1.0, (_EPOCH_ROWS / count) ** 0.5)))
        epochs = configuration["epochs"] or planned
        nets = configuration["nets"] or max(1, min(_MOST_NETS, round(_NET_ROWS / count)))
        return cls(
            epochs=epochs,
            most=effort.rounds or epochs,
            patience=max(3, round(_PATIENCE * epochs)),
            batch=min(max(16, 2 ** round(math.log2(3 * math.sqrt(count)))), 1024),
            units=configuration["units"],
            layers=configuration["layers"],
            rate=configuration["rate"],
            decay=configuration["decay"],
            dropout=configuration["dropout"],
            seeds=tuple(effort.seed + _NEXT_SEED * net for net in range(nets)),
        )

    def shape(self, lesson: _Lesson, waves: Waves) -> Shape:
        """Return the shape of the networks."""
        hidden = (self.units,) * self.layers
        numbers, _, each = waves.frequency.shape
        return Shape(len(self.seeds), lesson.X.shape[1], hidden, lesson.truth.shape[1], numbers, each)

    def pace(self, done: float) -> Pace:
        """Return the pace when so many epochs are done: flat for the first half, then down along a cosine."""
        share = min(done / self.epochs, 1.0)
        flat = 1.0 if share < 0.5 else 0.5 * (1 + math.cos(math.pi * (2 * share - 1)))
        return Pace(rate=self.rate * flat, decay=self.decay * flat, dropped=self.dropout * flat)


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What is learned from, as the networks read it."""

    X: Singles
    truth: Singles
    weight: Singles | None

    @classmethod
    def of(cls, rows: Problem, reading: Reading) -> _Lesson:
        """Read the rows; classes become a column each, but for the first of two."""
        y = rows.y[:, None]
        truth = y if outputs(rows) == 1 else y == np.arange(rows.classes)
        weight = None if rows.weight is None else rows.weight.astype(np.float32)[:, None]
        return cls(reading.columns(rows.X).astype(np.float32), truth.astype(np.float32), weight)

    @property
    def sample(self) -> Singles:
        """Return rows spread evenly over all."""
        places = np.unique(np.linspace(0, len(self.X) - 1, _SAMPLE).astype(np.intp))
        sample: Singles = self.X[places]
        return sample


def _pass(nets: Nets, lesson: _Lesson, plan: _Plan, done: int, effort: Effort) -> bool:
    """Go through all rows once, each network in an order of its own; return whether the end was reached."""
    count = len(lesson.X)
    orders = np.stack([generator.permutation(count) for generator in nets.generators])
    batches = max(1, count // plan.batch)
    for batch in range(batches):
        taken = orders[:, batch * count // batches : (batch + 1) * count // batches]
        weight = None if lesson.weight is None else lesson.weight[taken] / np.float32(taken.shape[1])
        nets.learn(lesson.X[taken], lesson.truth[taken], weight, plan.pace(done + (batch + 0.5) / batches))
        if effort.stop():
            return done + 1 == plan.most and batch + 1 == batches
    return True


def _reading(X: Floats, waves: int, seed: int) -> tuple[Reading, Waves]:
    """Learn the range of every column, and draw the waves of those that hold numbers."""
    X = np.clip(X, -_LARGEST, _LARGEST)
    known = ~np.isnan(X)
    fill = np.where(known, X, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    low, high = np.where(known, X, fill).min(axis=0), np.where(known, X, fill).max(axis=0)
    spread = np.maximum(1.0, np.maximum(high - fill, fill - low) / _FURTHEST)
    numbers = [column for column in range(X.shape[1]) if len(np.unique(X[:_LOOKED_AT, column])) > _NUMBER_VALUES]
    each = min(waves, _MOST_WAVES // max(1, len(numbers)))
    numbers = numbers if each else []
    generator = np.random.default_rng([seed, waves])
    shape = (len(numbers), 1, each)
    frequency = np.float32(2 * math.pi * _TURNS) * generator.standard_normal(shape, dtype=np.float32)
    phase = generator.uniform(-math.pi, math.pi, shape).astype(np.float32)
    wave = np.repeat(np.array(numbers, dtype=np.intp), each)
    flat = (part.ravel().astype(np.float64) for part in (frequency, phase))
    reading = Reading(fill, spread, low, high, wave, *flat)
    return reading, Waves(np.array(numbers, dtype=np.intp), frequency, phase)


def _first(rows: Problem) -> Floats:
    """Return the sums that give everybody the mean, or each class its share."""
    if not rows.classes:
        return np.array([np.average(rows.y, weights=rows.weight)])
    counts = np.bincount(rows.y.astype(np.intp), weights=rows.weight, minlength=rows.classes)
    logs: Floats = np.log(np.maximum(counts / counts.sum(), _RAREST))
    return logs if outputs(rows) > 1 else logs[1:] - logs[:1]


def _ends(rows: Problem) -> Floats:
    """Return how far the sums may go: no number is predicted beyond those seen."""
    return np.array([-_SURE, _SURE]) if rows.classes else np.array([rows.y.min(), rows.y.max()])


def _predictor(nets: Nets, reading: Reading, rows: Problem) -> NetworkPredictor:
    """Return what the averaged networks say, for NumPy alone."""
    arrays: dict[str, NDArray[Any]] = {
        "fill": reading.fill,
        "spread": reading.spread,
        "low": reading.low,
        "high": reading.high,
        "wave": reading.wave.astype(np.int32),
        "frequency": reading.frequency.astype(np.float32),
        "phase": reading.phase.astype(np.float32),
        "ends": _ends(rows),
        **nets.folded(),
    }
    return NetworkPredictor(NATURAL[rows.objective], arrays)


def _loss(judge: Problem, sums: Singles, ends: Floats) -> float:
    """Return the loss of what the networks say on average."""
    link = LINKS[NATURAL[judge.objective]]
    return mean_loss(judge, np.mean([link(np.clip(each.astype(np.float64), *ends)) for each in sums], axis=0))


def _sigmoid(sums: Singles) -> Singles:
    sums *= np.float32(0.5)
    np.tanh(sums, out=sums)
    sums += np.float32(1.0)
    sums *= np.float32(0.5)
    return sums


def _softmax(sums: Singles) -> Singles:
    sums -= sums.max(axis=2, keepdims=True)
    np.exp(sums, out=sums)
    sums /= sums.sum(axis=2, keepdims=True)
    return sums


_LINKS: Mapping[str, Link] = {"sigmoid": _sigmoid, "softmax": _softmax, "identity": lambda sums: sums}
"""The links of training, which work in place and give one of two classes a single column."""

"""How much one column, or several together, tell of the target, estimated quickly on rows that were not learned from.

One column: its values are put into bins, and each row is told the mean target of the other folds' rows in its bin.
Several: a small boosted model on the same bins. Both are scored on at most `MOST_ROWS` rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.base import Context, Rows
from mlwright.clean.measures.goal import Goal, goal_of, ranks
from mlwright.columns import Coded, Floats, Values

MOST_ROWS = 20_000
MODEL_ROWS = 6_000
FOLDS = 5
MODEL_FOLDS = 3
BINS = 64
ROUNDS = 60
"""Trees of the boosted model; of several classes each gets its part, at least 8."""
FEWEST_ROWS = 100
"""Of fewer rows no column is said to tell the target."""
PRIOR_ROWS = 1.0
"""A bin's mean is drawn to the overall mean as if so many rows more had that."""
MOST_COLUMNS = 300
"""The boosted model looks at no more columns than these: the ones that tell most alone."""

Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Score:
    """How well the target is told: `explained` is the share of its variance; `auc` is None for numbers."""

    explained: float
    auc: float | None = None

    @property
    def words(self) -> str:
        """The score as it is written in a message."""
        return f"R² {max(self.explained, 0.0):.3f}" if self.auc is None else f"ROC AUC {self.auc:.3f}"

    @property
    def value(self) -> float:
        """The number that is written: 1 is perfect; no better than chance is 0 for R², 0.5 for AUC."""
        return self.explained if self.auc is None else self.auc


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows with a known target, drawn once, with their folds."""

    goal: Goal
    folds: Codes

    @property
    def rows(self) -> Rows:
        """The rows of the table."""
        return self.goal.rows


def sample_of(context: Context) -> Sample | None:
    """Return the rows on which telling is measured, or None where there is no target to tell of."""
    return context.once("telling sample", lambda: _sample(context))


def _sample(context: Context) -> Sample | None:
    goal = goal_of(context)
    if goal is None:
        return None
    random = np.random.default_rng(context.seed)
    if len(goal.rows) > MOST_ROWS:
        goal = goal.take(np.sort(random.choice(len(goal.rows), MOST_ROWS, replace=False)))
        if len(np.unique(goal.y)) < 2:
            return None
    folds = np.empty(len(goal.rows), dtype=np.intp)
    mixed = random.permutation(len(goal.rows))
    by_target = mixed[np.argsort(goal.y[mixed], kind="stable")]
    folds[by_target] = np.arange(len(by_target)) % FOLDS
    return Sample(goal, folds)


def bins(values: Values, most: int = BINS) -> Codes:
    """Return a small number for each value, missing ones 0; numbers keep their order.

    >>> bins(np.array([3.0, np.nan, 1.0]))
    array([2, 0, 1])
    """
    if isinstance(values, Coded):
        codes = values.codes.astype(np.intp)
        counts = np.bincount(codes[codes >= 0], minlength=len(values.values))
        place = np.zeros(len(values.values) + 1, dtype=np.intp)
        order = np.argsort(-counts, kind="stable")
        place[order] = np.minimum(np.arange(len(order)), most) + 1
        return np.where(codes < 0, 0, place[codes])
    known = ~np.isnan(values)
    present = values[known]
    found = np.zeros(len(values), dtype=np.intp)
    different = np.unique(present)
    if len(different) > most:
        different = np.unique(np.quantile(present, np.linspace(0, 1, most + 1)[1:-1], method="lower"))
    found[known] = np.searchsorted(different, present, side="left") + 1
    return found


def told_by(codes: Codes, sample: Sample, signals: Floats | None = None) -> Floats:
    """Return what the bins of the other folds say of each row's target: (n, k)."""
    Y = sample.goal.signals if signals is None else signals
    size = int(codes.max(initial=0)) + 1
    cell = sample.folds * size + codes
    rows = np.bincount(cell, minlength=FOLDS * size).reshape(FOLDS, size)
    others = rows.sum(axis=0) - rows
    told = np.empty_like(Y)
    for k in range(Y.shape[1]):
        sums = np.bincount(cell, weights=Y[:, k], minlength=FOLDS * size).reshape(FOLDS, size)
        mean = float(Y[:, k].mean())
        means = (sums.sum(axis=0) - sums + PRIOR_ROWS * mean) / (others + PRIOR_ROWS)
        told[:, k] = means.ravel()[cell]
    return told


def explained(Y: Floats, told: Floats) -> float:
    """Return the share of the variance of Y that is told, over all its columns; below 0 is worse than nothing."""
    total = float(((Y - Y.mean(axis=0)) ** 2).sum())
    return 1.0 - float(((Y - told) ** 2).sum()) / total if total > 0 else 0.0


def score_of(told: Floats, goal: Goal) -> Score:
    """Return how good out-of-fold statements are."""
    share = explained(goal.signals, told)
    if not goal.labels:
        return Score(share)
    if len(goal.labels) == 2:
        return Score(share, auc(told[:, 1], goal.codes == 1))
    counts = np.bincount(goal.codes, minlength=len(goal.labels))
    each = [auc(told[:, k], goal.codes == k) for k in np.flatnonzero(counts)]
    return Score(share, float(np.average(each, weights=counts[counts > 0])))


def auc(scores: Floats, cases: NDArray[np.bool_]) -> float:
    """Return the share of pairs of a case and another row in which the case scores higher.

    >>> auc(np.array([1.0, 2.0, 3.0]), np.array([False, True, True]))
    1.0
    """
    many, others = int(cases.sum()), int((~cases).sum())
    if not many or not others:
        return 0.5
    place = ranks(scores) * max(len(scores) - 1, 1)
    return float((place[cases].sum() - many * (many - 1) / 2) / (many * others))


@dataclass(frozen=True, slots=True)
class Alone:
    """What each column tells by itself."""

    sample: Sample
    codes: dict[str, Codes]
    words: frozenset[str]
    """The columns whose bins have no order."""
    scores: dict[str, float]
    """The share of the target's variance that each explains."""

    def score(self, name: str) -> Score:
        """Return the whole score of a column."""
        return score_of(told_by(self.codes[name], self.sample), self.sample.goal)


def alone(context: Context) -> Alone | None:
    """Return what each feature tells of the target by itself; None where there is no target to tell of."""
    return context.once("telling alone", lambda: _alone(context))


def _alone(context: Context) -> Alone | None:
    sample = sample_of(context)
    if sample is None:
        return None
    Y = sample.goal.signals
    words = frozenset(column.name for column in context.schema.features if not column.is_float)
    found = Alone(sample, {}, words, {})
    for column in context.schema.features:
        if context.stop():
            break
        codes = bins(taken(context.values(column.name), sample.rows))
        found.codes[column.name] = codes
        found.scores[column.name] = explained(Y, told_by(codes, sample, Y))
    return found


def taken(values: Values, rows: Rows) -> Values:
    """Return the values at some rows."""
    return values.take(rows) if isinstance(values, Coded) else values[rows]


def together(context: Context, without: Sequence[str] = ()) -> Score:
    """Return how much the features tell together, some of them left out; call it only where `alone` is not None."""
    single = alone(context)
    if single is None:
        raise ValueError("there is no target to tell of")
    names = [name for name in single.codes if name not in without]
    names = sorted(names, key=lambda name: -single.scores[name])[:MOST_COLUMNS]
    key = "telling together " + repr(sorted(names))
    return context.once(key, lambda: _together(single, names, context.seed))


STRONG_CLASSES, STRONG_AUC, STRONG_AT_LEAST, STRONG_NUMBERS = 0.8, 0.98, 0.6, 0.95


def is_strong(score: Score) -> bool:
    """Tell whether one column alone tells the target nearly perfectly: what honest columns hardly ever do."""
    if score.auc is None:
        return score.explained >= STRONG_NUMBERS
    return score.explained >= STRONG_CLASSES or (score.auc >= STRONG_AUC and score.explained >= STRONG_AT_LEAST)


def strong(context: Context) -> dict[str, Score]:
    """Return the features that tell the target nearly perfectly by themselves, with what each tells."""
    return context.once("telling strong", lambda: _strong(context))


def _strong(context: Context) -> dict[str, Score]:
    single = alone(context)
    if single is None or len(single.sample.rows) < FEWEST_ROWS:
        return {}
    scores = {name: single.score(name) for name, share in single.scores.items() if share >= STRONG_AT_LEAST}
    return {name: score for name, score in scores.items() if is_strong(score)}


def others(context: Context, name: str) -> tuple[Score, int]:
    """Return what all other features tell together, without those that are as strong as this one, and their number."""
    left_out = {name, *strong(context)}
    single = alone(context)
    left = 0 if single is None else len(set(single.codes) - left_out)
    return together(context, sorted(left_out)), left


def _together(single: Alone, names: Sequence[str], seed: int) -> Score:
    """Score a small boosted model on rows of folds that it has not learned from."""
    sample = single.sample
    places = np.arange(len(sample.rows))
    if len(places) > MODEL_ROWS:
        places = np.sort(np.random.default_rng(seed).choice(places, MODEL_ROWS, replace=False))
    goal = sample.goal.take(places)
    Y = goal.signals
    if not names or len(np.unique(goal.y)) < 2:
        return score_of(np.broadcast_to(Y.mean(axis=0), Y.shape).copy(), goal)
    X = np.column_stack([single.codes[name][places] for name in names])
    words = [place for place, name in enumerate(names) if name in single.words]
    folds = sample.folds[places] % MODEL_FOLDS
    told = np.broadcast_to(Y.mean(axis=0), Y.shape).copy()
    for fold in range(MODEL_FOLDS):
        learned, scored = folds != fold, folds == fold
        if scored.any() and len(np.unique(goal.y[learned])) > 1:
            told[scored] = boosted(X, words, goal, learned, seed)[scored]
    return score_of(told, goal)


def boosted(
    X: Codes, words: Sequence[int], goal: Goal, learned: NDArray[np.bool_], seed: int, weight: Floats | None = None
) -> Floats:
    """Return what small trees, grown on the learned rows, say of all rows: (n, k).

    The columns of `X` (n, columns) at the places in `words` have no order; rows teach as much as they weigh.
    """
    import lightgbm

    many = len(goal.labels)
    parameters: dict[str, object] = {
        "objective": "multiclass" if many > 2 else "cross_entropy" if many else "regression",
        "num_leaves": 15,
        "learning_rate": 0.15,
        "min_data_in_leaf": max(2, min(20, int(learned.sum()) // 50)),
        "max_bin": BINS + 3,
        "seed": seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 2,
        "verbosity": -1,
    }
    if many > 2:
        parameters["num_class"] = many
    y = goal.y if many else goal.signals[:, 0]
    data = lightgbm.Dataset(
        X[learned].astype(np.float32),
        y[learned],
        weight=None if weight is None else weight[learned],
        categorical_feature=list(words),
        params={"verbosity": -1},
    )
    model = lightgbm.train(parameters, data, num_boost_round=max(8, ROUNDS // max(many, 1)) if many > 2 else ROUNDS)
    told = np.asarray(model.predict(X.astype(np.float32)), dtype=np.float64)
    if many > 2:
        return told
    return np.column_stack([1.0 - told, told]) if many else told[:, None]

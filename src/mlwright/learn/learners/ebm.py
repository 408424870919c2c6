"""Explainable Boosting Machine: a sum of curves of single columns and tables of pairs, boosted a column at a time.

Lou, Caruana and Gehrke, "Intelligible models for classification and regression", KDD 2012; Lou et al., "Accurate
intelligible models with pairwise interactions", KDD 2013; Nori et al., "InterpretML", 2019.

InterpretML is given bins, not numbers, and a stretch of rounds at a time, each beginning at the sums where the last one
ended: so the fit hears when time is up, and the validation rows choose its rounds, without the second process that
InterpretML starts for whoever wants to be called back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.additive import MISSING, AdditivePredictor, Bins, find_bins
from mlwright.learn.base import Configuration, Effort, Fitted, Floats, Problem
from mlwright.learn.learners.configurations import table
from mlwright.learn.learners.early import Watch
from mlwright.learn.learners.packages import require
from mlwright.learn.learners.teaching import Packed, constant, hopeless, judging, mean_loss, outputs, teaching
from mlwright.learn.links import LINKS, NATURAL

_NAMES = "rate leaves bins pairs pair_rounds"
_PAIRED = table(_NAMES, (0.02, 2, 256, 15, None))
_SINGLE = table(_NAMES, (0.02, 2, 256, 0, 0))
"""InterpretML does not show pairs of more than two classes, so none are learned."""
_PAIR_BINS = 32
_MOST_PAIRED = 24
"""Pairs are looked for among so many of the columns that say most by themselves."""
_FIRST, _GROWTH, _LEAST = 50, 0.5, 10
"""Rounds of the first stretch, and how much each later one adds to what is done."""
_SMOOTH = 50
"""The first rounds split at random places, which makes the curves smooth."""
_CELLS = 60_000_000
"""Rows times columns times rounds of one stretch: about two seconds."""
_NEVER = -1000.0
"""Intercept of a class without rows."""
_FURTHEST = 1e300


class Ebm:
    """Learns with InterpretML; a round is a step along each column, and pairs have rounds of their own."""

    name: ClassVar[str] = "ebm"
    label: ClassVar[str] = "Explainable Boosting Machine"
    objectives: ClassVar[frozenset[str]] = frozenset(NATURAL)
    variant: ClassVar[str] = "codes"
    package: ClassVar[str | None] = "interpret"
    extra: ClassVar[str | None] = "ebm"
    configurations: ClassVar[Mapping[str, tuple[Configuration, ...]]] = {
        "binary": _PAIRED,
        "multiclass": _SINGLE,
        "regression": _PAIRED,
    }
    max_cells: ClassVar[int | None] = 1_000_000
    keeps_order: ClassVar[bool] = True
    readable: ClassVar[bool] = True

    def fit(self, problem: Problem, configuration: Configuration, valid: Problem | None, effort: Effort) -> Fitted:
        """Learn the curves, then the pairs, each until the validation loss has stopped falling."""
        require(self)
        rows, judge = teaching(problem), judging(valid)
        if hopeless(rows):
            return constant(rows, configuration)
        grid = _Grid.of(rows, configuration["bins"])
        sums = _Sums.of(rows, judge, grid)
        rounds, complete = _boost(sums, _Stage.singles(grid), configuration, effort)
        stage, planned = _Stage.pairs(sums, configuration["pairs"]), configuration["pair_rounds"]
        pair_rounds = 0
        if complete and stage is not None and planned != 0:
            pair_rounds, complete = _boost(sums, stage, configuration, replace(effort, rounds=planned or effort.rounds))
        chosen = {**configuration, "pair_rounds": pair_rounds}
        return Packed(sums.predictor(), chosen, rounds=rounds, complete=complete)


@dataclass(frozen=True, slots=True)
class _Grid:
    """The bins of every column, and how InterpretML is told of them."""

    edges: tuple[Floats, ...]
    coarse: tuple[Bins, ...]
    """For each bin of a column the coarser one that pairs have."""
    nominal: tuple[bool, ...]
    used: tuple[int, ...]
    """Columns with more than one bin that has rows."""

    @classmethod
    def of(cls, rows: Problem, most: int) -> _Grid:
        """Cut each column into bins of about as many rows each; codes of categories each get a bin of their own."""
        nominal = rows.categorical or (False,) * rows.X.shape[1]
        edges = tuple(
            _code_edges(column) if coded else _edges(column, most)
            for column, coded in zip(rows.X.T, nominal, strict=True)
        )
        bins = [find_bins(column, each) for column, each in zip(rows.X.T, edges, strict=True)]
        coarse = tuple(
            np.arange(len(each) + 2) if coded else _coarser(own, len(each) + 2)
            for own, each, coded in zip(bins, edges, nominal, strict=True)
        )
        used = tuple(feature for feature, own in enumerate(bins) if own.min() < own.max())
        return cls(edges, coarse, nominal, used)

    def bins(self, X: Floats) -> Bins:
        """Return the bin of every number."""
        return np.stack([find_bins(column, each) for column, each in zip(X.T, self.edges, strict=True)], axis=1)

    def coarse_bins(self, feature: int) -> int:
        """Return how many coarse bins a column has."""
        return int(self.coarse[feature].max()) + 1


def _edges(column: Floats, most: int) -> Floats:
    """Return edges between values, or between shares of the rows where there are more values than bins."""
    known = np.clip(column[~np.isnan(column)], -_FURTHEST, _FURTHEST)
    values = np.unique(known)
    if len(values) > most:
        values = np.unique(np.quantile(known, np.linspace(0, 1, most + 1), method="nearest"))
    edges: Floats = np.unique(values[:-1] + (values[1:] - values[:-1]) / 2)
    return edges


def _code_edges(column: Floats) -> Floats:
    """Return an edge before each code and one after the last: beyond them are the unknown."""
    known = column[~np.isnan(column)]
    return np.arange(int(known.max(initial=-1)) + 2, dtype=np.float64) - 0.5


def _coarser(bins: Bins, count: int) -> Bins:
    """Return for each of so many bins a coarser one: what is missing stays apart, the others share the rows evenly."""
    size = np.bincount(bins, minlength=count)[1:]
    before = np.cumsum(size) - size
    part = np.unique((before * _PAIR_BINS) // max(1, int(size.sum())), return_inverse=True)[1]
    return np.concatenate([[MISSING], 1 + part]).astype(np.intp)


@dataclass(slots=True)
class _Sums:
    """What has been learned: a table for each term, and what they add up to for the rows and the validation rows."""

    rows: Problem
    judge: Problem | None
    grid: _Grid
    bins: Bins
    judged: Bins
    present: Bins
    """The classes that have rows, or nothing."""
    intercept: Floats
    told: Floats
    judge_told: Floats
    tables: dict[tuple[int, ...], Floats] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Problem, judge: Problem | None, grid: _Grid) -> _Sums:
        """Begin with nothing."""
        width = outputs(rows)
        present = np.unique(rows.y).astype(np.intp) if width > 1 else np.zeros(0, dtype=np.intp)
        intercept = np.zeros(width)
        intercept[np.setdiff1d(np.arange(width), present)] = _NEVER if width > 1 else 0.0
        bins = grid.bins(rows.X)
        judged = bins[:0] if judge is None else grid.bins(judge.X)
        told, judge_told = (np.repeat(intercept[None], len(each), axis=0) for each in (bins, judged))
        return cls(rows, judge, grid, bins, judged, present, intercept, told, judge_told)

    def sign(self, feature: int) -> int:
        """Return 1 where the answer may only rise with a column, -1 where it may only fall, else 0."""
        return self.rows.signs[feature] if self.rows.signs else 0

    def add(self, model: Any, features: tuple[int, ...], *, pairs: bool) -> None:
        """Add what a model of InterpretML says; its columns are these features."""
        level = np.atleast_1d(np.asarray(model.intercept_, dtype=np.float64))
        self._spread(self.intercept, level)
        for told in (self.told, self.judge_told):
            self._spread(told, level)
        for places, score in zip(model.term_features_, model.term_scores_, strict=True):
            term = tuple(features[place] for place in places)
            shown = score
            for axis, (place, feature) in enumerate(zip(places, term, strict=True)):
                nothing = np.zeros_like(shown.take([0], axis=axis))
                known = self._rows_of(model.bins_[place][0], feature, pairs=pairs)
                shown = np.concatenate([shown, nothing], axis=axis).take(known, axis=axis)
            learned = np.zeros((*shown.shape[: len(term)], outputs(self.rows)))
            self._spread(learned, shown if shown.ndim > len(term) else shown[..., None])
            self.tables[term] = self.tables[term] + learned if term in self.tables else learned
            for told, bins in ((self.told, self.bins), (self.judge_told, self.judged)):
                found = tuple(
                    self.grid.coarse[feature][bins[:, feature]] if pairs else bins[:, feature] for feature in term
                )
                np.add(told, learned[found], out=told)

    def _spread(self, to: Floats, scores: Floats) -> None:
        """Add the scores of the classes that have rows; of two such, InterpretML only scores the second."""
        if len(self.present) == 2:
            to[..., self.present[1]] += scores[..., 0]
        elif len(self.present):
            to[..., self.present] += scores
        else:
            to += scores

    def _rows_of(self, bins: Any, feature: int, *, pairs: bool) -> Bins:
        """Return which row of InterpretML's table each bin has, or -1 where it says nothing of the bin."""
        coarse = self.grid.coarse[feature]
        count = int(coarse.max()) + 1 if pairs else len(coarse)
        own = self.bins[:, feature]
        seen = np.unique(coarse[own] if pairs else own)
        if isinstance(bins, dict):
            rows = np.full(count, -1)  # the row of zeros
            for code in seen.tolist():
                rows[code] = bins[str(code)]
            return rows
        rows = np.arange(1, count + 1)
        # A bin of numbers without rows stands between two that have some; but what is missing has no neighbours.
        rows[MISSING] = 1 if seen[0] == MISSING else -1
        return rows

    def begun(self) -> Floats:
        """Return the sums of the rows as InterpretML begins with them."""
        if len(self.present) == 2:
            return self.told[:, self.present[1]]
        return self.told[:, self.present] if len(self.present) else self.told[:, 0]

    def loss(self) -> float:
        """Return the loss on the validation rows."""
        if self.judge is None:
            return 0.0
        return mean_loss(self.judge, LINKS[NATURAL[self.rows.objective]](self.judge_told))

    def kept(self) -> tuple[Floats, Floats, Floats, dict[tuple[int, ...], Floats]]:
        """Return what `restore` takes."""
        return self.intercept.copy(), self.told.copy(), self.judge_told.copy(), dict(self.tables)

    def restore(self, kept: tuple[Floats, Floats, Floats, dict[tuple[int, ...], Floats]]) -> None:
        """Go back to what was kept."""
        self.intercept, self.told, self.judge_told, self.tables = kept

    def predictor(self) -> AdditivePredictor:
        """Return all that was learned, for NumPy alone."""
        edges, coarse = self.grid.edges, self.grid.coarse
        paired = {feature for term in self.tables if len(term) == 2 for feature in term}
        flat = [table.reshape(-1, outputs(self.rows)) for table in self.tables.values()]
        shown = [each if feature in paired else np.zeros_like(each) for feature, each in enumerate(coarse)]
        arrays: dict[str, NDArray[Any]] = {
            "intercept": self.intercept,
            "edges": np.concatenate(edges),
            "counts": np.array([len(each) for each in edges], dtype=np.int32),
            "coarse": np.concatenate(shown).astype(np.int32),
            "score": np.concatenate([np.zeros((0, outputs(self.rows))), *flat]),
        }
        plain = {"link": NATURAL[self.rows.objective], "terms": [list(term) for term in self.tables]}
        return AdditivePredictor(plain, arrays)


@dataclass(slots=True)
class _Stage:
    """What is boosted together: single columns, or pairs of these columns once InterpretML has found them."""

    features: tuple[int, ...]
    wanted: int = 0
    """So many pairs are looked for; 0 in the stage of single columns."""
    found: list[tuple[int, ...]] = field(default_factory=list)

    @classmethod
    def singles(cls, grid: _Grid) -> _Stage:
        """Return the stage of the curves."""
        return cls(grid.used)

    @classmethod
    def pairs(cls, sums: _Sums, most: int) -> _Stage | None:
        """Return the stage of the pairs, or None where there are to be none."""
        grid = sums.grid
        said = {
            feature: float(np.abs(sums.tables[feature,][sums.bins[:, feature]]).mean())
            for feature in grid.used
            if grid.coarse_bins(feature) <= 2 * _PAIR_BINS and not sums.sign(feature)
        }
        best = sorted(sorted(said, key=lambda feature: (-said[feature], feature))[:_MOST_PAIRED])
        wanted = min(most, 3 * len(best))
        return cls(tuple(best), wanted) if wanted and len(best) > 1 and outputs(sums.rows) == 1 else None

    def codes(self, sums: _Sums) -> Bins:
        """Return the bins of the rows in these columns."""
        own = sums.bins[:, self.features]
        if not self.wanted:
            return own
        columns = [sums.grid.coarse[feature][bins] for feature, bins in zip(self.features, own.T, strict=True)]
        return np.stack(columns, axis=1)

    def learn(self, sums: _Sums, configuration: Configuration, *, rounds: int, first: bool, seed: int) -> None:
        """Boost for so many rounds from the present sums on, and add what was learned to them."""
        from interpret.glassbox import ExplainableBoostingClassifier, ExplainableBoostingRegressor

        rows, codes = sums.rows, self.codes(sums)
        smooth = min(_SMOOTH, rounds) if first else 0
        model = (ExplainableBoostingClassifier if rows.classes else ExplainableBoostingRegressor)(
            feature_types=[
                "nominal" if sums.grid.nominal[feature] else (np.arange(top) + 0.5).tolist()
                for feature, top in zip(self.features, codes.max(axis=0).tolist(), strict=True)
            ],
            interactions=self.found or self.wanted,
            exclude="mains" if self.wanted else None,
            monotone_constraints=[sums.sign(feature) for feature in self.features] if any(rows.signs) else None,
            validation_size=0,
            outer_bags=1,
            learning_rate=configuration["rate"],
            max_leaves=configuration["leaves"],
            smoothing_rounds=smooth,
            interaction_smoothing_rounds=smooth,
            max_rounds=rounds,
            early_stopping_rounds=0,
            n_jobs=1,
            random_state=seed,
        )
        y = (
            np.searchsorted(sums.present, rows.y)
            if len(sums.present)
            else rows.y.astype(int if rows.classes else float)
        )
        model.fit(codes.astype(np.float64), y, sample_weight=rows.weight, init_score=sums.begun())
        self.found = model.term_features_ if self.wanted else []
        sums.add(model, self.features, pairs=self.wanted > 0)


def _boost(sums: _Sums, stage: _Stage, configuration: Configuration, effort: Effort) -> tuple[int, bool]:
    """Boost until the validation loss has stopped falling; return the rounds kept, and whether it was not cut short."""
    rows, judged = sums.rows, sums.judge is not None
    watch = Watch.of(effort, rate=configuration["rate"], rows=len(rows.y), valid=judged)
    most = max(_LEAST, _CELLS // (len(rows.y) * max(len(stage.features), stage.wanted)))
    done, complete, kept = 0, True, sums.kept()
    if judged and stage.wanted:
        watch.ends(0, sums.loss())
    while done < watch.most:
        stretch = min(max(_FIRST, int(_GROWTH * done)), most, watch.most - done)
        stage.learn(sums, configuration, rounds=stretch, first=not done, seed=effort.seed + done)
        done += stretch
        ended = judged and watch.ends(done, sums.loss())
        if watch.best_round == done:
            kept = sums.kept()
        if ended:
            break
        if effort.stop():
            complete = done == watch.most
            break
    if not judged:
        return done, complete
    sums.restore(kept)
    return watch.best_round, complete

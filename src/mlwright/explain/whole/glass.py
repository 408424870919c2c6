"""Glass: a model that is a sum of one thing for each column, or pair of columns, told whole: every term as it is.

What a term says of a row depends on that row's own values of its columns alone, so a curve or a table shows all of it
(Hastie and Tibshirani 1986, "Generalized additive models", Statistical Science 1; Lou et al. 2013 for the pairs).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, Values
from mlwright.evaluate import wording
from mlwright.explain.effects import MISSING, Grid, grid_of
from mlwright.learn.additive import AdditivePredictor
from mlwright.learn.base import Predictor, Stop, never
from mlwright.learn.ensemble import Ensemble
from mlwright.learn.linear import LinearPredictor
from mlwright.schema import Column

Floats = NDArray[np.float64]

ROWS = 300
"""Rows over which a term's mean and its size are taken."""
POINTS, LEVELS = 40, 24
PAIR_POINTS = 6
FAR = 700.0
"""Log-odds beyond this are no probability that a double could tell from 0 or 1."""
MOST = 100
"""So many terms are told at most, the largest first."""


def terms(
    ensemble: Ensemble, rows: Columns, described: Mapping[str, Column], shown: int, *, stop: Stop = never
) -> tuple[list[dict[str, Any]], int]:
    """Return the terms of a model that can be read, the one that moves answers most first; nothing of other models.

    A term is {"columns", "kind", "size", "sentence"} and what it adds at each value: "x", "y", "count" of one column,
    "x", "x2", "z" of a pair. What is added is in the target's unit, or in log-odds of the class at the position
    `shown`, less its mean over at most 300 of the rows; "size" is its mean absolute value over them. Beside them stands
    how many smaller terms were left out: those beyond 100, or beyond the time.
    """
    if not rows.rows or (glass := _Glass.of(ensemble, shown)) is None:
        return [], 0
    kept = np.linspace(0, rows.rows - 1, min(ROWS, rows.rows)).round().astype(np.intp)
    sample = rows.take(kept)
    said = glass.said(sample)
    means = {sources: float(values.mean()) for sources, values in said.items()}
    sizes = {sources: float(np.abs(values - means[sources]).mean()) for sources, values in said.items()}
    found: list[dict[str, Any]] = []
    heard = sorted((each for each in said if sizes[each] > 0.0), key=lambda each: (-sizes[each], each))
    for sources in heard[:MOST]:
        if stop():
            break
        own = [described[name] for name in sources]
        term = _curve if len(sources) == 1 else _pair if len(sources) == 2 else _of_many
        found.append(
            {"columns": list(sources), "size": sizes[sources], **term(glass, sample, own, sources, means[sources])}
        )
    return found, len(heard) - len(found)


def total(
    ensemble: Ensemble,
    rows: Columns,
    described: Mapping[str, Column],
    shown: int,
    told: Sequence[Mapping[str, Any]],
) -> dict[str, Any] | None:
    """Return how an answer is worked out from the terms that are told: where the sum starts and what becomes of it.

    "start" is the sum before any term is added, and "probability" what it means of two classes. "example" is one row
    that nobody is: every column has its middle or commonest value. It holds what each term adds there, what those left
    out add together ("rest"), their sum, and the "answer" of the model itself, which a calibration or a floor may move.
    """
    if not told or (glass := _Glass.of(ensemble, shown)) is None:
        return None
    sample = rows.take(np.linspace(0, rows.rows - 1, min(ROWS, rows.rows)).round().astype(np.intp))
    means = {sources: float(values.mean()) for sources, values in glass.said(sample).items()}
    start = glass.start + sum(means.values())
    row = Columns({name: _usual(sample[name], described.get(name)) for name in sample}, 1)
    own = {sources: float(values[0]) - means[sources] for sources, values in glass.said(row).items()}
    added = [own.pop(tuple(term["columns"])) for term in told]
    read = dict.fromkeys(name for term in told for name in term["columns"])
    rest, values = sum(own.values()), row.row(0)
    return {
        "start": start,
        "probability": 1.0 / (1.0 + math.exp(-start)) if ensemble.classes == 2 and abs(start) < FAR else None,
        "calibrated": ensemble.calibration is not None,
        "floor": ensemble.floor,
        "example": {
            "values": {name: values[name] for name in read},
            "added": added,
            "rest": rest,
            "sum": start + sum(added) + rest,
            "answer": float(ensemble.predict(row)[0, shown if glass.odds else 0]),
        },
    }


def _usual(values: Values, column: Column | None) -> Values:
    """Return the middle of numbers or the commonest category; of a text, which is somebody's own, nothing."""
    if isinstance(values, Coded):
        named = column is None or column.kind != "text"
        code = int(np.argmax(np.bincount(values.codes + 1, minlength=1))) - 1 if named else -1
        return Coded(np.array([code], dtype=np.int32), values.values)
    known = values[np.isfinite(values)]
    return np.quantile(known, [0.5], method="nearest") if len(known) else np.array([np.nan])


class _Glass:
    """The one member of a readable model: what each set of raw columns adds to its sum."""

    def __init__(self, ensemble: Ensemble, shown: int) -> None:
        (recipe, (member,)) = ensemble.plan[0]
        self.recipe, self.predictor = recipe, member.predictor
        self.odds = ensemble.classes > 0
        self._center, self._scale = (0.0, 1.0) if self.odds else (ensemble.center, ensemble.scale)
        self._shown = shown
        self._sources = [tuple(sorted(feature.sources)) for feature in recipe.features]

    @property
    def start(self) -> float:
        """What the sum is before any set of columns adds to it."""
        if not isinstance(self.predictor, LinearPredictor | AdditivePredictor):
            raise TypeError(f"{type(self.predictor).__name__} is no sum of terms")
        return self._center + float(self._pull(self.predictor.intercept[None])[0])

    @classmethod
    def of(cls, ensemble: Ensemble, shown: int) -> _Glass | None:
        """Return it, or None where there is more than one member, or one that cannot be read."""
        if (
            len(ensemble.plan) != 1
            or len(ensemble.plan[0][1]) != 1
            or not can_be_read(ensemble.plan[0][1][0].predictor)
        ):
            return None
        return cls(ensemble, shown)

    def said(self, columns: Columns) -> dict[tuple[str, ...], Floats]:
        """Return (n,) for each set of raw columns: what they add together."""
        X = self.recipe.transform(columns)
        said: dict[tuple[str, ...], Floats] = {}
        for features, values in self._parts(X):
            sources = tuple(sorted({name for feature in features for name in self._sources[feature]}))
            pulled = self._pull(values)
            said[sources] = said[sources] + pulled if sources in said else pulled
        return said

    def _parts(self, X: Floats) -> list[tuple[tuple[int, ...], Floats]]:
        if isinstance(self.predictor, LinearPredictor):
            known, weight = self.predictor.known(X), self.predictor.weight
            return [((place,), known[:, place, None] * weight[place]) for place in range(X.shape[1])]
        if not isinstance(self.predictor, AdditivePredictor):
            raise TypeError(f"{type(self.predictor).__name__} is no sum of terms")
        bins = self.predictor.bins(X)
        return [
            (term, self.predictor.said(place, *(bins[feature] for feature in term)))
            for place, term in enumerate(self.predictor.terms)
        ]

    def _pull(self, values: Floats) -> Floats:
        """Return (n,) of (n, outputs): towards the class that is told of, or the number."""
        if values.shape[1] == 1:
            # A single sum of two classes is that of the second.
            sign = -1.0 if self.odds and self._shown == 0 else 1.0
            pulled: Floats = sign * self._scale * values[:, 0]
            return pulled
        towards: Floats = values[:, self._shown] - values.mean(axis=1)
        return towards


def can_be_read(predictor: Predictor) -> bool:
    """Whether a predictor is a sum of terms of few columns, in the target's unit or in log-odds."""
    return isinstance(predictor, LinearPredictor | AdditivePredictor) and predictor.link != "complement"


def _curve(
    glass: _Glass, sample: Columns, own: Sequence[Column], sources: tuple[str, ...], mean: float
) -> dict[str, Any]:
    """Return what one column adds at each of its values."""
    (column,) = own
    grid = grid_of(sample[column.name], column, sample.rows, points=POINTS, levels=LEVELS)
    if grid is None:
        return _not_drawn(own)
    own_values, values = sample[column.name], _firsts(grid)
    shown, count = list(grid.shown), list(grid.count)
    if not isinstance(own_values, Coded) and not isinstance(values, Coded) and MISSING not in shown:
        missing = int(np.isnan(own_values).sum())
        if missing:
            values, shown, count = np.append(values, np.nan), [*shown, None], [*count, missing]
    y = (glass.said(_varied(sample, {column.name: values}))[sources] - mean).tolist()
    return {
        "kind": "number" if grid.ordered else "category",
        "x": shown,
        "y": y,
        "count": count,
        "sentence": _sentence(column.name, shown, y, odds=glass.odds),
    }


def _pair(
    glass: _Glass, sample: Columns, own: Sequence[Column], sources: tuple[str, ...], mean: float
) -> dict[str, Any]:
    """Return what two columns add together, at a few values of each."""
    grids = [
        grid_of(sample[column.name], column, sample.rows, points=PAIR_POINTS, levels=PAIR_POINTS) for column in own
    ]
    if grids[0] is None or grids[1] is None:
        return _not_drawn(own)
    first, second = (_firsts(grid) for grid in grids if grid is not None)
    down, across = len(first), len(second)
    values = {
        own[0].name: _taken(first, np.repeat(np.arange(down), across)),
        own[1].name: _taken(second, np.tile(np.arange(across), down)),
    }
    z = (glass.said(_varied(sample, values))[sources] - mean).reshape(down, across)
    return {
        "kind": "pair",
        "x": grids[0].shown,
        "x2": grids[1].shown,
        "z": z.tolist(),
        "sentence": f"What {own[0].name!r} and {own[1].name!r} add together, beyond what each adds alone.",
    }


def _of_many(
    glass: _Glass, sample: Columns, own: Sequence[Column], sources: tuple[str, ...], mean: float
) -> dict[str, Any]:
    del glass, sample, sources, mean
    return _not_drawn(own)


def _not_drawn(own: Sequence[Column]) -> dict[str, Any]:
    """Return what is told of a term that no curve and no table shows."""
    names = " and ".join(repr(column.name) for column in own)
    why = "it is text" if any(column.kind == "text" for column in own) else "its values make no axis"
    return {"kind": "other", "sentence": f"What {names} adds is not drawn: {why}."}


def _firsts(grid: Grid) -> Values:
    """Return one typed value for each place of a grid."""
    first = grid.values[0]
    if isinstance(first, Coded):
        codes = [each.codes[0] for each in grid.values if isinstance(each, Coded)]
        return Coded(np.array(codes, dtype=np.int32), first.values)
    return np.array([float(each[0]) for each in grid.values if not isinstance(each, Coded)])


def _taken(values: Values, index: NDArray[np.intp]) -> Values:
    return values.take(index) if isinstance(values, Coded) else values[index]


def _varied(sample: Columns, values: Mapping[str, Values]) -> Columns:
    """Return the first row of the sample again and again, with these columns set to these values."""
    many = len(next(iter(values.values())))
    first = sample.take(np.zeros(many, dtype=np.intp))
    return Columns({**first, **values}, many)


def _sentence(name: str, shown: Sequence[Any], y: Sequence[float], *, odds: bool) -> str:
    """Say where the column adds most and least; log-odds are told as times the odds."""
    low, high = int(np.argmin(y)), int(np.argmax(y))

    def amount(value: float) -> str:
        if odds:
            return f"{wording.brief(math.exp(min(value, 50.0)), 2)} times the odds"
        return f"{'+' if value > 0 else ''}{wording.number(value)}"

    if y[high] - y[low] <= 1e-12:
        return f"{name!r} adds the same whatever it is."
    return (
        f"{name!r} adds most at {_named(shown[high])} ({amount(y[high])}), least at {_named(shown[low])}"
        f" ({amount(y[low])}), all else alike."
    )


def _named(shown: Any) -> str:
    return MISSING if shown is None else shown if isinstance(shown, str) else wording.amount(shown)

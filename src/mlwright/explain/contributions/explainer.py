"""The Explainer: from typed rows to what each raw column adds to each answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns
from mlwright.explain.contributions.flow import Heard, answer_of, carried, log_odds, settled
from mlwright.explain.contributions.groups import groups_of
from mlwright.explain.contributions.margins import AdditiveMargins, LinearMargins, Margins
from mlwright.explain.contributions.oblivious import ObliviousMargins
from mlwright.explain.contributions.players import Players
from mlwright.explain.contributions.sampled import SampledMargins
from mlwright.explain.contributions.trees import TreeMargins
from mlwright.learn.additive import AdditivePredictor
from mlwright.learn.base import Predictor
from mlwright.learn.cores import side_by_side
from mlwright.learn.ensemble import Ensemble
from mlwright.learn.linear import LinearPredictor
from mlwright.learn.oblivious import ObliviousTrees
from mlwright.learn.trees import FlatTrees
from mlwright.schema import Column

Floats = NDArray[np.float64]
Index = NDArray[np.intp]
Typed = Columns | Sequence[Mapping[str, float | str | None]]

AT_ONCE = 1_024
WORTH_THREADS = 64
"""From so many rows on, members are worked through by all cores: for fewer, to start a thread takes longer."""
BACKGROUND = 128
"""Rows that stand for all others; their mean is known to a tenth of their spread (1 / sqrt(128))."""


@dataclass(frozen=True)
class Contributed:
    """What the columns add: base (n,) + values (n, columns) = prediction (n,), in log-odds or the target's unit."""

    base: Floats
    values: Floats
    prediction: Floats
    P: Floats
    """(n, k): what the model predicts."""
    of: Index
    """(n,): the class that is told of; 0 where numbers are predicted."""


class Explainer:
    """Works out contributions of an ensemble's columns, before a background of typed rows.

    The game, the unit and the path through several members are told in docs/explanation/reasons.md.
    """

    def __init__(self, ensemble: Ensemble, background: Columns) -> None:
        self.ensemble = ensemble
        kept = np.linspace(0, background.rows - 1, min(BACKGROUND, background.rows)).round().astype(np.intp)
        self.background = background.take(kept)
        self._players = Players.of(ensemble.sources, [recipe for recipe, _ in ensemble.plan])
        self._members: list[tuple[int, Heard, Margins]] = []
        blocks = ensemble.together.transform(self.background)
        for block, (_, members) in enumerate(ensemble.plan):
            owner = self._players.owners[block]
            for member in members:
                margins = self._margins(member.predictor, owner, blocks[block])
                self._members.append((block, Heard(member.weight, margins.link), margins))

    def _margins(self, predictor: Predictor, owner: Index, X: Floats) -> Margins:
        many = len(self._players)
        try:
            if isinstance(predictor, FlatTrees):
                return TreeMargins(predictor, owner, many, X)
            if isinstance(predictor, ObliviousTrees):
                return ObliviousMargins(predictor, owner, many, X)
        except ValueError:  # too large to be worked out
            return SampledMargins(predictor, owner, many, X, self.ensemble.classes)
        if isinstance(predictor, LinearPredictor):
            return LinearMargins(predictor, owner, many, X)
        if isinstance(predictor, AdditivePredictor):
            return AdditiveMargins(predictor, owner, many, X)
        return SampledMargins(predictor, owner, many, X, self.ensemble.classes)

    @property
    def columns(self) -> tuple[str, ...]:
        """The raw columns, in the order of the contributions."""
        return self._players.columns

    @property
    def exact(self) -> bool:
        """Whether every column's contribution is a Shapley value of the raw columns, worked out and not estimated.

        It is not where a network is asked, nor where a feature is made of several columns: such a feature comes into
        play by itself, and what it gets is divided equally. The sum is exact in any case.
        """
        return all(margins.exact for _, _, margins in self._members) and not self._players.crossed

    def explain(self, rows: Typed, of: int | None = None) -> Contributed:
        """Return contributions to the log-odds of a class, or to a number in its unit.

        The class is the one at the position `of`; by default the second of two, else the likeliest of each row.
        """
        many = rows.rows if isinstance(rows, Columns) else len(rows)
        if not many:
            none, nobody = np.zeros(0), np.zeros(0, dtype=np.intp)
            empty = np.zeros((0, len(self.columns)))
            return Contributed(none, empty, none, np.zeros((0, max(self.ensemble.classes, 1))), nobody)
        if many <= AT_ONCE:
            return self._explain(rows, of)
        parts = []
        for start in range(0, many, AT_ONCE):
            inside = np.arange(start, min(start + AT_ONCE, many), dtype=np.intp)
            part = rows.take(inside) if isinstance(rows, Columns) else rows[start : start + AT_ONCE]
            parts.append(self._explain(part, of))
        names = [field.name for field in fields(Contributed)]
        return Contributed(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def _explain(self, rows: Typed, of: int | None) -> Contributed:
        blocks = self._blocks(rows)
        P = self.ensemble.average(blocks)
        told = self._told(P, of)
        heard = [one for _, one, _ in self._members]
        gains = self._gains(blocks)
        bases = [margins.base for _, _, margins in self._members]
        base = self._bases[told]
        prediction = log_odds(P, told) if self.ensemble.classes else P[:, 0]
        said = carried(self.ensemble, heard, bases, gains, told)
        return Contributed(base, settled(self._players.shared(said), prediction - base), prediction, P, told)

    def _gains(self, blocks: Sequence[Floats]) -> list[Floats]:
        """Return what the players add to each member's raw sum, member by member: (n, players, outputs)."""
        gains: list[Floats] = [np.zeros(0)] * len(self._members)

        def work(place: int) -> None:
            block, _, margins = self._members[place]
            gains[place] = margins.contributions(blocks[block])

        places = range(len(self._members))
        if len(blocks[0]) < WORTH_THREADS:
            for place in places:
                work(place)
        else:
            side_by_side(work, places)
        return gains

    def _blocks(self, rows: Typed) -> list[Floats]:
        """Return each Recipe's numbers."""
        if isinstance(rows, Columns):
            return self.ensemble.together.transform(rows)
        made = [self.ensemble.together.transform_row(row) for row in rows]
        return [np.concatenate(block) for block in zip(*made, strict=True)]

    def _told(self, P: Floats, of: int | None) -> Index:
        classes = self.ensemble.classes
        if of is None:
            if classes > 2:
                likeliest: Index = P.argmax(axis=1).astype(np.intp)
                return likeliest
            of = max(classes - 1, 0)
        return np.full(len(P), of, dtype=np.intp)

    @cached_property
    def _bases(self) -> Floats:
        """The answer that the background's mean sums come to, for each class."""
        classes = max(self.ensemble.classes, 1)
        raws = [np.tile(margins.base, (classes, 1)) for _, _, margins in self._members]
        return answer_of(self.ensemble, [heard for _, heard, _ in self._members], raws, np.arange(classes))

    @cached_property
    def typical(self) -> Floats:
        """How much each column adds or takes away on average over the background, (columns,)."""
        size: Floats = np.abs(self.explain(self.background).values).mean(axis=0)
        return size

    def groups(self, described: Sequence[Column]) -> tuple[tuple[str, ...], ...]:
        """Return the groups of columns that say nearly the same; `described` in the order of the contributions."""
        return groups_of(self.background, described, self.typical.tolist())

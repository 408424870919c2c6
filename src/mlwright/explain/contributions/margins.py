"""Margins: what one predictor's raw sum, before its link, owes to each player.

The game is the interventional one: players that stay out take the values of the background rows, one background row
at a time, and the worth of a set of players is the mean raw sum over the background (Janzing, Minorics and Blöbaum
2020, "Feature relevance quantification in explainable AI"). Shapley values of it add up to the raw sum minus its mean
over the background. Each form of predictor has its own exact way to them; what is of no known form is estimated.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.additive import AdditivePredictor
from mlwright.learn.linear import LinearPredictor

Floats = NDArray[np.float64]
Index = NDArray[np.intp]


class Margins(Protocol):
    """What each player adds to one predictor's raw sum."""

    link: str
    exact: bool
    base: Floats
    """The mean raw sum over the background, (outputs,)."""

    def contributions(self, X: Floats) -> Floats:
        """Return (n, players, outputs); with the base, a row's add up to its raw sum."""


class LinearMargins:
    """Of a weighted sum: a feature's weight times how far it lies from its mean over the background."""

    exact = True

    def __init__(self, line: LinearPredictor, owner: Index, players: int, background: Floats) -> None:
        self.link = line.link
        self._line, self._owner, self._players = line, owner, players
        self._mean = line.known(background).mean(axis=0)
        self.base = self._mean @ line.weight + line.intercept

    def contributions(self, X: Floats) -> Floats:
        """Return (n, players, outputs)."""
        apart = self._line.known(X) - self._mean
        said = np.zeros((len(X), self._players, self._line.weight.shape[1]))
        for feature, player in enumerate(self._owner.tolist()):
            said[:, player] += apart[:, feature, None] * self._line.weight[feature]
        return said


class AdditiveMargins:
    """Of curves and tables of pairs: a curve's height above its mean; a pair's table, halved between its two."""

    exact = True

    def __init__(self, terms: AdditivePredictor, owner: Index, players: int, background: Floats) -> None:
        self.link = terms.link
        self._terms, self._owner, self._players = terms, owner, players
        self._bins = terms.bins(background)
        self._means = [
            terms.said(place, *(self._bins[feature] for feature in term)).mean(axis=0)
            for place, term in enumerate(terms.terms)
        ]
        self.base = terms.intercept + np.sum(self._means, axis=0)

    def contributions(self, X: Floats) -> Floats:
        """Return (n, players, outputs)."""
        bins = self._terms.bins(X)
        said = np.zeros((len(X), self._players, len(self.base)))
        for place, term in enumerate(self._terms.terms):
            owners = [int(self._owner[feature]) for feature in term]
            apart = self._terms.said(place, *(bins[feature] for feature in term)) - self._means[place]
            if len(set(owners)) == 1:
                said[:, owners[0]] += apart
                continue
            first, second = self._halves(place, bins[term[0]], bins[term[1]])
            lean = 0.5 * (first - second)
            said[:, owners[0]] += 0.5 * apart + lean
            said[:, owners[1]] += 0.5 * apart - lean
        return said

    def _halves(self, place: int, first: Index, second: Index) -> tuple[Floats, Floats]:
        """Return (n, outputs) twice: the mean over the background where one of the pair alone is the row's own."""
        one, other = (self._bins[feature] for feature in self._terms.terms[place])
        known, back = np.unique(first, return_inverse=True)
        with_first = self._terms.said(place, *np.broadcast_arrays(known[:, None], other[None])).mean(axis=1)[back]
        known, back = np.unique(second, return_inverse=True)
        with_second = self._terms.said(place, *np.broadcast_arrays(one[None], known[:, None])).mean(axis=1)[back]
        return with_first, with_second

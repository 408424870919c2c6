"""The kinds of Predictor that a model may hold."""

from __future__ import annotations

from mlwright.learn.additive import AdditivePredictor
from mlwright.learn.base import Predictor
from mlwright.learn.linear import LinearPredictor
from mlwright.learn.network import NetworkPredictor
from mlwright.learn.oblivious import ObliviousTrees
from mlwright.learn.trees import FlatTrees

PREDICTORS: dict[str, type[Predictor]] = {
    kind.kind: kind for kind in (AdditivePredictor, FlatTrees, LinearPredictor, NetworkPredictor, ObliviousTrees)
}

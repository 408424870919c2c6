"""The kinds of Predictor that a model may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from mlwright.errors import ModelError
from mlwright.learn.base import Predictor
from mlwright.learn.linear import LinearPredictor
from mlwright.learn.oblivious import ObliviousTrees
from mlwright.learn.trees import FlatTrees

PREDICTORS: dict[str, type[Predictor]] = {kind.kind: kind for kind in (FlatTrees, LinearPredictor, ObliviousTrees)}


def predictor_from_state(kind: str, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Predictor:
    """Return the predictor of that kind and state; raises ModelError where it cannot be one."""
    if kind not in PREDICTORS:
        raise ModelError(f"The model holds a predictor of the unknown kind {kind!r}.")
    return PREDICTORS[kind].from_state(plain, arrays)

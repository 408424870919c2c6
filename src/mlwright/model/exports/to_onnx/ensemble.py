"""The Ensemble as nodes: recipes, members, their weighted mean, and calibration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlwright.learn.additive import AdditivePredictor
from mlwright.learn.calibration import Powers
from mlwright.learn.ensemble import Ensemble, Member
from mlwright.learn.linear import LinearPredictor
from mlwright.learn.network import NetworkPredictor
from mlwright.learn.oblivious import ObliviousTrees
from mlwright.learn.trees import FlatTrees
from mlwright.model.exports.to_onnx.columns import TypedColumns
from mlwright.model.exports.to_onnx.graph import Tensor
from mlwright.model.exports.to_onnx.recipe import Encoders
from mlwright.model.exports.to_onnx.refusal import refusal
from mlwright.model.exports.to_onnx.repairs import mend
from mlwright.model.exports.to_onnx.sums import additive, linear, network
from mlwright.model.exports.to_onnx.trees import flat_trees, oblivious_trees

PREDICTORS: Mapping[str, Callable[[Tensor, Any], Tensor]] = {
    AdditivePredictor.kind: additive,
    FlatTrees.kind: flat_trees,
    LinearPredictor.kind: linear,
    NetworkPredictor.kind: network,
    ObliviousTrees.kind: oblivious_trees,
}
"""Every kind of predictor that is built in, as nodes."""


def predicted(columns: TypedColumns, ensemble: Ensemble) -> Tensor:
    """Return (n, k): probabilities, or numbers in the target's unit. Mends the columns on the way.

    Raises OptionError where a part of the ensemble cannot be carried exactly.
    """
    # The recipes of one model mend rows alike.
    mend(columns, ensemble.plan[0][0].repairs)
    encoders = Encoders(columns)
    total: Tensor | None = None
    for recipe, members in ensemble.plan:
        X = encoders.transform(recipe)
        for member in members:
            said = _member(X, member) * member.weight
            total = said if total is None else total + said
    if total is None:
        raise refusal("it has no members that say anything", "build it again")
    return _finished(total, ensemble)


def _member(X: Tensor, member: Member) -> Tensor:
    kind = member.predictor.kind
    if kind not in PREDICTORS:
        raise refusal(
            f"its member {member.label} predicts in a way ({kind!r}) that a plug-in brings",
            "build it with --learners and the names of learners that are built in",
        )
    return PREDICTORS[kind](X, member.predictor)


def _finished(total: Tensor, ensemble: Ensemble) -> Tensor:
    """Turn the weighted mean into the answer."""
    if ensemble.classes:
        shares = total / total.sum()
        if ensemble.calibration is None:
            return shares
        if not isinstance(ensemble.calibration, Powers):
            raise refusal(f"its calibration is of the kind {ensemble.calibration.kind!r}", "build it again")
        shares = shares.power(ensemble.calibration.powers) * ensemble.calibration.factors
        return shares / shares.sum()
    numbers = total * ensemble.scale + ensemble.center
    return numbers if ensemble.floor is None else (numbers < ensemble.floor).where(ensemble.floor, numbers)

"""The learners that are known: a new one is one file here and one line below."""

from __future__ import annotations

from mlwright.learn.base import Learner
from mlwright.learn.learners.catboost import CatBoost
from mlwright.learn.learners.ebm import Ebm
from mlwright.learn.learners.extratrees import ExtraTrees
from mlwright.learn.learners.lightgbm import LightGBM
from mlwright.learn.learners.linear import Linear
from mlwright.learn.learners.neural import Neural
from mlwright.learn.learners.packages import available
from mlwright.learn.learners.perpetual import Perpetual
from mlwright.learn.learners.xgboost import XGBoost

__all__ = ["LEARNERS", "available"]

LEARNERS: dict[str, Learner] = {
    learner.name: learner
    for learner in (
        Linear(),
        LightGBM(),
        CatBoost(),
        XGBoost(),
        ExtraTrees(),
        Neural(),
        Ebm(),
        Perpetual(),
    )
}

"""What fairlearn, error-parity and OxonFair make of the same scores: run by fairness_frontier.py, in its own Python.

    python benchmarks/fairness_peers.py CASE.npz TOLERANCE   prints {name: answers to the test rows, or what failed}

They need other versions of packages than mlwright does, and so an environment of their own:

    python -m venv peers && peers/bin/pip install fairlearn error-parity oxonfair
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin

Case = dict[str, Any]


class Scored(ClassifierMixin, BaseEstimator):  # type: ignore[misc]  # an environment of its own: nothing to check by
    """A classifier that gives the scores which are its first column."""

    classes_ = np.array([0, 1])

    def fit(self, *_: Any) -> Scored:
        """Learn nothing."""
        return self

    def predict_proba(self, X: Any) -> Any:
        """Return the scores as probabilities."""
        score = np.asarray(X)[:, 0]
        return np.column_stack([1 - score, score])


def fairlearn(case: Case, _: float) -> Any:
    """Return what ThresholdOptimizer answers; it knows no tolerance and draws coins."""
    from fairlearn.postprocessing import ThresholdOptimizer

    made = ThresholdOptimizer(
        estimator=Scored(), constraints="equalized_odds", objective="accuracy_score", prefit=True,
        predict_method="predict_proba",
    )  # fmt: skip
    made.fit(case["score_fit"][:, None], case["y_fit"], sensitive_features=case["group_fit"])
    return made.predict(case["score_test"][:, None], sensitive_features=case["group_test"], random_state=0)


def error_parity(case: Case, tolerance: float) -> Any:
    """Return what error-parity (Cruz and Hardt) answers."""
    from error_parity import RelaxedThresholdOptimizer

    made = RelaxedThresholdOptimizer(
        predictor=lambda X: np.asarray(X)[:, 0], constraint="equalized_odds", tolerance=tolerance, seed=0
    )
    made.fit(case["score_fit"][:, None], case["y_fit"], group=case["group_fit"])
    return made.predict(case["score_test"][:, None], group=case["group_test"])


def oxonfair(case: Case, tolerance: float) -> Any:
    """Return what OxonFair answers with the group known."""
    return _oxonfair(case, tolerance, known=True)


def oxonfair_without(case: Case, tolerance: float) -> Any:
    """Return what OxonFair answers with the group inferred, by the same second head as ours."""
    return _oxonfair(case, tolerance, known=False)


def _oxonfair(case: Case, tolerance: float, *, known: bool) -> Any:
    from oxonfair import FairPredictor
    from oxonfair.utils import group_metrics

    def data(part: str) -> Any:
        score = case[f"score_{part}" if known else f"blind_{part}"][:, None]
        return score if known else np.hstack([score, case[f"likely_{part}"]])

    inferred: Any = False if known else (lambda X: np.asarray(X)[:, 1:])
    made = FairPredictor(
        lambda X: Scored().predict_proba(X),
        {"data": data("fit"), "target": case["y_fit"], "groups": case["group_fit"]},
        inferred_groups=inferred,
    )
    made.fit(group_metrics.accuracy, group_metrics.equalized_odds_max, tolerance)
    return made.predict({"data": data("test"), "target": case["y_test"], "groups": case["group_test"]})


PEERS: dict[str, Callable[[Case, float], Any]] = {
    "fairlearn": fairlearn,
    "error-parity": error_parity,
    "OxonFair": oxonfair,
    "OxonFair, without the group": oxonfair_without,
}


def main() -> None:
    """Print what each of them answers."""
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    case = dict(np.load(sys.argv[1]))
    said: dict[str, Any] = {}
    for name, peer in PEERS.items():
        try:
            said[name] = [bool(answer) for answer in np.asarray(peer(case, float(sys.argv[2])))]
        except Exception as error:  # whatever stops one of them is told, and the others go on
            said[name] = f"{type(error).__name__}: {str(error)[:200]}"
    print(json.dumps(said))


if __name__ == "__main__":
    main()

"""CatBoost fits of several threads: one at a time, because each swaps the logger of the whole process."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from mlwright.learn.base import Effort, Problem
from mlwright.learn.learners.catboost import CatBoost

catboost = pytest.importorskip("catboost")


def test_no_two_fits_run_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, guard = 0, 0, threading.Lock()
    real = catboost.CatBoost.fit

    def watched(self: Any, *given: Any, **more: Any) -> Any:
        nonlocal running, most
        with guard:
            running += 1
            most = max(most, running)
        time.sleep(0.02)
        try:
            return real(self, *given, **more)
        finally:
            with guard:
                running -= 1

    monkeypatch.setattr(catboost.CatBoost, "fit", watched)
    random = np.random.default_rng(0)
    X = random.normal(size=(60, 3))
    problem = Problem(X, (X[:, 0] > 0).astype(float), "binary", 2)
    learner = CatBoost()
    first = learner.configurations["binary"][0]
    with ThreadPoolExecutor(4) as pool:
        fits = list(
            pool.map(
                lambda seed: learner.fit(problem, first, None, Effort(seed=seed, rounds=3)),
                range(6),
            )
        )
    assert most == 1
    assert all(np.isfinite(fit.predict(X)).all() for fit in fits)

"""How the finished model behaves when one thing about a row changes: the tests that follow from its columns."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from mlwright.building.ask import Asked
from mlwright.building.directions import broken_directions
from mlwright.building.find import Found
from mlwright.building.options import Options
from mlwright.evaluate.behaviour import Asking, generated, run
from mlwright.learn.budget import Budget
from mlwright.learn.ensemble import Ensemble

ROWS = 200
"""Rows that are changed, drawn at random from those that judge. That none of so many breaks a rule tells that at most
1.8 % of all do, which is enough to be sure of a rule."""
SHARE = 0.03
"""Share of the budget kept for what follows."""


def behaviour(
    ensemble: Ensemble, found: Found, asked: Asked, options: Options, budget: Budget
) -> tuple[Found, list[dict[str, Any]]]:
    """Return what was found with what is wrong with how the model behaves, and what each behaviour test found, as JSON.

    Directions are always tried; other tests as far as there is time, and those that were not tried are left out.
    """
    broken = broken_directions(ensemble, asked.material.columns, asked.schema)
    found = replace(found, findings=(*found.findings, *broken))
    return found, _tests(ensemble, found, asked, options, budget)


def _tests(ensemble: Ensemble, found: Found, asked: Asked, options: Options, budget: Budget) -> list[dict[str, Any]]:
    if budget.cancelled:
        return []
    places = found.judging.places if found.judging.rows else asked.material.places
    if places is None or not len(places):
        return []
    drawn = np.sort(np.random.default_rng(options.seed).permutation(len(places))[:ROWS])
    columns = [asked.schema[name] for name in ensemble.sources]
    rows = asked.table.frame.select(ensemble.sources)[places[drawn].tolist()].to_dicts()
    answer = Asking(ensemble.predict, columns)
    classes = asked.material.target.classes
    tests = generated(asked.schema, sources=ensemble.sources, classes=classes)
    stop = budget.stop_at(SHARE * (budget.seconds or 0.0))
    told = run(tests, answer, rows, schema=asked.schema, classes=classes, seed=options.seed, stop=stop)
    return [test for test in told if test["tested"]]

"""How the model behaves and whom it treats worse, measured on the rows that judge while there is time left."""

from __future__ import annotations

from typing import Any

from mlwright.building.ask import Asked
from mlwright.building.behaving import behaviour
from mlwright.building.find import Found
from mlwright.building.judge import Judged, held_out
from mlwright.building.options import Options
from mlwright.building.people import given_away, served
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.slices import worst_slices
from mlwright.learn.budget import Budget
from mlwright.learn.ensemble import Ensemble

SHARE = 0.02
"""Share of the budget kept for what follows."""


def trust(
    ensemble: Ensemble, found: Found, judged: Judged, asked: Asked, options: Options, budget: Budget
) -> tuple[Found, dict[str, Any]]:
    """Return what was found with what is wrong with how the model behaves, and the evidence of its tests and groups."""
    found, tests = behaviour(ensemble, found, asked, options, budget)
    return found, {"behaviour": tests, **_groups(ensemble, found, judged, asked, options, budget)}


def _groups(
    ensemble: Ensemble, found: Found, judged: Judged, asked: Asked, options: Options, budget: Budget
) -> dict[str, Any]:
    """Return the evidence "fairness", "people" and "slices", measured with the judged twin.

    Groups are told of where columns are sensitive, or seem to be; nothing at all is where Ctrl-C ended the build.
    """
    if budget.cancelled:
        return {}
    rows = found.judging if found.judging.rows else found.folds.material.take(found.folds.folds[found.widest][1])
    held = held_out(found) if found.judging.rows else HeldOut(rows.target, weight=rows.weight)
    P = judged.twin.predict(rows.columns)
    described = [column for column in asked.schema if column.name in rows.columns]
    stop = budget.stop_at(SHARE * (budget.seconds or 0.0))
    told = served(rows, held, P, found, asked)
    slices = worst_slices(rows.columns, described, held, P, asked.metric, seed=options.seed, stop=stop)
    told = given_away(told, list(ensemble.sources), asked, options.seed, stop)
    return {**told, "slices": slices}

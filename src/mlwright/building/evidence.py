"""The evidence: all that is known of a model, as one JSON object that the report draws and the model keeps."""

from __future__ import annotations

import math
import platform
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Protocol

from mlwright.building.ask import Asked
from mlwright.building.find import Found
from mlwright.building.judge import Judged
from mlwright.building.options import Options
from mlwright.building.reasons import Reasons
from mlwright.clean.detectors import DETECTORS
from mlwright.evaluate.intervals import FEW_EFFECTIVE_ROWS, effective_rows
from mlwright.evaluate.wording import count
from mlwright.findings import SEVERITIES, Finding
from mlwright.learn.budget import Budget
from mlwright.learn.refit import Chosen
from mlwright.learn.trials import Trial, best_first, configuration_facts
from mlwright.schema import Schema

PACKAGES = (
    *("mlwright", "numpy", "scipy", "polars", "scikit-learn", "lightgbm"),
    *("xgboost-cpu", "xgboost", "catboost", "perpetual"),
)


class Asking(Protocol):
    """What was asked of a build, whatever it learns from, as far as a run tells of it."""

    @property
    def trials(self) -> int | None:
        """How many trials were asked for in place of a budget."""

    @property
    def seed(self) -> int:
        """Where randomness starts."""

    @property
    def workers(self) -> int:
        """How many fits run side by side."""

    def command(self, source: str) -> str:
        """Return the command line that asks the same."""


LEAKS = "leak_"
"""How the names of the detectors of leaks begin."""


def evidence(
    asked: Asked,
    found: Found,
    judged: Judged,
    reasons: Reasons,
    *,
    options: Options,
    on_all: bool,
    interrupted: bool,
) -> dict[str, Any]:
    """Return all that is known of the model; what may differ between two same builds stands in `run_facts`.

    `interrupted` tells that a person ended the build before the model had been fitted, not the budget.
    """
    told = judged.evaluation.to_dict()
    return {
        "question": _question(asked, found, judged, options),
        **told,
        "calibration": _calibration(found, interrupted=interrupted),
        "leaderboard": _leaderboard(found, found.chosen if on_all else judged.chosen, told, asked),
        "learning_curve": reasons.learning_curve,
        "importance": reasons.importance,
        "effects": reasons.effects,
        "findings": [finding.to_dict() for finding in _findings(asked, found)],
        "data": _data(asked, options),
        "limits": _limits(asked, found, on_all=on_all, interrupted=interrupted),
        "size": {"model_bytes": None, "row_ms": None},
    }


def _findings(asked: Asked, found: Found) -> list[Finding]:
    """Return all findings once, the gravest first, leaks before all else, then those whose repair is worth most."""
    told = dict.fromkeys([*asked.findings, *found.decided.findings, *found.findings])
    leaks = {kind for name, each in DETECTORS.items() if name.startswith(LEAKS) for kind in each.kinds}

    def place(finding: Finding) -> tuple[int, bool, float]:
        worth = abs(finding.effect.value) if finding.effect is not None else 0.0
        return SEVERITIES.index(finding.severity), finding.kind not in leaks, -worth

    return sorted(told, key=place)


def run_facts(options: Asking, budget: Budget, *, source: str, data_hash: str) -> dict[str, Any]:
    """Return what may differ between two same builds: the moment, the machine, the duration."""
    return {
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(budget.spent, 2),
        "budget": budget.seconds,
        "stages": budget.stages,
        "trials": options.trials,
        "seed": options.seed,
        "versions": dict(_versions()),
        "machine": _machine(options.workers),
        "command": options.command(source),
        "data_hash": data_hash,
        "interrupted": budget.cancelled,
    }


def _question(asked: Asked, found: Found, judged: Judged, options: Options) -> dict[str, Any]:
    classes = asked.material.target.classes
    return {
        "target": options.target,
        "task": asked.task.name,
        "task_label": asked.task.label,
        "metric": asked.metric.name,
        "metric_label": asked.metric.label or asked.metric.name,
        "source": asked.table.origin,
        "rows": asked.table.rows,
        "columns": len(asked.schema),
        "split": {"kind": asked.split.kind, "column": asked.split.column, "reason": asked.split.reason},
        "assumptions": list(asked.assumptions),
        "classes": list(classes),
        "positive": classes[1] if len(classes) == 2 else None,
        "rows_held_out": found.judging.rows,
        "rows_learned": judged.rows if found.judging.rows else found.material.rows,
    }


def _leaderboard(found: Found, chosen: Sequence[Chosen], told: dict[str, Any], asked: Asked) -> list[dict[str, Any]]:
    """Return the trials, best first, then the failed ones; the simple rules stand among them by their score."""
    greater = asked.metric.greater_is_better
    weights = {id(one.trial): one.weight for one in chosen}
    rows = [_entry(trial, weights.get(id(trial), 0.0)) for trial in best_first(found.trials, greater_is_better=greater)]
    nothing = dict.fromkeys(("seconds", "memory_mb", "rounds", "size_bytes", "row_ms"))
    rows += [
        {
            "learner": f"baseline: {rule['name']}",
            "label": rule["label"],
            "configuration": {},
            "score": rule["score"],
            "weight": 0.0,
            "status": "done",
            **nothing,
        }
        for rule in told["baselines"]
    ]
    sign = -1.0 if greater else 1.0
    rows.sort(key=lambda row: math.inf if row["score"] is None else sign * row["score"])  # None: one class judged
    failed = [trial for trial in found.trials if trial.failure is not None or trial.cut]
    return rows + [_entry(trial, 0.0) for trial in failed]


def _entry(trial: Trial, weight: float) -> dict[str, Any]:
    learned = trial.learned
    return {
        "learner": trial.entry.learner.name,
        "label": trial.entry.learner.label,
        "configuration": configuration_facts(learned.configuration if learned else trial.entry.configuration),
        "score": trial.score,
        "seconds": round(trial.seconds, 3),
        "memory_mb": round(trial.memory_mb),
        "weight": round(weight, 4),
        "rounds": learned.rounds if learned else None,
        "status": trial.status,
        "size_bytes": None,
        "row_ms": None,
    }


def _calibration(found: Found, *, interrupted: bool) -> dict[str, Any] | None:
    calibrated = found.finish.calibrated
    if calibrated is None:
        return None
    if interrupted and calibrated.reason == "no time":
        calibrated = replace(calibrated, reason="interrupted")
    return calibrated.to_dict()


def _data(asked: Asked, options: Options) -> dict[str, Any]:
    return {
        "rows": asked.table.rows,
        "hash": asked.data_hash,
        "looked_over": options.clean,
        "columns": columns_of(asked.schema),
    }


def columns_of(schema: Schema) -> list[dict[str, Any]]:
    """Return what is told of each column of a table."""
    return [
        {
            "name": column.name,
            "kind": column.kind,
            "role": column.role,
            "missing": column.missing_share,
            "distinct": column.distinct,
            "note": column.note,
            **({"excluded": True} if column.excluded else {}),
        }
        for column in schema
    ]


def _limits(asked: Asked, found: Found, *, on_all: bool, interrupted: bool) -> list[str]:
    """Return for what the model should not be used, as far as the data tells."""
    learned, judged = count(asked.material.rows if on_all else found.material.rows, "row"), found.judging.rows > 0
    missed = "Ctrl-C came before the" if interrupted else "There was no time for a"
    sensitive = ", ".join(
        repr(column.name) for column in asked.schema if column.role == "sensitive" and column.is_feature
    )
    scored = found.judging if judged else found.folds.material
    effective = effective_rows(scored.weight, scored.rows)
    told = [
        (bool(sensitive), f"It may look at {sensitive}: check the law before it decides about people."),
        (True, f"Do not use it for rows unlike the {learned} it learned from: other places or times were not tested."),
        (True, f"It tells what goes together with {asked.target_name!r}, not what causes it."),
        (
            asked.split.kind == "random",
            "The rows that judge were picked at random: if the future differs, expect less.",
        ),
        (
            judged and on_all,
            "Scored as fitted without the rows that judge; then fitted on all rows, which rarely harms.",
        ),
        (
            judged and not on_all and found.again,
            f"{missed} fit on all rows: the model is the one that was scored.",
        ),
        (
            judged and not found.again,
            f"The {count(found.judging.rows, 'row')} that judged it were not learned from: so few change nothing.",
        ),
        (
            found.sampled < found.material.rows,
            f"To keep the budget, models were compared on {count(found.sampled, 'row')}; a longer --budget uses all.",
        ),
        (
            scored.weight is not None and effective < FEW_EFFECTIVE_ROWS,
            f"A few rows have nearly all the weight: those that judge tell as much as {effective:.1f} of equal weight.",
        ),
        (
            all(one.trial is found.linear for one in found.chosen),
            "It is the regularised linear model itself: nothing else that was tried did better.",
        ),
    ]
    return [sentence for true, sentence in told if true]


@cache
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def _machine(workers: int) -> dict[str, Any]:
    import os

    memory = None
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        memory = round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9, 1)
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "python": sys.version.split()[0],
        "cores": workers,
        "memory_gb": memory,
    }

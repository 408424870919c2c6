"""Models that can be read whole: asked for, or found to be nearly as good as those that cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mlwright.building.ask import Asked
from mlwright.building.find import Found
from mlwright.building.judge import together
from mlwright.building.options import Options
from mlwright.building.reasons import shown_class
from mlwright.evaluate import wording
from mlwright.evaluate.comparison import compare
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import Scored, plain, score
from mlwright.evaluate.limits import Z
from mlwright.learn.base import Stop, is_readable
from mlwright.learn.choose import candidates, chooser
from mlwright.learn.material import Material
from mlwright.learn.preferences import BALANCED, PREFERENCES, Policy, combine
from mlwright.learn.splits import Index
from mlwright.learn.trials import Trial, eligible
from mlwright.tasks.base import Floats, Metric

READABLE = Policy(PREFERENCES["readable"])
FEW = 3
"""Of fewer trials that cannot be read the best says little of what can be reached."""
MOST_ROWS = 10_000
"""Differences on more rows than these are known well enough."""


def readable(found: Found, asked: Asked, options: Options, *, beats: bool) -> dict[str, Any] | None:
    """Return what a model that can be read gives up beside the best of all; None where all or none tried can be read.

    The best of all is the average that a build would be otherwise. Both are scored on the folds, where no model saw the
    rows it is scored on, and both are chosen on one half of the rows and scored on the other, in turn: what is best of
    many on the very rows that chose it is flattered. "error" is the standard error of the best score by itself: a
    readable model within it is told to be nearly as good (the rule of one standard error: Breiman et al. 1984,
    "Classification and Regression Trees"). `beats` tells whether the rows that judge show the model to be better than
    the best simple rule: where they do not, they do not show either that anything is lost by reading.
    """
    usable = [trial for trial in found.trials if trial.usable]
    clear = [trial for trial in READABLE.eligible(usable) if is_readable(trial.entry.learner)]
    every = eligible(usable)
    opaque = [trial for trial in every if not is_readable(trial.entry.learner)]
    if not clear or not opaque:
        return None
    material, rows = found.folds.material, _rows(found, options.seed)
    units, weight = _units(found, rows), None if material.weight is None else material.weight[rows]
    held = HeldOut(material.target.take(rows), weight=weight, groups=units)
    halves = np.random.default_rng(options.seed).permutation(int(held.units.max()) + 1)[held.units] % 2
    sides = [_crossed(pool, material, policy, rows, halves) for pool, policy in ((clear, READABLE), (every, BALANCED))]
    lost = compare(asked.metric, held, sides[1], sides[0], seed=options.seed)
    own, best = (score(asked.metric, held, P, seed=options.seed) for P in sides)
    error = (best.high - best.low) / (2.0 * Z)
    is_read = all(is_readable(one.trial.entry.learner) for one in found.chosen) and len(found.chosen) == 1
    label = (found.chosen[0].trial if is_read else _best(clear, asked.metric)).entry.learner.label
    return {
        "is_readable": is_read,
        "label": label,
        "score": plain(own.value),
        "best": plain(best.value),
        "lost": [plain(end) for end in (lost.value, lost.low, lost.high)],
        "error": plain(error),
        "within": bool(lost.value <= error),
        "rows": len(rows),
        "sentence": _sentence(asked.metric, label, lost, error, is_read=is_read)
        + _measured(len(rows), found.judging.rows, doubted=not beats and not is_read and lost.value > error)
        + _remark(opaque),
    }


def _rows(found: Found, seed: int) -> Index:
    """Return rows that all trials were scored on."""
    scored = np.flatnonzero(found.folds.scored)
    if len(scored) <= MOST_ROWS:
        return scored
    return np.sort(np.random.default_rng(seed).choice(scored, MOST_ROWS, replace=False))


def _units(found: Found, rows: Index) -> Index | None:
    """Return which of these rows of the search are one piece of evidence."""
    places, all_places = found.folds.material.places, found.material.places
    if places is None or all_places is None:
        return None
    order = np.argsort(all_places)
    among = order[np.searchsorted(all_places, places[rows], sorter=order)]
    return together(found.order.take(among))


def _crossed(pool: Sequence[Trial], material: Material, policy: Policy, rows: Index, halves: Index) -> Floats:
    """Return what the choice made on the one half predicts for the other, for both halves."""
    trials = candidates(pool, material, policy)
    predictions = [trial.predictions[rows] for trial in trials if trial.predictions is not None]
    y, weight = material.target.y[rows], None if material.weight is None else material.weight[rows]
    choose, told = chooser(trials, material, policy), np.empty_like(predictions[0])
    for half in (0, 1):
        learn, judge = halves != half, halves == half
        if learn.any() and judge.any():
            shares = choose([P[learn] for P in predictions], y[learn], None if weight is None else weight[learn])
            told[judge] = combine([P[judge] for P in predictions], shares)
        else:
            told[judge] = predictions[0][judge]
    return told


def _best(trials: Sequence[Trial], metric: Metric) -> Trial:
    sign = 1.0 if metric.greater_is_better else -1.0
    return max(trials, key=lambda trial: sign * (trial.score or 0.0))


def _sentence(metric: Metric, label: str, lost: Scored, error: float, *, is_read: bool) -> str:
    """Say what being readable costs, and how sure that is."""
    amount, name = wording.gained(metric, abs(lost.value)), wording.named(metric)
    between = (
        f"95 % interval of what is lost: {wording.gained(metric, lost.low)} to {wording.gained(metric, lost.high)}"
    )
    if is_read:
        opening = f"This model can be read whole ({label})"
        if lost.low > 0.0:
            return f"{opening}. That costs {amount} of {name} beside the average of all models tried ({between})."
        if lost.high < 0.0:
            return (
                f"{opening}, and it is better than the average of all models tried, by {amount} of {name} ({between})."
            )
        return (
            f"{opening}. Beside the average of all models tried, that costs nothing that could be measured ({between})."
        )
    if lost.value <= 0.0:
        return (
            f"A model that one can read whole ({label}) was as good on the folds ({between}): build again with"
            " --prefer readable to have it."
        )
    if lost.value <= error:
        return (
            f"A model that one can read whole ({label}) is nearly as good: it is behind by {amount} of {name}"
            f" ({between}), less than one standard error of the score itself. Build again with --prefer readable to"
            " have it."
        )
    return (
        f"The best model tried that one can read whole ({label}) is behind the average of all models tried by {amount}"
        f" of {name} ({between}); --prefer readable would make it."
    )


def _measured(rows: int, judging: int, *, doubted: bool) -> str:
    """Say which rows that is known from, and where those that judge the model do not show it."""
    many = wording.count(rows, "row")
    said = f" That was measured on {many} of the search, each answered by models that had not seen it"
    if not judging:
        return f"{said}."
    other = f", not on the {wording.count(judging, 'row')} that judge the model"
    if not doubted:
        return f"{said}{other}."
    return f"{said}{other}: those do not show the model to be better than the best simple rule."


def _remark(opaque: Sequence[Trial]) -> str:
    """Say where the comparison is not worth much, because there was little to compare with."""
    if len(opaque) >= FEW and any(trial.status == "done" for trial in opaque):
        return ""
    many = wording.count(len(opaque), "model")
    were = "was" if len(opaque) == 1 else "were"
    return f" Only {many} that cannot be read {were} tried beside it: a longer --budget tells more."


def facts(
    found: Found,
    asked: Asked,
    options: Options,
    terms: Sequence[Mapping[str, Any]],
    left_out: int,
    *,
    beats: bool,
    stop: Stop,
) -> dict[str, Any] | None:
    """Return the evidence "readable": what reading costs, and the terms of a model that can be read."""
    told = None if stop() else readable(found, asked, options, beats=beats)
    if told is None and not terms:
        return None
    alone = {"is_readable": bool(terms), "label": found.chosen[0].trial.entry.learner.label}
    sentence = (
        "This model can be read whole. What that costs is not known, for no model that cannot be read was tried beside"
        " it: a longer --budget tells."
    )
    classes, shown = asked.material.target.classes, shown_class(asked.material.target)
    unit = f"log-odds of {classes[shown]!s}" if classes else asked.target_name
    return {
        **(told or {**alone, "sentence": sentence}),
        "y_label": f"added to {unit}",
        "terms": [dict(term) for term in terms],
        "left_out": left_out,
    }

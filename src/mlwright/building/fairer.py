"""Thresholds by group for a model that was just built, found on predictions of rows that were not learned from.

Those are the out-of-fold predictions of the rows that teach, and the twin's of the rows that judge: no row was known to
what predicted it. So nothing has to be kept back for it, and what is measured is as honest as on kept rows (see
`fairness.mitigation.fit`): the thresholds that are measured on a row were found on others.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mlwright.building.ask import Asked
from mlwright.building.find import Found
from mlwright.building.judge import Judged, together
from mlwright.building.options import Options
from mlwright.columns import read_frame
from mlwright.errors import ColumnError, DataError, OptionError
from mlwright.fairness.mitigation.asked import Rows, Wanted
from mlwright.fairness.mitigation.fit import large_groups, mitigate
from mlwright.findings import Finding
from mlwright.learn.budget import Budget
from mlwright.learn.splits import Order
from mlwright.model import RowModel
from mlwright.model.mitigate import with_policy
from mlwright.progress import Progress
from mlwright.tasks.base import Costs

KEPT_SHARE, KEPT_SECONDS = 0.12, 2.0
"""Share of the budget that is kept for finding thresholds by group, and how many seconds at least."""
SECONDS_PER_ROW, SECONDS_ALWAYS = 1.5e-4, 0.5
FEWEST_ROWS, MOST_ROWS = 2_000, 100_000
"""So many rows are looked at: as many as the time that is left allows."""


def kept_for_groups(options: Options) -> float:
    """Return the seconds of the budget that finding thresholds by group takes."""
    if options.fair is None or options.seconds is None:
        return 0.0
    return max(KEPT_SHARE * options.seconds, KEPT_SECONDS)


def require_groups(asked: Asked, options: Options) -> None:
    """Raise before the long work where thresholds by group are asked for and cannot be found.

    OptionError, where no yes/no question is asked; ColumnError, where a column is missing; DataError, where groups are
    too small.
    """
    if (wanted := options.fair) is None:
        return
    if len(asked.material.target.classes) != 2:
        raise OptionError("--fair needs a yes/no question: only there a threshold decides.")
    frame = asked.table.frame
    for name in wanted.columns:
        if name not in frame.columns:
            raise ColumnError.missing(name, frame.columns, what="--fair column")
        if name == asked.target_name:
            raise OptionError(f"--fair names {name!r}, which is what is predicted.")
    described = [asked.schema[name] for name in wanted.columns]
    columns = read_frame(frame[asked.rows].select(wanted.columns), described)
    large_groups(columns, described, asked.material.target.y, wanted)


def fairer(
    model: RowModel,
    found: Found,
    judged: Judged,
    asked: Asked,
    options: Options,
    budget: Budget,
    progress: Progress,
) -> RowModel:
    """Return the model with thresholds by group where they are asked for, or with a finding why it has none."""
    if (wanted := options.fair) is None:
        return model
    progress.stage("Finding thresholds by group")
    left = None if budget.seconds is None else budget.seconds - budget.spent
    rows = _rows(model, found, judged, asked, wanted, left, options.costs, options.seed)
    try:
        made = mitigate(rows, wanted)
    except (DataError, OptionError) as error:
        finding = Finding(
            kind="no_thresholds_by_group",
            message=f"Thresholds by group were asked for, but there are none: {error.message}",
            severity="warning",
            repair=error.hint,
        )
        findings = [*model.parts.evidence.get("findings", []), finding.to_dict()]
        return RowModel(replace(model.parts, evidence={**model.parts.evidence, "findings": findings}))
    return RowModel(with_policy(model.parts, asked.table.frame, made))


def _rows(
    model: RowModel,
    found: Found,
    judged: Judged,
    asked: Asked,
    wanted: Wanted,
    seconds: float | None,
    costs: Costs,
    seed: int,
) -> Rows:
    """Return rows with what was predicted of them by what had not learned from them; as many as there is time for."""
    scored = np.flatnonzero(found.folds.scored)
    teach, judge = found.folds.material.take(scored), found.judging
    P = found.finish.floored(found.predictions)
    if found.finish.calibrated is not None and found.finish.calibrated.calibration is not None:
        P = found.finish.calibrated.calibration.apply(P)
    parts = [(teach.places, teach.target.y, teach.weight, P, _units(found.order.take(scored), len(scored)))]
    if judge.rows:
        known = judged.twin.predict(judge.columns)
        parts.append((judge.places, judge.target.y, judge.weight, known, _units(found.judging_order, judge.rows)))
    index = _sample(sum(len(y) for _, y, *_ in parts), seconds, seed)
    places = np.concatenate([part[0] if part[0] is not None else np.empty(0, np.intp) for part in parts])[index]
    names = dict.fromkeys((*model.parts.ensemble.sources, *wanted.columns))
    described = tuple(asked.schema[name] for name in names)
    decision = model.parts.decision
    return Rows(
        columns=read_frame(asked.table.frame[places].select(list(names)), described),
        described=described,
        features=model.parts.ensemble.sources,
        score=np.concatenate([part[3][:, 1] for part in parts])[index],
        y=np.concatenate([part[1] for part in parts])[index],
        weight=np.concatenate([np.ones(len(part[1])) if part[2] is None else part[2] for part in parts])[index],
        units=_joined([part[4] for part in parts], index),
        common=float(decision["threshold"]),
        costs=costs,
        stated=bool(decision["stated"]),
    )


def _sample(rows: int, seconds: float | None, seed: int) -> NDArray[np.intp]:
    """Return which rows are looked at, in order: all, or as many as there is time for."""
    most = MOST_ROWS
    if seconds is not None:
        most = int(np.clip((seconds - SECONDS_ALWAYS) / SECONDS_PER_ROW, FEWEST_ROWS, MOST_ROWS))
    if rows <= most:
        return np.arange(rows, dtype=np.intp)
    return np.sort(np.random.default_rng(seed).permutation(rows)[:most]).astype(np.intp)


def _units(order: Order, rows: int) -> NDArray[np.intp] | None:
    """Return a number for each row that those which belong together share; None where none do."""
    found = together(order)
    if found is None:
        return None
    return np.unique(found, return_inverse=True)[1].astype(np.intp).reshape(rows)


def _joined(parts: list[NDArray[np.intp] | None], index: NDArray[np.intp]) -> NDArray[np.intp] | None:
    """Return the numbers of several parts, none of which share a unit, for some of the rows."""
    if any(part is None for part in parts):
        return None
    joined, first = [], 0
    for part in parts:
        if part is not None:
            joined.append(part + first)
            first += int(part.max(initial=-1)) + 1
    return np.unique(np.concatenate(joined)[index], return_inverse=True)[1].astype(np.intp)

"""Ids that give the target away: numbers handed out class by class, or in the target's order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import polars as pl

from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.leak_copy import copies
from mlwright.clean.measures.leaks import with_and_without
from mlwright.clean.measures.telling import FEWEST_ROWS, Sample, Score, bins, sample_of, score_of, told_by
from mlwright.clean.names import counts_time, says_id
from mlwright.columns import Coded, Floats, read_series
from mlwright.findings import Finding
from mlwright.schema import Column
from mlwright.table import Table

TELLS_AUC, TELLS_EXPLAINED, TELLS_NUMBERS = 0.9, 0.5, 0.8
"""An id that tells so much of the target was not handed out without regard to it."""
SURE = 0.98
OF_ITS_OWN = 0.95
"""The share of rows that have an id of their own."""
ROOM = 20
"""Whole numbers are ids, not amounts, where they fill this part of their range: one in 20."""


@dataclass(frozen=True, slots=True)
class Telling:
    """What part of an id tells the target, and how well."""

    part: str
    score: Score


class LeakId:
    """Finds ids whose number or first letters tell the target."""

    name: ClassVar[str] = "leak_id"
    kinds: ClassVar[tuple[str, ...]] = ("id_tells_target",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:  # noqa: ARG002  one signature for all
        """Return one finding for each id."""
        target = context.schema.only("target")
        for name, telling in telling_ids(context).items():
            used = context.schema[name].is_feature
            how = (
                with_and_without(context, name, telling.score)
                if used
                else f"alone it would reach {telling.score.words}, and it was left out"
            )
            sure = telling.score.value >= SURE
            yield Detection(
                finding=Finding(
                    kind="id_tells_target",
                    columns=(name,),
                    message=f"{telling.part} of the id {name!r} tells the target {target.name if target else ''!r}, so "
                    f"ids were not handed out without regard to it: {how}.",
                    severity="info" if not used else "error" if sure else "warning",
                    confidence=0.95 if sure else 0.8,
                    repair="Leave the column out (--exclude); new ids say nothing of their rows.",
                    applied=not used,
                )
            )


def telling_ids(context: Context) -> dict[str, Telling]:
    """Return the ids that tell the target."""
    return context.once("leak ids", lambda: _telling_ids(context))


def _telling_ids(context: Context) -> dict[str, Telling]:
    sample = sample_of(context)
    if sample is None or len(sample.rows) < FEWEST_ROWS:
        return {}
    known = copies(context)
    found = {}
    for column in context.schema:
        if column.role not in {"feature", "ignored"} or column.name in known or context.stop():
            continue
        if (telling := _of_column(context, column, sample)) is not None:
            found[column.name] = telling
    return found


def _of_column(context: Context, column: Column, sample: Sample) -> Telling | None:
    many = context.table.rows * (1.0 - column.missing_share)
    if column.distinct < OF_ITS_OWN * many or column.kind not in {"id", "integer", "category", "text"}:
        return None
    if column.is_float:
        numbers = context.numbers(column.name)
        return _best(sample, {"The number": bins(numbers[sample.rows])}) if _are_ids(column, numbers) else None
    if column.kind != "id" and not says_id(column.name):
        return None
    # Ids are many: only those of the sample are read.
    values = read_series(context.table.frame[column.name].gather(sample.rows), column)
    if not isinstance(values, Coded) or not values.values:
        return None
    rows = values.codes.astype(np.intp)
    texts = pl.Series(values.values, dtype=pl.String)
    digits = texts.str.extract(r"([0-9]{1,15})[^0-9]*$").cast(pl.Float64, strict=False).to_numpy()
    prefix = texts.str.extract(r"^([^0-9]{1,12})[0-9]").fill_null("")
    numbers = np.where(rows >= 0, np.append(digits, np.nan)[rows], np.nan)
    parts = {"The number": bins(numbers)}
    if 1 < prefix.n_unique() <= 50:
        codes = prefix.cast(pl.Enum(prefix.unique(maintain_order=True))).to_physical().to_numpy().astype(np.intp)
        parts["The beginning"] = np.where(rows >= 0, np.append(codes, -1)[rows] + 1, 0)
    return _best(sample, parts)


def _are_ids(column: Column, values: Floats) -> bool:
    known = values[~np.isnan(values)]
    dense = len(known) > 0 and float(np.ptp(known)) <= ROOM * len(known)
    return says_id(column.name) or (dense and not counts_time(column.name))


def _best(sample: Sample, parts: dict[str, np.ndarray[tuple[int], np.dtype[np.intp]]]) -> Telling | None:
    scores = {part: score_of(told_by(codes, sample), sample.goal) for part, codes in parts.items()}
    part = max(scores, key=lambda name: scores[name].explained)
    score = scores[part]
    if score.auc is None:
        return Telling(part, score) if score.explained >= TELLS_NUMBERS else None
    return Telling(part, score) if score.auc >= TELLS_AUC and score.explained >= TELLS_EXPLAINED else None

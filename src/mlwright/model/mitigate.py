"""Giving a model thresholds by group, found and measured on labelled rows that it did not learn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from mlwright.collect import collect
from mlwright.errors import ColumnError, DataError, OptionError
from mlwright.evaluate.reference import Reference
from mlwright.evaluate.referring import JudgedRows, refer
from mlwright.fairness.mitigation.asked import Rows, Wanted
from mlwright.fairness.mitigation.fit import Mitigated
from mlwright.fairness.mitigation.fit import mitigate as fitted
from mlwright.fairness.mitigation.words import told
from mlwright.model.afterwards import afterwards
from mlwright.model.known import SUSPICIOUS, known
from mlwright.model.labelled import Labelled, labelled
from mlwright.model.parts import GOLDEN_ROWS, RowParts, golden_rows
from mlwright.tasks.base import Costs

if TYPE_CHECKING:
    import polars as pl


def mitigate(parts: RowParts, source: object, wanted: Wanted, *, query: str | None = None) -> RowParts:
    """Return the model with the thresholds by group that cost least within the tolerance, and what was measured.

    Raises OptionError where the model answers no yes/no question, ColumnError where a column is missing, DataError
    where the rows are those it learned from, or where groups are too small.
    """
    if "threshold" not in parts.decision:
        raise OptionError(
            f"The model does not answer a yes/no question, so it has no threshold that could differ by group: it"
            f" predicts {parts.target!r}.",
            hint="build --reweigh works with any classes: rows then teach with weights by group."
            if parts.classes
            else "mlwright evaluate tells for which groups of its sensitive columns a model of numbers is farther off.",
        )
    table = collect(source, query=query) if query is not None else collect(source)
    plain = replace(parts, policy=None)
    for name in wanted.columns:
        if name not in parts.schema:
            raise ColumnError.missing(name, [column.name for column in parts.schema])
        if name not in table.frame.columns:
            raise ColumnError.missing(name, table.frame.columns)
        if name == parts.target:
            raise OptionError(f"{name!r} is what is predicted: it cannot be what tells groups apart.")
    rows = labelled(plain, table.frame, also=wanted.columns)
    _refuse_known(parts, rows)
    made = fitted(_rows(plain, rows), wanted)
    new = with_policy(plain, rows.frame, made)
    return replace(new, reference=_reference(new, rows))


def _reference(parts: RowParts, rows: Labelled) -> Reference:
    """Return what a monitor compares with: these rows, for the answers have changed, and the model saw none of them."""
    judged = JudgedRows(
        task=parts.task,
        target=rows.held.target,
        P=rows.P,
        answers=parts.answer(rows.columns, rows.P),
        columns=rows.columns,
        described=parts.columns,
        sensitive=tuple(parts.schema.with_role("sensitive")),
    )
    return refer(judged, keep_rows=parts.cases is not None)


def _rows(parts: RowParts, rows: Labelled) -> Rows:
    decision: Mapping[str, Any] = parts.decision
    costs = decision["costs"]
    held = rows.held
    return Rows(
        columns=rows.columns,
        described=rows.described,
        features=parts.ensemble.sources,
        score=rows.P[:, 1],
        y=held.y,
        weight=np.ones(len(held)) if held.weight is None else held.weight,
        units=None if held.groups is None else held.units,
        common=float(decision["threshold"]),
        costs=Costs(float(costs["false_positive"]), float(costs["false_negative"]), bool(decision["stated"])),
        stated=bool(decision["stated"]),
    )


def _refuse_known(parts: RowParts, rows: Labelled) -> None:
    """Raise DataError where many rows that the model remembers to have learned from are among these."""
    found = known(parts, rows.columns)
    if found is not None and found.share > found.by_chance + SUSPICIOUS:
        raise DataError(
            f"The model learned from these rows, or from many of them: {100 * found.share:.0f} % of the rows it"
            " remembers are here. What it says of them is too good to find thresholds on.",
            hint="bring labelled rows that were kept back when it was built.",
        )


def with_policy(parts: RowParts, frame: pl.DataFrame, made: Mitigated) -> RowParts:
    """Return the model with what was found; some rows of the frame, which has the groups, test it when it is loaded."""
    new = replace(parts, policy=made.policy)
    places = sorted({round(place) for place in np.linspace(0, frame.height - 1, GOLDEN_ROWS).tolist()})
    evidence = {**parts.evidence, **afterwards(parts, made), "mitigation": told(made)}
    return replace(new, evidence=evidence, golden=golden_rows(frame[places].to_dicts(), new.columns))

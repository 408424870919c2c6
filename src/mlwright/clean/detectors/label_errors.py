"""Targets that are probably wrong: a model that learned from all other rows is sure of something else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.base import Cells, Context, Detection, OutOfFold, Rows, shown
from mlwright.clean.measures.label_quality import (
    class_quality,
    class_weights,
    number_doubt,
    number_weights,
    own_probability,
    thresholds,
)
from mlwright.clean.measures.wording import count_of_rows
from mlwright.columns import Coded, Floats
from mlwright.findings import Finding, percent
from mlwright.table import Table

FEWEST_ROWS = 50
FEWEST = 3
DOUBTED = 0.2
"""A class is doubted where it has less than this probability and another one is confidently more likely."""
SURE, BETWEEN = 0.1, 0.8
"""Few rows lie between sure and doubted where classes are told apart well: only there, doubted means wrong."""
TOLD_APART = 0.8
TIMES_BETWEEN = 1.5
MANY_CLASSES, MANY_NUMBERS = 0.03, 0.006
"""The share of doubted rows that no table without errors reached, of those that were measured."""
MOST_SURE = 0.99
FAR = 5.0
"""A number is doubted where its residual is so many times the usual one."""


@dataclass(frozen=True, slots=True)
class Doubted:
    """The rows that are doubted, the most doubtful first; what the first holds and what is likelier; and why."""

    rows: Rows
    confidence: Floats
    """What a row's weight should lose when a model learns again."""
    example: str
    by: str
    severe: bool


class LabelErrors:
    """Finds targets that a model contradicts with certainty; says nothing where no model has been fitted."""

    name: ClassVar[str] = "label_errors"
    kinds: ClassVar[tuple[str, ...]] = ("label_errors",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding, or none."""
        column = context.schema.only("target")
        if column is None or context.out_of_fold is None:
            return
        values = context.values(column.name)
        told = context.out_of_fold
        doubted = _classes(values, told) if told.classes else _numbers(values, told)
        if doubted is None or len(doubted.rows) < FEWEST:
            return
        order = np.argsort(doubted.rows)
        rows, first = doubted.rows[order], int(doubted.rows[0])
        yield Detection(
            finding=Finding(
                kind="label_errors",
                columns=(column.name,),
                rows=shown(rows),
                message=f"{count_of_rows(len(rows))} ({percent(len(rows) / table.rows)}) have a target {column.name!r} "
                f"that {'is probably wrong' if doubted.severe else 'a model did not expect'}, "
                f"above all row {context.row(first)} ({doubted.example}): {doubted.by}.",
                severity="warning" if doubted.severe else "info",
                confidence=round(min(float(doubted.confidence.mean()), MOST_SURE), 2),
                repair="Check these targets, the most doubtful first; until then let the rows count less.",
            ),
            rows=rows,
            # No better value is proposed: what is likelier is an opinion, and may be what the next model learns.
            cells=(Cells(column.name, rows, confidence=np.minimum(doubted.confidence[order], MOST_SURE)),),
        )


def _classes(values: object, out_of_fold: OutOfFold) -> Doubted | None:
    """Doubt classes that are unlikely where another one is as likely as it is in rows that bear it."""
    P, labels = out_of_fold.P, [str(label) for label in out_of_fold.classes]
    codes = _positions(values, labels)
    if P.ndim != 2 or P.shape != (len(codes), len(labels)) or len(labels) < 2:
        return None
    rows = np.flatnonzero((codes >= 0) & np.isfinite(P).all(axis=1))
    if len(rows) < FEWEST_ROWS:
        return None
    P, codes = P[rows], codes[rows]
    limits, own, best = thresholds(codes, P), own_probability(codes, P), P.argmax(axis=1)
    doubted = (own < DOUBTED) & (P.max(axis=1) >= limits[best]) & (best != codes)
    between = ((own >= DOUBTED) & (own < BETWEEN)).mean()
    clear = doubted & (own < SURE) & (limits[codes] >= TOLD_APART)
    severe = clear.mean() >= max(MANY_CLASSES, TIMES_BETWEEN * between)
    places = np.flatnonzero(doubted)
    if not len(places):
        return None
    places = places[np.argsort(class_quality(codes, P)[places], kind="stable")]
    first = int(places[0])
    return Doubted(
        rows=rows[places],
        confidence=1.0 - class_weights(codes, P)[places],
        example=f"{labels[codes[first]]!r}, rather {labels[best[first]]!r}",
        by=f"a model that learned from other rows gives each at most {percent(DOUBTED)}, and another class as much as "
        "the rows have that bear it",
        severe=bool(severe),
    )


def _positions(values: object, labels: list[str]) -> NDArray[np.intp]:
    """Return which class each row has, -1 where none of them; classes that are numbers are compared as numbers."""
    if isinstance(values, Coded):
        place = {label.strip(): k for k, label in enumerate(labels)}
        table = np.array([*(place.get(text.strip(), -1) for text in values.values), -1], dtype=np.intp)
        return table[values.codes]
    numbers = np.asarray(values, dtype=np.float64)
    codes = np.full(len(numbers), -1, dtype=np.intp)
    for k, number in enumerate(_as_numbers(labels)):
        codes[numbers == number] = k
    return codes


def _as_numbers(labels: list[str]) -> list[float]:
    """Return the numbers that labels stand for; two words for yes and no stand for 1 and 0, in the order of classes."""
    try:
        return [float(label) for label in labels]
    except ValueError:
        truths = {"true": 1.0, "yes": 1.0, "y": 1.0, "t": 1.0, "false": 0.0, "no": 0.0, "n": 0.0, "f": 0.0}
        return [truths.get(label.strip().casefold(), float("nan")) for label in labels]


def _numbers(values: object, out_of_fold: OutOfFold) -> Doubted | None:
    """Doubt numbers whose residual is many times the usual one."""
    P = out_of_fold.P
    if isinstance(values, Coded) or P.ndim != 2 or P.shape[1] != 1:
        return None
    y = np.asarray(values, dtype=np.float64)
    rows = np.flatnonzero(np.isfinite(y) & np.isfinite(P[:, 0]))
    if len(rows) < FEWEST_ROWS or np.ptp(y[rows]) == 0:
        return None
    doubt = number_doubt(y[rows], P[rows, 0])
    places = np.flatnonzero(doubt > FAR)
    if not len(places):
        return None
    severe = len(places) >= MANY_NUMBERS * len(rows) and len(places) >= 2 * FEWEST
    places = places[np.argsort(-doubt[places], kind="stable")]
    first = int(places[0])
    return Doubted(
        rows=rows[places],
        confidence=1.0 - number_weights(y[rows], P[rows, 0])[places],
        example=f"{y[rows[first]]:.6g}, predicted {P[rows[first], 0]:.6g}",
        by=f"each is more than {FAR:.0f} times as far as usual from what a model that learned from other rows predicts",
        severe=severe,
    )

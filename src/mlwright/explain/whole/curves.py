"""Curves: what a sum of curves of single columns, fitted to rows whose answer is known, leaves unexplained.

Numbers are bent at their quantiles (linear splines), categories have a step each. Fitted by least squares, or by
Newton's steps to the log-odds of a class.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, Values
from mlwright.evaluate.limits import add_up
from mlwright.schema import Column

Floats = NDArray[np.float64]
Index = NDArray[np.intp]

KNOTS = 9
LEVELS = 12
ROWS_A_COLUMN = 10
"""Rows that there have to be for each column of the design: more columns would fit the noise."""
RIDGE = 1e-6
STEPS = 25


@dataclass(frozen=True, slots=True)
class Residuals:
    """What is left over (n,), and the weighted design (n, d) that it is free of."""

    left: Floats
    """Weighted: the score of each row."""
    root: Floats
    """The square root of what each row counts in a regression on the design."""
    basis: Floats
    """An orthonormal basis of the weighted design."""

    def chance(self, added: Floats, units: Index | None) -> float:
        """Return the one-sided p-value of whether `added` (n,) explains some of what is left, in its own direction.

        The variance is robust (sandwich), and rows of one unit are one piece of evidence.
        """
        from scipy.special import stdtr

        apart = added * self.root
        apart = apart - self.basis @ (self.basis.T @ apart)
        inner = np.divide(apart, self.root, out=np.zeros_like(apart), where=self.root > 0)
        if float(np.sum(apart**2)) <= 1e-9 * max(float(np.sum((added * self.root) ** 2)), 1e-300):
            return 1.0
        parts = add_up(inner * self.left, units)
        error = float(np.sqrt(np.sum(parts**2)))
        free = len(parts) - (self.basis.shape[1] if units is None else 0) - 1
        if error <= 0.0 or free < 1:
            return 1.0
        t = float(np.sum(parts)) / error * np.sqrt(free / len(parts))
        return float(stdtr(free, -t))


def residuals(columns: Columns, described: Sequence[Column], y: Floats, weight: Floats, *, odds: bool) -> Residuals:
    """Return what a sum of curves leaves of y (n,): numbers, or with `odds` 0 and 1.

    Columns come in the order in which they matter; as many are used as the rows can bear.
    """
    design = _design(columns, described)
    if not odds:
        root = np.sqrt(weight)
        basis = _basis(design * root[:, None])
        scaled = y * root
        return Residuals((scaled - basis @ (basis.T @ scaled)) * root, root, basis)
    mean = float(np.clip(np.average(y, weights=weight), 1e-6, 1 - 1e-6))
    line = np.full(len(y), np.log(mean / (1.0 - mean)))
    slope = np.zeros(design.shape[1])
    slope[0] = line[0]
    for _ in range(STEPS):
        share = 1.0 / (1.0 + np.exp(-np.clip(line, -30.0, 30.0)))
        counts = weight * np.maximum(share * (1.0 - share), 1e-6)
        pull = design.T @ (weight * (y - share)) - RIDGE * len(y) * slope
        steep = (design * counts[:, None]).T @ design + RIDGE * len(y) * np.eye(design.shape[1])
        step = np.linalg.solve(steep, pull)
        slope = slope + step
        line = design @ slope
        if float(np.max(np.abs(step))) < 1e-8:
            break
    share = 1.0 / (1.0 + np.exp(-np.clip(line, -30.0, 30.0)))
    root = np.sqrt(weight * np.maximum(share * (1.0 - share), 1e-6))
    return Residuals(weight * (y - share), root, _basis(design * root[:, None]))


def _basis(design: Floats) -> Floats:
    """Return an orthonormal basis of the columns of a design."""
    left, sizes, _ = np.linalg.svd(design, full_matrices=False)
    kept: Floats = left[:, sizes > 1e-9 * sizes.max(initial=0.0)]
    return kept


def _design(columns: Columns, described: Sequence[Column]) -> Floats:
    """Return (n, d): a constant, then for each column its splines or steps, centred and of one scale."""
    most = columns.rows // ROWS_A_COLUMN
    blocks = [np.ones((columns.rows, 1))]
    width = 1
    for column in described:
        block = _bent(columns[column.name], column)
        if block is None:
            continue
        if width + block.shape[1] > most:
            break
        blocks.append(block)
        width += block.shape[1]
    return np.concatenate(blocks, axis=1)


def _bent(values: Values, column: Column) -> Floats | None:
    """Return the columns of the design that one raw column makes; None where it makes none."""
    if isinstance(values, Coded):
        if column.kind in {"text", "id"}:
            return None
        counts = np.bincount(values.codes + 1, minlength=len(values.values) + 1)
        order = [code for code in np.argsort(-counts, kind="stable")[:LEVELS].tolist() if counts[code]]
        made = np.stack([(values.codes + 1 == code).astype(np.float64) for code in order], axis=1)
    else:
        known = np.isfinite(values)
        if not known.any():
            return None
        middle = float(np.median(values[known]))
        filled = np.where(known, values, middle)
        knots = np.unique(np.quantile(values[known], np.linspace(0.0, 1.0, KNOTS + 2)[1:-1]))
        bends = [np.maximum(filled - knot, 0.0) for knot in knots]
        made = np.stack([(~known).astype(np.float64), filled, *bends], axis=1)
    spread = made.std(axis=0)
    made = made[:, spread > 0]
    return (made - made.mean(axis=0)) / spread[spread > 0] if made.shape[1] else None

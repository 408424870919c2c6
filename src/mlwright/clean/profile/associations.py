"""How much columns tell of each other: one number from 0 (nothing) to 1 (everything) for columns of any kind.

Two columns of numbers: Spearman's rank correlation without its sign. A number and a category: the correlation ratio of
the number's ranks, so that a few huge numbers decide nothing. Two categories: Cramer's V. The last two are corrected
for what chance alone would give (Kelley 1935; Bergsma 2013), so that a category of many values does not seem to tell
much because each value has few rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.stats import rankdata

from mlwright.clean.base import Context
from mlwright.clean.profile.facts import Association, Measure
from mlwright.clean.spread import spread_rows
from mlwright.columns import Coded, Floats, Values
from mlwright.schema import Column

MEASURED_ROWS = 20_000
MOST_COLUMNS = 200
"""Between so many columns all pairs are measured; the target is measured with each of `MOST_WITH_TARGET`."""
MOST_WITH_TARGET = 2_000
MOST_LEVELS = 40
"""The most frequent values of a category; all others count as one."""
FEWEST_ROWS = 30
WEAKEST = 0.1
"""Weaker pairs are not worth a line; nor are those which chance gives easily among so few rows."""
LISTED = 200
KINDS = frozenset({"number", "integer", "datetime", "duration", "boolean", "category"})

CHANCE = 3.0
"""So many standard errors of a correlation of nothing."""

Level = NDArray[np.int64]
Told = tuple[str, str, float, Measure, int]
"""Two columns, the strength, how it was measured, on how many rows."""


@dataclass(frozen=True, slots=True)
class Facet:
    """A column as its associations are measured: ranks around 0 (NaN is missing), or codes (-1 is missing)."""

    name: str
    ranks: Floats | None = None
    codes: Level | None = None


def facet(context: Context, column: Column, rows: NDArray[np.intp]) -> Facet | None:
    """Return a column's facet on some rows; None where it has nothing to measure."""
    values = context.values(column.name)
    return facet_of(values.take(rows) if isinstance(values, Coded) else values[rows], column)


def facet_of(values: Values, column: Column) -> Facet | None:
    """Return the facet of typed values; None where there is nothing to measure."""
    if isinstance(values, Coded):
        codes = values.codes.astype(np.int64)
        return Facet(column.name, codes=_few(codes)) if len(np.unique(codes[codes >= 0])) > 1 else None
    known = values
    if column.kind == "boolean":
        codes = np.where(np.isnan(known), -1, known).astype(np.int64)
        return Facet(column.name, codes=codes) if len(np.unique(codes[codes >= 0])) > 1 else None
    there = ~np.isnan(known)
    if there.sum() < 2 or known[there].min() == known[there].max():
        return None
    ranks = np.full(len(known), np.nan)
    ranks[there] = rankdata(known[there])
    return Facet(column.name, ranks=(ranks - np.nanmean(ranks)) / np.nanstd(ranks))


def _few(codes: Level) -> Level:
    """Return codes from 0 in the order of frequency, the rare ones as one."""
    counts = np.bincount(codes[codes >= 0])
    order = np.argsort(-counts, kind="stable")
    new = np.empty(len(counts), dtype=np.int64)
    new[order] = np.minimum(np.arange(len(counts)), MOST_LEVELS)
    return np.where(codes >= 0, new[np.maximum(codes, 0)], -1)


def associations(context: Context) -> tuple[tuple[Association, ...], dict[str, Association], int]:
    """Return the strongest pairs, what goes with the target by column, and how many columns were paired.

    The target's own pairs are among the first too.
    """
    rows = spread_rows(context.table.rows, MEASURED_ROWS, seed=context.seed)
    target = context.schema.only("target")
    columns = [column for column in context.schema if column.kind in KINDS and column is not target]
    own = facet(context, target, rows) if target is not None and target.kind in KINDS else None
    every = [made for column in columns[:MOST_WITH_TARGET] if (made := facet(context, column, rows)) is not None]
    few = Block.of([*([] if own is None else [own]), *every[:MOST_COLUMNS]])
    pairs = [*_pairs(few, few)]
    if own is not None:
        pairs += _pairs(Block.of([own]), Block.of(every[MOST_COLUMNS:]))
    name = None if own is None else own.name
    with_target = {each.columns[1]: each for pair in pairs if (each := _seen_from(pair, name)) is not None}
    strong = [pair for pair in pairs if pair.strength >= max(WEAKEST, CHANCE / pair.rows**0.5)]
    strong.sort(key=lambda pair: (-pair.strength, pair.columns))
    return tuple(strong[:LISTED]), with_target, min(len(every), MOST_COLUMNS) + (own is not None)


def pairs_of(facets: Sequence[Facet]) -> list[Association]:
    """Return the associations of all pairs of facets, over at least 30 rows in which both are known."""
    block = Block.of(facets)
    return list(_pairs(block, block))


def _seen_from(pair: Association, name: str | None) -> Association | None:
    """Return a pair with the named column first, or None where that is not in it."""
    if name not in pair.columns:
        return None
    one, other = pair.columns
    return pair if one == name else replace(pair, columns=(other, one))


@dataclass(frozen=True, slots=True)
class Block:
    """Facets side by side: the ranks of numbers as one matrix with 0 where they are missing, and categories."""

    order: dict[str, int]
    numbers: tuple[str, ...]
    R: Floats
    there: Floats
    categories: tuple[tuple[str, Level], ...]

    @classmethod
    def of(cls, facets: Sequence[Facet]) -> Block:
        """Return the block of some facets."""
        numbers = [(each.name, each.ranks) for each in facets if each.ranks is not None]
        ranks = np.column_stack([ranks for _, ranks in numbers]) if numbers else np.empty((0, 0))
        known = ~np.isnan(ranks)
        return cls(
            {each.name: place for place, each in enumerate(facets)},
            tuple(name for name, _ in numbers),
            np.where(known, ranks, 0.0),
            known.astype(np.float64),
            tuple((each.name, each.codes) for each in facets if each.codes is not None),
        )


def _pairs(one: Block, other: Block) -> Iterator[Association]:
    """Yield the associations of each column of one block with each of another; of the same block, each pair once."""
    same = one is other
    found = [*_by_ranks(one, other, same=same), *_by_groups(one, other)]
    found += [] if same else [(b, a, strength, how, rows) for a, b, strength, how, rows in _by_groups(other, one)]
    for first, second, strength, measure, rows in (*found, *_by_tables(one, other, same=same)):
        if rows >= FEWEST_ROWS:
            names = (second, first) if same and one.order[first] > one.order[second] else (first, second)
            yield Association(names, min(max(strength, 0.0), 1.0), measure, rows)


def _by_ranks(one: Block, other: Block, *, same: bool) -> Iterator[Told]:
    """Correlate ranks, for each pair over the rows in which both are known."""
    if not one.numbers or not other.numbers:
        return
    n = one.there.T @ other.there
    sx, sy = one.R.T @ other.there, one.there.T @ other.R
    sxx, syy, sxy = (one.R**2).T @ other.there, one.there.T @ other.R**2, one.R.T @ other.R
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.nan_to_num(np.abs(sxy - sx * sy / n) / np.sqrt((sxx - sx**2 / n) * (syy - sy**2 / n)), posinf=0.0)
    for i, first in enumerate(one.numbers):
        for j in range(i + 1 if same else 0, len(other.numbers)):
            yield first, other.numbers[j], float(r[i, j]), "ranks", int(n[i, j])


def _by_groups(one: Block, other: Block) -> Iterator[Told]:
    """Tell how much of the ranks' spread in the other block lies between the categories of one, not within them."""
    if not other.numbers:
        return
    for first, codes in one.categories:
        hot = _one_hot(codes)
        counts, sums = hot @ other.there, hot @ other.R
        n, total, squares = counts.sum(axis=0), sums.sum(axis=0), (hot @ other.R**2).sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            between = np.where(counts > 0, sums**2 / counts, 0.0).sum(axis=0) - total**2 / n
            within = 1 - between / (squares - total**2 / n)
            share = np.nan_to_num(1 - within * (n - 1) / (n - (counts > 0).sum(axis=0)), posinf=0.0, neginf=0.0)
        for second, part, rows in zip(other.numbers, share.tolist(), n.tolist(), strict=True):
            yield first, second, max(part, 0.0) ** 0.5, "groups", int(rows)


def _by_tables(one: Block, other: Block, *, same: bool) -> Iterator[Told]:
    """Return Cramer's V of pairs of categories, without what chance adds."""
    width = MOST_LEVELS + 1
    for place, (first, codes) in enumerate(one.categories):
        shifted, known = codes * width, codes >= 0
        for second, others in other.categories[place + 1 if same else 0 :]:
            both = known & (others >= 0)
            cells = np.bincount(shifted[both] + others[both], minlength=width * width)
            strength = cramer(cells.reshape(width, width).astype(np.float64))
            yield first, second, strength, "tables", int(both.sum())


def cramer(table: Floats) -> float:
    """Return Cramer's V of a table of counts, corrected for chance (Bergsma 2013).

    >>> cramer(np.array([[50.0, 0.0], [0.0, 50.0]])), cramer(np.array([[25.0, 25.0], [25.0, 25.0]]))
    (1.0, 0.0)
    """
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    n, (r, k) = table.sum(), table.shape
    if n < 2 or min(r, k) < 2:
        return 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    phi = float(((table - expected) ** 2 / expected).sum() / n)
    chance = (r - 1) * (k - 1) / (n - 1)
    smaller = min(r - (r - 1) ** 2 / (n - 1), k - (k - 1) ** 2 / (n - 1)) - 1
    return float(min(1.0, (max(0.0, phi - chance) / smaller) ** 0.5)) if smaller > 0 else 0.0


def _one_hot(codes: Level) -> sparse.csr_array:
    known = np.flatnonzero(codes >= 0)
    ones = np.ones(len(known))
    return sparse.csr_array((ones, (codes[known], known)), shape=(MOST_LEVELS + 1, len(codes)))

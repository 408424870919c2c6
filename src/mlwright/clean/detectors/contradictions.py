"""Columns that contradict each other in a few rows: an end before its start, a total that is not the sum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy.stats import ks_2samp

from mlwright.clean.base import Cells, Context, Detection, Rows, shown
from mlwright.clean.measures.orders import BY_CHANCE, are_named, share_scale
from mlwright.clean.measures.relations import Relation, relations
from mlwright.clean.measures.units import decimals_of, written
from mlwright.columns import Coded, Floats
from mlwright.findings import Finding, percent
from mlwright.table import Table

ENOUGH_ROWS = 50
MOST_BROKEN = 0.1
SLIGHT = 0.005
"""A difference of less than this part of the total is rounding of some kind."""
ONE_SIDED = 0.03
"""Where more rows than this break a sum, all to one side, there is a part that no column holds."""
EXPLAINED, FEWEST_EXPLAINED, LEVELS = 0.8, 3, 60
"""Another column explains what breaks a relation where it does in so large a share of at least so many rows."""
ALL_MORE = 10
"""Where in so many rows, and in all that break a sum, the total is the larger side, a part is not in the table."""
IN_ORDER = 0.95
IN_ORDER_NUMBERS = 0.98
MOST_COLUMNS = 40
LOOK = 20_000
FLIPPED = 0.5
"""So many of the broken rows must be out of order by more than a tenth of the others are in order."""


@dataclass(frozen=True, slots=True)
class _Order:
    """`first` is not above `second`, but for some rows."""

    first: str
    second: str
    rows: Rows
    held: float
    swapped: bool
    """The broken rows look as if the two values had changed places."""
    times: bool
    named: bool


class Contradictions:
    """Mines what holds between columns in nearly all rows, and names the rows in which it does not."""

    name: ClassVar[str] = "contradictions"
    kinds: ClassVar[tuple[str, ...]] = ("contradictions",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding for each relation that some rows break."""
        if table.rows < ENOUGH_ROWS:
            return
        for relation in relations(context):
            if (found := _broken(context, relation)) is not None:
                yield found
        if context.stop():
            return
        for order in _orders(context):
            yield _told(context, order, table.rows)


def _broken(context: Context, relation: Relation) -> Detection | None:
    """Return the rows that break a relation by more than rounding."""
    columns = {name: context.numbers(name) for name in (relation.whole, *relation.parts)}
    far, slack = relation.distance(columns)
    whole = columns[relation.whole]
    size = np.maximum(np.abs(whole), np.abs(whole - far))
    with np.errstate(invalid="ignore"):
        wrong = (np.abs(far) > relation.margin * slack) & (np.abs(far) > SLIGHT * size)
    rows = np.flatnonzero(wrong).astype(np.intp)
    known = int(np.isfinite(far).sum())
    if not len(rows) or len(rows) > MOST_BROKEN * known or _is_explained(context, relation, far, rows):
        return None
    one_sided = len(rows) > ONE_SIDED * known and abs(float(np.sign(far[rows]).mean())) > 0.95
    one_sided |= _lacks_a_part(far[rows], whole[rows])
    new = relation.compute({name: values[rows] for name, values in columns.items()})
    cells = _culprits(relation, columns, rows, new)
    row = int(rows[0])
    shown_value = written(float(new[0]), decimals_of(whole))
    count = len(rows)
    return Detection(
        finding=Finding(
            kind="contradictions",
            columns=(relation.whole, *relation.parts),
            rows=shown(rows),
            message=f"{relation.whole!r} is {relation.words} in {percent(1.0 - count / known)} of the rows, but not in "
            f"{count:,}, such as data row {context.row(row)}, where it is {context.texts(relation.whole)[row]!r} "
            f"and not {shown_value!r}.",
            severity="info" if one_sided else "warning",
            confidence=0.6 if one_sided else 0.9,
            repair="Find out which of the values is wrong.",
        ),
        rows=rows,
        cells=cells,
    )


def _lacks_a_part(far: Floats, whole: Floats) -> bool:
    """Tell whether in many rows the whole is more than its parts, never less, and by various shares: no slip is so."""
    if len(far) < ALL_MORE or (far <= 0).any() or (whole <= 0).any():
        return False
    shares = far / whole
    return bool(np.median(shares) < 0.8 and np.std(shares) > 0.02)


def _is_explained(context: Context, relation: Relation, far: Floats, rows: Rows) -> bool:
    """Tell whether another column says why: it is what is missing from the sum, or has a value of its own just there.

    Living areas are the sum of two floors, but for houses with a third kind of area; what was lent is what is paid back
    and what is still owed, but for loans that were written off.
    """
    for column in context.schema:
        if column.name in {relation.whole, *relation.parts} or column.kind in {"text", "id", "constant"}:
            continue
        values = context.values(column.name)
        if isinstance(values, Coded):
            if _has_its_own(values.codes, rows):
                return True
            continue
        with np.errstate(invalid="ignore"):
            gap = np.abs(np.abs(far[rows]) - np.abs(values[rows])) <= SLIGHT * np.abs(far[rows])
        if gap.mean() >= EXPLAINED or (column.distinct <= LEVELS and _has_its_own(values, rows)):
            return True
    return False


def _has_its_own(values: NDArray[np.int32] | Floats, rows: Rows) -> bool:
    """Tell whether the rows share a value that hardly any other row has."""
    if len(rows) < FEWEST_EXPLAINED:
        return False
    held, counts = np.unique(values[rows], return_counts=True)
    most = int(np.argmax(counts))
    share = counts[most] / len(rows)
    return bool(share >= EXPLAINED and counts[most] >= EXPLAINED * (values == held[most]).sum())


def _culprits(relation: Relation, columns: dict[str, Floats], rows: Rows, new: Floats) -> tuple[Cells, ...]:
    """Return the cell to blame in each row: the one value that is beyond all others of its column, else the total."""
    blamed = np.full(len(rows), relation.whole, dtype=object)
    for part in relation.parts:
        values = columns[part]
        others = np.delete(values, rows)
        with np.errstate(invalid="ignore"):
            out = (values[rows] < np.nanmin(others)) | (values[rows] > np.nanmax(others))
        blamed[out] = part
    found = []
    for name in (relation.whole, *relation.parts):
        mine = blamed == name
        if not mine.any():
            continue
        texts: tuple[str | None, ...] | None = None
        if name == relation.whole:
            places = decimals_of(np.delete(columns[name], rows))
            texts = tuple(written(float(value), places) for value in new[mine])
        found.append(Cells(name, rows[mine], texts, np.full(int(mine.sum()), 0.7)))
    return tuple(found)


def _orders(context: Context) -> Iterator[_Order]:
    """Return pairs of dates, and pairs of numbers, that are in order in nearly all rows."""
    rng = np.random.default_rng(context.seed)
    total = context.table.rows
    look = np.sort(rng.choice(total, LOOK, replace=False)) if total > LOOK else np.arange(total)
    for times in (True, False):
        kinds = ("datetime",) if times else ("number", "integer")
        names = [c.name for c in context.of_kind(*kinds) if c.distinct >= 3 and c.missing_share < 0.95][:MOST_COLUMNS]
        sampled = {name: context.numbers(name)[look] for name in names}
        for one, other in combinations(names, 2):
            for first, second in ((one, other), (other, one)):
                if _may_be_ordered(sampled[first], sampled[second], first, second, times=times) and (
                    order := _order(context, first, second, rng, times=times)
                ):
                    yield order
                    break


def _may_be_ordered(first: Floats, second: Floats, one: str, other: str, *, times: bool) -> bool:
    """Tell by a sample whether the order holds in most rows but not in all, or whether that is worth asking."""
    with np.errstate(invalid="ignore"):
        known = int((np.isfinite(first) & np.isfinite(second)).sum())
        held = int((first <= second).sum())
    if known < ENOUGH_ROWS:
        return False
    return held >= (IN_ORDER if times or are_named(one, other) else IN_ORDER_NUMBERS) * known


def _order(context: Context, first: str, second: str, rng: np.random.Generator, *, times: bool) -> _Order | None:
    a, b = context.numbers(first), context.numbers(second)
    known = np.flatnonzero(np.isfinite(a) & np.isfinite(b))
    apart = b[known] - a[known]
    broken = apart < 0
    count = int(broken.sum())
    if not count:
        return None
    named = are_named(first, second)
    chance = float((rng.permutation(a[known]) <= b[known]).mean())
    if not named and chance > BY_CHANCE["times" if times else "numbers"]:
        return None
    kept, lost = apart[~broken], -apart[broken]
    usual = float(np.quantile(kept[kept > 0], 0.1)) if (kept > 0).any() else 0.0
    beyond = float((lost > usual).mean())
    if beyond < FLIPPED and not (named and times):
        return None
    if not times and not named and (count < 2 or not share_scale(a[known], b[known])):
        return None
    swapped = count >= 5 and float(ks_2samp(lost, kept[kept > 0]).pvalue) > 0.01
    return _Order(first, second, known[broken].astype(np.intp), 1.0 - count / len(known), swapped, times, named)


def _told(context: Context, order: _Order, total: int) -> Detection:
    rows, count = order.rows, len(order.rows)
    first, second = context.texts(order.first), context.texts(order.second)
    row = int(rows[0])
    more = "; they seem to have changed places" if order.swapped else ""
    word = "after" if order.times else "above"
    cells: tuple[Cells, ...]
    if order.swapped:
        cells = (
            Cells(order.first, rows, tuple(second.gather(rows).to_list()), np.full(count, 0.7)),
            Cells(order.second, rows, tuple(first.gather(rows).to_list()), np.full(count, 0.7)),
        )
    else:
        cells = (Cells(order.second, rows, None, np.full(count, 0.6)),)
    return Detection(
        finding=Finding(
            kind="contradictions",
            columns=(order.first, order.second),
            rows=shown(rows),
            message=f"{order.first!r} is {word} {order.second!r} in {count:,} row{'s' if count > 1 else ''} "
            f"({percent(count / total)}), such as data row {context.row(row)} with {first[row]!r} and {second[row]!r}, "
            f"while {percent(order.held)} are in order{more}.",
            severity="warning" if order.times or order.named else "info",
            confidence=0.9 if order.times else 0.8,
            repair="Exchange the two." if order.swapped else "Find out which of the two is wrong.",
        ),
        rows=rows,
        cells=cells,
    )

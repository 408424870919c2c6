"""Numbers far beyond anything that their own column, or the rest of their row, explains; and odd rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.base import Cells, Context, Detection, Rows, shown
from mlwright.clean.measures.expectation import Expected, askable, expected_of, is_amount, on_scale
from mlwright.clean.measures.tails import Beyond, beyond
from mlwright.clean.measures.units import decimals_of, written
from mlwright.clean.names import says_code
from mlwright.columns import Floats
from mlwright.findings import Finding, percent
from mlwright.table import Table

SURPRISING = 8.0
"""Gaps that a heavy tail makes once in e^8 (3,000) times are told as a warning."""
REMARKABLE = 5.0
"""And once in 150 times as something to know."""
FARTHER, FEW, MUCH_FARTHER = 1.4, 3, 2.0
"""An outlier is at least so many times farther out than the next value; more than a few less sure ones much farther."""
MOST_SHARE, MOST_LOW = 0.02, 0.001
"""A larger share of a column are no outliers but a group; of values small in ratio alone, more than the second."""
BOTH, BEYOND_ALL = 10.0, 1.2
"""The surprise at what is left of a ratio, where the value is so many times larger than all others."""
ENOUGH_ROWS = 50
DIFFERENT = 10
"""A column of fewer different numbers has levels."""
ALL_ASKED = 60_000
"""In tables of more rows the other columns are asked about a sample of them."""
CONTINUOUS = 20
"""A column of fewer different numbers is not asked of the others: a step to the next level is no error."""
MATTERS = 3.0
TIMES = 1.5
"""What differs from what the others expect must differ by so many spreads of the column itself, or e^1.5 times."""
FROM_ZERO = 0.1
"""A column whose least value is more than this part of its median keeps away from 0: its values have one sign."""
ODD_ROWS_LEAST = 300
TREES, SUBSAMPLE = 100, 256
ODD = 0.72
"""A score of the isolation forest above this is given to rows that nearly every tree sets apart at once."""
MOST_ODD = 0.002


@dataclass(frozen=True, slots=True)
class _Far:
    """Values of a column that lie too far out."""

    name: str
    rows: Rows
    surprise: float
    strangeness: Floats
    """How far out each is, in units in which columns can be compared."""
    expected: Floats | None
    """What the other columns expect there, if they were asked."""


class Outliers:
    """Finds typing errors by their distance: an extra digit, a slipped point, a sign; and combinations that are odd.

    A value is judged by its column alone and by what the other columns expect of it, each time against the heaviest
    tail that the rest of the values allow (see `tails`).
    """

    name: ClassVar[str] = "outliers"
    kinds: ClassVar[tuple[str, ...]] = ("outlier_cells", "outlier_rows")

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding for each column, and one for odd rows."""
        if table.rows < ENOUGH_ROWS:
            return
        asked = set(askable(context))
        found: list[_Far] = []
        for column in context.of_kind("number", "integer"):
            if context.stop():
                return
            if column.distinct < DIFFERENT or says_code(column.name) or column.name.casefold().endswith("id"):
                continue
            values = context.numbers(column.name)
            far = _alone(column.name, values)
            if column.name in asked:
                far += _given_others(context, column.name, values)
            found += far
        for each in _blamed(found):
            yield _told(context, each, table.rows)
        yield from _odd_rows(context, table.rows)


def _alone(name: str, values: Floats) -> list[_Far]:
    """Return what lies beyond the tails of the column itself."""
    known = np.flatnonzero(~np.isnan(values)).astype(np.intp)
    held = values[known]
    amounts = is_amount(held)
    if amounts:  # many zeros say nothing of how large the others are
        known, held = known[held != 0], held[held != 0]
    found = [
        _named(name, known[far[0]], far[1], held[far[0]], held)
        for above in (True, False)
        if (far := _side(held, above=above)) is not None
    ]
    if amounts:
        kept = held > 0
        logs, rows = np.log(held[kept]), known[kept]
        low = _side(logs, above=False, power=False) if len(held) == (~np.isnan(values)).sum() else None
        if low is not None and len(low[0]) <= max(FEW, MOST_LOW * len(held)):  # beside zeros, a value near 0 is none
            found.append(_named(name, rows[low[0]], low[1], logs[low[0]], logs))
        found += _signs(name, known, held)
    return found


def _signs(name: str, rows: Rows, values: Floats) -> list[_Far]:
    """Return a few negative values of usual size where all others are above 0, and well above: a sign was added."""
    below = np.flatnonzero(values < 0)
    above = values[values > 0]
    if not 0 < len(below) <= MOST_SHARE * len(values) or len(above) < ENOUGH_ROWS:
        return []
    least, low, middle, high = np.quantile(above, [0.0, 0.005, 0.5, 0.995])
    sizes = -values[below]
    if least < FROM_ZERO * middle or ((sizes < low) | (sizes > high)).mean() > 0.5:
        return []
    return [_named(name, rows[below], 2.0 * SURPRISING, values[below], values)]


def _given_others(context: Context, name: str, values: Floats) -> list[_Far]:
    """Return what lies beyond the tails of what is left once the other columns have had their say."""
    expected = expected_of(context, name)
    if expected is None or not expected.helps or len(np.unique(values[~np.isnan(values)])) < CONTINUOUS:
        return []
    rows, left = expected.rows, expected.residual
    if len(values) <= ALL_ASKED:
        rows = np.flatnonzero(np.isfinite(expected.scaled(values))).astype(np.intp)
        left = expected.scaled(values[rows]) - expected.ask(rows)
    found = []
    for above in (True, False):
        far = _side(left, above=above)
        if far is None and above and expected.logged:
            far = _beyond_both(left, values[rows])
        if far is not None:
            places, surprise = far
            least = MATTERS * expected.alone
            if expected.logged:
                least = max(min(least, TIMES), 0.5 * least)
            places = places[np.abs(left[places]) >= least]
            if len(places):
                found.append(
                    _named(name, rows[places], surprise, left[places], left, _unscaled(expected, rows[places]))
                )
    return found


def _beyond_both(left: Floats, values: Floats) -> tuple[NDArray[np.intp], float] | None:
    """Return values that are far larger than all others, and of which the other columns expect nothing of the kind.

    Either alone would want a gap that no power explains; that both agree is as good, where ratios follow a power.
    Towards 0 it is not: there, a value is soon many times smaller than the next.
    """
    far = _side(left, above=True, power=False)
    if far is None or far[1] < BOTH:
        return None
    places = far[0][values[far[0]] > BEYOND_ALL * np.delete(values, far[0]).max()]
    return (places, far[1]) if len(places) else None


def _unscaled(expected: Expected, rows: Rows) -> Floats:
    at = expected.ask(rows)
    return np.exp(at) if expected.logged else at


def _side(values: Floats, *, above: bool, power: bool = True) -> tuple[NDArray[np.intp], float] | None:
    """Return the places of the values that are too far out on one side, and how surprising they are."""
    if len(values) < ENOUGH_ROWS:
        return None
    distances = values - np.median(values) if above else np.median(values) - values
    out = np.flatnonzero(distances > 0)
    found: Beyond | None = beyond(distances[out], most=max(1, int(MOST_SHARE * len(values))), power=power)
    if found is None or found.surprise < REMARKABLE:
        return None
    sure = found.count <= FEW or found.surprise >= SURPRISING
    if found.ratio < (FARTHER if power and sure else MUCH_FARTHER):
        return None
    order = np.argsort(-distances[out], kind="stable")[: found.count]
    return np.sort(out[order]), found.surprise


def _named(name: str, rows: Rows, surprise: float, far: Floats, held: Floats, expected: Floats | None = None) -> _Far:
    centre = float(np.median(held))
    scale = float(np.quantile(np.abs(held - centre), 0.9)) or 1.0
    return _Far(name, rows, surprise, np.abs(far - centre) / scale, expected)


def _blamed(found: list[_Far]) -> list[_Far]:
    """Keep of each row the column that is strangest there: a wrong value makes those that it predicts look wrong."""
    strangest: dict[int, float] = {}
    for each in found:
        for row, strange in zip(each.rows.tolist(), each.strangeness.tolist(), strict=True):
            strangest[row] = max(strangest.get(row, 0.0), strange)
    kept: dict[str, _Far] = {}
    for each in found:
        own = each.expected is None
        mine = np.array(
            [
                own or strange >= strangest[row]
                for row, strange in zip(each.rows.tolist(), each.strangeness.tolist(), strict=True)
            ],
            dtype=np.bool_,
        )
        if not mine.any():
            continue
        kept[each.name] = _joined(kept.get(each.name), each, mine)
    return list(kept.values())


def _joined(before: _Far | None, each: _Far, mine: NDArray[np.bool_]) -> _Far:
    rows, strange = each.rows[mine], each.strangeness[mine]
    guess = each.expected[mine] if each.expected is not None else np.full(len(rows), np.nan)
    if before is None:
        return _Far(each.name, rows, each.surprise, strange, guess)
    new = ~np.isin(rows, before.rows)
    joined = np.concatenate([before.rows, rows[new]])
    order = np.argsort(joined, kind="stable")
    held = before.expected if before.expected is not None else np.full(len(before.rows), np.nan)
    if each.expected is not None:  # what the others expect is worth more than nothing
        there = np.isin(before.rows, rows)
        held = held.copy()
        held[there] = np.where(np.isnan(held[there]), guess[np.searchsorted(rows, before.rows[there])], held[there])
    return _Far(
        each.name, joined[order], max(before.surprise, each.surprise),
        np.concatenate([before.strangeness, strange[new]])[order], np.concatenate([held, guess[new]])[order],
    )  # fmt: skip


def _told(context: Context, far: _Far, total: int) -> Detection:
    values = context.numbers(far.name)
    wrong = values[far.rows]
    rest = np.delete(values, far.rows)
    low, high = np.nanquantile(rest, [0.005, 0.995])
    worst = int(np.argmax(far.strangeness))
    example = context.texts(far.name)[int(far.rows[worst])]
    count = len(far.rows)
    repeated = count > FEW and len(np.unique(wrong)) <= 0.5 * count  # errors differ; what repeats is a group
    sure = far.surprise >= SURPRISING and not repeated
    confidence = float(np.clip(0.5 + far.surprise / 50.0, 0.5, 0.95))
    beyond_all = float(wrong[worst]) > np.nanmax(rest) or float(wrong[worst]) < np.nanmin(rest)
    places = decimals_of(rest)
    guess = float(far.expected[worst]) if far.expected is not None else np.nan
    if beyond_all or guess != guess:  # noqa: PLR0124  NaN
        why = f"99 % of the others lie between {low:.6g} and {high:.6g}"
    else:
        why = f"the other columns of that row speak for about {written(guess, places)}"
    yours = "lies" if count == 1 else "lie"
    return Detection(
        finding=Finding(
            kind="outlier_cells",
            columns=(far.name,),
            rows=shown(far.rows),
            message=f"{count:,} value{'s' if count > 1 else ''} of {far.name!r} ({percent(count / total)} of the rows) "
            f"{yours} much too far out, such as {example!r}: {why}.",
            severity="warning" if sure else "info",
            confidence=confidence,
            repair="Check them; leave them empty where they cannot be.",
        ),
        rows=far.rows,
        cells=(Cells(far.name, far.rows, None, np.full(count, confidence)),),
    )


def _odd_rows(context: Context, total: int) -> Iterator[Detection]:
    """Return rows whose numbers are odd together, by an isolation forest."""
    names = [column.name for column in context.of_kind("number", "integer") if column.distinct >= DIFFERENT][:50]
    if len(names) < 3 or total < ODD_ROWS_LEAST or context.stop():
        return
    from sklearn.ensemble import IsolationForest

    rows = np.arange(total, dtype=np.intp)
    if total > ALL_ASKED:
        rows = np.sort(np.random.default_rng(context.seed).choice(total, ALL_ASKED, replace=False)).astype(np.intp)
    X = np.column_stack([_filled(context.numbers(name)[rows]) for name in names])
    forest = IsolationForest(
        n_estimators=TREES, max_samples=min(SUBSAMPLE, len(rows)), random_state=context.seed, n_jobs=1
    )
    scores = -forest.fit(X).score_samples(X)
    odd = np.flatnonzero(scores >= ODD)
    most = max(1, int(MOST_ODD * len(rows)))
    if not len(odd):
        return
    odd = np.sort(odd[np.argsort(-scores[odd], kind="stable")][:most])
    found = rows[odd]
    first = int(odd[np.argmax(scores[odd])])
    yield Detection(
        finding=Finding(
            kind="outlier_rows",
            rows=shown(found),
            message=f"{len(found):,} row{'s are' if len(found) > 1 else ' is'} unlike all others in several columns at "
            f"once ({percent(len(found) / total)}), above all data row {context.row(int(rows[first]))}.",
            severity="info",
            confidence=0.5,
            repair="Look at them: they may be errors, or the cases that matter most.",
        ),
        rows=found,
    )


def _filled(values: Floats) -> Floats:
    scaled = on_scale(values, logged=True) if is_amount(values) and not (values == 0).any() else values
    known = scaled[np.isfinite(scaled)]
    return np.where(np.isfinite(scaled), scaled, np.median(known) if len(known) else 0.0)

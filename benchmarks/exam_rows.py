"""Errors of rows, of columns that belong together, and of the target.

When an error is visible: rows repeat in a table whose clean rows hardly do (under 1 % of them), or nearly repeat where
clean rows hardly do; labels conflict where the features of clean rows hardly repeat;
a dependency holds without exception in the clean table, and each left value has at least five rows to show it; a total
is wrong by at least a twentieth and by more than rounding.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import numpy as np
import polars as pl
from exam_common import (
    Injected,
    Rng,
    Rows,
    categories,
    changed,
    measured,
    numbers,
    planted,
    shuffled,
    some_rows,
    with_cells,
)
from exam_tables import Clean
from exam_texts import random_dates

REPEATS = 0.01
SHOWS = 5
USUAL = 0.8
"""What follows from another column has no value that more rows than these have: it would hardly vary."""
REGIONS = ("North", "South", "East", "West", "Centre", "Coast", "Islands", "Highlands")


def dependency(table: Clean, rng: Rng) -> Injected | None:
    """Break a rule like "the same town, the same state" in 0.5 to 2 % of the rows; planted where there is none."""
    found = {name: counted for name, counted in categories(table, fewest=6, most=500).items() if len(counted) >= 6}
    for left in shuffled(rng, list(found)):
        right = next((name for name in found if name != left and _depends(table.frame, left, name)), None)
        if right is not None:
            return _broken(table, left, right, rng)
    for left in shuffled(rng, list(found)):
        levels = found[left]["text"].to_list()
        regions = dict(zip(levels, rng.choice(REGIONS[: max(3, min(8, len(levels) // 2))], len(levels)), strict=True))
        cells = [None if text is None else str(regions[text]) for text in table.frame[left].to_list()]
        usual = pl.Series(cells).drop_nulls().value_counts(sort=True)["count"]
        if len(usual) > 1 and usual[0] < USUAL * usual.sum():
            table = planted(table, {"region_of": cells})
            return _broken(table, left, table.frame.columns[-1], rng)
    return None


def _depends(frame: pl.DataFrame, left: str, right: str) -> bool:
    """Tell whether left says right without exception, and not because right is nearly constant or the same."""
    pairs = frame.select(left, right).drop_nulls()
    each = pairs.group_by(left).agg(pl.col(right).n_unique().alias("n"))
    top = pairs[right].value_counts(sort=True)["count"][0] / max(len(pairs), 1)
    return bool((each["n"] == 1).all()) and pairs[right].n_unique() >= 3 and top < USUAL


def _broken(table: Clean, left: str, right: str, rng: Rng) -> Injected | None:
    size = pl.len().over(left).alias("size")
    frame = table.frame.select(left, right, size)
    mask = ((frame["size"] >= SHOWS) & frame[left].is_not_null() & frame[right].is_not_null()).to_numpy()
    rows = some_rows(rng, mask, 0.005, 0.02)
    if rows is None or _crowded(table, left, rows):
        return None
    values = table.frame[right].drop_nulls().unique(maintain_order=True).to_list()
    new = [str(rng.choice([value for value in values if value != table.frame[right][int(row)]])) for row in rows]
    done = changed(table, right, rows, new)
    return Injected(done.before, done.frame, (right, left), rows, note=f"{left} -> {right}: {done.note}")


def _crowded(table: Clean, left: str, rows: Rows) -> bool:
    """Tell whether the wrong cells of one left value are no small part of its rows."""
    wrong = table.frame[left].gather(rows).value_counts()
    total = dict(table.frame[left].value_counts().iter_rows())
    return any(count > 0.2 * total[text] + 1 for text, count in wrong.iter_rows())


def contradiction(table: Clean, rng: Rng) -> Injected | None:
    """Let columns contradict each other in 0.5 to 2 % of the rows: end before start, wrong total, low above high."""
    for make in shuffled(rng, [_end_before_start, _wrong_total, _low_above_high]):
        if done := make(table, rng):
            return done
    return None


def _end_before_start(table: Clean, rng: Rng) -> Injected | None:
    rows = some_rows(rng, np.ones(table.frame.height, dtype=bool), 0.005, 0.02)
    if rows is None:
        return None
    starts = [date.fromisoformat(text) for text in random_dates(rng, table.frame.height)]
    ends = [
        start + timedelta(days=int(days)) for start, days in zip(starts, rng.gamma(2, 20, len(starts)), strict=True)
    ]
    names = [("start", "end"), ("admitted", "discharged"), ("ordered", "shipped")][int(rng.integers(3))]
    table = planted(table, {names[0]: [str(day) for day in starts], names[1]: [str(day) for day in ends]})
    wrong = [str(starts[row] - timedelta(days=int(rng.integers(1, 300)))) for row in rows]
    done = changed(table, table.frame.columns[-1], rows, wrong)
    return Injected(done.before, done.frame, tuple(done.frame.columns[-2:]), rows, note=done.note)


def _wrong_total(table: Clean, rng: Rng) -> Injected | None:
    columns = list(shuffled(rng, measured(table)))
    for one, other in pairwise(columns):
        a, b = numbers(table.frame, one), numbers(table.frame, other)
        both = np.isfinite(a) & np.isfinite(b)
        rows = some_rows(rng, both & (np.abs(a + b) > 0), 0.005, 0.02)
        if rows is None or not 0.02 < np.std(a[both]) / max(np.std(b[both]), 1e-12) < 50:
            continue
        total = [f"{x:.10g}" if np.isfinite(x) else None for x in a + b]
        table = planted(table, {"total": total})
        factor = np.where(rng.random(len(rows)) < 0.5, rng.uniform(0.3, 0.9, len(rows)), rng.uniform(1.1, 2, len(rows)))
        done = changed(table, table.frame.columns[-1], rows, [f"{x:.6g}" for x in (a + b)[rows] * factor])
        return Injected(done.before, done.frame, (one, other, done.frame.columns[-1]), rows, note=done.note)
    return None


def _low_above_high(table: Clean, rng: Rng) -> Injected | None:
    for name in shuffled(rng, measured(table)):
        low = numbers(table.frame, name)
        held = low[np.isfinite(low)]
        gap = np.round(rng.gamma(1.5, max(float(np.std(held)), 1e-9) * 0.4, len(low)), 3) + 0.01
        rows = some_rows(rng, np.isfinite(low), 0.005, 0.02)
        if rows is None:
            continue
        texts = [f"{x:.10g}" if np.isfinite(x) else None for x in low + gap]
        table = planted(table, {f"{name}_max": texts})
        wrong = [f"{x:.10g}" for x in (low - gap)[rows]]
        done = changed(table, table.frame.columns[-1], rows, wrong)
        return Injected(done.before, done.frame, (name, done.frame.columns[-1]), rows, note=done.note)
    return None


def exact_duplicates(table: Clean, rng: Rng) -> Injected | None:
    """Repeat 1 to 10 % of the rows, anywhere below them."""
    if table.frame.is_duplicated().mean() > REPEATS:
        return None
    rows = some_rows(rng, np.ones(table.frame.height, dtype=bool), 0.011, 0.1)
    return None if rows is None else _inserted(table, table.frame[rows], rows, rng, "rows once more")


def near_duplicates(table: Clean, rng: Rng) -> Injected | None:
    """Repeat 1 to 5 % of the rows with one cell written a little otherwise."""
    frame = table.frame
    if frame.width < 6 or frame.drop(_own(frame), strict=False).width < 5 or _nearly_repeat(frame) > REPEATS:
        return None
    rows = some_rows(rng, np.ones(frame.height, dtype=bool), 0.01, 0.05)
    if rows is None:
        return None
    copies = frame[rows]
    for row in range(len(rows)):
        filled = [name for name in frame.columns if copies[name][row] and name != table.target]
        if filled:
            name = str(rng.choice(filled))
            copies = with_cells(copies, name, np.array([row]), [_touched(copies[name][row], rng)])
    return _inserted(table, copies, rows, rng, "rows once more, one cell otherwise")


def _own(frame: pl.DataFrame) -> list[str]:
    """Return columns that number the rows: the copy of a row would have its own number."""
    return [name for name in frame.columns if frame[name].n_unique() == frame.height]


def _nearly_repeat(frame: pl.DataFrame) -> float:
    """Return the share of rows that equal another one in all columns, or in all but one."""
    alike = np.zeros(frame.height, dtype=bool)
    for name in frame.columns:
        alike |= frame.drop(name).hash_rows().is_duplicated().to_numpy()
    return float(alike.mean())


def _touched(text: str, rng: Rng) -> str:
    """Write a cell a little otherwise."""
    try:
        number = float(text)
    except ValueError:
        return (
            text.upper() if text.upper() != text and rng.random() < 0.5 else text[:-1] if len(text) > 3 else f"{text}."
        )
    return f"{number * (1 + float(rng.choice([-1, 1])) * rng.uniform(0.005, 0.02)):.6g}" if number else "1"


def conflicting_labels(table: Clean, rng: Rng) -> Injected | None:
    """Repeat 1 to 3 % of the rows with another label."""
    if table.target is None or not 2 <= table.frame[table.target].drop_nulls().n_unique() <= 20:
        return None
    features = table.frame.drop(table.target)
    if not features.width or features.is_duplicated().mean() > REPEATS:
        return None
    rows = some_rows(rng, table.frame[table.target].is_not_null().to_numpy(), 0.01, 0.03)
    if rows is None:
        return None
    labels = table.frame[table.target].drop_nulls().unique(maintain_order=True).to_list()
    copies = table.frame[rows]
    other = [str(rng.choice([label for label in labels if label != old])) for old in copies[table.target].to_list()]
    done = _inserted(table, copies.with_columns(pl.Series(table.target, other)), rows, rng, "rows with another label")
    return Injected(done.before, done.frame, (), done.rows, done.twins, done.note)


def _inserted(table: Clean, copies: pl.DataFrame, rows: Rows, rng: Rng, what: str) -> Injected:
    """Return the table with more rows, all in an order in which the copies stand anywhere behind their originals."""
    places = np.concatenate([np.arange(table.frame.height), rng.uniform(rows, table.frame.height)])
    order = np.argsort(places, kind="stable")
    where = np.empty(len(order), dtype=np.intp)
    where[order] = np.arange(len(order))
    new = where[table.frame.height :]
    by = np.argsort(new)
    frame = pl.concat([table.frame, copies])[order]
    return Injected(table.frame, frame, (), new[by], where[rows][by], f"{len(rows)} {what}")


def constant_column(table: Clean, rng: Rng) -> Injected | None:
    """Plant a column with one value."""
    value = str(rng.choice(["1", "0", "EU", "active", "2024-01-01"]))
    dirty = planted(table, {"status_flag": [value] * table.frame.height})
    return Injected(table.frame, dirty.frame, (dirty.frame.columns[-1],), note=f"all {value!r}")


def duplicated_column(table: Clean, rng: Rng) -> Injected | None:
    """Repeat a column under another name."""
    for name in shuffled(rng, [name for name in table.frame.columns if name != table.target]):
        if table.frame[name].n_unique() >= 5:
            dirty = planted(table, {f"{name}_copy": table.frame[name].to_list()})
            return Injected(table.frame, dirty.frame, (name, dirty.frame.columns[-1]), note=f"{name} once more")
    return None


def telling_gaps(table: Clean, rng: Rng) -> Injected | None:
    """Empty a column in 30 to 60 % of the rows of one class, or above the median, and hardly ever in others."""
    if table.target is None or table.frame.height < 200:
        return None
    target = table.frame[table.target]
    values = numbers(table.frame, table.target)
    if target.drop_nulls().n_unique() > 20 and np.isfinite(values).mean() > 0.9:
        high = values > np.nanmedian(values)
    else:
        label = target.drop_nulls().value_counts(sort=True)[table.target][0]
        high = (target != label).fill_null(value=False).to_numpy()
    own = set(_own(table.frame))  # ids are left out of the model, and their gaps with them
    usable = [name for name in table.frame.columns if name != table.target and name not in own]
    usable = [name for name in usable if table.frame[name].null_count() == 0]
    if not 20 <= high.sum() <= len(high) - 20 or not usable:
        return None
    gone = np.flatnonzero(rng.random(len(high)) < np.where(high, rng.uniform(0.3, 0.6), 0.02)).astype(np.intp)
    name = str(rng.choice(usable))
    frame = with_cells(table.frame, name, gone, [None] * len(gone))
    return Injected(table.frame, frame, (name,), note=f"{len(gone)} gaps, mostly where the target is high or rare")


def sorted_rows(table: Clean, rng: Rng) -> Injected | None:  # noqa: ARG001  one signature for all
    """Sort the rows by the target."""
    if table.target is None or table.frame.height < 100 or table.frame[table.target].n_unique() < 2:
        return None
    values = numbers(table.frame, table.target)
    key = (
        values if np.isfinite(values).mean() > 0.9 else table.frame[table.target].fill_null("").rank("dense").to_numpy()
    )
    if abs(np.corrcoef(np.nan_to_num(key), np.arange(len(key)))[0, 1]) > 0.3:
        return None
    order = np.argsort(key, kind="stable")
    return Injected(table.frame, table.frame[order], (), note="rows by the target")


def leak(table: Clean, rng: Rng) -> Injected | None:
    """Plant a column that says the target: in other words, with 1 % of it wrong, or with a little noise."""
    if table.target is None:
        return None
    target, values = table.frame[table.target], numbers(table.frame, table.target)
    if np.isfinite(values).mean() > 0.9 and target.n_unique() > 20:
        noise = rng.normal(0, 0.01 * np.nanstd(values), len(values))
        texts = [f"{x:.6g}" if np.isfinite(x) else None for x in values * rng.uniform(0.5, 3) + noise]
    else:
        levels = target.drop_nulls().unique(maintain_order=True).to_list()
        words = dict(zip(levels, rng.permutation([f"L{place}" for place in range(len(levels))]), strict=True))
        texts = [None if text is None else str(words[text]) for text in target.to_list()]
        for row in np.flatnonzero(rng.random(len(texts)) < 0.01):
            texts[row] = str(rng.choice(list(words.values())))
    dirty = planted(table, {"outcome_note": texts})
    return Injected(table.frame, dirty.frame, (dirty.frame.columns[-1],), note=f"says {table.target}")


def imbalance(table: Clean, rng: Rng) -> Injected | None:
    """Leave one class with under 1 % of the rows."""
    if table.target is None or table.frame[table.target].drop_nulls().n_unique() != 2:
        return None
    rare = table.frame[table.target].drop_nulls().value_counts(sort=True)[table.target][-1]
    mask = (table.frame[table.target] == rare).fill_null(value=False).to_numpy()
    kept = max(int(0.007 * (~mask).sum()), 3)
    if mask.sum() <= 2 * kept or mask.mean() < 0.02:
        return None
    rows = np.sort(np.concatenate([np.flatnonzero(~mask), rng.choice(np.flatnonzero(mask), kept, replace=False)]))
    return Injected(table.frame, table.frame[rows], (table.target,), note=f"{kept} rows of {rare!r} left")

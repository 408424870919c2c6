"""Errors in numbers: scale, unit, outlying cells, impossible values, stand-ins for missing ones, words, written units.

When an error is visible: at least four in five of the changed values lie outside the central 99.8 % of what the column
held (among the values out there most are then wrong ones), or the other columns tell what the value should have been,
to within a quarter of the change. Single outlying cells lie beyond every clean value, by half of the way from the
middle to the farthest one. A stand-in for "missing" is a number that the column does not hold, outside its range.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from exam_common import (
    Injected,
    Rng,
    Rows,
    categories,
    changed,
    known,
    measured,
    numbers,
    shuffled,
    some_rows,
    written,
)
from exam_tables import Clean
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CENTRAL = (0.001, 0.999)
OUTSIDE = 0.8
TOLD = 0.25
BEYOND = 0.5
UNITS: dict[str, Callable[[Floats], Floats]] = {
    "lb for kg": lambda x: x * 2.2046226,
    "kg for lb": lambda x: x / 2.2046226,
    "in for cm": lambda x: x / 2.54,
    "cm for in": lambda x: x * 2.54,
    "mi for km": lambda x: x / 1.609344,
    "km for mi": lambda x: x * 1.609344,
    "ft for m": lambda x: x * 3.28084,
    "oz for g": lambda x: x / 28.349523,
}
DEGREES: dict[str, Callable[[Floats], Floats]] = {
    "F for C": lambda x: x * 1.8 + 32,
    "C for F": lambda x: (x - 32) / 1.8,
}
"""Only for columns whose names speak of temperature."""
NEVER_NEGATIVE = frozenset(
    {
        "age", "price", "amount", "weight", "height", "length", "width", "depth", "area", "income", "salary", "wage",
        "count", "population", "pop", "size", "cost", "charges", "fee", "sqft", "volume", "distance", "duration",
        "mass", "calories", "carat", "speed", "horsepower", "displacement", "expenditure", "tenure", "seats", "visits",
        "nodes", "sodium", "listings", "sales", "ram", "hd", "credit", "miles", "enroll", "apps", "hours", "ounces",
        "humidity", "hum", "hallux", "wing", "culmen", "tuition", "alcohol", "density", "sulphates", "acidity",
        "protein", "sugar", "fat",
    }
)  # fmt: skip
"""Words in names of columns whose values cannot be below 0."""
WORDS = (
    "twelve",
    "about 30",
    "see note",
    "broken",
    "not measured",
    "ask Anna",
    "too high",
    "error!",
    "ca. 5",
    "pending",
)
STAND_INS = ("-1", "999", "9999", "-999", "99999", "-9")
BLANKS = ("unknown", "-", "?", "n/a", "missing", "not available")
WRITTEN = ("{} kg", "{} cm", "${}", "{} USD", "EUR {}", "{} km", "{}%", "{} g")


def scale(table: Clean, rng: Rng) -> Injected | None:
    """Make 1 to 5 % of a column a power of ten too large or too small."""
    powers = [10.0**power for power in (-3, -2, -1, 1, 2, 3)]
    ways = [(lambda x, factor=factor: x * factor) for factor in powers]
    return _converted(table, rng, ways, 0.01, 0.05)


def unit(table: Clean, rng: Rng) -> Injected | None:
    """Write 2 to 15 % of a column in another unit."""
    return _converted(table, rng, list(UNITS.values()), 0.02, 0.15, list(DEGREES.values()))


def _converted(
    table: Clean,
    rng: Rng,
    ways: list[Callable[[Floats], Floats]],
    low: float,
    high: float,
    degrees: list[Callable[[Floats], Floats]] | None = None,
) -> Injected | None:
    """Convert rows of a positive column that is no count, by the first way that is visible."""
    for name in shuffled(rng, measured(table)):
        values = numbers(table.frame, name)
        held = values[np.isfinite(values)]
        if (held < 0).any() or (held > 0).mean() < 0.5 or (degrees and _counts(name, held)):
            continue
        rows = some_rows(rng, values > 0, low, high)
        if rows is None:
            continue
        warm = degrees is not None and "temp" in name.lower()
        for way in shuffled(rng, degrees if warm and degrees else ways):
            new = way(values[rows])
            if (new > 0).mean() > 0.95 and visible(table, name, rows, new):
                return changed(table, name, rows, _texts(table, name, rows, new))
    return None


def _counts(name: str, held: Floats) -> bool:
    """Tell whether a column counts: years of age, small whole numbers, and what its name says is counted."""
    words = set(_spaced(name).lower().replace(".", " ").replace("_", " ").split())
    small = bool((held % 1 == 0).all()) and np.median(held) < 30
    return small or bool(
        words & {"age", "count", "num", "number", "n", "nodes", "apps", "accept", "enroll", "listings"}
    )


def visible(table: Clean, name: str, rows: Rows, new: Floats) -> bool:
    """Tell whether a person could see these new values: see the rule at the top."""
    values = numbers(table.frame, name)
    low, high = np.quantile(values[np.isfinite(values)], CENTRAL)
    if ((new < low) | (new > high)).mean() >= OUTSIDE:
        return True
    change = np.abs(_log(new) - _log(values[rows]))
    return bool(np.median(change) * TOLD >= _untold(table, name))


def _untold(table: Clean, name: str) -> float:
    """Return how far, in logarithms, a value lies from what the other columns say of it: 90 % are nearer."""
    y = _log(numbers(table.frame, name))
    others = [numbers(table.frame, other) for other in measured(table) if other != name][:40]
    rows = np.isfinite(y)
    if not others or rows.sum() < 100:
        return np.inf
    X = np.column_stack([column for x in others for column in (_log(x), x)])
    X = X[:, np.isfinite(X).any(axis=0)]
    X = np.where(np.isfinite(X), X, np.nanmedian(np.where(np.isfinite(X), X, np.nan), axis=0))
    X = (X - X.mean(axis=0)) / np.maximum(X.std(axis=0), 1e-12)
    X = np.column_stack([X, np.ones(len(X))])[rows]
    weights = np.linalg.solve(X.T @ X + 1e-3 * len(X) * np.eye(X.shape[1]), X.T @ y[rows])
    return float(np.quantile(np.abs(y[rows] - X @ weights), 0.9))


def _log(x: Floats) -> Floats:
    return np.log(np.where(x > 0, x, np.nan))


def outliers(table: Clean, rng: Rng) -> Injected | None:
    """Let the hand slip in 0.2 to 2 % of the cells: a digit twice, the decimal point elsewhere, the sign."""
    slips: list[Callable[[str], str]] = [
        lambda text: text.replace(text.strip("-")[:1], text.strip("-")[:1] * 2, 1),
        lambda text: f"{float(text) * 100:.10g}",
        lambda text: f"{float(text) * 10:.10g}",
        lambda text: text[1:] if text.startswith("-") else f"-{text}",
    ]
    for name in shuffled(rng, measured(table)):
        values = numbers(table.frame, name)
        held = values[np.isfinite(values)]
        low, middle, high = held.min(), np.median(held), held.max()
        for slip in shuffled(rng, slips):
            texts = table.frame[name].to_list()
            new = [slip(t.strip()) if t and np.isfinite(v) and v != 0 else None
                   for t, v in zip(texts, values, strict=True)]  # fmt: skip
            wrong = np.array([float(text) if text else np.nan for text in new])
            above = wrong > high + BEYOND * (high - middle)
            below = wrong < low - BEYOND * (middle - low)
            rows = some_rows(rng, above | below, 0.002, 0.02, len(held))
            if rows is not None:
                return changed(table, name, rows, [new[row] for row in rows])
    return None


def impossible(table: Clean, rng: Rng) -> Injected | None:
    """Make 0.5 to 2 % of a column negative that cannot be, as its name says."""
    for name in shuffled(rng, measured(table, different=15)):
        parts = "".join(c.lower() if c.isalpha() else " " for c in _spaced(name)).split()
        held = known(table, name)
        if held is None or not set(parts) & NEVER_NEGATIVE or held.min() < 0 or np.median(held) <= 0:
            continue
        values = numbers(table.frame, name)
        rows = some_rows(rng, values > 0, 0.005, 0.02)
        if rows is not None:
            return changed(table, name, rows, [f"-{table.frame[name][int(row)].strip()}" for row in rows])
    return None


def _spaced(name: str) -> str:
    return "".join(f" {c}" if c.isupper() and i and name[i - 1].islower() else c for i, c in enumerate(name))


def disguised_missing(table: Clean, rng: Rng) -> Injected | None:
    """Let something stand for "missing" in 1 to 8 % of the cells: a number out of range, or a word."""
    columns = [*measured(table, different=15), *categories(table)]
    worded = set(columns) & set(categories(table))
    for name in shuffled(rng, columns):
        present = table.frame[name].drop_nulls()
        taken = set(present.str.strip_chars().str.to_lowercase())
        tokens = [token for token in BLANKS if token not in taken]
        if name not in worded:
            held = known(table, name)
            tokens += [token for token in STAND_INS if held is not None and _out_of_range(float(token), held)]
        rows = some_rows(rng, table.frame[name].is_not_null().to_numpy(), 0.01, 0.08)
        if tokens and rows is not None:
            token = tokens[int(rng.integers(len(tokens)))]
            return changed(table, name, rows, [token] * len(rows))
    return None


def _out_of_range(number: float, held: Floats) -> bool:
    low, middle, high = held.min(), np.median(held), held.max()
    return number > high + BEYOND * (high - middle) if number > 0 else low >= 0


def mixed_types(table: Clean, rng: Rng) -> Injected | None:
    """Write words among the numbers, in 0.5 to 3 % of the cells."""
    for name in shuffled(rng, measured(table, different=15)):
        rows = some_rows(rng, np.isfinite(numbers(table.frame, name)), 0.005, 0.03)
        if rows is not None:
            used = rng.choice(WORDS, int(rng.integers(1, 4)), replace=False)
            return changed(table, name, rows, [str(word) for word in rng.choice(used, len(rows))])
    return None


def numbers_as_text(table: Clean, rng: Rng) -> Injected | None:
    """Write a unit or a currency at the number, in 2 to 20 % of the cells."""
    for name in shuffled(rng, measured(table, different=15)):
        rows = some_rows(rng, np.isfinite(numbers(table.frame, name)), 0.02, 0.2)
        if rows is not None:
            form = str(rng.choice(WRITTEN))
            return changed(table, name, rows, [form.format(table.frame[name][int(row)].strip()) for row in rows])
    return None


def _texts(table: Clean, name: str, rows: Rows, new: Floats) -> list[str | None]:
    old = table.frame[name].gather(rows).to_list()
    return [written(float(value), text or "") for value, text in zip(new, old, strict=True)]

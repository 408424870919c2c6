"""Typed columns of every kind, made up."""

from __future__ import annotations

import numpy as np

from mlwright.columns import Coded, Columns
from mlwright.schema import Column, Kind

WORDS = [
    "the",
    "a",
    "good",
    "bad",
    "fine",
    "slow",
    "fast",
    "not",
    "never",
    "very",
    "room",
    "staff",
    "food",
    "price",
    "7",
    "!",
    "and",
]


def coded(values: list[str | None]) -> Coded:
    """Return strings as a column of them."""
    known = tuple(sorted({value for value in values if value is not None}))
    position = {value: place for place, value in enumerate(known)}
    return Coded(np.array([-1 if v is None else position[v] for v in values], dtype=np.int32), known)


def row(columns: Columns, place: int) -> dict[str, float | str | None]:
    """Return one row as a model reads it."""
    found: dict[str, float | str | None] = {}
    for name, values in columns.items():
        if isinstance(values, Coded):
            code = int(values.codes[place])
            found[name] = values.values[code] if code >= 0 else None
        else:
            value = float(values[place])
            found[name] = None if np.isnan(value) else value
    return found


def table(rows: int, seed: int, *, missing: float = 0.1) -> tuple[Columns, list[Column], np.ndarray]:
    """Return columns of every kind with missing values, what they are, and a signal that depends on them."""
    rng = np.random.default_rng(seed)
    age, income = rng.normal(40, 12, rows), rng.lognormal(8, 2, rows)
    town, shop = rng.integers(0, 8, rows), rng.zipf(1.3, rows) % 500
    review = [" ".join(rng.choice(WORDS, rng.integers(1, 15))) for _ in range(rows)]
    signal = (age > 40) + (town % 3 == 0) + 0.5 * np.array(["good" in text for text in review])
    gone = rng.random((7, rows)) < missing
    data = {
        "age": np.where(gone[0], np.nan, age),
        "income": np.where(gone[1], np.nan, income),
        "member": np.where(gone[2], np.nan, rng.integers(0, 2, rows).astype(float)),
        "since": np.where(gone[3], np.nan, 1.5e9 + rng.random(rows) * 2e8),
        "town": coded([None if lost else f"town {t}" for lost, t in zip(gone[4], town, strict=True)]),
        "shop": coded([None if lost else f"shop {s}" for lost, s in zip(gone[5], shop, strict=True)]),
        "review": coded([None if lost else text for lost, text in zip(gone[6], review, strict=True)]),
    }
    kinds: dict[str, Kind] = {
        "age": "number",
        "income": "number",
        "member": "boolean",
        "since": "datetime",
        "town": "category",
        "shop": "category",
        "review": "text",
    }
    described = [Column(name=name, kind=kind) for name, kind in kinds.items()]
    return Columns(data, rows), described, signal.astype(np.float64).reshape(-1, 1)

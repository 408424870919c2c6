"""Tables with something to learn in them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest


def make_table(rows: int = 400, seed: int = 0) -> pl.DataFrame:
    """Return a table with numbers, words, dates, a yes/no column, a class and an amount that depend on them."""
    random = np.random.default_rng(seed)
    age = random.integers(18, 80, rows)
    city = random.choice(["Rome", "Oslo", "Lima"], rows)
    income = random.lognormal(8, 0.5, rows)
    risk = 1 / (1 + np.exp(-(0.08 * (age - 45) + (city == "Rome"))))
    return pl.DataFrame(
        {
            "age": age,
            "city": city,
            "income": np.where(random.random(rows) < 0.1, np.nan, income),
            "left": np.where(random.random(rows) < risk, "yes", "no"),
            "plan": np.where(age < 35, "basic", np.where(city == "Oslo", "plus", "max")),
            "spent": income / 100 + 3 * age + random.normal(0, 5, rows),
        }
    )


@pytest.fixture
def table() -> pl.DataFrame:
    return make_table()


@pytest.fixture
def large_table() -> pl.DataFrame:
    return make_table(3000)

"""Configurations written as a table: names once, then a row of values for each."""

from __future__ import annotations

from typing import Any

from mlwright.learn.base import Configuration


def table(names: str, *rows: tuple[Any, ...]) -> tuple[Configuration, ...]:
    """Return a configuration for each row of values.

    >>> table("depth rate", (6, 0.1), (8, 0.05))
    ({'depth': 6, 'rate': 0.1}, {'depth': 8, 'rate': 0.05})
    """
    return tuple(dict(zip(names.split(), row, strict=True)) for row in rows)

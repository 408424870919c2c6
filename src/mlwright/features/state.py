"""Checked reading of an encoder's state: a model from anywhere is refused in one sentence, never trusted."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import ModelError
from mlwright.features.base import Arrays

Plain = Mapping[str, Any]
MOST_COLUMNS = 10_000
"""No encoder makes more columns of one: a small file could else ask for gigabytes."""


def damaged(what: str) -> ModelError:
    """Return the error for a recipe that cannot be what `to_dict` wrote."""
    return ModelError(f"The recipe is damaged: {what}.", hint="copy the model again, or build it anew.")


def text(plain: Plain, key: str) -> str:
    """Return the string under a key."""
    value = plain.get(key)
    if not isinstance(value, str):
        raise damaged(f"{key!r} is no text")
    return value


def flag(plain: Plain, key: str) -> bool:
    """Return the boolean under a key."""
    value = plain.get(key)
    if not isinstance(value, bool):
        raise damaged(f"{key!r} is neither true nor false")
    return value


def number(plain: Plain, key: str, *, above: float = -math.inf) -> float:
    """Return the finite number under a key."""
    value = plain.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise damaged(f"{key!r} is no number")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found) or found <= above:
        raise damaged(f"{key!r} is {value!s:.40}")
    return found


def numbers(plain: Plain, key: str) -> tuple[float, ...]:
    """Return the list of finite numbers under a key."""
    value = plain.get(key)
    if not isinstance(value, list):
        raise damaged(f"{key!r} is no list of numbers")
    return tuple(number({key: item}, key) for item in value)


def strings(plain: Plain, key: str) -> tuple[str, ...]:
    """Return the list of distinct strings under a key."""
    value = plain.get(key)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise damaged(f"{key!r} is no list of texts")
    if len(set(value)) != len(value):
        raise damaged(f"{key!r} holds a text twice")
    return tuple(value)


def mapping(plain: Plain, key: str) -> Plain:
    """Return the object under a key."""
    value = plain.get(key)
    if not isinstance(value, dict):
        raise damaged(f"{key!r} is no object")
    return value


def mappings(plain: Plain, key: str) -> list[Plain]:
    """Return the list of objects under a key."""
    value = plain.get(key)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise damaged(f"{key!r} is no list of objects")
    return value


def matrix(arrays: Arrays, key: str, *, rows: int) -> NDArray[np.floating[Any]]:
    """Return the finite (rows, any) array of floats under a key."""
    value = arrays.get(key)
    if not isinstance(value, np.ndarray) or value.dtype not in (np.float16, np.float32, np.float64):
        raise damaged(f"array {key!r} is missing or holds no floats")
    if value.ndim != 2 or value.shape[0] != rows or value.shape[1] > MOST_COLUMNS:
        raise damaged(f"array {key!r} has shape {value.shape}, not ({rows}, ...)")
    if not np.isfinite(value).all():
        raise damaged(f"array {key!r} holds values that are not finite")
    return value

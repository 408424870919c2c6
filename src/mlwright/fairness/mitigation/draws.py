"""A number between 0 and 1 for each row, from its typed values: the same row gets the same one, everywhere and always.

Where a group's rows are shared among two thresholds, somebody has to be on either side. A coin would answer the same
person differently when asked twice; this does not: the number is a hash of the values that the model reads (SplitMix64,
Steele, Lea and Flood 2014, over BLAKE2b of texts), salted with the model's seed. Needs NumPy alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns
from mlwright.tasks.base import Floats

Words = NDArray[np.uint64]

_MISSING = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def draws(columns: Columns, names: Sequence[str], seed: int) -> Floats:
    """Return (n,) numbers from 0 up to, but not including, 1.

    >>> columns = Columns({"age": np.array([41.0, np.nan, 41.0])}, 3)
    >>> draws(columns, ["age"], 0).round(3).tolist()
    [0.368, 0.603, 0.368]
    """
    state = np.full(columns.rows, _word(str(seed)), dtype=np.uint64)
    for name in sorted(names):
        state = _mixed(state ^ _mixed(_words(columns[name], name)))
    return np.asarray((state >> np.uint64(11)).astype(np.float64) * 2.0**-53, dtype=np.float64)


def _words(values: Floats | Coded, name: str) -> Words:
    salt = np.array(_word(name), dtype=np.uint64)
    if isinstance(values, Coded):
        table = np.array([*map(_word, values.values), int(_MISSING)], dtype=np.uint64)
        return np.asarray(table[values.codes] ^ salt, dtype=np.uint64)
    bits = np.ascontiguousarray(values + 0.0).view(np.uint64)  # -0 becomes 0
    return np.asarray(np.where(np.isnan(values), _MISSING, bits) ^ salt, dtype=np.uint64)


def _mixed(words: Words) -> Words:
    words = (words ^ (words >> np.uint64(30))) * _FIRST
    words = (words ^ (words >> np.uint64(27))) * _SECOND
    return np.asarray(words ^ (words >> np.uint64(31)), dtype=np.uint64)


def _word(text: str) -> int:
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")

"""Typed columns as few arrays that pack well in a model's folder, and back without trusting them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, Values
from mlwright.errors import ModelError
from mlwright.schema import Schema


def pack(columns: Columns) -> dict[str, NDArray[Any]]:
    """Return typed columns (of at most 32,767 rows) as arrays; a text that no row has is left out."""
    numbers = [values for values in columns.values() if not isinstance(values, Coded)]
    coded = [_used(values) for values in columns.values() if isinstance(values, Coded)]
    texts = [text.encode("utf-8", "replace") for values in coded for text in values.values]
    return {
        "numbers": np.array(numbers, dtype=np.float64).reshape(-1, columns.rows),
        "codes": np.array([values.codes for values in coded], dtype=np.int16).reshape(-1, columns.rows),
        "counts": np.array([len(values.values) for values in coded], dtype=np.int32),
        "lengths": np.array([len(text) for text in texts], dtype=np.int32),
        "texts": np.frombuffer(b"".join(texts), dtype=np.uint8),
    }


def unpack(names: object, arrays: Mapping[str, NDArray[Any]], schema: Schema, rows: int, *, what: str) -> Columns:
    """Return the columns that `pack` wrote. Raises ModelError, which names `what` they are, where they cannot be."""
    if not isinstance(names, list) or not all(isinstance(name, str) and name in schema for name in names):
        raise ModelError(f"Columns of the model's {what} are none that its schema knows.")
    if len(set(names)) != len(names):
        raise ModelError(f"A column of the model's {what} is there twice.")
    floats = [name for name in names if schema[name].is_float]
    texts = [name for name in names if not schema[name].is_float]
    numbers, codes = arrays["numbers"], arrays["codes"]
    if numbers.shape != (len(floats), rows) or numbers.dtype != np.float64 or np.isinf(numbers).any():
        raise ModelError(f"Numbers of the model's {what} cannot be.")
    if codes.shape != (len(texts), rows) or codes.dtype != np.int16:
        raise ModelError(f"Texts of the model's {what} cannot be.")
    data: dict[str, Values] = dict(zip(floats, numbers, strict=True))
    for name, row, values in zip(texts, codes, _levels(arrays, len(texts), what), strict=True):
        if rows and (row.min() < -1 or row.max() >= len(values) or len(set(values)) != len(values)):
            raise ModelError(f"Texts of the model's {what} cannot be.")
        data[name] = Coded(row.astype(np.int32), values)
    return Columns({name: data[name] for name in names}, rows)


def row_bytes(columns: Columns) -> float:
    """Return about how many bytes one row takes, packed."""
    taken = 0.0
    for values in columns.values():
        if isinstance(values, Coded):
            letters = sum(map(len, values.values[:1_000])) / max(1, min(1_000, len(values.values)))
            taken += 2 + letters * min(1.0, len(values.values) / max(1, columns.rows))
        else:
            taken += 8
    return taken


def _used(values: Coded) -> Coded:
    used, place = np.unique(values.codes[values.codes >= 0], return_inverse=True)
    codes = np.full(len(values), -1, dtype=np.int32)
    codes[values.codes >= 0] = place
    return Coded(codes, tuple(values.values[code] for code in used))


def _levels(arrays: Mapping[str, NDArray[Any]], columns: int, what: str) -> list[tuple[str, ...]]:
    """Return the texts of each column of texts."""
    counts, lengths, texts = arrays["counts"], arrays["lengths"], arrays["texts"]
    problem = ModelError(f"Texts of the model's {what} cannot be.")
    whole = all(array.ndim == 1 and array.dtype.kind in "iu" for array in (counts, lengths, texts))
    if not whole or texts.dtype != np.uint8 or len(counts) != columns or (counts < 0).any() or (lengths < 0).any():
        raise problem
    if int(counts.sum(dtype=np.int64)) != len(lengths) or int(lengths.sum(dtype=np.int64)) != len(texts):
        raise problem
    data, ends = texts.tobytes(), np.cumsum(lengths, dtype=np.int64).tolist()
    found = [data[end - length : end].decode() for end, length in zip(ends, lengths.tolist(), strict=True)]
    starts = np.cumsum(counts, dtype=np.int64).tolist()
    return [tuple(found[end - count : end]) for end, count in zip(starts, counts.tolist(), strict=True)]

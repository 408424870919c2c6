"""Cases: a few of the rows that taught, kept in the model, beside which a new row is seen.

They are the background of reasons, the past cases that a row is likened to, the yardstick of what is usual, and where
the values of counterfactuals come from. They are raw values of people: docs/explanation/privacy.md says so, and how to
keep none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, Values
from mlwright.errors import ModelError
from mlwright.learn.base import Floats
from mlwright.schema import Column, Schema
from mlwright.tasks.base import Target

MOST = 512
"""So many rows: a share among them is known to about 2 percentage points (1 / (2 sqrt(512)))."""
MOST_BYTES = 1 << 20
"""Of wide tables and long texts there are fewer rows, so that their values take at most this much, unpacked."""
FEWEST = 32
"""So many there are in any case, where the table has as many."""
OF_EACH_CLASS = 5
"""Rows of each class at least, where there are so many."""

Index = NDArray[np.intp]


@dataclass(frozen=True)
class Cases:
    """Rows that taught, in random order, so that the first few of them are a sample too."""

    columns: Columns
    """Typed raw values of the columns that the model reads, and of the sensitive ones."""
    y: Floats
    """(n,): the target, class positions where there are classes."""

    def __len__(self) -> int:
        """Return the number of cases."""
        return len(self.y)

    @classmethod
    def drawn(
        cls, columns: Columns, names: Sequence[str], target: Target, *, seed: int = 0, most: int = MOST
    ) -> Cases | None:
        """Draw cases of the named columns at random, the same for the same seed; None where there shall be none.

        At most `most`, fewer where they would take more than MOST_BYTES. Of a class that is rare there are at least 5,
        so that every class is there; all others come as often as they occur.
        """
        if most < 1 or not columns.rows:
            return None
        random = np.random.default_rng([seed, MOST])
        known = Columns({name: columns[name] for name in names}, columns.rows)
        order = _order(target, min(most, columns.rows), random)
        kept = order[: max(FEWEST, int(np.searchsorted(_bytes_until(known, order), MOST_BYTES, side="right")))]
        kept = kept[random.permutation(len(kept))]
        return cls(Columns({name: _own(values, kept) for name, values in known.items()}, len(kept)), target.y[kept])

    def read(self, columns: Sequence[Column]) -> Columns:
        """Return these columns of the cases; one that they do not hold is missing in all rows."""
        return Columns({each.name: self._of(each) for each in columns}, len(self))

    def _of(self, column: Column) -> Values:
        if column.name in self.columns:
            return self.columns[column.name]
        return np.full(len(self), np.nan) if column.is_float else Coded(np.full(len(self), -1, dtype=np.int32), ())

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the cases as a model holds them: the names as JSON, values as few arrays that pack well."""
        numbers = [values for values in self.columns.values() if not isinstance(values, Coded)]
        coded = [values for values in self.columns.values() if isinstance(values, Coded)]
        texts = [text.encode("utf-8", "replace") for values in coded for text in values.values]
        arrays: dict[str, NDArray[Any]] = {
            "y": self.y,
            "numbers": np.array(numbers, dtype=np.float64).reshape(-1, len(self)),
            "codes": np.array([values.codes for values in coded], dtype=np.int16).reshape(-1, len(self)),
            "counts": np.array([len(values.values) for values in coded], dtype=np.int32),
            "lengths": np.array([len(text) for text in texts], dtype=np.int32),
            "texts": np.frombuffer(b"".join(texts), dtype=np.uint8),
        }
        return {"columns": list(self.columns)}, arrays

    @classmethod
    def from_state(cls, state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]], schema: Schema) -> Cases:
        """Return the cases that `state` wrote. Raises ModelError where they are nothing that it writes."""
        names, y = state["columns"], arrays["y"]
        if not isinstance(names, list) or len(set(names)) != len(names) or not all(name in schema for name in names):
            raise ModelError("The model's cases have columns that its schema does not know.")
        floats = [name for name in names if schema[name].is_float]
        texts = [name for name in names if not schema[name].is_float]
        numbers, codes = arrays["numbers"], arrays["codes"]
        if y.ndim != 1 or not 1 <= len(y) <= MOST or y.dtype != np.float64 or not np.isfinite(y).all():
            raise ModelError("The model's cases have no target that can be.")
        if numbers.shape != (len(floats), len(y)) or numbers.dtype != np.float64 or np.isinf(numbers).any():
            raise ModelError("The model's cases hold numbers that cannot be.")
        if codes.shape != (len(texts), len(y)) or codes.dtype != np.int16:
            raise ModelError("The model's cases hold texts that cannot be.")
        levels = _levels(arrays, len(texts))
        data: dict[str, Values] = dict(zip(floats, numbers, strict=True))
        for name, row, values in zip(texts, codes, levels, strict=True):
            if row.min() < -1 or row.max() >= len(values) or len(set(values)) != len(values):
                raise ModelError("The model's cases hold texts that cannot be.")
            data[name] = Coded(row.astype(np.int32), values)
        return cls(Columns({name: data[name] for name in names}, len(y)), y)


def _order(target: Target, most: int, random: np.random.Generator) -> Index:
    """Return rows in the order in which they are wanted: a few of each rare class, then any at random."""
    order = random.permutation(len(target.y)).astype(np.intp)
    if not target.classes or most >= len(order):
        return order[:most]
    positions = target.y.astype(np.intp)
    counts = np.bincount(positions, minlength=len(target.classes))
    floor = max(1, min(OF_EACH_CLASS, most // (2 * len(counts))))
    rare = np.isin(positions[order], np.flatnonzero(counts * most < 2 * floor * len(order)))
    first = [np.flatnonzero(rare & (positions[order] == each))[:floor] for each in np.unique(positions[order[rare]])]
    wanted = np.zeros(len(order), dtype=bool)
    wanted[np.concatenate(first) if first else []] = True
    return np.concatenate([order[wanted], order[~wanted]])[:most]


def _bytes_until(columns: Columns, order: Index) -> NDArray[np.int64]:
    """Return how many bytes the values of the rows take, up to each of them; a text counts once in its column."""
    taken = np.zeros(len(order), dtype=np.int64)
    for values in columns.values():
        if not isinstance(values, Coded):
            taken += 8
            continue
        codes = values.codes[order]
        seen, first = np.unique(codes, return_index=True)
        taken += 2
        taken[first] += [len(values.values[code].encode("utf-8", "replace")) if code >= 0 else 0 for code in seen]
    return np.cumsum(taken)


def _own(values: Values, rows: Index) -> Values:
    """Return the rows of a column, with no text that none of them has."""
    if not isinstance(values, Coded):
        return values[rows]
    codes = values.codes[rows]
    used, place = np.unique(codes[codes >= 0], return_inverse=True)
    mine = np.full(len(codes), -1, dtype=np.int32)
    mine[codes >= 0] = place
    return Coded(mine, tuple(values.values[code] for code in used))


def _levels(arrays: Mapping[str, NDArray[Any]], columns: int) -> list[tuple[str, ...]]:
    """Return the texts of each column of texts."""
    counts, lengths, texts = arrays["counts"], arrays["lengths"], arrays["texts"]
    whole = all(array.ndim == 1 and array.dtype.kind in "iu" for array in (counts, lengths, texts))
    if not whole or texts.dtype != np.uint8 or len(counts) != columns or (counts < 0).any() or (lengths < 0).any():
        raise ModelError("The model's cases hold texts that cannot be.")
    if int(counts.sum(dtype=np.int64)) != len(lengths) or int(lengths.sum(dtype=np.int64)) != len(texts):
        raise ModelError("The model's cases hold texts that cannot be.")
    data, ends = texts.tobytes(), np.cumsum(lengths, dtype=np.int64).tolist()
    found = [data[end - length : end].decode() for end, length in zip(ends, lengths.tolist(), strict=True)]
    starts = np.cumsum(counts, dtype=np.int64).tolist()
    return [tuple(found[end - count : end]) for end, count in zip(starts, counts.tolist(), strict=True)]

"""Recorded JSON as typed columns and predictions, column by column: a monitor reads a million rows in seconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Columns, Values, read_series
from mlwright.model.parts import RowParts
from mlwright.schema import Column
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Floats
from mlwright.values import as_text, reader
from mlwright.values.times import EPOCHS

HASHED = "hmac:"
"""How a private value begins that the record holds as a hash: nothing can be said of it."""
LOOKED_AT = 10
"""Of the texts of a block so many are looked at first: where none of them is a hash, most are none."""
_NUMBERS = frozenset({float, int, type(None)})
_TEXTS = frozenset({str, type(None)})


class Objects:
    """Reads many small JSON objects of which the same few fields are wanted; what lacks one has UNSET there."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = list(names)
        fields = [f"field_{place}" for place in range(len(names))]
        self._fields = fields
        made = msgspec.defstruct(
            "Fields",
            [(field, Any, msgspec.UNSET) for field in fields],
            rename=dict(zip(fields, names, strict=True)),
            gc=False,
        )
        self._read: Callable[[bytes], list[Any]] = msgspec.json.Decoder(list[made]).decode  # type: ignore[valid-type]

    def columns(self, texts: Sequence[str]) -> list[list[Any]]:
        """Return the values of each field, in the order of the names."""
        if not self._fields:
            return []
        try:
            read = self._read(f"[{','.join(texts)}]".encode())
        except msgspec.DecodeError:  # an integer of hundreds of digits
            rows = [json.loads(text) for text in texts]
            return [[row.get(name, msgspec.UNSET) for row in rows] for name in self._names]
        # Two at least, so that a tuple comes of each, which is the fastest way to all fields.
        found = list(zip(*map(attrgetter(*self._fields, self._fields[0]), read), strict=True))
        return [list(each) for each in found[:-1]] or [[] for _ in self._fields]


class RecordedRows:
    """Reads recorded rows as a model does."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = tuple(columns)
        self._objects = Objects([column.name for column in columns])

    def read(self, texts: Sequence[str]) -> Columns:
        """Return typed columns of rows (JSON); a column that no row has, or that is hashed, is left out."""
        found: dict[str, Values] = {}
        for column, values in zip(self._columns, self._objects.columns(texts), strict=True):
            kinds = set(map(type, values))
            if kinds == {msgspec.UnsetType} or (str in kinds and _is_hashed(values)):
                continue
            raw = (
                [None if value is msgspec.UNSET else value for value in values]
                if msgspec.UnsetType in kinds
                else values
            )
            found[column.name] = _typed(raw, set(map(type, raw)), column)
        return Columns(found, len(texts))


def _is_hashed(values: Sequence[object]) -> bool:
    """Tell whether most texts are hashes, as where a policy hides a column; that some look so is anybody's doing."""
    texts = [value for value in values if isinstance(value, str)]
    if not any(text.startswith(HASHED) for text in texts[:: max(len(texts) // LOOKED_AT, 1)]):
        return False
    return 2 * sum(text.startswith(HASHED) for text in texts) > len(texts)


def _typed(raw: list[Any], kinds: set[type], column: Column) -> Values:
    """Return what `read_value` says of every value, in one go where it is provably the same."""
    import polars as pl

    if kinds <= _TEXTS:
        return read_series(pl.Series(column.name, raw, dtype=pl.String), column)
    # A whole number may be a moment in its format ("2015"), so that only plain numbers and epochs are read at once.
    if kinds <= _NUMBERS and column.is_float and (column.kind != "datetime" or column.datetime_format in EPOCHS):
        try:
            return read_series(pl.Series(column.name, np.array(raw, dtype=np.float64), nan_to_null=True), column)
        except OverflowError:  # an integer that no float can hold
            pass
    # 1, 1.0 and True are one key of a dict, and not always the same value of a column.
    read, seen = reader(column), {}
    for value in raw:
        key = (type(value), str(value))
        if key not in seen:
            seen[key] = read(value)
    typed = [seen[type(value), str(value)] for value in raw]
    if column.is_float:
        return np.array([np.nan if value is None else value for value in typed], dtype=np.float64)
    place: dict[str, int] = {}
    codes = [-1 if value is None else place.setdefault(str(value), len(place)) for value in typed]
    return Coded(np.array(codes, dtype=np.int32), tuple(place))


class RecordedAnswers:
    """Reads recorded answers of a model as predictions."""

    def __init__(self, parts: RowParts) -> None:
        self._parts = parts
        texts = [as_text(label) or "" for label in parts.classes]
        # As the service names them: where two are written alike, their place tells them apart.
        names = [text if texts.count(text) == 1 else f"{text}#{place}" for place, text in enumerate(texts)]
        self._answers = Objects(["action", "prediction", "model_prediction", "lower", "upper", "probabilities"])
        self._shares = names
        self._target = parts.schema[parts.target]

    def read(self, texts: Sequence[str]) -> tuple[Floats, Floats, NDArray[np.bool_], Floats]:
        """Return P (n, k), what the model answers (n,), whether that was given (n,), and the interval's ends (n, 2).

        Of an answer that was withheld or replaced, what the model would have said counts. NaN is what is not recorded.
        """
        actions, said, own, low, high, shares = self._answers.columns(texts)
        given = np.array([action == "answer" for action in actions], dtype=bool)
        told = [value if is_given else mine for value, mine, is_given in zip(said, own, given.tolist(), strict=True)]
        answered = self.known(told)
        if not self._parts.classes:
            return answered[:, None], answered, given, np.stack([_numbers(low), _numbers(high)], axis=1)
        nothing: dict[str, float] = {}
        tables = [each if isinstance(each, Mapping) else nothing for each in shares]
        P = np.stack([_numbers([table.get(name) for table in tables]) for name in self._shares], axis=1)
        return P, answered, given, np.full((len(texts), 2), np.nan)

    def known(self, values: Sequence[object]) -> Floats:
        """Return (n,) class positions or numbers of raw target values; NaN where one is missing or unknown."""
        raw = [None if value is msgspec.UNSET else value for value in values]
        if self._parts.classes:
            distinct = {(type(value), value): value for value in raw}
            y = ROW_TASKS[self._parts.task].encode_known(list(distinct.values()), self._target, self._parts.classes)
            place = dict(zip(distinct, y.tolist(), strict=True))
            return np.array([place[type(value), value] for value in raw], dtype=np.float64)
        return ROW_TASKS[self._parts.task].encode_known(raw, self._target, self._parts.classes)

    def outcomes(self, texts: Sequence[str | None]) -> Floats:
        """Return (n,) the outcomes (JSON) as class positions or numbers; NaN where one is not known."""
        return self.known([None if text is None else json.loads(text) for text in texts])


def _numbers(values: Sequence[Any]) -> Floats:
    return np.array([value if isinstance(value, int | float) else np.nan for value in values], dtype=np.float64)

"""The Recipe: the fitted steps from a raw row to numbers. One set of fitted parameters serves batch, row and stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.repairs import Repairs, from_state
from mlwright.columns import Coded, Columns, Floats, Values
from mlwright.errors import ColumnError, DataError, OptionError
from mlwright.features import state
from mlwright.features.base import Arrays, Crossed, Encoder, Feature, Training, Value
from mlwright.features.crossing import Made, Way
from mlwright.features.encoders import CROSSED, ENCODERS
from mlwright.features.engineering import choose_ways, engineer
from mlwright.features.levels import count_levels
from mlwright.features.variants import VARIANTS
from mlwright.schema import Column

Memo = dict[tuple[str, str, str], Any]
"""What was fitted on the same rows: by column, encoder and options. What to make of several columns is by no column."""

NO_REPAIRS = Repairs()
MOST_REPAIRS = 100
"""Each takes its time for every row."""

WORTH_KEEPING = frozenset({"text"})
"""Encoders whose fit costs more than the memory that its result takes."""


@dataclass(frozen=True, slots=True)
class Part:
    """One encoder on one raw column, and which columns of X it fills."""

    source: str
    encoder: Encoder
    start: int
    stop: int


class Recipe:
    """Turns typed columns, or one typed row, into the numbers that a learner learns from.

    >>> columns = Columns({"age": np.array([20.0, 30.0, np.nan])}, 3)
    >>> recipe, X = Recipe.fit(columns, [Column(name="age", kind="number")], np.zeros((3, 1)), variant="codes", seed=0)
    >>> recipe.transform_row({"age": 25.0})
    array([25.])
    """

    __slots__ = ("_calls", "_crossed_calls", "crossed", "features", "parts", "repairs", "sources", "variant")

    def __init__(
        self,
        variant: str,
        encoders: Iterable[tuple[str, Encoder]],
        crossed: Iterable[Crossed] = (),
        repairs: Repairs = NO_REPAIRS,
    ) -> None:
        parts: list[Part] = []
        features: list[Feature] = []
        for source, encoder in encoders:
            made = encoder.features
            parts.append(Part(source, encoder, len(features), len(features) + len(made)))
            features += made
        self.variant = variant
        self.parts = tuple(parts)
        self.crossed = tuple(crossed)
        self.repairs = repairs
        self.features: tuple[Feature, ...] = (*features, *(encoder.feature for encoder in self.crossed))
        read = tuple(dict.fromkeys(name for made in self.features for name in made.sources))
        self.sources: tuple[str, ...] = repairs.reads(read)
        # Looked up once: a row is answered in microseconds.
        self._calls = [(part.source, part.encoder.encode_one) for part in parts]
        self._crossed_calls = [call_of_two(encoder) for encoder in self.crossed]

    def __reduce__(self) -> tuple[Any, ...]:
        """Give what is saved: encoders hold functions made on the way, which cannot be pickled."""
        return type(self).from_dict, (self.to_dict(), self.arrays())

    @classmethod
    def fit(
        cls,
        columns: Columns,
        schema_columns: Sequence[Column],
        signals: Floats,
        *,
        variant: str,
        seed: int,
        weight: Floats | None = None,
        memo: Memo | None = None,
        repairs: Repairs = NO_REPAIRS,
    ) -> tuple[Self, Floats]:
        """Learn from training rows, and return them encoded without looking at their own signals.

        Parameters
        ----------
        columns
            The typed training rows.
        schema_columns
            What they are; columns that the model may not look at are passed over.
        signals
            (n, k) numbers that a category's average is worth taking of: the target, as its task sees it.
        variant
            One of `VARIANTS`: what the learner wants.
        seed
            Decides which rows are encoded together.
        weight
            How much each row counts in averages.
        memo
            Of fits on the very same rows and signals: what one variant has fitted, another one takes from it.
        repairs
            What mends the typed values of any row before they are encoded, fitted on these rows.
        """
        if variant not in VARIANTS:
            raise OptionError.unknown("variant", variant, VARIANTS)
        signals = np.ascontiguousarray(signals, dtype=np.float64).reshape(columns.rows, -1)
        training = Training.of(signals, seed, weight=weight)
        columns = repairs.apply(columns)
        fitted: list[tuple[str, Encoder]] = []
        blocks: list[Floats] = []
        for column in schema_columns:
            if not column.is_feature:
                continue
            for encoder, encoded in _fit_column(column, _read(columns, column.name), training, variant, memo):
                fitted.append((column.name, encoder))
                blocks.append(encoded)
        made = _engineered(columns, schema_columns, training, variant, memo)
        recipe = cls(variant, fitted, (encoder for encoder, _ in made), repairs)
        if not recipe.features:
            raise DataError(
                "There is no column to learn from: every column is empty, constant, an id, or set aside.",
                hint="add columns that say something about the target.",
            )
        return recipe, recipe._joined(blocks, (encoded for _, encoded in made), columns.rows)

    def transform(self, columns: Columns) -> Floats:
        """Return X (n, d) of typed columns, in whatever order they stand; others are passed over."""
        self.check(columns)
        columns = self.repairs.apply(columns)
        blocks = (part.encoder.encode(columns[part.source]) for part in self.parts)
        crossed = (encoder.encode(*(columns[source] for source in encoder.sources)) for encoder in self.crossed)
        return self._joined(blocks, crossed, columns.rows)

    def check(self, columns: Columns) -> None:
        """Raise ColumnError where a column is missing, or holds texts instead of numbers or the other way round."""
        for part in self.parts:
            _check(columns, part.source, part.encoder.reads)
        for encoder in self.crossed:
            for source, reads in zip(encoder.sources, encoder.reads, strict=False):
                _check(columns, source, reads)

    def transform_row(self, values: Mapping[str, Value]) -> Floats:
        """Return the vector (d,) of one typed row: what `transform` would give for it."""
        row: list[float] = []
        add = row.extend
        values = self.repairs.apply_row(values)
        try:
            for source, encode_one in self._calls:
                add(encode_one(values[source]))
            row += [encode(values[first], values[second]) for first, second, encode in self._crossed_calls]
        except KeyError as error:
            raise ColumnError.missing(str(error.args[0]), values) from None
        return np.array(row, dtype=np.float64)

    def to_dict(self) -> dict[str, Any]:
        """Return JSON; what is too large for it is in `arrays`."""
        parts = [{"source": p.source, "encoder": p.encoder.kind, "state": p.encoder.state()[0]} for p in self.parts]
        crossed = [{"sources": list(e.sources), "encoder": e.kind, "state": e.state()[0]} for e in self.crossed]
        told: dict[str, Any] = {"variant": self.variant, "parts": parts}
        if crossed:
            told["crossed"] = crossed
        if self.repairs:
            told["repairs"] = [repair.state() for repair in self.repairs]
        return told

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the arrays, by the position of the part and the encoder's name for it."""
        owners: dict[str, Encoder | Crossed] = {str(place): part.encoder for place, part in enumerate(self.parts)}
        owners |= {f"crossed{place}": encoder for place, encoder in enumerate(self.crossed)}
        return {
            f"{owner}.{name}": array for owner, encoder in owners.items() for name, array in encoder.state()[1].items()
        }

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the recipe that `to_dict` and `arrays` wrote; raises ModelError where it cannot be one."""
        if not isinstance(plain, dict):
            raise state.damaged("it is no object")
        own: dict[str, dict[str, NDArray[Any]]] = {}
        for name, array in arrays.items():
            owner, _, key = name.partition(".")
            own.setdefault(owner, {})[key] = array
        encoders: list[tuple[str, Encoder]] = []
        for place, part in enumerate(state.mappings(plain, "parts")):
            source, kind = state.text(part, "source"), _known(part, ENCODERS)
            encoder = ENCODERS[kind].from_state(source, state.mapping(part, "state"), own.get(str(place), {}))
            encoders.append((source, encoder))
        crossed: list[Crossed] = []
        for place, part in enumerate(state.mappings(plain, "crossed") if "crossed" in plain else ()):
            sources, kind = state.strings(part, "sources"), _known(part, CROSSED)
            made = CROSSED[kind].from_state(sources, state.mapping(part, "state"), own.get(f"crossed{place}", {}))
            crossed.append(made)
        mended = state.mappings(plain, "repairs") if "repairs" in plain else ()
        if len(mended) > MOST_REPAIRS:
            raise state.damaged(f"it has {len(mended):,} repairs; more than {MOST_REPAIRS} cannot be")
        repairs = Repairs([from_state(repair) for repair in mended])
        recipe = cls(state.text(plain, "variant"), encoders, crossed, repairs)
        if not recipe.features:
            raise state.damaged("it makes no feature")
        return recipe

    def _joined(self, blocks: Iterable[Floats], crossed: Iterable[Floats], rows: int) -> Floats:
        X = np.empty((rows, len(self.features)))
        for part, block in zip(self.parts, blocks, strict=True):
            X[:, part.start : part.stop] = block
        for place, column in enumerate(crossed, start=len(self.features) - len(self.crossed)):
            X[:, place] = column
        return X


def _fit_column(
    column: Column, values: Values, training: Training, variant: str, memo: Memo | None
) -> Iterable[tuple[Encoder, Floats]]:
    count = count_levels(values)
    for step in VARIANTS[variant].steps[column.kind]:
        if not step.suits(count):
            continue
        options = step.options if column.direction is None else {**step.options, "ordered": 1.0}
        key = (column.name, step.encoder, repr(sorted(options.items())))
        if memo is not None and key in memo:
            fitted = memo[key]
        else:
            fitted = ENCODERS[step.encoder].fit(column.name, values, training, options)
            if memo is not None and step.encoder in WORTH_KEEPING:
                memo[key] = fitted
        if fitted is not None:
            yield fitted


def _read(columns: Columns, name: str) -> Values:
    if name not in columns:
        raise ColumnError.missing(name, columns)
    return columns[name]


def _check(columns: Columns, source: str, reads: str) -> None:
    found = "strings" if isinstance(_read(columns, source), Coded) else "floats"
    if reads not in {"either", found}:
        raise ColumnError(f"Column {source!r} holds {found} where the model learned from {reads}.")


def _known(part: Mapping[str, Any], encoders: Mapping[str, Any]) -> str:
    kind = state.text(part, "encoder")
    if kind not in encoders:
        raise state.damaged(f"there is no encoder {kind!r:.40}")
    return kind


def call_of_two(encoder: Crossed) -> tuple[str, str, Callable[[Value, Value], float]]:
    """Return two columns, and what encodes their values; of a single column the second one is not heard."""
    sources, encode_one = encoder.sources, encoder.encode_one
    if len(sources) == 1:
        return sources[0], sources[0], lambda value, _: encode_one(value)
    return sources[0], sources[1], encode_one


def _engineered(
    columns: Columns, schema_columns: Sequence[Column], training: Training, variant: str, memo: Memo | None
) -> list[Made]:
    """Return what is worth making of several columns, or nothing where the variant wants none of it."""
    if not VARIANTS[variant].engineered:
        return []
    # What is made of several columns need not rise where one of them does.
    features = [column for column in schema_columns if column.is_feature and column.direction is None]
    key = ("", "ways", "")
    ways: list[Way] | None = None if memo is None else memo.get(key)
    if ways is None:
        ways = choose_ways(columns, features, training)
        if memo is not None:
            memo[key] = ways
    return engineer(columns, features, training, ways)

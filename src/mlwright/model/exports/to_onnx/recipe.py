"""The Recipe as nodes: from typed columns to the numbers that members read. A new encoder is one function, one line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from mlwright.columns import Floats
from mlwright.features.arithmetic import ArithmeticEncoder
from mlwright.features.categories import CodesEncoder, OneHotEncoder
from mlwright.features.datetimes import DAY, PARTS, PERIODS, CalendarEncoder, CyclesEncoder
from mlwright.features.grid import GridEncoder
from mlwright.features.groups import read_groups
from mlwright.features.levels import TableEncoder
from mlwright.features.missing import MissingEncoder
from mlwright.features.numbers import CLIP, LARGEST, NumberEncoder, ScaledEncoder
from mlwright.features.recipe import Part, Recipe
from mlwright.features.splines import SplineEncoder
from mlwright.features.target_encoding import TargetEncoder
from mlwright.features.text import TextEncoder
from mlwright.features.within import WithinEncoder
from mlwright.model.exports.to_onnx.columns import TypedColumns
from mlwright.model.exports.to_onnx.dates import calendar_parts, within_years
from mlwright.model.exports.to_onnx.graph import FLOAT, INT, Tensor
from mlwright.model.exports.to_onnx.levels import group_places, level_places
from mlwright.model.exports.to_onnx.refusal import refusal

FARTHEST = 1e9
"""Beyond so many spreads a scaled number is at its end."""
MOST_OF_A_PART = 366
"""The largest number of a part with a cycle: a day of the year."""


class Encoders:
    """Encodes columns, each in the same way once, whichever recipes ask for it."""

    def __init__(self, columns: TypedColumns) -> None:
        self.columns = columns
        self._made: dict[object, Tensor] = {}

    def transform(self, recipe: Recipe) -> Tensor:
        """Return X (n, features) of a recipe. Columns that are encoded alike are so together: a node costs its time."""
        blocks: list[Tensor] = []
        places: list[int] = []
        left = [part for part in recipe.parts if not self._is_together(part)]
        for kind, encode in TOGETHER.items():
            alike = [part for part in recipe.parts if part.encoder.kind == kind and self._is_together(part)]
            if alike:
                key = (kind, tuple((part.source, repr(part.encoder.state())) for part in alike))
                if key not in self._made:
                    self._made[key] = encode(self.columns, [part.source for part in alike], [p.encoder for p in alike])
                blocks.append(self._made[key])
                places += [place for part in alike for place in range(part.start, part.stop)]
        for part in left:
            blocks.append(self._once((part.source,), part.encoder, ENCODERS))
            places += range(part.start, part.stop)
        blocks += [self._once(each.sources, each, CROSSED) for each in recipe.crossed]
        places += range(len(places), len(recipe.features))
        X = self.columns.graph.joined(blocks)
        return X if places == sorted(places) else X.take(np.argsort(places), axis=1)

    def _is_together(self, part: Part) -> bool:
        return part.encoder.kind in TOGETHER and not self.columns.is_text(part.source)

    def _once(self, sources: tuple[str, ...], encoder: Any, known: Mapping[str, Encode]) -> Tensor:
        plain, arrays = encoder.state()
        held = tuple((name, array.dtype.str, array.tobytes()) for name, array in sorted(arrays.items()))
        key = (sources, encoder.kind, repr(plain), held)
        if key not in self._made:
            self._made[key] = known[encoder.kind](self.columns, sources, encoder)
        return self._made[key]


Encode = Callable[[TypedColumns, tuple[str, ...], Any], Tensor]


def _squashed(values: Tensor, center: Floats | float, scale: Floats | float) -> Tensor:
    """Return numbers scaled and bent to stay within ±3, 0 where they are missing; one centre and scale a column."""
    scaled = (values.clip(-LARGEST, LARGEST) - center) / scale
    scaled = scaled.is_nan().where(0.0, scaled).clip(-FARTHEST, FARTHEST)
    share = scaled / CLIP
    return scaled / (share * share + 1.0).apply("Sqrt")


def _numbers(columns: TypedColumns, sources: Sequence[str], encoders: Sequence[NumberEncoder]) -> Tensor:
    del encoders
    return columns.numbers(sources).clip(-LARGEST, LARGEST)


def _scaled(columns: TypedColumns, sources: Sequence[str], encoders: Sequence[ScaledEncoder | SplineEncoder]) -> Tensor:
    center, scale = (np.array([[getattr(each, name) for each in encoders]]) for name in ("center", "scale"))
    return _squashed(columns.numbers(sources), center, scale)


def _splines(columns: TypedColumns, sources: Sequence[str], encoders: Sequence[SplineEncoder]) -> Tensor:
    """Return each column's scaled number, and what it is above each of its bends."""
    scaled = _scaled(columns, sources, encoders).take(
        [place for place, each in enumerate(encoders) for _ in range(1 + len(each.bends))], axis=1
    )
    bends = np.array([[bend for each in encoders for bend in (0.0, *each.bends)]])
    bent = np.array([[is_bend for each in encoders for is_bend in (False, *[True] * len(each.bends))]])
    above = scaled - bends
    return (scaled.graph.constant(bent) & (above <= 0.0)).where(0.0, above)


def _missing_numbers(columns: TypedColumns, sources: Sequence[str], encoders: Sequence[MissingEncoder]) -> Tensor:
    del encoders
    return columns.numbers(sources).is_nan().cast(FLOAT)


def _missing_texts(columns: TypedColumns, sources: tuple[str, ...], encoder: MissingEncoder) -> Tensor:
    del encoder
    return columns.text(sources[0]).missing.cast(FLOAT).shaped(-1, 1)


def _table(columns: TypedColumns, sources: tuple[str, ...], encoder: TableEncoder) -> Tensor:
    return columns.graph.constant(encoder.table).take(level_places(columns, sources[0], encoder.levels))


def _calendar(columns: TypedColumns, sources: tuple[str, ...], encoder: CalendarEncoder) -> Tensor:
    moments = within_years(columns.number(sources[0]))
    parts = calendar_parts(moments) if encoder.parts else {}
    return columns.graph.joined([*(parts[part] for part in encoder.parts), (moments - encoder.origin) / DAY])


def _cycles(columns: TypedColumns, sources: tuple[str, ...], encoder: CyclesEncoder) -> Tensor:
    moments = within_years(columns.number(sources[0]))
    parts = calendar_parts(moments) if encoder.parts else {}
    blocks = [_waves(parts[part], part) for part in encoder.parts if part in PERIODS]
    if PARTS[-1] in encoder.parts:
        blocks.append(parts[PARTS[-1]])
    made = columns.graph.joined([*blocks, _squashed(moments, encoder.center, encoder.scale)])
    return moments.is_nan().where(0.0, made)


def _waves(numbers: Tensor, part: str) -> Tensor:
    """Return sine and cosine (n, 2) of a part.

    They are looked up: another library's sine may differ in its last bit, and a tree may have its threshold there.
    """
    turned = np.arange(MOST_OF_A_PART + 1) * (2 * math.pi / PERIODS[part])
    table = numbers.graph.constant(np.column_stack([np.sin(turned), np.cos(turned)]))
    return table.take(numbers.is_nan().where(0.0, numbers).cast(INT).shaped(-1))


def _text(columns: TypedColumns, sources: tuple[str, ...], encoder: TextEncoder) -> Tensor:
    del columns, encoder
    raise refusal(
        f"it counts the words of the text {sources[0]!r}, which ONNX cannot do as the model does",
        f"build it with --exclude {sources[0]!r}",
    )


def _arithmetic(columns: TypedColumns, sources: tuple[str, ...], encoder: ArithmeticEncoder) -> Tensor:
    first, second = (columns.number(name) for name in sources)
    made = _SIGNS[encoder.sign](first, second)
    if encoder.sign == "/":
        made = second.equals(0.0).where(np.nan, made)
    return made.clip(-LARGEST, LARGEST)


_SIGNS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "-": lambda first, second: first - second,
    "+": lambda first, second: first + second,
    "*": lambda first, second: first * second,
    "/": lambda first, second: first / second,
}


def _within(columns: TypedColumns, sources: tuple[str, ...], encoder: WithinEncoder) -> Tensor:
    plain, arrays = encoder.state()
    place = group_places(columns, sources[1], read_groups(plain["groups"], arrays, "groups"))
    usual = columns.graph.constant(arrays["usual"].astype(np.float64)).take(place)
    return (columns.number(sources[0]) - usual).clip(-LARGEST, LARGEST)


def _grid(columns: TypedColumns, sources: tuple[str, ...], encoder: GridEncoder) -> Tensor:
    plain, arrays = encoder.state()
    groups = [read_groups(each, arrays, f"groups{place}") for place, each in enumerate(plain["groups"])]
    cell = group_places(columns, sources[0], groups[0])
    if len(groups) == 2:
        cell = cell * groups[1].size + group_places(columns, sources[1], groups[1])
    return columns.graph.constant(arrays["means"].astype(np.float64)).take(cell)


ENCODERS: Mapping[str, Encode] = {
    MissingEncoder.kind: _missing_texts,
    CodesEncoder.kind: _table,
    OneHotEncoder.kind: _table,
    TargetEncoder.kind: _table,
    CalendarEncoder.kind: _calendar,
    CyclesEncoder.kind: _cycles,
    TextEncoder.kind: _text,
}
"""Every encoder of one column, but for those of several numbers at once."""

TOGETHER: Mapping[str, Callable[[TypedColumns, Sequence[str], Sequence[Any]], Tensor]] = {
    NumberEncoder.kind: _numbers,
    ScaledEncoder.kind: _scaled,
    SplineEncoder.kind: _splines,
    MissingEncoder.kind: _missing_numbers,
}
"""Encoders of columns of numbers, applied to all columns that are encoded so in one go."""

CROSSED: Mapping[str, Encode] = {
    ArithmeticEncoder.kind: _arithmetic,
    WithinEncoder.kind: _within,
    GridEncoder.kind: _grid,
}
"""Every encoder of several columns."""

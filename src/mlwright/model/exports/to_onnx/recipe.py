"""The Recipe as nodes: from typed columns to the numbers that members read. A new encoder is one function, one line."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import groupby
from typing import Any

import numpy as np

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
        """Return X (n, features) of a recipe."""
        blocks: list[Tensor] = []
        for is_number, parts in groupby(recipe.parts, key=lambda part: isinstance(part.encoder, NumberEncoder)):
            run = list(parts)
            blocks += [self._numbers(run)] if is_number else [self._part(part) for part in run]
        blocks += [self._once(each.sources, each, CROSSED) for each in recipe.crossed]
        return self.columns.graph.joined(blocks)

    def _numbers(self, parts: list[Part]) -> Tensor:
        """Return plain numbers side by side, all in one go."""
        names = tuple(part.source for part in parts)
        key = (names, NumberEncoder.kind)
        if key not in self._made:
            self._made[key] = self.columns.numbers(names).clip(-LARGEST, LARGEST)
        return self._made[key]

    def _part(self, part: Part) -> Tensor:
        return self._once((part.source,), part.encoder, ENCODERS)

    def _once(self, sources: tuple[str, ...], encoder: Any, known: Mapping[str, Encode]) -> Tensor:
        plain, arrays = encoder.state()
        held = tuple((name, array.dtype.str, array.tobytes()) for name, array in sorted(arrays.items()))
        key = (sources, encoder.kind, repr(plain), held)
        if key not in self._made:
            self._made[key] = known[encoder.kind](self.columns, sources, encoder)
        return self._made[key]


Encode = Callable[[TypedColumns, tuple[str, ...], Any], Tensor]


def _squashed(values: Tensor, center: float, scale: float) -> Tensor:
    """Return numbers scaled and bent to stay within ±3, 0 where they are missing."""
    scaled = (values.clip(-LARGEST, LARGEST) - center) / scale
    scaled = scaled.is_nan().where(0.0, scaled).clip(-FARTHEST, FARTHEST)
    share = scaled / CLIP
    return scaled / (share * share + 1.0).apply("Sqrt")


def _scaled(columns: TypedColumns, sources: tuple[str, ...], encoder: ScaledEncoder) -> Tensor:
    return _squashed(columns.number(sources[0]), encoder.center, encoder.scale)


def _spline(columns: TypedColumns, sources: tuple[str, ...], encoder: SplineEncoder) -> Tensor:
    scaled = _squashed(columns.number(sources[0]), encoder.center, encoder.scale)
    if not encoder.bends:
        return scaled
    above = scaled - np.array([encoder.bends])
    return columns.graph.joined([scaled, (above > 0.0).where(above, 0.0)])


def _missing(columns: TypedColumns, sources: tuple[str, ...], encoder: MissingEncoder) -> Tensor:
    del encoder
    return columns.missing(sources[0]).cast(FLOAT)


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
    ScaledEncoder.kind: _scaled,
    SplineEncoder.kind: _spline,
    MissingEncoder.kind: _missing,
    CodesEncoder.kind: _table,
    OneHotEncoder.kind: _table,
    TargetEncoder.kind: _table,
    CalendarEncoder.kind: _calendar,
    CyclesEncoder.kind: _cycles,
    TextEncoder.kind: _text,
}
"""Every encoder of one column, but for plain numbers, which are read together."""

CROSSED: Mapping[str, Encode] = {
    ArithmeticEncoder.kind: _arithmetic,
    WithinEncoder.kind: _within,
    GridEncoder.kind: _grid,
}
"""Every encoder of several columns."""

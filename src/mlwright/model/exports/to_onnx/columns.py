"""The typed columns of a model as tensors: what comes in, cleared of what no model is ever shown, and mended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mlwright.model.exports.to_onnx.graph import BOOL, FLOAT, TEXT, Graph, Tensor
from mlwright.schema import Column

LARGEST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True, eq=False)
class Text:
    """A column of texts (n,), and where it is missing (n,)."""

    values: Tensor
    missing: Tensor


class TypedColumns:
    """The columns by name: numbers (n, 1) with NaN where they are missing, and texts."""

    def __init__(self, graph: Graph, columns: Sequence[Column], inputs: Mapping[str, str]) -> None:
        """Read the inputs, whose names are given by those of the columns."""
        self.graph = graph
        floats = [column for column in columns if column.is_float]
        self._place = {column.name: place for place, column in enumerate(floats)}
        self._own: dict[str, Tensor] = {}
        self._plain: dict[str, Tensor] = {}
        self._texts: dict[str, Text] = {}
        self._lowered: dict[str, Tensor] = {}
        self.places: dict[tuple[str, tuple[str, ...]], Tensor] = {}
        """Which of some levels each row of a column of texts is, once found."""
        self._parts: dict[tuple[str, ...], Tensor] = {}
        if floats:
            given = graph.joined([Tensor(graph, inputs[column.name], FLOAT) for column in floats])
            self._matrix = (given.apply("Abs") <= LARGEST).where(given, np.nan)
        for column in floats:
            self._clear(column)
        for column in columns:
            if not column.is_float:
                values = Tensor(graph, inputs[column.name], TEXT).shaped(-1)
                self._texts[column.name] = Text(values, values.graph.add("Equal", [values, graph.texts([""])], BOOL))

    def __contains__(self, name: str) -> bool:
        """Tell whether there is a column of that name."""
        return name in self._place or name in self._texts

    def is_text(self, name: str) -> bool:
        """Tell whether a column holds texts."""
        return name in self._texts

    def number(self, name: str) -> Tensor:
        """Return a column of numbers (n, 1)."""
        if name in self._own:
            return self._own[name]
        if name not in self._plain:
            self._plain[name] = self._matrix.take([self._place[name]], axis=1)
        return self._plain[name]

    def numbers(self, names: Sequence[str]) -> Tensor:
        """Return several columns of numbers (n, k) side by side."""
        key = tuple(names)
        if key not in self._parts:
            if self._own.keys().isdisjoint(names):
                self._parts[key] = self._matrix.take([self._place[name] for name in names], axis=1)
            else:
                self._parts[key] = self.graph.joined([self.number(name) for name in names])
        return self._parts[key]

    def text(self, name: str) -> Text:
        """Return a column of texts."""
        return self._texts[name]

    def lowered(self, name: str) -> Tensor:
        """Return a column of texts with the letters A to Z made small.

        Locales other than "C" are not installed everywhere, and ONNX Runtime refuses a model that names one of those.
        """
        if name not in self._lowered:
            # One more text: ONNX Runtime refuses to make none at all small.
            longer = self.graph.joined([self._texts[name].values, self.graph.texts([""])], axis=0)
            how = {"case_change_action": "LOWER", "is_case_sensitive": 1, "locale": "C"}
            lowered = self.graph.add("StringNormalizer", [longer], TEXT, attributes=how)
            ends = [self.graph.constant(np.array([number])) for number in (0, -1, 0)]
            self._lowered[name] = self.graph.add("Slice", [lowered, *ends], TEXT)
        return self._lowered[name]

    def mend(self, name: str, mended: Tensor | Text) -> None:
        """Put what a repair has made of a column in its place."""
        self._parts.clear()
        self.places.clear()
        if isinstance(mended, Text):
            self._texts[name] = mended
            self._lowered.pop(name, None)
        else:
            self._own[name] = mended

    def _clear(self, column: Column) -> None:
        """Leave out numbers that mean "missing" in this column, and what is neither true nor false."""
        if not column.missing_numbers and column.kind != "boolean":
            return
        values = self.number(column.name)
        for number in column.missing_numbers:
            values = values.equals(number).where(np.nan, values)
        if column.kind == "boolean":
            values = (values.equals(0.0) | values.equals(1.0)).where(values, np.nan)
        self._own[column.name] = values

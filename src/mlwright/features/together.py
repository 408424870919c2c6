"""Several Recipes applied to the same rows: what they have in common is worked out once.

The members of an ensemble read different variants of a Recipe, and most of a variant stands in another one as well: the
plain numbers in all of them, the whole of `target` in `rich_target`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.repairs import Repairs
from mlwright.clean.repairs.base import damaged
from mlwright.columns import Columns, Floats
from mlwright.errors import ColumnError
from mlwright.features.base import Crossed, Encoder, Value
from mlwright.features.numbers import LARGEST, NumberEncoder
from mlwright.features.recipe import Recipe, call_of_two
from mlwright.features.text import TextEncoder

Target = tuple[int, int, int]
"""A Recipe, and the first and the end of the columns of its X that an encoder fills."""


class Together:
    """The Recipes' encoders, equal ones once, and where in which X each one's numbers belong."""

    def __init__(self, recipes: Sequence[Recipe]) -> None:
        self._recipes = tuple(recipes)
        self._repairs = _common([recipe.repairs for recipe in recipes])
        parts: dict[object, tuple[str, Encoder, list[Target]]] = {}
        crossed: dict[object, tuple[Crossed, list[Target]]] = {}
        for place, recipe in enumerate(recipes):
            for part in recipe.parts:
                found = parts.setdefault(_key((part.source,), part.encoder), (part.source, part.encoder, []))
                found[2].append((place, part.start, part.stop))
            for at, encoder in enumerate(recipe.crossed, start=len(recipe.features) - len(recipe.crossed)):
                crossed.setdefault(_key(encoder.sources, encoder), (encoder, []))[1].append((place, at, at + 1))
        _share_terms([(source, encoder) for source, encoder, _ in parts.values()])
        # Numbers first: a row's are read in one go.
        self._parts = sorted(parts.values(), key=lambda found: not isinstance(found[1], NumberEncoder))
        self._crossed = list(crossed.values())
        self._numbers = [
            (source, each.encode_one) for source, each, _ in self._parts if isinstance(each, NumberEncoder)
        ]
        self._calls = [(source, each.encode_one) for source, each, _ in self._parts[len(self._numbers) :]]
        self._crossed_calls = [call_of_two(encoder) for encoder, _ in self._crossed]
        self._takes = self._places()

    def __reduce__(self) -> tuple[Any, ...]:
        """Leave behind what is looked up once: it holds functions made on the way."""
        return type(self), (self._recipes,)

    def _places(self) -> list[NDArray[np.intp]]:
        """Return for each Recipe where among the numbers of all encoders its own stand, as one row."""
        takes = [np.empty((1, len(recipe.features)), dtype=np.intp) for recipe in self._recipes]
        first = 0
        for targets in [*(targets for *_, targets in self._parts), *(targets for _, targets in self._crossed)]:
            width = targets[0][2] - targets[0][1]
            for place, start, stop in targets:
                takes[place][0, start:stop] = np.arange(first, first + width)
            first += width
        return takes

    def mend(self, columns: Columns) -> Columns:
        """Return the columns as the Recipes' repairs leave them, for `encode`: texts are mended once for all blocks."""
        for recipe in self._recipes:
            recipe.check(columns)
        return self._repairs.apply(columns)

    def transform(self, columns: Columns) -> list[Floats]:
        """Return each Recipe's X (n, d), as its own `transform` gives it."""
        return self.encode(self.mend(columns))

    def encode(self, columns: Columns) -> list[Floats]:
        """Return each Recipe's X (n, d) of columns that were mended."""
        made = [np.empty((columns.rows, len(recipe.features))) for recipe in self._recipes]
        for source, encoder, targets in self._parts:
            block = encoder.encode(columns[source])
            for place, start, stop in targets:
                made[place][:, start:stop] = block
        for crossed, targets in self._crossed:
            column = crossed.encode(*(columns[source] for source in crossed.sources))
            for place, start, _ in targets:
                made[place][:, start] = column
        return made

    def transform_row(self, values: Mapping[str, Value]) -> list[Floats]:
        """Return each Recipe's X (1, d) of one typed row, as its own `transform_row` gives it."""
        values = self._repairs.apply_row(values)
        try:
            row: list[Any] = [
                value
                if type(value := values[source]) is float and -LARGEST <= value <= LARGEST
                else encode_one(value)[0]
                for source, encode_one in self._numbers
            ]
            add: Callable[[Sequence[float]], None] = row.extend
            for source, encode_one in self._calls:
                add(encode_one(values[source]))
            row += [encode(values[first], values[second]) for first, second, encode in self._crossed_calls]
        except KeyError as error:
            raise ColumnError.missing(str(error.args[0]), values) from None
        numbers = np.array(row, dtype=np.float64)
        return [numbers.take(places) for places in self._takes]


def _share_terms(encoders: Sequence[tuple[str, Encoder]]) -> None:
    """Let the text encoders of one column count its terms once: variants differ in what they make of them."""
    first: dict[str, TextEncoder] = {}
    for source, encoder in encoders:
        if isinstance(encoder, TextEncoder):
            encoder.share(first.setdefault(source, encoder))


def _common(repairs: Sequence[Repairs]) -> Repairs:
    """Return the repairs of all Recipes, which are the same: they were fitted on the same rows."""
    states = [[repair.state() for repair in each] for each in repairs]
    if any(state != states[0] for state in states[1:]):
        raise damaged("the recipes of one model mend rows differently")
    return repairs[0] if repairs else Repairs()


def _key(sources: tuple[str, ...], encoder: Encoder | Crossed) -> object:
    """Return what is equal for encoders that say the same."""
    plain, arrays = encoder.state()
    held = tuple((name, array.dtype.str, array.shape, array.tobytes()) for name, array in sorted(arrays.items()))
    return sources, encoder.kind, repr(plain), held

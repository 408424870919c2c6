"""The catalogue: what is known of each item, so that a request's ids, filters, rules and moment mean something.

Ids are as the log wrote them; 12, "12", 12.0 and " 12 " mean the same item.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import DataError
from mlwright.learn.base import Floats
from mlwright.tasks.base import Label
from mlwright.tasks.recommend.decide import Links, Mask, Scores
from mlwright.tasks.recommend.features import Described, describe
from mlwright.tasks.recommend.interactions import Features, Interactions
from mlwright.values import as_text, parse_datetime, parse_number

LARGEST_COLUMN = 4 << 20
LARGEST_COLUMNS = 12 << 20
"""Characters that the columns of all items together may have: longer texts are left out, the longest first."""
PROBED = 200
LARGEST = 1e300
Cell = str | float | int | bool | None
_POINT_ZERO = re.compile(r"(-?[0-9]+)\.0+")


@dataclass(frozen=True, slots=True)
class ItemColumn:
    """A column of the items' table, looked up both ways."""

    described: Described
    """What the column holds, and what stands between the values of a cell that holds several."""
    values: tuple[Cell, ...]
    """(items,) as the table has them."""
    parts: tuple[str, ...]
    """The different values, as they were first written."""
    folded: Mapping[str, int]
    """Positions in `parts` by casefolded value."""
    links: Links
    numbers: Floats | None
    """(items,) numbers, or moments in seconds since 1970, NaN where a cell holds none; None where none does."""

    @classmethod
    def of(cls, described: Described, values: Sequence[object]) -> ItemColumn:
        """Index the cells (items,) of a column."""
        cells = tuple(_cell(value) for value in values)
        parts: list[str] = []
        folded: dict[str, int] = {}
        codes: list[int] = []
        starts = np.zeros(len(cells) + 1, dtype=np.intp)
        for place, cell in enumerate(cells):
            for part in described.parts(None if cell is None else as_text(cell)):
                code = folded.setdefault(part.casefold(), len(parts))
                if code == len(parts):
                    parts.append(part)
                codes.append(code)
            starts[place + 1] = len(codes)
        links = Links.of(starts, np.array(codes, dtype=np.int32), len(parts))
        return cls(described, cells, tuple(parts), folded, links, _numbers(cells))

    @property
    def name(self) -> str:
        """The name of the column."""
        return self.described.name

    @property
    def is_telling(self) -> bool:
        """Whether items share its values, so that these say how items are alike."""
        return self.described.kind in {"tags", "category"} and len(self.links.value) >= 2 * len(self.parts)

    def of_item(self, item: int) -> tuple[str, ...]:
        """Return the values of an item."""
        return tuple(self.parts[code] for code in self.links.values(item).tolist())

    def having(self, wanted: Iterable[str]) -> Mask:
        """Return (items,) which have one of these casefolded values."""
        found = np.zeros(len(self.values), dtype=np.bool_)
        for text in wanted:
            if (code := self.folded.get(text)) is not None:
                found[self.links.items(code)] = True
        return found


def _cell(value: object) -> Cell:
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return as_text(value)


def _numbers(cells: Sequence[Cell]) -> Floats | None:
    filled = [place for place, cell in enumerate(cells) if cell is not None]
    looked_at = filled[:: max(len(filled) // PROBED, 1)]
    if 2 * sum(not math.isnan(_number(cells[place])) for place in looked_at) <= len(looked_at):
        return None
    found = np.full(len(cells), np.nan)
    found[filled] = [_number(cells[place]) for place in filled]
    return found


def _number(cell: Cell) -> float:
    """Return a number, or a moment in seconds since 1970; NaN where it is neither."""
    if isinstance(cell, str):
        number = parse_number(cell)
        found = parse_datetime(cell) if number is None else number
        return math.nan if found is None else found
    return math.nan if cell is None or abs(cell) > LARGEST else float(cell)


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The items: ids, when each was first and last taken, how often, and the columns of their table."""

    ids: tuple[Label, ...]
    first: Floats
    """(items,) when each was first there; an item is never recommended at an earlier moment."""
    last: Floats
    """(items,) when each was last taken; -inf where it never was."""
    counts: Floats
    """(items,) how often each was taken."""
    end: float | None
    """When the log ended; None where it has no times."""
    rated: bool = False
    """Whether the log has ratings."""
    columns: Mapping[str, ItemColumn] = field(default_factory=dict)
    title: str | None = None
    """The column with the items' names."""
    vectors: Scores | None = None
    """(items, d): products say how like two items are."""
    places: Mapping[str, int] = field(init=False, repr=False, compare=False)
    written: Mapping[int | str, int] = field(init=False, repr=False, compare=False)
    """The same for ids that are given as they are kept: the short way."""
    standing: NDArray[np.intp] = field(init=False, repr=False, compare=False)
    """All items, those taken most first."""
    popularity: Floats = field(init=False, repr=False, compare=False)
    """(items,) the share of items that are taken less often."""
    telling: tuple[str, ...] = field(init=False, repr=False, compare=False)
    """The columns whose values items share."""
    usual_first: float = field(init=False, repr=False, compare=False)
    """When half of the items were there."""

    def __post_init__(self) -> None:
        """Index ids and popularity. Raises DataError where two ids are written in the same way."""
        places = {_key(one): place for place, one in enumerate(self.ids)}
        if len(places) != len(self.ids) or "" in places:
            raise DataError("Two items have ids that are written in the same way, or one has none.")
        object.__setattr__(self, "places", places)
        written = {one: place for place, one in enumerate(self.ids) if type(one) in {int, str}}
        object.__setattr__(self, "written", written)
        object.__setattr__(self, "standing", np.argsort(-self.counts, kind="stable"))
        telling = tuple(name for name, column in self.columns.items() if column.is_telling)
        object.__setattr__(self, "telling", telling)
        object.__setattr__(self, "usual_first", float(np.median(self.first)) if len(self.first) else -math.inf)
        less = np.searchsorted(np.sort(self.counts), self.counts, side="left")
        object.__setattr__(self, "popularity", less / max(len(self.ids), 1))

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self.ids)

    @classmethod
    def of(cls, log: Interactions, items: Features | None = None) -> Catalogue:
        """Return what a log and the items' table say.

        Items that nobody took are taken to be there from the log's end on.
        """
        size = len(log.items)
        counts = np.bincount(log.item, minlength=size).astype(np.float64)
        end = float(log.time[-1]) if log.has_time and len(log) else None
        first, last = np.full(size, -math.inf if end is None else end), np.full(size, -math.inf)
        if end is not None:
            np.minimum.at(first, log.item, log.time)
            np.maximum.at(last, log.item, log.time)
        described = () if items is None else describe(items)
        title = next((one.name for one in described if one.kind == "title"), None)
        columns = {} if items is None else _columns(items, described, title)
        return cls(
            ids=log.items,
            first=first,
            last=last,
            counts=counts,
            end=end,
            rated=log.value is not None,
            columns=columns,
            title=title if title in columns else None,
        )

    def with_vectors(self, vectors: Scores | None) -> Catalogue:
        """Return the catalogue with what says how like two items are."""
        return replace(self, vectors=vectors)

    def find(self, raw: object) -> int:
        """Return the position of an id, however it is written; -1 where it is not known."""
        if (isinstance(raw, str) or type(raw) is int) and (at_once := self.written.get(raw)) is not None:
            return at_once
        text = as_text(raw)
        if text is None:
            return -1
        found = self.places.get(text)
        if found is None and not text.isascii():
            text = unicodedata.normalize("NFC", text)
            found = self.places.get(text)
        if found is None and (whole := _POINT_ZERO.fullmatch(text)):
            found = self.places.get(whole[1])
        return -1 if found is None else found

    def name(self, item: int) -> str:
        """Return what people call an item: its title, else its id."""
        if self.title is not None and (text := as_text(self.columns[self.title].values[item])):
            return text
        return as_text(self.ids[item]) or ""

    def there(self, moment: float) -> Mask:
        """Return (items,) which items existed at a moment; NaN: all of them."""
        return np.ones(len(self), dtype=np.bool_) if math.isnan(moment) else self.first <= moment


def _key(one: Label) -> str:
    text = as_text(one) or ""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _columns(items: Features, described: Sequence[Described], title: str | None) -> dict[str, ItemColumn]:
    """Index the columns, without texts that are too long to travel with a model."""
    sizes = {name: sum(len(one) for one in cells if isinstance(one, str)) for name, cells in items.columns.items()}
    total, kept = 0, set()
    for name in sorted(sizes, key=lambda name: (name != title, sizes[name])):
        total += sizes[name]
        if sizes[name] <= LARGEST_COLUMN and total <= LARGEST_COLUMNS:
            kept.add(name)
    return {one.name: ItemColumn.of(one, items.columns[one.name]) for one in described if one.name in kept}

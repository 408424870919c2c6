"""A report before it is written down: sections of blocks, which HTML and Markdown draw each in its own way.

Sections say what there is to say once, so that the twins cannot come to differ. A block's `form` names the macro in
templates/blocks.html and the function in markdown.py that draw it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

Tone = Literal["", "good", "bad", "unclear", "info"]
MORE = "all in the JSON twin"


@dataclass(frozen=True, slots=True)
class Cell:
    """A table's cell: its text, a second line in small, and for a heat table how dark it is (0 to 10)."""

    text: str
    note: str = ""
    tone: Tone = ""
    shade: int = 0
    anchor: str = ""
    """The part of the page that it leads to."""


@dataclass(frozen=True, slots=True)
class Header:
    """A table's column: its name, and whether numbers stand in it."""

    text: str
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first column names its rows; `more` says what was cut."""

    form: ClassVar[str] = "table"
    caption: str
    headers: tuple[Header, ...]
    rows: tuple[tuple[Cell, ...], ...]
    more: str = ""
    look: Literal["plain", "heat", "heat many"] = "plain"
    collapsed: str = ""
    """What to click on, where the table is folded away."""
    short: int = 12
    """How many rows the Markdown twin keeps."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A few sentences."""

    form: ClassVar[str] = "paragraph"
    text: str
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Facts:
    """Names and their values."""

    form: ClassVar[str] = "facts"
    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list of sentences."""

    form: ClassVar[str] = "bullets"
    items: tuple[str, ...]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Code:
    """Something to type."""

    form: ClassVar[str] = "code"
    text: str
    label: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart: SVG text, what it is for those who cannot see it, what it shows in one sentence, and its numbers."""

    svg: str
    label: str
    caption: str
    table: Table
    title: str = ""


@dataclass(frozen=True, slots=True)
class Figures:
    """Charts beside each other where there is room."""

    form: ClassVar[str] = "figures"
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """One finding: what it is, the columns it is about, what was or could be done."""

    text: str
    place: str
    repair: str
    small: str


@dataclass(frozen=True, slots=True)
class Notes:
    """Findings of one severity."""

    form: ClassVar[str] = "notes"
    title: str
    tone: Tone
    icon: str
    notes: tuple[Note, ...]
    more: str = ""


@dataclass(frozen=True, slots=True)
class Tile:
    """One number in large: what it is, the number, its interval or a remark."""

    label: str
    value: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer in one word, an icon and a sentence, with the numbers it stands on."""

    form: ClassVar[str] = "verdict"
    tone: Tone
    icon: str
    word: str
    sentence: str
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Badge:
    """A mark beside a title, in words and with an icon: it is not told by its colour alone."""

    text: str
    tone: Tone = ""
    icon: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One column: its name and kind, a plain sentence, its numbers, a chart, and what was found about it."""

    anchor: str
    title: str
    kind: str
    badges: tuple[Badge, ...]
    short: str
    """What is told of it while it is folded."""
    sentence: str
    pairs: tuple[tuple[str, str], ...]
    figure: Figure | None
    notes: tuple[Badge, ...]


@dataclass(frozen=True, slots=True)
class Cards:
    """Cards under each other, folded where there are many; `more` says what was cut."""

    form: ClassVar[str] = "cards"
    cards: tuple[Card, ...]
    folded: bool = False
    more: str = ""
    short: int = 60
    """How many the Markdown twin keeps, each with the numbers that are named in `told`."""
    told: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a part of a section."""

    form: ClassVar[str] = "heading"
    text: str


Block = Table | Paragraph | Facts | Bullets | Code | Figures | Notes | Verdict | Heading | Cards


@dataclass(frozen=True, slots=True)
class Section:
    """One section: an anchor, a title, the plain sentence it opens with, and its blocks."""

    anchor: str
    title: str
    sentence: str
    blocks: tuple[Block, ...] = ()


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report; `meanings` are the terms that only this model's evidence can explain (its metrics)."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    meanings: dict[str, str] = field(default_factory=dict)


def row(*cells: str | Cell) -> tuple[Cell, ...]:
    """Return a table's row."""
    return tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in cells)


def headers(first: str, *numeric: str) -> tuple[Header, ...]:
    """Return a table's columns: a name, then numbers."""
    return (Header(first), *(Header(text, numeric=True) for text in numeric))


def cut(total: int, shown: int) -> str:
    """Return the remark that a list was cut, or nothing.

    >>> cut(10_000, 50)
    'and 9,950 more; all in the JSON twin'
    """
    return f"and {total - shown:,} more; {MORE}" if total > shown else ""

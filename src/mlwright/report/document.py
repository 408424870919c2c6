"""A report before it is written down: sections of blocks, which HTML and Markdown draw each in its own way.

Sections say what there is to say once, so that the twins cannot come to differ. A block's `form` names the macro in
templates/blocks.html and the function in markdown.py that draw it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import accumulate
from typing import ClassVar, Literal

Tone = Literal["", "good", "bad", "unclear", "info"]
MORE = "all in the JSON twin"
TO_FILL_IN = "To be filled in by a person"
FILLED_IN = "Filled in by a person"


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
    level: int = 3
    """How deep its title stands."""


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
    level: int = 3
    """How deep its title stands."""


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
class Tiles:
    """Numbers in large beside each other."""

    form: ClassVar[str] = "tiles"
    tiles: tuple[Tile, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """A question that people ask, and what is answered: sentences, and where there is more to read."""

    question: str
    tone: Tone
    icon: str
    sentences: tuple[str, ...]
    anchor: str = ""
    """The section that says more."""


@dataclass(frozen=True, slots=True)
class Replies:
    """Questions with their answers, for somebody who reads no further."""

    form: ClassVar[str] = "replies"
    replies: tuple[Reply, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What only a person can say and nobody has said yet: the key of the answer, and questions that help to give it."""

    form: ClassVar[str] = "asked"
    key: str
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said: paragraphs, each with the points of its list, if it is one."""

    form: ClassVar[str] = "said"
    key: str
    paragraphs: tuple[tuple[str, ...], ...]
    """Each a single text, or the items of a list."""


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
    """The title of a part of a section, with a mark beside it where its state has to be told."""

    form: ClassVar[str] = "heading"
    text: str
    badge: Badge | None = None
    level: int = 3
    """How deep its title stands."""


Block = (
    Table
    | Paragraph
    | Facts
    | Bullets
    | Code
    | Figures
    | Notes
    | Verdict
    | Tiles
    | Replies
    | Asked
    | Said
    | Heading
    | Cards
)


@dataclass(frozen=True, slots=True)
class Section:
    """One section: an anchor, a title, the plain sentence it opens with, and its blocks."""

    anchor: str
    title: str
    sentence: str
    blocks: tuple[Block, ...] = ()
    part: str = ""
    """The title of the part of the page that begins here."""
    small: str = ""
    """A remark beside it in the table of contents."""
    numbered: bool = True
    """Whether it has a number on the page."""
    explains: bool = False
    """Whether its words are explained at its end too, for those who read nothing else."""


@dataclass(frozen=True, slots=True)
class Page:
    """A whole report; `meanings` are the terms that only this model's evidence can explain (its metrics)."""

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    meanings: dict[str, str] = field(default_factory=dict)
    others: tuple[tuple[str, str], ...] = ()
    """Pages in the same folder that belong to it: what each is, and its file."""

    @property
    def anchors(self) -> frozenset[str]:
        """The sections that something on the page can lead to."""
        return frozenset(section.anchor for section in self.sections)

    @property
    def numbers(self) -> tuple[str, ...]:
        """The number of each section and of the glossary behind them; empty where one has none."""
        counted = accumulate((section.numbered for section in self.sections), initial=0)
        places = [str(place + 1) for place in counted]
        shown = [section.numbered for section in self.sections]
        return tuple(place if seen else "" for place, seen in zip(places, [*shown, True], strict=True))


def row(*cells: str | Cell) -> tuple[Cell, ...]:
    """Return a table's row."""
    return tuple(cell if isinstance(cell, Cell) else Cell(cell) for cell in cells)


def headers(first: str, *numeric: str) -> tuple[Header, ...]:
    """Return a table's columns: a name, then numbers."""
    return (Header(first), *(Header(text, numeric=True) for text in numeric))


def inside(block: Block) -> Block:
    """Return a block as it stands below a title: its own titles are one step deeper."""
    return replace(block, level=block.level + 1) if isinstance(block, Heading | Notes | Figures) else block


def cut(total: int, shown: int) -> str:
    """Return the remark that a list was cut, or nothing.

    >>> cut(10_000, 50)
    'and 9,950 more; all in the JSON twin'
    """
    return f"and {total - shown:,} more; {MORE}" if total > shown else ""

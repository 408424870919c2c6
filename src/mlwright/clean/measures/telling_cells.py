"""What is said of wrong cells: a sentence for each column, and a page for notebooks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from mlwright.clean.cell_errors import Cell
from mlwright.findings import Finding, percent

SHOWN = 20
LONGEST = 60

WORDS: dict[str, str] = {
    "mixed_types": "cannot be read like the others",
    "pattern_violation": "are made unlike the others",
    "disguised_numbers": "write numbers in another way than the rest",
    "disguised_missing": "stand for missing values",
    "date_format": "are dates in another form",
    "white_space": "have stray white space",
    "other_columns_value": "belong to another column",
    "typo": "are misspelt",
    "outlier": "lie far from all others",
    "dependency_violation": "contradict the other columns of their rows",
    "missing_but_known": "are missing although the other columns tell the value",
    "two_values_in_one": "share a cell with another column's value",
    "like_labelled": "are like cells that were labelled as wrong",
}
"""How each kind of wrong cell is told of."""


def sentence_of(name: str, wrong: Sequence[Cell], rows: int, kinds: Counter[str]) -> str:
    """Return the sentence of a finding about the wrong cells of one column.

    >>> cell = Cell(3, "town", "Olso", "Oslo", "typo", 0.9, "", 0.95)
    >>> sentence_of("town", [cell], 200, Counter({"typo": 1}))
    "1 cell of 'town' (0.5 % of the rows) is probably wrong, such as 'Olso' for 'Oslo' in row 3: 1 misspelt."
    """
    count = len(wrong)
    example = max(wrong, key=lambda cell: (cell.new is not None, cell.confidence, -cell.row))
    instead = "" if example.new is None else f" for {short(example.new)}"
    most = kinds.most_common(2)
    why = ", ".join(f"{number:,} {_told(kind, one=number == 1)}" for kind, number in most)
    return (
        f"{count:,} cell{'s' if count > 1 else ''} of {name!r} ({percent(count / max(rows, 1))} of the rows) "
        f"{'are' if count > 1 else 'is'} probably wrong, such as {short(example.old)}{instead} in row {example.row:,}"
        f"{': ' + why if why else ''}."
    )


def _told(kind: str, *, one: bool) -> str:
    """Return what is told of a kind after its number: "are" is left out.

    >>> _told("typo", one=True), _told("white_space", one=True)
    ('misspelt', 'has stray white space')
    """
    words = WORDS.get(kind, kind.replace("_", " "))
    if words.startswith("are "):
        return words.removeprefix("are ")
    first, _, rest = words.partition(" ")
    ones = {"have": "has", "cannot": "cannot", "contradict": "contradicts", "write": "writes", "belong": "belongs"}
    ones |= {"lie": "lies", "share": "shares", "stand": "stands"}
    return f"{ones.get(first, first) if one else first} {rest}"


def short(text: str | None) -> str:
    """Return a cell as it is shown.

    >>> short(None), short("Oslo")
    ('nothing', "'Oslo'")
    """
    if not text:
        return "nothing"
    return repr(text if len(text) <= LONGEST else text[: LONGEST - 3] + "...")


def page_of(title: str, findings: Sequence[Finding], cells: Sequence[Cell]) -> str:
    """Return a short piece of HTML: the findings, and the first cells."""
    told = "".join(f"<li><b>{escape(each.severity)}</b> {escape(each.message)}</li>" for each in findings[:SHOWN])
    header = "".join(f"<th>{name}</th>" for name in ("row", "column", "old", "new", "kind", "confidence", "reason"))
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(value)}</td>" for value in _values(cell)) + "</tr>" for cell in cells[:SHOWN]
    )
    more = len(cells) - SHOWN
    rest = f"<p>and {more:,} more in .cells</p>" if more > 0 else ""
    return f"<p>{escape(title)}</p><ul>{told}</ul><table><tr>{header}</tr>{body}</table>{rest}"


def _values(cell: Cell) -> list[str]:
    new = "left as it is" if cell.new is None else short(cell.new)
    return [f"{cell.row:,}", cell.column, short(cell.old), new, cell.kind, f"{cell.confidence:.2f}", cell.reason]

"""Section 5: which columns tell something of each other, and of the target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report.charts.bars import Bar, Look, bars
from mlwright.report.document import Block, Figure, Figures, Header, Section, Table, cut, headers, row

PAIRS: Final = 20
BARS: Final = 12
TELLING: Final = 0.9
"""Columns that go together so closely say nearly the same."""
MEASURES: Final[dict[str, str]] = {
    "ranks": "both rise together, or one falls as the other rises",
    "groups": "the number differs by category",
    "tables": "the categories come together",
}

Facts = Mapping[str, Any]


def section(facts: Facts) -> Section:
    """Return the section."""
    pairs = facts["associations"]
    blocks: list[Block] = []
    if facts["target"] is not None and (told := _with_target(facts)) is not None:
        blocks.append(told)
    if pairs:
        blocks.append(_strongest(pairs))
    return Section("associations", "What goes with what", _opening(facts), tuple(blocks))


def _opening(facts: Facts) -> str:
    pairs = facts["associations"]
    if not pairs:
        return "No two columns tell anything of each other that is more than chance."
    close = sum(pair["strength"] >= TELLING for pair in pairs)
    one, other = (words.clipped(name, 60) for name in pairs[0]["columns"])
    told = (
        f"Some columns say something about others. “{one}” and “{other}” go together most closely: an association of "
        f"{words.fixed(pairs[0]['strength'], 2)} between 0 (they have nothing to do with each other) and 1 (one tells "
        "all of the other)."
    )
    if close > 1:
        told += f" {words.counted(close, 'pair')} say nearly the same."
    return told


def _strongest(pairs: Sequence[Facts]) -> Table:
    rows = tuple(
        row(
            " and ".join(words.clipped(name, 60) for name in pair["columns"]),
            words.fixed(pair["strength"], 2),
            MEASURES[pair["measure"]],
            words.count(pair["rows"]),
        )
        for pair in pairs[:PAIRS]
    )
    head = (
        Header("Columns"),
        Header("Strength, 0 to 1", numeric=True),
        Header("How"),
        Header("Rows with both", numeric=True),
    )
    return Table("The strongest pairs", head, rows, cut(len(pairs), len(rows)))


def _with_target(facts: Facts) -> Figures | None:
    """Return the columns that tell most of the target."""
    target = words.clipped(facts["target"], 60)
    known = [column for column in facts["columns"] if column.get("with_target") is not None]
    known.sort(key=lambda column: -column["with_target"])
    if not known:
        return None
    best = [column for column in known[:BARS] if column["with_target"] > 0] or known[:1]
    marks = [
        Bar(words.clipped(each["name"], 60), each["with_target"], words.fixed(each["with_target"], 2)) for each in best
    ]
    label = f"How much each column tells of {target}: {words.clipped(best[0]['name'], 60)} tells most."
    rows = tuple(row(words.clipped(each["name"], 80), words.fixed(each["with_target"], 2)) for each in known[:100])
    table = Table(
        f"How much columns tell of {target}", headers("Column", "Strength, 0 to 1"), rows, cut(len(known), len(rows))
    )
    caption = (
        f"Each column alone, without the others: {words.clipped(best[0]['name'], 60)} tells most of {target}. "
        "A column near 1 may be a copy of it, or known only afterwards."
    )
    return Figures(
        (
            Figure(
                bars(marks, Look("bar", "0 tells nothing, 1 everything"), label),
                label,
                caption,
                table,
                f"What goes with {target}",
            ),
        )
    )

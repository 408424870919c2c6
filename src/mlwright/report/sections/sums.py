"""How an answer of a model that can be read is worked out: where the sum starts, and one row from start to answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.document import Block, Paragraph, Table, headers, row

Evidence = Mapping[str, Any]
ADDED = 12
"""So many parts of the example stand by themselves, the largest first; the rest stand together."""


def worked_out(evidence: Evidence, told: Evidence, total: Evidence, dates: set[str]) -> list[Block]:
    """Return where the sum starts and what becomes of it, and the example."""
    classes = evidence["question"].get("classes") or []
    start, chance = words.number(total["start"]), words.known(total["probability"])
    said = f"The sum starts at {start}"
    if chance is not None:
        said += f", which is a chance of {words.number(chance, percent=True)}: that of a row to which nothing is added"
    elif classes:
        said += ", counted from the average of all answers; the chance of one follows from the sums of all of them"
    else:
        said += f" in the unit of “{words.clipped(evidence['question']['target'], 60)}”"
    blocks: list[Block] = [Paragraph(f"{said}.{_after(total, chance)}")]
    return [*blocks, _example(told, total, dates, is_number=not classes)]


def _after(total: Evidence, chance: float | None) -> str:
    """Say what is done with the sum before it is an answer."""
    if words.known(total["floor"]) is not None:
        return f" An answer is never below {words.amount(total['floor'])}."
    how = " The chance is 1 ÷ (1 + e^−sum)." if chance is not None else ""
    if total["calibrated"]:
        return f"{how} After that it is calibrated, which moves it a little: the answer is what comes out."
    return how


def _example(told: Evidence, total: Evidence, dates: set[str], *, is_number: bool) -> Table:
    """Return a row that nobody is, from the start to the answer."""
    made = total["example"]
    parts = sorted(zip(told["terms"], made["added"], strict=False), key=lambda part: -abs(part[1]))
    rest = made["rest"] + sum(added for _, added in parts[ADDED:])
    lines = [("", "the start", total["start"])]
    for term, added in parts[:ADDED]:
        names = " × ".join(words.clipped(name, 40) for name in term["columns"])
        values = ", ".join(value_of(made["values"].get(name), dates=name in dates) for name in term["columns"])
        lines.append((names, values, added))
    if len(parts) > ADDED or rest:
        lines.append(("", "all other parts together", rest))
    lines.append(("", "the sum", made["sum"]))
    written = words.aligned([number for _, _, number in lines])
    rows = [row(name or said, said if name else "", text) for (name, said, _), text in zip(lines, written, strict=True)]
    rows.append(row("the model's answer", "", words.number(made["answer"], percent=not is_number)))
    return Table(
        "One row worked out: nobody's, with the middle or commonest value of each column",
        headers("Column", "Its value", "Adds"),
        tuple(rows),
        collapsed="How one answer is worked out, step by step",
        short=20,
    )


def value_of(x: Any, *, dates: bool) -> str:
    """Return a value of a column as people read it."""
    if x is None:
        return "(missing)"
    value = words.known(x)
    if value is None:
        return words.clipped(x, 40)
    return words.day(value) if dates else words.amount(value)

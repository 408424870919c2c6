"""Section 5: which columns the answers rest on, and how they move them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from mlwright.report import format as words
from mlwright.report.charts import effects
from mlwright.report.charts.bars import Bar, Look, bars
from mlwright.report.charts.plot import percentage
from mlwright.report.document import Block, Figure, Figures, Heading, Section, Table, cut, headers, row
from mlwright.report.sections import whole
from mlwright.report.sections.scoring import Scoring

DRAWN = 12
LISTED = 40
EFFECTS = 5


def section(evidence: Mapping[str, Any]) -> Section | None:
    """Return the section, or None for lists, each place of which has its own reason."""
    if evidence.get("recommending"):
        return None
    sentence = (
        "These are the columns the answers rest on most: the further the model falls when a column's values are "
        "shuffled, the more it needs that column. They are reasons of the model, not proven causes in the world."
    )
    blocks: list[Block] = []
    if _known(evidence):
        importance = _importance(evidence)
        moved = whole.moved(evidence)
        blocks.append(Figures((importance,) if moved is None else (importance, moved)))
        blocks += whole.beside(evidence)
    else:
        sentence = "Which columns the answers rest on was not measured for this model."
    if evidence["effects"]:
        dates = {column["name"] for column in evidence["data"]["columns"] if column["kind"] == "datetime"}
        drawn = [effects.figure(effect, dates=effect["column"] in dates) for effect in evidence["effects"][:EFFECTS]]
        blocks += [Heading("How the answer moves with one column"), Figures(tuple(drawn))]
    blocks += [*whole.pairs(evidence), *whole.rules(evidence), *whole.readable(evidence)]
    return Section("reasons", "What it looks at", sentence, tuple(blocks))


def _known(evidence: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the columns whose importance is known."""
    return [entry for entry in evidence["importance"] if words.known(entry["value"]) is not None]


def _importance(evidence: Mapping[str, Any]) -> Figure:
    scoring, entries = Scoring.of(evidence), _known(evidence)
    drawn = entries[:DRAWN]
    marks = [
        Bar(words.tidy(entry["column"]), entry["value"], written, entry["interval"])
        for entry, written in zip(drawn, _losses([entry["value"] for entry in drawn], scoring), strict=True)
    ]
    label = f"{scoring.label} lost when a column is shuffled, for the {len(marks)} columns that matter most."
    look = Look("bar", f"{scoring.label} lost without the column", percentage if scoring.percent else words.short)
    like = entries[0]["value"]
    rows = tuple(
        row(words.tidy(one["column"]), scoring.interval(one["value"], one["interval"], like=like), _reading(one))
        for one in entries[:LISTED]
    )
    head = headers("Column", f"{scoring.label} lost and 95 % interval", "Reading")
    table = Table("Importance of the columns", head, rows, cut(len(entries), len(rows)))
    return Figure(bars(marks, look, label), label, _finding(evidence, scoring), table, "Importance")


def _losses(values: Sequence[float], scoring: Scoring) -> list[str]:
    """Return losses of the score with the same decimals; of percentages they are points."""
    if scoring.percent:
        return [f"{words.fixed(100 * value, 1)} points" for value in values]
    return words.aligned(values)


def _reading(entry: Mapping[str, Any]) -> str:
    low = words.known(entry["interval"][0]) if entry["interval"] else None
    return "matters" if low is not None and low > 0 else "may be noise"


def _finding(evidence: Mapping[str, Any], scoring: Scoring) -> str:
    """Return what the chart shows: the first column, how much of all loss the first three make."""
    entries = _known(evidence)
    first, gains = entries[0], [max(entry["value"], 0.0) for entry in entries]
    if _reading(first) != "matters":
        beaten = (
            " The model as a whole does beat the baselines." if evidence["verdict"]["beats_baseline"] == "yes" else ""
        )
        return (
            "What single columns are worth could not be measured: these rows cannot tell which column matters, for "
            f"shuffling any one of them costs no more than chance would.{beaten}"
        )
    lost = f"{_losses([first['value']], scoring)[0]} of {scoring.label}"
    start = f"“{words.clipped(first['column'], 60)}” matters most: without it {lost} would be lost"
    clear = sum(_reading(entry) == "matters" for entry in entries)
    share = words.fixed(100 * sum(gains[:3]) / sum(gains), 0)
    top = f"; the first three columns make {share} % of all losses" if len(entries) > 3 else ""
    return f"{start}{top}. {words.counted(clear, 'column')} of {words.count(len(entries))} matter beyond chance."

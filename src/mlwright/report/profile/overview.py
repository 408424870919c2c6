"""Section 1: the table in plain words, and its size in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.document import Block, Section, Tile, Tone, Verdict


def paragraph(facts: Mapping[str, Any]) -> str:
    """Return the overview as one paragraph."""
    return " ".join(facts["overview"])


def section(facts: Mapping[str, Any]) -> Section:
    """Return the section."""
    blocks: tuple[Block, ...] = (_verdict(facts),)
    return Section("overview", "Overview", paragraph(facts), blocks)


def _verdict(facts: Mapping[str, Any]) -> Verdict:
    """Return how urgent a look is, with the worst of what was found."""
    alarms = [finding for finding in facts["findings"] if finding["severity"] != "info"]
    errors = sum(finding["severity"] == "error" for finding in alarms)
    tone: Tone = "bad" if errors else "unclear" if alarms else "good"
    icon = {"bad": "✖", "unclear": "!", "good": "✔"}[tone]
    word = f"{words.counted(len(alarms), 'thing')} to look at first" if alarms else "Nothing stands in the way"
    known = words.counted(len(facts["findings"]), "remark") if facts["findings"] else ""
    quiet = f"What was noticed ({known}) is good to know and needs nothing." if known else "Nothing was noticed."
    sentence = words.clipped(alarms[0]["message"], 400) if alarms else quiet
    return Verdict(tone, icon, word, sentence, _tiles(facts))


def _tiles(facts: Mapping[str, Any]) -> tuple[Tile, ...]:
    rows, cells = facts["rows"], facts["rows"] * len(facts["columns"])
    copies = facts["duplicate_rows"]
    judged = facts["judged_rows"]
    return (
        Tile("Rows", words.count(rows), f"{words.count(judged)} looked at closely" if judged < rows else ""),
        Tile("Columns", words.count(len(facts["columns"])), _kinds(facts)),
        Tile(
            "Cells without a value",
            words.share(facts["missing_share"]),
            f"{words.count(facts['missing_cells'])} of {words.count(cells)}",
        ),
        Tile("Repeated rows", words.count(copies), words.share(copies / rows) if copies and rows else ""),
        Tile("Size in memory", words.size(facts["memory_bytes"])),
    )


def _kinds(facts: Mapping[str, Any]) -> str:
    left = sum(column["role"] == "ignored" for column in facts["columns"])
    return f"{words.count(left)} of no use to a model" if left else ""

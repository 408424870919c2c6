"""Section 7: what was found in the data and done about it, and the columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from mlwright.findings import Effect
from mlwright.report import format as words
from mlwright.report.document import Block, Cell, Header, Note, Notes, Section, Table, Tone, cut

GROUPS: Final[dict[str, tuple[str, Tone, str]]] = {
    "error": ("Must be looked at", "bad", "✖"),
    "warning": ("Worth a look", "unclear", "!"),
    "info": ("Good to know", "info", "i"),
}
MOST = 25
FOLDED = 30
"""More columns than this are folded away."""
LONGEST = 300
UNLOOKED = (
    "A model is only as good as its rows. Nobody looked these over for errors before learning (--no-clean); what "
    "stands here was seen while they were read."
)


def section(evidence: Mapping[str, Any]) -> Section:
    """Return the section."""
    findings, found = evidence["findings"], evidence["data"]["columns"]
    counted = {severity: sum(finding["severity"] == severity for finding in findings) for severity in GROUPS}
    repaired = sum(bool(finding["applied"]) for finding in findings)
    blocks: list[Block] = [notes(severity, findings) for severity, amount in counted.items() if amount]
    if found:
        blocks.append(columns(found, evidence["data"]["rows"]))
    looked = evidence["data"].get("looked_over", True)
    opening = _opening(len(findings), counted, repaired) if looked else UNLOOKED
    return Section("data", "What was found in the data", opening, tuple(blocks))


def _opening(total: int, counted: Mapping[str, int], repaired: int) -> str:
    if not total:
        return "Nothing was found in the data that stands in the way of a good answer."
    urgent = counted["error"] + counted["warning"]
    worth = "none of which needs" if not urgent else f"{urgent} of which {'deserves' if urgent == 1 else 'deserve'}"
    were = "was" if repaired == 1 else "were"
    mended = f"{words.counted(repaired, 'repair')} {were} made" if repaired else "no repair was made"
    return (
        f"A model is only as good as its rows. The data were looked over before learning: "
        f"{words.counted(total, 'thing')} {'was' if total == 1 else 'were'} found, {worth} a look by somebody who "
        f"knows the data; {mended}."
    )


def notes(severity: str, findings: Sequence[Mapping[str, Any]], *, done: str = "Repaired") -> Notes:
    """Return the findings of one severity; `done` stands before a repair that was made."""
    title, tone, icon = GROUPS[severity]
    group = [finding for finding in findings if finding["severity"] == severity]
    told = tuple(_note(finding, done) for finding in group[:MOST])
    return Notes(f"{title} ({words.count(len(group))})", tone, icon, told, cut(len(group), len(told)))


def _note(finding: Mapping[str, Any], applied: str) -> Note:
    columns, rows = finding.get("columns") or [], finding.get("rows") or []
    place = (f"{'Column' if len(columns) == 1 else 'Columns'}: {words.listed(columns, 6)}") if columns else ""
    repair = finding.get("repair")
    done = f"{applied if finding['applied'] else 'Proposed repair'}: {repair}" if repair else ""
    if done and finding.get("effect"):
        done = f"{done} {_worth(finding)}"
    small = [words.tidy(finding["kind"]).replace("_", " ").replace("-", " ")]
    confidence = words.known(finding.get("confidence"))
    if confidence is not None and confidence < 0.995:
        small.append(f"{words.fixed(100 * confidence, 0)} % sure")
    if rows:
        small.append("rows " + words.listed([words.count(number) for number in rows], 6))
    done = words.clipped(done, 400) if done else ""
    return Note(words.clipped(finding["message"], 600), place, done, " · ".join(small))


def _worth(finding: Mapping[str, Any]) -> str:
    """Return one sentence on what the repair did to the score of a quick model."""
    effect = Effect(**finding["effect"]).words
    return f"With it, a quick model's {effect}." if finding["applied"] else f"Left alone: with it, {effect}."


def columns(found: Sequence[Mapping[str, Any]], total: int) -> Table:
    """Return the columns of a table of so many rows: what each is for, what it holds, how much is missing."""
    rows = tuple(
        (
            Cell(words.clipped(column["name"], 120), words.clipped(column["note"], 300) if column["note"] else ""),
            Cell(str(column["kind"])),
            Cell(str(column["role"]), "", "good" if column["role"] == "target" else ""),
            Cell(_missing(column["missing"], total)),
            Cell(words.count(column["distinct"])),
        )
        for column in found[:LONGEST]
    )
    head = (
        Header("Column"),
        Header("Kind"),
        Header("Role"),
        Header("Missing", numeric=True),
        Header("Distinct", numeric=True),
    )
    folded = f"All {words.count(len(found))} columns" if len(found) > FOLDED else ""
    caption = f"Columns ({words.counted(total, 'row')})"
    return Table(caption, head, rows, cut(len(found), len(rows)), collapsed=folded, short=FOLDED)


def _missing(value: object, total: int) -> str:
    """Return how many values are missing; the evidence holds a count or, below 1, a share."""
    amount = words.known(value)
    if not amount:
        return "none" if amount == 0 else words.UNKNOWN
    if isinstance(value, float) and amount <= 1:
        return words.number(amount, percent=True)
    share = f" ({words.number(amount / total, percent=True)})" if total else ""
    return words.count(amount) + share

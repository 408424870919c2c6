"""Section 3: all models that were tried, best first, and the baselines apart: they are scored on other rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from mlwright.report import format as words
from mlwright.report.document import Block, Bullets, Cell, Header, Heading, Paragraph, Section, Table, cut, headers, row
from mlwright.report.sections.scoring import Scoring

SHOWN = 20
"""So many of the best stand in the table, and so many of those that have a weight."""
ENDED_BY = {"stopped": "the budget", "interrupted": "Ctrl-C"}
"""By the status of a model whose fits did not come to their end: what ended them."""


def section(evidence: Mapping[str, Any]) -> Section:
    """Return the section."""
    board, scoring = evidence["leaderboard"], Scoring.of(evidence)
    models = [entry for entry in board if not _is_baseline(entry)]
    failed = [entry for entry in models if _failed(entry)]
    used = [entry for entry in models if entry.get("weight")]
    sentence = _opening(len(models), used, (evidence.get("recommending") or {}).get("chosen"))
    kept = _kept(models)
    blocks: list[Block] = []
    if kept:
        scored = sum(not _unscored(entry) for entry in models)
        blocks = [_table(kept, scored, scoring), Paragraph(_remark(board), quiet=True)]
    if evidence["baselines"]:
        blocks.append(_baselines(evidence, scoring))
    if failed:
        blocks += [Heading("What failed"), _failures(failed)]
    return Section("leaderboard", "Which models were tried", sentence, tuple(blocks))


def _is_baseline(entry: Mapping[str, Any]) -> bool:
    return str(entry["learner"]).startswith("baseline")


def _failed(entry: Mapping[str, Any]) -> bool:
    return str(entry["status"]).startswith("failed")


def _cut(entry: Mapping[str, Any]) -> bool:
    return str(entry["status"]) == "cut"


def _unscored(entry: Mapping[str, Any]) -> bool:
    return _failed(entry) or _cut(entry)


def _opening(tried: int, used: Sequence[Mapping[str, Any]], chosen: Mapping[str, Any] | None) -> str:
    if not tried:
        return "No learned model is in this list: only the simplest ways to answer were compared."
    start = "One model was tried" if tried == 1 else f"{words.count(tried)} models were tried, each on the same rows"
    if chosen:
        served = {"warm": "people with a history", "cold": "people without one"}
        said = [f"{served[kind]} by {words.tidy(name)}" for kind, name in chosen.items() if kind in served]
        return f"{start}; served are {' and '.join(said)}."
    if len(used) > 1:
        return f"{start}; the final answer is an average of {len(used)} of them, and the better ones weigh more."
    if used:
        return f"{start}; the final answer is that of {words.tidy(used[0]['label'])}."
    return f"{start}."


def _kept(models: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return what is shown of the models: the best, and the best of those with a weight."""
    ranked = [entry for entry in models if not _unscored(entry)]
    used = [place for place, entry in enumerate(ranked) if entry.get("weight")]
    keep = {*range(min(SHOWN, len(ranked))), *used[:SHOWN]}
    return [ranked[place] for place in sorted(keep)]


def _table(kept: Sequence[Mapping[str, Any]], total: int, scoring: Scoring) -> Table:
    optional = (("rounds", "Rounds"), ("memory_mb", "Memory"), ("size_bytes", "Size"), ("row_ms", "One row"))
    present = [(key, name) for key, name in optional if any(words.known(entry.get(key)) for entry in kept)]
    names = [scoring.label, "Weight", "Time of all its fits", *(name for _, name in present)]
    head = (Header("Model"), *(Header(name, numeric=True) for name in names))
    rows = tuple(_row(entry, [key for key, _ in present], scoring) for entry in kept)
    better = f"{'more' if scoring.greater_is_better else 'less'} {scoring.label} is better"
    return Table(f"Leaderboard, best first, on the folds ({better})", head, rows, cut(total, len(kept)), short=15)


def _baselines(evidence: Mapping[str, Any], scoring: Scoring) -> Table:
    """Return the simplest ways to answer, on the rows on which the final model was judged."""
    rows = tuple(
        row(words.clipped(rule["label"], 60), scoring.interval(rule["score"], rule["interval"]))
        for rule in evidence["baselines"][:SHOWN]
    )
    where = "the held-out rows" if evidence["question"]["rows_held_out"] else "the rows of the score above"
    more = cut(len(evidence["baselines"]), len(rows))
    return Table(f"The baselines, on {where}", headers("Baseline", f"{scoring.label} and 95 % interval"), rows, more)


def _row(entry: Mapping[str, Any], optional: Sequence[str], scoring: Scoring) -> tuple[Cell, ...]:
    written = {
        "rounds": words.count(entry.get("rounds")),
        "memory_mb": words.size(None if (mb := words.known(entry.get("memory_mb"))) is None else 1e6 * mb),
        "size_bytes": words.size(entry.get("size_bytes")),
        "row_ms": words.milliseconds(entry.get("row_ms")),
    }
    note = settings(entry.get("configuration") or {})
    if (ended := ENDED_BY.get(str(entry["status"]))) is not None:
        note = f"stopped by {ended}; {note}" if note else f"stopped by {ended}"
    weight = words.known(entry.get("weight"))
    return row(
        Cell(words.clipped(entry["label"], 60), note, "good" if weight else ""),
        scoring.number(entry["score"]),
        f"{words.fixed(100 * weight, 0)} %" if weight else words.UNKNOWN,
        words.duration(entry.get("seconds")),
        *(written[key] for key in optional),
    )


def settings(configuration: Mapping[str, Any]) -> str:
    """Return a configuration in one line.

    >>> settings({"depth": 6, "rate": 0.05, "grow": "leaf"})
    'depth 6, rate 0.05, grow leaf'
    """
    parts = [
        f"{key} {words.short(value) if (value := words.known(raw)) is not None else raw}"
        for key, raw in configuration.items()
    ]
    return words.clipped(", ".join(parts), 160) if parts else ""


def _remark(board: Sequence[Mapping[str, Any]]) -> str:
    early = ""
    if stopped := sum(entry["status"] == "stopped" for entry in board):
        early = f" {words.counted(stopped, 'model')} had to stop early because the time was used up."
    if interrupted := sum(entry["status"] == "interrupted" for entry in board):
        early += f" {words.counted(interrupted, 'model')} had to stop early because the build was ended by Ctrl-C."
    if given_up := sum(_cut(entry) for entry in board):
        early += (
            f" {words.counted(given_up, 'model')} {'was' if given_up == 1 else 'were'} given up after the first folds,"
            " where the best model was clearly better."
        )
    return (
        "These scores chose the models, so the best of many is a little flattered by luck. The score at the top of "
        f"this page was measured apart from that choice, and so were those of the baselines below.{early}"
    )


def _failures(failed: Sequence[Mapping[str, Any]]) -> Bullets:
    told = [(words.tidy(entry["label"]), str(entry["status"]).partition(":")[2]) for entry in failed]
    reasons = Counter(f"{label} failed: {words.clipped(why or 'no reason given', 300)}" for label, why in told)
    lines = [text if times == 1 else f"{text} ({times} times)" for text, times in reasons.items()]
    return Bullets(tuple(lines[:SHOWN]), cut(len(lines), min(len(lines), SHOWN)))

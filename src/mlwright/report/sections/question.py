"""Section 2: what was asked, on which rows, and what was held out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.document import Block, Bullets, Facts, Heading, Section


def section(evidence: Mapping[str, Any]) -> Section:
    """Return the section."""
    question = evidence["question"]
    held_out, learned = question.get("rows_held_out"), question.get("rows_learned")
    target = words.clipped(question["target"], 80)
    judged = (
        f"it was judged on {words.counted(held_out, 'other row')} that it had never seen"
        if held_out
        else "each row was judged by a model that had not seen it"
    )
    if evidence.get("recommending"):
        return _of_log(evidence)
    sentence = (
        f"The question is what “{target}” will be. The model learned from "
        f"{words.counted(learned, 'row')} whose answer is known, and {judged}."
    )
    return _told(evidence, sentence)


def _of_log(evidence: Mapping[str, Any]) -> Section:
    question = evidence["question"]
    held_out, learned = question.get("rows_held_out"), question.get("rows_learned")
    sentence = (
        f"The question is which “{words.clipped(question['target'], 80)}” somebody takes next. The model learned from"
        f" {words.counted(learned, 'entry', 'entries')} of the log, and was judged by what"
        f" {words.counted(held_out, 'person', 'people')} took that it had not seen."
    )
    return _told(evidence, sentence)


def _told(evidence: Mapping[str, Any], sentence: str) -> Section:
    blocks: list[Block] = [Facts(tuple(_facts(evidence)))]
    if assumptions := evidence["question"]["assumptions"]:
        blocks += [Heading("What was assumed, and how to change it"), Bullets(tuple(assumptions))]
    return Section("question", "What was asked", sentence, tuple(blocks))


def _facts(evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
    question, split = evidence["question"], evidence["question"]["split"]
    facts = [
        ("Source", words.tidy(question["source"])),
        ("Table", f"{words.counted(question['rows'], 'row')}, {words.counted(question['columns'], 'column')}"),
        ("Target", f"{words.tidy(question['target'])} ({question['task_label']})"),
    ]
    classes = question.get("classes") or []
    if classes:
        facts.append((f"Possible answers ({words.count(len(classes))})", words.listed(classes, 20)))
    if question.get("positive") is not None:
        facts.append(("The answer that counts as yes", words.tidy(question["positive"])))
    by = f" by column “{words.clipped(split['column'], 60)}”" if split.get("column") else ""
    facts.append(("How rows were held out", f"{split['kind']} split{by}: {split['reason']}"))
    facts.append(("How the score was measured", f"{evidence['score']['method']}"))
    return facts

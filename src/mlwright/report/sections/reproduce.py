"""Section 9: how to make the same model again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.document import Block, Code, Facts, Paragraph, Section


def section(evidence: Mapping[str, Any], run: Mapping[str, Any]) -> Section:
    """Return the section."""
    sentence = "Whoever has the same data and the same programs can make this model again with one command."
    blocks: list[Block] = []
    if run.get("command"):
        blocks.append(Code(str(run["command"]), "The command"))
        blocks.append(
            Paragraph(
                "With the same versions and seed it is the same byte for byte on one machine, where a number of trials "
                "was set; a budget of time reaches as far as the machine is fast."
            )
        )
    blocks.append(Facts(tuple(facts(evidence, run))))
    return Section("reproduce", "How to make it again", sentence, tuple(blocks))


def machine(run: Mapping[str, Any]) -> str:
    """Return the machine on which the model was made, in one line; empty where it is not known."""
    found = run.get("machine") or {}
    memory = words.known(found.get("memory_gb"))
    parts = [
        words.tidy(found["system"]) if found.get("system") else "",
        f"Python {found['python']}" if found.get("python") else "",
        words.counted(found["cores"], "core") if found.get("cores") else "",
        f"{words.short(memory)} GB of memory" if memory else "",
    ]
    return ", ".join(part for part in parts if part)


def facts(evidence: Mapping[str, Any], run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what made the model: when, how long, from which data, where and with what."""
    size = evidence["size"]
    trials, budget = run.get("trials"), run.get("budget")
    effort = [f"{words.duration(budget)} of time" if words.known(budget) is not None else str(budget or "")]
    effort.append(words.counted(trials, "trial") if words.known(trials) is not None else "")
    facts = [
        ("Made", words.moment(run["created"]) if run.get("created") else ""),
        ("It took", words.duration(run["seconds"]) if words.known(run.get("seconds")) is not None else ""),
        ("Budget", ", ".join(part for part in effort if part)),
        ("Seed", str(run["seed"]) if run.get("seed") is not None else ""),
        ("Data hash", str(run.get("data_hash") or evidence["data"].get("hash") or "")),
        ("Machine", machine(run)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in sorted((run.get("versions") or {}).items()))),
        ("Size of the model", words.size(size["model_bytes"]) if size.get("model_bytes") else ""),
        ("Time for one row", words.milliseconds(size["row_ms"]) if size.get("row_ms") else ""),
    ]
    return [(name, text) for name, text in facts if text]

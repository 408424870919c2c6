"""Section 9: how to make the same model again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.document import Block, Code, Facts, Section


def section(evidence: Mapping[str, Any], run: Mapping[str, Any]) -> Section:
    """Return the section."""
    sentence = (
        "With the same data, versions and seed, this command makes the same model again (byte for byte on one machine "
        "where a number of trials was set instead of a time)."
    )
    blocks: list[Block] = []
    if run.get("command"):
        blocks.append(Code(str(run["command"]), "The command"))
    blocks.append(Facts(tuple(_facts(evidence, run))))
    return Section("reproduce", "How to make it again", sentence, tuple(blocks))


def _facts(evidence: Mapping[str, Any], run: Mapping[str, Any]) -> list[tuple[str, str]]:
    machine, size = run.get("machine") or {}, evidence["size"]
    memory = words.known(machine.get("memory_gb"))
    parts = [
        words.tidy(machine["system"]) if machine.get("system") else "",
        f"Python {machine['python']}" if machine.get("python") else "",
        words.counted(machine["cores"], "core") if machine.get("cores") else "",
        f"{words.short(memory)} GB of memory" if memory else "",
    ]
    trials, budget = run.get("trials"), run.get("budget")
    effort = [f"{words.duration(budget)} of time" if words.known(budget) is not None else str(budget or "")]
    effort.append(words.counted(trials, "trial") if words.known(trials) is not None else "")
    facts = [
        ("Made", words.moment(run["created"]) if run.get("created") else ""),
        ("It took", words.duration(run["seconds"]) if words.known(run.get("seconds")) is not None else ""),
        ("Budget", ", ".join(part for part in effort if part)),
        ("Seed", str(run["seed"]) if run.get("seed") is not None else ""),
        ("Data hash", str(run.get("data_hash") or evidence["data"].get("hash") or "")),
        ("Machine", ", ".join(part for part in parts if part)),
        ("Versions", ", ".join(f"{name} {version}" for name, version in sorted((run.get("versions") or {}).items()))),
        ("Size of the model", words.size(size["model_bytes"]) if size.get("model_bytes") else ""),
        ("Time for one row", words.milliseconds(size["row_ms"]) if size.get("row_ms") else ""),
    ]
    return [(name, text) for name, text in facts if text]

"""Section 2: what is wrong with the table, the worst first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report.document import Section
from mlwright.report.sections.data import GROUPS, notes

DONE: Final = "Done when a model is built"
"""A profile changes nothing: what findings call applied is how values are read, and what a build leaves out."""


def section(facts: Mapping[str, Any]) -> Section:
    """Return the section."""
    findings = facts["findings"]
    told = {finding["severity"] for finding in findings}
    blocks = tuple(notes(severity, findings, done=DONE) for severity in GROUPS if severity in told)
    return Section("findings", "What was found", _opening(facts), blocks)


def _opening(facts: Mapping[str, Any]) -> str:
    findings = facts["findings"]
    if not findings:
        return "Nothing was found that is wrong or worth knowing beyond the numbers below."
    alarms = sum(finding["severity"] != "info" for finding in findings)
    deserve = "deserves" if alarms == 1 else "deserve"
    urgent = f"{words.count(alarms)} of which {deserve}" if alarms else "none of which needs"
    return (
        "Every column and row was compared with what such data usually are: "
        f"{words.counted(len(findings), 'finding')}, {urgent} a look by somebody who knows the data. "
        "Nothing was changed."
    )

"""Section 8: what not to use the model for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report.document import Bullets, Section


def section(evidence: Mapping[str, Any]) -> Section:
    """Return the section."""
    sentence = "A model answers well only what it has seen examples of. Keep these limits in mind before using it."
    limits = tuple(evidence["limits"])
    if not limits:
        sentence += " No limit of its own was written down for this model."
    return Section("limits", "What not to use it for", sentence, (Bullets(limits),) if limits else ())

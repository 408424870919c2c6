"""Section 6: whether more rows would help."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report.charts import learning_curve
from mlwright.report.document import Figures, Section
from mlwright.report.sections.scoring import Scoring


def section(evidence: Mapping[str, Any]) -> Section | None:
    """Return the section; none where it was not measured."""
    title, curve = "Would more rows help?", evidence["learning_curve"]
    if curve is None or not curve["rows"]:
        return None
    scoring = Scoring.of(evidence)
    figure = learning_curve.figure(curve, scoring.label, percent=scoring.percent)
    sentence = (
        "To see whether collecting more rows is worth it, one method alone learned from fewer rows first: where its "
        "score still gets better at the end, more rows would help. It may score lower than the whole model does."
    )
    return Section("more-rows", title, sentence, (Figures((figure,)),))

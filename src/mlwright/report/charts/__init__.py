"""Charts as SVG by hand, one file per form. A curve of the evidence names its form; a new one is one file, one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from mlwright.report.charts import calibration, confusion, residuals, threshold
from mlwright.report.document import Block

Drawer = Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[Block, ...]]

FORMS: Final[dict[str, Drawer]] = {
    "confusion": confusion.blocks,
    "residuals": residuals.blocks,
    "interval": residuals.coverage,
    "calibration": calibration.blocks,
    "threshold": threshold.blocks,
}
"""By the `form` of a curve, in the order of the page: what draws it, given the curve and the question."""

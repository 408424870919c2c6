"""Section 4: how the model errs: all metrics, then the curves that the task chose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlwright.report import format as words
from mlwright.report.charts import FORMS
from mlwright.report.document import Block, Cell, Figure, Figures, Header, Paragraph, Section, Table


def section(evidence: Mapping[str, Any]) -> Section:
    """Return the section."""
    blocks: list[Block] = []
    if evidence["metrics"]:
        blocks.append(metrics(evidence))
    if calibration := evidence.get("calibration"):
        blocks.append(Paragraph(words.tidy(calibration["sentence"])))
    blocks += _curves(evidence)
    if not blocks:
        return Section("errors", "Where it errs", "How this model errs was not measured.")
    sentence = (
        "No model is always right. This is how often this one is wrong, in which way, and how far its answers can be "
        "taken at their word."
    )
    return Section("errors", "Where it errs", sentence, tuple(blocks))


def metrics(evidence: Mapping[str, Any]) -> Table:
    """Return all measures with their intervals and what each of them means."""
    deciding = evidence["question"]["metric"]
    rows = tuple(
        (
            Cell(words.tidy(metric["label"] or name), _note(metric, decides=name == deciding)),
            Cell(words.interval(metric["score"], metric["interval"], percent=metric["percent"])),
            Cell("more" if metric["greater_is_better"] else "less"),
        )
        for name, metric in evidence["metrics"].items()
    )
    head = (Header("Measure"), Header("Score and 95 % interval", numeric=True), Header("Better is"))
    return Table(f"All measures, on {words.counted(evidence['score']['rows'], 'row')} not seen before", head, rows)


def _note(metric: Mapping[str, Any], *, decides: bool) -> str:
    """Return what the measure means; the one the model was chosen by says so."""
    return ("It decides. " if decides else "") + words.tidy(metric["meaning"] or "No explanation.")


def _curves(evidence: Mapping[str, Any]) -> list[Block]:
    """Return the curves in the page's order, neighbouring charts beside each other."""
    order = {form: position for position, form in enumerate(FORMS)}
    curves = sorted(evidence["curves"].values(), key=lambda curve: order.get(curve["form"], len(order)))
    blocks: list[Block] = []
    figures: list[Figure] = []
    for curve in curves:
        drawer = FORMS.get(curve["form"])
        for block in drawer(curve, evidence["question"]) if drawer else (Paragraph(curve.get("sentence") or ""),):
            if isinstance(block, Figures):
                figures += block.figures
            else:
                blocks.append(block)
    if figures:
        # Remarks in small belong under the charts, tables above them.
        remarks = [block for block in blocks if isinstance(block, Paragraph) and block.quiet]
        blocks = [block for block in blocks if block not in remarks] + [Figures(tuple(figures)), *remarks]
    return blocks

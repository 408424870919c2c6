"""The page of a profile: its facts (`Profile.to_dict()`) as sections of blocks, and as the card for notebooks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report.document import Page
from mlwright.report.html import draw_html, fill
from mlwright.report.markdown import draw_markdown
from mlwright.report.profile import associations, columns, findings, made, overview
from mlwright.report.profile.place import check_place, ending_of_page
from mlwright.report.profile.sentences import KINDS
from mlwright.report.write import write_twins

__all__ = ["page", "render_html", "render_markdown", "summary_html", "write_profile"]

IN_CARD: Final = 15
"""So many columns are listed in a notebook's card."""
FINDINGS_IN_CARD: Final = 5

Facts = Mapping[str, Any]


def page(facts: Facts) -> Page:
    """Return the whole page, not yet written down."""
    origin = str(facts["source"]["origin"])
    source = origin.rstrip("/").rpartition("/")[2] or origin
    shown = "the table in memory" if origin == "memory" else words.clipped(source, 120)
    return Page(
        title=f"Profile of {words.clipped(facts['source']['name'], 80)}",
        subtitle=f"What {shown} holds, and what is wrong with it",
        sections=(
            overview.section(facts),
            findings.section(facts),
            columns.glance(facts),
            *([columns.section(facts)] if facts["columns"] else []),
            associations.section(facts),
            made.section(facts),
        ),
    )


def render_html(facts: Facts) -> str:
    """Return the profile as one HTML page."""
    return draw_html(page(facts))


def render_markdown(facts: Facts) -> str:
    """Return the profile as Markdown."""
    return draw_markdown(page(facts))


def write_profile(facts: Facts, path: Path) -> tuple[Path, ...]:
    """Write p.html with its twins p.json and p.md beside it, and return their paths, the page first.

    Raises OutputError where one of them would be the source itself, or take the place of somebody's own file.
    """
    check_place(path, facts["source"]["origin"])
    ending = ending_of_page(path)
    data = json.dumps(facts, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    return write_twins({ending: render_html(facts), ".json": data, ".md": render_markdown(facts)}, path)


def summary_html(facts: Facts) -> str:
    """Return a small card for notebooks: the overview, the worst findings, the first columns, the next call."""
    alarms = [finding for finding in facts["findings"] if finding["severity"] != "info"]
    rows = [
        (
            words.clipped(column["name"], 40),
            KINDS[column["kind"]],
            words.share(column["missing_share"]),
            words.count(column["distinct"]),
        )
        for column in facts["columns"][:IN_CARD]
    ]
    return fill(
        "profile_card.html",
        {
            "title": words.clipped(facts["source"]["name"], 80),
            "overview": overview.paragraph(facts),
            "alarms": [words.clipped(finding["message"], 300) for finding in alarms[:FINDINGS_IN_CARD]],
            "more_alarms": max(0, len(alarms) - FINDINGS_IN_CARD),
            "rows": rows,
            "more_rows": max(0, len(facts["columns"]) - IN_CARD),
        },
    )

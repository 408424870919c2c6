"""The report: what is known of a model, as a page for people and as twins for programs.

The evidence is one dict (what was asked, scores, curves, reasons, findings, limits); sections turn it into blocks once,
and HTML and Markdown each draw the blocks.
"""

from mlwright.report.html import render_html, summary_html
from mlwright.report.markdown import render_markdown
from mlwright.report.twin import render_json
from mlwright.report.write import write_report

__all__ = ["render_html", "render_json", "render_markdown", "summary_html", "write_report"]

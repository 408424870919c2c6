"""The report and the documents: what is known of a model, as pages for people and as twins for programs.

The evidence is one dict (what was asked, scores, curves, reasons, findings, limits); sections turn it into blocks once,
and HTML and Markdown each draw the blocks.
"""

from mlwright.report.documents import Folder, Known, write_documents
from mlwright.report.html import render_html, summary_html
from mlwright.report.markdown import render_markdown
from mlwright.report.twin import render_json
from mlwright.report.write import write_report

__all__ = [
    "Folder",
    "Known",
    "render_html",
    "render_json",
    "render_markdown",
    "summary_html",
    "write_documents",
    "write_report",
]

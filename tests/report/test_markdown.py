"""The Markdown twin: golden files (renewed with MLWRIGHT_RENEW_GOLDEN=1), and no text of the data becomes markup."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mlwright.report import render_markdown

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize("name", ["binary", "multiclass", "regression", "hostile", "bare"])
def test_markdown_is_the_golden_one(name, make, run):
    path, written = GOLDEN / f"{name}.md", render_markdown(make(name), run)
    if os.environ.get("MLWRIGHT_RENEW_GOLDEN"):
        path.write_text(written, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == written


def test_what_ctrl_c_ended_is_not_laid_to_the_budget(make, run):
    evidence = make("binary")
    for entry in evidence["leaderboard"]:
        if entry["status"] == "stopped":
            entry["status"] = "interrupted"
    written = render_markdown(evidence, {**run, "interrupted": True})
    assert "XGBoost (stopped by Ctrl-C; depth 5" in written
    assert "1 model had to stop early because the build was ended by Ctrl-C." in written
    assert "stopped by the budget" not in written
    assert "time was used up" not in written


def test_hostile_names_stay_text(make, run):
    markdown_it = pytest.importorskip("markdown_it")
    html = markdown_it.MarkdownIt("commonmark").enable("table").render(render_markdown(make("hostile"), run))
    assert "<script" not in html
    assert "&lt;script&gt;alert('x')&lt;/script&gt;" in html


def test_tables_have_as_many_cells_as_columns(make, run):
    for name in ("binary", "multiclass", "regression", "hostile", "huge"):
        width = 0
        for line in render_markdown(make(name), run).splitlines():
            cells = line.replace("\\|", "").count("|") if line.startswith("|") else 0
            assert cells in {0, width} or width == 0
            width = cells


def test_explanations_are_cut_at_the_end_of_a_word(make, run):
    made = make("binary")
    made["metrics"]["roc_auc"]["meaning"] = "sixteen " * 40
    assert "sixteen…)" in render_markdown(made, run)


def test_markdown_stays_short(make, run):
    assert len(render_markdown(make("huge"), run)) < 40_000

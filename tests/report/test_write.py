"""Writing: three files or none, and a clear sentence where it cannot be."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from mlwright.errors import OutputError
from mlwright.report import render_html, render_json, render_markdown, write_report
from mlwright.report.ours import MARK, is_ours

OLD = '<!doctype html><meta name="generator" content="mlwright">old'


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("given", ["r.html", "r.json", "r.md", "r"])
def test_page_and_twins_stand_beside_each_other(given, make, run, tmp_path):
    made = make("binary")
    paths = write_report(made, run, tmp_path / given)
    assert [path.name for path in paths] == ["r.html", "r.json", "r.md"]
    assert names(tmp_path) == ["r.html", "r.json", "r.md"]
    drawn = [render_html(made, run), render_json(made, run), render_markdown(made, run)]
    assert [path.read_text(encoding="utf-8") for path in paths] == drawn


def test_dots_in_names_are_kept(make, run, tmp_path):
    assert write_report(make("bare"), run, tmp_path / "model.v1.2")[0].name == "model.v1.2.html"


def test_older_report_is_replaced(make, run, tmp_path):
    write_report(make("bare"), run, tmp_path / "r.html")
    write_report(make("binary"), run, tmp_path / "r.html")
    assert (tmp_path / "r.html").read_text() == render_html(make("binary"), run)


def test_markdown_of_an_older_version_has_no_mark_and_is_replaced_all_the_same(make, run, tmp_path):
    old = render_markdown(make("binary"), run).removesuffix(f"\n{MARK}\n")
    assert MARK not in old
    (tmp_path / "r.md").write_text(old)
    write_report(make("binary"), run, tmp_path / "r.html")
    assert MARK in (tmp_path / "r.md").read_text()


@pytest.mark.parametrize("ending", [".html", ".json", ".md"])
@pytest.mark.parametrize("text", ["<!doctype html><p>my page</p>", '{"format": "mine"}', "# Predicting\n\nmy notes"])
def test_foreign_files_are_left_alone(ending, text, make, run, tmp_path):
    foreign = tmp_path / f"sale{ending}"
    foreign.write_text(text)
    with pytest.raises(OutputError, match="was not written by mlwright, so it is left alone") as caught:
        write_report(make("bare"), run, tmp_path / "sale.html")
    assert repr(foreign.name) in str(caught.value)
    assert names(tmp_path) == [foreign.name]
    assert foreign.read_text() == text
    write_report(make("bare"), run, tmp_path / "sale.html", force=True)
    assert len(names(tmp_path)) == 3


def test_file_that_is_empty_or_not_there_may_be_written(tmp_path):
    (tmp_path / "r.html").touch()
    assert is_ours(tmp_path / "r.html")
    assert is_ours(tmp_path / "no.html")
    (tmp_path / "r.txt").write_text(MARK)
    assert not is_ours(tmp_path / "r.txt")


def test_missing_folder_is_named(make, run, tmp_path):
    with pytest.raises(OutputError, match="its folder does not exist") as caught:
        write_report(make("bare"), run, tmp_path / "no" / "r.html")
    assert "create the folder" in str(caught.value)


def test_folder_in_place_of_a_file_is_named(make, run, tmp_path):
    (tmp_path / "r.html").mkdir()
    with pytest.raises(OutputError, match=r"r\.html' is a folder"):
        write_report(make("bare"), run, tmp_path / "r.html")
    assert names(tmp_path) == ["r.html"]


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.EACCES, "no permission"),
        (errno.EROFS, "no permission"),
        (errno.ENOSPC, "the disk is full"),
        (errno.EIO, "Input/output error"),
    ],
)
def test_refusal_of_the_system_leaves_nothing_behind(number, sentence, make, run, tmp_path, monkeypatch):
    (tmp_path / "r.html").write_text(OLD)

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("mlwright.report.write.os.fsync", refuse)
    with pytest.raises(OutputError, match=sentence):
        write_report(make("bare"), run, tmp_path / "r.html")
    assert names(tmp_path) == ["r.html"]
    assert (tmp_path / "r.html").read_text() == OLD


def test_read_only_folder_is_refused(make, run, tmp_path, monkeypatch):
    def refuse(*_: object, **__: object) -> None:  # root may write everywhere, so that a chmod would prove nothing
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("mlwright.report.write.os.fsync", refuse)
    with pytest.raises(OutputError, match="no permission"):
        write_report(make("bare"), run, tmp_path / "r.html")


def test_lone_surrogates_in_a_name_do_no_harm(make, run, tmp_path):
    made = make("binary")
    made["data"]["columns"][0]["name"] = "a\udc80b"
    assert "ab" in write_report(made, run, tmp_path / "r.html")[0].read_text(encoding="utf-8")

"""Documents: every point is told, answered or visibly open; golden files; all files or none; a person's words stay."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path

import pytest

from mlwright.errors import OptionError, OutputError, SourceError
from mlwright.report.documents import PLANS, Answers, Drawn, write_documents
from mlwright.report.documents.questions import BY_KEY, QUESTIONS
from mlwright.report.glossary import Terms
from mlwright.report.html import draw_html
from mlwright.report.markdown import draw_markdown

GOLDEN = Path(__file__).parent / "golden"
FILES = {plan.file: plan for plan in PLANS}
EVERYTHING = {question.key: f"Somebody said what belongs under {question.key}." for question in QUESTIONS}
SOME = {
    "purpose.intended": "A branch calls those who may leave.\n\n- first the largest\n- then the others",
    "provider.name": "Fabrikam <b>Ltd</b>, 1 Long Street",
}


def markdown(known, file: str) -> str:
    return draw_markdown(Drawn(FILES[file], known).page("answers.toml", [("Report", "report.html")]))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("name", ["binary", "regression", "bare"])
def test_markdown_is_the_golden_one(name, file, knowing):
    said = SOME if name == "binary" else {}
    path, written = GOLDEN / f"{name}-{file}.md", markdown(knowing(name, said, tested=name == "binary"), file)
    if os.environ.get("MLWRIGHT_RENEW_GOLDEN"):
        path.write_text(written, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == written


@pytest.mark.parametrize("name", ["binary", "multiclass", "regression", "hostile", "huge", "bare"])
@pytest.mark.parametrize("file", FILES)
def test_every_point_has_something_under_it(name, file, knowing):
    drawn = Drawn(FILES[file], knowing(name))
    assert drawn.points == sum(drawn.count(state) for state in ("known", "answered", "open", "unknown"))
    for _, points in drawn.parts:
        assert all(each.blocks for each in points)
    page = drawn.page("answers.toml", ())
    for text in (draw_html(page), draw_markdown(page), drawn.data("report.json", "0")):
        assert len(text.encode()) < 2_000_000


@pytest.mark.parametrize("file", FILES)
def test_an_open_point_is_a_box_until_it_is_answered(file, knowing):
    keys = FILES[file].keys
    before = markdown(knowing("binary"), file)
    after = markdown(knowing("binary", {keys[0]: "Somebody said this."}), file)
    assert f"`{keys[0]}`" in before
    assert f"`{keys[0]}`" not in after
    assert "Somebody said this." in after
    assert before.count("To be filled in by a person") > after.count("To be filled in by a person")


@pytest.mark.parametrize("file", FILES)
def test_what_is_open_is_counted_at_the_top(file, knowing):
    drawn = Drawn(FILES[file], knowing("binary"))
    text = markdown(knowing("binary"), file)
    assert f"{drawn.open} of {drawn.points} points are open" in text
    assert drawn.open == len(re.findall(r"^###+ .* \(open\)$", text, re.MULTILINE))


@pytest.mark.parametrize("file", FILES)
def test_nothing_is_open_where_all_is_answered(file, knowing):
    drawn = Drawn(FILES[file], knowing("binary", EVERYTHING))
    text = markdown(knowing("binary", EVERYTHING), file)
    assert drawn.open == 0
    assert "To be filled in by a person" not in text
    assert drawn.count("answered") == sum(bool(point.asks) for part in FILES[file].parts for point in part.points)


def test_technical_file_has_the_nine_points_of_the_annex_in_their_order(knowing):
    plan = FILES["technical-file"]
    assert [part.cites for part in plan.parts] == [
        f"Annex IV, point {number}, of Regulation (EU) 2024/1689." for number in range(1, 10)
    ]
    numbers = [point.number for part in plan.parts for point in part.points]
    assert numbers == sorted(numbers)
    letters = [f"{number}({letter})" for number in (1, 2) for letter in "abcdefgh"]
    assert set(numbers) == {*letters, *"3456789"}
    for place, part in enumerate(plan.parts, start=1):
        assert all(point.number.startswith(str(place)) for point in part.points)
    text = markdown(knowing("binary", EVERYTHING), "technical-file").casefold()
    assert "it does not say that the system conforms" in text
    assert not re.search(r"\b(complies|compliant|is conform|fulfils|meets the requirements)\b", text)


def test_answers_are_text_and_nothing_else(knowing):
    said = {"purpose.intended": "<script>alert(1)</script> *x* [a](http://b) {{ 7 * 7 }}"}
    page = Drawn(FILES["model-card"], knowing("binary", said)).page("answers.toml", ())
    assert "<script>" not in draw_html(page)
    assert "{{ 7 * 7 }}" in draw_html(page)
    assert "<script>" not in draw_markdown(page)
    assert "[a](http" not in draw_markdown(page)


def test_folder_is_whole_and_numbers_come_from_one_file(knowing, tmp_path):
    written = write_documents(knowing("binary"), tmp_path / "new" / "papers")
    folder = tmp_path / "new" / "papers"
    stems = ["data-sheet", "model-card", "report", "technical-file"]
    assert names(folder) == sorted(["answers.toml", *(f"{s}.{e}" for s in stems for e in ("html", "json", "md"))])
    digest = hashlib.sha256((folder / "report.json").read_bytes()).hexdigest()
    for document in written.documents:
        twin = json.loads(document.page.with_suffix(".json").read_text(encoding="utf-8"))
        assert twin["evidence"] == {"file": "report.json", "sha256": digest}
        assert (twin["points"], twin["open"]) == (document.points, document.open)
        states = [point["state"] for part in twin["parts"] for point in part["points"]]
        assert (len(states), states.count("open")) == (document.points, document.open)
        assert {key for part in twin["parts"] for point in part["points"] for key in point["answers"]} <= set(BY_KEY)
    assert json.loads((folder / "report.json").read_text(encoding="utf-8")).keys() >= {"evidence", "run", "schema"}
    assert written.begun


def test_documents_lead_to_each_other(knowing, tmp_path):
    for document in write_documents(knowing("binary"), tmp_path).documents:
        files = re.findall(r'<a href="([^#"]+)"', document.page.read_text(encoding="utf-8"))
        assert sorted([*files, document.page.name]) == [
            "data-sheet.html",
            "model-card.html",
            "report.html",
            "technical-file.html",
        ]
        assert all((tmp_path / file).exists() for file in files)


def test_words_of_a_person_are_kept_when_all_is_written_anew(knowing, tmp_path):
    write_documents(knowing("binary"), tmp_path)
    own = tmp_path / "answers.toml"
    own.write_text('[purpose]\nintended = "Only for the branch in Ghent."\n', encoding="utf-8")
    again = write_documents(knowing("regression"), tmp_path)
    assert own.read_text(encoding="utf-8") == '[purpose]\nintended = "Only for the branch in Ghent."\n'
    assert not again.begun
    for file in ("model-card.html", "model-card.md", "model-card.json", "technical-file.html"):
        assert "Only for the branch in Ghent." in (tmp_path / file).read_text(encoding="utf-8")
    assert "sale_price" in (tmp_path / "model-card.md").read_text(encoding="utf-8")


def test_same_known_gives_the_same_files(knowing, tmp_path):
    for folder in ("a", "b"):
        write_documents(knowing("binary", tested=True), tmp_path / folder)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_answers_elsewhere_are_used_and_nothing_is_begun(knowing, tmp_path):
    mine = tmp_path / "mine.json"
    mine.write_text('{"data": {"row": "One customer."}}')
    written = write_documents(knowing("binary"), tmp_path / "papers", answers=mine)
    assert "answers.toml" not in names(tmp_path / "papers")
    assert written.answers == mine
    assert "One customer." in (tmp_path / "papers" / "data-sheet.md").read_text(encoding="utf-8")
    with pytest.raises(SourceError, match="no such file of answers"):
        write_documents(knowing("binary"), tmp_path / "other", answers=tmp_path / "nix.toml")
    assert not (tmp_path / "other").exists()


def test_wrong_answers_leave_the_folder_as_it_was(knowing, tmp_path):
    write_documents(knowing("binary"), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "answers.toml").write_text('[purpose]\nintendde = "x"\n')
    with pytest.raises(OptionError, match="intended"):
        write_documents(knowing("regression"), tmp_path)
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.name != "answers.toml"}
    assert after == {name: text for name, text in before.items() if name != "answers.toml"}


def test_file_of_somebody_else_is_left_alone(knowing, tmp_path):
    (tmp_path / "data-sheet.md").write_text("# My notes")
    with pytest.raises(OutputError, match=r"'data-sheet\.md' is there already and was not written by mlwright"):
        write_documents(knowing("binary"), tmp_path)
    assert names(tmp_path) == ["data-sheet.md"]
    (tmp_path / "answers.toml").write_text("")
    write_documents(knowing("binary"), tmp_path, force=True)
    assert (tmp_path / "data-sheet.md").read_text(encoding="utf-8").startswith("# Data sheet")
    assert (tmp_path / "answers.toml").read_text() == ""


def test_folder_that_is_a_file_is_named(knowing, tmp_path):
    (tmp_path / "papers").write_text("x")
    with pytest.raises(OutputError, match="there is a file of that name"):
        write_documents(knowing("binary"), tmp_path / "papers")


def test_answers_know_what_was_said():
    assert Answers({"data.row": "x"}).block("data.row") is not None


def test_personal_data_that_nobody_looked_for_are_not_said_to_be_absent(knowing):
    known = knowing("binary")
    known.evidence["findings"] = []
    assert "were recognised in the columns" in markdown(known, "data-sheet")
    known.evidence["data"]["looked_over"] = False
    text = markdown(known, "data-sheet")
    assert "were recognised in the columns" not in text
    assert "Nobody looked for errors, leaks or personal data in the rows" in text


def test_every_section_opens_with_a_sentence_that_asks_for_no_explanation():
    for plan in PLANS:
        for part in plan.parts:
            assert {term.name for term in Terms({}).find(part.sentence)} <= {"provider"}, part.anchor
            assert part.sentence.endswith(".")
            assert len(part.sentence.split()) <= 30

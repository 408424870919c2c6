"""Answers: what a person wrote is kept and found again; what is not asked is refused with the nearest and the line."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.errors import OptionError, SourceError
from mlwright.report.document import Said
from mlwright.report.documents.answers import LONGEST, OPEN, Answers, beginning, read_answers
from mlwright.report.documents.questions import BY_KEY, QUESTIONS, TOPICS
from mlwright.report.documents.write import PLANS, wanted


def written(folder: Path, text: str, name: str = "answers.toml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_beginning_is_toml_that_asks_all_and_answers_nothing(tmp_path):
    text = beginning("the model 'a\nb'", wanted())
    data = tomllib.loads(text)
    assert {f"{topic}.{name}" for topic, inside in data.items() for name in inside} == set(BY_KEY)
    assert read_answers(written(tmp_path, text)) == Answers({})
    for question in QUESTIONS:
        assert all(ask.split()[0] in text for ask in question.asks)
    assert max(map(len, text.splitlines())) <= 120


def test_all_that_is_asked_is_wanted_by_a_document_and_the_other_way_round():
    asked = {key for plan in PLANS for key in plan.keys}
    assert asked == set(BY_KEY)
    assert {question.topic for question in QUESTIONS} == set(TOPICS)


def test_what_is_written_between_the_marks_is_read(tmp_path):
    text = beginning("churn", wanted()).replace(
        'intended = """\n"""',
        'intended = """\nThe branch decides.\nIt is one of three things.\n\n- first\n- second\n"""',
    )
    answers = read_answers(written(tmp_path, text))
    assert list(answers.said) == ["purpose.intended"]
    paragraphs = (("The branch decides. It is one of three things.",), ("first", "second"))
    assert answers.block("purpose.intended") == Said("purpose.intended", paragraphs)
    assert answers.block("purpose.users") is None


@pytest.mark.parametrize("text", [*sorted(OPEN - {""}), "  TODO ", "\n"])
def test_what_is_put_off_stays_open(text, tmp_path):
    assert read_answers(written(tmp_path, f'purpose.users = """{text}"""')) == Answers({})


def test_list_and_date_are_answers(tmp_path):
    path = written(tmp_path, '[purpose]\nusers = ["clerks", "their heads"]\n[legal]\nsigned = 2026-11-03\n')
    answers = read_answers(path)
    assert answers.block("purpose.users") == Said("purpose.users", (("clerks", "their heads"),))
    assert answers.said["legal.signed"] == "2026-11-03"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[purpose]\nintendd = "x"', r"line 2: 'purpose\.intendd' is not asked .* did you mean 'purpose\.intended'\?"),
        ('[purpos]\nintended = "x"', r"line 1: 'purpos' is not asked .* did you mean 'purpose'\?"),
        ("[purpose]\nintended = 3", r"line 2: The answer to 'purpose\.intended' is no text\. Hint: write it in quotes"),
        ("[purpose]\nintended = {a = 1}", r"is no text"),
        ('purpose = "x"', r"line 1: 'purpose' holds no answers"),
        ("[purpose]\nintended = x", r"The file of answers is not TOML"),
        (f'[purpose]\nusers = "{"x" * (LONGEST + 1)}"', r"has 20,001 characters, more than the 20,000 allowed"),
    ],
)
def test_what_would_be_lost_is_refused_with_its_line(text, message, tmp_path):
    with pytest.raises(OptionError, match=message):
        read_answers(written(tmp_path, text))


def test_other_formats_say_the_same(tmp_path):
    assert read_answers(written(tmp_path, '{"data": {"row": "A customer."}}', "a.json")).said == {
        "data.row": "A customer."
    }
    pytest.importorskip("yaml")
    assert read_answers(written(tmp_path, "data:\n  row: A customer.\n", "a.yaml")).said == {"data.row": "A customer."}


def test_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(SourceError, match=r"a\.toml: The file of answers cannot be read"):
        read_answers(tmp_path / "a.toml")
    with pytest.raises(OptionError, match=r"A file of answers ends in \.toml"):
        read_answers(written(tmp_path, "x", "answers.docx"))


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=200))
def test_no_word_of_an_answer_is_lost(text):
    block = Answers({"data.row": text}).block("data.row")
    assert block is not None
    kept = " ".join(part for paragraph in block.paragraphs for part in paragraph)
    lost = [word for word in text.split() if word not in kept and word != "-"]
    assert lost == []


def test_every_question_is_in_the_docs():
    page = (Path(__file__).parents[3] / "docs" / "reference" / "answers.md").read_text(encoding="utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [
        f"| `{question.key}` | {' '.join(question.asks)} | {wanted()[question.key].removeprefix('asked in: ')} |"
        for question in QUESTIONS
    ]

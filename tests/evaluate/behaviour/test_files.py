"""Files of behaviour tests: what may stand in them, and what is said where something is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlwright.errors import InputError, OptionError
from mlwright.evaluate.behaviour import BehaviourTest, generated, read_tests, starting_file
from mlwright.schema import Column, Schema

SCHEMA = Schema(
    (
        Column(name="sex", kind="category", role="sensitive", categories=("f", "m")),
        Column(name="pay", kind="number", direction="decreasing", quantiles=(1.0, 2.0, 3.0, 4.0, 5.0)),
        Column(name="since", kind="datetime"),
        Column(name="member", kind="boolean"),
        Column(name="smoker", kind="category", categories=("yes", "no")),
        Column(name='a "town": #1', kind="category", categories=("Rome", "Oslo")),
        Column(name="row", kind="id", role="ignored"),
        Column(name="bad", kind="category", role="target"),
    )
)
SOURCES = ("sex", "pay", "since", "member", "smoker", 'a "town": #1')
CLASSES = ("no", "yes")


def read(source: Any, classes: Any = CLASSES) -> list[BehaviourTest]:
    """Read tests for the model."""
    return read_tests(source, SCHEMA, sources=SOURCES, classes=classes)


@pytest.mark.parametrize("ending", [".yaml", ".toml"])
def test_the_file_to_begin_with_says_what_is_generated(tmp_path: Path, ending: str) -> None:
    """Column by column, whatever characters names are made of."""
    path = tmp_path / f"tests{ending}"
    path.write_text(starting_file(SCHEMA, sources=SOURCES, classes=CLASSES, ending=ending), encoding="utf-8")
    made = generated(SCHEMA, sources=SOURCES, classes=CLASSES)

    def said(tests: list[BehaviourTest]) -> set[Any]:
        return {(each.kind, each.columns, each.most, each.allowed, each.options.get("direction")) for each in tests}

    assert said(read(path)) == said(made)


@pytest.mark.parametrize("ending", [".yaml", ".toml"])
def test_its_example_is_valid_once_it_is_no_comment(tmp_path: Path, ending: str) -> None:
    """Whoever takes the # away has a test."""
    path = tmp_path / f"tests{ending}"
    text = starting_file(SCHEMA, sources=SOURCES, classes=CLASSES, ending=ending)
    begin = text.rindex("# ", 0, text.index("an answer that everybody knows"))
    path.write_text(text[:begin] + text[begin:].replace("# ", "", 99), encoding="utf-8")
    assert read(path)[-1].options["answer"] == "no"


def test_a_dict_says_the_same_as_a_file() -> None:
    """One entry may name several columns; each becomes a test."""
    tests = read({"tests": {"same": {"kind": "missing", "columns": ["pay", "sex"], "most": 0.2, "allowed": "5 %"}}})
    assert [each.name for each in tests] == ["same (pay)", "same (sex)"]
    assert {(each.most, each.allowed) for each in tests} == {(0.2, 0.05)}


def test_yes_and_no_of_yaml_are_the_words(tmp_path: Path) -> None:
    """YAML takes them for true and false."""
    path = tmp_path / "tests.yaml"
    path.write_text("tests:\n  k:\n    kind: known\n    rows: [{smoker: no, member: yes, pay: 3}]\n    answer: no\n")
    (known,) = read(path)
    assert known.options["answer"] == "no"
    assert known.options["rows"] == ({"smoker": "no", "member": True, "pay": 3},)


def test_a_direction_is_that_of_the_build_where_none_is_written() -> None:
    """And another one where it is."""
    (own,) = read({"tests": {"d": {"kind": "direction", "columns": "pay"}}})
    assert own.options["direction"] == "decreasing"
    (other,) = read({"tests": {"d": {"kind": "direction", "columns": "pay", "direction": "increasing"}}})
    assert other.options["direction"] == "increasing"


WRONG = [
    (
        "tests:\n  a:\n    kind: invarianc\n    columns: [sex]",
        3,
        "no kind of test \"invarianc\".*did you mean 'invariance'",
    ),
    ("tests:\n  a:\n    columns: [sex]", 2, "does not say its kind"),
    ("tests:\n  a:\n    kind: invariance", 2, "needs columns"),
    ("tests:\n  a:\n    kind: invariance\n    columns: [sexx]", 4, "did you mean 'sex'"),
    ("tests:\n  a:\n    kind: invariance\n    columns: [row]", 4, "does not read 'row'"),
    ("tests:\n  a:\n    kind: direction\n    columns: [sex]", 4, "holds no numbers, dates or yes/no"),
    ("tests:\n  a:\n    kind: direction\n    columns: [since]", 2, "in which direction"),
    ("tests:\n  a:\n    kind: typos\n    columns: [pay]", 4, "holds no texts"),
    ("tests:\n  a:\n    kind: missing\n    columns: [pay]\n    most: -1", 5, "'most' has to be a number of at least 0"),
    ("tests:\n  a:\n    kind: missing\n    columns: [pay]\n    allowed: 5", 5, "'allowed' has to be a share"),
    ("tests:\n  a:\n    kind: missing\n    columns: [pay]\n    mots: 1", 5, "no field 'mots'.*did you mean 'most'"),
    ("tests:\n  a:\n    kind: missing\n    columns: [pay]\n    of: maybe", 5, 'knows no class "maybe"'),
    ("tests:\n  a:\n    kind: formats\n    columns: [pay]\n    ways: [upside]", 5, "list of some of 'text'"),
    ("tests:\n  a:\n    kind: known\n    rows: [{pay: 1}]", 2, "what is known: answer, or at_least and at_most"),
    ("tests:\n  a:\n    kind: known\n    answer: no", 2, "has no rows"),
    (
        "tests:\n  a:\n    kind: known\n    rows: [{pay: seventy}]\n    answer: no",
        4,
        "'seventy' for 'pay', which is not",
    ),
    ("tests:\n  a:\n    kind: known\n    rows: [{pay: [1]}]\n    answer: no", 4, "Row 1 of the test 'a' has"),
    ("tests:\n  a:\n    kind: known\n    rows: [{pay: 1}, {pay: {b: 1}}]\n    answer: no", 4, "Row 2 of the test 'a'"),
    (
        "tests:\n  a:\n    kind: known\n    rows: [{bad: yes}]\n    answer: no",
        4,
        "names no column that the model reads",
    ),
    ("tests:\n  a:\n    kind: known\n    rows: [{pay: 1}]\n    at_least: 7", 5, "a probability from 0 to 1, not 7"),
    (
        "tests:\n  a:\n    kind: known\n    rows: [{pay: 1}]\n    at_least: 0.9\n    at_most: 0.1",
        5,
        "at least 0.9 and at most 0.1",
    ),
    ("tests:\n  a:\n    kind: known\n    rows: [{pya: 1}]\n    answer: no", 4, "did you mean 'pay'"),
    ("tests:\n  a:\n    kind: known\n    rows: [1]\n    answer: no", 4, "'rows' has to be a list of rows"),
    ("tests:\n  a: 3", 2, "has to have fields"),
    ("tests: []", 1, "has no test"),
    ("tets:\n  a: {}", 1, "did you mean 'tests'"),
    ("tests:\n  a: {kind: missing, columns: [pay]}\n  a: {kind: typos, columns: [sex]}", 3, "stands twice"),
]


@pytest.mark.parametrize(("text", "line", "says"), WRONG)
def test_every_mistake_is_said_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    """One sentence, the place, and what was probably meant."""
    path = tmp_path / "tests.yaml"
    path.write_text(text)
    with pytest.raises(InputError, match=f"(?s)line {line}.*{says}|{says}.*line {line}") as error:
        read(path)
    assert "Traceback" not in str(error.value)


def test_a_number_has_no_classes() -> None:
    """A known answer is then a range."""
    with pytest.raises(OptionError, match="predicts a number"):
        read({"tests": {"k": {"kind": "known", "rows": [{"pay": 1}], "answer": "no"}}}, classes=())
    (known,) = read({"tests": {"k": {"kind": "known", "rows": [{"pay": 1}], "at_most": 9}}}, classes=())
    assert known.options["at_most"] == 9.0


def test_a_direction_of_three_classes_needs_one_of_them() -> None:
    """Whose probability is to rise?"""
    with pytest.raises(OptionError, match="of which of 3 classes"):
        read({"tests": {"d": {"kind": "direction", "columns": "pay"}}}, classes=("a", "b", "c"))
    (one,) = read({"tests": {"d": {"kind": "direction", "columns": "pay", "of": "b"}}}, classes=("a", "b", "c"))
    assert one.of == "b"


def test_files_from_strangers_run_nothing(tmp_path: Path) -> None:
    """Tags of YAML that make objects are no tests."""
    path, mark = tmp_path / "tests.yaml", tmp_path / "mark"
    path.write_text(f"tests: !!python/object/apply:os.system ['touch {mark}']\n")
    with pytest.raises(OptionError, match="is not YAML"):
        read(path)
    assert not mark.exists()

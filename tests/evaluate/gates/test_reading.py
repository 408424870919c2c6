"""A file of gates: what may stand in it, and what is said where something else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlwright.errors import OptionError
from mlwright.evaluate.gates import Gate, read_gates
from mlwright.evaluate.gates.writing import Proposal, written

WHOLE = """\
name = "churn"

[gates.good_enough]
statistic = "score"
metric = "roc_auc"
at_least = 0.8
claim = "good enough to mail them"
unknown = "allowed"

[gates.alike]
statistic = "group_gap"
metric = "selection_rate"
column = "sex"
at_most = "10 %"

[gates.behaves]
statistic = "behaviour"
"""


def test_a_file_is_read_as_it_says(tmp_path: Path) -> None:
    path = tmp_path / "gates.toml"
    path.write_text(WHOLE)
    one, two, three = read_gates(path)
    assert one == Gate(
        name="good_enough",
        statistic="score",
        threshold=0.8,
        side="at_least",
        options={"metric": "roc_auc"},
        claim="good enough to mail them",
        unknown="allowed",
    )
    assert (two.threshold, two.side, two.options) == (0.1, "at_most", {"metric": "selection_rate", "column": "sex"})
    assert (three.threshold, three.side, three.unknown) == (0.0, "at_most", "blocks")
    assert two.where == f"{path}, line 10"


@pytest.mark.parametrize(
    ("lines", "place", "message", "hint"),
    [
        ('statistic = "scor"', 2, 'There is no statistic "scor"', "did you mean 'score'?"),
        ("statistic = 3", 2, "There is no statistic 3", "There are: score"),
        ('statistc = "score"', 1, "does not say which statistic", "did you mean 'statistic' by 'statistc'?"),
        ('statistic = "score"', 1, "has no threshold: it needs at_least or at_most", None),
        ('statistic = "score"\nat_leats = 1', 3, "There is no field 'at_leats'", "did you mean 'at_least'?"),
        ('statistic = "score"\nat_least = "x"', 3, "'at_least' has to be a number, or a text such as", None),
        ('statistic = "score"\nat_least = nan', 3, "'at_least' has to be a number, not NaN", None),
        ('statistic = "score"\nat_least = true', 3, "'at_least' has to be a number, not true", None),
        ('statistic = "score"\nat_least = 1\nat_most = 2', 1, "has both at_least and at_most", "make two gates of it."),
        ('statistic = "calibration"\nat_least = 0.1', 3, "has at_least, but its statistic is", "write at_most."),
        ('statistic = "behaviour"\nat_most = 0.5', 3, "'at_most' has to be a whole number of at least 0", None),
        ('statistic = "row_ms"\nat_most = -1', 3, "'at_most' has to be a number of at least 0", None),
        ('statistic = "rows"\nat_least = 1\nmetric = "x"', 4, "no field 'metric' in a gate of statistic 'rows'", None),
        ('statistic = "rows"\nat_least = 1\nunknown = "allow"', 4, "'unknown' has to be one of", "mean 'allowed'"),
        ('statistic = "group_score"\nat_least = 0.5', 1, "needs 'metric'", None),
        ('statistic = "rows"\nat_least = 1\nclaim = 5', 4, "'claim' has to be a text in quotes, not 5", None),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, lines: str, place: int, message: str, hint: str | None
) -> None:
    path = tmp_path / "gates.toml"
    path.write_text(f"[gates.it]\n{lines}\n")
    with pytest.raises(OptionError, match=message) as caught:
        read_gates(path)
    assert caught.value.where == f"{path}, line {place}"
    assert hint is None or hint in (caught.value.hint or "")


@pytest.mark.parametrize("said", [{}, {"gates": {}}, {"gates": []}, {"gates": {"x": 1}}, {"gate": {"x": {}}}])
def test_what_asks_for_nothing_is_refused(said: dict[str, object]) -> None:
    with pytest.raises(OptionError):
        read_gates(said)


def test_what_is_no_file_of_gates_is_refused() -> None:
    with pytest.raises(OptionError, match="gates cannot be of type 'int'"):
        read_gates(3)  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="There is no field 'gate' in a file of gates") as caught:
        read_gates({"gate": {}})
    assert caught.value.hint == "did you mean 'gates'?"


@pytest.mark.parametrize("ending", [".toml", ".json", ".yaml"])
def test_what_is_written_is_read_again(tmp_path: Path, ending: str) -> None:
    proposals = [
        Proposal("score", "It was good " * 30, {"statistic": "score", "metric": "roc_auc", "at_least": 0.8}),
        Proposal("alike", "Of 'ö\"ä': so.", {"statistic": "group_gap", "column": 'ö"\x7fä', "at_most": 0.1}),
        Proposal("other", "Only with another.", {"statistic": "better_than_other", "at_least": -0.01}, is_active=False),
    ]
    path = tmp_path / f"gates{ending}"
    path.write_text(written(proposals, 'a "b"', ending), encoding="utf-8")
    found = read_gates(path)
    assert [gate.name for gate in found] == ["score", "alike"]
    assert found[1].options == {"column": 'ö"\x7fä'}
    if ending != ".json":
        # Without its #, what is only proposed is a gate as well.
        text = path.read_text(encoding="utf-8")
        assert max(map(len, text.splitlines())) <= 120
        head, mark, tail = text.rpartition("# [gates.other]" if ending == ".toml" else "# other:")
        lines = [line for line in (mark + tail).splitlines() if "Only with" not in line]
        uncommented = head + "\n".join(line.replace("# ", "", 1) for line in lines) + "\n"
        path.write_text(uncommented, encoding="utf-8")
        assert [gate.name for gate in read_gates(path)] == ["score", "alike", "other"]


def test_another_ending_is_refused() -> None:
    with pytest.raises(OptionError, match=r"ends in \.toml, \.json or \.yaml"):
        written([], "x", ".txt")

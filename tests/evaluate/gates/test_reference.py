"""The reference of gates names every statistic with its keys and sides, and its examples can be read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from mlwright.evaluate.gates.kinds import STATISTICS
from mlwright.evaluate.gates.reading import COMMON, SIDES, read_gates

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "gates.md").read_text(encoding="utf-8")
LINES = {line.split("`")[1]: line for line in PAGE.splitlines() if line.startswith("| `") and line.count(" | ") == 5}


def test_the_statistics_of_the_page_are_those_there_are() -> None:
    assert set(LINES) == set(STATISTICS)
    for key in (*COMMON, *SIDES):
        assert f"`{key}`" in PAGE


@pytest.mark.parametrize("name", list(STATISTICS))
def test_each_is_told_with_its_keys_sides_and_an_example_that_can_be_read(name: str) -> None:
    kind, line = STATISTICS[name], LINES[name]
    _, _, limit, _, keys, example = (cell.strip() for cell in line.strip("| ").split(" | "))
    assert set(re.findall(r"at_least|at_most", limit)) == set(kind.sides)
    assert all(f"`{option}`" in keys for option in kind.options)
    said = "\n".join(re.findall(r"`([^`]+)`", example))
    (gate,) = read_gates({"gates": {name: {"statistic": name, **tomllib.loads(said)}}})
    assert gate.statistic == name


def test_the_file_that_is_shown_can_be_read() -> None:
    (shown,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    (gate,) = read_gates(tomllib.loads(shown))
    assert (gate.side, gate.threshold, gate.unknown) == ("at_least", 0.8, "allowed")

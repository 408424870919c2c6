"""What `mlwright evaluate` says of groups of people: the surest first, and how much of it is left out."""

from __future__ import annotations

from typing import Any

from tests.evaluate.gates.evaluations import evaluation, found, gap

from mlwright.cli.evaluated import _people

METRICS = ("selection_rate", "true_positive_rate", "false_positive_rate", "precision", "calibration_gap", "accuracy")


def shown(gaps: list[dict[str, Any]], metrics: tuple[str, ...] = METRICS) -> list[str]:
    each = {"column": "sex", "group": "f", "rows": 9, "metrics": {name: found((0.5, 0.4, 0.6)) for name in metrics}}
    return _people(evaluation(gaps=gaps, fairness=[each])).splitlines()


def test_single_columns_come_first_and_what_is_left_out_is_counted() -> None:
    crossed = [gap("sex and age", "accuracy", (0.9, 0.8, 1.0), ("f, old", "m, old"), f"Crossed {n}.") for n in range(9)]
    less = gap("sex", "accuracy", (0.3, 0.05, 0.4), ("f", "m"), "Less sure.")
    more = gap("sex", "precision", (0.2, 0.1, 0.3), ("f", "m"), "More sure.")
    differs = {**gap("age", "selection_rate", (0.5, 0.4, 0.6), ("x", "y"), "It differs."), "verdict": "differs"}
    lines = shown([*crossed, differs, less, more])
    place = lines.index("More sure.")
    assert lines[place : place + 4] == ["More sure.", "Less sure.", "It differs.", "Crossed 0."]
    assert lines[-2:] == ["Crossed 6.", "And 2 more differences: --json tells all."]
    assert "more difference" not in shown([less])[-1]


def test_the_table_has_what_sentences_cite_and_says_what_it_leaves_out() -> None:
    lines = shown([gap("sex", "accuracy", (0.3, 0.05, 0.4), ("f", "m"), "So.")])
    head = next(line for line in lines if line.startswith("people"))
    assert [name for name in METRICS if name.replace("_", " ") in head] == [*METRICS[:3], "accuracy"]
    assert "Not shown: precision, calibration gap; --json tells all." in lines
    every = shown([gap("sex", name, (0.3, 0.05, 0.4), ("f", "m"), f"{name}.") for name in METRICS])
    assert not any(line.startswith("Not shown") for line in every)

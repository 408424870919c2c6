"""Cells that are wrong, with and without labels, and the restraint with which they are repaired."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from tables import context_of, places, written

from mlwright.clean.cell_errors import Cell, CellErrors
from mlwright.clean.cell_errors.corrections import changes
from mlwright.clean.cell_errors.repair import MOST_CORRUPTED, restrained
from mlwright.clean.cell_errors.shown import Shown


def test_nothing_is_wrong_with_a_clean_table() -> None:
    assert CellErrors(context_of(places())).cells() == []


def test_misspelt_missing_and_foreign_cells_are_found_and_mended() -> None:
    columns = places()
    truth = {row: columns["town"][row] for row in (5, 60, 111)}
    columns["town"][5] = truth[5][:-1] + "q"
    columns["town"][60] = None
    columns["town"][111] = "gold"
    cells = {cell.row: cell for cell in CellErrors(context_of(columns)).cells()}
    assert set(cells) == set(truth)
    assert {row: cell.new for row, cell in cells.items()} == truth
    assert (cells[60].kind, cells[60].old) == ("missing_but_known", None)
    assert all(0.6 <= cell.confidence <= 1 and cell.reason for cell in cells.values())


def test_columns_apart_are_left_alone_and_say_nothing() -> None:
    columns = places()
    columns["town"][5] = columns["town"][5][:-1] + "q"
    assert CellErrors(context_of(columns), apart=("town",)).cells() == []
    assert CellErrors(context_of(columns), apart=("postcode", "county", "paid", "plan")).cells() != []


def minority() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Scores of which every seventh is written "7.1/10": nobody can tell which way is wrong but by a label."""
    rng = np.random.default_rng(5)
    right = {"score": [f"{value:.1f}" for value in rng.uniform(1, 9, 700)], "n": [str(n) for n in range(700)]}
    held = {**right, "score": [f"{v}/10" if at % 7 == 0 else v for at, v in enumerate(right["score"])]}
    return held, right


def test_labels_tell_what_nobody_could_know_and_speak_for_their_kind() -> None:
    held, right = minority()
    engine = CellErrors(context_of(held))
    assert not [cell for cell in engine.cells() if cell.column == "score" and "/" not in str(cell.old)]
    labels: dict[int, dict[str, str]] = {}
    for _ in range(8):
        row = engine.next_row(labels)
        assert row is not None
        assert row not in labels
        labels[row] = {name: values[row] for name, values in right.items()}
    cells = engine.cells(labels)
    wrong = {row for row in range(700) if held["score"][row] != right["score"][row]}
    found = {cell.row for cell in cells if cell.column == "score"}
    assert len(found & wrong) > 0.95 * len(wrong)
    assert len(found - wrong) == 0
    assert all(cell.new == right["score"][cell.row] for cell in cells if cell.new is not None)
    assert sum(cell.new is not None for cell in cells) > 0.9 * len(wrong)


def test_a_label_that_defends_a_cell_is_heard() -> None:
    columns = places()
    columns["town"][5] = columns["town"][5][:-1] + "q"
    engine = CellErrors(context_of(columns))
    assert [cell.row for cell in engine.cells()] == [5]
    assert engine.cells({5: {name: values[5] for name, values in columns.items()}}) == []


def test_labelled_cells_hold_what_was_typed() -> None:
    columns = places()
    row = {name: values[5] for name, values in columns.items()}
    cell = CellErrors(context_of(columns)).cells({5: {**row, "plan": "platinum"}})[0]
    assert (cell.column, cell.new, cell.kind) == ("plan", "platinum", "labelled")


def test_the_same_table_gives_the_same_cells() -> None:
    held, right = minority()
    labels = {row: {name: values[row] for name, values in right.items()} for row in (0, 1, 7, 9)}
    assert CellErrors(context_of(held)).cells(labels) == CellErrors(context_of(held)).cells(labels)


def test_all_rows_labelled_leaves_none_to_ask() -> None:
    columns = {name: values[:6] for name, values in places().items()}
    engine = CellErrors(context_of(columns))
    labels = {row: {name: values[row] for name, values in columns.items()} for row in range(6)}
    assert engine.next_row(labels) is None


sure = st.floats(0.6, 1.0)


@given(st.lists(st.tuples(sure, sure), max_size=60), st.integers(0, 100_000))
def test_repairs_keep_the_expected_harm_small(cells: list[tuple[float, float]], total: int) -> None:
    made = [
        Cell(row, "a", "x", "y", "typo", min(wrong, confidence), "", wrong)
        for row, (wrong, confidence) in enumerate(cells)
    ]
    chosen = restrained(made, total)
    harm = sum(1 - cell.wrong for cell, done in zip(made, chosen, strict=True) if done)
    assert harm <= MOST_CORRUPTED * max(total, 0) + 1e-9


@pytest.mark.parametrize(
    ("pairs", "text", "new"),
    [
        ([("4.2/10", "4.2"), ("7.7/10", "7.7")], "9.1/10", "9.1"),
        ([("12/01/2011 7:10 a.m.", "7:10 a.m.")], "12/02/2011 8:15 p.m.", "8:15 p.m."),
        ([("2011-03-04", "3/4/11")], "2012-12-01", "12/1/12"),
        ([("12345678", "1234-5678")], "87654321", "8765-4321"),
        ([("1234", "1,234")], "567890", "567,890"),
        ([("OSLO", "Oslo")], "BERGEN", "Bergen"),
        ([("'Oslo'", "Oslo")], "'Bergen'", "Bergen"),
        ([("1 h 52 min", "112 min")], "2 h 5 min", "125 min"),
        ([("n/k", "")], "n/k", ""),
    ],
)
def test_a_correction_shows_the_way(pairs: list[tuple[str, str]], text: str, new: str) -> None:
    column = written("a", [*(old for old, _ in pairs), *(right for _, right in pairs), text] * 10)
    found = Shown(column, pairs, [])
    best = max(found.proposals(text), key=lambda each: each[1])
    assert best[0] == new


def test_a_way_that_would_change_what_is_right_is_not_taken() -> None:
    column = written("a", ["a-b", "c-d", "e-f"] * 10)
    assert Shown(column, [("a-b", "ab")], ["c-d"]).proposals("e-f") == []


@given(st.text("abc", max_size=8), st.text("abc", max_size=8))
def test_changes_is_a_distance(one: str, other: str) -> None:
    assert changes(one, other) == changes(other, one)
    assert (changes(one, other) == 0) == (one == other)
    assert changes(one, other) <= max(len(one), len(other))


@pytest.mark.shared_data
@pytest.mark.parametrize(("name", "found", "mended"), [("hospital", 0.9, 0.8), ("beers", 0.9, 0.9)])
def test_real_errors_are_found_and_mended_without_a_label(
    shared_data: Path, name: str, found: float, mended: float
) -> None:
    dirty, clean = (
        pl.read_csv(shared_data / f"{name}_{what}.csv.gz", infer_schema=False).fill_null("")
        for what in ("dirty", "clean")
    )
    cells = CellErrors(context_of(dirty.to_dict(as_series=False))).cells()
    wrong = sum(int((dirty[column] != clean[column]).sum()) for column in dirty.columns)
    hits = sum(dirty[cell.column][cell.row] != clean[cell.column][cell.row] for cell in cells)
    made = [cell for cell in cells if cell.new is not None]
    right = sum(cell.new == clean[cell.column][cell.row] for cell in made)
    spoilt = sum(dirty[cell.column][cell.row] == clean[cell.column][cell.row] for cell in made)
    assert 2 * hits / (len(cells) + wrong) >= found
    assert 2 * right / (len(made) + wrong) >= mended
    assert spoilt <= 0.001 * (dirty.height * dirty.width - wrong)

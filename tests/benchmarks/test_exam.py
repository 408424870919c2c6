"""The exam of injected errors: what is injected is where it is said to be, and what is said is judged rightly."""

from __future__ import annotations

import json
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.benchmarks.scripts import BENCHMARKS

from mlwright.clean.base import Cells, Detection
from mlwright.findings import Finding

sys.path.append(str(BENCHMARKS))  # the exam's files import each other, as scripts in one folder do

import exam
import exam_common
import exam_errors
import exam_people
import exam_score
import exam_tables
import exam_texts

ROWS = 600
CELLS = (
    "scale", "unit", "outliers", "impossible", "disguised_missing", "mixed_types", "numbers_as_text",
    "category_variants", "category_typos", "date_formats", "dependency", "pattern", "contradiction", "encoding",
)  # fmt: skip
NEW_ROWS = ("exact_duplicates", "near_duplicates", "conflicting_labels")
NEW_COLUMNS = ("constant_column", "duplicated_column", "personal_data", "leak")


def clean() -> Any:
    """People with heights that go with weights, towns in states, dates, and a label."""
    rng = np.random.default_rng(5)
    height = rng.normal(170, 9, ROWS)
    towns = np.array(["Springfield", "Rivertown", "Lakeside", "Hillview", "Westport", "Eastbridge", "Northam"])
    town = rng.integers(0, 7, ROWS)
    frame = pl.DataFrame(
        {
            "height": [f"{x:.1f}" for x in height],
            "weight": [f"{x:.1f}" for x in height * 0.45 + rng.normal(0, 3, ROWS)],
            "price": [f"{x:.2f}" for x in rng.gamma(9, 4, ROWS)],
            "town": towns[town].tolist(),
            "state": np.array(["Ohio", "Texas", "Iowa"])[town % 3].tolist(),
            "since": [(date(2020, 1, 1) + timedelta(days=int(day))).isoformat() for day in rng.integers(0, 900, ROWS)],
            "bought": np.where(rng.random(ROWS) < 0.3, "yes", "no").tolist(),
        }
    )
    return exam_tables.Clean(frame, "bought", "people")


def injected(kind: str, seed: int = 0) -> Any:
    return exam_errors.ERRORS[kind].inject(clean(), np.random.default_rng(seed))


@pytest.mark.parametrize("kind", exam_errors.ERRORS)
def test_every_kind_can_be_injected_and_does_not_change_what_it_was_given(kind: str) -> None:
    table = clean()
    done = exam_errors.ERRORS[kind].inject(table, np.random.default_rng(1))
    assert done is not None
    assert table.frame.equals(clean().frame)
    assert not done.frame.equals(done.before)
    assert set(done.columns) <= set(done.frame.columns)
    assert all(dtype == pl.String for dtype in done.frame.dtypes)


@pytest.mark.parametrize("kind", exam_errors.ERRORS)
def test_the_same_seed_makes_the_same_error(kind: str) -> None:
    one, other = injected(kind, 3), injected(kind, 3)
    assert one.frame.equals(other.frame)
    assert one.note == other.note


@pytest.mark.parametrize("kind", CELLS)
@pytest.mark.parametrize("seed", range(4))
def test_the_cells_that_are_said_to_be_wrong_are_those_that_changed(kind: str, seed: int) -> None:
    done = injected(kind, seed)
    assert done.frame.columns == done.before.columns
    changed = [name for name in done.frame.columns if not done.frame[name].equals(done.before[name])]
    assert len(changed) == 1
    assert changed[0] in done.columns
    differs = done.frame[changed[0]].ne_missing(done.before[changed[0]]).arg_true().to_numpy()
    assert differs.tolist() == done.rows.tolist()
    assert exam_common.FEWEST_ROWS <= len(done.rows) <= 0.45 * ROWS


@pytest.mark.parametrize("kind", NEW_ROWS)
def test_rows_that_repeat_stand_below_those_that_they_repeat(kind: str) -> None:
    done = injected(kind)
    assert done.frame.height == ROWS + len(done.rows)
    assert (done.rows > done.twins).all()
    assert (np.diff(done.rows) > 0).all()
    assert done.frame.filter(~pl.Series(np.isin(np.arange(done.frame.height), done.rows))).equals(done.before)
    copies, originals = done.frame[done.rows], done.frame[done.twins]
    differs = sum(copies[name].ne_missing(originals[name]).cast(pl.Int64) for name in copies.columns)
    assert set(pl.Series(differs).to_list()) == ({0} if kind == "exact_duplicates" else {1})
    assert copies["bought"].ne(originals["bought"]).all() == (kind == "conflicting_labels")


@pytest.mark.parametrize("kind", NEW_COLUMNS)
def test_planted_columns_are_the_only_change(kind: str) -> None:
    done = injected(kind)
    assert done.frame.width == done.before.width + 1
    assert done.frame.select(done.before.columns).equals(done.before)
    assert done.frame.columns[-1] in done.columns


@pytest.mark.parametrize("kind", ["scale", "unit", "outliers"])
@pytest.mark.parametrize("seed", range(6))
def test_wrong_numbers_are_visible(kind: str, seed: int) -> None:
    done = injected(kind, seed)
    name = done.columns[0]
    old = done.before[name].cast(pl.Float64).to_numpy()
    new = done.frame[name].cast(pl.Float64).to_numpy()[done.rows]
    low, high = np.quantile(old, [0.001, 0.999])
    outside = ((new < low) | (new > high)).mean()
    assert outside >= 0.8 or (name in {"height", "weight"} and kind != "outliers")


def test_what_no_person_could_see_is_not_injected() -> None:
    rng = np.random.default_rng(0)
    wide = pl.DataFrame({"x": [f"{x:.6g}" for x in np.exp(rng.normal(0, 12, 500))]})
    table = exam_tables.Clean(wide)
    assert all(exam_errors.ERRORS["unit"].inject(table, np.random.default_rng(seed)) is None for seed in range(5))
    assert all(exam_errors.ERRORS["scale"].inject(table, np.random.default_rng(seed)) is None for seed in range(5))


@pytest.mark.parametrize("kind", exam_errors.ERRORS)
def test_a_table_that_does_not_allow_the_error_is_left_alone(kind: str) -> None:
    few = exam_tables.Clean(pl.DataFrame({"a": ["1", "2", "2"], "b": ["x", None, "x"]}))
    done = exam_errors.ERRORS[kind].inject(few, np.random.default_rng(0))
    assert done is None or done.rows is None


def test_card_numbers_and_ibans_have_right_checksums() -> None:
    rng = np.random.default_rng(0)
    for _ in range(30):
        digits = [int(digit) for digit in reversed(exam_people.card(rng))]
        assert sum(digits[::2]) % 10 == -sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2]) % 10
        iban = exam_people.iban(rng)
        assert int(f"{iban[4:]}1314{iban[2:4]}") % 97 == 1


@pytest.mark.parametrize(("codec", "new"), [("cp1252", "MÃ¼nchen"), ("latin-1", "MÃ¼nchen"), ("lost", "M�nchen")])
def test_encoding_damage_looks_as_it_does_in_files(codec: str, new: str) -> None:
    assert exam_texts.damaged("München", codec) == new


def test_the_halves_are_drawn_once() -> None:
    development = exam_tables.development()
    assert len(exam_tables.names()) == len(set(exam_tables.names())) >= 46
    assert len(development) == exam_tables.DEVELOPMENT
    assert development == exam_tables.development() <= set(exam_tables.names())
    assert {"titanic", "diamonds"} <= development


def test_a_part_of_a_table_keeps_its_target_and_its_order() -> None:
    table = clean()
    part = exam_tables.smaller(table, 100, 3)
    assert part.frame.shape == (100, 3)
    assert "bought" in part.frame.columns
    assert [name for name in table.frame.columns if name in part.frame.columns] == part.frame.columns
    assert part.frame.equals(exam_tables.smaller(table, 100, 3).frame)
    assert exam_tables.smaller(table, ROWS, 40) is table


def finding(kind: str, columns: tuple[str, ...] = (), rows: tuple[int, ...] = (), severity: Any = "warning") -> Finding:
    return Finding(kind=kind, message=f"{len(rows)} of {columns}", columns=columns, rows=rows, severity=severity)


def said(found: Finding, rows: list[int] | None = None) -> Any:
    cells = () if rows is None else (Cells(found.columns[0], np.array(rows, dtype=np.intp)),)
    return exam_score.Said("made", found, Detection(finding=found, cells=cells) if cells else None)


def wrong_cells() -> tuple[Any, Any]:
    frame = clean().frame
    rows = np.arange(10, 20, dtype=np.intp)
    return exam_errors.ERRORS["scale"], exam_common.Injected(frame, frame, ("height",), rows)


def test_an_error_is_found_where_half_of_its_cells_are_named() -> None:
    error, done = wrong_cells()
    half = exam_score.judge(error, done, [said(finding("unit_errors", ("height",)), [*range(10, 15), 99])], [])
    assert half.found
    assert half.recall == 0.5
    assert half.precision == pytest.approx(5 / 6)
    fewer = exam_score.judge(error, done, [said(finding("unit_errors", ("height",)), [10, 11, 12, 13])], [])
    assert not fewer.found


def test_the_wrong_column_the_wrong_kind_and_old_news_do_not_count() -> None:
    error, done = wrong_cells()
    right = said(finding("unit_errors", ("height",)), list(range(10, 20)))
    for other in (
        said(finding("unit_errors", ("weight",)), list(range(10, 20))),
        said(finding("category_typos", ("height",)), list(range(10, 20))),
    ):
        assert not exam_score.judge(error, done, [other], []).found
    assert exam_score.judge(error, done, [right], []).found
    assert not exam_score.judge(error, done, [right], [right]).found


def test_several_findings_of_one_column_count_together() -> None:
    error, done = wrong_cells()
    parts = [said(finding("outliers", ("height",)), rows) for rows in ([10, 11, 12], [13, 14, 15])]
    assert exam_score.judge(error, done, parts, []).recall == 0.6


def test_a_copy_is_found_by_itself_or_by_its_original() -> None:
    frame = clean().frame
    done = exam_common.Injected(frame, frame, (), np.array([5, 9], dtype=np.intp), np.array([1, 2], dtype=np.intp))
    verdict = exam_score.judge(
        exam_errors.ERRORS["exact_duplicates"], done, [said(finding("duplicate_rows", (), (1, 9)))], []
    )
    assert verdict.found
    assert verdict.recall == 1
    assert verdict.precision == 1


def test_alarms_about_other_columns_are_told() -> None:
    error, done = wrong_cells()
    others = exam_score.judge(
        error, done, [said(finding("outliers", ("price",)), [1]), said(finding("x", ("town",), (), "info"))], []
    )
    assert [other.finding.columns for other in others.others] == [("price",)]


def test_an_interval_of_a_share() -> None:
    low, high = exam.interval([True] * 95 + [False] * 5)
    assert low == pytest.approx(0.888, abs=0.001)
    assert high == pytest.approx(0.978, abs=0.001)


def test_the_exam_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clean().frame.write_csv(tmp_path / "titanic.csv")
    entry = {"file": "titanic.csv", "name": "titanic", "kind": "binary", "target": "bought", "leak_columns": []}
    (tmp_path / "MANIFEST.json").write_text(json.dumps([entry]))
    out = tmp_path / "out.json"
    monkeypatch.setattr(
        sys, "argv", ["exam", str(tmp_path), "--only", "encoding", "constant_column", "--out", str(out)]
    )
    exam.main()
    told = json.loads(out.read_text())["development"]
    assert [error["found"] for error in told["errors"]] == [True, True]
    assert "2/2" in capsys.readouterr().out

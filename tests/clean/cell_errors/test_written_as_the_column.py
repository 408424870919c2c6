"""What a repair may write: the column's own unit, decimal sign and form of dates, and no guess in place of a code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from tables import written

import mlwright as mw
from mlwright.clean.cell_errors.corrections import _by_words, _words
from mlwright.clean.cell_errors.dates import DateForm
from mlwright.clean.cell_errors.shown import Shown
from mlwright.clean.cleaned import Cleaned


def amounts(rows: int = 300, low: float = 5.0, high: float = 60.0, places: int = 1) -> list[str]:
    rng = np.random.default_rng(2)
    return [f"{value:.{places}f}" for value in rng.uniform(low, high, rows)]


def new_of(cleaned: Cleaned, column: str) -> dict[str | None, str | None]:
    return {cell.old: cell.new for cell in cleaned.cells if cell.column == column}


def put(values: list[str], *others: str) -> list[str]:
    return [*others, *values[len(others) :]]


@pytest.mark.parametrize(
    ("name", "text", "new"),
    [
        ("commute_km", "22.9 mi", "36.85"),
        ("weight_kg", "140 lbs", "63.5"),
        ("commute_km", "22.9 km", "22.9"),
        ("fare_eur", "€22.9", "22.9"),
        ("fare_eur", "$38.98", None),
        ("price_usd", "£19.50", None),
    ],
)
def test_only_the_columns_own_unit_is_taken_away(name: str, text: str, new: str | None) -> None:
    found = new_of(mw.clean({name: put(amounts(), text), "n": list(range(300))}), name)
    assert found == {text: new}


def test_the_only_unit_of_a_column_is_taken_away() -> None:
    values = put(amounts(), "€22.90", "€31.50", "€17.20", "€8.40")
    assert set(new_of(mw.clean({"price": values}), "price").values()) == {"22.90", "31.50", "17.20", "8.40"}


def test_of_two_currencies_the_rare_one_is_left() -> None:
    values = put(amounts(), "€22.9", "€31.5", "€17.2", "€8.4", "€9.4", "$8.8")
    found = new_of(mw.clean({"price": values}), "price")
    assert found["$8.8"] is None
    assert found["€22.9"] == "22.9"


def test_a_label_that_says_another_number_is_heard() -> None:
    cleaned = mw.clean({"price": put(amounts(), "$22.9", "$31.5", "$17.2")}).with_labels({0: {"price": "20.61"}})
    assert new_of(cleaned, "price") == {"$22.9": "20.61", "$31.5": None, "$17.2": None}


def test_the_decimal_sign_is_kept() -> None:
    values = [value.replace(".", ",") for value in amounts(places=2)]
    found = new_of(mw.clean({"fare": put(values, "3,01 EUR", "5,70 EUR", "4.17 EUR")}), "fare")
    assert found == {"3,01 EUR": "3,01", "5,70 EUR": "5,70", "4.17 EUR": "4,17"}
    found = new_of(mw.clean({"fare": put(amounts(places=2), "13,45")}), "fare")
    assert found == {"13,45": "13.45"}


DAYS = [f"{1 + at % 28:02d}.{1 + at // 28 % 12:02d}.2024 {at % 24:02d}:{at % 60:02d}" for at in range(330)]


@pytest.mark.parametrize(
    ("values", "old", "new"),
    [
        (DAYS, "2024-07-09T01:10:00", "09.07.2024 01:10"),
        ([day[:10].replace(".", "/") for day in DAYS], "2024-04-29", "29/04/2024"),
        ([f"2024-{day[3:5]}-{day[:2]} {day[11:]}" for day in DAYS], "09/21/2024 06:28", "2024-09-21 06:28"),
    ],
)
def test_dates_are_written_in_the_form_of_their_column(values: list[str], old: str, new: str) -> None:
    values = [*values[:40], old, *values[40:200], old, *values[200:]]
    assert new_of(mw.clean({"when": values}), "when") == {old: new}


def test_a_time_of_day_is_neither_lost_nor_made_up() -> None:
    form = DateForm.of(written("when", DAYS))
    assert form is not None
    assert (form.day, form.clock) == ("%d.%m.%Y", " %H:%M")
    assert form.rewritten("2024-07-09 01:10:31", "2024-07-09T01:10:31") is None
    assert form.rewritten("2024-07-09", "2024-07-09") is None
    assert form.rewritten("2024-07-09", "2024-07-09T00:00:00") == "09.07.2024 00:00"


def labelled(values: list[str], row: int, new: str) -> Shown:
    return Shown(written("a", values), [(values[row], new)], [])


@pytest.mark.parametrize(
    ("old", "new", "made"),
    [
        ("-127.0", "18.6", ""),  # one number again and again, beyond all others: a code
        ("-", "18.6", ""),
        ("four", "5", None),
        ("31.4", "31.9", None),
    ],
)
def test_a_label_does_not_say_what_other_stand_ins_should_be(old: str, new: str, made: str | None) -> None:
    shown = labelled([*amounts(1000), *[old] * 15], 1000, new)
    assert [each[0] for each in shown.proposals(old)] == ([] if made is None else [made])


def test_a_labelled_word_that_is_misspelt_speaks_for_its_equals_and_so_do_labels_that_agree() -> None:
    towns = ["Oslo", "Bergen"] * 200 + ["Brgen"] * 4 + ["x12"] * 4
    assert [each[0] for each in labelled(towns, 400, "Bergen").proposals("Brgen")][:1] == ["Bergen"]
    assert labelled(towns, 404, "Oslo").proposals("x12") == []
    column = written("a", towns)
    assert Shown(column, [("x12", "Oslo"), ("x12", "Oslo")], []).proposals("x12")[0][0] == "Oslo"
    assert Shown(column, [("x12", "Oslo"), ("x12", "Bergen")], []).proposals("x12") == []


def test_an_edit_of_a_word_makes_no_new_word() -> None:
    column = written("member", ["Yes", "No", "N"] * 50 + ["Y"] * 10)
    assert [each[0] for each in Shown(column, [("N", "No")], []).proposals("Y")] == []
    ended = written("town", ["Oslo", "Bergen"] * 60 + ["Osl", "Berge"])
    assert Shown(ended, [("Oslox", "Oslo")], []).proposals("Bergenx")[0][0] == "Bergen"


def test_a_word_that_others_have_is_not_mended() -> None:
    names = [f"Jonas, {first}" for first in ("Ann", "Bo", "Cy", "Di")] * 20
    names += [f"{first} Jonas" for first in ("Ann", "Bo", "Cy", "Di")] * 100
    once = _words(written("author", [*names, "Clara Jones"]))
    assert _by_words("Clara Jones", once)[0][0] == "Clara Jonas"
    often = _words(written("author", [*names, *[f"Jones, {first}" for first in ("Ann", "Bo", "Cy", "Di")] * 13]))
    assert _by_words("Clara Jones", often) == []


def test_what_is_read_as_missing_is_emptied() -> None:
    values = [value if at % 20 else "99999" for at, value in enumerate(amounts(600, 900, 3000, 0))]
    cells = mw.clean({"income": values}).cells
    assert {(cell.old, cell.new, cell.kind) for cell in cells} == {("99999", "", "disguised_missing")}
    assert len(cells) == 30


def test_cells_that_findings_name_are_listed_although_they_are_left() -> None:
    start = [f"2024-{1 + at // 28 % 12:02d}-{1 + at % 28:02d}" for at in range(300)]
    end = [f"2024-{1 + at // 28 % 12:02d}-{1 + at % 28:02d}" for at in range(4, 304)]
    rows: dict[str, Any] = {"start": start, "end": end}
    for row in (5, 90, 200):
        rows["end"][row] = "2023-01-05"
    cleaned = mw.clean(rows)
    assert any(finding.kind == "contradictions" for finding in cleaned.findings)
    assert {5, 90, 200} <= {cell.row for cell in cleaned.cells}
    assert all(cell.new is None for cell in cleaned.cells)


def test_one_number_again_and_again_is_no_other_unit() -> None:
    rng = np.random.default_rng(4)
    celsius = np.round(rng.normal(20, 2.5, 3000), 2)
    temp = celsius.copy()
    temp[:120] = np.round(celsius[:120] * 1.8 + 32, 2)
    temp[120:160] = 70.0
    others = {f"level {at}": amounts(3000, at, at + 9) for at in range(1, 7)}
    cells = mw.clean({"temp_c": [f"{value}" for value in rng.permutation(temp)], **others}).cells
    made = {cell.old: cell.new for cell in cells}
    assert made["70.0"] is None
    assert sum(new is not None for new in made.values()) > 80

"""The single strategies: what each accuses, and what it must leave in peace."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from tables import context_of, looked, places, written

from mlwright.clean.cell_errors import forms
from mlwright.clean.cell_errors.embedded import embedded
from mlwright.clean.cell_errors.spelling import filled, marks, neighbours
from mlwright.clean.cell_errors.together import votes
from mlwright.clean.cell_errors.written import Written, form_of, shape_of


def accused(column: Written, weights: np.ndarray) -> set[str]:
    return {text for text, weight in zip(column.texts, weights.tolist(), strict=True) if weight > 1}


@given(st.text(max_size=60))
def test_form_and_shape_keep_signs_and_lose_letters(text: str) -> None:
    assert form_of(form_of("AB-12")) == form_of("AB-12")
    assert len(shape_of(text)) <= max(len(text), 4)
    assert not any(sign.isdigit() and sign != "9" for sign in shape_of(text) if sign.isascii())


def test_written_counts_every_row_once() -> None:
    column = written("a", ["x", None, " ", "y", "x", ""])
    assert sum(column.counts) == column.rows == 6
    assert [column.texts[code] for code in column.codes] == ["x", "", "", "y", "x", ""]


def test_two_spellings_of_a_unit_are_wrong_and_one_is_how_the_column_is() -> None:
    mixed = written("size", ["12.0 oz", "16.0 ounces", "12.0 oz.", "24.0 ounces"] * 20)
    assert accused(mixed, forms.units(mixed)) == set(mixed.texts)
    same = written("sample", [f"{number} patients" for number in range(80)])
    assert accused(same, forms.units(same)) == set()
    few = written("abv", [f"0.0{number}" for number in range(1, 9)] * 10 + ["0.05%", "0.07%"])
    assert accused(few, forms.units(few)) == {"0.05%", "0.07%"}


def test_thousands_may_be_grouped_where_they_all_are() -> None:
    grouped = written("votes", ["5", "999", "1,234", "45,678", "12", "3,400"] * 10)
    assert accused(grouped, forms.units(grouped)) == set()
    mixed = written("votes", [f"{number},{number}" for number in range(100, 190)] + ["123456", "7"])
    assert accused(mixed, forms.units(mixed)) == {"123456"}


def test_a_rare_form_is_wrong_among_codes_and_not_among_names() -> None:
    codes = written("phone", [f"555-{number}" for number in range(1000, 1400)] + ["555x1399"])
    assert accused(codes, forms.rare_form(codes)) == {"555x1399"}
    names = written("name", [f"{a} {b}" for a in ("Ann", "Bo", "Cy") * 10 for b in ("Li", "Ek")] + ["Ann (Li) 3"])
    assert max(forms.rare_form(names)) < 2.9


def test_missing_is_written_in_one_way() -> None:
    context = context_of({"a": ["1", "N/A", "3", "4"] * 20, "b": ["", "2", "3", "4"] * 20, "c": [None, "2"] * 40})
    columns = [Written.of(context, name) for name in "abc"]
    usual = forms.usual_missing(columns)
    assert usual == ""
    assert accused(columns[0], forms.stand_ins(columns[0], usual=usual)) == {"N/A"}
    alone = written("a", ["1", "NA", "3", "4"] * 20)
    assert accused(alone, forms.stand_ins(alone, usual=forms.usual_missing([alone]))) == set()


def test_spaces_count_in_codes_and_not_in_prose() -> None:
    towns = written("town", ["Oslo", "Bergen"] * 40 + ["Oslo "])
    assert accused(towns, forms.spaces(towns)) == {"Oslo "}
    prose = written(
        "review", [f"this is what I think of the app number {n} in short" for n in range(60)] + ["I like it "]
    )
    assert accused(prose, forms.spaces(prose)) == set()


def test_a_word_of_another_column_is_foreign_and_a_word_of_many_is_not() -> None:
    jobs, kin = ["clerk", "smith", "cook"] * 40, ["husband", "wife", "child"] * 40
    jobs[5] = "husband"
    context = context_of({"job": jobs, "kin": kin})
    columns = [Written.of(context, name) for name in ("job", "kin")]
    assert accused(columns[0], forms.foreign(columns)[0]) == {"husband"}
    quality = ["good", "bad", "fair"] * 40
    context = context_of({"roof": ["tiles", "slate", "good"] * 40, "wall": quality, "door": quality, "x": quality})
    columns = [Written.of(context, name) for name in ("roof", "wall")]
    assert accused(columns[0], forms.foreign(columns)[0]) == set()


def test_dates_have_one_form_and_times_of_day_do_not_count() -> None:
    days = [f"{month}/{day}/2011" for month in range(1, 13) for day in range(1, 29)]
    mixed = written("when", [*days, "2011-12-01", "2011-12-02"])
    assert accused(mixed, forms.date_form(mixed)) == {"2011-12-01", "2011-12-02"}
    timed = written("when", [f"2011-01-{day:02d} 10:30" for day in range(1, 29)] * 2 + ["2011-02-01"])
    assert accused(timed, forms.date_form(timed)) == set()


def test_signs_that_codes_lack_are_put_in() -> None:
    column = written("issn", [f"{number}-{number + 7}" for number in range(1000, 1200)] + ["12345678"])
    weights, new = forms.separators(column)
    assert accused(column, weights) == {"12345678"}
    assert [new[column.place["12345678"]]] == ["1234-5678"]


@pytest.mark.parametrize("wrong", ["Bergn", "Berrgen", "Begren", "Bargen", "BERGEN", "bergen"])
def test_a_rare_neighbour_of_a_frequent_word_is_misspelt(wrong: str) -> None:
    column = written("town", ["Bergen"] * 60 + ["Oslo"] * 40 + [wrong])
    near = neighbours(column)
    assert [column.texts[other] for other, _ in near.near[column.place[wrong]]][:1] == ["Bergen"]
    assert near.weight[column.place[wrong]] > 2


@pytest.mark.parametrize("right", ["hf-2", "Dark Ale", "Bergamo"])
def test_other_numbers_and_other_words_are_not_misspelt(right: str) -> None:
    column = written("what", ["hf-1"] * 60 + ["Pale Ale"] * 40 + ["Bergen"] * 40 + [right])
    assert neighbours(column).weight[column.place[right]] == 0


def test_marks_are_what_damage_leaves() -> None:
    pairs = [
        ("hospxtal", "hospital"),
        ("xospital", "hospital"),
        ("towx", "town"),
        ("xity", "city"),
        ("cxunty", "county"),
    ]
    assert marks([*pairs, ("zxp", "zip"), ("phxne", "phone"), ("scorx", "score"), ("samplx", "sample")]) == {"x"}
    assert marks([("hospitel", "hospital"), ("tovn", "town")] * 8) == frozenset()
    assert filled("x00%", ["100%", "90%"], frozenset("x")) == ["100%"]


def test_what_the_row_asks_for_is_heard() -> None:
    columns = places()
    columns["town"][7] = "Molde" if columns["town"][7] != "Molde" else "Oslo"
    columns["town"][9] = None
    context = context_of(columns)
    names = list(columns)
    all_votes = votes([Written.of(context, name) for name in names])
    town = all_votes[names.index("town")]
    assert set(np.flatnonzero(town.weight > 2).tolist()) == {7, 9}
    assert (all_votes[names.index("plan")].weight == 0).all()


def test_exceptions_that_a_third_column_explains_are_none() -> None:
    rng = np.random.default_rng(0)
    code = rng.choice(list("ABCDEFGH"), 600)
    abroad = rng.random(600) < 0.04
    rate = [f"rate {c}{' abroad' if away else ''}" for c, away in zip(code, abroad, strict=True)]
    context = context_of({"code": code.tolist(), "rate": rate, "land": np.where(abroad, "far", "near").tolist()})
    voted = votes([Written.of(context, name) for name in ("code", "rate", "land")])
    assert (voted[1].weight <= 0).all()


def test_two_values_in_one_cell_are_parted() -> None:
    columns = places(120)
    town, county = columns["town"], columns["county"]
    for row in (3, 8, 20, 40):
        town[row], county[row] = f"{town[row]} {county[row]}", None
    context = context_of(columns)
    names = ["town", "county"]
    found = embedded([Written.of(context, name) for name in names])
    assert set(np.flatnonzero(found.weights[0]).tolist()) == {3, 8, 20, 40}
    assert found.new[0, 3] == places(120)["town"][3]
    assert found.new[1, 3] == places(120)["county"][3]


def test_nothing_speaks_in_a_table_without_rows() -> None:
    assert looked({"a": [], "b": []}).columns == {}

"""Behaviour tests find what a model does, and say no more than the rows can tell."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from mlwright.columns import Columns, read_rows
from mlwright.evaluate.behaviour import KINDS, Asking, BehaviourTest, clopper_pearson, generated, run
from mlwright.evaluate.behaviour.kinds.typos import mistyped
from mlwright.schema import Column, Schema
from mlwright.values import read_value

COLUMNS = (
    Column(name="sex", kind="category", role="sensitive", categories=("f", "m", "x")),
    Column(name="pay", kind="number", low=500.0, high=9_000.0, direction="decreasing"),
    Column(name="since", kind="datetime", datetime_format="%d.%m.%Y"),
    Column(name="member", kind="boolean"),
    Column(name="note", kind="text"),
    Column(name="town", kind="category", categories=("Rome", "Oslo")),
    Column(name="bad", kind="category", role="target"),
)
SCHEMA = Schema(COLUMNS)
SOURCES = ("sex", "pay", "since", "member", "note", "town")
CLASSES = ("no", "yes")


def people(count: int = 200, seed: int = 0) -> list[dict[str, Any]]:
    """Return raw rows as a file of texts has them."""
    rng = np.random.default_rng(seed)
    return [
        {
            "sex": "fmx"[place % 3],
            "pay": round(float(rng.uniform(500, 9_000)), 2),
            "since": f"{rng.integers(1, 29):02d}.{rng.integers(1, 13):02d}.2020",
            "member": ["yes", "no"][place % 2],
            "note": "paid on time",
            "town": ["Rome", "Oslo"][place % 2],
        }
        for place in range(count)
    ]


Read = dict[str, Any]


def asked(probability: Callable[[Read], float]) -> Callable[[list[dict[str, Any]]], np.ndarray]:
    """Return a model that answers by the typed values of a row."""

    def answer(rows: list[dict[str, Any]]) -> np.ndarray:
        typed = [{column.name: read_value(row.get(column.name), column) for column in COLUMNS} for row in rows]
        p = np.array([probability(row) for row in typed], dtype=float)
        return np.column_stack([1 - p, p])

    return answer


def found(test: BehaviourTest, probability: Callable[[Read], float], rows: Any = None) -> dict[str, Any]:
    """Return what one test finds of a model."""
    (told,) = run([test], asked(probability), people() if rows is None else rows, schema=SCHEMA, classes=CLASSES)
    return told


def test(kind: str, column: str, **more: Any) -> BehaviourTest:
    """Return a test of one column."""
    return BehaviourTest(name=f"{kind} of {column}", kind=kind, columns=(column,), **more)


test.__test__ = False  # type: ignore[attr-defined]  it makes one


class TestInvariance:
    """Another value must not move the answer."""

    def test_a_model_that_does_not_look_passes(self) -> None:
        """200 rows are enough to say so."""
        told = found(test("invariance", "sex", most=0.05), lambda row: 0.4)
        assert (told["verdict"], told["tested"], told["failed"]) == ("pass", 200, 0)
        assert told["sentence"] == (
            "Another value of 'sex' moved the probability of 'yes' by more than 5 percentage points in none of 200"
            " rows."
        )

    def test_a_model_that_looks_fails_with_the_worst_example(self) -> None:
        """Every row is tried with every other value; the worst is shown with what was before and after."""
        told = found(test("invariance", "sex", most=0.05), lambda row: {"f": 0.2, "m": 0.3, "x": 0.5}[row["sex"]])
        assert (told["verdict"], told["failed"], told["share"]) == ("fail", 200, 1.0)
        first = told["examples"][0]
        assert {first["before"], first["after"]} == {"'f'", "'x'"}
        assert abs(first["answer_after"] - first["answer_before"]) == pytest.approx(0.3)
        assert "Worst in row 0: with 'f' 20 %, with 'x' 50 %." in told["sentence"]

    def test_rows_up_to_the_share_allowed_may_move(self) -> None:
        """10 of 200 are surely fewer than 20 %, surely more than 1 %, and may be 5 %."""
        rows = people()
        for place in range(10):
            rows[place * 20]["note"] = "late"

        def answer(row: Read) -> float:
            return 0.9 if row["sex"] == "x" and row["note"] == "late" else 0.1

        rows = [{**row, "sex": "f"} for row in rows]
        values = {"values": ("f", "x")}
        tests = {
            share: test("invariance", "sex", most=0.05, allowed=share, options=values)
            for share in (0.2, 0.05, 0.01, 0.0)
        }
        verdicts = {share: found(each, answer, rows)["verdict"] for share, each in tests.items()}
        assert verdicts == {0.2: "pass", 0.05: "unknown", 0.01: "fail", 0.0: "fail"}

    def test_few_rows_tell_nothing(self) -> None:
        """None of 20 rows broke the rule; one in seven of all may."""
        told = found(test("invariance", "sex", most=0.05), lambda row: 0.4, people(20))
        assert told["verdict"] == "unknown"
        assert "too few to tell: it could be 16.8 % of all rows" in told["sentence"]

    def test_numbers_and_booleans_have_other_values_too(self) -> None:
        """A number gets values across its range, yes gets no."""
        assert found(test("invariance", "pay", most=0.01), lambda row: row["pay"] / 1e4)["verdict"] == "fail"
        assert found(test("invariance", "member", most=0.01), lambda row: row["member"] / 10)["failed"] == 200


class TestDirection:
    """Larger values move the answer one way only."""

    def test_it_follows_the_schema(self) -> None:
        """What falls with pay passes where it is to fall, and fails where it is to rise."""
        falling = lambda row: math.exp(-row["pay"] / 5_000)  # noqa: E731
        assert found(test("direction", "pay"), falling)["verdict"] == "pass"
        rising = test("direction", "pay", options={"direction": "increasing"})
        assert found(rising, falling)["failed"] == 200

    def test_a_bend_is_found_wherever_the_row_stands(self) -> None:
        """Only a small stretch goes the wrong way; every row is asked about it."""
        bent = lambda row: 0.5 + 0.2 * (3_500 < row["pay"] < 6_000) - row["pay"] / 1e5  # noqa: E731
        told = found(test("direction", "pay"), bent)
        assert told["failed"] == 200
        assert told["examples"][0]["answer_after"] > told["examples"][0]["answer_before"]
        assert "raised the probability of 'yes' in 200 of 200 rows" in told["sentence"]
        assert found(test("direction", "pay", most=0.3), bent)["verdict"] == "pass"

    def test_dates_rise_too(self) -> None:
        """Through the column's own format and back."""
        later = lambda row: (row["since"] - 1.5e9) / 1e9  # noqa: E731
        assert found(test("direction", "since", options={"direction": "increasing"}), later)["verdict"] == "pass"
        assert found(test("direction", "since", options={"direction": "decreasing"}), later)["verdict"] == "fail"

    def test_missing_stands_apart(self) -> None:
        """A row without the value is not tried, whatever is answered to it."""
        rows = [{**row, "pay": None} if place % 2 else row for place, row in enumerate(people())]
        told = found(test("direction", "pay"), lambda row: 1.0 if row["pay"] is None else 0.1, rows)
        assert (told["verdict"], told["tested"]) == ("pass", 100)


class TestKnownAnswers:
    """Rows that somebody wrote."""

    ROWS = ({"pay": 900, "town": "Rome"}, {"pay": 8_000})

    def test_every_row_has_to_get_its_answer(self) -> None:
        """A single row that does not is a failure; few rows are enough, for there are no others."""
        known = BehaviourTest(name="poor", kind="known", options={"rows": self.ROWS, "answer": "yes"})
        assert found(known, lambda row: 0.7)["verdict"] == "pass"
        told = found(known, lambda row: 0.7 if row["pay"] < 1_000 else 0.2)
        assert (told["verdict"], told["failed"], told["tested"]) == ("fail", 1, 2)
        assert "Row 2 of the test (pay 8000) got 20 %" in told["sentence"]

    def test_bounds_are_kept_on_both_sides(self) -> None:
        """What is left out of a row is missing."""
        known = BehaviourTest(name="x", kind="known", options={"rows": self.ROWS, "at_least": 0.3, "at_most": 0.6})
        assert found(known, lambda row: 0.5 if row["sex"] is None else 0.9)["verdict"] == "pass"
        for wrong in (0.2, 0.7):
            assert found(known, lambda row, wrong=wrong: wrong)["failed"] == 2


class TestTyposMissingFormats:
    """What may be wrong with how a value stands there."""

    def test_a_typing_error_is_one(self) -> None:
        """The text differs, in two letters at most and at one place."""
        rng = np.random.default_rng(0)
        for _ in range(200):
            text = mistyped("paid on time", rng)
            assert text is not None
            assert text != "paid on time"
            assert abs(len(text) - 12) <= 1
            changed = [at for at, (old, new) in enumerate(zip("paid on time", text, strict=False)) if old != new]
            begin = changed[0] if changed else 11
            assert text[begin + 2 :] in {
                "paid on time"[begin + 2 :],
                "paid on time"[begin + 1 :],
                "paid on time"[begin + 3 :],
            }
        assert mistyped("ab", rng) is None
        assert mistyped("1234", rng) is None
        assert mistyped("aaaa", rng) is None

    def test_a_model_that_reads_words_exactly_fails(self) -> None:
        """And one that reads a letter of them does not."""
        exact = lambda row: 0.9 if row["note"] == "paid on time" else 0.1  # noqa: E731
        assert found(test("typos", "note", most=0.3), exact)["failed"] == 200
        assert found(test("typos", "note", most=0.3), lambda row: 0.9 if "time" in row["note"] else 0.8)["failed"] == 0

    def test_an_empty_column_may_move_the_answer_so_far(self) -> None:
        """Half of the rows are moved by 0.4."""
        half = lambda row: 0.5 if row["town"] is None else 0.9 if row["town"] == "Rome" else 0.5  # noqa: E731
        assert found(test("missing", "town", most=0.5), half)["verdict"] == "pass"
        told = found(test("missing", "town", most=0.3, allowed=0.1), half)
        assert (told["verdict"], told["failed"], told["examples"][0]["after"]) == ("fail", 100, "missing")

    @pytest.mark.parametrize("column", SOURCES)
    def test_what_reads_values_as_columns_do_passes_all_formats_but_case(self, column: str) -> None:
        """Numbers as text with thousands, dates as ISO, yes as true, spaces: one value, one answer."""

        def answer(row: Read) -> float:
            value = row[column]
            return (hash(value.casefold() if isinstance(value, str) else round(value, 6)) % 1000) / 1000

        told = found(test("formats", column), answer)
        assert (told["verdict"], told["tested"]) == ("pass", 200)

    def test_what_reads_letters_exactly_fails(self) -> None:
        """Capitals are another format."""
        told = found(test("formats", "town"), lambda row: 0.9 if row["town"] == "Rome" else 0.1)
        assert told["failed"] == 100
        assert found(test("formats", "town", options={"ways": ("spaces",)}), lambda row: 0.1)["verdict"] == "pass"

    def test_numbers_are_written_as_the_column_has_them(self) -> None:
        """With marks between thousands, in the column's own notation."""
        seen: list[Any] = []
        german = Schema((Column(name="pay", kind="number", decimal=","),))

        def answer(rows: list[dict[str, Any]]) -> np.ndarray:
            seen.extend(row["pay"] for row in rows)
            return np.array([[read_value(row["pay"], german["pay"])] for row in rows], dtype=float)

        (told,) = run([test("formats", "pay")], answer, [{"pay": 1234.5}] * 100, schema=german)
        assert {"1234,5", "1.234,5", "  1234,5 "} <= set(seen)
        assert told["verdict"] == "pass"


class TestNumbers:
    """Where a number is predicted, `most` is in its unit."""

    def test_the_sentence_has_the_unit(self) -> None:
        """And the changed answer is told as a number."""
        schema = Schema((Column(name="x", kind="number"), Column(name="price", kind="number", role="target")))

        def answer(rows: list[dict[str, Any]]) -> np.ndarray:
            return np.array([[1_000.0 * (row["x"] or 0)] for row in rows])

        (told,) = run([test("missing", "x", most=500.0)], answer, [{"x": 2.0}] * 80, schema=schema)
        assert told["sentence"].startswith(
            "Leaving 'x' empty moved the predicted 'price' by more than 500 in 80 of 80 rows"
        )
        assert "with 2 2,000, with missing 0" in told["sentence"]


class TestGenerated:
    """Tests that follow from the schema."""

    def test_each_column_gets_what_suits_it(self) -> None:
        """People are protected, directions kept, formats and gaps borne."""
        made = {(each.kind, each.columns[0]) for each in generated(SCHEMA, sources=SOURCES, classes=CLASSES)}
        assert {column for kind, column in made if kind == "invariance"} == {"sex"}
        assert {column for kind, column in made if kind == "direction"} == {"pay"}
        assert {column for kind, column in made if kind == "missing"} == set(SOURCES)
        assert {column for kind, column in made if kind == "typos"} == {"note", "town"}

    def test_columns_that_the_model_does_not_read_get_none(self) -> None:
        """Nothing there can move an answer."""
        assert {each.columns[0] for each in generated(SCHEMA, sources=("pay",), classes=CLASSES)} == {"pay"}

    def test_the_unit_of_a_number_is_the_range_of_most_targets(self) -> None:
        """0.5 of what lies between the tenth and the nine tenths."""
        target = Column(name="y", kind="number", role="target", quantiles=(0.0, 10.0, 50.0, 110.0, 500.0))
        made = generated(Schema((Column(name="x", kind="number"), target)), sources=("x",))
        assert {each.kind: each.most for each in made} == {"formats": 0.0, "missing": 50.0}

    def test_no_two_tests_have_one_name(self) -> None:
        """Gates ask for tests by name."""
        names = [each.name for each in generated(SCHEMA, sources=SOURCES, classes=CLASSES)]
        assert len(names) == len(set(names))

    def test_directions_of_many_classes_are_not_asked_for(self) -> None:
        """None of three classes is more than another."""
        made = generated(SCHEMA, sources=SOURCES, classes=("a", "b", "c"))
        assert "direction" not in {each.kind for each in made}


class TestEdges:
    """Nothing breaks where there is nothing."""

    @pytest.mark.parametrize("rows", [[], [dict.fromkeys(SOURCES)], people(1)])
    def test_any_rows_are_borne(self, rows: list[dict[str, Any]]) -> None:
        """No rows, an empty row, a single row: all is unknown but what a counterexample refutes."""
        tests = generated(SCHEMA, sources=SOURCES, classes=CLASSES)
        told = run(tests, asked(lambda row: 0.5), rows, schema=SCHEMA, classes=CLASSES)
        assert {each["verdict"] for each in told} == {"unknown"}
        assert all(each["sentence"].endswith(".") for each in told)

    def test_a_column_that_is_not_there_is_said(self) -> None:
        """The rows may come without it."""
        rows = [{key: value for key, value in row.items() if key != "sex"} for row in people(5)]
        told = found(test("invariance", "sex"), lambda row: 0.5, rows)
        assert (told["verdict"], told["share"]) == ("unknown", None)
        assert "these rows have no column 'sex'" in told["sentence"]

    def test_time_that_is_up_is_said(self) -> None:
        """Tests that could not be run are unknown."""
        tests = generated(SCHEMA, sources=SOURCES, classes=CLASSES)
        told = run(tests, asked(lambda row: 0.5), people(9), schema=SCHEMA, classes=CLASSES, stop=lambda: True)
        assert all("there was no time" in each["sentence"] for each in told)

    def test_many_rows_are_thinned_evenly(self) -> None:
        """A test asks about 4,000 rows at most, and no row by half."""
        told = found(test("direction", "pay"), lambda row: 0.5, people(3_000))
        assert 300 <= told["tested"] <= 500

    def test_rows_are_never_changed(self) -> None:
        """The caller's rows stay as they are."""
        rows = people(30)
        before = [dict(row) for row in rows]
        run(generated(SCHEMA, sources=SOURCES, classes=CLASSES), asked(lambda row: 0.5), rows, schema=SCHEMA,
            classes=CLASSES)  # fmt: skip
        assert rows == before

    def test_the_same_seed_gives_the_same(self) -> None:
        """Typing errors are drawn by the seed and the name of the test."""
        tests = [test("typos", "note", most=0.1)]
        letters = lambda row: (sum(map(ord, row["note"])) % 97) / 97  # noqa: E731
        told = [run(tests, asked(letters), people(), schema=SCHEMA, classes=CLASSES, seed=seed) for seed in (1, 1, 2)]
        assert told[0] == told[1] != told[2]


class TestAsking:
    """Reading only what was changed says the same as reading whole rows."""

    def test_it_finds_the_same(self) -> None:
        """Whatever the columns, with gaps, repeated texts and texts that are new."""
        columns = [column for column in COLUMNS if column.role != "target"]
        rows = [{**row, "town": None, "pay": None} if place % 7 == 0 else row for place, row in enumerate(people(90))]

        def predict(read: Columns) -> np.ndarray:
            typed = [read.row(place) for place in range(read.rows)]
            p = np.array([(sum(map(ord, repr(sorted(row.items())))) % 991) / 991 for row in typed])
            return np.column_stack([1 - p, p])

        tests = [
            *generated(SCHEMA, sources=SOURCES, classes=CLASSES),
            test("formats", "sex", options={"ways": ("case",)}),
        ]
        quick = run(tests, Asking(predict, columns), rows, schema=SCHEMA, classes=CLASSES)
        whole = run(tests, lambda raw: predict(read_rows(raw, columns)), rows, schema=SCHEMA, classes=CLASSES)
        assert quick == whole
        assert any(each["failed"] for each in whole)


class TestKinds:
    """Every kind says what it is for."""

    def test_each_has_a_meaning_and_a_name(self) -> None:
        """The registry is by name."""
        assert all(name == kind.name and kind.meaning for name, kind in KINDS.items())


@given(tested=st.integers(1, 400), data=st.data())
@settings(max_examples=60, deadline=None)
def test_the_interval_is_clopper_and_pearsons(tested: int, data: st.DataObject) -> None:
    """At its ends, what was seen or something more extreme happens in 2.5 % of samples."""
    failed = data.draw(st.integers(0, tested))
    low, high = clopper_pearson(failed, tested)
    assert 0.0 <= low <= failed / tested <= high <= 1.0
    if failed:
        assert binom.sf(failed - 1, tested, low) == pytest.approx(0.025, abs=1e-6)
    if failed < tested:
        assert binom.cdf(failed, tested, high) == pytest.approx(0.025, abs=1e-6)


def test_the_interval_covers() -> None:
    """By simulation: at least 95 % of 4,000 samples, at shares where it is hardest."""
    rng = np.random.default_rng(0)
    for share in (0.01, 0.05, 0.3):
        ends = np.array([clopper_pearson(int(seen), 200) for seen in rng.binomial(200, share, 4_000)])
        assert ((ends[:, 0] <= share) & (share <= ends[:, 1])).mean() >= 0.945


def test_a_number_far_out_is_not_put_in_and_numbers_are_told_as_numbers() -> None:
    from mlwright.evaluate.behaviour.base import Sample
    from mlwright.evaluate.behaviour.kinds.invariance import _others, _told

    ages = [20 + place % 60 for place in range(200)] + [999] * 5
    column = Column(name="age", kind="integer")
    assert max(_others(column, Sample([{"age": age} for age in ages]))) < 100
    assert (_told("25", column), _told(25, column)) == ("25", "25")
    assert _told("f", Column(name="sex", kind="category")) == "'f'"

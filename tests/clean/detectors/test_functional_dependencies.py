"""Values that contradict another column: which are found, which cell is blamed, and true exceptions left alone."""

from __future__ import annotations

import numpy as np
import polars as pl

from mlwright.clean import Question
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors.functional_dependencies import FunctionalDependencies
from mlwright.clean.measures.dependencies import Counted, Majority, measures
from mlwright.clean.repairs import FromKey
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

STATES = ("Bayern", "Hessen", "Sachsen", "Bremen", "Berlin")


def found(columns: dict[str, list[str | None]]) -> list[Detection]:
    table = Table(pl.DataFrame(columns), origin="t.csv")
    schema, _ = infer_schema(table, Question(target=None))
    return list(FunctionalDependencies().detect(table, Context(table, schema)))


def places(rows: int = 600, seed: int = 0) -> dict[str, list[str | None]]:
    """Towns that decide their states, their names in short, and something that nothing decides."""
    rng = np.random.default_rng(seed)
    town = rng.integers(0, 30, rows)
    return {
        "town": [f"Town {chr(65 + code % 26)}{chr(97 + code // 26)}" for code in town],
        "state": [STATES[code % 5] for code in town],
        "mood": rng.choice(["good", "bad", "fair"], rows).tolist(),
    }


def test_a_value_that_contradicts_its_key_is_found_and_mended() -> None:
    columns = places()
    wrong = {row: columns["state"][row] for row in (10, 200, 477)}
    for row in wrong:
        columns["state"][row] = STATES[(STATES.index(str(wrong[row])) + 1) % 5]
    (detection,) = found(columns)
    assert detection.finding.columns == ("state", "town")
    assert detection.rows is not None
    assert detection.rows.tolist() == [10, 200, 477]
    assert detection.cells[0].new == tuple(wrong.values())
    assert "3 values of 'state' (0.5 % of the rows) contradict 'town'" in detection.finding.message
    assert isinstance(detection.repair, FromKey)
    assert detection.repair.apply_one({"town": columns["town"][10], "state": "Bremen"}) == wrong[10]


def test_what_holds_exactly_or_not_at_all_is_no_finding() -> None:
    assert found(places()) == []
    rng = np.random.default_rng(1)
    assert found({name: rng.choice([f"{name}{code}" for code in range(9)], 500).tolist() for name in "abcd"}) == []


def test_a_rare_exception_of_an_almost_constant_column_is_no_rule() -> None:
    rng = np.random.default_rng(2)
    town = [f"Town {code}" for code in rng.integers(0, 30, 600)]
    flag: list[str | None] = ["no"] * 600
    for row in rng.choice(600, 9, replace=False):
        flag[row] = "yes"
    assert found({"town": list(town), "flag": flag}) == []


def test_a_key_that_is_wrong_is_blamed_where_several_columns_follow_from_it() -> None:
    columns = places(900)
    columns["river"] = [f"River {STATES.index(str(state))}" for state in columns["state"]]
    columns["lake"] = [f"Lake {str(town)[5:]}" for town in columns["town"]]
    columns["hill"] = [f"Hill {str(town)[5:]}" for town in columns["town"]]
    columns["town"][40] = next(town for town in columns["town"] if town != columns["town"][40])
    told = {name: detection for detection in found(columns) for name in detection.finding.columns[:1]}
    assert set(told) == {"town"}
    rows = told["town"].rows
    assert rows is not None
    assert rows.tolist() == [40]


def test_either_of_two_names_may_be_wrong_and_both_are_told() -> None:
    columns = places(900)
    columns["short"] = [f"T{str(town)[5:]}" for town in columns["town"]]
    del columns["state"]
    columns["short"][7] = next(short for short in columns["short"] if short != columns["short"][7])
    told = found(columns)
    assert {detection.finding.columns[0] for detection in told} == {"town", "short"}
    for detection in told:
        assert detection.finding.confidence == 0.5
        assert detection.cells[0].new is None


def test_people_who_move_are_no_errors() -> None:
    """Each of some people has one town first and another one later, which differs from an error somewhere."""
    rng = np.random.default_rng(3)
    ids, homes = [], []
    for person in range(150):
        home = f"Town {rng.integers(20)}"
        years = 8
        moved = years - 1 if person % 5 == 0 else years
        ids += [f"P{person:03d}"] * years
        homes += [home] * moved + [f"Town {rng.integers(20, 40)}"] * (years - moved)
    assert found({"person_id": list(ids), "home": list(homes)}) == []


def test_two_towns_of_one_name_are_no_errors() -> None:
    columns = places(900)
    state = columns["state"]
    for row in [row for row, town in enumerate(columns["town"]) if town == "Town Aa"][:9]:
        state[row] = "Berlin" if state[row] != "Berlin" else "Bremen"
    assert found(columns) == []


def test_exceptions_that_a_third_column_explains_are_no_errors() -> None:
    columns = places(900)
    columns["kind"] = ["plain"] * 900
    for row in range(100, 120):
        columns["kind"][row] = "abroad"
        columns["state"][row] = "none of them"
    assert found(columns) == []


def test_a_rule_that_nearly_always_says_the_same_is_found_by_its_other_values() -> None:
    rng = np.random.default_rng(5)
    town = rng.choice(30, 3000, p=[0.913, *[0.003] * 29])
    state: list[str | None] = ["Berlin" if code < 22 else STATES[code % 4] for code in town]
    wrong = {row: state[row] for row in range(100, 2900, 130)}
    for row in wrong:
        state[row] = "Bremen" if state[row] != "Bremen" else "Berlin"
    (detection,) = found({"town": [f"Town {code}" for code in town], "state": state})
    assert detection.rows is not None
    assert set(detection.rows.tolist()) >= {row for row in wrong if town[row] == 0}


def test_the_measure_is_nought_by_chance_and_one_for_a_rule() -> None:
    rng = np.random.default_rng(4)
    keys = rng.integers(0, 40, 4000)
    by_chance = measures(Counted.of(keys, rng.integers(0, 5, 4000), 5))
    assert abs(by_chance.mu) < 0.02
    assert measures(Counted.of(keys, keys % 5, 5)) == (1.0, 1.0, 1.0, True)


def test_a_majority_is_what_counting_says() -> None:
    keys, values = np.array([0, 0, 0, 1, 1, -1, 2]), np.array([3, 3, 1, 2, -1, 0, 1])
    majority = Majority.of(Counted.of(keys, values, 4))
    assert majority.keys.tolist() == [0, 1, 2]
    assert majority.value.tolist() == [3, 2, 1]
    assert majority.rows.tolist() == [3, 1, 1]
    assert majority.agree.tolist() == [2, 1, 1]

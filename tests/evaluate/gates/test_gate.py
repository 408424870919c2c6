"""The verdict of a gate follows from its interval, and its sentence says what would settle it."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluate.gates.evaluations import evaluation, gap, metric

from mlwright.errors import OptionError
from mlwright.evaluate.files import Written
from mlwright.evaluate.gates import Gate, default_gates, gates_of, is_blocked, judge, overall
from mlwright.evaluate.gates.kinds import STATISTICS
from mlwright.evaluate.gates.measured import Measured, Side, decisive


def gate(**fields: Any) -> Gate:
    return gates_of(Written({"gates": {"it": fields}}))[0]


def judged(result: dict[str, Any] | None = None, **fields: Any) -> dict[str, Any]:
    (found,) = judge([gate(**fields)], evaluation() if result is None else result)
    json.dumps(found, allow_nan=False)
    return found


NUMBERS = st.floats(-10, 10)


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted), NUMBERS)
def test_a_gate_passes_where_all_of_the_interval_is_good_and_fails_where_none_is(
    ends: list[float], limit: float
) -> None:
    low, value, high = ends
    found = Measured(value, low, high, "it")
    assert found.verdict("at_least", limit) == ("pass" if low >= limit else "fail" if high < limit else "unknown")
    assert found.verdict("at_most", limit) == ("pass" if high <= limit else "fail" if low > limit else "unknown")
    turned = Measured(-value, -high, -low, "it")
    assert found.verdict("at_least", limit) == turned.verdict("at_most", -limit)


def test_a_strict_gate_fails_at_its_limit() -> None:
    same = Measured(0.0, 0.0, 0.0, "it")
    assert same.verdict("at_least", 0.0) == "pass"
    assert same.verdict("at_least", 0.0, strict=True) == "fail"
    assert Measured(0.1, 0.0, 0.2, "it").verdict("at_least", 0.0, strict=True) == "unknown"


@pytest.mark.parametrize("side", ["at_least", "at_most"])
@given(ends=st.lists(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted), min_size=1, max_size=5), limit=NUMBERS)
def test_the_decisive_one_passes_where_all_do_and_fails_where_one_does(
    side: Side, ends: list[list[float]], limit: float
) -> None:
    several = [Measured(value, low, high, str(at)) for at, (low, value, high) in enumerate(ends)]
    assert decisive(several, side, limit).verdict(side, limit) == overall(each.verdict(side, limit) for each in several)


def test_one_that_nobody_can_tell_leaves_all_unknown_but_not_a_failure() -> None:
    nobody = Measured(0.1, math.nan, math.nan, "nobody", why="too few")
    fine, bad = Measured(0.1, 0.0, 0.2, "fine"), Measured(0.9, 0.8, 1.0, "bad")
    assert decisive([fine, nobody], "at_most", 0.5).about == "nobody"
    assert decisive([fine, nobody], "at_most", 0.5).verdict("at_most", 0.5) == "unknown"
    assert decisive([fine, nobody, bad], "at_most", 0.5).verdict("at_most", 0.5) == "fail"


def test_so_many_more_rows_settle_it_in_eight_of_ten_samples() -> None:
    """Where the truth is what was seen, the interval on all the rows that are named clears the limit in 80 %."""
    random, rows, truth, limit, spread = np.random.default_rng(0), 400, 0.8, 0.77, 0.4
    half = 1.959963984540054 * spread / math.sqrt(rows)
    more = Measured(truth, truth - half, truth + half, "it", rows=rows).more_rows(limit)
    assert more is not None
    means = random.normal(truth, spread / math.sqrt(rows + more), 20_000)
    cleared = np.mean(means - 1.959963984540054 * spread / math.sqrt(rows + more) >= limit)
    assert 0.78 <= cleared <= 0.84


def test_nobody_is_told_to_find_rows_that_would_not_help() -> None:
    assert Measured(0.8, 0.7, 0.9, "it", rows=100).more_rows(0.8) is None
    assert Measured(0.8, 0.7, 0.9, "it", rows=100).more_rows(0.7999) is None
    assert Measured(0.8, math.nan, 0.9, "it", rows=100).more_rows(0.75) is None
    assert Measured(2.0, 1.0, 3.0, "milliseconds").more_rows(1.5) is None


def test_more_rows_do_not_help_against_what_they_do_not_change() -> None:
    free = Measured(0.8, 0.7, 0.9, "it", rows=100).more_rows(0.75)
    some = Measured(0.8, 0.7, 0.9, "it", rows=100, fixed=(0.02, 0.09)).more_rows(0.75)
    assert free is not None
    assert some is not None
    assert some > free
    assert Measured(0.8, 0.7, 0.9, "it", rows=100, fixed=(0.09, 0.0)).more_rows(0.75) is None


@pytest.mark.parametrize(("wide", "helps"), [(0.06, True), (0.2, False)])
def test_where_the_build_was_scored_roughly_no_rows_settle_it(wide: float, helps: bool) -> None:
    half = math.hypot(0.05, wide / 2)
    built = {"now": 0.82, "then": 0.84, "difference": {"value": -0.02, "interval": [-0.02 - half, -0.02 + half]}}
    found = evaluation(built={**built, "margin": wide, "rougher": not helps})
    gate = judged(found, statistic="as_good_as_built", at_least=-0.07)
    assert gate["verdict"] == "unknown"
    assert (gate["more_rows"] is not None) is helps


def test_scores() -> None:
    found = judged(statistic="score", at_least=0.75)
    assert (found["verdict"], found["blocks"], found["statistic"], found["interval"]) == (
        "pass",
        False,
        0.82,
        [0.77, 0.87],
    )
    assert found["sentence"] == "The ROC AUC is 0.820 (95 % interval 0.770 to 0.870); at least 0.750 is asked for."
    assert found["claim"] == "ROC AUC at least 0.750"
    found = judged(statistic="score", at_least=0.8)
    assert (found["verdict"], found["blocks"]) == ("unknown", True)
    assert found["more_rows"] == 4_800
    assert found["sentence"].endswith("About 4,800 more labelled rows like these would probably settle it.")
    found = judged(statistic="score", metric="accuracy", at_least="80 %")
    assert found["verdict"] == "fail"
    assert found["sentence"].endswith("at least 80 % is asked for, and it is less.")
    assert judged(statistic="score", metric="log_loss", at_most=0.65)["verdict"] == "pass"


def test_what_a_gate_gets_wrong_of_the_metrics_is_said() -> None:
    with pytest.raises(OptionError, match="Of log loss, less is better: write at_most"):
        judged(statistic="score", metric="log_loss", at_least=0.65)
    with pytest.raises(OptionError, match=r"There is no metric 'acuracy'.*did you mean 'accuracy'"):
        judged(statistic="score", metric="acuracy", at_least=0.65)


def test_an_unknown_gate_blocks_unless_it_says_otherwise() -> None:
    assert judged(statistic="score", at_least=0.8, unknown="allowed")["blocks"] is False
    assert judged(statistic="score", at_least=0.9, unknown="allowed")["blocks"] is True
    assert is_blocked([judged(statistic="score", at_least=0.8)])
    assert not is_blocked([judged(statistic="score", at_least=0.75)])


def test_differences_of_scores() -> None:
    found = judged(statistic="better_than_baseline")
    assert found["verdict"] == "pass"
    assert "better than always giving the same answer (gain in ROC AUC: 0.320" in found["sentence"]
    assert judged(statistic="better_than_baseline", at_least=0.4)["verdict"] == "fail"
    equal = judged(statistic="better_than_other", at_least=-0.02)
    assert equal["verdict"] == "pass"
    assert "not worse than the model 'churn@1' by 0.0200 or more" in equal["sentence"]
    assert judged(statistic="better_than_other", at_least=0)["verdict"] == "unknown"
    assert judged(statistic="better_than_other", at_least=0.02)["verdict"] == "fail"
    assert "add" not in judged(statistic="better_than_other", at_least=0)["sentence"]
    missing = judged(evaluation(against=None), statistic="better_than_other", at_least=0)
    assert missing["sentence"] == "Nobody can tell: no other model was named (--against MODEL does)."
    assert judged(statistic="as_good_as_built", at_least=-0.1)["verdict"] == "pass"
    assert judged(statistic="as_good_as_built", at_least=-0.05)["verdict"] == "unknown"
    assert judged(evaluation(built=None), statistic="as_good_as_built", at_least=0)["verdict"] == "unknown"


def test_groups_of_people() -> None:
    found = judged(statistic="group_gap", metric="selection_rate", at_most=0.1)
    assert found["verdict"] == "fail"
    assert "selection rate differs by 20 points between 'm' and 'f' of 'sex'" in found["sentence"].lower()
    assert judged(statistic="group_gap", column="sex", at_most=0.3)["verdict"] == "pass"
    nobody = judged(statistic="group_gap", at_most=0.3)
    assert nobody["verdict"] == "unknown"
    assert "in 'age' some group has too few rows" in nobody["sentence"].lower()
    assert judged(statistic="group_score", metric="error", column="sex", at_most=0.4)["verdict"] == "unknown"
    assert judged(statistic="group_score", metric="selection_rate", at_least=0.45)["verdict"] == "fail"
    with pytest.raises(OptionError, match=r"no sensitive column \(for group_gap\) 'sexx'.*did you mean 'sex'"):
        judged(statistic="group_gap", column="sexx", at_most=0.1)
    with pytest.raises(OptionError, match=r"no metric of groups 'eror'.*did you mean 'error'"):
        judged(statistic="group_gap", metric="eror", at_most=0.1)
    alone = judged(evaluation(gaps=[], fairness=[], sensitive=[]), statistic="group_gap", at_most=0.1)
    assert alone["verdict"] == "unknown"
    assert "--sensitive" in alone["sentence"]


def test_the_difference_that_may_be_largest_decides_too() -> None:
    sure = gap("sex", "error", (0.05, 0.01, 0.09), ("m", "f"), "Men are misjudged more often.")
    rough = {"value": 0.14, "interval": [-0.02, 0.3], "worst": "x", "best": "f"}
    few = evaluation(gaps=[{**sure, "widest": rough, "aside": 2}])
    found = judged(few, statistic="group_gap", at_most=0.1)
    assert found["verdict"] == "unknown"
    assert found["sentence"].startswith(
        "Error differs by 14 points between 'x' and 'f' of 'sex', 2 groups of too few rows left aside"
    )
    assert judged(few, statistic="group_gap", at_most=0.005)["verdict"] == "fail"
    assert judged(few, statistic="group_gap", at_most=0.3)["verdict"] == "pass"


def test_by_default_groups_of_one_column_are_judged_and_the_surest_gap_is_told() -> None:
    small = gap("sex and age", "precision", (0.2, -0.153, 0.611), ("f, old", "m, young"), "Nobody can be sure.")
    rough = gap("sex", "precision", (0.08, -0.05, 0.21), ("f", "m"), "Nobody can be sure.")
    sure = gap("sex", "selection_rate", (0.1, 0.06, 0.14), ("m", "f"), "Women are chosen more often.")
    found = evaluation(gaps=[rough, sure, small])
    told = judged(found, statistic="group_gap", at_most=0.1)
    assert told["sentence"].startswith("Selection rate differs by 10 points between 'm' and 'f' of 'sex'")
    assert judged(found, statistic="group_gap", at_most=0.3)["verdict"] == "pass"
    assert judged(found, statistic="group_gap", at_most=0.3, column="sex and age")["verdict"] == "unknown"


def test_the_worst_part_that_is_listed_first_is_the_one_that_the_gate_judges() -> None:
    first = evaluation()["slices"][0]
    second = {**first, "difference": 0.14, "value": 0.69, "interval": [0.1, 0.18]}  # is surer, and not as bad
    found = evaluation(slices=[first, second])
    assert "worse than elsewhere by 0.150" in judged(found, statistic="worst_slice", at_most=0.02)["sentence"]
    assert "worse than elsewhere by 0.140" in judged(found, statistic="worst_slice", at_most=0.08)["sentence"]


def test_what_a_model_says_of_itself() -> None:
    assert judged(statistic="calibration", at_most="12 %")["verdict"] == "pass"
    found = judged(statistic="calibration", at_most=0.05)
    assert found["verdict"] == "unknown"
    assert found["sentence"].startswith(
        "A stated probability of 20 % to 90 % is off by 6 points (95 % interval 2 to 11 points)"
    )
    assert judged(evaluation(calibration=None), statistic="calibration", at_most=0.1)["verdict"] == "unknown"
    worst = judged(statistic="worst_slice", at_most=0.04)
    assert worst["verdict"] == "fail"
    assert worst["sentence"].startswith(
        "Where age is at most 20 and sex is 'f', log loss is worse than elsewhere by 0.150"
    )
    assert judged(evaluation(slices=[]), statistic="worst_slice", at_most=0.0)["verdict"] == "pass"
    assert judged(evaluation(slices=None), statistic="worst_slice", at_most=0.0)["verdict"] == "unknown"
    assert judged(evaluation(slices=[], rows=159), statistic="worst_slice", at_most=0.0)["verdict"] == "unknown"


def test_a_part_of_the_rows_is_judged_in_the_unit_of_its_score() -> None:
    """Its interval is one of mean squared errors, where the score is their root."""
    part = {"conditions": [{"column": "age", "text": "age is at most 20"}], "metric": "RMSE", "value": 1.5, "rest": 1.0,
            "difference": 1.25, "interval": [1.0, 1.5]}  # fmt: skip
    found = judged(evaluation(slices=[part]), statistic="worst_slice", at_most=0.55)
    assert found["statistic"] == pytest.approx(0.5)
    assert found["interval"] == pytest.approx([0.4, 0.6])
    assert found["verdict"] == "unknown"


def test_how_it_works() -> None:
    found = judged(statistic="behaviour")
    assert (found["verdict"], found["statistic"], found["interval"]) == ("fail", 1.0, [1.0, 2.0])
    assert judged(statistic="behaviour", at_most=1)["verdict"] == "unknown"
    assert judged(statistic="behaviour", at_most=2)["verdict"] == "pass"
    assert judged(statistic="behaviour", test="sex")["verdict"] == "pass"
    assert "cannot tell of typos" in judged(statistic="behaviour", kind="typos")["sentence"]
    with pytest.raises(OptionError, match="no behaviour test 'sexx'"):
        judged(statistic="behaviour", test="sexx")
    assert judged(statistic="row_ms", at_most=2.1)["verdict"] == "pass"
    assert judged(statistic="row_ms", at_most=2)["sentence"].endswith("and that cannot be told.")
    assert "in 2 ways (such as: 'age' is gone)" in judged(statistic="data_contract")["sentence"]
    assert judged(statistic="unlike_rows", at_most=0.05)["verdict"] == "pass"
    assert judged(statistic="rows", at_least=401)["verdict"] == "fail"


def since_built(value: float, low: float, high: float) -> dict[str, Any]:
    built = {**evaluation()["built"], "difference": {"value": value, "interval": [low, high]}}
    return evaluation(behaviour=[], built=built)


def test_default_gates_block_only_where_they_fail() -> None:
    result = evaluation()
    assert [each["verdict"] for each in judge(default_gates(result), result)] == ["pass", "pass", "fail"]
    result = evaluation(behaviour=[])  # tests that nobody brought are no gate
    assert [each["verdict"] for each in judge(default_gates(result), result)] == ["pass", "pass"]
    roughly = evaluation(
        behaviour=[], built={**result["built"], "difference": {"value": -0.02, "interval": [-0.2, 0.16]}}
    )
    assert judge(default_gates(roughly), roughly)[1]["verdict"] == "unknown"
    assert not is_blocked(judge(default_gates(roughly), roughly))
    worse = evaluation(
        behaviour=[], built={**result["built"], "difference": {"value": -0.06, "interval": [-0.11, -0.01]}}
    )
    found = judge(default_gates(worse), worse)
    assert found[1]["verdict"] == "fail"
    assert is_blocked(found)


def test_every_statistic_says_what_it_is_and_can_be_unknown() -> None:
    """Where an evaluation measured nothing for a statistic, its gate says so and blocks."""
    nothing = dict.fromkeys(("calibration", "built", "slices", "speed", "contract", "unlike", "against"))
    bare = evaluation(**nothing, gaps=[], fairness=[], behaviour=[], metrics={"roc_auc": metric(0.8, None, None)})
    bare["baseline"] = {"difference": {"value": None, "interval": [None, None]}}
    for name, kind in STATISTICS.items():
        assert kind.meaning
        fields = {"statistic": name, kind.sides[0]: 0.0 if kind.default is None else kind.default}
        fields |= dict.fromkeys(kind.required, "selection_rate")
        found = judged(bare, **fields)
        assert found["verdict"] == ("pass" if name == "rows" else "unknown"), name
        assert found["sentence"][0].isupper()
        assert found["sentence"].endswith(".")


def test_overall() -> None:
    assert overall([]) == "pass"
    assert overall(iter(["pass", "unknown", "fail"])) == "fail"

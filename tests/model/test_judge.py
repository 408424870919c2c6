"""An evaluation of a real model: what it measures, which gates it runs, and what it does where a part is missing."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from mlwright.errors import ColumnError, DataError, OptionError, OutputError
from mlwright.evaluate.gates import read_gates
from mlwright.evaluate.gates.kinds import STATISTICS
from mlwright.evaluate.intervals import Scored, score
from mlwright.model import Model, RowModel
from mlwright.model.labelled import labelled
from mlwright.model.measures import since_built
from mlwright.model.proposed_gates import proposals
from mlwright.schema import Schema
from mlwright.tasks import ROW_TASKS

Made = dict[str, tuple[Model, pl.DataFrame]]


def with_role(model: Model, name: str, role: Any) -> Model:
    kind = {"kind": "number"} if role == "weight" else {}
    columns = tuple(
        replace(column.with_role(role), **kind) if column.name == name else column for column in model.parts.schema
    )
    return RowModel(replace(model.parts, schema=Schema(columns)))


@pytest.mark.parametrize("task", list(ROW_TASKS))
def test_a_proposed_file_of_gates_is_run_whole(task: str, models: Made, fresh: pl.DataFrame, tmp_path: Path) -> None:
    model = models[task][0]
    path = tmp_path / "gates.toml"
    text = model.gates(path)
    assert path.read_text(encoding="utf-8") == text == model.gates()
    asked = read_gates(path)
    found = model.evaluate(fresh, gates=path)
    json.dumps(found, allow_nan=False)
    assert [gate["name"] for gate in found["gates"]] == [gate.name for gate in asked]
    assert found["gates_given"]
    assert found["blocked"] == any(gate["verdict"] != "pass" for gate in found["gates"])
    verdicts = {gate["kind"]: gate["verdict"] for gate in found["gates"]}
    assert {verdicts[kind] for kind in ("better_than_baseline", "data_contract", "row_ms")} == {"pass"}
    with pytest.raises(OutputError, match="may have been changed by hand"):
        model.gates(path)
    with pytest.raises(OptionError, match="ends in"):
        model.gates(tmp_path / "gates.txt")


def test_no_gate_of_answers_passes_on_rows_that_the_model_learned_from(
    built: Model, frame: pl.DataFrame, fresh: pl.DataFrame
) -> None:
    gates = {
        "gates": {
            "auc": {"statistic": "score", "at_least": 0.55},
            "other": {"statistic": "better_than_baseline", "at_least": 0.3},
            "rows": {"statistic": "rows", "at_least": 20},
            "never": {"statistic": "score", "at_least": 0.999999},
        }
    }
    for rows in (frame, frame.head(100), frame.sample(fraction=1.0, shuffle=True, seed=0)):
        found = built.evaluate(rows, gates=gates)
        assert found["known"]["share"] > found["known"]["by_chance"]
        assert "The model learned from these rows, or from many of them" in found["known"]["sentence"]
        verdicts = {gate["name"]: gate for gate in found["gates"]}
        assert [verdicts[name]["verdict"] for name in ("auc", "other", "rows")] == ["unknown", "unknown", "pass"]
        assert verdicts["auc"]["blocks"]
        assert found["blocked"]
        assert verdicts["auc"]["more_rows"] is None
        assert "can tell from these rows: the model learned from these rows" in verdicts["auc"]["sentence"]
    assert {gate["verdict"] for gate in built.evaluate(frame)["gates"]} == {"unknown"}
    found = built.evaluate(fresh, gates=gates)
    assert found["known"] is None
    assert [gate["verdict"] for gate in found["gates"]][::2] == ["pass", "pass"]


def test_unknown_blocks_where_gates_are_given_and_not_where_none_are(built: Model, frame: pl.DataFrame) -> None:
    few = frame.head(12)
    gates = {"gates": {"baseline": {"statistic": "better_than_baseline", "at_least": 0.3}}}
    found = built.evaluate(few, gates=gates)
    assert (found["verdict"], found["blocked"]) == ("unknown", True)
    gates["gates"]["baseline"]["unknown"] = "allowed"
    assert built.evaluate(few, gates=gates)["blocked"] is False
    alone = built.evaluate(few)
    assert alone["blocked"] == (alone["verdict"] == "fail")
    assert alone["gates_given"] is False


def test_every_statistic_reads_a_real_evaluation(built: Model, frame: pl.DataFrame) -> None:
    gates = {}
    for name, kind in STATISTICS.items():
        gates[name] = {"statistic": name, kind.sides[0]: 0.0 if kind.default is None else kind.default}
        gates[name] |= dict.fromkeys(kind.required, "selection_rate")
    found = built.evaluate(frame, gates={"gates": gates}, against=built)
    assert len(found["gates"]) == len(STATISTICS)
    assert {"speed", "contract", "unlike", "behaviour", "against"} <= found.keys()
    assert found["against"]["difference"] == {"value": 0.0, "interval": [0.0, 0.0]}
    low, high = found["speed"]["interval"]
    assert 0.0 < low <= found["speed"]["row_ms"] <= high < 1_000.0


def test_what_no_gate_asks_for_is_not_measured(built: Model, frame: pl.DataFrame) -> None:
    assert not {"speed", "contract", "unlike", "behaviour", "against"} & built.evaluate(frame).keys()


def test_a_gate_on_a_metric_that_is_not_there_names_its_line(built: Model, frame: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "gates.toml"
    path.write_text('[gates.a]\nstatistic = "score"\nmetric = "rmse"\nat_most = 1\n')
    with pytest.raises(OptionError, match="no metric 'rmse' in this evaluation") as caught:
        built.evaluate(frame, gates=path)
    assert caught.value.where == f"{path}, line 1"


def test_another_model_is_compared_row_by_row(models: Made, built: Model, frame: pl.DataFrame) -> None:
    turned = replace(built.parts, classes=built.parts.classes[::-1])
    other = RowModel(replace(turned, name="other", run={"version": 3}))
    found = built.evaluate(frame, against=other)["against"]
    assert found["name"] == "other@3"
    # Its classes stand in the other order, so that what it predicts of each is turned.
    assert found["score"] == pytest.approx(1 - built.evaluate(frame)["metrics"]["roc_auc"]["score"])
    assert found["difference"]["interval"][0] > 0
    with pytest.raises(OptionError, match="cannot be compared: 'customers' predicts 'churn'"):
        built.evaluate(frame, against=models["multiclass"][0])


def test_groups_of_people_and_slices_are_handed_the_right_rows(
    built: Model, frame: pl.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def audit(columns: Any, described: Sequence[Any], held: Any, P: Any, **more: Any) -> Mapping[str, Any]:
        seen.update(more, rows=len(held), described=[column.name for column in described], columns=set(columns))
        group = {"column": "city", "group": "Rome", "rows": 9, "metrics": {"error": {"value": 0.1, "interval": [0, 1]}}}
        return {"groups": [group], "gaps": [], "sentence": "So it is."}

    monkeypatch.setitem(__import__("sys").modules, "mlwright.fairness.audit", type("fake", (), {"audit": audit}))
    watched = with_role(built, "city", "sensitive")
    found = watched.evaluate(frame)
    assert seen["names"] == ["city"]
    assert seen["rows"] == frame.height
    assert set(seen["described"]) == seen["columns"]
    assert found["fairness"][0]["group"] == "Rome"
    assert found["fairness_sentence"] == "So it is."
    assert found["sensitive"] == ["city"]


def test_sensitive_columns_that_the_model_does_not_read_are_read_for_the_audit(
    built: Model, frame: pl.DataFrame
) -> None:
    """A column kept out of the model can still be one that people are judged by."""
    watched = with_role(built, "extra", "sensitive")
    found = labelled(watched.parts, frame)
    assert "extra" in found.columns
    assert found.described[-1].name == "extra"
    np.testing.assert_array_equal(found.P, labelled(built.parts, frame).P)
    assert "extra" not in labelled(watched.parts, frame.drop("extra")).columns


def test_weights_and_groups_are_read_by_their_role(built: Model, frame: pl.DataFrame) -> None:
    weighed = with_role(built, "extra", "weight")
    held = labelled(weighed.parts, frame).held
    assert held.weight is not None
    assert held.weight.mean() == pytest.approx(1.0)
    metric = ROW_TASKS["binary"].metrics["accuracy"]
    plain = labelled(built.parts, frame)
    assert score(metric, held, plain.P).value != score(metric, plain.held, plain.P).value
    with pytest.raises((DataError, ColumnError)):
        labelled(weighed.parts, frame.with_columns(extra=-pl.col("extra")))
    grouped = labelled(with_role(built, "shop [id]", "group").parts, frame).held
    assert grouped.groups is not None
    assert len(set(grouped.groups)) == frame["shop [id]"].n_unique()


@pytest.mark.parametrize("greater", [True, False])
def test_the_change_since_the_build_is_better_where_it_is_above_zero(greater: bool) -> None:
    metric = replace(ROW_TASKS["binary"].metrics["accuracy"], greater_is_better=greater)
    evidence = {"score": {"value": 0.7, "interval": [0.6, 0.75]}}
    found = since_built(metric, Scored(0.8, 0.78, 0.83), evidence)
    assert found is not None
    value, (low, high) = found["difference"]["value"], found["difference"]["interval"]
    assert value == pytest.approx(0.1 if greater else -0.1)
    ends = (0.1 - np.hypot(0.02, 0.05), 0.1 + np.hypot(0.03, 0.1))
    assert (low, high) == pytest.approx(ends if greater else (-ends[1], -ends[0]))
    assert found["margin"] == pytest.approx(0.15)
    assert found["rougher"]
    for damaged in ({}, {"score": None}, {"score": {"value": None, "interval": [1, 2]}}, {"score": {"value": 1.0}}):
        assert since_built(metric, Scored(0.8, 0.7, 0.9), damaged) is None


def test_proposed_limits_have_room(built: Model) -> None:
    """The limit of the score is the build's score less the width of its interval, rounded to the lenient side."""
    (score_gate,) = (gate for gate in read_gates(json.loads(_json(built))) if gate.name == "score")
    assert score_gate.threshold == pytest.approx(0.65)  # 0.75, interval 0.7 to 0.8
    bare = RowModel(replace(built.parts, evidence={}))
    names = [gate.name for gate in read_gates(json.loads(_json(bare)))]
    assert "score" not in names
    assert "baseline" in names


def test_a_part_of_the_rows_has_a_limit_in_the_unit_it_is_told_in(built: Model) -> None:
    """Half of the gain in log loss, where the model was chosen by the ROC AUC."""
    prior = -sum(share * math.log(share) for share in built.parts.prior)
    evidence = {**built.parts.evidence, "metrics": {"log_loss": {"score": prior - 0.2}}}
    known = RowModel(replace(built.parts, evidence=evidence))
    (gate,) = (each for each in read_gates(json.loads(_json(known))) if each.name == "worst_slice")
    assert gate.threshold == pytest.approx(0.1, abs=0.002)
    without = RowModel(replace(built.parts, evidence={**evidence, "metrics": {}}))
    assert "worst_slice" not in [each.name for each in read_gates(json.loads(_json(without)))]


def test_gates_hold_the_surest_gap_of_each_sensitive_column(built: Model) -> None:
    def gap(column: str, metric: str, value: float, low: float, high: float) -> dict[str, Any]:
        ends = {"value": value, "interval": [low, high], "worst": "a", "best": "b"}
        return {"column": column, "metric": metric, **ends, "widest": ends, "verdict": "differs", "sentence": "So."}

    gaps = [
        gap("city", "precision", 0.2, -0.15, 0.6),
        gap("city", "selection_rate", 0.1, 0.05, 0.15),
        gap("city and age", "selection_rate", 0.4, 0.3, 0.5),
        gap("age", "accuracy", 0.01, -0.01, 0.03),
        {**gap("extra", "accuracy", 0.0, 0.0, 0.0), "value": None, "interval": [None, None], "widest": None},
    ]
    proposed = [{"column": "age", "audited": True}]
    people = {"gaps": gaps, "sentence": "So.", "proposed": proposed}
    watched = with_role(with_role(built, "city", "sensitive"), "extra", "sensitive")
    told = list(proposals(replace(watched.parts, evidence={**built.evaluation, "people": people})))
    found = {str(each.fields.get("column")): each for each in told if each.fields["statistic"] == "group_gap"}
    assert found["city"].fields == {
        "statistic": "group_gap", "column": "city", "metric": "selection_rate", "at_most": 0.15
    }  # fmt: skip
    assert "selection rate differed by 10 points between 'a' and 'b' of 'city' (interval 5 to 15" in found["city"].why
    assert found["age"].fields["at_most"] == 0.1  # hardly a gap
    assert found["age"].why.startswith("Nobody named 'age'")
    assert found["extra"].fields == {"statistic": "group_gap", "column": "extra", "at_most": 0.1}
    assert {name: each.is_active for name, each in found.items()} == {"city": True, "extra": False, "age": False}
    assert [each.name for each in proposals(built.parts) if each.fields["statistic"] == "group_gap"] == ["people"]


def _json(model: Model) -> str:
    from mlwright.model.proposed_gates import gates_text

    return gates_text(model.parts, ".json")


def test_few_rows_break_nothing(built: Model, frame: pl.DataFrame) -> None:
    for rows in (frame.head(1), frame.filter(pl.col("churn") == "no").head(5), frame.head(3)):
        found = built.evaluate(rows, gates=json.loads(_json(built)))
        json.dumps(found, allow_nan=False)
        assert found["blocked"]
    holes = frame.head(40).with_columns(pl.lit(None).alias(name) for name in ("age", "city"))
    json.dumps(built.evaluate(holes, gates=json.loads(_json(built))), allow_nan=False)


def test_neighbours_in_time_are_one_piece_of_evidence(built: Model, frame: pl.DataFrame) -> None:
    """As the build judges: rows ordered in time depend on their neighbours."""
    held = labelled(with_role(built, "since", "time").parts, frame).held
    assert held.groups is not None
    assert 10 <= len(set(held.groups)) < frame.height

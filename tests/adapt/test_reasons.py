"""What stands against a challenger: made-up findings one by one, and the JSON that real models make."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.adapt.reasons import Limits, Reason, reasons
from mlwright.errors import OptionError
from mlwright.model import Model
from mlwright.model.compare import compare
from mlwright.model.comparison import Comparison

FINE: dict[str, Any] = {"calibration": None, "gates": []}
UNMEASURED = {"statistic": "", "interval": "", "threshold": "at least 0.8"}


def comparison(**changes: Any) -> Comparison:
    fine = Comparison(
        a={"row_ms": 1.0, "learned_from_these": "no"},
        b={"row_ms": 1.0, "learned_from_these": "no"},
        target="y",
        task="binary",
        rows=500,
        rows_without_target=0,
        labelled=True,
        metric="accuracy",
        better="b",
        sentence="B is better.",
        metrics={},
        changed={},
        slices=[],
        groups=[],
        notes=[],
    )
    return replace(fine, **changes)


def stated(low: float, high: float) -> dict[str, Any]:
    value = (low + high) / 2
    part = {"rows": 100, "stated": 0.5, "happened": 0.5 - value, "value": value, "interval": [low, high],
            "range": [0.4, 0.6]}  # fmt: skip
    return {**FINE, "rows": 500, "calibration": {"about": "error of stated probabilities", "parts": [part]}}


def test_nothing_stands_against_one_that_is_fine() -> None:
    assert reasons(comparison(), FINE, FINE) == []


@pytest.mark.parametrize(
    ("found", "kind"),
    [
        (comparison(labelled=False), "rows"),
        (comparison(b={"row_ms": 1.0, "learned_from_these": "yes"}), "rows"),
        (comparison(better="a", sentence="A is better."), "score"),
        (comparison(slices=[{"better": "a", "sentence": "Where x > 3, A is better."}]), "slices"),
        (
            comparison(groups=[{"metrics": {"accuracy": {"verdict": "a"}}, "sentences": ["A is better where old."]}]),
            "fairness",
        ),
        (comparison(b={"row_ms": 70.0}), "latency"),
    ],
)
def test_each_finding_is_one_reason(found: Comparison, kind: str) -> None:
    assert [each.kind for each in reasons(found, FINE, FINE)] == [kind]


def test_what_speaks_for_the_challenger_or_for_nobody_is_no_reason() -> None:
    metrics = {"accuracy": {"verdict": "b"}, "share_yes": {"verdict": "differs"}, "recall": {"verdict": "a"}}
    found = comparison(
        slices=[{"better": "b", "sentence": "B is better where x > 3."}],
        groups=[{"metrics": metrics, "sentences": ["B is better where old.", "A is better where old."]}],
    )
    assert reasons(found, FINE, FINE) == [
        Reason("fairness", "A is better where old. (A is the champion, B the challenger)")
    ]


def test_probabilities_that_are_surely_off_refuse_unless_the_champions_are_too() -> None:
    bad, fair, unclear = stated(0.15, 0.3), stated(0.0, 0.05), stated(0.05, 0.3)
    assert [each.kind for each in reasons(comparison(), fair, bad)] == ["calibration"]
    assert [each.kind for each in reasons(comparison(), unclear, bad)] == ["calibration"]
    assert reasons(comparison(), bad, bad) == []
    assert reasons(comparison(), fair, unclear) == []
    assert reasons(comparison(), fair, bad, limits=Limits(stated=0.2)) == []


def test_slow_is_relative_and_what_the_service_measured_counts() -> None:
    assert reasons(comparison(), FINE, FINE, row_ms=(15.0, 40.0)) == []
    assert reasons(comparison(), FINE, FINE, row_ms=(1.0, 19.0)) == []
    (found,) = reasons(comparison(b={"row_ms": 0.1}), FINE, FINE, row_ms=(10.0, 40.0))
    assert "40 ms" in found.sentence
    assert "10 ms" in found.sentence
    assert reasons(comparison(a={}, b={}), FINE, FINE) == []  # nobody measured it


def test_gates_that_block_refuse() -> None:
    gates = [
        {"name": "score", "kind": "score", "blocks": True, "sentence": "The accuracy is too low.", "shown": UNMEASURED},
        {"name": "speed", "kind": "speed", "blocks": False, "sentence": "Nobody can tell.", "shown": UNMEASURED},
    ]
    (found,) = reasons(comparison(), FINE, {**FINE, "gates": gates})
    assert found.to_dict() == {
        "kind": "gate",
        "sentence": "The challenger does not pass the gate 'score': The accuracy is too low.",
    }


def test_a_gate_tells_its_number_interval_and_threshold() -> None:
    shown = {"statistic": "0.71", "interval": "0.65 to 0.77", "threshold": "at least 0.8"}
    gate = {"name": "score", "kind": "score", "blocks": True, "sentence": "It is too low.", "shown": shown}
    (found,) = reasons(comparison(), FINE, {**FINE, "gates": [gate]})
    assert found.sentence == (
        "The challenger does not pass the gate 'score': It is too low. "
        "Measured: 0.71 (95 % interval 0.65 to 0.77); asked for: at least 0.8."
    )
    whole = "It is 0.71 (0.65 to 0.77); at least 0.8 is asked for."
    (found,) = reasons(comparison(), FINE, {**FINE, "gates": [{**gate, "sentence": whole}]})
    assert found.sentence == f"The challenger does not pass the gate 'score': {whole}"  # nothing is said twice


def test_being_worse_than_when_it_was_built_refuses_no_challenger(rows: pl.DataFrame) -> None:
    """The world has grown harder for both: that says nothing about which of them is better."""
    one, other = built(rows[:300].with_columns(z=pl.lit(0.0) * pl.col("z"))), built(rows[300:600])
    random = np.random.default_rng(1)
    noisy = rows[600:].with_columns(
        y=pl.when(pl.Series(random.uniform(size=300) < 0.3)).then(pl.lit("no")).otherwise(pl.col("y"))
    )
    before, now = (model.evaluate(noisy) for model in (one, other))
    assert [gate["name"] for gate in now["gates"] if gate["blocks"]] == ["as_built"]
    assert "gate" not in {each.kind for each in reasons(compare(one.parts, other.parts, noisy), before, now)}


def test_a_limit_that_cannot_be_is_refused() -> None:
    with pytest.raises(OptionError, match="'slower' cannot be 0"):
        reasons(comparison(), FINE, FINE, limits=Limits(slower=0.0))


@pytest.fixture(scope="module")
def rows() -> pl.DataFrame:
    random = np.random.default_rng(0)
    x, z = random.normal(size=(2, 900))
    return pl.DataFrame({"x": x, "z": z, "y": np.where(x + z + random.normal(size=900) > 0, "yes", "no")})


def built(rows: pl.DataFrame) -> Model:
    return mw.build(rows, target="y", trials=1, learners=["linear"])


def test_real_models_are_read(rows: pl.DataFrame) -> None:
    one, other = built(rows[:300]), built(rows[300:600].with_columns(z=pl.lit(0.0) * pl.col("z")))
    new = rows[600:]
    good, bad = (model.evaluate(new) for model in (one, other))
    found = reasons(compare(one.parts, other.parts, new), good, bad)
    assert "score" in {each.kind for each in found}
    assert all(each.sentence.endswith((".", ")")) for each in found)
    turned = reasons(compare(other.parts, one.parts, new), bad, good)
    assert "score" not in {each.kind for each in turned}

"""The JSON twin: all of the evidence and the run, always valid, always the same."""

from __future__ import annotations

import json

import pytest

from mlwright.report import render_json


@pytest.mark.parametrize("name", ["binary", "multiclass", "regression", "hostile", "huge", "bare"])
def test_json_holds_everything(name, make, run):
    read = json.loads(render_json(make(name), run))
    assert read == {"format": "mlwright-report", "version": 1, "evidence": make(name), "run": run}


def test_json_is_stable_and_keeps_the_order(make, run):
    text = render_json(make("binary"), run)
    assert text == render_json(make("binary"), run)
    assert list(json.loads(text)["evidence"]) == list(make("binary"))


def test_numbers_that_json_cannot_hold_become_null(make, run):
    made = make("binary")
    made["score"]["value"] = float("nan")
    made["importance"][0]["interval"] = (float("-inf"), 0.1)
    read = json.loads(render_json(made, run))["evidence"]
    assert read["score"]["value"] is None
    assert read["importance"][0]["interval"] == [None, 0.1]

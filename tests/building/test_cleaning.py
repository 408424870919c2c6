"""Repairs are trials: what helps is made, what harms is not, and nothing is fitted on rows that judge."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.building.ask import LOOKED_FOR, ask
from mlwright.building.cleaning import decide, look
from mlwright.building.options import Options
from mlwright.clean.base import Context, Detection
from mlwright.clean.detectors import DETECTORS
from mlwright.clean.repairs import Replace
from mlwright.findings import Finding
from mlwright.learn.base import never
from mlwright.progress import Silent
from mlwright.table import Table

KINDS = ("red", "blue", "green")


@dataclass
class Renamed:
    """A toy: names of colours that end in "?" are the colours themselves. It may be told to mend them all wrongly."""

    name: ClassVar[str] = "toy"
    kinds: ClassVar[tuple[str, ...]] = ("toy",)
    wrongly: bool = False
    confidence: float = 0.5
    seen: list[set[int]] = field(default_factory=list)

    def detect(self, table: Table, context: Context) -> Iterable[Detection]:
        if "number" in table.frame.columns:
            self.seen.append(set(table.frame["number"].to_list()))
        odd = [text for text in table.frame["colour"].unique(maintain_order=True).to_list() if text.endswith("?")]
        new = dict.fromkeys(KINDS, "one") if self.wrongly else {text: text.rstrip("0123456789?") for text in odd}
        finding = Finding(
            kind="toy", columns=("colour",), message=f"{len(odd)} names are odd.", confidence=self.confidence
        )
        yield Detection(finding=finding, repair=Replace("colour", new))


def rows(count: int = 1_500, *, odd: float = 0.6) -> pl.DataFrame:
    """The colour decides; of many rows its name is one of so many odd ones that none can be learned by itself."""
    rng = np.random.default_rng(5)
    kind = rng.integers(0, 3, count)
    named = [
        f"{KINDS[each]}{rng.integers(400)}?" if change else KINDS[each]
        for each, change in zip(kind, rng.random(count) < odd, strict=True)
    ]
    y = np.where(rng.random(count) < np.array([0.15, 0.5, 0.85])[kind], "yes", "no")
    return pl.DataFrame({"number": np.arange(count), "size": rng.normal(size=count), "colour": named, "y": y})


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Renamed:
    """The toy is the only detector that proposes anything."""
    detector = Renamed()
    for name in [name for name in DETECTORS if name not in {"few_rows", "duplicate_rows"}]:
        monkeypatch.delitem(DETECTORS, name)
    monkeypatch.setitem(DETECTORS, "toy", detector)
    return detector


def toys(model: mw.Model) -> list[dict[str, object]]:
    return [finding for finding in model.evaluation["findings"] if finding["kind"] == "toy"]


def test_a_repair_that_helps_is_made_and_told(toy: Renamed) -> None:
    model = mw.build(rows(), target="y", exclude=["number"], trials=1, learners=["lightgbm"])
    (told,) = toys(model)
    assert told["applied"] is True
    effect = told["effect"]
    assert isinstance(effect, dict)
    assert effect["metric"] == "ROC AUC"
    assert effect["value"] > 0.03
    assert effect["low"] < effect["value"] < effect["high"]
    without = mw.build(rows(), target="y", exclude=["number"], trials=1, learners=["lightgbm"], clean=False)
    assert toys(without) == []
    assert model.evaluation["score"]["value"] > without.evaluation["score"]["value"] + 0.03


def test_one_row_is_mended_as_a_batch_is(toy: Renamed, tmp_path: object) -> None:
    model = mw.build(rows(), target="y", exclude=["number"], trials=1, learners=["lightgbm"])
    odd = next(name for name in rows()["colour"] if name.startswith("red") and name.endswith("?"))
    fresh = [{"size": 0.1, "colour": name} for name in ("red", odd, "blue", "blue399?", "green", "never seen?")]
    said = model.predict_proba(pl.DataFrame(fresh * 20))[: len(fresh)]
    assert np.array_equal(said, np.concatenate([model.predict_proba(row) for row in fresh]))
    model.save(f"{tmp_path}/model")
    assert np.array_equal(mw.load(f"{tmp_path}/model").predict_proba(fresh), said)
    assert said[0, 1] == pytest.approx(said[1, 1], abs=1e-12), "an odd name that was seen is what it stands for"


def test_a_repair_that_harms_is_not_made(toy: Renamed) -> None:
    toy.wrongly, toy.confidence = True, 0.99
    model = mw.build(rows(odd=0.0), target="y", exclude=["number"], trials=1, learners=["lightgbm"])
    (told,) = toys(model)
    assert told["applied"] is False
    effect = told["effect"]
    assert isinstance(effect, dict)
    assert effect["high"] < 0
    assert all(not recipe.repairs for recipe in model.parts.ensemble.recipes.values())


def test_a_doubtful_repair_that_changes_nothing_is_not_made(toy: Renamed) -> None:
    model = mw.build(rows(odd=0.0), target="y", exclude=["number"], trials=1, learners=["lightgbm"])
    assert toys(model)[0]["applied"] is False


def test_rows_that_judge_are_never_fitted_on(toy: Renamed) -> None:
    """The table is looked at as a whole; each fit leaves the judging rows out, but for the last one, on all."""
    mw.build(rows(), target="y", exclude=["number"], trials=1, learners=["lightgbm"])
    everything = set(range(1_500))
    fits = [seen for seen in toy.seen if seen != everything]
    assert toy.seen[0] == everything
    assert len(toy.seen) - len(fits) == 2
    taught = set().union(*fits)
    assert len(taught) == 1_200
    assert min(map(len, fits)) < 1_000, "the folds fit on their own rows alone"


def test_the_same_trials_make_the_same_model(toy: Renamed) -> None:
    one, two = (mw.build(rows(), target="y", exclude=["number"], trials=2) for _ in range(2))
    assert one.evaluation["findings"] == two.evaluation["findings"]
    fresh = rows(200)
    assert np.array_equal(one.predict_proba(fresh), two.predict_proba(fresh))


def test_what_was_not_looked_for_is_told() -> None:
    asked = ask(Table(rows()), Options(target="y", trials=1))
    (told,) = look(asked, Options(target="y", trials=1), lambda: True, without=LOOKED_FOR)
    assert told.detection.finding.kind == "not_looked_for"
    assert "unit errors" in told.detection.finding.message
    assert "few rows," not in told.detection.finding.message, "what every build looks for was looked for"


def test_what_was_not_tried_is_told(toy: Renamed) -> None:
    options = Options(target="y", exclude=("number",), trials=1)
    asked = ask(Table(rows()), options)
    looked = look(asked, options, never, without=LOOKED_FOR)
    decided = decide(asked, looked, asked.material, asked.order, options, lambda: True)
    assert decided.mender is None
    told = next(finding for finding in decided.findings if finding.kind == "toy")
    assert told.repair is not None
    assert told.repair.endswith("(not tried: there was no time)")
    assert not told.applied


def test_leaks_are_told_before_all_else() -> None:
    frame = rows()
    known_after = np.where(frame["y"] == "yes", "2024-01-01", None)
    model = mw.build(frame.with_columns(refunded_on=pl.Series(known_after)), target="y", trials=1, exclude=["number"])
    assert model.evaluation["findings"][0]["columns"][0] == "refunded_on"


def test_nobody_looks_where_nobody_is_to_clean(toy: Renamed) -> None:
    told: list[str] = []

    class Heard(Silent):
        def stage(self, title: str) -> None:
            told.append(title)

    mw.build(rows(), target="y", exclude=["number"], trials=1, clean=False, progress=Heard())
    assert toy.seen == []
    assert not [title for title in told if "errors" in title]

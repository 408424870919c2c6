"""Thresholds by group in a model: they do what they say on fresh rows, travel with it, and are the same everywhere."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.errors import ColumnError, DataError, ModelError, OptionError
from mlwright.model import Model, RowModel
from mlwright.model.folder import to_files
from mlwright.model.text import write_json

ROMAN = pl.col("city") == "Rome"


def fresh(count: int, seed: int) -> pl.DataFrame:
    """Rows of the kind the model knows; Romans are older, churn more for their age, and have shops of their own."""
    random = np.random.default_rng(seed)
    city = random.choice(["Rome", "Paris", "Oslo"], count)
    age = random.integers(18, 60, count) + 25 * (city == "Rome")
    chance = 1 / (1 + np.exp(-((age - 50) / 10 + (city == "Rome") * 1.5)))
    return pl.DataFrame(
        {
            "age": age,
            "income": random.lognormal(10, 1, count).round(2),
            "city": city,
            "shop [id]": [
                f"s{shop + 30 * (place == 'Rome')}"
                for shop, place in zip(random.integers(0, 30, count), city, strict=True)
            ],
            "since": [f"202{row % 5}-{1 + row % 12:02d}-{1 + row % 28:02d}" for row in range(count)],
            "active": random.choice(["yes", "no", "?"], count),
            "note": random.choice(["late again", "fine thanks", "refund"], count),
            "churn": np.where(random.random(count) < chance, "yes", "no"),
        }
    )


def gap(model: Model, frame: pl.DataFrame, rates: str = "odds") -> float:
    """Return the largest difference between cities in the rates at which yes is answered."""
    told = frame.with_columns(yes=pl.Series(model.predict(frame) == model.classes_[1]))
    keys = ["churn"] if rates == "odds" else []
    found = told.group_by("city", *keys).agg(pl.col("yes").mean())
    if not keys:
        return float(found["yes"].max() - found["yes"].min())  # type: ignore[operator]
    return max(float(part["yes"].max() - part["yes"].min()) for _, part in found.group_by("churn"))  # type: ignore[operator]


@pytest.fixture(scope="module")
def known() -> pl.DataFrame:
    return fresh(4000, 1)


@pytest.fixture(scope="module")
def unknown() -> pl.DataFrame:
    return fresh(8000, 2)


@pytest.fixture(scope="module")
def fair(built: Model, known: pl.DataFrame) -> Model:
    return built.mitigate(known, ["city"], tolerance=0.01)


@pytest.fixture(scope="module")
def blind(built: Model, known: pl.DataFrame) -> Model:
    return built.mitigate(known, ["city"], tolerance=0.01, without_group=True)


def test_the_gap_on_fresh_rows_is_cut_to_a_fifth_and_is_where_it_was_said_to_be(
    built: Model, fair: Model, unknown: pl.DataFrame
) -> None:
    before, after = gap(built, unknown), gap(fair, unknown)
    assert before > 0.15
    assert after < 0.2 * before + 0.03  # and what 8,000 rows leave to chance
    told = fair.evaluation["mitigation"]
    assert told["after"]["gap_interval"][0] <= after <= told["after"]["gap_interval"][1]
    assert told["before"]["gap_interval"][0] <= before <= told["before"]["gap_interval"][1]
    right = float((fair.predict(unknown) == unknown["churn"].to_numpy()).mean())
    assert told["after"]["value_interval"][0] - 0.01 <= right <= told["after"]["value_interval"][1] + 0.01


def test_equal_selection_and_single_thresholds(built: Model, known: pl.DataFrame, unknown: pl.DataFrame) -> None:
    made = built.mitigate(known, ["city"], criterion="demographic_parity", tolerance=0.02, draws=False)
    assert gap(made, unknown, "selection") < 0.06 < gap(built, unknown, "selection")
    told = made.evaluation["mitigation"]
    assert not told["draw"]["needed"]
    assert all(len(group["thresholds"]) == 1 for group in told["groups"])
    assert made.parts.policy is not None
    assert made.parts.policy.is_firm


def test_without_the_group_the_gap_is_halved_and_the_column_is_not_asked_for(
    built: Model, blind: Model, unknown: pl.DataFrame
) -> None:
    assert gap(blind, unknown) < 0.5 * gap(built, unknown)
    assert blind.parts.policy is not None
    assert "city" not in blind.parts.policy.sources
    told = blind.evaluation["mitigation"]
    assert told["after"]["gap_interval"][0] <= gap(blind, unknown) <= told["after"]["gap_interval"][1]
    assert not told["with_group"]
    assert any("the model itself looks at 'city'" in note for note in told["notes"])


def test_a_row_is_answered_alike_alone_in_a_batch_and_after_loading(
    fair: Model, blind: Model, unknown: pl.DataFrame, tmp_path: Path
) -> None:
    rows = unknown.head(400)
    for model, place in ((fair, tmp_path / "fair.zip"), (blind, tmp_path / "blind")):
        model.save(place)
        loaded = mw.load(place)
        batch = model.answer(rows)
        assert (loaded.answer(rows).values == batch.values).all()
        assert [loaded.predict(row)[0] for row in rows.to_dicts()] == batch.values.tolist()
        backwards = loaded.answer(rows.reverse().to_dicts()).values[::-1]
        assert (backwards == batch.values).all()
        assert to_files(loaded.parts) == to_files(model.parts)
        assert loaded.explain(rows.head(2)).text[0]
    assert fair.parts.policy is not None
    assert not fair.parts.policy.is_firm  # so that what is drawn was among what was compared


def test_an_unknown_or_missing_group_gets_the_threshold_for_everybody_and_is_flagged(
    built: Model, fair: Model, unknown: pl.DataFrame
) -> None:
    for city in ("Atlantis", None):
        rows = unknown.head(200).with_columns(city=pl.lit(city, dtype=pl.String))
        found = fair.answer(rows)
        assert found.flags == ("unknown group: the threshold for everybody",) * 200
        assert (found.values == built.answer(rows).values).all()
    assert set(fair.answer(unknown.head(50)).flags or ()) == {""}
    assert built.answer(unknown.head(2)).flags is None
    with pytest.raises(ColumnError, match="'city' is not in the data"):
        fair.predict(unknown.drop("city"))


def test_groups_too_small_are_told_and_refused_where_none_is_left(built: Model, known: pl.DataFrame) -> None:
    few = known.filter(~ROMAN | (pl.int_range(pl.len()) % 40 == 0))
    told = built.mitigate(few, ["city"]).evaluation["mitigation"]
    assert [small["group"] for small in told["small"]] == ["Rome"]
    assert any("Nothing is promised for Rome" in note for note in told["notes"])
    with pytest.raises(DataError, match=r"fewer than two are large enough to promise anything of \(Oslo: "):
        built.mitigate(known.head(60), ["city"])


def test_rows_that_the_model_learned_from_are_refused(built: Model, frame: pl.DataFrame, known: pl.DataFrame) -> None:
    with pytest.raises(DataError, match="The model learned from these rows"):
        built.mitigate(frame, ["city"])
    mixed = pl.concat([known.head(500), frame.select(known.columns)], how="vertical_relaxed")
    with pytest.raises(DataError, match="or from many of them"):
        built.mitigate(mixed, ["city"])


def test_thresholds_are_replaced_by_others_that_are_found_on_the_same_rows(fair: Model, known: pl.DataFrame) -> None:
    again = fair.mitigate(known, ["city"], criterion="demographic_parity", tolerance=0.05)
    direct = RowModel(replace(fair.parts, policy=None, golden=())).mitigate(
        known, ["city"], criterion="demographic_parity"
    )
    assert again.parts.policy is not None
    assert direct.parts.policy is not None
    assert again.parts.policy.criterion == "demographic_parity"
    assert again.evaluation["mitigation"]["before"] == direct.evaluation["mitigation"]["before"]


def test_what_cannot_be_asked_is_refused_in_a_sentence(
    built: Model, known: pl.DataFrame, models: dict[str, tuple[Model, pl.DataFrame]]
) -> None:
    for words, asked in (
        ("does not answer a yes/no question", lambda: models["regression"][0].mitigate(known, ["city"])),
        ("--tolerance cannot be 1.5", lambda: built.mitigate(known, ["city"], tolerance=1.5)),
        ("cannot be the text 'city'", lambda: built.mitigate(known, "city")),
        ("No column is named", lambda: built.mitigate(known, [])),
        ("--cut names 'age'", lambda: built.mitigate(known, ["city"], cuts={"age": [30]})),
        ("is what is predicted", lambda: built.mitigate(known, ["churn"])),
    ):
        with pytest.raises(OptionError, match=words):
            asked()
    with pytest.raises(ColumnError, match="'town' is not in the data"):
        built.mitigate(known, ["town"])


def test_a_model_of_numbers_is_not_sent_to_what_it_is_refused(
    known: pl.DataFrame, models: dict[str, tuple[Model, pl.DataFrame]]
) -> None:
    with pytest.raises(OptionError) as numbers:
        models["regression"][0].mitigate(known, ["city"])
    assert "reweigh" not in str(numbers.value.hint)
    with pytest.raises(OptionError) as classes:
        models["multiclass"][0].mitigate(known, ["city"])
    assert "reweigh" in str(classes.value.hint)


@pytest.mark.parametrize(
    "harm",
    [
        {"rules": []}, {"rules": [{"thresholds": [0.5], "shares": [1.0]}]}, {"common": "x"}, {"seed": 0.5},
        {"rules": [{"thresholds": [0.9, 0.1], "shares": [0.5, 0.5]}] * 3}, {"criterion": "none"}, {"drawn": [1]},
        {"rules": [{"thresholds": [0.1], "shares": [2.0]}] * 3}, {"edges": [[], [], []]}, {"golden": []},
        {"rules": [{"thresholds": [1e400], "shares": [1.0]}] * 3}, {"grouping": {}}, {"drawn": ["nothing"]},
        {"rules": [{"thresholds": [0.123], "shares": [1.0]}] * 3},
    ],
)  # fmt: skip
def test_a_damaged_policy_is_refused(fair: Model, tmp_path: Path, harm: dict[str, Any]) -> None:
    files = to_files(fair.parts)
    state = json.loads(files["policy.json"])
    text = json.dumps({**state, **harm}).replace("Infinity", "1e400")
    put(signed({**files, "policy.json": text.encode()}), tmp_path / "model")
    with pytest.raises(ModelError):
        mw.load(tmp_path / "model")


def test_a_policy_whose_head_is_gone_is_refused(blind: Model, tmp_path: Path) -> None:
    files = to_files(blind.parts)
    kept = {name: data for name, data in files.items() if not name.startswith("policy/")}
    put(signed(kept), tmp_path / "model")
    with pytest.raises(ModelError, match="missing"):
        mw.load(tmp_path / "model")


SCRIPT = """
import sys
for name in ("polars", "scipy", "sklearn", "pandas", "lightgbm", "narwhals", "pyarrow"):
    sys.modules[name] = None
import json, mlwright
model = mlwright.load(sys.argv[1])
print(json.dumps([str(model.predict(row)[0]) for row in json.loads(sys.stdin.read())]))
"""


def test_answering_needs_numpy_alone(fair: Model, blind: Model, unknown: pl.DataFrame, tmp_path: Path) -> None:
    rows = unknown.head(60)
    for model in (fair, blind):
        place = model.save(tmp_path / "model.zip")
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, str(place)],
            input=json.dumps(rows.to_dicts()),
            check=True,
            capture_output=True,
            text=True,
        )
        assert json.loads(done.stdout) == [str(value) for value in model.predict(rows)]


def test_the_curve_tells_what_each_step_costs(fair: Model) -> None:
    told = fair.evaluation["mitigation"]
    assert told["curve"][0]["tolerance"] is None
    assert [point["tolerance"] for point in told["curve"] if point["chosen"]] == [0.01]
    asked = [point for point in told["curve"] if point["tolerance"] is not None]
    assert [point["tolerance"] for point in asked] == sorted(point["tolerance"] for point in asked)
    assert asked[0]["gap"] < told["before"]["gap"]
    assert asked[0]["lost"] >= asked[-1]["lost"] - 0.01
    for point in told["curve"]:
        assert point["gap_interval"][0] <= point["gap"] <= point["gap_interval"][1]
        assert point["lost"] == pytest.approx(told["before"]["value"] - point["value"], abs=1e-9)


def test_stated_costs_are_what_is_kept_low(built: Model, known: pl.DataFrame) -> None:
    dear = {**built.parts.decision, "stated": True, "costs": {"false_positive": 1.0, "false_negative": 5.0}}
    model = RowModel(replace(built.parts, decision={**dear, "threshold": 1 / 6}))
    told = model.mitigate(known, ["city"], tolerance=0.05).evaluation["mitigation"]
    assert told["unit"] == "cost"
    assert (
        told["after"]["value"]
        < built.mitigate(known, ["city"], tolerance=0.05).evaluation["mitigation"]["after"]["value"]
    )
    assert "An average row costs" in told["sentence"] or "costs" in told["sentence"]


def test_the_same_again_is_the_same_to_the_byte(built: Model, known: pl.DataFrame, fair: Model) -> None:
    again = built.mitigate(known, ["city"], tolerance=0.01)
    assert to_files(again.parts) == to_files(fair.parts)


def signed(files: dict[str, bytes]) -> dict[str, bytes]:
    """Recompute sizes, hashes and digest, as somebody with bad intent would."""
    manifest = json.loads(files["manifest.json"])
    table = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in files.items()
        if name != "manifest.json"
    }
    digest = hashlib.sha256(write_json(table)).hexdigest()
    return {**files, "manifest.json": write_json({**manifest, "files": table, "digest": digest})}


def put(files: dict[str, bytes], path: Path) -> None:
    for name, data in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def test_what_is_told_of_answers_is_told_of_those_that_are_given(
    built: Model, fair: Model, unknown: pl.DataFrame
) -> None:
    yes, true = fair.predict(unknown) == "yes", unknown["churn"].to_numpy() == "yes"
    found = fair.evaluate(unknown)
    metrics = {name: each["score"] for name, each in found["metrics"].items()}
    assert metrics["accuracy"] == pytest.approx((yes == true).mean())
    assert metrics["recall"] == pytest.approx(yes[true].mean())
    assert metrics["precision"] == pytest.approx(true[yes].mean())
    assert metrics["roc_auc"] == pytest.approx(built.evaluate(unknown)["metrics"]["roc_auc"]["score"])


def test_a_column_that_only_tells_thresholds_is_tested_by_the_answers(fair: Model, unknown: pl.DataFrame) -> None:
    policy = fair.parts.policy
    assert policy is not None
    name = policy.sources[0]
    tests: dict[str, Any] = {"tests": {"t": {"kind": "invariance", "columns": [name], "allowed": 0.0}}}
    (told,) = fair.evaluate(unknown, tests=tests)["behaviour"]
    assert told["failed"] > 0
    assert told["verdict"] == "fail"
    assert f"Another value of {name!r} changed the answer that is given in" in told["sentence"]
    assert "the answer is '" in told["sentence"]
    assert {each["answer_before"] for each in told["examples"]} <= {0.0, 1.0}
    if name not in fair.parts.ensemble.sources:
        tests["tests"]["t"]["kind"] = "missing"
        with pytest.raises(ColumnError, match="through the thresholds by group, not the probability"):
            fair.evaluate(unknown, tests=tests)


def test_a_comparison_scores_the_answers_that_are_given(built: Model, fair: Model, unknown: pl.DataFrame) -> None:
    found = mw.compare(built, fair, unknown).metrics
    true = unknown["churn"].to_numpy()
    lost = (fair.predict(unknown) == true).mean() - (built.predict(unknown) == true).mean()
    assert found["accuracy"]["difference"] == pytest.approx(lost)
    assert found["roc_auc"]["difference"] == 0


def test_thresholds_that_serve_all_worse_are_doubted(built: Model) -> None:
    random = np.random.default_rng(5)
    rows = fresh(3000, 6).with_columns(pl.Series("city", random.permutation(["Rome", "Oslo"] * 1500)))
    noise = pl.Series("churn", random.choice(["no", "yes"], 3000, p=[0.8, 0.2]))
    rows = rows.with_columns(churn=pl.when(pl.col("city") == "Rome").then(noise).otherwise(pl.col("churn")))
    told = built.mitigate(rows, ["city"], tolerance=0.01).evaluation["mitigation"]
    assert any("hardly worth having" in doubt or "serving all of them worse" in doubt for doubt in told["doubts"])


def test_the_threshold_of_a_row_is_the_one_that_decides(built: Model, fair: Model, unknown: pl.DataFrame) -> None:
    limits = fair.thresholds(unknown)
    assert limits is not None
    assert ((fair.predict_proba(unknown)[:, 1] >= limits) == (fair.predict(unknown) == "yes")).all()
    assert len(np.unique(limits)) > 1
    assert np.unique(built.thresholds(unknown)) == [0.5]
    assert fair.thresholds(unknown[:1].to_dicts()[0]) == limits[:1]

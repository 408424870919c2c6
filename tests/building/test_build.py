"""The main job on small tables: what it promises whatever the question."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.building.judge import _affordable_rows, refit
from mlwright.learn.budget import Budget
from mlwright.learn.learners import LEARNERS
from mlwright.learn.portfolio import portfolio
from mlwright.progress import Silent
from tests.building.conftest import make_table

KEYS = {
    "question", "verdict", "score", "baselines", "metrics", "leaderboard", "curves", "learning_curve", "importance",
    "effects", "findings", "data", "limits", "size",
}  # fmt: skip


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("target", ["left", "plan", "spent"])
@pytest.mark.parametrize("rows", [300, 1500])
def test_every_task_gives_evidence_and_a_model_that_travels(tmp_path, target, rows):
    table = make_table(rows).drop({"left", "plan", "spent"} - {target})
    model = mw.build(table, target=target, trials=3, out=tmp_path / "model")
    evidence = json.loads((tmp_path / "model" / "evaluation.json").read_text())
    assert set(evidence) >= KEYS
    assert evidence["verdict"]["beats_baseline"] in {"yes", "no", "unclear"}
    assert evidence["question"]["rows_held_out"] == (0 if rows < 1000 else 300)
    low, high = evidence["score"]["interval"]
    assert low <= evidence["score"]["value"] <= high
    fresh = make_table(50, seed=9)
    loaded = mw.load(tmp_path / "model")
    assert loaded.predict(fresh).tolist() == model.predict(fresh).tolist()
    assert {type(label) for label in model.predict(fresh).tolist()} == {str if target != "spent" else float}


@pytest.mark.parametrize("target", ["left", "spent"])
def test_the_same_trials_give_the_same_model_byte_for_byte(tmp_path, target):
    for name in ("one", "two"):
        mw.build(make_table(1200), target=target, trials=6, seed=5, out=tmp_path / name)
    one, two = files(tmp_path / "one"), files(tmp_path / "two")
    manifests = [json.loads(each.pop("manifest.json")) for each in (one, two)]
    assert one == two
    assert manifests[0]["digest"] == manifests[1]["digest"]


def test_another_seed_gives_another_model(table):
    one, two = (mw.build(table, target="spent", trials=2, seed=seed) for seed in (0, 1))
    assert not np.array_equal(one.predict(table), two.predict(table))


def test_the_answers_in_batch_and_row_by_row_are_the_same(large_table):
    for target in ("left", "spent"):
        model = mw.build(large_table, target=target, trials=6)
        batch = model.predict(large_table) if target == "spent" else model.predict_proba(large_table)[:, 1]
        rows = large_table.head(60).to_dicts()
        single = [model.predict(row)[0] if target == "spent" else model.predict_proba(row)[0, 1] for row in rows]
        np.testing.assert_allclose(single, batch[:60], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("seconds", [4, 8])
def test_the_budget_is_kept(large_table, seconds):
    start = time.monotonic()
    model = mw.build(large_table, target="left", budget=seconds)
    assert time.monotonic() - start <= 1.02 * seconds + 2
    assert model.run["budget"] == seconds
    planned = {stage["stage"]: stage["planned"] for stage in model.run["stages"]}
    assert planned["trying"] is not None
    assert sum(each or 0.0 for each in planned.values()) <= seconds + 0.1


class Impatient(Silent):
    """A person who presses Ctrl-C as soon as there is something to keep."""

    def __init__(self) -> None:
        self.pressed = 0.0

    def advance(self, *, share: float, seconds_left: float | None = None, best: str | None = None) -> None:
        if best is not None and not self.pressed:
            self.pressed = time.monotonic()
            os.kill(os.getpid(), signal.SIGINT)


def test_ctrl_c_keeps_the_best_so_far(large_table):
    person = Impatient()
    model = mw.build(large_table, target="left", budget=60, progress=person)
    assert 0.0 < time.monotonic() - person.pressed < 20
    assert model.run["interrupted"]
    assert model.evaluation["score"]["value"] > 0.7
    told = json.dumps([model.evaluation[part] for part in ("limits", "calibration")])
    assert "Ctrl-C came before the fit on all rows" in told
    assert "no time to" not in told.replace("Ctrl-C left no time to", "")
    assert "There was no time" not in told
    assert "stopped" not in {row["status"] for row in model.evaluation["leaderboard"]}
    assert set(model.predict(large_table.head(5))) <= {"yes", "no"}


def make_straight(rows: int) -> pl.DataFrame:
    """Return a table of which a linear model learns all there is."""
    random = np.random.default_rng(0)
    X = random.normal(size=(rows, 4))
    columns = {f"f{place}": X[:, place] for place in range(4)}
    return pl.DataFrame({**columns, "y": X @ [3.0, 2.0, 1.0, -2.0] + random.normal(size=rows)})


@pytest.mark.parametrize("rows", [300, 1500])
def test_the_linear_model_is_a_rule_to_beat_whatever_learners_are_asked_for(rows):
    model = mw.build(make_straight(rows), target="y", trials=1, learners=["extratrees"])
    assert {member.learner for member in model.parts.ensemble.members} == {"extratrees"}
    assert model.evaluation["baselines"][0]["name"] == "linear"
    assert model.evaluation["verdict"]["beats_baseline"] == "no"
    assert not [f for f in model.evaluation["findings"] if f["kind"] == "only_the_floor"]
    alone = mw.build(make_straight(rows), target="y", trials=1, learners=["linear"])
    assert [member.learner for member in alone.parts.ensemble.members] == ["linear"]


def test_where_no_learner_asked_for_can_be_fitted_the_linear_model_answers_and_it_is_said(monkeypatch):
    class Broken(type(LEARNERS["extratrees"])):
        def fit(self, *_, **__):
            raise RuntimeError("out of luck")

    monkeypatch.setitem(LEARNERS, "extratrees", Broken())
    model = mw.build(make_straight(300), target="y", trials=1, learners=["extratrees"])
    assert [member.learner for member in model.parts.ensemble.members] == ["linear"]
    (told,) = (f for f in model.evaluation["findings"] if f["kind"] == "only_the_floor")
    assert "(extratrees) could be fitted (RuntimeError: out of luck)" in told["message"]
    assert told["severity"] == "warning"


def test_a_learner_that_cannot_do_the_task_is_refused_before_anything_is_tried(table, monkeypatch):
    class OnlyNumbers(type(LEARNERS["extratrees"])):
        objectives = frozenset({"regression"})

        def fit(self, *_, **__):
            pytest.fail("tried")

    monkeypatch.setitem(LEARNERS, "extratrees", OnlyNumbers())
    monkeypatch.setattr(type(LEARNERS["linear"]), "fit", lambda *_, **__: pytest.fail("tried"))
    with pytest.raises(mw.OptionError, match=r"'extratrees' cannot learn this task, binary; it can learn regression\."):
        mw.build(table, target="left", learners=["lightgbm", "extratrees"])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RuntimeError("out of luck"), "RuntimeError: out of luck"),
        (SystemExit(7), "SystemExit: 7"),
        (GeneratorExit(), "GeneratorExit"),
    ],
)
def test_a_learner_that_fails_is_told_and_harms_nobody(table, monkeypatch, error, reason):
    first = list(portfolio(LEARNERS, "binary", 1))[1].learner

    class Broken(type(first)):
        def fit(self, *_, **__):
            raise error

    monkeypatch.setitem(LEARNERS, first.name, Broken())
    model = mw.build(table, target="left", trials=3)
    failed = [row for row in model.evaluation["leaderboard"] if row["status"].startswith("failed")]
    assert [row["status"] for row in failed] == [f"failed: {reason}"]
    assert failed[0]["score"] is None


def test_where_every_learner_fails_the_reason_is_told(table, monkeypatch):
    for name, learner in list(LEARNERS.items()):

        class Broken(type(learner)):
            def fit(self, *_, **__):
                raise RuntimeError("out of luck")

        monkeypatch.setitem(LEARNERS, name, Broken())
    with pytest.raises(mw.DataError, match="out of luck"):
        mw.build(table, target="left", trials=5)


def test_what_judges_has_no_say_in_what_is_chosen(monkeypatch):
    """Whatever the held-out targets are, the trials' scores, the weights and the threshold stay the same."""
    from mlwright.building import judge as judging

    seen = []
    real = judging.evaluate_holdout

    def spy(task, metric, held_out, P, **kwargs):
        seen.append(held_out)
        return real(task, metric, held_out, P, **kwargs)

    monkeypatch.setattr(judging, "evaluate_holdout", spy)
    table = make_table(1500)
    one = mw.build(table, target="spent", trials=4)
    judged = seen[0].y
    spoiled = table.with_columns(
        pl.when(pl.col("spent").is_in(judged.tolist())).then(pl.col("spent") + 1.0).otherwise(pl.col("spent"))
    )
    other = mw.build(spoiled, target="spent", trials=4)
    scores = [
        [
            (row["label"], row["configuration"], row["score"], row["weight"])
            for row in model.evaluation["leaderboard"]
            if "baseline" not in row["learner"]
        ]
        for model in (one, other)
    ]
    if set(seen[1].y.tolist()) == {value + 1.0 for value in judged.tolist()}:  # the strata put the same rows aside
        assert scores[0] == scores[1]
    else:
        assert len(seen[1].y) == len(judged)


def test_weights_count():
    table = make_table(600)
    doubled = pl.concat([table, table.with_columns(pl.lit("yes").alias("left"))]).with_columns(
        pl.Series("w", [1.0] * 600 + [0.0] * 600)
    )
    model = mw.build(doubled, target="left", weight="w", split="random", trials=2)
    assert model.predict_proba(table)[:, 1].mean() < 0.75
    assert "w" not in {column.name for column in model.schema.features}


def test_time_is_respected_where_there_is_time():
    table = make_table(1500).with_columns(
        pl.datetime_range(pl.datetime(2020, 1, 1), pl.datetime(2020, 3, 3, 11), "1h", eager=True).alias("date")
    )
    model = mw.build(table, target="left", trials=2)
    assert model.evaluation["question"]["split"]["kind"] == "time"
    again = mw.build(table, target="left", trials=2, split="random")
    assert again.evaluation["question"]["split"]["kind"] == "random"


def test_groups_are_respected_where_entities_repeat():
    table = make_table(1500).with_columns(pl.Series("customer_id", [f"c{row // 5}" for row in range(1500)]))
    model = mw.build(table.sample(fraction=1, shuffle=True, seed=0), target="left", trials=2)
    assert model.evaluation["question"]["split"] | {"reason": ""} == {
        "kind": "group", "column": "customer_id", "reason": "",
    }  # fmt: skip


def test_costs_move_the_threshold(large_table):
    cheap = mw.build(large_table, target="left", trials=2, cost_fn=10)
    plain = mw.build(large_table, target="left", trials=2)
    assert (cheap.predict(large_table) == "yes").sum() > (plain.predict(large_table) == "yes").sum()


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"task": "clustering"}, "--task cannot be 'clustering'"),
        ({"metric": "acuracy"}, "did you mean 'accuracy'"),
        ({"split": "sideways"}, "--split"),
        ({"trials": 0}, "--trials cannot be 0"),
        ({"trials": 1.5}, r"--trials cannot be 1\.5\. Hint: give a whole number"),
        ({"trials": True}, "--trials cannot be True"),
        ({"learners": []}, "--learners names no learner"),
        ({"learners": "linear"}, r"--learners cannot be the text 'linear'\. Hint: give a list of names: \['linear'\]"),
        ({"exclude": "city"}, "--exclude cannot be the text 'city'"),
        ({"sensitive": "age"}, "--sensitive cannot be the text 'age'"),
        ({"seed": -1}, "--seed"),
        ({"cost_fp": -1.0}, "--cost-fp"),
        ({"budget": "soon"}, "budget"),
        ({"name": "a/b"}, "named"),
        ({"time": "dat"}, "'dat'"),
        ({"exclude": ("citty",)}, "did you mean 'city'"),
        ({"threads": -1}, "--threads"),
    ],
)
def test_options_that_cannot_be_are_told_in_a_sentence(table, options, match):
    with pytest.raises(mw.InputError, match=match):
        mw.build(table, target="left", **{"trials": 1, **options})


def test_noise_is_called_noise():
    """Nothing is to be learned: the scores average a guess, and their intervals hold it."""
    scores = []
    for seed in range(6):
        random = np.random.default_rng(seed)
        columns = {f"x{place}": random.normal(size=300) for place in range(6)}
        table = pl.DataFrame({**columns, "y": random.permutation(np.arange(300) % 2)})
        evidence = mw.build(table, target="y", trials=4, seed=seed).evaluation
        scores.append(evidence["score"]["value"])
        assert evidence["verdict"]["beats_baseline"] != "yes"
        assert evidence["score"]["interval"][0] <= 0.52
    assert 0.46 < np.mean(scores) < 0.54


def test_copies_of_rows_do_not_flatter():
    random = np.random.default_rng(0)
    once = pl.DataFrame(
        {**{f"x{place}": random.normal(size=300) for place in range(5)}, "y": random.integers(0, 2, 300)}
    )
    model = mw.build(pl.concat([once] * 4).sample(fraction=1, shuffle=True, seed=1), target="y", trials=3)
    assert model.evaluation["score"]["value"] < 0.65
    assert model.evaluation["verdict"]["beats_baseline"] != "yes"


def test_a_class_called_none_is_a_class():
    table = make_table(400).with_columns(
        pl.when(pl.col("age") < 40).then(pl.lit("None")).when(pl.col("age") < 60).then(pl.lit("mild"))
        .otherwise(pl.lit("severe")).alias("pain")
    )  # fmt: skip
    model = mw.build(table, target="pain", trials=1)
    assert model.classes_.tolist() == ["None", "mild", "severe"]
    assert model.evaluation["question"]["rows"] == 400
    assert set(model.predict(table)) == {"None", "mild", "severe"}


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        ("1", "2", ["1", "2"]),
        ("5%", "10%", ["10%", "5%"]),
        ("$1", "$2", ["$1", "$2"]),
        (1, 2, [1, 2]),
        (False, True, [False, True]),
    ],
)
def test_labels_are_what_the_target_holds(low, high, labels):
    table = make_table(300).with_columns(pl.Series("y", [high if age > 45 else low for age in make_table(300)["age"]]))
    model = mw.build(table, target="y", trials=1)
    assert model.classes_.tolist() == labels
    assert (model.predict(table) == table["y"].to_numpy()).mean() > 0.9


def test_labels_of_a_text_file_are_numbers_where_they_are_written_so(tmp_path):
    make_table(300).with_columns((pl.col("age") > 45).cast(int).alias("y")).write_csv(tmp_path / "t.csv")
    assert mw.build(tmp_path / "t.csv", target="y", trials=1).classes_.tolist() == [0, 1]


def test_rare_cases_that_are_never_called_are_told():
    random = np.random.default_rng(0)
    x = random.normal(size=3000)
    table = pl.DataFrame({"x": x, "fraud": (random.random(3000) < 0.02 * np.exp(x / 2)).astype(int)})
    model = mw.build(table, target="fraud", trials=2)
    assert model.predict(table).sum() == 0
    assert "never answers 1" in model.evaluation["curves"]["threshold"]["sentence"]


def test_weights_that_leave_one_class_are_refused():
    table = make_table(200).with_columns(w=pl.when(pl.col("left") == "yes").then(1.0).otherwise(0.0))
    with pytest.raises(mw.DataError, match="single class"):
        mw.build(table, target="left", weight="w", trials=1)


@pytest.mark.parametrize("target", ["left", "spent"])
def test_a_few_rows_with_nearly_all_the_weight_are_told_and_no_interval_leaves_the_bounds(target):
    weights = np.ones(400)
    weights[:2] = 1e300
    table = make_table(400).with_columns(pl.Series("w", weights))
    first = table.with_columns(left=pl.when(pl.int_range(400) == 0).then(pl.lit("yes")).otherwise(pl.col("left")))
    both = first.with_columns(left=pl.when(pl.int_range(400) == 1).then(pl.lit("no")).otherwise(pl.col("left")))
    model = mw.build(both, target=target, weight="w", trials=2)
    told = [found for found in model.evaluation["findings"] if found["kind"] == "few_rows_count"]
    assert len(told) == 1
    assert "the 400 rows tell as much as 2.0 of equal weight would" in told[0]["message"]
    assert any("A few rows have nearly all the weight" in limit for limit in model.evaluation["limits"])
    task = model.task
    for name, facts in model.evaluation["metrics"].items():
        least, most = task.metrics[name].bounds
        assert all(end is None or least <= end <= most for end in facts["interval"]), name


def test_weights_of_any_size_count_alike():
    table, scores = make_table(200), []
    for size in (1e-310, 1.0, 1e300):
        weights = pl.Series("w", [size, 2 * size] * 100)
        model = mw.build(table.with_columns(weights), target="left", weight="w", trials=1)
        scores.append(model.evaluation["score"]["value"])
    assert scores == pytest.approx([scores[0]] * 3)


def test_weights_without_a_target_leave_nothing():
    rows = make_table(200).with_columns(
        pl.when(pl.int_range(200) < 100).then(None).otherwise(pl.col("spent")).alias("spent"),
        (pl.int_range(200) < 100).cast(float).alias("w"),
    )
    with pytest.raises(mw.DataError, match="0 in every row with a target"):
        mw.build(rows, target="spent", weight="w", trials=1)


@pytest.mark.parametrize(("label", "hinted"), [("name {}", False), ("{}", True)])
def test_too_many_classes_hint_at_numbers_only_where_they_are_numbers(label, hinted):
    rows = pl.DataFrame({"x": range(600), "y": [label.format(number % 300) for number in range(600)]})
    with pytest.raises(mw.DataError, match="more than 200 cannot be told apart") as caught:
        mw.build(rows, target="y", task="multiclass", trials=1)
    assert ("--task regression" in str(caught.value)) == hinted
    with pytest.raises(mw.DataError, match="needs a target with two values") as caught:
        mw.build(rows, target="y", task="binary", trials=1)
    assert ("--task regression" in str(caught.value)) == hinted


def test_the_callers_table_is_left_as_it_was(table):
    before = table.clone()
    mw.build(table, target="left", trials=2)
    assert table.equals(before)


def test_where_few_of_many_rows_judge_the_model_is_the_one_that_was_judged(large_table, monkeypatch):
    monkeypatch.setattr("mlwright.building.find.enough_to_judge", lambda width: 100)
    seen = []
    monkeypatch.setattr("mlwright.building.judge.refit", lambda *args, **kw: seen.append(1) or refit(*args, **kw))
    model = mw.build(large_table.drop("plan", "spent"), target="left", trials=2)
    question = model.evaluation["question"]
    assert question["rows_held_out"] + question["rows_learned"] == 3000
    assert question["rows_held_out"] <= 110
    assert len(seen) == 1, "one fit serves the judgement and the person"
    assert any("that judged it were not learned from" in sentence for sentence in model.evaluation["limits"])


def test_where_there_is_no_time_for_all_rows_as_many_teach_as_there_is_time_for():
    class Planned:
        def planned(self, rows):
            return rows * 0.01

    now = [0.0]
    budget = Budget(100.0, clock=lambda: now[0])
    assert _affordable_rows(Planned(), budget, 1_000, 7.0) == 1_000
    assert _affordable_rows(Planned(), budget, 10_000, 7.0) == 10_000, "plans are careful: a little more is tried"
    assert _affordable_rows(Planned(), budget, 30_000, 7.0) == 9_300
    assert _affordable_rows(Planned(), Budget(None), 10**9, 0.0) == 10**9
    now[0] = 100.0
    assert _affordable_rows(Planned(), budget, 30_000, 7.0) == 0


def test_preferences_trade_score_for_speed_and_say_where_a_wish_cannot_be_met(large_table):
    table = large_table.drop("plan", "left")
    quick = mw.build(table, target="spent", trials=6, prefer="speed")
    best = mw.build(table, target="spent", trials=6, prefer="accuracy")
    rounds = [sum(row["rounds"] for row in m.leaderboard.to_dicts() if row["weight"]) for m in (quick, best)]
    assert rounds[0] <= rounds[1]
    wish = mw.build(table, target="spent", trials=4, max_latency="1us")
    assert len(wish.parts.ensemble.members) == 1
    (finding,) = (f for f in wish.evaluation["findings"] if f["kind"] == "slow_answers")
    assert "0.001 ms" in finding["message"]
    easy = mw.build(table, target="spent", trials=4, max_latency="5s")
    assert not [f for f in easy.evaluation["findings"] if f["kind"] == "slow_answers"]

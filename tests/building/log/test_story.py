"""From a log to a recommender: what it knows of itself, what it keeps, what it refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.errors import DataError, OptionError
from mlwright.model.recommender.recommender import Recommender, recommender
from mlwright.testing.logs import MadeLog, make_log


@pytest.fixture(scope="module")
def made() -> MadeLog:
    return make_log(260, 130, 5_000, seed=3, kind="features")


def people_of(made: MadeLog) -> pl.DataFrame:
    users = made.log["user_id"].unique().sort()
    return pl.DataFrame({"user_id": users, "town": ["Oslo" if place % 3 else "Rome" for place in range(len(users))]})


@pytest.fixture(scope="module")
def model(made: MadeLog) -> Recommender:
    built = mw.build(made.log, task="recommend", items=made.items, users=people_of(made), trials=3, seed=1)
    return recommender(built)


def test_it_is_judged_by_what_came_after_the_moment(model: Recommender, made: MadeLog) -> None:
    evidence = model.evaluation
    question = evidence["question"]
    assert question["task"] == "recommend"
    assert question["split"]["kind"] == "time"
    moment = model.parts.decision["moment"]
    before = (made.log["timestamp"] < moment).mean()
    assert before == pytest.approx(0.8, abs=0.02)
    assert evidence["score"]["rows"] == evidence["recommending"]["people"]["warm"]
    low, high = evidence["score"]["interval"]
    assert 0 <= low <= evidence["score"]["value"] <= high <= 1
    assert {rule["name"] for rule in evidence["baselines"]} >= {"popularity", "decayed_popularity"}


def test_the_score_is_what_anybody_would_measure(made: MadeLog, model: Recommender) -> None:
    """NDCG@10 of popularity, counted by hand from the table."""
    moment = model.parts.decision["moment"]
    past = made.log.filter(pl.col("timestamp") < moment)
    future = made.log.filter(pl.col("timestamp") >= moment)
    counts = dict(past.group_by("item_id").len().iter_rows())
    taken = {user: set(items) for user, items in past.group_by("user_id").agg("item_id").iter_rows()}
    scores = []
    for user, items in future.group_by("user_id").agg("item_id").iter_rows():
        wanted = {item for item in items if item in counts and item not in taken.get(user, set())}
        if user not in taken or not wanted:
            continue
        left = sorted((item for item in counts if item not in taken[user]), key=lambda item: -counts[item])[:10]
        gain = sum(1 / np.log2(place + 2) for place, item in enumerate(left) if item in wanted)
        scores.append(gain / sum(1 / np.log2(place + 2) for place in range(min(len(wanted), 10))))
    rule = next(each for each in model.evaluation["baselines"] if each["name"] == "popularity")
    assert len(scores) == model.evaluation["score"]["rows"]
    assert rule["score"] == pytest.approx(float(np.mean(scores)), abs=0.02)  # but for the order of equals


def test_a_list_has_reasons_and_nothing_seen(model: Recommender, made: MadeLog) -> None:
    history = made.log["item_id"][:4].to_list()
    found = model.recommend(history, k=7)
    assert len(found) == 7
    assert not {one.item for one in found} & set(history)
    assert [one.score for one in found] == sorted((one.score for one in found), reverse=True)
    assert all(one.reason for one in found)
    item, score, reason = found[0]
    assert (item, score, reason) == (found[0].item, found[0].score, found[0].reason)


def test_it_answers_the_same_when_it_was_saved(model: Recommender, made: MadeLog, tmp_path: Path) -> None:
    loaded = mw.load(model.save(tmp_path / "films"))
    for user in made.log["user_id"].unique().sort()[:5]:
        history = made.log.filter(pl.col("user_id") == user)["item_id"].to_list()
        assert loaded.recommend(history) == model.recommend(history)
    assert dict(loaded.evaluation)["score"] == dict(model.evaluation)["score"]
    assert loaded.reference is not None
    assert repr(loaded).endswith("Next: .recommend(history=[...])>")


def test_the_same_build_gives_the_same_bytes(made: MadeLog, tmp_path: Path) -> None:
    folders = []
    for turn in ("a", "b"):
        built = mw.build(made.log, task="recommend", trials=2, seed=5)
        folders.append(built.save(tmp_path / turn))
    names = [sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file()) for folder in folders]
    assert names[0] == names[1]
    for name in names[0]:
        if name.name not in {"manifest.json", "evaluation.json"}:
            assert (folders[0] / name).read_bytes() == (folders[1] / name).read_bytes(), name
    told = [json.loads((folder / "evaluation.json").read_text()) for folder in folders]
    for one in told:
        one.pop("size")
        for trial in one["leaderboard"]:
            trial.pop("seconds", None)
    assert told[0] == told[1]


def test_no_history_of_anybody_is_kept_where_no_cases_are(made: MadeLog, tmp_path: Path) -> None:
    built = mw.build(made.log, task="recommend", trials=1, cases=0)
    folder = built.save(tmp_path / "films")
    users = {str(user) for user in made.log["user_id"].unique()}
    assert built.evaluation["recommending"]["samples"] == []
    golden = json.loads((folder / "recommender" / "golden.json").read_text())
    for request in golden["requests"]:
        items = {entry["item"] if isinstance(entry, dict) else entry for entry in request.get("history", [])}
        assert len(items) <= 3  # what is popular, asked for by nobody
    assert not users & set(json.dumps(golden).replace('"', " ").split())


def test_a_later_log_judges_it_again(model: Recommender, made: MadeLog) -> None:
    end = float(made.log["timestamp"].max())  # type: ignore[arg-type]
    random = np.random.default_rng(0)
    users = made.log["user_id"].unique().sort().to_list()[:80]
    items = made.log["item_id"].unique().sort().to_list()
    later = pl.DataFrame(
        {
            "user_id": random.choice(users, 400).tolist(),
            "item_id": random.choice(items, 400).tolist(),
            "timestamp": np.sort(end + random.uniform(1, 1e6, 400)).tolist(),
        }
    )
    both = pl.concat([made.log.select(pl.col("user_id"), "item_id", pl.col("timestamp").cast(pl.Float64)), later])
    found = model.evaluate(both)
    assert found["rows"] > 40
    assert found["metrics"]["ndcg_10"]["score"] < model.evaluation["score"]["value"]  # what is drawn by chance
    assert found["verdict"] in {"pass", "fail", "unknown"}
    again = model.evaluate(both, against=model)
    assert again["against"]["difference"]["value"] == 0.0
    assert [gate["verdict"] for gate in again["gates"] if gate["name"] == "other"] != ["fail"]
    with pytest.raises(DataError, match="nothing to judge by"):
        model.evaluate(made.log)
    with pytest.raises(DataError, match="what people took before is not in it"):
        model.evaluate(later)


def test_what_is_served_is_what_was_judged(made: MadeLog) -> None:
    """Items of the table that nobody took do not crowd out the others: nothing was judged with them in the lists."""
    end = float(made.log["timestamp"].quantile(0.8))  # type: ignore[arg-type]
    early = made.log.filter(pl.col("timestamp") < end)
    assert made.items is not None
    extra = made.items.with_columns(item_id=pl.lit("z") + pl.col("item_id"), title=pl.lit("New ") + pl.col("title"))
    built = recommender(mw.build(early, task="recommend", items=pl.concat([made.items, extra]), trials=3))
    catalogue = built.parts.answering.catalogue
    served = []
    for user in early["user_id"].unique().sort()[:40]:
        history = early.filter(pl.col("user_id") == user)["item_id"].to_list()
        served += [catalogue.counts[catalogue.find(one.item)] for one in built.recommend(history)]
    assert np.mean(np.array(served) == 0) < 0.05


def test_times_that_are_no_dates_are_told_as_they_are() -> None:
    made = make_log(120, 80, 1_500, seed=6, kind="implicit")
    numbered = made.log.with_columns(timestamp=pl.int_range(1, pl.len() + 1) * 3_333)
    built = mw.build(numbered, task="recommend", time="timestamp", trials=1)
    assert built.evaluation["question"]["split"]["kind"] == "time"


def test_few_people_prove_nothing() -> None:
    made = make_log(40, 40, 300, seed=6, kind="implicit")
    built = mw.build(made.log, task="recommend", trials=1)
    if built.evaluation["score"]["rows"] < 30:
        assert built.evaluation["verdict"]["beats_baseline"] == "unclear"
        assert "too few to be sure" in built.evaluation.verdict


def test_a_wide_table_of_items_is_cut_and_told(made: MadeLog) -> None:
    assert made.items is not None
    wide = made.items.with_columns(pl.lit(place).alias(f"c{place}") for place in range(150))
    built = mw.build(made.log, task="recommend", items=wide, trials=1)
    assert "wide_beside_the_log" in {finding["kind"] for finding in built.evaluation["findings"]}


def test_another_recommender_is_asked_in_its_own_numbers(model: Recommender, made: MadeLog) -> None:
    end = float(made.log["timestamp"].max())  # type: ignore[arg-type]
    early = made.log.filter(pl.col("timestamp") < end - 120 * 86_400)
    other = mw.build(early, task="recommend", trials=2)
    older = recommender(other)
    assert older.parts.answering.catalogue.ids != model.parts.answering.catalogue.ids
    found = older.evaluate(made.log, against=model)
    assert found["against"]["difference"]["value"] < 0  # the other one has seen what judges
    assert [gate["verdict"] for gate in found["gates"] if gate["name"] == "other"] in (["fail"], ["unknown"])


def test_without_times_it_is_judged_at_random_and_says_so() -> None:
    made = make_log(150, 90, 2_500, seed=2, kind="no_time")
    built = mw.build(made.log, task="recommend", trials=2)
    assert built.evaluation["question"]["split"]["kind"] == "random"
    assert any("future" in sentence for sentence in built.evaluation["limits"])
    assert len(built.recommend([made.log["item_id"][0]])) == 10


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"target": "x"}, "--target does not go with --task recommend"),
        ({"weight": "x"}, "--weight does not go with"),
        ({"split": "group"}, "--split of task recommend"),
        ({"learners": ["lightgbm"]}, "lightgbm"),
        ({"metric": "recall_10"}, "is chosen by ndcg_10"),
        ({"user": "nobody"}, "nobody"),
        ({"user": "item_id", "item": "item_id"}, "only one of them"),
        ({"trials": 0}, "--trials cannot be 0"),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(made: MadeLog, given: dict[str, Any], said: str) -> None:
    from mlwright.errors import InputError

    with pytest.raises(InputError, match=said):
        mw.build(made.log, **{"task": "recommend", "trials": 1, **given})


def test_options_of_logs_need_a_log() -> None:
    with pytest.raises(OptionError, match="--user is for a log"):
        mw.build({"a": [1, 2]}, target="a", user="u")
    with pytest.raises(OptionError, match="nothing to predict"):
        mw.build({"a": [1, 2]})


def test_what_a_recommender_does_not_do_is_one_sentence(model: Recommender) -> None:
    for call in (model.explain, model.predict_proba, model.unlike):
        with pytest.raises(OptionError, match="answers the task 'recommend'"):
            call([{"history": []}])


def test_many_people_are_answered_from_a_table(model: Recommender, made: MadeLog) -> None:
    few = made.log.head(60)
    found = model.predict(few)
    assert len(found) == few["user_id"].n_unique()
    first = few.filter(pl.col("user_id") == few["user_id"][0])
    entries = [{"item": item, "at": at} for item, at in first.select("item_id", "timestamp").iter_rows()]
    assert found[0] == tuple(one.item for one in model.ask({"history": entries}).items)
    asked = model.predict(pl.DataFrame({"history": [json.dumps(first["item_id"].to_list()), "[]"], "k": [3, 4]}))
    assert [len(one) for one in asked] == [3, 4]


def test_newcomers_get_what_is_popular_of_late_unless_something_is_surely_better() -> None:
    made = make_log(300, 150, 5_000, seed=1, kind="features")
    model = recommender(mw.build(made.log, task="recommend", items=made.items, trials=3))
    told = model.evaluation["recommending"]
    assert told["chosen"]["cold"] == "Popularity of late"
    assert told["cold"]["difference"][2] >= 0  # not surely worse than any rule
    last = made.log.filter(pl.col("timestamp") > pl.col("timestamp").max() - 30 * 86_400)
    of_late = last["item_id"].value_counts(sort=True)["item_id"][:30].to_list()
    assert len({one.item for one in model.recommend([], k=10)} & set(of_late)) >= 7


def test_newcomers_do_not_hide_how_the_others_fare(made: MadeLog) -> None:
    moment = made.log["timestamp"].sort()[int(0.8 * len(made.log))]
    before, later = (made.log.filter(each) for each in (pl.col("timestamp") < moment, pl.col("timestamp") >= moment))
    model = recommender(mw.build(before, task="recommend", trials=2))
    whole = pl.concat([before, later])
    plain = model.evaluate(whole)
    favourite = [one.item for one in model.recommend([], k=2)]
    newcomers = pl.DataFrame(
        {
            "user_id": [10**6 + place for place in range(200) for _ in favourite],
            "item_id": favourite * 200,
            "timestamp": [moment + place for place in range(400)],
        }
    ).cast({name: made.log.schema[name] for name in ("user_id", "item_id", "timestamp")})
    mixed = model.evaluate(pl.concat([whole, newcomers], how="diagonal"))
    assert mixed["rows"] == plain["rows"]
    assert mixed["metrics"]["ndcg_10"]["score"] == pytest.approx(plain["metrics"]["ndcg_10"]["score"])


def test_simple_rules_are_judged_however_short_the_time_or_it_is_told(
    made: MadeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mlwright.building.log import judging

    monkeypatch.setattr(judging, "WORTH_OF_FITS", 1e9)
    model = mw.build(made.log, task="recommend", budget="5s")
    assert {rule["name"] for rule in model.evaluation["baselines"]} >= {"popularity", "neighbours"}
    monkeypatch.setattr(judging, "_is_quick", lambda rule, budget: rule.alike)
    told = mw.build(made.log, task="recommend", budget="5s").evaluation["verdict"]
    assert told["beats_baseline"] == "unclear"
    assert "There was no time to judge 'Item nearest neighbours' beside it" in told["sentence"]

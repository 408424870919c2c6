"""What teaches a challenger: mature rows, the champion's own, weights; and why nothing is learned."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from tests.adapt.conftest import BEGUN, NAME, Service, drawn

import mlwright as mw
from mlwright.adapt.asked import question_of
from mlwright.adapt.material import WEIGHT, Material, Plan, gather, joined
from mlwright.adapt.policy import Policy
from mlwright.adapt.refusals import Refusal
from mlwright.adapt.window import Reach
from mlwright.serve.record import Private

DAY = timedelta(days=1)
UNTIL = BEGUN + 4 * DAY
POLICY: dict[str, Any] = {"least_rows": 100, "least_of_class": 10}


def us(moment: Any) -> int:
    return round(moment.timestamp() * 1e6)


def gathered(service: Service, reach: Reach | None = None, **options: Any) -> Material | Refusal:
    own = {key: options.pop(key) for key in ("learned", "source", "before") if key in options}
    until = options.pop("until", UNTIL)
    plan = Plan(
        id="a", name=NAME, policy=Policy(**{**POLICY, **options}), reach=reach or Reach(), until=us(until), **own
    )  # fmt: skip
    champion = service.workspace.open(f"{NAME}@1")
    return gather(service.workspace, service.world.record, champion, plan)


def material(service: Service, reach: Reach | None = None, **options: Any) -> Material:
    found = gathered(service, reach, **options)
    assert isinstance(found, Material), found
    return found


def refusal(service: Service, **options: Any) -> Refusal:
    found = gathered(service, **options)
    assert isinstance(found, Refusal)
    return found


def test_only_what_is_mature_teaches_and_what_is_kept_back_does_not(service: Service) -> None:
    service.answer(drawn(500, 1), BEGUN, over=DAY)
    service.answer(drawn(300, 2), UNTIL, over=DAY)  # answered, and known, afterwards
    found = material(service)
    assert found.from_record + len(found.held) == 500
    assert 60 < len(found.held) < 140
    taught = set(map(tuple, found.frame.select("a", "b").rows()))
    assert not taught & {(row["a"], row["b"]) for row in found.held.rows}
    again = material(service)
    assert again.frame.equals(found.frame)
    assert again.held.ids == found.held.ids


def test_with_a_delay_an_outcome_counts_as_it_was_known_then(service: Service) -> None:
    service.answer(drawn(300, 1), BEGUN, over=DAY, late=timedelta(hours=12))
    service.answer(drawn(300, 2), BEGUN + DAY, over=DAY, late=3 * DAY)  # too late for a delay of 2 days
    found = material(service, delay="2d", held_back=0.0)
    assert found.from_record == 300
    early = refusal(service, delay="2d", until=BEGUN + DAY)  # no row is 2 days old
    assert early.kind == "labels"


def test_the_champions_rows_teach_too_while_they_are_there_and_unchanged(service: Service, tmp_path: Path) -> None:
    service.answer(drawn(300, 1), BEGUN, over=DAY)
    found = material(service, Reach(uses_source=True))
    assert found.from_source == 400
    assert found.frame.height == 400 + found.from_record
    assert found.frame.columns == ["a", "b", "plan", "y"]
    text = service.source.read_text(encoding="utf-8")
    try:
        service.source.write_text(text + "1,1,gold,yes\n", encoding="utf-8")
        changed = material(service, Reach(uses_source=True))
    finally:
        service.source.write_text(text, encoding="utf-8")
    assert changed.from_source == 0
    assert any("has changed since the champion learned from it" in note for note in changed.notes)


def test_texts_and_numbers_meet_in_one_column(service: Service) -> None:
    champion = service.workspace.open(f"{NAME}@1")
    old = pl.DataFrame({"a": ["1.5", None], "plan": ["basic", "gold"], "y": ["yes", "no"]})
    new = pl.DataFrame({"a": [2.0, 2.25], "y": ["no", "yes"], "more": [1, 2]})
    assert joined(old, new, champion).rows() == [
        ("1.5", "basic", "yes"), (None, "gold", "no"), ("2", None, "no"), ("2.25", None, "yes"),
    ]  # fmt: skip


def test_the_window_is_since_a_change_or_the_newest_or_weighs_by_age(service: Service) -> None:
    service.answer(drawn(300, 1), BEGUN, over=DAY)
    service.answer(drawn(300, 2), BEGUN + DAY, over=DAY)
    since = material(service, Reach(since=us(BEGUN + DAY)), held_back=0.0)
    assert since.from_record == 300
    newest = material(service, Reach(most=150), held_back=0.0)
    assert newest.from_record == 150
    aged = material(service, Reach(half_life=us(BEGUN + DAY) - us(BEGUN)), held_back=0.0)
    weight = aged.frame[WEIGHT].to_numpy()
    assert aged.options["weight"] == WEIGHT
    assert weight[-1] / weight[0] == pytest.approx(2 ** (2 - 1 / 300), rel=0.01)


def test_too_few_rows_since_a_change_are_waited_for(service: Service) -> None:
    service.answer(drawn(300, 1), BEGUN, over=DAY)
    service.answer(drawn(50, 2), BEGUN + DAY, over=DAY)
    few = refusal(service, reach=Reach(since=us(BEGUN + DAY)))
    assert (few.kind, few.evidence["matured"]) == ("labels", 50)
    service.answer(drawn(300, 3), BEGUN + 2 * DAY, over=DAY)
    assert material(service, Reach(since=us(BEGUN + DAY)), held_back=0.0).from_record == 350


def test_too_few_outcomes_or_none_of_a_class_are_refused(service: Service) -> None:
    service.answer(drawn(80, 1), BEGUN, over=DAY)
    few = refusal(service)
    assert (few.kind, few.evidence["matured"]) == ("labels", 80)
    service.answer(drawn(400, 2).filter(pl.col("y") == "yes"), BEGUN + DAY, over=DAY, known=lambda *_: True)
    one = refusal(service, least_of_class=60)
    assert one.kind == "one class"
    assert "'no'" in one.sentence


def test_broken_data_teaches_nothing(service: Service) -> None:
    broken = drawn(300, 1).with_columns(pl.lit("platinum").alias("plan"))
    service.answer(broken, BEGUN, over=DAY)
    found = refusal(service)
    assert found.kind == "broken data"
    assert "'plan'" in found.sentence


def test_outcomes_of_accepted_rows_alone_are_refused_unless_a_random_few_of_the_others_are_known(
    service: Service,
) -> None:
    rng = np.random.default_rng(0)
    service.answer(drawn(3000, 1), BEGUN, over=DAY, known=lambda answer, _: answer == "yes")
    found = refusal(service, least_of_class=2)
    assert found.kind in {"own decisions", "one class"}
    service.answer(
        drawn(3000, 2), BEGUN + DAY, over=DAY, known=lambda answer, _: answer == "yes" or rng.random() < 0.05
    )
    alone = refusal(service)
    assert alone.kind == "own decisions"
    assert "random 2 to 5 %" in alone.sentence
    explored = material(service, Reach(since=us(BEGUN + DAY)), exploration="random", held_back=0.0)
    weight, y = explored.frame[WEIGHT].to_numpy(), explored.frame["y"].to_numpy()
    # What few rows stand for is about as much as there was: half of all rows end as no.
    assert weight[y == "no"].sum() / weight.sum() == pytest.approx(0.5, abs=0.08)
    assert float(np.mean(y == "no")) < 0.2


def test_outcomes_that_are_known_of_half_of_all_rows_are_no_matter(service: Service) -> None:
    rng = np.random.default_rng(0)
    service.answer(drawn(800, 1), BEGUN, over=DAY, known=lambda *_: rng.random() < 0.5)
    assert isinstance(gathered(service), Material)


def test_the_same_rows_are_not_learned_from_twice_after_a_refusal(service: Service) -> None:
    service.answer(drawn(300, 1), BEGUN, over=DAY)
    digest = material(service).digest
    assert refusal(service, before=(digest,)).kind == "nothing new"


def test_private_columns_are_left_out_and_told(service: Service) -> None:
    service.answer(drawn(300, 1), BEGUN, over=DAY, private=Private({"plan": "omit"}))
    found = material(service)
    assert "plan" not in found.frame.columns
    assert found.hidden == ("plan",)
    assert any("'plan' (private)" in note for note in found.notes)


def test_labelled_rows_of_a_file_teach_in_place_of_the_record(service: Service, tmp_path: Path) -> None:
    drawn(300, 5).write_csv(tmp_path / "new.csv")
    found = material(service, source=str(tmp_path / "new.csv"))
    assert found.from_record + len(found.held) == 300


def test_a_challenger_is_asked_what_the_champion_was_asked() -> None:
    frame = drawn(200, 0).with_columns(pl.Series("day", range(200)), pl.Series("who", ["x", "y"] * 100))
    model = mw.build(
        frame, target="y", trials=1, clean=False, cases=50, exclude=["day"], sensitive=["plan"], cost_fp=2.0,
        metric="brier",
    )  # fmt: skip
    question = question_of(model)
    assert question.options == {
        "task": "binary", "trials": 1, "metric": "brier", "cost_fp": 2.0, "cases": 50, "clean": False,
        "exclude": ["day"], "sensitive": ["plan"],
    }  # fmt: skip
    without = {key: value for key, value in question.options.items() if key != "exclude"}
    assert question.only_with(["plan", "y"]) == (without, ["day"])

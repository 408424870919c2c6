"""One battery over every registered watcher, on models of every task."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import numpy as np
import polars as pl
import pytest
from tests.lists import Town, model_of

import mlwright as mw
from mlwright.columns import Columns
from mlwright.monitor.events import Events, FileSource
from mlwright.monitor.log_source import LogSource
from mlwright.monitor.subject import Subject
from mlwright.monitor.verdict import PARTS, drifted
from mlwright.monitor.watchers import WATCHERS, Watch, Watcher

ROW_TASKS = ("binary", "multiclass", "regression")
TASKS = (*ROW_TASKS, "recommend")


def drawn(task: str, rows: int, seed: int, *, moved: float = 0.0) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    size, town = random.normal(moved, 1, rows), random.choice(["Oslo", "Bergen", "Bodo"], rows)
    sex, when = random.choice(["f", "m"], rows), np.datetime64("2026-01-01") + random.integers(0, 99, rows)
    score = size + (town == "Oslo") + 0.5 * random.normal(size=rows)
    target = {
        "binary": np.where(score > 0.3, "yes", "no"),
        "multiclass": np.select([score < -0.3, score < 0.8], ["low", "middle"], "high"),
        "regression": 10 * score,
    }[task]
    gaps = np.where(random.random(rows) < 0.1, np.nan, size)
    return pl.DataFrame({"size": gaps, "town": town, "sex": sex, "when": when, "y": target})


def town() -> tuple[Town, pl.DataFrame]:
    """A town, and the log of its first weeks."""
    made = Town(0)
    return made, made.log(1_500)


@cache
def subject_of(task: str) -> Subject:
    if task == "recommend":
        return Subject(model_of(town()[1]))
    frame = drawn(task, 1_500, 0)
    built = mw.build(frame, target="y", task=task, trials=1, sensitive=["sex"], split="random", clean=False, name="m")
    return Subject(built)


@cache
def events_of(task: str, seed: int, moved: float = 0.0) -> Events:
    if task == "recommend":
        people, older = town()
        people.another(seed)
        later = LogSource(subject_of(task).model, pl.concat([older, people.log(2_000)]))
        return next(iter(later.blocks()))[0]
    source = FileSource(subject_of(task).model, drawn(task, 1_200, seed, moved=moved))
    return next(iter(source.blocks()))[0]


NOTHING = {
    ("groups", "regression"), ("groups", "recommend"), ("calibration", "recommend"), ("joint", "recommend"),
}  # fmt: skip
"""What there is nothing of to watch: numbers are neither right nor wrong, and lists state no chances."""


def watched() -> Iterator[tuple[str, str]]:
    for kind in WATCHERS:
        for task in TASKS:
            if (kind, task) not in NOTHING:
                yield kind, task


CASES = pytest.mark.parametrize(("kind", "task"), list(watched()))


def begun(kind: str, task: str) -> tuple[Watcher, Watch]:
    watcher = WATCHERS[kind]
    streams = watcher.streams(subject_of(task))
    assert streams is not None
    return watcher, Watch(watcher, streams, seed=1)


@CASES
def test_what_it_declares_can_be_used(kind: str, task: str) -> None:
    watcher, _ = begun(kind, task)
    streams = watcher.streams(subject_of(task))
    assert streams is not None
    assert watcher.kind == kind
    assert watcher.clock in {"answers", "outcomes"}
    assert watcher.meaning
    assert len(set(streams.names)) == len(streams.names) == len(streams.counts)
    assert (streams.counts >= 0).all()
    if kind in PARTS:
        assert watcher.rising
        assert streams.means is not None
        assert np.isfinite(streams.means).all()


@CASES
def test_every_row_has_a_bin_of_the_reference_or_none(kind: str, task: str) -> None:
    watcher, watch = begun(kind, task)
    events = events_of(task, 1)
    seen = watcher.see(events, subject_of(task))
    assert seen.bins.shape == (len(events), len(watch.names))
    assert seen.bins.min() >= -1
    assert seen.bins.max() < watch.evidence.bag.shape[1]
    if seen.values is not None:
        assert seen.values.shape == seen.bins.shape
        assert np.isfinite(seen.values[seen.bins >= 0]).all()


@CASES
def test_a_row_is_seen_the_same_whatever_comes_with_it(kind: str, task: str) -> None:
    watcher, _ = begun(kind, task)
    events, subject = events_of(task, 1), subject_of(task)
    whole = watcher.see(events, subject).bins
    order = np.random.default_rng(2).permutation(len(events))[:50]
    np.testing.assert_array_equal(watcher.see(events.take(order), subject).bins, whole[order])
    assert watcher.see(events.take(order[:0]), subject).bins.shape == (0, whole.shape[1])


@CASES
def test_without_outcomes_columns_or_probabilities_nothing_is_made_up(kind: str, task: str) -> None:
    watcher, _ = begun(kind, task)
    events, subject = events_of(task, 1), subject_of(task)
    nothing, rows = np.full(len(events), np.nan), len(events)
    bare = replace(
        events,
        y=nothing,
        P=np.full_like(events.P, np.nan),
        signals=np.full_like(events.signals, np.nan),
        answered=nothing,
        columns=Columns({}, rows),
    )
    seen = watcher.see(bare, subject).bins
    known = {"contract", "health"}  # a row without columns breaks nothing, and was or was not given
    assert (seen == -1).all() or kind in known


@CASES
def test_of_rows_like_the_reference_nothing_is_said(kind: str, task: str) -> None:
    watcher, watch = begun(kind, task)
    for seed in (3, 4, 5):
        events = events_of(task, seed)
        watch.take(watcher.see(events, subject_of(task)), events.at)
    assert drifted(watch.evidence.capital, watch.evidence.largest) == []
    assert watch.evidence.most_mixed < 20


@CASES
def test_its_state_goes_through_json_and_changes_nothing(kind: str, task: str) -> None:
    watcher, watch = begun(kind, task)
    _, other = begun(kind, task)
    first, second = (events_of(task, seed) for seed in (3, 4))
    watch.take(watcher.see(first, subject_of(task)), first.at)
    other.restore(json.loads(json.dumps(watch.state())))
    for each in (watch, other):
        each.take(watcher.see(second, subject_of(task)), second.at)
    assert json.dumps(other.state()) == json.dumps(watch.state())


def test_what_is_not_there_is_not_watched() -> None:
    assert all(WATCHERS[kind].streams(subject_of(task)) is None for kind, task in NOTHING)


@pytest.mark.parametrize("task", ROW_TASKS)
@pytest.mark.parametrize("kind", ["columns", "predictions", "labels"])
def test_what_moves_is_seen(kind: str, task: str) -> None:
    watcher, watch = begun(kind, task)
    for seed in (3, 4):
        events = events_of(task, seed, 0.8)
        watch.take(watcher.see(events, subject_of(task)), events.at)
    assert drifted(watch.evidence.capital, watch.evidence.largest)

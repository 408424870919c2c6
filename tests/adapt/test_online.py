"""The fast layer: it wins where there is something to win, costs next to nothing elsewhere, and never looks ahead."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression, Ridge

from mlwright.adapt.online import Amounts, Chances, Inputs, OnlineLayer, Space
from mlwright.adapt.online.corrections import CAUTION, Correction, Weights
from mlwright.adapt.online.layer import BLOCK
from mlwright.adapt.online.spaces import REACH
from mlwright.adapt.online.switch import Gains, Switch
from mlwright.columns import Coded, Columns
from mlwright.errors import ColumnError, DataError, ModelError

Floats = NDArray[np.float64]
LATE = 300


@dataclass(frozen=True)
class Stream:
    """Rows with a model's answers and what came of them, one each microsecond."""

    P: Floats
    columns: Columns
    y: Floats

    @property
    def moments(self) -> NDArray[np.int64]:
        return np.arange(len(self.y), dtype=np.int64)

    def taught(self, layer: OnlineLayer, start: int = 0, stop: int | None = None) -> OnlineLayer:
        rows = np.arange(len(self.y))[start:stop]
        layer.learn(
            self.P[rows],
            self.columns.take(rows),
            y=self.y[rows],
            answered=self.moments[rows],
            matured=self.moments[rows] + LATE,
        )
        return layer


def sigmoid(raw: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-raw))


def both(p: Floats) -> Floats:
    return np.column_stack([1.0 - p, p])


def yes_no(rows: int, *, shift: float = 0.0, weight: float = 0.0, seed: int = 0) -> Stream:
    """A model that knows the log-odds, of which the truth is `shift` off, and misses `weight` of a column."""
    random = np.random.default_rng(seed)
    raw, x = 1.5 * random.normal(size=rows) - 1.0, random.normal(size=rows)
    kind = Coded(random.integers(0, 3, rows).astype(np.int32), ("a", "b", "c"))
    y = (random.random(rows) < sigmoid(raw + shift + weight * x)).astype(np.float64)
    return Stream(both(sigmoid(raw)), Columns({"x": x, "kind": kind}, rows), y)


def numbers(rows: int, *, shift: float = 0.0, weight: float = 0.0, seed: int = 0) -> Stream:
    random = np.random.default_rng(seed)
    signal, x = 100.0 + 20.0 * random.normal(size=rows), random.normal(size=rows)
    y = signal + shift + weight * x + 5.0 * random.normal(size=rows)
    return Stream(signal[:, None], Columns({"x": x}, rows), y)


def joined(*streams: Stream) -> Stream:
    columns = {name: np.concatenate([each.columns[name] for each in streams]) for name in ("x",)}
    y = np.concatenate([each.y for each in streams])
    return Stream(np.concatenate([each.P for each in streams]), Columns(columns, len(y)), y)


def layer_for(stream: Stream, *, reads: bool = True) -> OnlineLayer:
    reference = stream.columns.take(np.arange(1_000))
    inputs = Inputs.fitted(reference) if reads else Inputs()
    space: Space = Chances(stream.P.shape[1])
    if stream.P.shape[1] == 1:
        space = Amounts(100.0, 5.0, 20.0)
    return OnlineLayer(space, inputs)


class TestWeights:
    @given(
        losses=st.lists(st.tuples(*[st.floats(0, 20)] * 3), min_size=1, max_size=40),
        rate=st.floats(0.01, 2.0),
        begin=st.integers(0, 39),
    )
    def test_on_any_stretch_they_lose_little_more_than_the_best_expert_of_it(
        self, losses: list[tuple[float, float, float]], rate: float, begin: int
    ) -> None:
        first = np.array([0.5, 0.3, 0.2])
        weights = Weights(first, rate)
        lost = np.array([weights.learn(np.array(each)) for each in losses])
        begin = min(begin, len(losses) - 1)
        more = lost[begin:].sum() - np.array(losses)[begin:].sum(axis=0)
        assert (more <= (np.log(1.0 / first) + math.log(len(losses))) / rate + 1e-9).all()

    def test_experts_may_take_turns(self) -> None:
        weights = Weights(np.array([0.5, 0.5]), 0.5)
        for _ in range(200):
            weights.learn(np.array([1.0, 0.0]))
        assert weights.now[1] > 0.99
        for _ in range(40):
            weights.learn(np.array([0.0, 1.0]))
        assert weights.now[0] > 0.99


class TestSwitch:
    def test_fair_differences_hardly_ever_gain(self) -> None:
        """Of 240 fair games, skewed ones among them, at most 5 % ever reach 20, and at most 20 % ever reach 5."""
        random = np.random.default_rng(5)
        most = []
        for game in range(240):
            rare = (0.5, 0.2, 0.05)[game % 3]  # -rare/(1-rare) often, and 1 rarely, so that the mean is 0
            most.append(Gains().add(np.where(random.random(3_000) < rare, 1.0, -rare / (1.0 - rare))))
        assert np.mean(np.array(most) >= 20.0) <= 0.05
        assert np.mean(np.array(most) >= 5.0) <= 0.2

    def test_real_differences_gain_however_late_they_begin(self) -> None:
        random = np.random.default_rng(6)
        gains = Gains()
        gains.add(random.uniform(-0.2, 0.2, 20_000))
        assert gains.add(random.uniform(-0.2, 0.2, 4_000) + 0.02) >= 20.0

    @given(cuts=st.lists(st.integers(0, 400), max_size=5))
    def test_portions_change_nothing(self, cuts: list[int]) -> None:
        values = np.random.default_rng(7).uniform(-1, 1, 400)
        whole, parts = Gains(), Gains()
        whole.add(values)
        for part in np.split(values, sorted(cuts)):
            parts.add(part)
        assert parts.rows == whole.rows
        assert np.allclose(parts._capital, whole._capital, rtol=1e-12)

    def test_it_turns_on_and_off_and_asks_for_more_the_next_time(self) -> None:
        switch = Switch(0.05)
        switch.add(np.full(200, 0.5), 1)
        assert switch.on
        assert switch.since == 1
        switch.add(np.full(200, 0.0), 2)
        assert switch.on
        switch.add(np.full(200, -0.5), 3)
        assert (switch.on, switch.since, switch.times) == (False, 3, 2)
        assert switch._needed() == pytest.approx(6 / 0.05)


class TestCorrection:
    def test_of_numbers_is_ridge_regression_of_the_errors(self) -> None:
        stream = numbers(640, shift=4.0, weight=2.0)
        space = Amounts(100.0, 50.0, 20.0)  # errors so large that no outcome is out of reach
        correction = Correction(space, 1, math.inf)
        raw, X = space.raw(stream.P), np.asarray(stream.columns["x"])[:, None]
        for start in range(0, 640, BLOCK):
            block = slice(start, start + BLOCK)
            correction.learn(raw[block], X[block], stream.y[block])
        features = np.column_stack([np.ones(640), raw[:, 0], X[:, 0]])
        ridge = Ridge(alpha=CAUTION, fit_intercept=False).fit(features, (stream.y - 100.0) / 20.0 - raw[:, 0])
        assert np.allclose(correction.coefficients[0], ridge.coef_, atol=1e-10)

    def test_of_two_classes_is_close_to_a_logistic_regression_on_all_rows(self) -> None:
        stream = yes_no(20_032, shift=0.7, weight=0.5)
        space = Chances(2)
        correction = Correction(space, 1, math.inf)
        raw, X = space.raw(stream.P), np.asarray(stream.columns["x"])[:, None]
        for start in range(0, len(stream.y), BLOCK):
            block = slice(start, start + BLOCK)
            correction.learn(raw[block], X[block], stream.y[block])
        odds = 2.0 * raw[:, 1]
        known = LogisticRegression(C=1e6).fit(np.column_stack([odds, X]), stream.y)
        shift, slope, weight = correction.coefficients[1] - correction.coefficients[0] * np.array([1.0, -1.0, 1.0])
        assert shift == pytest.approx(known.intercept_[0], abs=0.03)
        assert 1.0 + slope / 2.0 == pytest.approx(known.coef_[0, 0], abs=0.03)
        assert weight == pytest.approx(known.coef_[0, 1], abs=0.03)

    @given(st.integers(0, 10_000), st.integers(2, 6))
    @settings(max_examples=30)
    def test_of_classes_gives_probabilities_whatever_comes(self, seed: int, classes: int) -> None:
        random = np.random.default_rng(seed)
        P = random.dirichlet(np.full(classes, 0.05), size=256)
        space = Chances(classes)
        correction = Correction(space, 2, 50.0)
        raw, X, y = space.raw(P), random.normal(size=(256, 2)), random.integers(0, classes, 256).astype(float)
        for start in range(0, 256, BLOCK):
            block = slice(start, start + BLOCK)
            correction.learn(raw[block], X[block], y[block])
        answers = correction.answer(correction.coefficients, raw, X)
        assert np.allclose(answers.sum(axis=1), 1.0)
        assert (answers >= 0).all()

    def test_it_finds_the_shares_of_many_classes(self) -> None:
        random = np.random.default_rng(3)
        truth = np.array([0.4, 0.3, 0.2, 0.05, 0.05])
        P = np.full((6_400, 5), 0.2)
        y = random.choice(5, p=truth, size=6_400).astype(float)
        space = Chances(5)
        correction, raw, none = Correction(space, 0, math.inf), space.raw(P), np.empty((6_400, 0))
        for start in range(0, 6_400, BLOCK):
            correction.learn(raw[start : start + BLOCK], none[:BLOCK], y[start : start + BLOCK])
        found = correction.answer(correction.coefficients, raw[:1], none[:1])[0]
        assert found == pytest.approx(np.bincount(y.astype(int)) / 6_400, abs=0.02)


class TestInputs:
    def test_numbers_are_around_0_and_common_levels_become_numbers(self) -> None:
        stream = yes_no(5_000)
        inputs = Inputs.fitted(stream.columns, ["kind", "x"])
        assert [(each.column, each.level) for each in inputs.inputs][-1] == ("x", None)
        assert {each.level for each in inputs.inputs[:-1]} == {"a", "b", "c"}
        X = inputs.read(stream.columns, 5_000)
        assert np.abs(X.mean(axis=0)).max() < 0.1
        assert X.std(axis=0) == pytest.approx(1.0, abs=0.1)

    def test_what_is_missing_unknown_or_far_away_does_not_pull(self) -> None:
        inputs = Inputs.fitted(yes_no(5_000).columns, ["x", "kind"])
        odd = Columns(
            {"x": np.array([np.nan, 1e300, -np.inf]), "kind": Coded(np.array([-1, 0, 0], np.int32), ("new",))}, 3
        )
        X = inputs.read(odd, 3)
        assert X[0].tolist() == [0.0] * X.shape[1]
        assert X[1:, 0].tolist() == [3.0, -3.0]
        assert np.isfinite(X).all()

    def test_constant_columns_are_left_out(self) -> None:
        columns = Columns({"one": np.ones(50), "none": np.full(50, np.nan)}, 50)
        assert Inputs.fitted(columns).inputs == ()

    def test_a_missing_column_is_named(self) -> None:
        inputs = Inputs.fitted(yes_no(500).columns, ["x"])
        with pytest.raises(ColumnError, match="'x' is not in the data"):
            inputs.read(Columns({"z": np.ones(2)}, 2), 2)
        with pytest.raises(ColumnError, match="columns of 2 rows, and there are those of none"):
            inputs.read(None, 2)
        with pytest.raises(ColumnError, match="another kind of value"):
            inputs.read(Columns({"x": Coded(np.zeros(2, np.int32), ("a",))}, 2), 2)


class TestLayer:
    def test_where_nothing_changes_it_is_not_used_and_answers_are_the_models_own(self) -> None:
        """20 streams of a model that is right: hardly ever used, and it would cost next to nothing if it were."""
        used = 0
        for seed in range(20):
            stream = (yes_no if seed % 2 else numbers)(5_120, seed=seed)
            layer = stream.taught(layer_for(stream))
            used += layer.standing.given != layer.standing.model
            assert layer.standing.layer - layer.standing.model < 0.002
            if not layer.used:
                assert layer.answer(stream.P[:9], stream.columns.take(np.arange(9))).tobytes() == stream.P[:9].tobytes()
        assert used <= 1

    @pytest.mark.parametrize("make", [yes_no, numbers])
    def test_where_the_relation_moves_it_is_used_and_comes_close_to_the_truth(self, make: object) -> None:
        before, after = (
            (yes_no(3_200), yes_no(9_600, shift=1.0, weight=0.8, seed=1))
            if make is yes_no
            else (numbers(3_200), numbers(9_600, shift=6.0, weight=3.0, seed=1))
        )
        stream = joined(before, after)
        layer = stream.taught(layer_for(stream))
        assert layer.used
        standing = layer.standing
        assert standing.given < standing.model
        answers = layer.answer(stream.P, stream.columns)[-3_000:]
        raw, x, y = stream.P[-3_000:], np.asarray(stream.columns["x"])[-3_000:], stream.y[-3_000:]
        best = (
            both(sigmoid(np.log(raw[:, 1] / raw[:, 0]) + 1.0 + 0.8 * x))
            if make is yes_no
            else raw + 6.0 + 3.0 * x[:, None]
        )
        lost = [layer.space.losses(y, each).mean() for each in (raw, answers, best)]
        assert lost[1] - lost[2] < 0.05 * (lost[0] - lost[2])

    def test_it_is_switched_off_once_it_loses(self) -> None:
        """A short change that the layer takes for the truth, and then one that turns faster than it can follow."""
        stream = numbers(32_000)
        flips = np.where(np.arange(32_000) // 640 % 2, 8.0, -8.0)
        y = stream.y + np.where(np.arange(32_000) < 4_000, 8.0, flips)
        moved = Stream(stream.P, stream.columns, y)
        layer = moved.taught(layer_for(stream), 0, 4_000)
        assert layer.used
        moved.taught(layer, 4_000)
        assert not layer.used
        assert layer.standing.given < layer.standing.model

    @given(cuts=st.lists(st.integers(0, 2_000), max_size=4))
    @settings(max_examples=8, deadline=None)
    def test_portions_and_restarts_change_no_bit(self, cuts: list[int]) -> None:
        stream = yes_no(2_000, shift=1.0, weight=1.0)
        whole = stream.taught(layer_for(stream))
        parts = layer_for(stream)
        for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), 2_000], strict=True):
            parts = OnlineLayer.restored(json.loads(json.dumps(stream.taught(parts, start, stop).state())))
        assert json.dumps(parts.state()) == json.dumps(whole.state())
        assert (
            parts.would_answer(stream.P, stream.columns).tobytes()
            == whole.would_answer(stream.P, stream.columns).tobytes()
        )

    def test_an_answer_uses_only_what_had_come_in(self) -> None:
        """What is told of the first 4,000 rows is the same whatever comes of rows that mature after them."""
        stream = yes_no(6_400, shift=1.5)
        other = Stream(stream.P, stream.columns, np.where(np.arange(6_400) < 3_000, stream.y, 1.0 - stream.y))
        one, two = (each.taught(layer_for(stream)) for each in (stream, other))
        some = stream.columns.take(np.arange(50))
        asked = [layer.answer(stream.P[:50], some, at=3_000 + LATE).tobytes() for layer in (one, two)]
        assert asked[0] == asked[1] != stream.P[:50].tobytes()
        late = [layer.answer(stream.P[:50], some, at=5_000).tobytes() for layer in (one, two)]
        assert late[0] != late[1]

    def test_it_is_judged_by_what_it_answered_at_the_time(self) -> None:
        """What it says of a moment later is what it said then; and its account is that of all these answers."""
        stream = yes_no(1_920, shift=1.5)
        whole, losses = stream.taught(layer_for(stream)), []
        for at in (350, 900, 1_500):
            now, live = np.arange(at, at + 30), stream.taught(layer_for(stream), 0, at - LATE)
            some = stream.P[now], stream.columns.take(now)
            assert live.answer(*some).tobytes() == whole.answer(*some, at=at).tobytes()
        for at in range(1_920):
            now = np.arange(at, at + 1)
            answer = whole.answer(stream.P[now], stream.columns.take(now), at=at)
            losses.append(whole.space.losses(stream.y[now], answer)[0])
        told = whole.standing
        assert told.rows == 1_920
        assert told.given == pytest.approx(np.mean(losses), rel=1e-9)
        assert told.given < told.model

    def test_one_absurd_outcome_is_one_slip(self) -> None:
        stream = numbers(1_280)
        y = stream.y.copy()
        y[700] = 1e12
        layer = Stream(stream.P, stream.columns, y).taught(layer_for(stream))
        moved = layer.would_answer(stream.P, stream.columns) - stream.P
        assert np.abs(moved).max() < 5.0 * REACH / 10
        assert layer.standing.model < 2.0

    def test_unknown_outcomes_teach_nothing(self) -> None:
        stream = yes_no(1_280, shift=1.0)
        holes = np.arange(1_280) % 2 == 0
        with_holes = Stream(stream.P, stream.columns, np.where(holes, np.nan, stream.y)).taught(layer_for(stream))
        kept = np.flatnonzero(~holes)
        without = layer_for(stream)
        without.learn(
            stream.P[kept],
            stream.columns.take(kept),
            y=stream.y[kept],
            answered=stream.moments[kept],
            matured=stream.moments[kept] + LATE,
        )
        assert with_holes.state() == without.state()

    def test_rows_from_before_all_known_editions_teach_and_are_not_judged(self) -> None:
        stream = yes_no(12_800)
        layer = OnlineLayer(Chances(2))
        layer.learn(stream.P, y=stream.y, answered=stream.moments, matured=stream.moments)
        judged = layer.standing.rows
        layer.learn(stream.P[:640], y=stream.y[:640], answered=stream.moments[:640], matured=stream.moments[-640:])
        assert layer.standing.rows == judged == 12_800

    def test_outcomes_that_take_very_long_are_judged_all_the_same(self) -> None:
        """20,000 rows are on their way at any time: far more than there are editions of 64 rows."""
        stream = yes_no(40_000, shift=1.0)
        layer = OnlineLayer(Chances(2))
        layer.learn(stream.P, y=stream.y, answered=stream.moments, matured=stream.moments + 20_000)
        assert layer.standing.rows > 39_000
        assert layer.used

    def test_the_state_stays_small(self) -> None:
        stream = yes_no(12_800)
        sizes = [len(json.dumps(stream.taught(layer_for(stream), 0, rows).state())) for rows in (6_400, 12_800)]
        assert max(sizes) < 300_000

    def test_it_belongs_to_one_model(self) -> None:
        layer = OnlineLayer(Chances(2))
        with pytest.raises(DataError, match=r"corrects 2 finite numbers a row, and was given \(4, 3\)"):
            layer.answer(np.full((4, 3), 1 / 3))
        with pytest.raises(DataError, match="finite"):
            layer.answer(np.array([[np.nan, 0.5]]))
        with pytest.raises(DataError, match="makes no errors"):
            Amounts.fitted(np.ones(3), np.ones((3, 1)))

    @pytest.mark.parametrize("part", ["space", "inputs", "weights", "corrections", "editions", "switch", "waiting"])
    def test_a_damaged_state_is_refused(self, part: str) -> None:
        stream = yes_no(1_300)
        state = stream.taught(layer_for(stream)).state()
        for damage in (None, 3, [1], {"a": "b"}):
            with pytest.raises(ModelError, match="cannot be read"):
                OnlineLayer.restored({**state, part: damage})
        with pytest.raises(ModelError, match="cannot be read"):
            OnlineLayer.restored({name: kept for name, kept in state.items() if name != part})

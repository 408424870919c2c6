from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
import pytest
from tests.features.strategies import WORDS, coded

from mlwright.columns import Coded, Columns
from mlwright.features import Recipe
from mlwright.features.base import Training
from mlwright.features.categories import CodesEncoder, OneHotEncoder
from mlwright.features.datetimes import PARTS, CalendarEncoder, calendar
from mlwright.features.missing import MissingEncoder
from mlwright.features.numbers import NumberEncoder, ScaledEncoder
from mlwright.features.splines import SplineEncoder
from mlwright.features.target_encoding import TargetEncoder
from mlwright.features.text import TextEncoder
from mlwright.features.words import are_names, name_terms, words
from mlwright.schema import Column


def training(rows: int, signals: Any = None) -> Training:
    return Training.of(np.ones((rows, 1)) if signals is None else np.asarray(signals, dtype=float).reshape(rows, -1), 0)


def fitted(encoder: Any, values: Any, signals: Any = None, **options: float) -> tuple[Any, Any]:
    made = encoder.fit("x", values, training(len(values), signals), options)
    assert made is not None
    return made


def test_calendar_agrees_with_the_standard_library() -> None:
    seconds = np.random.default_rng(0).integers(-62_135_596_800, 253_402_300_799, 3000)
    parts = calendar(seconds)
    for place, second in enumerate(seconds.tolist()):
        moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=second)
        expected = (
            *(moment.year, moment.month, moment.day, moment.isoweekday(), moment.hour),
            *(moment.timetuple().tm_yday, int(moment.isoweekday() >= 6)),
        )
        assert calendar(second) == expected
        assert tuple(int(part[place]) for part in parts) == expected


def test_only_calendar_parts_that_vary_are_kept() -> None:
    days = np.arange(40) * 86_400.0 + 1_672_531_200  # from 2023-01-01 on, always at midnight
    encoder, X = fitted(CalendarEncoder, days)
    assert encoder.parts == ("month", "day", "weekday", "day of year", "is weekend")
    assert X[:3, -1].tolist() == [0, 1, 2]
    assert set(encoder.parts) < set(PARTS)
    assert CalendarEncoder.fit("x", np.full(9, 5.0), training(9), {}) is None


def test_numbers_stay_as_they_are_within_single_precision() -> None:
    encoder, X = fitted(NumberEncoder, np.array([1.5, np.nan, np.inf, -1e300]))
    largest = float(np.finfo(np.float32).max)
    np.testing.assert_array_equal(X[:, 0], [1.5, np.nan, largest, -largest])
    assert encoder.encode_one(3) == (3,)
    assert math.isnan(encoder.encode_one(None)[0])
    assert math.isnan(encoder.encode_one(math.nan)[0])


def test_scaling_bends_outliers_and_imputes_the_median() -> None:
    values = np.append(np.random.default_rng(0).normal(100, 10, 1000), [1e12, np.nan])
    encoder, X = fitted(ScaledEncoder, values)
    assert abs(np.median(X)) < 0.01
    assert X[-2, 0] == pytest.approx(3.0)
    assert X[-1, 0] == 0.0
    assert encoder.encode_one(-math.inf) == (-3.0,)
    # The middle half of a rare event is one value: half the range is its scale.
    _, rare = fitted(ScaledEncoder, np.array([0.0] * 99 + [1.0]))
    assert rare.max() > 1
    assert ScaledEncoder.fit("x", np.full(5, 7.0), training(5), {}) is None


def test_missing_flags_only_where_it_varies() -> None:
    _, X = fitted(MissingEncoder, np.array([1.0, np.nan, 2.0]))
    assert X[:, 0].tolist() == [0, 1, 0]
    assert MissingEncoder.fit("x", np.ones(3), training(3), {}) is None
    assert MissingEncoder.fit("x", coded([None, None]), training(2), {}) is None
    assert fitted(MissingEncoder, coded([None, "a"]))[0].encode_one("b") == (0.0,)


def test_codes_rank_by_frequency_and_share_one_for_the_rare() -> None:
    encoder, X = fitted(CodesEncoder, coded(["b"] * 5 + ["a"] * 3 + ["c"] * 3 + ["rare", None]))
    assert X[:, 0].tolist()[:12] == [0] * 5 + [1] * 3 + [2] * 3 + [3]
    assert math.isnan(X[12, 0])
    assert encoder.encode_one("unseen") == (3.0,)
    assert encoder.features[0].categorical
    # Where no training row was rare, a new category is like a missing one.
    encoder, _ = fitted(CodesEncoder, coded(["a"] * 3 + ["b"] * 3))
    assert math.isnan(encoder.encode_one("unseen")[0])


def test_codes_are_capped() -> None:
    _, X = fitted(CodesEncoder, coded([f"v{i % 1000}" for i in range(5000)]))
    assert np.unique(X).tolist() == list(range(255))


def test_one_hot_has_a_column_for_each_level_other_and_missing() -> None:
    encoder, X = fitted(OneHotEncoder, coded(["a"] * 4 + ["b"] * 3 + ["rare", None]))
    assert [feature.name for feature in encoder.features] == ["x=a", "x=b", "x is another", "x is missing"]
    np.testing.assert_array_equal(X.sum(axis=1), np.ones(9))
    encoder, _ = fitted(OneHotEncoder, coded(["a"] * 4 + ["b"] * 3))
    assert encoder.encode_one("unseen") == (0.0, 0.0)
    assert encoder.encode_one(None) == (0.0, 0.0)


def test_categories_may_be_listed_twice() -> None:
    twice = Coded(np.array([0, 1, 2, 0, 1, 2], dtype=np.int32), ("a", "b", "a"))
    encoder, X = fitted(OneHotEncoder, Coded(np.tile(twice.codes, 2), twice.values))
    assert encoder.levels.kept == ("a", "b")
    assert X[:, 0].sum() == 8


def test_target_encoding_finds_the_means() -> None:
    rng = np.random.default_rng(0)
    town = rng.integers(0, 50, 20_000)
    effect = rng.normal(size=50)
    y = effect[town] + rng.normal(size=20_000)
    encoder, X = fitted(TargetEncoder, coded([str(t) for t in town]), np.column_stack([y, -y]))
    assert np.abs(encoder.encode_one("7")[0] - effect[7]) < 0.2
    assert np.corrcoef(X[:, 0], effect[town])[0, 1] > 0.99
    np.testing.assert_allclose(X[:, 1], -X[:, 0], atol=1e-9)
    assert encoder.encode_one("unseen")[0] == pytest.approx(y.mean())


@pytest.mark.parametrize("levels", [20, 300, 3000])
def test_target_encoding_of_noise_knows_nothing_of_the_target(levels: int) -> None:
    correlations, naive = [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        who, y = rng.integers(0, levels, 6000), rng.normal(size=6000)
        values = coded([str(w) for w in who])
        encoder, X = fitted(TargetEncoder, values, y)
        within = X[:, 0] if X[:, 0].std() > 0 else rng.normal(size=6000)
        correlations.append(np.corrcoef(within, y)[0, 1])
        naive.append(np.corrcoef(encoder.encode(values)[:, 0], y)[0, 1])
    assert abs(np.mean(correlations)) < 0.06
    assert np.mean(naive) > abs(np.mean(correlations))


def test_text_score_of_noise_knows_nothing_of_the_target() -> None:
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{i}" for i in rng.integers(0, 2000, 12)) for _ in range(1500)]
    y = rng.normal(size=1500)
    _, X = fitted(TextEncoder, coded(texts), y)
    assert abs(np.corrcoef(X[:, 0], y)[0, 1]) < 0.08


def test_text_says_what_it_says_of_the_target() -> None:
    rng = np.random.default_rng(1)
    vocabulary = np.array(["good", "bad", *(f"w{i}" for i in range(200))])
    texts = [" ".join(rng.choice(vocabulary[2:], 10)) + rng.choice([" good", " bad"]) for _ in range(1200)]
    y = np.array([text.endswith("good") for text in texts], dtype=float)
    encoder, X = fitted(TextEncoder, coded([*texts[:1000]]), y[:1000])
    assert np.corrcoef(X[:, 0], y[:1000])[0, 1] > 0.9
    new = np.array([encoder.encode_one(text)[0] for text in texts[1000:]])
    assert np.corrcoef(new, y[1000:])[0, 1] > 0.9
    assert np.isnan(encoder.encode_one(None)).all()


def test_text_without_a_common_word_still_has_its_length() -> None:
    encoder, X = fitted(TextEncoder, coded([" " * i for i in range(1, 31)]))
    assert [feature.name for feature in encoder.features] == ["x.score", "x.length", "x.words"]
    assert np.isfinite(X).all()
    assert np.unique(X[:, 1]).size == 30
    assert TextEncoder.fit("x", coded(["a", "b", None]), training(3), {}) is None


def test_names_are_told_from_prose() -> None:
    assert are_names(["Mr. Ann Lee", "Bob", "Dr. Zoe"])
    assert not are_names(["this is a longer sentence about something"] * 3)
    assert " ann " in name_terms(words("ANN"))


def test_long_texts_are_bounded() -> None:
    encoder, _ = fitted(TextEncoder, coded([f"good word {i} and more of it" for i in range(60)]))
    np.testing.assert_array_equal(encoder.encode_one("good " * 10_000), encoder.encode_one("good " * 500 + "bad"))


def test_text_is_read_from_a_sample_of_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    import mlwright.features.text as text

    monkeypatch.setattr(text, "MOST_ROWS", 40)
    values = coded([f"good food number {i % 7} and so on" for i in range(100)])
    encoder, X = fitted(TextEncoder, values, np.arange(100) % 7)
    assert X.shape == (100, len(encoder.features))
    assert np.isfinite(X).all()


def reviews(rows: int) -> Coded:
    rng = np.random.default_rng(3)
    return coded([" ".join(rng.choice(WORDS, rng.integers(6, 14))) for _ in range(rows)])


def test_texts_are_taken_apart_once_for_all_folds(monkeypatch: pytest.MonkeyPatch) -> None:
    import mlwright.features.text as text

    made = []
    counted = text.Counted
    monkeypatch.setattr(text, "Counted", lambda *given, **named: made.append(1) or counted(*given, **named))
    whole = reviews(300)
    y = np.random.default_rng(0).normal(size=300)
    for fold in range(3):
        inside = np.flatnonzero(np.arange(300) % 3 != fold)
        fitted(TextEncoder, whole.take(inside), y[inside])
        fitted(TextEncoder, whole.take(inside), y[inside], topics=5.0)
    assert len(made) == 1


def test_texts_taken_apart_before_or_now_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import mlwright.features.text as text

    whole, y = reviews(300), np.random.default_rng(0).normal(size=200)
    some, rest = np.arange(200), np.arange(200, 300)
    noted, X = fitted(TextEncoder, whole.take(some), y)
    assert whole.notes
    # What is known of rows that do not teach changes nothing of what is learned.
    alone, Z = fitted(TextEncoder, coded([whole.values[code] for code in whole.codes[some]]), y)
    assert noted.state()[0] == alone.state()[0]
    np.testing.assert_allclose(X, Z, rtol=0, atol=1e-12)
    fresh = Coded(whole.codes, whole.values).take(rest)
    np.testing.assert_allclose(noted.encode(whole.take(rest)), noted.encode(fresh), rtol=0, atol=1e-12)
    monkeypatch.setattr(text, "MOST_LETTERS", 0)
    long = Coded(whole.codes, whole.values)
    unnoted, Z = fitted(TextEncoder, long.take(some), y)
    assert not long.notes
    assert unnoted.state()[0] == noted.state()[0]
    np.testing.assert_allclose(X, Z, rtol=0, atol=1e-12)


def test_text_hears_weights() -> None:
    whole = reviews(400)
    good = np.array(["good" in whole.values[code] for code in whole.codes]) * 1.0
    noise = np.random.default_rng(1).normal(size=400) * 3
    believed = np.arange(400) % 2 == 0
    teach = Training.of(np.where(believed, good, noise)[:, None], 0, weight=believed * 1.0)
    _, heard = TextEncoder.fit("x", whole, teach, {}) or pytest.fail("not fitted")
    _, deaf = fitted(TextEncoder, whole, np.where(believed, good, noise))
    assert np.corrcoef(heard[:, 0], good)[0, 1] > np.corrcoef(deaf[:, 0], good)[0, 1] + 0.1


def test_high_cardinality_categories_get_codes_and_averages() -> None:
    columns = Columns(
        {"shop": coded([f"s{i % 40}" for i in range(400)]), "town": coded([f"t{i % 4}" for i in range(400)])}, 400
    )
    described = [Column(name=name, kind="category") for name in columns]
    recipe, _ = Recipe.fit(columns, described, np.ones((400, 1)), variant="codes", seed=0)
    assert [feature.name for feature in recipe.features] == ["shop", "shop.target", "shop.frequency", "town"]


def test_splines_bend_at_quartiles() -> None:
    values = np.append(np.random.default_rng(0).normal(100, 10, 999), np.nan)
    encoder, X = fitted(SplineEncoder, values)
    assert X.shape == (1000, 4)
    assert [feature.name for feature in encoder.features] == ["x", "x.bend1", "x.bend2", "x.bend3"]
    _, scaled = fitted(ScaledEncoder, values)
    np.testing.assert_array_equal(X[:, :1], scaled)
    assert [(X[:, 1 + place] > 0).mean() for place in range(3)] == pytest.approx([0.75, 0.5, 0.25], abs=0.01)
    # What is missing is encoded as the median is.
    np.testing.assert_array_equal(X[-1], encoder.encode_one(None))
    assert X[-1, 0] == 0.0
    assert encoder.encode_one(math.inf)[0] == 3.0
    few, X = fitted(SplineEncoder, np.arange(70.0) % 7)
    assert X.shape == (70, 1)
    assert few.bends == ()
    assert SplineEncoder.fit("x", np.full(5, 7.0), training(5), {}) is None

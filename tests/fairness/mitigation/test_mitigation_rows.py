"""Groups of rows, the number drawn for each, how likely each is a case, and weights to learn with."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlwright.columns import Columns, read_frame, read_rows
from mlwright.errors import ModelError, OptionError
from mlwright.fairness.mitigation.draws import draws
from mlwright.fairness.mitigation.grouping import Grouping, grouped
from mlwright.fairness.mitigation.reweigh import reweighed
from mlwright.fairness.mitigation.smooth import smoothed
from mlwright.schema import Column

SEX, AGE = Column(name="sex", kind="category"), Column(name="age", kind="integer")
ROWS = [
    {"sex": "f", "age": 20}, {"sex": "m", "age": 30}, {"sex": None, "age": 40}, {"sex": "f", "age": None},
    {"sex": "m", "age": 50}, {"sex": "f", "age": 60}, {"sex": "m", "age": 70},
]  # fmt: skip


def test_groups_are_the_meetings_of_values_and_missing_is_one_of_them() -> None:
    found = grouped(read_rows(ROWS, [SEX, AGE]), [SEX, AGE], {"age": [35]})
    assert [found.names[place] for place in found.of(read_rows(ROWS, [SEX, AGE]))] == [
        "sex f, age up to 35",
        "sex m, age up to 35",
        "sex missing, age above 35",
        "sex f, age missing",
        "sex m, age above 35",
        "sex f, age above 35",
        "sex m, age above 35",
    ]


def test_what_was_never_seen_is_no_group() -> None:
    found = grouped(read_rows(ROWS, [SEX, AGE]), [SEX, AGE], {"age": [35]})
    new = [{"sex": "x", "age": 20}, {"sex": None, "age": 20}, {"sex": "f", "age": 999}, {"sex": "f", "age": 35}]
    assert [found.names[place] if place >= 0 else None for place in found.of(read_rows(new, [SEX, AGE]))] == [
        None,
        None,  # missing met no young one when groups were found
        "sex f, age above 35",
        "sex f, age up to 35",
    ]


def test_few_numbers_are_groups_as_they_are_and_many_are_cut_in_three() -> None:
    few = [Column(name="stars", kind="integer"), Column(name="old", kind="boolean")]
    columns = read_rows([{"stars": place % 3, "old": place % 2 == 0} for place in range(12)], few)
    assert grouped(columns, few[:1], {}).names == ("0", "1", "2")
    assert grouped(columns, few[1:], {}).names == ("no", "yes")
    many = Columns({"age": np.arange(99.0)}, 99)
    found = grouped(many, [AGE], {})
    assert np.bincount(found.of(many)).tolist() == [33, 33, 33]
    assert found.names == ("up to 32", "above 32 to 65", "above 65")


def test_a_column_with_too_many_values_is_refused() -> None:
    name = Column(name="name", kind="text")
    columns = read_rows([{"name": f"n{place}"} for place in range(1500)], [name])
    with pytest.raises(OptionError, match=r"too many to look after: 'name' alone has 1,500"):
        grouped(columns, [name], {})
    with pytest.raises(OptionError, match="holds no numbers"):
        grouped(columns, [name], {"name": [1.0]})


@pytest.mark.parametrize(
    "harm",
    [
        {"table": [0, 1]}, {"table": [9] * 9}, {"table": "x"}, {"names": [1, 2]}, {"levels": []}, {"table": [True] * 9},
        {"levels": [{"column": "age", "texts": None, "cuts": [2.0, 1.0], "names": ["a", "b", "c"]}]},
        {"levels": [{"column": "age", "texts": None, "cuts": ["1"], "names": ["a", "b"]}]},
    ],
)  # fmt: skip
def test_damaged_groups_are_refused(harm: dict[str, object]) -> None:
    state = grouped(read_rows(ROWS, [SEX, AGE]), [SEX, AGE], {"age": [35]}).state()
    columns = read_rows(ROWS, [SEX, AGE])
    assert Grouping.from_state(state).of(columns).tolist() == [0, 3, 5, 2, 4, 1, 4]
    with pytest.raises((ModelError, KeyError, TypeError)):
        Grouping.from_state({**state, **harm})


@given(
    st.lists(
        st.tuples(st.none() | st.floats(-1e6, 1e6), st.none() | st.text(max_size=4), st.integers(0, 3)),
        min_size=1,
        max_size=30,
    )
)
def test_a_row_draws_the_same_number_alone_in_a_batch_and_in_any_order(cells: list[tuple[object, object, int]]) -> None:
    described = [Column(name="a", kind="number"), Column(name="b", kind="text"), Column(name="c", kind="integer")]
    rows = [dict(zip("abc", each, strict=True)) for each in cells]
    together = draws(read_rows(rows, described), ["a", "b", "c"], 7)
    assert ((together >= 0) & (together < 1)).all()
    for place, row in enumerate(rows):
        assert draws(read_rows([row], described[::-1]), ["c", "b", "a"], 7)[0] == together[place]
    frame = pl.DataFrame(rows, schema={"a": pl.Float64, "b": pl.String, "c": pl.Int64})
    assert draws(read_frame(frame, described), ["a", "b", "c"], 7).tolist() == together.tolist()


def test_draws_of_different_rows_are_spread_evenly_and_another_seed_gives_others() -> None:
    columns = Columns({"a": np.arange(20_000.0)}, 20_000)
    found = draws(columns, ["a"], 0)
    assert np.histogram(found, 20, (0, 1))[0] == pytest.approx(np.full(20, 1000), abs=150)
    assert abs(np.corrcoef(found[:-1], found[1:])[0, 1]) < 0.03
    assert abs(np.corrcoef(found, draws(columns, ["a"], 1))[0, 1]) < 0.03
    assert draws(Columns({"a": np.array([-0.0])}, 1), ["a"], 0) == draws(Columns({"a": np.array([0.0])}, 1), ["a"], 0)


def test_smoothing_knows_the_rate_of_a_small_group_better_than_its_cases_do() -> None:
    """Simulation: the mean squared error of the true-positive rate of 40 cases, by counting and by smoothing."""
    errors = {"counted": [], "smoothed": []}  # type: dict[str, list[float]]
    for seed in range(200):
        random = np.random.default_rng(seed)
        score = random.beta(1.2, 2.5, 4000)
        y = (random.random(4000) < score).astype(float)
        truth = float((score * (score >= 0.5)).sum() / score.sum())
        few = np.arange(120)
        case = smoothed(score[few], y[few], np.zeros(120, dtype=np.intp), np.ones(120), 1)
        for name, said in (("counted", y[few]), ("smoothed", case)):
            errors[name].append((float((said * (score[few] >= 0.5)).sum() / said.sum()) - truth) ** 2)
    assert np.mean(errors["smoothed"]) < 0.8 * np.mean(errors["counted"])


def test_smoothing_follows_what_a_large_group_shows() -> None:
    random = np.random.default_rng(0)
    score = random.beta(2, 3, 6000)
    group = np.repeat([0, 1], 3000)
    y = (random.random(6000) < np.where(group == 1, score / 2, score)).astype(float)
    case = smoothed(score, y, group, np.ones(6000), 2)
    for place in (0, 1):
        for low, high in ((0, 0.3), (0.3, 0.5), (0.5, 1)):
            inside = (group == place) & (score >= low) & (score < high)
            assert case[inside].mean() == pytest.approx(y[inside].mean(), abs=0.03)


@given(st.integers(0, 1000))
def test_reweighed_rows_show_no_dependence_of_label_on_group(seed: int) -> None:
    random = np.random.default_rng(seed)
    group = random.integers(0, 3, 1500)
    label = (random.random(1500) < 0.2 + 0.2 * group).astype(np.intp)
    weight = random.uniform(0.5, 2, 1500)
    made = weight * reweighed(group, label, weight)
    share = [np.average(label[group == place], weights=made[group == place]) for place in range(3)]
    assert share == pytest.approx([np.average(label, weights=weight)] * 3)
    assert made.sum() == pytest.approx(weight.sum())


def test_a_group_too_small_keeps_its_weights() -> None:
    group, label = np.repeat([0, 1, 2], [200, 200, 10]), np.tile([0, 1], 205)
    label[:50] = 0
    made = reweighed(group, label, np.ones(410))
    assert (made[group == 2] == 1).all()
    assert (made[group == 0] != 1).all()

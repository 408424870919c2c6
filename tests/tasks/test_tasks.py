"""What each task makes of a target: labels, positions, assumptions, refusals."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import polars as pl
import pytest

from mlwright.errors import DataError, OptionError
from mlwright.schema import Column, Kind
from mlwright.tasks import (
    ROW_TASKS,
    choose_task,
    classification_task,
    count_distinct,
    find_metric,
    find_task,
    known,
    propose_task,
)
from mlwright.tasks.base import Target
from mlwright.tasks.binary import positive_position

BINARY, MULTICLASS, REGRESSION = ROW_TASKS["binary"], ROW_TASKS["multiclass"], ROW_TASKS["regression"]


def column(kind: Kind, name: str = "x", **more: object) -> Column:
    return Column(name=name, kind=kind, role="target", **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "kind", "classes", "y"),
    [
        (["0", "1", "1"], "boolean", (0, 1), [0, 1, 1]),
        (["0", "1", "1"], "integer", (0, 1), [0, 1, 1]),
        ([1, 2, 1], "integer", (1, 2), [0, 1, 0]),
        ([-1, 1, 1], "integer", (-1, 1), [0, 1, 1]),
        ([1.0, 0.0, 1.0], "integer", (0, 1), [1, 0, 1]),
        (["1", "2.0", "1.0"], "integer", (1, 2), [0, 1, 0]),
        ([0.5, 1.5, 0.5], "number", (0.5, 1.5), [0, 1, 0]),
        ([True, False, True], "boolean", (False, True), [1, 0, 1]),
        (["No ", "Yes", "no", "No"], "boolean", ("No", "Yes"), [0, 1, 0, 0]),
        (["Y", "N", "N"], "boolean", ("N", "Y"), [1, 0, 0]),
        (["good", "bad", "good"], "category", ("good", "bad"), [0, 1, 0]),
        (["WS", "PS", "WS"], "category", ("PS", "WS"), [1, 0, 1]),
        (["007", "1", "1"], "category", ("007", "1"), [0, 1, 1]),
    ],
)
def test_binary_labels_are_as_the_target_has_them(values: list, kind: Kind, classes: tuple, y: list) -> None:
    target = BINARY.encode(pl.Series("x", values), column(kind))
    assert target.classes == classes
    assert [type(label) for label in target.classes] == [type(label) for label in classes]
    assert target.y.tolist() == y
    known_again = BINARY.encode_known(values, column(kind), target.classes)
    assert known_again.tolist() == y


@pytest.mark.parametrize(
    ("labels", "positive"),
    [
        (("No", "Yes"), "Yes"),
        (("non", "oui"), "oui"),
        (("bad", "good"), "bad"),
        (("ham", "spam"), "spam"),
        (("alive", "dead"), "dead"),
        (("benign", "malignant"), "malignant"),
        (("abnormal", "normal"), "abnormal"),
        (("<=50K", ">50K"), ">50K"),
        (("F", "M"), "M"),
        (("charged off", "fully paid"), "charged off"),
        ((1, 2), 2),
        ((False, True), True),
    ],
)
def test_the_positive_class_is_the_one_looked_for(labels: tuple, positive: object) -> None:
    assert labels[positive_position(labels)] == positive


def test_multiclass_labels_are_sorted_numbers_by_size() -> None:
    target = MULTICLASS.encode(pl.Series("x", ["10", "9", "2", "9"]), column("category", numeric_text=True))
    assert target.classes == (2, 9, 10)
    assert target.y.tolist() == [2, 1, 0, 1]
    assert MULTICLASS.encode_known([9, "9.0", 9.0, "11", None], column("category", numeric_text=True), target.classes)[
        :3
    ].tolist() == [1, 1, 1]
    words = MULTICLASS.encode(pl.Series("x", [" b", "a", "c", "b "]), column("category"))
    assert words.classes == ("a", "b", "c")
    assert words.y.tolist() == [1, 0, 2, 1]


def test_unknown_and_missing_values_of_new_rows_are_nan() -> None:
    y = MULTICLASS.encode_known(["a", None, "?", "z", ["a"]], column("category"), ("a", "b", "c"))
    assert y[0] == 0
    assert np.isnan(y[1:]).all()
    y = REGRESSION.encode_known(["1,5", 2, None, "x"], column("number", decimal=","), ())
    assert y[:2].tolist() == [1.5, 2.0]
    assert np.isnan(y[2:]).all()


@pytest.mark.parametrize("dtype", [pl.Categorical, pl.Enum(["a", "b"]), pl.String])
def test_every_text_type_is_read_the_same(dtype: pl.DataType) -> None:
    target = BINARY.encode(pl.Series("x", ["b", "a", "b"]).cast(dtype), column("category"))
    assert target.classes == ("a", "b")
    assert target.y.tolist() == [1, 0, 1]


def test_regression_reads_numbers_in_disguise() -> None:
    values = pl.Series("x", ["$1,234.50", "(432)", "7"])
    assert REGRESSION.encode(values, column("number")).y.tolist() == [1234.5, -432.0, 7.0]
    assert REGRESSION.encode(pl.Series("x", ["3", "9"]), column("category", numeric_text=True)).y.tolist() == [3, 9]
    assert REGRESSION.encode(pl.Series("x", [1, 2, 3]), column("integer")).y.tolist() == [1, 2, 3]


def test_known_tells_which_rows_can_teach() -> None:
    values = pl.Series("x", ["1.5", None, "?", "nonsense", "2"])
    assert known(values, column("number")).tolist() == [True, False, False, False, True]
    assert count_distinct(pl.Series("x", ["1", "1.0", "2", None]), column("integer")) == 2


@pytest.mark.parametrize(
    ("task", "values", "kind", "words"),
    [
        ("binary", ["no"] * 120, "constant", "The target 'x' has only one value, 'no', in all 120 rows: there is"),
        ("multiclass", [3, 3], "integer", "only one value, 3, in all 2 rows"),
        ("regression", [5.0] * 4, "number", "only one value, 5, in all 4 rows"),
        ("binary", [], "category", "is missing in every row"),
        ("regression", [], "number", "is missing in every row"),
        ("binary", ["a"], "category", "Only one row has a known target"),
        ("regression", [1.0], "number", "Only one row has a known target"),
        ("binary", list("abcab"), "category", "needs a target with two values, but 'x' has 3: 'a', 'b', 'c'"),
        ("regression", ["1", "red", "red"], "category", "has 'red' in 2 rows, which cannot be read as a number"),
        ("multiclass", [str(value) for value in range(300)], "category", "has 300 different values in 300 rows"),
        ("regression", ["2024-01-01", "2024-01-02"], "datetime", "holds dates"),
    ],
)
def test_what_cannot_be_learned_is_refused_in_one_sentence(task: str, values: list, kind: Kind, words: str) -> None:
    dtype = pl.String if not values else None
    with pytest.raises(DataError) as refused:
        ROW_TASKS[task].encode(pl.Series("x", values, dtype=dtype), column(kind))
    assert words in str(refused.value)


@pytest.mark.parametrize(
    ("target", "distinct", "task"),
    [
        (column("boolean"), 2, "binary"),
        (column("category"), 2, "binary"),
        (column("number"), 2, "binary"),
        (column("constant"), 1, "binary"),
        (column("category"), 5, "multiclass"),
        (column("text"), 19, "multiclass"),
        (column("integer", "Cover_Type", low=1, high=7), 7, "multiclass"),
        (column("integer", "target", low=0, high=2), 3, "multiclass"),
        (column("category", "digit", numeric_text=True, categories=tuple("0123456789")), 10, "multiclass"),
        (column("category", "y", numeric_text=True, categories=("1", "2", "3")), 3, "multiclass"),
        (column("integer", "quality", low=3, high=9), 7, "regression"),
        (column("integer", "rating", low=1, high=5), 5, "regression"),
        (column("integer", "num_children", low=0, high=5), 6, "regression"),
        (column("integer", "siblings", low=0, high=8), 7, "regression"),
        (column("integer", "y", low=0, high=40), 41, "regression"),
        (column("number"), 900, "regression"),
        (column("duration"), 30, "regression"),
    ],
)
def test_the_task_is_proposed_from_the_target(target: Column, distinct: int, task: str) -> None:
    proposed, reason = propose_task(target, distinct, 1000)
    assert proposed.name == task
    assert "--task" in reason
    assert reason.endswith(".")


def test_targets_that_suit_no_task_are_refused() -> None:
    with pytest.raises(DataError, match=r"missing in every row"):
        propose_task(column("category"), 0, 10)
    with pytest.raises(DataError, match=r"holds dates"):
        propose_task(column("datetime"), 100, 1000)
    with pytest.raises(DataError, match=r"900 different texts in 1,000 rows: too many"):
        propose_task(column("text"), 900, 1000)


def test_tasks_and_metrics_are_found_by_name() -> None:
    assert find_task("binary") is BINARY
    assert classification_task(2) is BINARY
    assert classification_task(3) is MULTICLASS
    assert choose_task("regression", column("category"), 5, 100)[0] is REGRESSION
    assert find_metric(BINARY, None).name == "roc_auc"
    assert find_metric(BINARY, "f1").name == "f1"
    with pytest.raises(OptionError, match=r"did you mean 'binary'"):
        find_task("binry")
    with pytest.raises(OptionError, match=r"cannot be 'rmse'"):
        find_metric(BINARY, "rmse")


def test_signals_priors_and_strata_have_their_shapes() -> None:
    rng = np.random.default_rng(0)
    two = Target((rng.random(50) < 0.2).astype(float), ("a", "b"))
    assert BINARY.signals(two).shape == (50, 1)
    assert BINARY.prior(two, None).tolist() == pytest.approx([1 - two.y.mean(), two.y.mean()])
    weight = np.where(two.y == 1, 4.0, 1.0)
    assert BINARY.prior(two, weight)[1] == pytest.approx(np.average(two.y, weights=weight))
    many = Target(rng.integers(0, 40, 2000).astype(float), tuple(range(40)))
    assert MULTICLASS.signals(many).shape == (2000, 30)
    assert set(MULTICLASS.signals(many).sum(1).tolist()) == {0.0, 1.0}
    assert MULTICLASS.prior(many, None).sum() == pytest.approx(1)
    assert MULTICLASS.prior(Target(np.array([0.0, 2.0]), ("a", "b", "c")), None).tolist() == [0.5, 0.0, 0.5]
    number = Target(rng.gamma(1, 5, 1000))
    assert np.bincount(REGRESSION.strata(number)).tolist() == pytest.approx([100] * 10, abs=1)
    assert REGRESSION.prior(number, None).tolist() == [number.y.mean()]
    zeros = Target(np.append(np.zeros(90), np.arange(10.0)))
    strata = REGRESSION.strata(zeros)
    assert sorted(set(strata.tolist())) == list(range(len(set(strata.tolist()))))


def test_findings_say_what_is_uncertain() -> None:
    kinds = {finding.kind for finding in BINARY.findings(Target(np.array([1.0] * 9 + [0.0] * 9991), ("no", "yes")))}
    assert kinds == {"positive_class", "few_rows_of_class", "imbalance"}
    kinds = {finding.kind for finding in BINARY.findings(Target(np.arange(400) % 2 * 1.0, ("no", "yes")))}
    assert kinds == {"positive_class"}
    rare = Target(np.array([0.0] * 90 + [1.0] * 3 + [2.0]), ("a", "b", "c"))
    assert {finding.kind for finding in MULTICLASS.findings(rare)} == {"single_row_class", "rare_class", "imbalance"}
    rng = np.random.default_rng(0)
    tail = Target(np.append(rng.normal(size=500), [1e6]))
    assert {finding.kind for finding in REGRESSION.findings(tail)} == {"outlying_target", "skewed_target"}
    assert {f.kind for f in REGRESSION.findings(Target(np.append(np.zeros(150), np.arange(50.0))))} >= {
        "one_value_target"
    }
    assert REGRESSION.findings(Target(rng.normal(size=500))) == ()


def test_answers_are_labels_as_the_target_has_them() -> None:
    P = np.array([[0.9, 0.1], [0.2, 0.8]])
    answer = BINARY.answer(P, {"threshold": 0.5}, ("No", "Yes"))
    assert answer.values.tolist() == ["No", "Yes"]
    assert answer.probabilities is P
    assert BINARY.answer(P, {"threshold": 0.05}, (0, 1)).values.tolist() == [1, 1]
    assert BINARY.answer(P, {"threshold": 0.5}, (False, True)).values.dtype == bool
    P = np.array([[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]])
    assert MULTICLASS.answer(P, {}, ("a", "b", "c")).values.tolist() == ["b", "a"]
    assert MULTICLASS.answer(P, {}, (1, 2, 3)).values.dtype.kind == "i"


def test_importing_tasks_needs_numpy_alone() -> None:
    heavy = "polars sklearn scipy pandas lightgbm pyarrow narwhals"
    code = f"import sys, mlwright.tasks; print([m for m in {heavy.split()!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

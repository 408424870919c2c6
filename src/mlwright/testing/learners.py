"""What must hold of every learner, whatever it is: `check_*` functions over a learner and an objective.

Named after river's (`checks/common.py`) and scikit-learn's checks (`utils/estimator_checks.py`) where they are alike.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mlwright.learn.base import Configuration, Effort, Fitted, Floats, Learner, Predictor, Problem, keeps_order
from mlwright.learn.forests import Forests
from mlwright.learn.order import TOLERANCE
from mlwright.learn.plugins import declaration_faults, predictor_kind
from mlwright.learn.sandbox import Forest

COLUMNS = 6
CODED = 5
"""The column of codes, where the learner's variant has such."""
CLASSES: Mapping[str, int] = {"binary": 2, "multiclass": 3, "regression": 0}


def problem(learner: Learner, objective: str, rows: int = 400, seed: int = 0) -> Problem:
    """Return an easy problem: two columns and a category say most of it."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(rows, COLUMNS))
    X[:, CODED] = rng.integers(0, 6, rows)
    z = 2 * X[:, 0] + X[:, 1] + (X[:, CODED] % 2) + 0.3 * rng.normal(size=rows)
    if learner.variant != "onehot":
        X[rng.random(X.shape) < 0.05] = np.nan
    targets = {
        "binary": (z > 0.5).astype(float),
        "multiclass": np.digitize(z, [-0.7, 1.5]).astype(float),
        "regression": (z - 0.5) / 2.3,
    }
    coded = tuple(learner.variant == "codes" and column == CODED for column in range(COLUMNS))
    return Problem(X, targets[objective], objective, CLASSES[objective], None, coded)


def first(learner: Learner, objective: str) -> Configuration:
    """Return the configuration that is tried first."""
    return learner.configurations[objective][0]


def quick(learner: Learner, given: Problem, *, rounds: int = 15, seed: int = 0) -> Fitted:
    """Fit the first configuration for a few rounds."""
    return learner.fit(given, first(learner, given.objective), None, Effort(seed=seed, rounds=rounds))


def loss(given: Problem, P: Floats) -> float:
    """Return the mean log loss, or the mean square of a number's error."""
    if given.classes:
        return float(-np.log(np.maximum(P[np.arange(len(P)), given.y.astype(int)], 1e-15)).mean())
    return float(((given.y - P[:, 0]) ** 2).mean())


def prior_loss(given: Problem) -> float:
    """Return the loss of who knows how often each class is, or the mean, and nothing else."""
    if not given.classes:
        return float(given.y.var())
    shares = np.bincount(given.y.astype(int)) / len(given.y)
    return float(-(shares * np.log(shares)).sum())


def says_well(given: Problem, P: Floats) -> None:
    """Assert that predictions have their shape and meaning."""
    assert P.shape == (len(given.X), given.classes or 1)
    assert P.dtype == np.float64
    assert np.isfinite(P).all()
    if given.classes:
        assert (P >= 0).all()
        np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-6)


def travelled(predictor: Predictor) -> Predictor:
    """Return the predictor after a journey through JSON and npz."""
    plain, arrays = predictor.state()
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    buffer.seek(0)
    with np.load(buffer, allow_pickle=False) as loaded:
        return predictor_kind(predictor.kind).from_state(json.loads(json.dumps(plain)), dict(loaded))


def hard_rows(X: Floats, seed: int = 3) -> Floats:
    """Return rows at the edges: gaps, a hair's breadth around what was learned from, zeros, the far, the unknown."""
    rng = np.random.default_rng(seed)
    gaps = X[:60].copy()
    gaps[rng.random(gaps.shape) < 0.3] = np.nan
    whole = np.full((1, X.shape[1]), np.nan)
    far = np.array([0.0, -0.0, 1e-40, -1e-40, 1e9, -1e9, 1e300, -1e300, np.inf, -np.inf, 0.5, -0.5, 7.0, 1e10])
    edges = np.repeat(far[:, None], X.shape[1], axis=1)
    single = X[:40].astype(np.float32).astype(np.float64)
    return np.concatenate(
        [X[:60], gaps, whole, edges, np.nextafter(X[:40], np.inf), np.nextafter(X[:40], -np.inf), single]
    )


def check_learns(learner: Learner, objective: str) -> None:
    """It beats the prior clearly on an easy problem, and stops by itself."""
    teach, valid = problem(learner, objective), problem(learner, objective, seed=1)
    fitted = learner.fit(teach, first(learner, objective), valid, Effort())
    P = fitted.predict(valid.X)
    says_well(valid, P)
    assert loss(valid, P) < 0.7 * prior_loss(valid)
    assert fitted.complete
    assert fitted.rounds >= 1


def check_pack_equals_predict(learner: Learner, objective: str) -> None:
    """The NumPy predictor says what the library says, also at the edges, before and after a journey."""
    teach = problem(learner, objective)
    fitted = quick(learner, teach, rounds=40)
    rows = hard_rows(teach.X)
    expected = fitted.predict(rows)
    says_well(replace(teach, X=rows), expected)
    packed = fitted.pack()
    np.testing.assert_allclose(packed.predict(rows), expected, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(travelled(packed).predict(rows), packed.predict(rows))


def check_fast_path_gives_the_same_bits(learner: Learner, objective: str) -> None:
    """What the sandbox adds up is what NumPy adds up, to the last bit, whatever the rows and however they lie."""
    teach = problem(learner, objective)
    predictor = travelled(quick(learner, teach, rounds=40).pack())
    if not isinstance(predictor, Forest):
        return
    forests, rows = Forests([(0, 0.75, predictor)]), hard_rows(teach.X)
    assert forests.sandbox is not None
    with np.errstate(all="ignore"):
        expected = forests.total([rows], numpy_only=True)
    np.testing.assert_allclose(expected, 0.75 * predictor.predict(rows), rtol=0, atol=1e-15)
    for given in (rows, np.asfortranarray(rows), np.repeat(rows, 2, axis=1)[:, ::2], rows[::-1][::-1]):
        np.testing.assert_array_equal(forests.total([given]), expected)
    np.testing.assert_array_equal(np.concatenate([forests.total([row[None]]) for row in rows]), expected)


def check_one_row_equals_batch(learner: Learner, objective: str) -> None:
    """A row has the same answer alone and among others, few or many, and however X lies in memory."""
    teach = problem(learner, objective)
    packed = quick(learner, teach).pack()
    X = np.tile(hard_rows(teach.X), (3, 1))
    batch = packed.predict(X)
    np.testing.assert_allclose(
        np.concatenate([packed.predict(X[i : i + 1]) for i in range(90)]), batch[:90], atol=1e-12
    )
    np.testing.assert_allclose(packed.predict(X[:90]), batch[:90], atol=1e-12)
    np.testing.assert_allclose(packed.predict(np.asfortranarray(X)), batch, atol=1e-12)
    wide = np.repeat(X, 2, axis=1)[::2, ::2]
    np.testing.assert_array_equal(packed.predict(wide), packed.predict(np.ascontiguousarray(wide)))
    assert packed.predict(X[:0]).shape == (0, batch.shape[1])


def check_predict_is_pure(learner: Learner, objective: str) -> None:
    """Neither fit nor predict changes what it is given, and asking twice gives one answer."""
    teach, valid = problem(learner, objective), problem(learner, objective, rows=100, seed=1)
    teach = replace(teach, weight=np.linspace(0.5, 2, len(teach.y)))
    given = [teach.X, teach.y, teach.weight, valid.X, valid.y]
    kept = [None if array is None else array.copy() for array in given]
    for array in given:
        assert array is not None
        array.setflags(write=False)
    fitted = learner.fit(teach, first(learner, objective), valid, Effort(rounds=10))
    for predict in (fitted.predict, fitted.pack().predict):
        np.testing.assert_array_equal(predict(valid.X), predict(valid.X))
    for array, copy in zip(given, kept, strict=True):
        np.testing.assert_array_equal(array, copy)


def check_same_seed_same_answer(learner: Learner, objective: str) -> None:
    """The same call gives the same model, byte for byte."""
    teach = problem(learner, objective)
    one, two = (quick(learner, teach, seed=7) for _ in range(2))
    assert one.files() == two.files()
    (plain, arrays), (plain2, arrays2) = one.pack().state(), two.pack().state()
    assert plain == plain2
    assert arrays.keys() == arrays2.keys()
    for name, array in arrays.items():
        assert array.tobytes() == arrays2[name].tobytes()


def check_shuffled_columns(learner: Learner, objective: str) -> None:
    """The order of the columns hardly matters."""
    teach, valid = problem(learner, objective), problem(learner, objective, seed=1)
    order = np.random.default_rng(5).permutation(COLUMNS)
    moved = replace(teach, X=teach.X[:, order], categorical=tuple(teach.categorical[i] for i in order))
    straight = loss(valid, quick(learner, teach, rounds=40).predict(valid.X))
    shuffled = loss(valid, quick(learner, moved, rounds=40).predict(valid.X[:, order]))
    assert abs(straight - shuffled) < 0.2 * prior_loss(valid)


def check_constant_target(learner: Learner, objective: str) -> None:
    """Where all targets are one, so is the answer, and it is never certain of a class."""
    teach = problem(learner, objective, rows=60)
    fitted = quick(learner, replace(teach, y=np.ones(60)))
    P = fitted.predict(teach.X)
    says_well(teach, P)
    assert (P[:, 1] > 0.9).all() and (P[:, 1] < 1).all() if teach.classes else (P == 1).all()
    np.testing.assert_allclose(fitted.pack().predict(teach.X), P, atol=1e-6)


def check_absent_class(learner: Learner, objective: str) -> None:
    """A class without rows keeps its column, also where the validation rows have it."""
    if CLASSES[objective] <= 2:
        return
    for absent in range(3):
        teach = replace(problem(learner, objective), classes=4)
        kept = teach.y != absent
        few = replace(teach, X=teach.X[kept], y=teach.y[kept])
        fitted = learner.fit(few, first(learner, objective), teach, Effort(rounds=10))
        P = fitted.predict(teach.X)
        says_well(teach, P)
        np.testing.assert_allclose(fitted.pack().predict(teach.X), P, atol=1e-6)
        assert P[:, [absent, 3]].max() < 0.1


def check_weights(learner: Learner, objective: str) -> None:
    """Equal weights are no weights; rows of weight zero have no say; heavy rows have more."""
    teach = problem(learner, objective)
    plain = quick(learner, teach).predict(teach.X)
    equal = quick(learner, replace(teach, weight=np.full(len(teach.y), 2.5))).predict(teach.X)
    np.testing.assert_array_equal(equal, plain)
    none = quick(learner, replace(teach, weight=np.zeros(len(teach.y)))).predict(teach.X)
    np.testing.assert_array_equal(none, plain)
    weight = np.ones(len(teach.y))
    weight[::3] = 0
    nonsense = np.where(weight == 0, teach.y[::-1], teach.y)
    kept = replace(teach, X=teach.X[weight > 0], y=teach.y[weight > 0])
    silent = quick(learner, replace(teach, y=nonsense, weight=weight)).predict(teach.X)
    np.testing.assert_array_equal(silent, quick(learner, kept).predict(teach.X))
    uneven = replace(teach, weight=np.where(teach.X[:, 1] > 0, 20.0, 0.1))
    assert not np.array_equal(quick(learner, uneven).predict(teach.X), plain)


def check_stops_at_once(learner: Learner, objective: str) -> None:
    """Told to stop at the first question, it still gives a usable model."""
    teach, valid = problem(learner, objective), problem(learner, objective, rows=100, seed=1)
    for judge in (valid, None):
        fitted = learner.fit(teach, first(learner, objective), judge, Effort(stop=lambda: True))
        P = fitted.predict(valid.X)
        says_well(valid, P)
        np.testing.assert_allclose(fitted.pack().predict(valid.X), P, atol=1e-6)
        assert fitted.rounds >= 1
        assert not fitted.complete or fitted.rounds == 1


def check_keeps_the_best_when_stopped(learner: Learner, objective: str) -> None:
    """Told to stop later, it keeps the best so far, and no more rounds than it ran."""
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked >= 5

    teach, valid = problem(learner, objective), problem(learner, objective, rows=100, seed=1)
    fitted = learner.fit(teach, first(learner, objective), valid, Effort(stop=stop))
    assert asked <= 5
    assert loss(valid, fitted.predict(valid.X)) < prior_loss(valid)


def check_tiny(learner: Learner, objective: str) -> None:
    """Two rows, thirty rows, one column, a column of gaps: all give a model."""
    whole = problem(learner, objective, rows=30)
    two = replace(whole, X=whole.X[:2], y=np.array([0.0, 1.0]))
    narrow = replace(whole, X=np.ascontiguousarray(whole.X[:, :1]), categorical=whole.categorical[:1])
    empty = whole.X.copy()
    empty[:, 2] = np.nan if learner.variant != "onehot" else 0.0
    for given in (two, whole, narrow, replace(whole, X=empty), replace(whole, X=np.zeros_like(whole.X))):
        for judge in (None, replace(given, X=given.X[:1], y=given.y[:1])):
            fitted = learner.fit(given, first(learner, objective), judge, Effort(rounds=5))
            P = fitted.predict(given.X)
            says_well(given, P)
            np.testing.assert_allclose(fitted.pack().predict(given.X), P, atol=1e-6)
    assert loss(whole, quick(learner, whole, rounds=40).predict(whole.X)) < prior_loss(whole)


def check_rounds_are_honoured(learner: Learner, objective: str) -> None:
    """Without validation rows it runs the rounds it is told; a refit needs only rounds and configuration."""
    teach, valid = problem(learner, objective), problem(learner, objective, seed=1)
    assert quick(learner, teach, rounds=7).rounds in {1, 7}
    fitted = learner.fit(teach, first(learner, objective), valid, Effort(rounds=12))
    assert fitted.rounds <= 12
    again = learner.fit(teach, fitted.configuration, None, Effort(rounds=fitted.rounds))
    assert again.rounds == fitted.rounds
    np.testing.assert_allclose(again.predict(valid.X), fitted.predict(valid.X), atol=1e-3)
    json.dumps(dict(fitted.configuration))


def check_configurations(learner: Learner, objective: str) -> None:
    """Every configuration is plain JSON, differs from the others and gives a model."""
    configurations = learner.configurations[objective]
    assert configurations
    assert len({json.dumps(dict(one), sort_keys=True) for one in configurations}) == len(configurations)
    teach = problem(learner, objective, rows=120)
    for configuration in configurations:
        says_well(teach, learner.fit(teach, configuration, None, Effort(rounds=3)).predict(teach.X))


def check_keeps_order(learner: Learner, objective: str) -> None:
    """Where it says that it heeds `signs`: of two rows that differ in one such column, none is answered against it."""
    if not keeps_order(learner) or CLASSES[objective] > 2:
        return
    teach = replace(problem(learner, objective), signs=(1, -1, 0, 1, 0, 0))  # the second sign is against the truth
    for place, configuration in enumerate(learner.configurations[objective]):
        packed = learner.fit(teach, configuration, None, Effort(seed=place, rounds=15)).pack()
        assert largest_fall(packed.predict, teach, seed=place) <= TOLERANCE
    free = quick(learner, replace(teach, signs=()))
    assert largest_fall(free.predict, teach, seed=0) > TOLERANCE, "without signs nothing is kept: the check is blind"


def largest_fall(predict: Callable[[Floats], Floats], given: Problem, seed: int, pairs: int = 10_000) -> float:
    """Return how far answers go against the signs, at most, among so many random pairs of rows."""
    rng = np.random.default_rng(seed)
    signed = [column for column, sign in enumerate(given.signs) if sign]
    each = -(-pairs // len(signed))
    worst = 0.0
    for column in signed:
        low = given.X[rng.integers(0, len(given.X), each)].copy()
        high = low.copy()
        ends = np.sort(rng.normal(scale=2.0, size=(each, 2)), axis=1)
        low[:, column], high[:, column] = ends.T
        rise = predict(high)[:, -1] - predict(low)[:, -1]
        worst = max(worst, float(-(given.signs[column] * rise).min()))
    return worst


CHECKS: tuple[Callable[[Learner, str], None], ...] = (
    check_learns,
    check_pack_equals_predict,
    check_fast_path_gives_the_same_bits,
    check_one_row_equals_batch,
    check_predict_is_pure,
    check_same_seed_same_answer,
    check_shuffled_columns,
    check_constant_target,
    check_absent_class,
    check_weights,
    check_stops_at_once,
    check_keeps_the_best_when_stopped,
    check_tiny,
    check_rounds_are_honoured,
    check_configurations,
    check_keeps_order,
)


@dataclass(frozen=True, slots=True)
class LearnerCheck:
    """One check of a learner on an objective: call it to run it; its text names it."""

    check: Callable[[Learner, str], None]
    learner: Learner
    objective: str

    def __call__(self) -> None:
        """Run the check. Raises AssertionError where it does not hold."""
        self.check(self.learner, self.objective)

    def __str__(self) -> str:
        """Return the name: "weights-binary"."""
        return f"{self.check.__name__.removeprefix('check_')}-{self.objective}"


def learner_checks(learner: Learner) -> list[LearnerCheck]:
    """Return every check on every objective of a learner, to be run one by one, as by pytest's `parametrize`."""
    return [LearnerCheck(check, learner, objective) for objective in sorted(learner.objectives) for check in CHECKS]


def check_learner(learner: Learner) -> None:
    """Run every check on a learner. Raises AssertionError, with a note that names the check, at the first that fails.

    >>> from mlwright.learn.learners import LEARNERS
    >>> check_learner(LEARNERS["linear"])
    """
    fault = declaration_faults(learner)
    assert fault is None, fault
    for check in learner_checks(learner):
        try:
            check()
        except Exception as error:
            error.add_note(f"check: {check}")
            raise

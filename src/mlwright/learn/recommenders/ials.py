"""iALS: people and items as points of one space, where what was taken lies in the person's direction.

Hu, Koren and Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008; the penalty and its scale
as in Rendle, Krichene, Zhang and Koren, "Revisiting the performance of iALS on item recommendation benchmarks", RecSys
2022. Steps of conjugate gradients stand for the solves while learning: Takács, Pilászy and Tikk, "Applications of the
conjugate gradient method for implicit feedback collaborative filtering", RecSys 2011.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Configuration, Effort
from mlwright.learn.damage import reading, require_fit
from mlwright.learn.learners.configurations import table
from mlwright.learn.recommenders.base import Scores, Taught
from mlwright.learn.recommenders.memory import Memory, entry_weights, strongest_entry
from mlwright.learn.recommenders.sparse import LARGEST, Places, Seen, Singles
from mlwright.learn.recommenders.trend import trend
from mlwright.tasks.recommend.interactions import Codes, Histories

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_STEPS = 3
"""Steps of conjugate gradients for each solve, from where the last one ended."""
_BLOCK = 1 << 18
"""Entries that are gathered together: what lies in the cache is quick."""
_SPREAD = 0.1
"""Standard deviation of the first points' length (Rendle et al.)."""
_MOST_FACTORS = 1024


class Factors:
    """Scores an item by its point times the person's, which is solved for from the history at asking.

    The person's point minimises, over the history, weight * (1 - score)^2 + `others` * score^2 over all items, plus a
    penalty on its length that grows with the history. Scores are then times `scale`; an item whose scale is 0 has none.
    """

    kind: ClassVar[str] = "factors"

    def __init__(
        self, points: Singles, scale: Singles, memory: Memory, *, others: float, ridge: float, power: float
    ) -> None:
        self._points, self._scale, self._memory = points, scale, memory
        self._others, self._ridge, self._power = others, ridge, power
        self._wide = points.astype(np.float64)
        known = scale > 0
        self._unknown = np.flatnonzero(~known)
        self._gram = others * (self._wide.T @ self._wide)
        self._base = others * int(known.sum())

    def scores(self, histories: Histories) -> Scores:
        """Return (q, items)."""
        weights = self._memory.weights(histories)
        answer = np.empty((len(histories), len(self._points)), dtype=np.float32)
        for asked, (begin, end) in enumerate(pairwise(histories.starts)):
            points, weight = self._wide[histories.item[begin:end]], weights[begin:end]
            if points.any():
                person = np.linalg.solve(self._system(points, weight), weight @ points)
                # One at a time: a product of matrices may differ in its last bit by how many ask.
                answer[asked] = self._points @ person.astype(np.float32)
            else:
                answer[asked] = 0.0
        silent = ~answer.any(axis=1)
        answer *= self._scale
        answer[:, self._unknown] = -np.inf
        answer[silent] = -np.inf
        return answer

    def _system(self, points: NDArray[np.float64], weight: NDArray[np.float64]) -> NDArray[np.float64]:
        penalty = self._ridge * (weight.sum() + self._base) ** self._power
        system: NDArray[np.float64] = self._gram + (points * weight[:, None]).T @ points
        system[np.diag_indices_from(system)] += penalty
        return system

    def because(self, histories: Histories, item: Codes) -> Places:
        """Return (q, k) the entry of the history that adds most to each item's score, -1 where none does."""
        weights = self._memory.weights(histories)

        def speak(part: slice, wanted: Places) -> NDArray[np.float64]:
            points, weight = self._wide[histories.item[part]], weights[part]
            if not points.any():
                return np.zeros((len(points), len(wanted)))
            said: NDArray[np.float64] = points @ np.linalg.solve(self._system(points, weight), self._wide[wanted].T)
            return said * weight[:, None]

        return strongest_entry(histories, item, speak)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        plain = {"others": self._others, "ridge": self._ridge, "power": self._power, "memory": self._memory.plain}
        return plain, {"points": self._points, "scale": self._scale}

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the ranker of that state; raises ModelError where an index or a shape cannot be."""
        with reading(cls.kind):
            scale, points = arrays["scale"], arrays["points"]
            require_fit(points.ndim == 2 and points.dtype.kind == "f", "points")
            require_fit(scale.shape == points.shape[:1] and scale.dtype.kind == "f", "scale")
            require_fit(bool(((scale >= 0) & (scale <= LARGEST)).all()), "a scale")
            require_fit(1 <= points.shape[1] <= _MOST_FACTORS, "number of factors")
            require_fit(bool((np.abs(points) <= LARGEST).all()), "a point")
            numbers = {name: plain[name] for name in ("others", "ridge", "power")}
            for name, number in numbers.items():
                fits = isinstance(number, int | float) and not isinstance(number, bool)
                require_fit(fits and (0 < number <= LARGEST if name != "power" else 0 <= number <= 2), name)
            return cls(points.astype(np.float32), scale.astype(np.float32), Memory.of(plain["memory"]), **numbers)


class Ials:
    """Learns the points, people's and items' in turn."""

    name: ClassVar[str] = "ials"
    label: ClassVar[str] = "iALS"
    simple: ClassVar[bool] = False
    package: ClassVar[str | None] = "scipy"
    extra: ClassVar[str | None] = None
    configurations: ClassVar[tuple[Configuration, ...]] = table(
        "factors edge ridge others power rounds half_life trend",
        (32, 0.6, None, 1.0, 0.0, 10, None, 7.0),
        (32, 0.6, None, 1.0, 0.0, 10, None, None),
        (64, 0.6, None, 1.0, 0.0, 10, None, 30.0),
        (32, None, 0.01, 0.3, 1.0, 10, None, None),
    )

    def takes(self, taught: Taught) -> str | None:
        """Return None where at least two items were taken, else why not."""
        return None if len(np.unique(taught.log.item)) > 1 else "It learns from pairs of items, and the log has none."

    def cost(self, taught: Taught) -> tuple[float, float]:
        """Return about how many seconds and bytes of memory a fit takes."""
        log = taught.log
        points = len(log.users) + len(log.items)
        return 0.2 + 2e-5 * len(log) + 4e-5 * points, 100.0 * len(log) + 2_500.0 * points

    def fit(self, taught: Taught, configuration: Configuration, effort: Effort) -> Factors:
        """Learn, for `rounds` rounds."""
        points, settings = learned_points(taught, configuration, effort)
        rising = trend(taught, configuration.get("trend"))
        rising[~Seen.of(taught.log).known] = 0.0
        return Factors(points, rising, Memory.of(configuration), **settings)


def learned_points(taught: Taught, configuration: Configuration, effort: Effort) -> tuple[Singles, dict[str, float]]:
    """Return (items, factors) the points of items, 0 for those that nobody took; and the numbers of the loss."""
    from threadpoolctl import threadpool_limits

    seen = Seen.of(taught.log)
    X = seen.matrix(entry_weights(taught, configuration)).astype(np.float32)
    generator = np.random.default_rng(effort.seed)
    scale = np.float32(_SPREAD / np.sqrt(configuration["factors"]))
    people, items = (
        scale * generator.standard_normal((count, configuration["factors"]), dtype=np.float32) for count in X.shape
    )
    settings = _settings(configuration, X)
    turned = X.T.tocsr()
    with threadpool_limits(effort.threads, "blas"):
        for _ in range(configuration["rounds"]):
            _solve(X, people, items, **settings)
            _solve(turned, items, people, **settings)
            if effort.stop():
                break
    points = np.zeros((seen.all_items, configuration["factors"]), dtype=np.float32)
    points[seen.items] = items
    return points, settings


def _settings(configuration: Configuration, X: csr_array) -> dict[str, float]:
    """Return the numbers of the loss; `edge` gives the penalty in what chance alone would make a singular value of X.

    Marchenko and Pastur, "Distribution of eigenvalues for some sets of random matrices", 1967: for n entries
    strewn over people and items it is about sqrt(n / people) + sqrt(n / items).
    """
    edge = configuration.get("edge")
    if edge is None:
        ridge = float(configuration["ridge"])
    else:
        people, items = (max(count, 1) for count in X.shape)
        ridge = max(float(edge * (np.sqrt(X.nnz / people) + np.sqrt(X.nnz / items))), 1e-6)
    return {"others": float(configuration["others"]), "ridge": ridge, "power": float(configuration["power"])}


def _solve(X: csr_array, mine: Singles, theirs: Singles, *, others: float, ridge: float, power: float) -> None:
    """Move `mine` (n, d) towards the least of the loss while `theirs` (m, d) stay, for X (n, m)."""
    gram = np.float32(others) * (theirs.T @ theirs)
    penalty = ridge * (np.asarray(X.sum(axis=1)) + others * X.shape[1]) ** power
    starts = X.indptr
    begin = 0
    while begin < X.shape[0]:
        end = max(begin + 1, min(int(np.searchsorted(starts, starts[begin] + _BLOCK, "right")) - 1, X.shape[0]))
        part = X[begin:end]
        mine[begin:end] = _descend(part, mine[begin:end], theirs, gram, penalty[begin:end, None].astype(np.float32))
        begin = end


def _descend(X: csr_array, mine: Singles, theirs: Singles, gram: Singles, penalty: Singles) -> Singles:
    """Return `mine` after some steps of conjugate gradients on all rows at once."""
    near, owner = theirs[X.indices], np.repeat(np.arange(X.shape[0]), np.diff(X.indptr))
    weighted = X.copy()

    def applied(p: Singles) -> Singles:
        weighted.data = X.data * np.einsum("nd,nd->n", near, p[owner])
        product: Singles = p @ gram + penalty * p + weighted @ theirs
        return product

    x = mine.copy()
    rest = X @ theirs - applied(x)
    step = rest.copy()
    length = np.einsum("nd,nd->n", rest, rest)
    for _ in range(_STEPS):
        turned = applied(step)
        share = length / np.maximum(np.einsum("nd,nd->n", step, turned), 1e-20)
        x += share[:, None] * step
        rest -= share[:, None] * turned
        fresh = np.einsum("nd,nd->n", rest, rest)
        step = rest + (fresh / np.maximum(length, 1e-20))[:, None] * step
        length = fresh
    return x

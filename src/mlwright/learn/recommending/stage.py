"""Stage: the second one, which orders the best candidates of a blend anew by trees that read all that is weighed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.damage import reading, require_fit
from mlwright.learn.forests import Forests
from mlwright.learn.recommenders.base import Scores
from mlwright.learn.recommending.blend import Blend
from mlwright.learn.recommending.signals import DAY, Singles
from mlwright.learn.trees import FlatTrees
from mlwright.tasks.base import Floats
from mlwright.tasks.recommend.interactions import Codes, Histories
from mlwright.tasks.recommend.lists import exclude, top

CANDIDATES = 100
"""So many items of a blend are ordered anew; the others stay below them, in the blend's order."""
EXTRA = 5
"""Columns beside what a blend weighs: its score, how far that is from the best, the place, and two of the history."""


def described(values: Singles, blended: Singles, length: int, since: float) -> Floats:
    """Return (n, f + EXTRA) what the trees read of one person's candidates, which stand in the order of the blend.

    `values` (n, f) is what is weighed of them, `blended` (n,) the blend's scores; `since` is days since the last entry.
    """
    places = np.log1p(np.arange(len(values)))
    history = np.tile([np.log1p(length), np.log1p(since)], (len(values), 1))
    behind = blended - blended.max(initial=-np.inf)
    return np.column_stack([values, blended, behind, places, history]).astype(np.float64)


def since_last(histories: Histories) -> Floats:
    """Return (q,) the days since each person's last entry, NaN where there is none."""
    since = np.full(len(histories), np.nan)
    full = histories.lengths > 0
    since[full] = histories.age[histories.starts[1:][full] - 1] / DAY
    return since


class Stage:
    """A blend whose best candidates are ordered anew for the histories of some segments; else the blend.

    The trees read the blend's signals and what the members at the places `read` say.
    """

    kind: ClassVar[str] = "stage"

    def __init__(
        self,
        blend: Blend,
        trees: FlatTrees,
        *,
        read: NDArray[np.int64],
        staged: NDArray[np.bool_],
        candidates: int = CANDIDATES,
    ) -> None:
        self.blend, self.trees, self.read, self.staged, self.candidates = blend, trees, read, staged, candidates
        self._forests = Forests([(0, 1.0, trees)])

    def scores(self, histories: Histories) -> Scores:
        """Return (q, items); -inf for items that nobody took and no member that counts speaks of."""
        segments = self.blend.segments(histories)
        answer = np.empty((len(histories), len(self.blend.known)), dtype=np.float32)
        for segment in np.unique(segments).tolist():
            rows = np.flatnonzero(segments == segment)
            part = histories if len(rows) == len(histories) else histories.take(rows)
            answer[rows] = self._ordered(part, segment) if self.staged[segment] else self.blend.scores(part)
        return answer

    def _ordered(self, histories: Histories, segment: int) -> Scores:
        blend, count = self.blend, len(histories)
        heard = [blend.heard(place, histories) for place in range(len(blend.members))]
        said = {place: one for place, (one, _) in enumerate(heard)}
        standard = {place: one for place, (_, one) in enumerate(heard)}
        total = blend.weighed(said, standard, segment, count)
        open_to = np.where(blend.known, total, np.float32(-np.inf))
        exclude(open_to, histories)
        since, lengths = since_last(histories), histories.lengths
        for row, found in enumerate(top(open_to, self.candidates)):
            items = found[found >= 0]
            if len(items):
                own = [standard[place][row, items] for place in self.read.tolist()]
                values = np.column_stack([blend.signals[items], *own])
                X = described(values, total[row, items], int(lengths[row]), float(since[row]))
                _raise(total[row], items, total[row, items] + self._said(X))
        return total

    def _said(self, X: Floats) -> Singles:
        return np.asarray(self._forests.total([X]), dtype=np.float32)[:, 0]

    def because(self, histories: Histories, item: Codes) -> NDArray[np.intp]:
        """Return (q, k) the entry that speaks most for each item, as the blend has it."""
        return self.blend.because(histories, item)

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        plain, arrays = self.blend.state()
        trees, nodes = self.trees.state()
        named = {f"blend.{name}": one for name, one in arrays.items()}
        named |= {f"trees.{name}": one for name, one in nodes.items()}
        named |= {"read": self.read, "staged": self.staged}
        return {"blend": plain, "trees": trees, "candidates": self.candidates}, named

    @classmethod
    def from_state(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return the ranker of that state; raises ModelError where an index or a shape cannot be."""
        with reading(cls.kind):
            parts = {
                begin: {name.removeprefix(begin): one for name, one in arrays.items() if name.startswith(begin)}
                for begin in ("blend.", "trees.")
            }
            blend = Blend.from_state(plain["blend"], parts["blend."])
            trees = FlatTrees.from_state(plain["trees"], parts["trees."])
            read, staged, candidates = arrays["read"], arrays["staged"], plain["candidates"]
            require_fit(trees.outputs == 1, "outputs")
            require_fit(read.ndim == 1 and read.dtype == np.int64, "what is read")
            require_fit(bool(((read >= 0) & (read < len(blend.members))).all()), "a member that is read")
            require_fit(trees.features == blend.signals.shape[1] + len(read) + EXTRA, "features")
            require_fit(staged.dtype == np.bool_ and staged.shape == (len(blend.weights),), "staged")
            require_fit(isinstance(candidates, int) and 1 <= candidates <= 10_000, "candidates")
            return cls(blend, trees, read=read, staged=staged, candidates=candidates)


def _raise(total: Singles, items: Codes, scores: Singles) -> None:
    """Put the candidates' new scores in, moved so that they stay above all others."""
    total[items] = -np.inf
    rest = float(total.max(initial=-np.inf))
    lift = max(0.0, rest - float(scores.min()) + 1.0) if np.isfinite(rest) else 0.0
    total[items] = scores + np.float32(lift)

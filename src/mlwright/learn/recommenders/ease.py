"""EASE: how much each item speaks for or against each other one, all at once, in closed form.

Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019; with a share of the entries left out on
purpose: Steck, "Autoencoders that don't overfit towards the identity", NeurIPS 2020.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Configuration, Effort
from mlwright.learn.learners.configurations import table
from mlwright.learn.recommenders.base import Taught
from mlwright.learn.recommenders.linked import LinkedItems
from mlwright.learn.recommenders.memory import Memory, entry_weights
from mlwright.learn.recommenders.sparse import Seen, spread, strongest
from mlwright.learn.recommenders.trend import trend

MOST_ITEMS = 6_000
"""The items that were taken most; the rest is left to others: time grows with the third power of their number."""
KEPT = 256
"""Numbers of each row that travel in the model, those farthest from 0."""


class Ease:
    """Learns a linear model of each item from all others."""

    name: ClassVar[str] = "ease"
    label: ClassVar[str] = "EASE"
    simple: ClassVar[bool] = False
    package: ClassVar[str | None] = "scipy"
    extra: ClassVar[str | None] = None
    configurations: ClassVar[tuple[Configuration, ...]] = table(
        "ridge left_out half_life trend",
        (10.0, 0.0, None, 7.0),
        (10.0, 0.0, None, None),
        (3.0, 0.0, None, 30.0),
        (5.0, 0.3, None, 7.0),
        (3.0, 0.0, None, None),
        (10.0, 0.0, 30.0, 30.0),
    )

    def takes(self, taught: Taught) -> str | None:
        """Return None where at least two items were taken, else why not."""
        return None if len(np.unique(taught.log.item)) > 1 else "It learns from pairs of items, and the log has none."

    def cost(self, taught: Taught) -> tuple[float, float]:
        """Return about how many seconds and bytes of memory a fit takes."""
        items = min(len(taught.log.items), MOST_ITEMS)
        return 0.2 + 8e-11 * items**3 + 1e-6 * len(taught.log), 40.0 * items**2 + 100.0 * len(taught.log)

    def fit(self, taught: Taught, configuration: Configuration, effort: Effort) -> LinkedItems:
        """Learn from whoever took at least two things; `ridge` is in mean entries of an item."""
        from threadpoolctl import threadpool_limits

        seen = Seen.of(taught.log)
        X = seen.matrix(entry_weights(taught, configuration))
        counts = X.sum(axis=0)
        kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_ITEMS])
        X = X[:, kept]
        with threadpool_limits(effort.threads, "blas"):
            B = weights_of((X.T @ X).toarray(), configuration["ridge"], configuration["left_out"])
        items = seen.items[kept]
        rows = spread(strongest(B, KEPT), items, seen.all_items)
        known = np.zeros(seen.all_items, dtype=np.bool_)
        known[items] = True
        return LinkedItems(
            rows.scaled(trend(taught, configuration.get("trend"))),
            Memory.of(configuration),
            known=known,
            positive=False,
        )


def weights_of(gram: NDArray[np.float64], ridge: float, left_out: float) -> NDArray[np.float64]:
    """Return (items, items): row i holds what item i says for each other; nothing for itself.

    `gram` counts who took both. It minimises |X - X B|^2 + |penalty B|^2 under a diagonal of 0.
    """
    from scipy.linalg.lapack import dpotrf, dpotri

    own = gram.diagonal().copy()
    penalty = ridge * max(own.mean(), 1e-12) + own * left_out / (1 - left_out)
    gram = gram.copy()
    gram[np.diag_indices_from(gram)] += penalty
    root, _ = dpotrf(gram, lower=1, overwrite_a=1)
    inverse, _ = dpotri(root, lower=1, overwrite_c=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    B: NDArray[np.float64] = -inverse / inverse.diagonal()
    np.fill_diagonal(B, 0.0)
    return B

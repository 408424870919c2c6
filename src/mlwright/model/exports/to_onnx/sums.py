"""Linear models, networks and sums of curves (EBM) as nodes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.additive import AdditivePredictor
from mlwright.learn.linear import LinearPredictor
from mlwright.learn.network import SELU_ALPHA, SELU_SCALE, NetworkPredictor
from mlwright.model.exports.to_onnx.graph import FLOAT, INT, Tensor
from mlwright.model.exports.to_onnx.links import LINKS
from mlwright.model.exports.to_onnx.trees import Questions, ask, same_for_all

Floats = NDArray[np.float64]


def linear(X: Tensor, predictor: LinearPredictor) -> Tensor:
    """Return (n, k): what a weighted sum predicts."""
    arrays = predictor.state()[1]
    known = X.is_nan().where(arrays["fill"], X).clip(arrays["low"], arrays["high"])
    sums = known.matmul(X.graph.constant(arrays["weight"])) + arrays["intercept"]
    return LINKS[predictor.link](sums)


def network(X: Tensor, predictor: NetworkPredictor) -> Tensor:
    """Return (n, k): the mean answer of the networks; weights are kept in single precision and used in double."""
    plain, arrays = predictor.state()
    graph = X.graph
    fill, spread, low, high, frequency, phase, ends = (
        arrays[name].astype(np.float64) for name in ("fill", "spread", "low", "high", "frequency", "phase", "ends")
    )
    known = (X.is_nan().where(fill, X).clip(low, high) - fill) / spread
    if len(arrays["wave"]):
        # As sines: ONNX Runtime has had no cosine of doubles for long.
        waves = known.take(arrays["wave"].astype(np.int64), axis=1) * frequency + (phase + np.pi / 2)
        known = graph.joined([known, waves.apply("Sin")])
    sums = known
    for layer in range(plain["layers"]):
        if layer:
            below = (sums > 0.0).where(0.0, sums).apply("Exp") - 1.0
            sums = ((sums > 0.0).where(sums, 0.0) + below * SELU_ALPHA) * SELU_SCALE
        weight = graph.constant(arrays[f"weight{layer}"]).cast(FLOAT)
        bias = graph.constant(arrays[f"bias{layer}"][:, None, :]).cast(FLOAT)
        sums = sums.matmul(weight) + bias
    sums = sums.clip(float(ends[0]), float(ends[1]))
    nets = len(arrays["weight0"])
    answers = [LINKS[plain["link"]](sums.take(np.array(net), axis=0)) for net in range(nets)]
    total = answers[0]
    for answer in answers[1:]:
        total = total + answer
    return total / float(nets)


def additive(X: Tensor, predictor: AdditivePredictor) -> Tensor:
    """Return (n, k): what curves and tables add up to. A column's bin is found by a tree of its edges."""
    plain, arrays = predictor.state()
    graph, terms = X.graph, [tuple(term) for term in plain["terms"]]
    intercept = arrays["intercept"].astype(np.float64)
    used = sorted({feature for term in terms for feature in term})
    if not used:
        return LINKS[predictor.link](same_for_all(X, intercept))
    counts = arrays["counts"].astype(np.int64)
    edges = np.split(arrays["edges"].astype(np.float64), np.cumsum(counts)[:-1])
    coarse = arrays["coarse"].astype(np.int64)
    parts = np.split(coarse, np.cumsum(counts + 2)[:-1])
    starts = np.cumsum(counts + 2) - (counts + 2)
    bins = _bins(X.take(used, axis=1), [edges[feature] for feature in used])
    place = {feature: at for at, feature in enumerate(used)}
    wide = [int(parts[term[-1]].max()) + 1 for term in terms]
    sizes = [
        len(parts[term[0]]) if len(term) == 1 else (int(parts[term[0]].max()) + 1) * many
        for term, many in zip(terms, wide, strict=True)
    ]
    first_cell = np.cumsum([0, *sizes])[:-1]
    cells = []
    if singles := [at for at, term in enumerate(terms) if len(term) == 1]:
        cells.append(bins.take([place[terms[at][0]] for at in singles], axis=1) + first_cell[singles])
    if pairs := [at for at, term in enumerate(terms) if len(term) == 2]:
        coarser = graph.constant(coarse).take(bins + starts[used])
        one, other = (coarser.take([place[terms[at][side]] for at in pairs], axis=1) for side in (0, 1))
        cells.append(one * np.array([wide[at] for at in pairs]) + other + first_cell[pairs])
    said = graph.constant(arrays["score"].astype(np.float64)).take(graph.joined(cells))
    return LINKS[predictor.link](said.sum(axis=1, keep=False) + intercept)


def _bins(X: Tensor, edges: list[Floats]) -> Tensor:
    """Return (n, columns): the bin of each number, 0 where it is missing."""
    missing = X.is_nan()
    trees = [_search_tree(own, column) for column, own in enumerate(edges)]
    nodes = np.cumsum([0, *(len(tree.entry) for tree in trees)])
    leaves = np.cumsum([0, *(len(tree.weight) for tree in trees)])

    def joined(name: str, leaf: str | None = None) -> Floats:
        moved = []
        for at, tree in enumerate(trees):
            is_leaf = getattr(tree, leaf) if leaf else False
            moved.append(getattr(tree, name) + (np.where(is_leaf, leaves[at], nodes[at]) if leaf else 0))
        return np.concatenate(moved)

    asked = Questions(
        roots=nodes[:-1],
        entry=joined("entry"),
        threshold=joined("threshold"),
        yes=joined("yes", "yes_leaf"),
        no=joined("no", "no_leaf"),
        yes_leaf=joined("yes_leaf"),
        no_leaf=joined("no_leaf"),
        target=joined("target"),
        weight=joined("weight"),
    )
    found = ask(missing.where(0.0, X), asked, len(edges)).cast(INT)
    return missing.where(0, found + 1)


def _search_tree(edges: Floats, column: int) -> Questions:
    """Return a tree whose leaf for x weighs how many of the sorted edges are not above x.

    It is built level by level as a heap of ranges of edges. "x < edge" is asked as "x <= the double below the edge".
    """
    if not len(edges):
        none, always = np.zeros(1, dtype=np.int64), np.ones(1, dtype=np.bool_)
        return Questions(
            roots=none, entry=none + column, threshold=none, yes=none, no=none, yes_leaf=always, no_leaf=always,
            target=none + column, weight=none,
        )  # fmt: skip
    ranges = [(0, len(edges))]
    middle, children = [], []
    for low, high in ranges:  # grows as it goes
        at = (low + high) // 2
        middle.append(at)
        sides = []
        for start, end in ((low, at), (at + 1, high)):
            sides.append((start, True) if start == end else (len(ranges), False))
            if start < end:
                ranges.append((start, end))
        children.append(sides)
    (yes, yes_leaf), (no, no_leaf) = np.array(children, dtype=np.int64).transpose(1, 2, 0)
    return Questions(
        roots=np.zeros(1, dtype=np.int64),
        entry=np.full(len(edges), column),
        threshold=np.nextafter(edges[middle], -np.inf),
        yes=yes,
        no=no,
        yes_leaf=yes_leaf.astype(np.bool_),
        no_leaf=no_leaf.astype(np.bool_),
        target=np.full(len(edges) + 1, column),
        weight=np.arange(len(edges) + 1),
    )

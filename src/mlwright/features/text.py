"""Text: what it says of the target, what it is about (TF-IDF, truncated SVD), and how long it is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Coded, Floats, Values
from mlwright.features import state
from mlwright.features.base import NAN, Arrays, Feature, Options, Training, Value, coded
from mlwright.features.words import Counted, Counts, Terms, are_names, few_words

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

MOST_TERMS = 20_000
MOST_ROWS = 20_000
"""Rows that are learned from; the rest are only encoded."""
LEAST_ROWS = 10
TOPICS = 30
PENALTIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
MOST_JUDGES = 3
"""Signals by which the penalty is chosen: more would cost time and change little."""
AT_ONCE = 64
"""Texts that are encoded together, so that memory stays small."""
REMEMBERED = 4_096
"""Up to so many texts, what was counted is kept for another encoder of the same column that knows the same terms."""
MOST_LETTERS = 20_000_000
"""Letters of a column whose texts are taken apart once for all fits: what is kept takes about ten bytes a letter."""
_COUNTING = threading.Lock()


class TextEncoder:
    """A score for each signal, topics, and the length of a text, all standardised.

    The score is a ridge regression of the signal on sublinear TF-IDF, out of fold for training rows: it alone keeps
    nearly all that a linear model on every word knows, where topics, the truncated SVD (latent semantic analysis,
    Deerwester et al. 1990), lose much of it.
    """

    __slots__ = ("_missing", "_weights", "center", "idf", "missing", "name", "scale", "scores", "terms", "topics")
    kind: ClassVar[str] = "text"
    reads: ClassVar[Literal["floats", "strings", "either"]] = "strings"

    def __init__(self, name: str, terms: Terms, arrays: Arrays, *, missing: float) -> None:
        self.name, self.terms, self.missing = name, terms, missing
        self.idf, self.scores, self.topics = arrays["idf"].astype(np.float64)[:, 0], arrays["scores"], arrays["topics"]
        self.center, self.scale = arrays["standard"].astype(np.float64)
        self._weights = np.hstack([self.scores, self.topics]).astype(np.float64)
        self._missing = [missing] * len(self.center)

    @property
    def features(self) -> tuple[Feature, ...]:
        """Scores, topics, and lengths."""
        signals, topics = self.scores.shape[1], self.topics.shape[1]
        names = ["score"] if signals == 1 else [f"score{place + 1}" for place in range(signals)]
        names += [f"topic{place + 1}" for place in range(topics)]
        return tuple(Feature(f"{self.name}.{name}", self.name) for name in (*names, "length", "words"))

    @classmethod
    def fit(cls, name: str, values: Values, training: Training, options: Options) -> tuple[Self, Floats] | None:
        """Learn from at most `MOST_ROWS` rows; a column with hardly any text is not mine."""
        texts = coded(values)
        rows = np.flatnonzero(texts.codes >= 0)
        if len(rows) < LEAST_ROWS:
            return None
        if len(rows) > MOST_ROWS:
            rows = np.sort(training.generator(name).choice(rows, MOST_ROWS, replace=False))
        counted, places = _counted(texts, rows)
        terms = Terms.fit(counted, places, least_texts=max(2, len(rows) // 5_000), most=MOST_TERMS)
        counts = counted.of(places).renumbered(terms.numbers(counted))
        idf = _rarity(counts, len(terms.known))
        matrix = _matrix(counts, idf)
        scores, held_out = _scores(matrix, training.take(rows))
        topics = _topics(matrix, int(options.get("topics", TOPICS)), training.seed)
        arrays: dict[str, NDArray[Any]] = {"idf": idf[:, None], "scores": scores, "topics": topics}
        width = scores.shape[1] + topics.shape[1] + 2
        plain = cls(name, terms, {**arrays, "standard": np.array([[0.0] * width, [1.0] * width])}, missing=NAN)
        encoded = plain.encode(texts)
        encoded[rows, : scores.shape[1]] = held_out
        center, scale = np.nanmean(encoded, axis=0), np.nanstd(encoded, axis=0)
        scale[~(scale > 1e-9)] = 1.0
        arrays["standard"] = np.stack([center, scale])
        encoded = (encoded - center) / scale
        missing = float(options.get("missing", NAN))
        encoded[texts.codes < 0] = missing
        return cls(name, terms, arrays, missing=missing), encoded

    def encode(self, values: Values) -> Floats:
        """Return (n, width)."""
        texts: Coded = coded(values)
        used, places = np.unique(texts.codes, return_inverse=True)
        distinct = np.empty((len(used), len(self._missing)))
        first = int(len(used) > 0 and used[0] < 0)
        distinct[:first] = self._missing
        starts, count = range(first, len(used), AT_ONCE), self._counter(texts)
        counts: Iterable[Counts] = (count(used[start : start + AT_ONCE]) for start in starts)
        if len(used) <= REMEMBERED:
            counts = self.terms.once(texts, partial(list[Counts], counts))
        for start, counted in zip(starts, counts, strict=True):
            distinct[start : start + AT_ONCE] = self._encode(counted)
        return distinct[places]

    def encode_one(self, value: Value) -> Sequence[float]:
        """Return the row that `encode` would give."""
        if not isinstance(value, str):
            return self._missing
        (counted,) = self.terms.once(value, lambda: [self.terms.count([value])])
        row: list[float] = self._encode(counted)[0].tolist()
        return row

    def _counter(self, texts: Coded) -> Callable[[NDArray[Any]], Counts]:
        """Return what counts the known terms of the texts of these codes: by what is noted of them where it is."""
        counted: Counted | None = texts.notes.get(_note(names=self.terms.names))
        if counted is None:
            return lambda codes: self.terms.count([texts.values[code] for code in codes.tolist()])
        numbers = self.terms.numbers(counted)
        return lambda codes: counted.of(codes).renumbered(numbers)

    def _encode(self, counts: Counts) -> Floats:
        raw = np.zeros((len(counts.sizes), len(self._missing)))
        raw[:, -2:] = np.log1p(counts.lengths)
        known = np.flatnonzero(counts.sizes)
        if len(known):
            starts = np.cumsum(counts.sizes[known]) - counts.sizes[known]
            weights = _weigh(counts, self.idf)
            length = np.sqrt(np.add.reduceat(weights * weights, starts))
            summed = np.add.reduceat(weights[:, None] * self._weights[counts.terms], starts)
            raw[known, :-2] = summed / length[:, None]
        standardised: Floats = (raw - self.center) / self.scale
        return standardised

    def share(self, other: TextEncoder) -> None:
        """Count terms together with another encoder of the same column, where both know the same."""
        if self.terms.names == other.terms.names and self.terms.known == other.terms.known:
            self.terms = other.terms

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return JSON and arrays."""
        plain = {"terms": list(self.terms.known), "names": self.terms.names, "impute": self.missing == 0.0}
        standard = np.stack([self.center, self.scale])
        return plain, {"idf": self.idf[:, None], "scores": self.scores, "topics": self.topics, "standard": standard}

    @classmethod
    def from_state(cls, name: str, plain: Mapping[str, Any], arrays: Arrays) -> Self:
        """Return the encoder of that state."""
        terms = Terms(state.strings(plain, "terms"), names=state.flag(plain, "names"))
        size = len(terms.known)
        read = {key: state.matrix(arrays, key, rows=size) for key in ("idf", "scores", "topics")}
        read["standard"] = state.matrix(arrays, "standard", rows=2)
        width = read["scores"].shape[1] + read["topics"].shape[1] + 2
        if read["idf"].shape[1] != 1 or read["standard"].shape[1] != width or not read["scores"].shape[1]:
            raise state.damaged(f"the text encoding of column {name!r} does not fit together")
        if (read["idf"] <= 0).any() or (read["standard"][1] <= 0).any():
            raise state.damaged(f"the text encoding of column {name!r} has a weight that cannot be")
        return cls(name, terms, read, missing=0.0 if state.flag(plain, "impute") else NAN)


def _note(*, names: bool) -> str:
    return "names" if names else "prose"


def _counted(texts: Coded, rows: NDArray[np.intp]) -> tuple[Counted, NDArray[np.intp]]:
    """Return the terms of the column's texts and where the rows' texts stand among them.

    They are noted at the column, unless it is so large that only the texts of these rows are looked at.
    """
    used, places = np.unique(texts.codes[rows], return_inverse=True)
    noted: Counted | None = next(iter(texts.notes.values()), None)
    if noted is None:
        names = are_names([texts.values[code] for code in texts.codes[rows].tolist()])
    else:
        names = few_words(noted.lengths[texts.codes[rows], 1].tolist())
    if sum(map(len, texts.values)) > MOST_LETTERS:
        return Counted([texts.values[code] for code in used.tolist()], names=names), places
    note = _note(names=names)
    with _COUNTING:
        if note not in texts.notes:
            texts.notes[note] = Counted(texts.values, names=names)
    return texts.notes[note], used.astype(np.intp)[places]


def _weigh(counts: Counts, idf: Floats) -> Floats:
    """Return the sublinear TF-IDF of the terms of all texts, before each text's norm is 1."""
    weights: Floats = (1.0 + np.log(counts.counts)) * idf[counts.terms]
    return weights


def _rarity(counts: Counts, size: int) -> Floats:
    """Return the inverse document frequency, smoothed as if one more text held every term."""
    texts_with = np.bincount(counts.terms, minlength=size)
    rarity: Floats = np.log((1.0 + len(counts.sizes)) / (1.0 + texts_with)) + 1.0
    return rarity


def _matrix(counts: Counts, idf: Floats) -> csr_matrix:
    """Return the TF-IDF of every text, each of norm 1."""
    from scipy.sparse import csr_matrix

    weights = _weigh(counts, idf)
    rows = np.repeat(np.arange(len(counts.sizes)), counts.sizes)
    length = np.sqrt(np.bincount(rows, weights=weights * weights, minlength=len(counts.sizes)))
    ends = np.concatenate([[0], np.cumsum(counts.sizes)])
    return csr_matrix((weights / length[rows], counts.terms, ends), shape=(len(counts.sizes), len(idf)))


def _scores(matrix: csr_matrix, training: Training) -> tuple[NDArray[np.float32], Floats]:
    """Return the weight of each term for each signal, and the scores of the rows by weights of the other folds.

    The penalty is the strongest whose scores out of fold go with the signals as well as the best ones do, but for one
    standard error (Breiman et al. 1984). Correlation judges, not distance: learners rescale a score as they like.
    """
    signals = training.signals
    if not matrix.shape[1]:
        return np.zeros((0, signals.shape[1]), dtype=np.float32), np.zeros_like(signals)
    judges = replace(training, signals=signals[:, :MOST_JUDGES])
    fits = [_agreement(_held_out(matrix, judges, penalty), judges.signals) for penalty in PENALTIES]
    enough = max(fits) - (1 - max(fits) ** 2) / np.sqrt(len(signals))
    chosen = max(penalty for penalty, fit in zip(PENALTIES, fits, strict=True) if fit >= enough)
    return _ridge(matrix, training, chosen).astype(np.float32), _held_out(matrix, training, chosen)


def _held_out(matrix: csr_matrix, training: Training, penalty: float) -> Floats:
    """Return the scores of every row by the weights of the other folds."""
    scores = np.zeros_like(training.signals)
    for fold in np.unique(training.folds):
        inside = training.folds == fold
        if not inside.all():
            scores[inside] = matrix[inside] @ _ridge(matrix[~inside], training.take(np.flatnonzero(~inside)), penalty)
    return scores


def _agreement(scores: Floats, signals: Floats) -> float:
    """Return the mean correlation of scores and signals; a constant counts 0."""
    scores, signals = scores - scores.mean(axis=0), signals - signals.mean(axis=0)
    size = np.sqrt((scores**2).sum(axis=0) * (signals**2).sum(axis=0))
    return float(((scores * signals).sum(axis=0) / np.where(size > 0, size, 1.0)).mean())


def _ridge(matrix: csr_matrix, training: Training, penalty: float) -> Floats:
    """Return (terms, k) weights; the intercept is no part of a score, it would tell the folds apart."""
    from sklearn.linear_model import Ridge

    model = Ridge(alpha=penalty, solver="sparse_cg", tol=1e-3)
    model.fit(matrix, training.signals, sample_weight=training.weight)
    weights: Floats = model.coef_.reshape(training.signals.shape[1], -1).T
    return weights


def _topics(matrix: csr_matrix, most: int, seed: int) -> NDArray[np.float16]:
    """Return (terms, topics): the leading right singular vectors; half precision is ample for them."""
    from sklearn.utils.extmath import randomized_svd

    topics = min(most, min(matrix.shape) - 1)
    if topics < 1:
        return np.zeros((matrix.shape[1], 0), dtype=np.float16)
    _, _, found = randomized_svd(matrix, topics, n_iter=4, random_state=seed)
    vectors: NDArray[np.float16] = found.T.astype(np.float16)
    return vectors

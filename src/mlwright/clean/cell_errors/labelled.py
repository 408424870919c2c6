"""A few labelled rows: which to ask for, and what they change.

The cells of each column fall into clusters of equal or similar signs. The row asked for is the one whose cells lie in
the largest clusters that nobody has spoken of and that the consensus is least sure of. A label speaks for its cluster;
where labels contradict the consensus, a classifier learns the column from them, from what was said of the clusters,
and, for clusters that no label has reached, from the consensus itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.cell_errors.consensus import WRONG, Verdict
from mlwright.clean.cell_errors.judge import Judged
from mlwright.clean.cell_errors.signs import Signs
from mlwright.clean.cell_errors.written import Rows
from mlwright.columns import Floats

CLUSTERS = 40
"""Clusters of cells in each column at most; the smallest ones are one."""
STRONG = 2.0
"""A sign of that weight is a strong one."""
TREES = 60
LABELLED, SPOKEN_FOR, ASSUMED = 2.0, 1.5, 0.75
"""What a labelled cell counts, and what a cluster's cells count together that a label or the consensus speaks for."""
RARE_DOUBT, COMMON_DOUBT = 0.3, 2.0
SATED = 1.5
"""How much less a cluster is asked about for each label that it has."""
CHANCE = 0.1
FORMS_SEEN, SHAPES_SEEN = 8, 6
CLIP = 6.0
LARGEST = 1e150
"""Larger numbers count as this: their sums would be infinite."""

Truth = Mapping[int, Mapping[str, str]]
"""By row, what should stand in each column: "" for nothing."""


@dataclass(frozen=True, slots=True)
class Clustered:
    """The cells of one column as vectors: equal ones are one."""

    vector: NDArray[np.intp]
    """For each row, which vector it is."""
    vectors: Floats
    counts: NDArray[np.int64]
    cluster: NDArray[np.intp]
    """For each vector, its cluster."""

    def of_rows(self) -> NDArray[np.intp]:
        """Return the cluster of each row's cell."""
        return self.cluster[self.vector]


def clustered(signs: Signs, verdict: Verdict) -> Clustered:
    """Put the cells of a column into clusters of similar signs."""
    X, kind = _vectors(signs, verdict), _kinds(signs)
    together = X @ _directions(X.shape[1]) + 1e3 * kind
    _, first, vector, counts = np.unique(together, return_index=True, return_inverse=True, return_counts=True)
    vectors = X[first]
    scale = vectors.std(axis=0)
    return Clustered(vector.ravel(), vectors / np.where(scale > 0, scale, 1.0), counts.astype(np.int64), kind[first])


def _directions(count: int) -> Floats:
    """Return numbers that tell vectors apart: two that differ hardly ever have the same sum."""
    return np.random.default_rng(97).normal(size=count)


def _kinds(signs: Signs) -> NDArray[np.intp]:
    """Return the cluster of each cell: those of one form in which the same strategies see something are alike."""
    written = signs.written
    ranks = _ranks(signs, written.forms, FORMS_SEEN).astype(np.int64)
    ranks = 2 * (2 * ranks + written.missing) + written.empty
    for weights in signs.by_text.values():
        ranks = 3 * ranks + (weights > 0) + (weights > STRONG)
    kind = np.unique(ranks, return_inverse=True)[1].ravel()[written.codes]
    by_row: list[Floats] = [*signs.by_row.values(), np.asarray(-signs.votes.weight, dtype=np.float64)]
    for strength in by_row:
        seen = 3 * kind + (strength > 0.3).astype(np.intp) + (strength > STRONG).astype(np.intp)
        kind = np.unique(seen, return_inverse=True)[1].ravel()
    size = np.bincount(kind)
    order = np.argsort(-size, kind="stable")
    place = np.full(len(size), CLUSTERS - 1)
    place[order[: CLUSTERS - 1]] = np.arange(len(order[: CLUSTERS - 1]))
    return np.asarray(place[kind], dtype=np.intp)


def _ranks(signs: Signs, kinds: tuple[str, ...], most: int) -> NDArray[np.intp]:
    """Return for each text the rank of its form, the most frequent first; rarer ones share the last."""
    place = {kind: at for at, kind in enumerate(_frequent(signs, kinds, most))}
    return np.array([place.get(kind, most) for kind in kinds], dtype=np.intp)


def _vectors(signs: Signs, verdict: Verdict) -> Floats:
    """Return for each cell what is known of it as numbers of one size."""
    written = signs.written
    texts = written.texts
    lengths = np.array([len(text) for text in texts], dtype=np.float64)
    middle = float(np.median(lengths[written.codes])) if written.rows else 0.0
    numbers = np.clip(written.numbers, -LARGEST, LARGEST)
    known = numbers[~np.isnan(numbers)]
    centre = float(np.median(known)) if len(known) else 0.0
    spread = float(np.abs(known - centre).mean()) or 1.0 if len(known) else 1.0
    by_text = [
        np.log2(written.counts),
        4.0 * written.share_of(written.forms),
        2.0 * written.share_of(written.shapes),
        np.clip((lengths - middle) / (0.25 * middle + 1.0), -3, 3).round(1),
        3.0 * written.missing,
        3.0 * written.empty,
        np.nan_to_num(np.clip((numbers - centre) / (4.0 * spread), -3, 3)).round(1),
        np.array([any(sign.isdigit() for sign in text) for text in texts], dtype=np.float64),
        np.array([any(sign.isalpha() for sign in text) for text in texts], dtype=np.float64),
        np.array([any(not (sign.isalnum() or sign == " ") for sign in text) for text in texts], dtype=np.float64),
        *signs.by_text.values(),
        *_seen(signs, written.forms, FORMS_SEEN),
        *_seen(signs, written.shapes, SHAPES_SEEN),
    ]
    odds = np.log(verdict.probability / np.maximum(1.0 - verdict.probability, 1e-12))
    by_row = [
        *(values for name, values in signs.by_row.items() if name != "together"),
        signs.votes.weight.astype(np.float64),
        np.minimum(signs.votes.against, 4).astype(np.float64),
        odds,
    ]
    columns = [np.asarray(each, dtype=np.float64)[written.codes] for each in by_text]
    columns += [np.asarray(each, dtype=np.float64) for each in by_row]
    return np.round(np.clip(np.column_stack(columns), -CLIP, CLIP) * 4.0) / 4.0


def _seen(signs: Signs, kinds: tuple[str, ...], most: int) -> list[Floats]:
    """Return for the most frequent forms which texts have them."""
    ranks = _ranks(signs, kinds, most)
    return [2.0 * (ranks == rank) for rank in range(min(most, int(ranks.max(initial=0)) + 1))]


def _frequent(signs: Signs, kinds: tuple[str, ...], most: int) -> list[str]:
    total: dict[str, int] = {}
    for kind, count in zip(kinds, signs.written.counts.tolist(), strict=True):
        total[kind] = total.get(kind, 0) + count
    return sorted(total, key=lambda kind: (-total[kind], kind))[:most]


def next_row(
    groups: Mapping[str, Clustered], judged: Judged, wrong: Mapping[str, Mapping[int, bool]], labelled: Rows, *,
    seed: int = 0,
) -> int | None:  # fmt: skip
    """Return the row whose labels would tell most, or None where all rows are labelled.

    `wrong` says by column which labelled cells were wrong. A cluster whose labels surprised is asked about again.
    """
    rows = judged.looked.rows
    left = np.ones(rows, dtype=np.bool_)
    left[labelled] = False
    if not left.any():
        return None
    worth = np.zeros(rows)
    for name, group in groups.items():
        cluster = group.of_rows()
        size, spoken, sure = _spoken(group, judged.verdicts[name].probability, wrong.get(name, {}))
        gain = np.sqrt(size / rows) * (0.15 + 4.0 * sure * (1.0 - sure)) / (1.0 + SATED * spoken)
        worth += gain[cluster]
    # Rows that are nearly alike are chosen from by chance: what is worth most by a hair is no better.
    worth *= 1.0 + CHANCE * np.random.default_rng((seed, len(labelled))).random(rows)
    worth[~left] = -1.0
    return int(np.argmax(worth))


def _spoken(group: Clustered, p: Floats, said: Mapping[int, bool]) -> tuple[Floats, Floats, Floats]:
    """Return for each cluster its cells, its labels, and what share of it is wrong by consensus and labels together."""
    cluster = group.of_rows()
    size = np.bincount(cluster, minlength=CLUSTERS).astype(np.float64)
    before = np.bincount(cluster, weights=p, minlength=CLUSTERS) / np.maximum(size, 1)
    rows, truth = np.array(list(said), dtype=np.intp), np.array(list(said.values()), dtype=np.float64)
    spoken = np.bincount(cluster[rows], minlength=CLUSTERS).astype(np.float64)
    wrong = np.bincount(cluster[rows], weights=truth, minlength=CLUSTERS)
    doubt = _doubt(size / max(len(p), 1))
    return size, spoken, (wrong + doubt * before) / (spoken + doubt)


def _doubt(share: Floats) -> Floats:
    """Return how many labels the consensus is worth for cells that make up such a share of their column.

    A label on something rare speaks for all that is like it. What most cells look like is wrong now and then for
    reasons that nobody sees, and one such cell says nothing of the others.
    """
    return RARE_DOUBT + COMMON_DOUBT * share


def learned(
    judged: Judged, groups: Mapping[str, Clustered], wrong: Mapping[str, Mapping[int, bool]], *, seed: int = 0
) -> Judged:
    """Return the judgement after the labels: by column, which labelled rows were wrong."""
    verdicts = dict(judged.verdicts)
    for name, said in wrong.items():
        if name not in verdicts or not said:
            continue
        verdict = verdicts[name]
        rows, truth = np.array(list(said), dtype=np.intp), np.array(list(said.values()), dtype=np.bool_)
        p = verdict.probability.copy()
        if bool(((p[rows] >= WRONG) != truth).any()):
            p = _classified(groups[name], p, rows, truth, seed)
        p[rows] = np.where(truth, 0.999, 0.001)
        verdicts[name] = replace(verdict, probability=p)
    return replace(judged, verdicts=verdicts)


def _classified(group: Clustered, p: Floats, rows: Rows, truth: NDArray[np.bool_], seed: int) -> Floats:
    """Return the probabilities that a classifier gives which has learned a column from its labels."""
    from sklearn.ensemble import ExtraTreesClassifier

    places, y, weights = _lessons(group, p, rows, truth)
    if len(np.unique(y)) < 2:
        return np.full(len(p), float(y[0]) if len(y) else 0.0) * 0.9 + 0.02
    model = ExtraTreesClassifier(TREES, min_samples_leaf=1, max_features=0.5, random_state=seed, n_jobs=1)
    model.fit(group.vectors[places], y, sample_weight=weights)
    answered = np.clip(model.predict_proba(group.vectors)[:, 1], 0.005, 0.995)
    return np.where(_confirmed(group, p, rows, truth)[group.vector], p, answered[group.vector])


def _confirmed(group: Clustered, p: Floats, rows: Rows, truth: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the vectors of clusters in which every label says what the consensus said."""
    cluster = group.cluster[group.vector[rows]]
    spoken = np.bincount(cluster, minlength=CLUSTERS)
    agreed = np.bincount(cluster[(p[rows] >= WRONG) == truth], minlength=CLUSTERS)
    return np.asarray(((spoken > 0) & (spoken == agreed))[group.cluster], dtype=np.bool_)


def _lessons(
    group: Clustered, p: Floats, rows: Rows, truth: NDArray[np.bool_]
) -> tuple[NDArray[np.intp], NDArray[np.int64], Floats]:
    """Return vectors, answers and weights: labelled cells, clusters that they speak for, and those of the consensus."""
    places, answers, weights = [group.vector[rows]], [truth.astype(np.int64)], [np.full(len(rows), LABELLED)]
    mean = np.bincount(group.vector, weights=p, minlength=len(group.counts)) / group.counts
    # One label does not speak for all cells that look alike: the consensus is heard beside it.
    known = np.unique(group.vector[rows])
    for answer, odds in ((1, mean[known]), (0, 1.0 - mean[known])):
        places.append(known)
        answers.append(np.full(len(known), answer, dtype=np.int64))
        weights.append(LABELLED * _doubt(group.counts[known] / len(p)) * odds)
    _, labels, sure = _spoken(group, p, dict(zip(rows.tolist(), truth.tolist(), strict=True)))
    for cluster in np.unique(group.cluster):
        held = np.flatnonzero(group.cluster == cluster)
        share = np.sqrt(group.counts[held])
        share = share / share.sum()
        # What the labels say of a cluster counts for all its cells alike, what the consensus says for each of its own.
        wrong = np.full(len(held), sure[cluster]) if labels[cluster] else mean[held]
        for answer, odds in ((1, wrong), (0, 1.0 - wrong)):
            places.append(held)
            answers.append(np.full(len(held), answer, dtype=np.int64))
            weights.append((SPOKEN_FOR if labels[cluster] else ASSUMED) * share * odds)
    together = np.concatenate(weights)
    kept = together > 1e-6
    return np.concatenate(places)[kept], np.concatenate(answers)[kept], together[kept]

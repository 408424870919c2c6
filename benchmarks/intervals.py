"""Claim: a score's 95 % interval holds the true score in 95 of 100 samples, from 100 to 10,000 rows.

Draws many samples from a process whose true score is known, and counts how often the interval holds it. Run with
`python benchmarks/intervals.py [samples]`; 400 samples (the default) take about a minute and tell coverage to about
two points. Beside it stands the percentile bootstrap of scipy, which is what most people use.
"""

from __future__ import annotations

import math
import sys
import time

import numpy as np
from scipy import integrate, stats

from mlwright.evaluate.comparison import compare
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import score
from mlwright.tasks.base import Target
from mlwright.tasks.metrics import BINARY, REGRESSION

SIZES = (100, 1_000, 10_000)
PEER_SIZES = (100, 1_000)
PEER_SAMPLES = 100


def yes_no(rows, random, share, gap):
    """Return rows whose log-odds are normal around -gap/2 and gap/2: the area is known, and rare classes are rare."""
    y = (random.random(rows) < share).astype(float)
    logit = gap * (y - 0.5) * math.sqrt(2) + random.standard_normal(rows)
    p = 1 / (1 + np.exp(-logit))
    return HeldOut(Target(y)), np.column_stack([1 - p, p])


def numbers(rows, random, freedom):
    """Return rows whose errors follow Student's t: heavier tails with less freedom, root mean square known."""
    error = random.standard_t(freedom, rows) if freedom else random.standard_normal(rows)
    y = random.standard_normal(rows)
    return HeldOut(Target(y)), (y + error)[:, None]


def true_log_loss(share, gap):
    """Return the expected log loss of `yes_no`."""
    half = gap / math.sqrt(2)

    def loss(side):
        expected = lambda x: np.logaddexp(0, -side * x) * stats.norm.pdf(x, side * half)  # noqa: E731
        return integrate.quad(expected, -12, 12)[0]

    return share * loss(1) + (1 - share) * loss(-1)


def cases():
    """Yield what is tried: a title, the metric, how rows are drawn, and the true score."""
    for share, gap in ((0.5, 1.0), (0.1, 1.0), (0.1, 2.5), (0.02, 2.5)):
        title = f"{share:.0%} cases, separated by {gap}"
        draw = lambda rows, random, share=share, gap=gap: yes_no(rows, random, share, gap)  # noqa: E731
        yield f"ROC AUC, {title}", BINARY["roc_auc"], draw, stats.norm.cdf(gap)
        yield f"accuracy, {title}", BINARY["accuracy"], draw, stats.norm.cdf(gap / math.sqrt(2))
        yield f"log loss, {title}", BINARY["log_loss"], draw, true_log_loss(share, gap)
    for freedom in (0, 5):
        draw = lambda rows, random, freedom=freedom: numbers(rows, random, freedom)  # noqa: E731
        truth = math.sqrt(freedom / (freedom - 2)) if freedom else 1.0
        tails = f"errors of Student's t with {freedom} degrees of freedom" if freedom else "normal errors"
        yield f"RMSE, {tails}", REGRESSION["rmse"], draw, truth


def coverage(metric, draw, truth, rows, samples):
    """Return how often the interval holds the truth, its mean width, and the seconds it takes."""
    held, width, seconds, known = 0, 0.0, 0.0, 0
    for seed in range(samples):
        held_out, P = draw(rows, np.random.default_rng([seed, rows]))
        begun = time.perf_counter()
        value = score(metric, held_out, P, seed=seed)
        seconds += time.perf_counter() - begun
        if math.isfinite(value.value):
            known += 1
            held += value.low <= truth <= value.high
            width += value.high - value.low
    return held / known, width / known, seconds / samples


def peer(metric, draw, truth, rows):
    """Return how often scipy's percentile bootstrap (1,000 resamples) holds the truth."""
    held = 0
    for seed in range(PEER_SAMPLES):
        random = np.random.default_rng([seed, rows])
        held_out, P = draw(rows, random)
        pick = lambda index, held_out=held_out, P=P: metric.score(held_out.y[index], P[index], None)  # noqa: E731
        found = stats.bootstrap(
            (np.arange(rows),), pick, n_resamples=1_000, vectorized=False, method="percentile", rng=random
        )
        held += found.confidence_interval.low <= truth <= found.confidence_interval.high
    return held / PEER_SAMPLES


def false_alarms(samples, rows):
    """Return how often two equally good models are called different, by metric."""
    counts = dict.fromkeys(("roc_auc", "log_loss", "accuracy"), 0)
    for seed in range(samples):
        random = np.random.default_rng(seed)
        y = (random.random(rows) < 0.3).astype(float)
        shared = 2 * y - 1 + random.standard_normal(rows)
        both = []
        for _ in range(2):
            p = 1 / (1 + np.exp(-(shared + 0.5 * random.standard_normal(rows))))
            both.append(np.column_stack([1 - p, p]))
        for name in counts:
            difference = compare(BINARY[name], HeldOut(Target(y)), *both)
            counts[name] += difference.low > 0 or difference.high < 0
    return {name: count / samples for name, count in counts.items()}


def main():
    samples = int(sys.argv[1]) if len(sys.argv) > 1 else 400
    print(f"Coverage of 95 % intervals in {samples} samples (scipy's bootstrap: {PEER_SAMPLES} samples)\n")
    print(f"{'score':52} {'rows':>7} {'covers':>7} {'width':>8} {'ms':>7} {'scipy':>7}")
    for title, metric, draw, truth in cases():
        for rows in SIZES:
            covers, width, seconds = coverage(metric, draw, truth, rows, samples)
            beside = "" if rows not in PEER_SIZES or "2%" in title else f"{peer(metric, draw, truth, rows):7.3f}"
            print(f"{title:52} {rows:7,} {covers:7.3f} {width:8.4f} {1e3 * seconds:7.2f} {beside}", flush=True)
    print("\nEqually good models called different (should be at most 0.05):")
    for rows in SIZES:
        print(f"{rows:7,} rows", false_alarms(samples, rows), flush=True)


if __name__ == "__main__":
    main()

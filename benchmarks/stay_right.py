"""Claim: what changes is seen, learned and promoted without a human act, and little is lost beside an oracle.

Each year is simulated (`mlwright simulate`) over 180 days of 500 rows with outcomes 14 days late and a change on day
60, for several seeds and kinds. Run with `python benchmarks/stay_right.py [seeds]`; a year takes a minute.

Bars: a change of the relation is paged, learned and promoted; from then on the loss is within 10 % of the oracle's.
Broken data is never learned from. Where nothing changes, at most 5 % of the years have a page.

The last part simulates a loop that feeds on itself: outcomes are known of those alone who were accepted. Without
exploration the loop has to refuse to learn; with a random 3 % of the others followed up it has to learn, and so to see
what it misses.
"""

from __future__ import annotations

import hashlib
import sys
from datetime import timedelta

import numpy as np
import polars as pl

import mlwright as mw
from mlwright.adapt.drift import Drift
from mlwright.adapt.policy import Policy
from mlwright.adapt.simulate import Plan, simulate

DAYS, ROWS, CHANGE, DELAY = 180, 500, 60, timedelta(days=14)
KINDS = (
    "none", f"relation:age=0.5@{CHANGE}", f"relation:age=0.5@{CHANGE}-90", f"inputs:age=2@{CHANGE}",
    f"classes=2@{CHANGE}", f"missing:income@{CHANGE}", f"unit:income@{CHANGE}",
)  # fmt: skip


def drawn(rows, seed):
    """Return customers of whom some churn."""
    random = np.random.default_rng(seed)
    age, income = random.normal(45, 12, rows), random.lognormal(10, 0.5, rows)
    town = random.choice(["Oslo", "Bergen", "Bodo"], rows)
    score = (age - 45) / 12 + 1.6 * (np.log(income) - 10) + 0.7 * (town == "Oslo")
    churn = np.where(random.random(rows) < 1 / (1 + np.exp(-2 * score)), "yes", "no")
    return pl.DataFrame({"age": age, "income": income, "town": town, "churn": churn})


def explored(given, share):
    """Tell whether the outcome of an answer is known: of those answered no, and of a random share of the others."""
    digest = hashlib.sha256(given.id.encode()).digest()
    return given.prediction == "no" or int.from_bytes(digest[:7]) / (1 << 56) < share


def year(model, rows, seed, kind, **more):
    """Return a simulated year."""
    policy = more.pop("policy", Policy(trials=2))
    plan = Plan(
        days=DAYS, rows_per_day=ROWS, drifts=(Drift.read(kind, days=DAYS),), delay=DELAY, seed=seed, **more
    )  # fmt: skip
    return simulate(model, rows, plan=plan, policy=policy)


def told(name, found):
    """Print one line of a year."""
    promoted = found.first("promote", after=CHANGE)
    after = (promoted or CHANGE) + 1
    loop, oracle, nothing = (found.mean(which, after, DAYS) for which in ("loop", "oracle", "nothing"))
    refusals = [each.sentence for each in found.timeline if each.what == "refuse"]
    print(
        f"{name:32} page {found.first('page', after=CHANGE)!s:>5} promoted {promoted!s:>5} "
        f"loss after: loop {loop:.4f} oracle {oracle:.4f} ({loop / oracle - 1:+.1%}) nothing {nothing:.4f}; "
        f"false pages {found.count('page', is_false=True)}, notices {found.count('notice', is_false=True)}; "
        f"{found.count('promote')} promoted, {len(refusals)} refused, {found.count('roll back')} rolled back; "
        f"{found.seconds:.0f} s" + (f"\n{'':34}{refusals[0]}" if refusals else ""),
        flush=True,
    )


def main(seeds):
    """Simulate all years."""
    for seed in range(seeds):
        model = mw.build(drawn(3_000, 1_000 + seed), target="churn", trials=2, clean=False, seed=seed, name="churn")
        rows = drawn(DAYS * ROWS, 2_000 + seed)
        for kind in KINDS:
            told(f"seed {seed} {kind}", year(model, rows, seed, kind))
        kind = f"relation:age=0.5@{CHANGE}"
        alone = year(model, rows, seed, kind, followed=lambda given: explored(given, 0.0))
        told(f"seed {seed} accepted only", alone)
        policy = Policy(trials=2, exploration="random")
        few = year(model, rows, seed, kind, followed=lambda given: explored(given, 0.03), policy=policy)
        told(f"seed {seed} and 3 % of the others", few)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)

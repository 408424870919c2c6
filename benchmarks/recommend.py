"""Claim: what is chosen recommends as well as the best single learner, or better, and never worse than popularity.

    python benchmarks/recommend.py FOLDER [--budget 60] [--trials N] [--threads 2] [--seeds 3] [--only movielens ...]

FOLDER holds movielens_100k.csv.gz. Each log is searched on its teaching part and judged once, on people and moments
that no decision was made on: MovieLens-100k by time (20 % of the entries after the moment, full ranking of what was
there) and at random (some seeds), and logs that are made up (`mlwright.testing.logs` says how): implicit with sessions
and drifting fashions, without times, and with items described and new ones among them.
Printed are wall and processor seconds of the search, what was chosen, NDCG@10 with its interval for people with and
without a history and by the length of the history, and the paired difference to popularity and to the best learner.
First come the facts of the protocol that others can check: popularity, that of the last 30 days, EASE.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.evaluate.comparison import compare
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import Scored, score
from mlwright.learn.base import Effort
from mlwright.learn.budget import Budget
from mlwright.learn.recommenders import RECOMMENDERS
from mlwright.learn.recommenders.base import Ranker, Taught
from mlwright.learn.recommending.judging import Judged, judge
from mlwright.learn.recommending.search import Searched, search
from mlwright.tasks.base import Target
from mlwright.tasks.recommend.interactions import Features, Interactions
from mlwright.tasks.recommend.metrics import RECOMMEND
from mlwright.tasks.recommend.split import Cut, random_cut, time_cut
from mlwright.testing.logs import LogKind, make_log

NDCG = RECOMMEND["ndcg_10"]
FACTS = {
    "popularity": ("popularity", {}),
    "popularity of 30 days": ("decayed_popularity", {"half_life": None, "window": 30.0}),
    "EASE": ("ease", {"ridge": 4.0, "left_out": 0.0, "half_life": None, "trend": None}),
}
LENGTHS = ((0, 0), (1, 20), (21, 100), (101, 1 << 30))
Case = tuple[str, Interactions, Features | None, Callable[[Interactions], Cut]]


def movielens(folder: Path) -> Interactions:
    """Return MovieLens-100k as it is learned from."""
    table = pl.read_csv(folder / "movielens_100k.csv.gz").sort("timestamp", maintain_order=True)
    users, items = (table[name].unique().sort() for name in ("user_id", "item_id"))
    return Interactions(
        users=tuple(users.to_list()),
        items=tuple(items.to_list()),
        user=users.search_sorted(table["user_id"]).to_numpy().astype(np.int32),
        item=items.search_sorted(table["item_id"]).to_numpy().astype(np.int32),
        time=table["timestamp"].to_numpy().astype(np.float64),
        value=table["rating"].to_numpy().astype(np.float64),
    )


def cases(folder: Path, seeds: int) -> Iterator[Case]:
    """Yield the logs and how each is cut to judge."""
    log = movielens(folder)
    yield "movielens by time", log, None, time_cut
    timeless = replace(log, has_time=False)
    for seed in range(seeds):
        yield f"movielens at random, seed {seed}", timeless, None, partial(random_cut, seed=seed)
    kinds: tuple[tuple[LogKind, int], ...] = (("implicit", 1_500), ("no_time", 800), ("features", 2_000))
    for kind, count in kinds:
        made = make_log(3_000, count, 60_000, seed=1, kind=kind)
        log, described = made.interactions(), None
        if made.items is not None:
            table = pl.DataFrame({"item_id": list(log.items)}).join(made.items, on="item_id", how="left")
            described = Features({name: table[name].to_list() for name in table.columns if name != "item_id"})
        yield kind, log, described, time_cut


def main() -> None:
    """Search and judge each log."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--budget", type=float, default=60.0)
    parser.add_argument("--trials", type=int, help="so many trials, whatever the time")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--only", nargs="+", help="logs whose names begin so")
    options = parser.parse_args()
    for name, log, described, cutting in cases(options.folder, options.seeds):
        if options.only is None or name.startswith(tuple(options.only)):
            run(name, log, described, cutting(log), options)


def run(name: str, log: Interactions, described: Features | None, cut: Cut, options: argparse.Namespace) -> None:
    taught = Taught(cut.taught, cut.moment, described)
    warm = int(cut.warm.sum())
    print(f"\n== {name}: {len(log.users):,} people, {len(log.items):,} items, {len(log):,} entries;", end=" ")
    print(
        f"judged on {warm} with a history, {len(cut) - warm} without; {int(cut.fresh.sum())} of what they took was new"
    )
    if name.startswith("movielens"):
        facts(taught, cut)
    start, ticks = time.perf_counter(), time.process_time()
    budget = Budget(None if options.trials else options.budget)
    found = search(taught, budget=budget, trials=options.trials, threads=options.threads)
    print(f"search {time.perf_counter() - start:.1f} s, of processors {time.process_time() - ticks:.1f} s")
    told(found)
    effort = Effort(threads=options.threads)
    start = time.perf_counter()
    rankers: dict[str, Ranker] = {"chosen": found.fit(taught, effort), **found.rivals(taught, effort)}
    print(f"fits {time.perf_counter() - start:.1f} s")
    report(judge(rankers, cut))


def facts(taught: Taught, cut: Cut) -> None:
    """Print what the protocol gives for learners that everybody knows."""
    rankers = {
        name: RECOMMENDERS[learner].fit(taught, configuration, Effort())
        for name, (learner, configuration) in FACTS.items()
        if RECOMMENDERS[learner].takes(taught) is None
    }
    judged = judge(rankers, cut)
    for name in rankers:
        print(f"   fact: {name:24s} {written(scored(judged, name, judged.warm))}")


def told(found: Searched) -> None:
    """Print the leaderboard and what was compared."""
    for trial in found.trials:
        ends = f"{trial.interval[0]:.3f} to {trial.interval[1]:.3f}"
        print(f"   {trial.label:24s} {trial.score:.4f} ({ends}) {trial.seconds:6.1f} s {trial.configuration}", end="")
        print(f" {trial.error}" if trial.error else "")
    for kind, choice in found.choices.items():
        print(f"   for {choice.people} {kind} people at earlier moments: {choice.chosen.name}")
        for way in choice.ways:
            print(f"      {way.name:24s} {way.score:.4f}, gain {way.gain:+.4f}{' surely' if way.sure else ''}")


def report(judged: Judged) -> None:
    """Print what was judged."""
    kinds = {"with a history": judged.warm, "without": ~judged.warm}
    lengths = judged.cut.queries.lengths
    for low, high in LENGTHS[1:]:
        kinds[f"history of {low} to {high}" if high < 1 << 30 else f"history of {low} on"] = (lengths >= low) & (
            lengths <= high
        )
    for kind, those in kinds.items():
        if those.sum() < 2:
            continue
        held_out = HeldOut(Target(judged.y[those]))
        for name in judged.P:
            line = f"   {kind:20s} n={int(those.sum()):6,} {name:24s} {written(scored(judged, name, those))}"
            if name != "chosen":
                gap = compare(NDCG, held_out, judged.P["chosen"][those], judged.P[name][those])
                line += f"; chosen is better by {written(gap)}"
            print(line)
    print("   lists:", {name: round(value, 3) for name, value in judged.facts("chosen").as_dict().items()})


def scored(judged: Judged, name: str, those: NDArray[np.bool_]) -> Scored:
    return score(NDCG, HeldOut(Target(judged.y[those])), judged.P[name][those])


def written(found: Scored) -> str:
    return f"{found.value:.4f} ({found.low:.4f} to {found.high:.4f})"


if __name__ == "__main__":
    main()

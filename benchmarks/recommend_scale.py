"""A large log: what a build from it takes, how good it is, how large on disk, and how long an answer takes.

    python benchmarks/recommend_scale.py [--interactions 1000000] [--items 20000] [--users 100000] [--budget 300]

The log is made up (mlwright.testing.logs): implicit, a year of it, with drifting popularity. The build, and after it
the loading and answering, each run in a process of their own, so that each one's peak memory is its own. What teaches
is the log before a moment with 80 % of it; people who took something afterwards ask then, and are judged against the
most popular things of all time and of the last weeks.

The bar: built in 5 minutes, at most 8 GB; a never-seen user's answer within 5 ms (99th percentile).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mlwright.evaluate.comparison import compare
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import score
from mlwright.tasks.base import Floats, Target
from mlwright.tasks.recommend.interactions import Interactions
from mlwright.tasks.recommend.metrics import LIST, RECOMMEND
from mlwright.tasks.recommend.split import Cut, time_cut
from mlwright.testing.logs import make_log

DAY = 86_400.0
DAYS = (7, 14, 30, 90)
PEOPLE = 3_000
"""How many of those who ask are judged, at most."""
TIMED = 1_000
BAR_SECONDS, BAR_GB, BAR_MS = 300.0, 8.0, 5.0


def main() -> None:
    asked = arguments()
    if asked.step:
        done = STEPS[asked.step](asked.folder, asked.budget)
        (asked.folder / f"{asked.step}.json").write_text(json.dumps(done), encoding="utf-8")
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        cut = write(folder, asked)
        told: dict[str, Any] = {"entries": len(cut.taught), "people": len(cut)}
        for step in STEPS:
            told |= in_its_own(step, folder, asked.budget)
        told |= quality(cut, folder)
    print(json.dumps(told, indent=2))
    kept = told["build_s"] <= BAR_SECONDS and told["build_peak_gb"] <= BAR_GB and told["p99_cpu_ms"] <= BAR_MS
    sys.exit(0 if kept else 1)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--interactions", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--budget", type=float, default=290.0, help="seconds; the rest of five minutes is for starting")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def write(folder: Path, asked: argparse.Namespace) -> Cut:
    """Leave the part of the log that teaches and the people who ask as files; return the cut."""
    log = make_log(asked.users, asked.items, asked.interactions, seed=asked.seed).interactions()
    cut = time_cut(log).sampled(PEOPLE, asked.seed)
    teaching(cut.taught).write_csv(folder / "log.csv")
    asks = cut.queries
    queries = []
    for place in range(len(cut)):
        rows = range(asks.starts[place], asks.starts[place + 1])
        at = float(asks.at[place])
        history = [{"item": log.items[asks.item[row]], "at": at - float(asks.age[row])} for row in rows]
        queries.append({"history": history, "at": at})
    (folder / "queries.json").write_text(json.dumps(queries), encoding="utf-8")
    return cut


def teaching(log: Interactions) -> Any:
    """Return the log as the frame that a user would have."""
    import polars as pl

    users, items = np.array(log.users), np.array(log.items)
    return pl.DataFrame({"user": users[log.user], "item": items[log.item], "time": log.time})


def in_its_own(step: str, folder: Path, budget: float) -> dict[str, Any]:
    """Run a step in a process of its own and return what it tells."""
    command = [sys.executable, __file__, "--step", step, "--folder", str(folder), "--budget", str(budget)]
    begun = time.perf_counter()
    environment = os.environ | {"OMP_WAIT_POLICY": "passive", "MLWRIGHT_HOME": str(folder / "home")}
    subprocess.run(command, check=True, env=environment, stdout=sys.stderr)
    wall = time.perf_counter() - begun
    told: dict[str, Any] = json.loads((folder / f"{step}.json").read_text(encoding="utf-8"))
    return {f"{step}_wall_s": round(wall, 2)} | told


def build(folder: Path, budget: float) -> dict[str, Any]:
    """Build and save; the command line does the same."""
    import mlwright as mw

    begun, busy = time.perf_counter(), time.process_time()
    mw.build(
        folder / "log.csv", task="recommend", user="user", item="item", time="time", budget=budget, out=folder / "model"
    )
    seconds, worked = time.perf_counter() - begun, time.process_time() - busy
    return {
        "build_s": round(seconds, 1),
        "build_cpu_s": round(worked, 1),
        "build_peak_gb": peak(),
        "size_mb": round(sum(each.stat().st_size for each in (folder / "model").rglob("*") if each.is_file()) / 1e6, 1),
    }


def answer(folder: Path, _: float) -> dict[str, Any]:
    """Load and answer everybody who asks, one by one."""
    import mlwright as mw

    begun = time.perf_counter()
    model = mw.load(folder / "model")
    loaded = time.perf_counter() - begun
    queries = json.loads((folder / "queries.json").read_text(encoding="utf-8"))
    for query in queries[:10]:
        model.recommend(k=LIST, **query)
    waits = np.empty((2, min(TIMED, len(queries))))
    for place in range(waits.shape[1]):
        begun, busy = time.perf_counter(), time.process_time()
        model.recommend(k=LIST, **queries[place])
        waits[:, place] = time.perf_counter() - begun, time.process_time() - busy
    lists = [[one.item for one in model.recommend(k=LIST, **query)] for query in queries]
    (folder / "lists.json").write_text(json.dumps(lists), encoding="utf-8")
    (p50, cpu50), (p99, cpu99) = np.percentile(1000 * waits, [50, 99], axis=1)
    told = {"load_s": loaded, "p50_ms": p50, "p99_ms": p99, "p50_cpu_ms": cpu50, "p99_cpu_ms": cpu99}
    return {key: round(float(value), 3) for key, value in told.items()} | {"answer_peak_gb": peak()}


def quality(cut: Cut, folder: Path) -> dict[str, Any]:
    """Return the scores of the lists and of popularity, for people with a history and without."""
    place_of = {item: place for place, item in enumerate(cut.taught.items)}
    answered = json.loads((folder / "lists.json").read_text(encoding="utf-8"))
    ours = found(cut, [[place_of[item] for item in items] for items in answered])
    log, told = cut.taught, {}
    for days in (*DAYS, None):
        recent = log.item if days is None else log.item[log.time >= cut.moment - days * DAY]
        popular = np.argsort(-np.bincount(recent, minlength=len(log.items)), kind="stable")
        lists = [without(popular, cut.queries.item[a:b]) for a, b in zip(*bounds(cut), strict=True)]
        told["all time" if days is None else f"{days} days"] = found(cut, lists)
    answers: dict[str, Any] = {}
    for name, rows in {"warm": np.flatnonzero(cut.warm), "cold": np.flatnonzero(~cut.warm)}.items():
        if len(rows):
            answers[name] = compared(cut.y[rows], ours[rows], {key: P[rows] for key, P in told.items()})
    return answers


def compared(y: Floats, ours: Floats, popular: dict[str, Floats]) -> dict[str, Any]:
    """Return NDCG@10 with its interval, that of each popularity, and the paired difference to the best of them."""
    metric, held = RECOMMEND["ndcg_10"], HeldOut(Target(y))
    scores = {name: score(metric, held, P).value for name, P in popular.items()}
    own, gap = score(metric, held, ours), compare(metric, held, ours, popular[max(scores, key=scores.__getitem__)])
    return {
        "people": len(y),
        "ndcg_10": [round(each, 4) for each in (own.value, own.low, own.high)],
        "popularity": {name: round(value, 4) for name, value in scores.items()},
        "better_than_best_popularity_by": [round(each, 4) for each in (gap.value, gap.low, gap.high)],
    }


def bounds(cut: Cut) -> tuple[Any, Any]:
    """Return where each history begins and ends."""
    return cut.queries.starts[:-1], cut.queries.starts[1:]


def without(order: Any, history: Any) -> list[int]:
    """Return the first ten that are not in the history."""
    first = order[: LIST + len(history)]
    return [int(each) for each in first[~np.isin(first, history)][:LIST]]


def found(cut: Cut, lists: Sequence[Sequence[int]]) -> Floats:
    """Return (q, 10): 1 where the item at that place of somebody's list was relevant."""
    P = np.zeros((len(cut), LIST))
    for row, items in enumerate(lists):
        relevant = cut.relevant[cut.starts[row] : cut.starts[row + 1]]
        P[row, : len(items)] = np.isin(list(items), relevant)
    return P


def peak() -> float:
    """Return the most memory, in GB, that this process or one child of it has held."""
    most = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(most / 1024**2, 2)


STEPS = {"build": build, "answer": answer}

if __name__ == "__main__":
    main()

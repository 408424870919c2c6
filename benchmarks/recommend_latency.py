"""How long one list takes, in process, for people that the recommender has never seen.

    python benchmarks/recommend_latency.py                    the shared MovieLens-100k, and 20,000 made-up items
    options: --learners chosen,ease,...  --asks 400  --only movielens|made  --entries 1000000  --budget 120
             --profile LEARNER  --json

"chosen" is what the search chooses within the budget, in seconds: the blend that `mlwright build` would keep.

Histories of 0, 1, 20, 200 and 1,000 entries are drawn from the log's items, popular ones more often; each is asked
once, after a few that warm up, with k = 10. Then the same with filters, diversity, caps and chance. Every recommender
is written to files and read back first, so that what is measured is what a service would hold. Wall time is what people
wait for; on a machine with neighbours CPU time, and the best of three askings of the same request ("quiet"), tell what
it would be without them.

Bar: 99 of 100 answers within 5 ms.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.learn.base import Effort
from mlwright.learn.budget import Budget
from mlwright.learn.recommenders import RECOMMENDERS, Ranker, Taught
from mlwright.learn.recommending.search import search
from mlwright.model.arrays import read_arrays
from mlwright.model.recommender import Answering, Catalogue
from mlwright.model.recommender.diversity import item_vectors
from mlwright.model.recommender.files import from_files, golden_requests, to_files
from mlwright.tasks.recommend.interactions import Features, Interactions
from mlwright.tasks.recommend.request import read_request
from mlwright.testing.logs import make_log

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
LENGTHS = (0, 1, 20, 200, 1_000)
BAR_MS = 5.0
WARM = 20
TRIES = 3
SHARES = (50, 99)

Row = dict[str, Any]


def movielens() -> tuple[Interactions, Features]:
    """Return MovieLens-100k and what is known of its films."""
    import polars as pl

    log = pl.read_csv(DATA / "movielens_100k.csv.gz").sort("timestamp", maintain_order=True)
    table = pl.read_csv(DATA / "movielens_100k_items.csv.gz", infer_schema_length=None)
    items = log["item_id"].unique().sort()
    users = log["user_id"].unique().sort()
    told = items.to_frame().join(table.unique("item_id"), on="item_id", how="left", maintain_order="left")
    taken = Interactions(
        users=tuple(users.to_list()),
        items=tuple(items.to_list()),
        user=users.search_sorted(log["user_id"]).to_numpy().astype(np.int32),
        item=items.search_sorted(log["item_id"]).to_numpy().astype(np.int32),
        time=log["timestamp"].cast(pl.Float64).to_numpy(),
        value=log["rating"].cast(pl.Float64).to_numpy(),
    )
    return taken, Features({name: told[name].to_list() for name in told.columns if name != "item_id"})


def made(entries: int) -> tuple[Interactions, Features]:
    """Return a made-up log of 20,000 items with a table of them."""
    log = make_log(max(entries // 10, 100), 20_000, entries, kind="features")
    features = log.features()
    assert features is not None
    return log.interactions(), features


class Stored:
    """Files in memory."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        self.files = files

    def json(self, name: str) -> dict[str, Any]:
        """Return what a JSON file says."""
        found: dict[str, Any] = json.loads(self.files[name])
        return found

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays of an npz."""
        return read_arrays(self.files[name], name)


def ranker(name: str, taught: Taught, budget: float) -> Ranker:
    """Return what a learner learned, or what the search chose."""
    effort = Effort(threads=2)
    if name == "chosen":
        found = search(taught, budget=Budget(budget), threads=2)
        print(f" chosen: {found.label}")
        return found.fit(taught, effort)
    return RECOMMENDERS[name].fit(taught, RECOMMENDERS[name].configurations[0], effort)


def recommender(name: str, taught: Taught, catalogue: Catalogue, budget: float) -> tuple[Answering, Row]:
    """Return what one learner learned, written and read back, with what that took."""
    start = time.perf_counter()
    chain = (("personal", ranker(name, taught, budget)), ("popular", ranker("decayed_popularity", taught, budget)))
    fitted = time.perf_counter()
    files = to_files(Answering(chain, catalogue, "watched"), golden_requests(taught.log, catalogue))
    written = time.perf_counter()
    answering = from_files(Stored(files))
    read = time.perf_counter()
    seconds = {"fit_s": fitted - start, "load_s": read - written}
    return answering, {"learner": name, **seconds, "mb": sum(map(len, files.values())) / 1e6}


def asks(catalogue: Catalogue, length: int, count: int, more: Mapping[str, Any]) -> list[Row]:
    """Return requests of people that nobody has seen."""
    rng = np.random.default_rng(length)
    share = (1 + catalogue.counts) / (1 + catalogue.counts).sum()
    size = min(length, len(catalogue) // 2)
    found = []
    for _ in range(count):
        items = [catalogue.ids[place] for place in rng.choice(len(catalogue), size, replace=False, p=share)]
        ages = np.sort(rng.uniform(0, 60 * 86_400, size))[::-1].tolist()
        history = [{"item": item, "at": (catalogue.end or 0.0) - age} for item, age in zip(items, ages, strict=True)]
        found.append({"history": history, **more})
    return found


def measured(answering: Answering, requests: Sequence[Row]) -> Row:
    """Return medians and 99th percentiles in ms, from a plain request to an answer as JSON knows it."""
    times: dict[str, list[float]] = {"wall": [], "cpu": [], "quiet": []}
    for request in requests:
        tries = []
        for _ in range(TRIES):
            begin, spent = time.perf_counter(), time.thread_time()
            answering.answer(read_request(request, columns=answering.catalogue.columns)).to_dict()
            tries.append((1e3 * (time.perf_counter() - begin), 1e3 * (time.thread_time() - spent)))
        times["wall"].append(tries[0][0])
        times["cpu"].append(tries[0][1])
        times["quiet"].append(min(wall for wall, _ in tries))
    return {
        f"{name}_p{share}": float(np.percentile(found[WARM:], share))
        for name, found in times.items()
        for share in SHARES
    }


def wishes(catalogue: Catalogue) -> dict[str, Row]:
    """Return the kinds of requests beside the plain one, all with 20 entries."""
    column = next(one for one in catalogue.columns.values() if one.described.kind == "tags")
    return {
        "filters": {"filters": {column.name: {"in": [column.parts[0]]}}},
        "diversity": {"diversity": 0.3},
        "caps": {"caps": {column.name: 3}},
        "explore": {"explore": 0.1},
        "k = 100": {"k": 100},
    }


def report(log: str, name: str, answering: Answering, count: int) -> list[Row]:
    """Measure and print one recommender."""
    catalogue = answering.catalogue
    kinds: list[tuple[str, int, Row]] = [(f"{length:,} entries", length, {}) for length in LENGTHS]
    kinds += [(kind, 20, more) for kind, more in wishes(catalogue).items()]
    rows = []
    for kind, length, more in kinds:
        row = measured(answering, asks(catalogue, length, count + WARM, more))
        rows.append({"log": log, "learner": name, "kind": kind, **row})
        mark = "" if row["wall_p99"] <= BAR_MS else "  over the bar"
        if mark and row["quiet_p99"] <= BAR_MS:
            mark += ", not when quiet"
        shown = "".join(f"{row[f'{name}_p{share}']:10.2f}" for name in ("wall", "cpu", "quiet") for share in SHARES)
        print(f"  {kind:<14}{shown}{mark}")
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--learners", default="chosen,ease,ials,neighbours,covisitation,content")
    parser.add_argument("--asks", type=int, default=400)
    parser.add_argument("--only", choices=("movielens", "made"))
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--budget", type=float, default=120.0)
    parser.add_argument("--profile", metavar="LEARNER")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    logs: dict[str, Callable[[], tuple[Interactions, Features]]] = {
        "movielens": movielens,
        "made": lambda: made(chosen.entries),
    }
    rows: list[Row] = []
    for log_name in [chosen.only] if chosen.only else logs:
        log, features = logs[log_name]()
        taught = Taught(log, float(log.time[-1]), features)
        start = time.perf_counter()
        catalogue = Catalogue.of(log, features)
        indexed = time.perf_counter()
        catalogue = catalogue.with_vectors(item_vectors(log, catalogue))
        print(
            f"{log_name}: {len(log):,} entries, {len(log.items):,} items; catalogue in {indexed - start:.2f} s,"
            f" likeness in {time.perf_counter() - indexed:.2f} s"
        )
        for name in [chosen.profile] if chosen.profile else chosen.learners.split(","):
            if name in RECOMMENDERS and (why := RECOMMENDERS[name].takes(taught)) is not None:
                print(f" {name}: left out. {why}")
                continue
            answering, facts = recommender(name, taught, catalogue, chosen.budget)
            print(f" {name}: fit {facts['fit_s']:.1f} s, {facts['mb']:.1f} MB, load {facts['load_s']:.2f} s")
            if chosen.profile:
                profile = cProfile.Profile()
                profile.runcall(measured, answering, asks(catalogue, 200, 300, {}))
                pstats.Stats(profile).sort_stats("tottime").print_stats(20)
                continue
            print("  ms            " + "".join(f"{f'{name} p50':>10}{'p99':>10}" for name in ("wall", "CPU", "quiet")))
            rows += report(log_name, name, answering, chosen.asks)
    if chosen.json:
        print(json.dumps(rows))


if __name__ == "__main__":
    main()

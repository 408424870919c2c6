"""Recommenders side by side: the same log, the same people asking, one judge for all of their lists.

    python benchmarks/recommend_peers.py LOG.csv[.gz] --environments DIR [--install] [--seeds 3] [--budget 60]

Each peer runs in an environment of its own (DIR/implicit, DIR/irspack, DIR/lenskit, DIR/recbole), learns from the same
file and answers the same histories with lists of ten. Two splits: the honest one (a moment with 80 % of the log before
it; people with a history who took something afterwards) and the usual one (a random fifth of all entries, which lets
everybody see the future; no system is told times there). Full ranking, no sampling; what is relevant had been taken
before. Intervals are over people; differences to mlwright are paired.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from mlwright.collect import collect
from mlwright.evaluate.comparison import compare
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.intervals import score
from mlwright.tasks.base import Floats, Target
from mlwright.tasks.recommend.metrics import LIST, RECOMMEND
from mlwright.tasks.recommend.propose import Names
from mlwright.tasks.recommend.read import read_log
from mlwright.tasks.recommend.split import Cut, random_cut, time_cut

RUN = Path(__file__).parent / "recommend_peers" / "run.py"
OURS = "mlwright"
PACKAGES = {
    "implicit": ["implicit"],
    "irspack": ["irspack"],
    "lenskit": ["lenskit"],
    "recbole": ["--no-deps", "recbole"],  # it pins a Ray that new Pythons lack; these models do without it
}
BESIDE = {"recbole": ["torch", "numpy", "scipy", "pandas", "tqdm", "colorlog", "colorama", "scikit-learn", "pyyaml",
                      "tensorboard", "tabulate", "texttable", "psutil"]}  # fmt: skip
PEERS = (
    OURS,
    "implicit-als", "implicit-bpr", "implicit-bm25", "implicit-cosine",
    "irspack-popular", "irspack-ease", "irspack-ials", "irspack-knn",
    "lenskit-popular", "lenskit-recent", "lenskit-knn", "lenskit-als", "lenskit-ease",
    "recbole-ease", "recbole-slim", "recbole-knn",
)  # fmt: skip
LIMIT = 900.0
"""Seconds that one peer may take for one log, all told."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS")


@dataclass(frozen=True)
class Run:
    """What one peer did with one cut."""

    facts: dict[str, Any]
    P: Floats


def main() -> None:
    asked = arguments()
    whole = read_log(collect(str(asked.log)), Names()).interactions
    cuts = {"time": [time_cut(whole)]} if whole.has_time else {}
    cuts["random"] = [random_cut(whole, seed=seed) for seed in range(asked.seeds)]
    names = [name for name in PEERS if not asked.peers or name in asked.peers]
    pythons = environments(sorted({name.split("-")[0] for name in names} - {OURS}), asked)
    for split, each in cuts.items():
        warm = [cut.take(np.flatnonzero(cut.warm)) for cut in each]
        runs = {}
        for name in names:
            done = [run(name, cut, pythons, asked, timed=split == "time") for cut in warm]
            runs[name] = done
            print(json.dumps(line(split, name, done, warm, runs.get(OURS))), flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("log", type=Path)
    parser.add_argument("--environments", type=Path, required=True)
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--peers", nargs="*", choices=PEERS, default=())
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--budget", type=float, default=60.0, help="seconds for those that search")
    parser.add_argument("--threads", type=int, default=2)
    return parser.parse_args()


def environments(packages: Sequence[str], asked: argparse.Namespace) -> dict[str, str]:
    """Return the interpreter of each package."""
    found = {OURS: sys.executable}
    for package in packages:
        python = asked.environments / package / "bin" / "python"
        if asked.install and not python.exists():
            subprocess.run([sys.executable, "-m", "venv", asked.environments / package], check=True)
            for names in (PACKAGES[package], BESIDE.get(package, [])):
                if names:
                    subprocess.run([python, "-m", "pip", "install", "--quiet", *names], check=True)
        if not python.exists():
            sys.exit(f"There is no environment for {package} in {asked.environments}: run with --install.")
        found[package] = str(python)
    return found


def run(name: str, cut: Cut, pythons: dict[str, str], asked: argparse.Namespace, *, timed: bool) -> Run | None:
    """Let one peer learn and answer in a process of its own; None where it failed or took too long."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write(cut, folder, timed=timed)
        job = {
            "peer": name,
            "log": str(folder / "log.csv"),
            "queries": str(folder / "queries.json"),
            "folder": str(folder),
            "k": LIST,
            "threads": asked.threads,
            "seed": 0,
            "budget": asked.budget,
        }
        (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")
        environment = os.environ | {each: str(asked.threads) for each in THREADS}
        environment |= {"OMP_WAIT_POLICY": "passive", "MLWRIGHT_HOME": str(folder / "home")}
        command = [pythons[name.split("-", maxsplit=1)[0]], str(RUN), str(folder / "job.json")]
        try:
            ended = subprocess.run(
                command, env=environment, cwd=folder, capture_output=True, text=True, timeout=LIMIT, check=False
            )
        except subprocess.TimeoutExpired:
            print(f"{name} took more than {LIMIT:.0f} s.", file=sys.stderr)
            return None
        if ended.returncode:
            print(f"{name} failed: {ended.stderr[-2000:]}", file=sys.stderr)
            return None
        lists = json.loads((folder / "lists.json").read_text(encoding="utf-8"))
        return Run(json.loads((folder / "facts.json").read_text(encoding="utf-8")), places(cut, lists))


def write(cut: Cut, folder: Path, *, timed: bool) -> None:
    """Leave the log that teaches and the people who ask as files; ids are whole numbers."""
    taught = cut.taught
    columns = {"user": taught.user, "item": taught.item} | ({"time": taught.time} if timed else {})
    frame = pl.DataFrame(columns)
    # Without times the order of the file must tell nothing either.
    (frame if timed else frame.sample(fraction=1.0, shuffle=True, seed=0)).write_csv(folder / "log.csv")
    asks = cut.queries
    queries = []
    for place, user in enumerate(cut.user):
        rows = np.arange(asks.starts[place], asks.starts[place + 1])
        last = {int(asks.item[row]): row for row in rows}
        kept = sorted(last.values())
        times = [float(asks.at[place] - asks.age[row]) for row in kept] if timed else []
        history = [int(asks.item[row]) for row in kept]
        at = float(asks.at[place]) if timed else None
        queries.append({"user": int(user), "history": history, "times": times, "at": at})
    (folder / "queries.json").write_text(json.dumps(queries), encoding="utf-8")


def places(cut: Cut, lists: list[list[int]]) -> Floats:
    """Return (q, 10): 1 where the item at that place of somebody's list was relevant. Raises ValueError."""
    if len(lists) != len(cut):
        raise ValueError(f"{len(lists)} lists for {len(cut)} people")
    relevant, P = cut.marked(0, len(cut)), np.zeros((len(cut), LIST))
    for row, items in enumerate(lists):
        if len(items) > LIST or len(set(items)) < len(items):
            raise ValueError(f"list {row} has too many items, or one of them twice")
        P[row, : len(items)] = relevant[row, items]
    return P


def line(
    split: str, name: str, done: list[Run | None], cuts: list[Cut], ours: list[Run | None] | None
) -> dict[str, Any]:
    """Return what is known of one peer on one split: mean over the seeds, intervals of the first."""
    kept = [(each, cut) for each, cut in zip(done, cuts, strict=True) if each is not None]
    if not kept:
        return {"split": split, "peer": name, "failed": True}
    told: dict[str, Any] = {"split": split, "peer": name, "people": [len(cut) for cut in cuts]}
    for key in ("ndcg_10", "recall_10", "hit_rate_10"):
        found = [score(RECOMMEND[key], HeldOut(Target(cut.y)), each.P) for each, cut in kept]
        told[key] = round(float(np.mean([one.value for one in found])), 4)
        told[f"{key}_interval"] = [round(found[0].low, 4), round(found[0].high, 4)]
    if ours is not None and name != OURS and ours[0] is not None and done[0] is not None:
        gap = compare(RECOMMEND["ndcg_10"], HeldOut(Target(cuts[0].y)), ours[0].P, done[0].P)
        told["mlwright_better_by"] = [round(each, 4) for each in (gap.value, gap.low, gap.high)]
    facts = [each.facts for each, _ in kept]
    for key in ("fit_s", "fit_cpu_s", "answer_s", "p50_ms", "p99_ms", "p50_cpu_ms", "p99_cpu_ms", "peak_mb"):
        told[key] = round(float(np.median([each[key] for each in facts])), 3)
    return told | {key: facts[0][key] for key in ("fresh", "version", "chosen")}


if __name__ == "__main__":
    main()

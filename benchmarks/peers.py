"""Claim: more accurate than other systems at an equal budget, which it keeps; one row is answered far faster.

    python benchmarks/peers.py DATA --environments FOLDER [--systems A,B,...] [--budget 60] [--seeds 0 1 2]
                               [--only NAME ...] [--limit-rows N] --out results.jsonl
    python benchmarks/peers.py --how                            prints how the environments are made
    python benchmarks/peers.py --install --environments FOLDER  makes those that are missing
    python benchmarks/peers.py --summary results.jsonl          prints what results say

DATA is a folder with a MANIFEST.json (file, name, kind, target, leak_columns). Every system runs in an environment of
its own, one process for each system, table and seed, on the same rows from the same CSV files, on the same cores with
as many threads; all systems do one table before the next, in an order that rotates, so that what else the machine does
hits all alike. How each is asked stands in benchmarks/runners. Fresh rows are scored here, the same way for all.
Results are appended as they come; what is in the file is not run again. docs/reference/benchmarks.md says more.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from peers_process import watched
from peers_summary import score, summary
from runners.job import Job
from tables_common import METRICS, entries, loss, question, read, split, task_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
SOURCE = ROOT / "src"

PACKAGES: dict[str, tuple[str, ...]] = {
    "mlwright": (f"{ROOT}[boosters]",),
    "autogluon": ("torch==2.13.0", "autogluon.tabular[all]==1.6.3"),
    "flaml": ("flaml[automl]",),
    "lightautoml": ("torch==2.13.0", "lightautoml==0.4.2"),
    "mljar": ("mljar-supervised pyarrow",),
    "perpetual": ("perpetual pandas pyarrow scikit-learn",),
    "lightgbm": ("lightgbm pandas scikit-learn",),
    "catboost": ("catboost scikit-learn",),
}
"""What is installed into each environment, one `pip install` after the other."""

HERE_TOO = frozenset({"mlwright", "lightgbm", "catboost"})
"""Systems that run with this very Python where they have no environment; mlwright then from the source tree."""

SYSTEMS = "mlwright,autogluon-medium,autogluon-good,autogluon-best,flaml,lightautoml,mljar,perpetual,lightgbm,catboost"
THREADS = (
    "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS", "RAYON_NUM_THREADS",
    "POLARS_MAX_THREADS", "LOKY_MAX_CPU_COUNT",
)  # fmt: skip
QUIET = {
    "OMP_WAIT_POLICY": "passive",
    "PYTHONUNBUFFERED": "1",
    "MPLBACKEND": "Agg",
    "CUDA_VISIBLE_DEVICES": "",
    "RAY_USAGE_STATS_ENABLED": "0",
    "HF_HUB_OFFLINE": "1",
}
MOST, GRACE = 1.02, 2.0
LIMIT, START = 3.0, 60.0
"""A system is stopped when it takes longer than this many budgets and this many seconds more."""


def environment_of(system: str) -> str:
    """Return the name of the environment: presets of one system share it."""
    return system.split("-", maxsplit=1)[0]


def python_of(system: str, environments: Path | None) -> Path | None:
    """Return the Python that runs a system, or None where there is none."""
    name = environment_of(system)
    if environments is not None:
        python = environments.resolve() / name / "bin" / "python"
        if python.exists():
            return python
    return Path(sys.executable) if name in HERE_TOO else None


def commands(name: str, environments: Path) -> list[list[str]]:
    """Return the commands that make one environment."""
    folder = environments / name
    install = [str(folder / "bin" / "python"), "-m", "pip", "install"]
    return [[sys.executable, "-m", "venv", str(folder)], *([*install, *line.split()] for line in PACKAGES[name])]


def install(names: list[str], environments: Path) -> None:
    """Make the environments that are missing."""
    for name in names:
        if (environments / name).exists():
            print(f"{name}: is there", file=sys.stderr)
            continue
        for command in commands(name, environments):
            print(shlex.join(command), file=sys.stderr)
            if subprocess.run(command, check=False).returncode:
                shutil.rmtree(environments / name)  # half an environment would pass for a whole one
                sys.exit(f"{name} could not be installed; what pip said stands above")


class Question:
    """One table with one seed: the rows in files, and how answers are scored."""

    def __init__(self, entry: dict[str, Any], options: argparse.Namespace, seed: int, folder: Path) -> None:
        self.name, self.target, self.seed = entry["name"], question(entry), seed
        frame = read(entry, options.data)
        frame = frame[frame[self.target].notna()]
        if options.limit_rows and len(frame) > options.limit_rows:
            frame = frame.sample(options.limit_rows, random_state=seed)
        self.task = task_of(entry["kind"], frame[self.target])
        train, test = split(frame, self.target, seed)
        self.rows, self.columns = len(train), train.shape[1] - 1
        self.train, self.test = folder / "train.csv", folder / "test.csv"
        train.to_csv(self.train, index=False)
        test.drop(columns=[self.target]).to_csv(self.test, index=False)
        self.truth = test[self.target].reset_index(drop=True)
        self.labels = train[self.target]

    def loss(self, predictions: Path) -> float:
        """Return the loss of predictions: less is better. Labels that no training row has are left out."""
        with np.load(predictions, allow_pickle=False) as kept:
            answers, names = kept["answers"], kept["classes"]
        if len(answers) != len(self.truth) or not np.isfinite(answers).all():
            raise ValueError("answers are missing or are not numbers")
        if self.task == "regression":
            return loss(self.task, self.truth, answers, [])
        by_class = pd.DataFrame(answers, columns=[plain(name) for name in names]).T.groupby(level=0).sum().T
        return loss(self.task, self.truth.map(plain), by_class, sorted({plain(each) for each in self.labels}))


def plain(label: object) -> str:
    """Return a label as all systems are made to say it: 1, 1.0 and "1" are one, and so are True and "True"."""
    text = str(label).strip()
    try:
        return f"{float(text):.12g}"
    except ValueError:
        return text.lower() if text.lower() in {"true", "false"} else text


def run(system: str, asked: Question, options: argparse.Namespace) -> dict[str, Any]:
    """Return the result of one system on one table with one seed."""
    python = python_of(system, options.environments)
    with tempfile.TemporaryDirectory(prefix="peer-") as place:
        folder = Path(place)
        job = Job(
            system=system, train=str(asked.train), test=str(asked.test), target=asked.target, task=asked.task,
            metric=METRICS[asked.task], budget=options.budget, seed=asked.seed, threads=options.threads, folder=place,
        )  # fmt: skip
        (folder / "job.json").write_text(json.dumps(asdict(job)), encoding="utf-8")
        went = watched(
            [str(python), str(HERE / "run_peer.py"), str(folder / "job.json")],
            environment=surroundings(system, python == Path(sys.executable), options.threads),
            folder=folder, limit=LIMIT * options.budget + START,
        )  # fmt: skip
        facts = json.loads((folder / "facts.json").read_text()) if (folder / "facts.json").exists() else {}
        value, failed = None, None
        try:
            value = asked.loss(folder / "predictions.npz")
        except (OSError, ValueError) as error:
            failed = f"no answers that can be scored: {error}"
        if went.killed or went.code:
            last = (folder / "log.txt").read_text(errors="replace").strip().splitlines()[-1:]
            failed = f"killed while {went.killed}" if went.killed else " ".join(last)[:300]
    spent = facts.get("fit_s", went.seconds if went.killed == "fitting" else None)
    peaks = [facts[name] for name in ("memory_mb",) if name in facts] + [went.tree_mb]
    return {
        "system": system, "table": asked.name, "seed": asked.seed, "budget": options.budget,
        "limit_rows": options.limit_rows, "threads": options.threads, "task": asked.task, "rows": asked.rows,
        "columns": asked.columns, "loss": value, "score": None if value is None else score(asked.task, value),
        "failed": failed, **facts, "fit_s": spent, "memory_mb": max(peaks), "wall_s": went.seconds,
        "over": spent is not None and spent > options.budget * MOST + GRACE,
    }  # fmt: skip


def surroundings(system: str, ours: bool, threads: int) -> dict[str, str]:  # noqa: FBT001
    """Return the environment variables of a system: as many threads for all, and mlwright from this source tree."""
    some = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}
    if ours and system == "mlwright":
        some["PYTHONPATH"] = str(SOURCE)
    return some | QUIET | dict.fromkeys(THREADS, str(threads))


def known(out: Path) -> list[dict[str, Any]]:
    """Return the results in a file; a last line that was cut off is taken out of it."""
    if not out.exists():
        return []
    text = out.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        out.write_text(whole, encoding="utf-8")
    return [json.loads(line) for line in whole.splitlines()]


def key(result: dict[str, Any]) -> tuple[Any, ...]:
    """Return what makes a run the same run."""
    return tuple(result[name] for name in ("system", "table", "seed", "budget", "limit_rows"))


def missing(options: argparse.Namespace) -> Iterator[tuple[dict[str, Any], int, list[str]]]:
    """Yield each table and seed with the systems still to run, in an order that rotates."""
    done = {key(result) for result in known(options.out)}
    for turn, seed in enumerate(options.seeds):
        for place, entry in enumerate(entries(options.data, options.only)):
            shift = (turn + place) % len(options.systems)
            order = options.systems[shift:] + options.systems[:shift]
            left = [s for s in order if (s, entry["name"], seed, options.budget, options.limit_rows) not in done]
            if left:
                yield entry, seed, left


def line(result: dict[str, Any]) -> str:
    """Return one result as one line for people."""
    start = f"{result['table']:22} {result['seed']:2} {result['system']:17}"
    if result["loss"] is None:
        return f"{start} FAILED after {result['wall_s']:.1f} s: {result['failed']}"
    facts = [f"{'OVER ' if result['over'] else ''}fit {result['fit_s']:.1f} s"]
    for name, form in (("row_ms", "row {:.3g} ms"), ("rows_per_s", "{:,.0f} rows/s"), ("size_mb", "{:.3g} MB")):
        facts += [form.format(result[name])] if name in result else []
    facts += [f"peak {result['memory_mb']:,.0f} MB"] + ([f"THEN {result['failed']}"] if result["failed"] else [])
    return f"{start} {result['task']:10} {result['score']:9.5g}  {'  '.join(facts)}"


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--systems", type=lambda text: text.split(","), default=SYSTEMS.split(","))
    parser.add_argument("--environments", type=Path, help="a folder with one virtual environment for each system")
    parser.add_argument("--budget", type=float, default=60)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--limit-rows", type=int)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--summary", type=Path)
    parser.add_argument("--how", action="store_true")
    parser.add_argument("--install", action="store_true")
    options = parser.parse_args()
    unknown = {environment_of(system) for system in options.systems} - set(PACKAGES)
    if unknown:
        parser.error(f"there is no system {', '.join(sorted(unknown))}; there are {SYSTEMS.replace(',', ', ')}")
    if options.install and options.environments is None:
        parser.error("--install wants --environments FOLDER, where to make them")
    options.names = list(dict.fromkeys(environment_of(system) for system in options.systems))
    if options.summary or options.how or (options.install and options.data is None):
        return options
    if options.data is None or options.out is None:
        parser.error("give the folder of tables, and --out FILE for the results")
    without = [s for s in options.systems if not options.install and python_of(s, options.environments) is None]
    if without:
        parser.error(f"no environment for {', '.join(without)}; --install --environments FOLDER makes it")
    return options


def stay_on(cores: int) -> None:
    """Keep this process, and so all that it starts, on so many cores where the system allows it."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])


def main() -> None:
    options = parsed()
    if options.how:
        for name in options.names:
            print(*map(shlex.join, commands(name, options.environments or Path("FOLDER"))), sep="\n")
        return
    if options.install:
        install(options.names, options.environments)
    if options.data is not None and not options.summary:
        stay_on(options.threads)
        for entry, seed, systems in missing(options):
            with tempfile.TemporaryDirectory(prefix="table-") as place:
                asked = Question(entry, options, seed, Path(place))
                for system in systems:
                    result = run(system, asked, options)
                    with options.out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(result) + "\n")
                    print(line(result), flush=True)
        print()
    shown = options.summary or options.out
    if shown is not None:
        print(*summary(known(shown)), sep="\n")


if __name__ == "__main__":
    main()

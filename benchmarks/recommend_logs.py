"""Claim: a raw log of a million rows is read in seconds, in little memory, and its columns are found by themselves.

    python benchmarks/recommend_logs.py [--users 100000] [--items 20000] [--rows 1000000] [--kinds implicit ratings ...]
                                        [--out FOLDER] [--seed 0]

Logs are made up (`mlwright.testing.logs` says which story is behind each kind) and written as CSV, with times as
seconds since 1970 and as dates and times; then they are collected and read as whoever brings a file would. Of each are
printed the seconds to make, collect and read it, the peak memory of the process that reads, and what was assumed and
found. With --out the files stay there, for others to build on.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import polars as pl

from mlwright.collect import collect
from mlwright.tasks.recommend.propose import Names
from mlwright.tasks.recommend.read import read_log
from mlwright.testing.logs import LOG_KINDS, MadeLog, make_log

__all__ = ["LOG_KINDS", "MadeLog", "make_log"]


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--items", type=int, default=20_000)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kinds", nargs="*", choices=LOG_KINDS, default=LOG_KINDS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--read", type=Path, nargs="*", help="only read these files: the log, and its items")
    asked = parser.parse_args()
    if asked.read:
        read(*asked.read)
        return
    with tempfile.TemporaryDirectory() as folder:
        place = asked.out or Path(folder)
        place.mkdir(parents=True, exist_ok=True)
        for kind in asked.kinds:
            begin = time.perf_counter()
            made = make_log(asked.users, asked.items, asked.rows, seed=asked.seed, kind=kind)
            print(f"\n{kind}: {made.log.height:,} rows made in {time.perf_counter() - begin:.1f} s", flush=True)
            for paths in written(made, place, kind):
                subprocess.run([sys.executable, __file__, "--read", *map(str, paths)], check=True)


def written(made: MadeLog, place: Path, kind: str) -> list[list[Path]]:
    """Write the log, once as it is and once with dates; return the files to read together."""
    beside = []
    if made.items is not None:
        made.items.write_csv(place / f"{kind}_items.csv")
        beside = [place / f"{kind}_items.csv"]
    made.log.write_csv(place / f"{kind}.csv")
    files = [[place / f"{kind}.csv", *beside]]
    if "timestamp" in made.log.columns:
        dated = made.log.with_columns(pl.from_epoch("timestamp").dt.strftime("%d.%m.%Y %H:%M:%S"))
        dated.write_csv(place / f"{kind}_dated.csv")
        files.append([place / f"{kind}_dated.csv", *beside])
    return files


def read(log: Path, items: Path | None = None) -> None:
    """Read a log in this process and print what it took."""
    begin = time.perf_counter()
    table, beside = collect(log), None if items is None else collect(items)
    collected = time.perf_counter()
    found = read_log(table, Names(), items=beside)
    seconds = time.perf_counter() - collected
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    made = found.interactions
    print(f"  {log.name}: collected in {collected - begin:.1f} s, read in {seconds:.1f} s, peak {peak:.2f} GB;"
          f" {len(made):,} entries, {len(made.users):,} users, {len(made.items):,} items")  # fmt: skip
    for sentence in found.assumptions:
        print(f"    - {sentence}")
    for finding in found.findings:
        print(f"    {finding.severity}: {finding.kind}: {finding.message}")
    print(end="", flush=True)


if __name__ == "__main__":
    main()

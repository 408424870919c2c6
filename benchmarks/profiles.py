"""How fast a large table is profiled, and in how much memory, beside ydata-profiling and skrub's TableReport.

    python benchmarks/profiles.py                                     1,000,000 rows of 100 columns, mlwright alone
    python benchmarks/profiles.py --rows 1000000 100000 --ydata PYTHON --skrub PYTHON
    options: --columns 100, --form parquet|csv, --only SYSTEM ..., --limit 1800 (seconds for each), --out results.jsonl

PYTHON is that of an environment with the system:

    python -m venv ydata && ydata/bin/pip install ydata-profiling pyarrow "setuptools<81"
    python -m venv skrub && skrub/bin/pip install skrub polars pyarrow matplotlib

All read the same file and write one HTML page. A system that is not done within the limit is stopped. Seconds are those
of reading, profiling and writing, imports left out: on the clock, and of all cores together, which also tells where the
machine does other work. Memory is the peak of the whole process.

Bars: 1,000,000 x 100 within 60 s and 4 GB on two cores; ten times faster than ydata-profiling on the same table.
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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SECONDS, GIGABYTES, TIMES = 60.0, 4.0, 10.0
WORDS = "late parcel delivery arrived broken thanks quick refund customer order wrong colour size return shop price"


def made_up(rows: int, columns: int, seed: int = 0) -> Any:
    """Return a table of numbers, counts, categories, yes or no, dates, texts and codes, with gaps."""
    import numpy as np
    import polars as pl

    rng = np.random.default_rng(seed)
    words = np.array(WORDS.split())

    def column(place: int) -> pl.Series:
        kind = place % 10
        if kind < 3:
            return pl.Series(np.round(rng.normal(100, 15, rows) * 10.0**kind, 3))
        if kind == 3:
            return pl.Series(np.round(rng.lognormal(8, 1.2, rows), 2))
        if kind == 4:
            return pl.Series(rng.poisson(3 + place % 7, rows))
        if kind == 5:
            levels = pl.Series([f"level {each}" for each in range(5 + place)])
            return levels.gather(np.minimum(rng.zipf(1.4, rows) - 1, 4 + place))
        if kind == 6:
            return pl.Series(["yes", "no"]).gather((rng.random(rows) < 0.4).astype(int))
        if kind == 7:
            return pl.Series(rng.integers(15_000, 19_500, rows)).cast(pl.Int32).cast(pl.Date)
        if kind == 8:
            texts = [" ".join(each) for each in words[rng.integers(0, len(words), (min(rows, 50_000), 6))]]
            return pl.Series(texts).gather(rng.integers(0, len(texts), rows))
        return pl.Series([f"C{each:04d}" for each in range(300)]).gather(rng.integers(0, 300, rows))

    made = {}
    for place in range(columns):
        gone = pl.Series(rng.random(rows) < 0.03 * (place % 4))
        made[f"c{place:03d}"] = column(place).set(gone, None) if gone.any() else column(place)
    return pl.DataFrame(made)


def mlwright(path: Path, out: Path) -> Callable[[], None]:
    """Return the work of mlwright, imported."""
    from mlwright.clean.profile import profile

    def work() -> None:
        profile(path).report(out)

    return work


def ydata(path: Path, out: Path, *, minimal: bool) -> Callable[[], None]:
    """Return the work of ydata-profiling, imported."""
    import pandas as pd
    from ydata_profiling import ProfileReport

    def work() -> None:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_csv(path)
        ProfileReport(frame, minimal=minimal, progress_bar=False).to_file(out, silent=True)

    return work


def skrub(path: Path, out: Path, *, everything: bool) -> Callable[[], None]:
    """Return the work of skrub's TableReport, imported; past 30 columns it draws and pairs only where it is told to."""
    import polars as pl
    from skrub import TableReport

    def work() -> None:
        frame = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path, try_parse_dates=True)
        more = {"plot_distributions": True, "compute_associations": True} if everything else {}
        TableReport(frame, verbose=0, **more).write_html(out)

    return work


SYSTEMS: dict[str, Callable[[Path, Path], Callable[[], None]]] = {
    "mlwright": mlwright,
    "skrub": lambda path, out: skrub(path, out, everything=False),
    "skrub-all": lambda path, out: skrub(path, out, everything=True),
    "ydata-minimal": lambda path, out: ydata(path, out, minimal=True),
    "ydata": lambda path, out: ydata(path, out, minimal=False),
}


def one(system: str, path: Path, out: Path) -> None:
    """Do the work of a system in this process, and print what it took."""
    work = SYSTEMS[system](path, out)
    start, busy = time.perf_counter(), sum(os.times()[:4])
    work()
    seconds, busy = time.perf_counter() - start, sum(os.times()[:4]) - busy
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    facts = {"seconds": seconds, "cpu_seconds": busy, "gigabytes": peak * 1024 / 1e9}
    print(json.dumps({**facts, "page_mb": out.stat().st_size / 1e6}))


def measured(system: str, python: str, path: Path, limit: float) -> dict[str, Any]:
    """Return what a system took in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        words = [python, __file__, "--one", system, str(path), str(Path(folder) / "page.html")]
        try:
            done = subprocess.run(words, capture_output=True, text=True, timeout=limit, check=False)
        except subprocess.TimeoutExpired:
            return {"failed": f"not done after {limit:.0f} s"}
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1][:200]}
    result: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def verdict(results: Sequence[dict[str, Any]]) -> list[str]:
    """Say which bars hold."""
    told = []
    ours = {result["rows"]: result for result in results if result["system"] == "mlwright" and "seconds" in result}
    for rows, result in ours.items():
        if rows >= 1_000_000:
            for what, bar, unit in (("seconds", SECONDS, "s"), ("gigabytes", GIGABYTES, "GB")):
                holds = "holds " if result[what] <= bar else "MISSED"
                told.append(f"{holds} {rows:,} rows: {result[what]:.1f} {unit} (at most {bar:.0f})")
    for result in results:
        if result["system"].startswith("ydata") and "seconds" in result and result["rows"] in ours:
            times, busy = (result[what] / ours[result["rows"]][what] for what in ("seconds", "cpu_seconds"))
            holds = "holds " if times >= TIMES else "MISSED"
            than = f"faster than {result['system']} ({busy:.1f} times less work)"
            told.append(f"{holds} {result['rows']:,} rows: {times:.1f} times {than}")
    return told


def line(result: dict[str, Any]) -> str:
    """Return a result as a line of the table."""
    head = f"{result['system']:14} {result['rows']:>10,} rows"
    if "failed" in result:
        return f"{head}  {result['failed']}"
    busy = f"cores {result['cpu_seconds']:8.1f} s"
    return f"{head}  {result['seconds']:8.1f} s  {busy}  {result['gigabytes']:6.2f} GB  page {result['page_mb']:.2f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument("--columns", type=int, default=100)
    parser.add_argument("--form", choices=("parquet", "csv"), default="parquet")
    parser.add_argument("--ydata", metavar="PYTHON")
    parser.add_argument("--skrub", metavar="PYTHON")
    parser.add_argument("--only", nargs="+", choices=tuple(SYSTEMS), default=list(SYSTEMS))
    parser.add_argument("--limit", type=float, default=1800.0)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--one", nargs=3, metavar=("SYSTEM", "FILE", "PAGE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        sys.path.pop(0)  # files of ours beside this one could be taken for packages of theirs
        one(options.one[0], Path(options.one[1]), Path(options.one[2]))
        return
    pythons = {
        "mlwright": sys.executable,
        "skrub": options.skrub,
        "skrub-all": options.skrub,
        "ydata-minimal": options.ydata,
        "ydata": options.ydata,
    }
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for rows in options.rows:
            path = Path(folder) / f"table.{options.form}"
            table = made_up(rows, options.columns)
            table.write_parquet(path) if options.form == "parquet" else table.write_csv(path)
            del table
            for system in options.only:
                python = pythons[system]
                if python is None:
                    continue
                result = {"system": system, "rows": rows, "columns": options.columns, "form": options.form}
                result |= measured(system, python, path, options.limit)
                results.append(result)
                print(line(result), flush=True)
                if options.out is not None:
                    with options.out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(result) + "\n")
    print("\n".join(verdict(results)))


if __name__ == "__main__":
    main()

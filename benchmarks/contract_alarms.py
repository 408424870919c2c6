"""How often a check alarms where nothing is wrong, and how often it finds what is: contracts and models' schemas.

    python benchmarks/contract_alarms.py [DATA] [--samples 200] [--sizes 100:100 1000:100000 ...] [--only NAME ...]

A schema (as a model has it) and a contract (as `mlwright check --write` makes it) are inferred from some rows, and
others of the same distribution are checked against both. Rows come from the tables in DATA, split at random; without
DATA from a made table of 39 columns of every sort, whose fresh rows are then damaged too: in one column at a time, in
5 % of the rows. Bars: a violation in at most 1 % of fresh samples; 95 % of the damages found where both samples have
1,000 rows or more.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import binomtest

from mlwright.clean.contract import Checked, check_table, infer_contract
from mlwright.clean.question import Question
from mlwright.clean.roles import infer_schema
from mlwright.collect import collect
from mlwright.table import Table

SIZES = ("100:100", "1000:100", "1000:1000", "1000:20000", "10000:1000", "10000:10000")
DAMAGED = 0.05
LARGEST = 120_000
"""Rows of a real table that are looked at."""


def made(rows: int, draw: np.random.Generator) -> pl.DataFrame:
    """Return a table with columns of every sort; the same distribution each time."""
    zipf = [f"town {each}" for each in np.minimum(draw.zipf(1.4, rows), 5_000)]
    columns: dict[str, Any] = {
        "number": np.arange(rows) + draw.integers(0, 10**12),
        "uniform": draw.random(rows), "normal": draw.normal(50, 9, rows), "exponential": draw.exponential(3, rows),
        "lognormal": draw.lognormal(2, 1, rows), "wide": draw.lognormal(2, 2, rows), "pareto": draw.pareto(1.5, rows),
        "t3": draw.standard_t(3, rows), "cauchy": draw.standard_cauchy(rows), "count": draw.poisson(2, rows),
        "many": draw.poisson(40, rows), "geometric": draw.geometric(0.1, rows), "age": draw.integers(18, 91, rows),
        "zeros": np.where(draw.random(rows) < 0.95, 0.0, draw.lognormal(3, 1, rows)),
        "rare zeros": np.where(draw.random(rows) < 0.999, 0, draw.integers(1, 500, rows)),
        "two hills": np.where(draw.random(rows) < 0.5, draw.normal(0, 1, rows), draw.normal(30, 2, rows)),
        "spikes": np.where(draw.random(rows) < 0.95, draw.normal(0, 1, rows), draw.normal(0, 20, rows)),
        "beta": draw.beta(2, 8, rows), "rounded": np.round(draw.normal(0, 2, rows)),
        "prices": draw.integers(1, 99, rows) - 0.01,
        "even": draw.choice(["a", "b", "c", "d"], rows), "yes": draw.choice(["yes", "no"], rows, p=[0.02, 0.98]),
        "few": draw.choice([f"k{i}" for i in range(30)], rows), "zipf": zipf,
        "rare": np.where(draw.random(rows) < 0.003, "odd", draw.choice(["x", "y"], rows)),
        "names": [f"n{each}" for each in draw.integers(0, 300, rows)],
    }  # fmt: skip
    frame = pl.DataFrame({name: pl.Series([str(each) for each in values]) for name, values in columns.items()})
    days = pl.Series(draw.integers(0, 700, rows)).cast(pl.Int32).cast(pl.Date).cast(pl.String)
    frame = frame.with_columns(day=days)
    for place, share in enumerate((0.0005, 0.01, 0.05, 0.3, 0.6, 0.95)):
        for name in ("normal", "even"):
            gone = pl.Series(draw.random(rows) < share)
            frame = frame.with_columns(frame[name].set(gone, None).alias(f"{name} {place}"))
    return frame


def damages(frame: pl.DataFrame, draw: np.random.Generator) -> Iterator[tuple[str, str, pl.DataFrame]]:
    """Yield the made table with one thing wrong at a time, what that is, and the column that it is in."""

    def cells(name: str, change: Callable[[str], str | None]) -> pl.DataFrame:
        hit = draw.random(frame.height) < DAMAGED
        hit[0] = True
        old = frame[name].to_list()
        return frame.with_columns(
            pl.Series(name, [change(value) if bad else value for value, bad in zip(old, hit, strict=True)])
        )

    yield "a column is gone", "age", frame.drop("age")
    yield "missing", "uniform", cells("uniform", lambda _: None)
    yield "missing words", "even", cells("even", lambda _: None)
    yield "words for numbers", "normal", cells("normal", lambda _: "see note")
    yield "other dates", "day", cells("day", lambda value: f"{value[8:]} {value[5:7]}/{value[:4]} ?")
    yield "a new category", "even", cells("even", lambda _: "e")
    yield "many new categories", "few", cells("few", lambda _: f"z{draw.integers(10**9)}")
    yield "another spelling", "yes", cells("yes", lambda value: value.upper() + "!")
    yield "a hundred times", "age", cells("age", lambda value: str(int(value) * 100))
    yield "below zero", "age", cells("age", lambda value: str(-int(value)))
    yield "-999", "normal", cells("normal", lambda _: "-999.5")
    yield "repeated names of rows", "number", cells("number", lambda _: "1")
    yield "repeated rows", "", pl.concat([frame, frame])


def both(table: Table) -> dict[str, Callable[[Table], Checked]]:
    """Return what checks rows against the schema of the table, and against the contract inferred from it."""
    schema, _ = infer_schema(table, Question())
    contract = infer_contract(table)
    return {
        "schema": lambda fresh: check_table(fresh, schema, name="schema"),
        "contract": lambda fresh: check_table(fresh, contract, name="contract"),
    }


class Alarms:
    """Counts checks of fresh rows, and those that found a violation."""

    def __init__(self) -> None:
        self.checks, self.alarms, self.why = Counter[str](), Counter[str](), Counter[str]()

    def add(self, what: str, checked: Checked, where: str) -> None:
        """Count one check."""
        self.checks[what] += 1
        self.alarms[what] += not checked.passed
        for violation in checked.violations:
            self.why[f"{what}: {violation.kind} {where}.{violation.column}"] += 1

    def told(self) -> list[str]:
        """Return the share of checks with an alarm, with its interval."""
        lines = []
        for what, checks in self.checks.items():
            low, high = binomtest(self.alarms[what], checks).proportion_ci(method="wilson")
            lines.append(
                f"{what:24} {self.alarms[what]:4} of {checks:5} checks alarm: {self.alarms[what] / checks:6.2%} "
                f"(95 %: {low:.2%} to {high:.2%})"
            )
        return lines


def made_tables(sizes: list[tuple[int, int]], samples: int, alarms: Alarms, found: dict[str, Counter[str]]) -> None:
    """Check fresh rows of the made table, as they are and damaged."""
    for rows, later in sizes:
        for sample in range(samples if rows + later <= 2_000 else max(1, samples // 4)):
            draw = np.random.default_rng((sample, rows, later))
            checks = both(Table(made(rows, draw)))
            fresh = made(later, draw)
            for what, check in checks.items():
                alarms.add(f"{what} {rows}:{later}", check(Table(fresh)), "made")
            if sample < max(1, samples // 20):
                for kind, column, bad in damages(fresh, draw):
                    for what, check in checks.items():
                        hit = any(not column or each.column == column for each in check(Table(bad)).violations)
                        found.setdefault(f"{what} {rows}:{later}", Counter())[kind if not hit else "found"] += 1


def real_tables(data: Path, only: list[str], sizes: list[tuple[int, int]], samples: int, alarms: Alarms) -> None:
    """Check one part of each real table against another, split at random."""
    for entry in json.loads((data / "MANIFEST.json").read_text()):
        if only and entry["name"] not in only:
            continue
        frame = collect(data / entry["file"]).frame.sample(fraction=1.0, shuffle=True, seed=0).head(LARGEST)
        for rows, later in sizes:
            if rows + later > frame.height:
                continue
            for sample in range(max(1, samples // 10)):
                places = np.random.default_rng((sample, rows, later)).permutation(frame.height)
                checks = both(Table(frame[places[:rows]]))
                for what, check in checks.items():
                    fresh = Table(frame[places[rows : rows + later]])
                    alarms.add(f"real {what} {rows}:{later}", check(fresh), entry["name"])


def main() -> None:
    """Print the share of false alarms by size, what they were, and the damages that were not found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--samples", type=int, default=200)
    parser.add_argument("--sizes", nargs="+", default=list(SIZES))
    parser.add_argument("--only", nargs="*", default=[])
    options = parser.parse_args()
    sizes = [(int(rows), int(later)) for rows, later in (size.split(":") for size in options.sizes)]
    alarms, found, start = Alarms(), dict[str, Counter[str]](), time.perf_counter()
    if options.data is None:
        made_tables(sizes, options.samples, alarms, found)
    else:
        real_tables(options.data, options.only, sizes, options.samples, alarms)
    print("\n".join(alarms.told()))
    print("\nwhat alarmed:", *[f"  {count:4} {what}" for what, count in alarms.why.most_common(40)], sep="\n")
    print("\ndamages:")
    for what, counts in found.items():
        total, hits = sum(counts.values()), counts.pop("found", 0)
        print(f"  {what:24} {hits:4} of {total:4} found; not found: {dict(counts) or 'none'}")
    print(f"\n{time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()

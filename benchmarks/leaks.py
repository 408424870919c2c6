"""Claim: of leaks planted in real tables at least 95 % are found, with false alarms on at most 2 % of their columns.

    python benchmarks/leaks.py DATA [DATA ...] [--seeds 2] [--rows 20000] [--only NAME ...] [--out results.jsonl]

DATA is a folder of tables with a MANIFEST.json; benchmarks/more_tables.py writes one. What the manifest names as a leak
is left out first. Each table is looked at as it is: what is said then, by a warning or an error, is printed and counts
as a false alarm, true or not. Then leaks are planted, one at a time:

- copy: classes under other names or in several spellings; numbers in another unit, rounded, in logarithms, in bands
- proxy: classes with 1 % exchanged, or with noise; numbers with noise of a twentieth of their spread
- post_event: a date, reason or amount that is filled in where the rarer class (or a large number) is
- id: numbers from one block for each class, or in the target's order; letters by class before the number
- row_order: the file sorted by the target
- time: classes recorded in one month after the other, or at hours of their own
- group: two to six rows of one target share a number that says nothing else
- copied_rows: a tenth of the rows again, with small changes in fractions and another id; only in tables of four such
  columns at least, whose rows are all different without it: where there are few values, rows are alike by chance

A leak counts as found where a detector of leaks names the planted column (or, without a column, says so of the table);
how often as a warning or an error, and how often under its own kind, is printed beside.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from tables_common import entries, question, read, task_of

from mlwright.clean.base import Context
from mlwright.clean.detectors import DETECTORS, detect
from mlwright.clean.question import Question
from mlwright.clean.roles import infer_schema
from mlwright.table import Table

LEAKS = tuple(name for name in DETECTORS if name.startswith("leak_"))
PLANTED = "planted"
FEWEST_ROWS = 150
START = datetime(2024, 1, 1)  # noqa: DTZ001  the files hold no zones


@dataclass(frozen=True)
class Known:
    """A table whose rows have a target: `codes` are the classes, or ten parts of the numbers' range."""

    frame: pd.DataFrame
    target: str
    y: pd.Series
    codes: np.ndarray[Any, np.dtype[np.intp]]
    numbers: bool

    @property
    def rarer(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """The rows of the rarest class with 30 rows, or of the largest fifth of numbers."""
        if self.numbers:
            return (self.y > self.y.quantile(0.8)).to_numpy()
        counts = np.bincount(self.codes)
        usable = np.where(counts >= 30, counts, counts.max() + 1)
        return self.codes == int(np.argmin(usable))

    def with_column(self, values: Any, name: str = PLANTED) -> pd.DataFrame:
        """Return the frame with one more column."""
        return self.frame.assign(**{name: values})


Plant = Callable[[Known, np.random.Generator], tuple[pd.DataFrame, str]]
"""Returns the frame with the leak and which column has it: "" where it is the table."""


def recoded(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:
    if known.numbers:
        scale = random.choice([2.54, 0.4536, 100.0])
        return known.with_column((known.y * scale).map(lambda value: float(f"{value:.6g}"))), PLANTED
    names = np.array([f"{chr(65 + code % 26)}{code // 26 or ''}" for code in range(known.codes.max() + 1)])
    return known.with_column(random.permutation(names)[known.codes]), PLANTED


def respelled(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:
    if known.numbers:
        digits = random.integers(2, 4)
        return known.with_column(known.y.map(lambda value: float(f"{value:.{digits}g}"))), PLANTED
    texts = known.y.astype(str).to_numpy()
    spelled = [
        (f"is {t}", f"IS {t}", f"is  {t} ")[pick]
        for t, pick in zip(texts, random.integers(0, 3, len(texts)), strict=True)
    ]
    return known.with_column(spelled), PLANTED


def banded(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:
    if known.numbers:
        shifted = known.y - known.y.min()
        return known.with_column(
            np.log1p(shifted) if random.random() < 0.5 else pd.qcut(known.y, 12, duplicates="drop").astype(str)
        ), PLANTED
    return known.with_column(random.permutation(known.codes.max() + 1)[known.codes] * 7 + 3), PLANTED


def exchanged(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:
    if known.numbers:
        return known.with_column(known.y + random.normal(0, 0.05 * known.y.std(), len(known.y))), PLANTED
    wrong = random.random(len(known.codes)) < 0.01
    codes = np.where(wrong, random.permutation(known.codes), known.codes)
    return known.with_column(np.array([f"k{code}" for code in range(codes.max() + 1)])[codes]), PLANTED


def noisy(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:
    if known.numbers:
        place = known.y.rank(pct=True)
        return known.with_column(place + random.normal(0, 0.02, len(place))), PLANTED
    return known.with_column(known.codes * 3.0 + random.normal(0, 0.4, len(known.codes))), PLANTED


def dated(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:
    days = random.integers(0, 400, len(known.codes))
    filled = known.rarer & (random.random(len(days)) < 0.9)
    values = [
        (START + timedelta(days=int(d))).date().isoformat() if f else None for d, f in zip(days, filled, strict=True)
    ]
    return known.with_column(values), PLANTED


def reasoned(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:
    reasons = random.choice(["complaint", "price", "moved", "quality", "other"], len(known.codes))
    return known.with_column(np.where(known.rarer, reasons, "none" if random.random() < 0.5 else "")), PLANTED


def charged(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:
    amounts = np.round(random.lognormal(4, 1, len(known.codes)), 2)
    return known.with_column(np.where(known.rarer, amounts, 0.0)), PLANTED


def in_blocks(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:
    jitter = random.normal(0, 0.02 * len(known.y), len(known.y)) if known.numbers else random.random(len(known.y))
    key = known.y.rank().to_numpy() + jitter if known.numbers else known.codes + jitter * 0.99
    place = np.argsort(np.argsort(key))
    return known.with_column(place * 3 + 100_000 + random.integers(0, 3, len(place)), "record_no"), "record_no"


def lettered(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:
    letters = np.array([chr(65 + code % 26) + chr(65 + code // 26 % 26) for code in range(known.codes.max() + 1)])
    numbers = random.permutation(len(known.codes))
    return known.with_column(
        [f"{letters[c]}-{n:06d}" for c, n in zip(known.codes, numbers, strict=True)], "case_id"
    ), "case_id"


def ordered(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:  # noqa: ARG001
    key = known.y if known.numbers else pd.Series(known.codes, index=known.frame.index)
    return known.frame.loc[key.sort_values(kind="stable").index].reset_index(drop=True), ""


def by_month(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:
    minutes = random.integers(0, 30 * 24 * 60, len(known.codes)) + known.codes * 31 * 24 * 60
    return known.with_column([(START + timedelta(minutes=int(m))).isoformat(" ") for m in minutes], "made"), "made"


def by_hour(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:
    width = 1440 // (known.codes.max() + 1)
    minutes = random.integers(0, 300, len(known.codes)) * 1440 + known.codes * width
    minutes = minutes + random.integers(0, max(width - 1, 1), len(minutes))
    return known.with_column([(START + timedelta(minutes=int(m))).isoformat(" ") for m in minutes], "made"), "made"


def grouped(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:
    rows = len(known.codes)
    key = known.y.to_numpy() if known.numbers else known.codes + random.random(rows) * 0.5
    order, sizes = np.argsort(key, kind="stable"), random.integers(2, 7, rows)
    group = np.empty(rows, dtype=np.intp)
    group[order] = np.repeat(np.arange(rows), sizes)[:rows]
    names = random.permutation(rows * 3)[:rows] + 1000
    values = names[group]
    return known.with_column([f"u{v}" for v in values] if random.random() < 0.5 else values, "batch"), "batch"


def copied(known: Known, random: np.random.Generator) -> tuple[pd.DataFrame, str]:
    frame = known.frame.reset_index(drop=True)
    again = frame.loc[random.choice(len(frame), len(frame) // 10, replace=False)].copy()
    for name in again.columns.drop(known.target):
        if pd.api.types.is_float_dtype(again[name]) and again[name].nunique() > 20:
            again[name] += random.normal(0, 0.002 * frame[name].std(), len(again))
    both = pd.concat([frame, again]).sample(frac=1, random_state=int(random.integers(1 << 30)))
    return both.reset_index(drop=True).assign(row_id=[f"R{n}" for n in random.permutation(len(both))]), ""


PLANTS: dict[str, tuple[tuple[Plant, ...], frozenset[str]]] = {
    "copy": ((recoded, respelled, banded), frozenset({"target_copy"})),
    "proxy": ((exchanged, noisy), frozenset({"target_proxy"})),
    "post_event": ((dated, reasoned, charged), frozenset({"post_event_column"})),
    "id": ((in_blocks, lettered), frozenset({"id_tells_target"})),
    "row_order": ((ordered,), frozenset({"sorted_by_target"})),
    "time": ((by_month, by_hour), frozenset({"time_tells_target"})),
    "group": ((grouped,), frozenset({"group_tells_target"})),
    "copied_rows": ((copied,), frozenset({"near_copies", "copied_rows", "duplicate_rows", "near_duplicate_rows"})),
}


def tells_rows_apart(features: pd.DataFrame) -> bool:
    """Tell whether the columns have so many values that equal rows are copies."""
    fine = sum(
        pd.api.types.is_float_dtype(kind) and features[name].nunique() > 20 for name, kind in features.dtypes.items()
    )
    return fine >= 4 and features.duplicated().mean() < 0.01


def known_of(entry: dict[str, Any], data: Path, most: int) -> Known | None:
    """Return a table of the folder, or None where it is too small or its target has hardly any rows of a class."""
    target = question(entry)
    frame = read(entry, data)
    frame = frame[frame[target].notna()]
    if len(frame) > most:
        frame = frame.sample(most, random_state=0).sort_index()
    frame = frame.reset_index(drop=True).copy()  # in one piece: columns are added again and again
    task = task_of(entry["kind"], frame[target])
    if len(frame) < FEWEST_ROWS or target not in frame:
        return None
    if task == "regression":
        codes = np.minimum((frame[target].rank(pct=True) * 10).astype(int), 9).to_numpy()
        return Known(frame, target, frame[target].astype(float), codes, numbers=True)
    counts = frame[target].value_counts()
    frame = frame[frame[target].isin(counts.index[counts >= 20])].reset_index(drop=True)
    if frame[target].nunique() < 2 or frame[target].nunique() > 30:
        return None
    return Known(frame, target, frame[target], pd.factorize(frame[target])[0], numbers=False)


def said(frame: pd.DataFrame, target: str) -> tuple[list[Any], float, int]:
    """Return what the detectors of leaks find in a frame as it would be read from a file, and how long they take."""
    texts = pl.read_csv(frame.to_csv(index=False).encode(), infer_schema=False)
    table = Table(texts)
    schema, found = infer_schema(table, Question(target=target))
    start = time.perf_counter()
    detected = detect(table, Context(table, schema), only=(*LEAKS, "duplicate_rows", "near_duplicates"))
    seconds = time.perf_counter() - start
    return [*(f for f in found if f.kind == "target_copy"), *(d.finding for d in detected)], seconds, len(schema)


def one(known: Known, kind: str, seed: int) -> Iterator[dict[str, Any]]:
    """Plant each form of a kind and tell whether it was found."""
    plants, kinds = PLANTS[kind]
    for plant in plants:
        if kind == "time" and known.numbers and plant is by_month:
            continue  # numbers that grow with time are a trend, which nobody should call a leak
        if kind == "copied_rows" and not tells_rows_apart(known.frame.drop(columns=[known.target])):
            continue
        random = np.random.default_rng([seed, len(known.frame)])
        frame, column = plant(known, random)
        findings, seconds, _ = said(frame, known.target)
        named = [f for f in findings if (column in f.columns if column else f.kind in kinds)]
        yield {
            "kind": kind,
            "form": plant.__name__,
            "found": bool(named),
            "alarm": any(f.severity != "info" for f in named),
            "own": any(f.kind in kinds for f in named),
            "seconds": seconds,
        }


def summary(results: pd.DataFrame, clean: pd.DataFrame) -> None:
    """Print recall by kind and form, and what was said of the untouched tables."""
    for name, part in [
        *results.groupby("kind", sort=False),
        *results.groupby(["kind", "form"], sort=False),
        ("all", results),
    ]:
        label = " ".join(name) if isinstance(name, tuple) else name
        shares = "  ".join(f"{what} {part[what].mean():6.1%}" for what in ("found", "alarm", "own"))
        print(f"{label:28} {len(part):4} planted  {shares}")
    columns, alarms = clean["columns"].sum(), clean["columns_alarmed"].sum()
    print(f"untouched: {alarms} of {columns:,} columns ({alarms / columns:.2%}) have a warning or an error;")
    print(f"{clean['table_alarms'].sum()} of {len(clean)} tables have one about their rows")
    print(f"seconds a table: median {results['seconds'].median():.2f}, most {results['seconds'].max():.2f}")


def main() -> None:
    """Look at every table as it is and with each leak, and print the summary."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path, nargs="+")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results, clean = [], []
    for data in options.data:
        for entry in entries(data, options.only):
            known = known_of(entry, data, options.rows)
            if known is None:
                continue
            findings, _, columns = said(known.frame, known.target)
            alarms = [
                f for f in findings if f.severity != "info" and f.kind not in {"duplicate_rows", "near_duplicate_rows"}
            ]
            for alarm in alarms:
                print(f"{entry['name']}: {alarm.severity} {alarm.kind}: {alarm.message}", flush=True)
            about = {name for f in alarms if f.kind != "sorted_by_target" for name in f.columns}
            rows = sum(f.kind == "sorted_by_target" or not f.columns for f in alarms)
            clean.append({"columns": columns, "columns_alarmed": len(about), "table_alarms": rows})
            for seed in range(options.seeds):
                for kind in PLANTS:
                    for result in one(known, kind, seed):
                        results.append({"table": entry["name"], "seed": seed, **result})
                        if not result["found"]:
                            print(f"{entry['name']}: missed {kind} {result['form']}", flush=True)
    if options.out is not None:
        options.out.write_text("".join(json.dumps(result) + "\n" for result in results))
    summary(pd.DataFrame(results), pd.DataFrame(clean))


if __name__ == "__main__":
    main()

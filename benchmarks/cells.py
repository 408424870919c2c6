"""Claim: wrong cells are found and mended with few mistakes, without a label and with twenty labelled rows.

    python benchmarks/cells.py DATA [--seeds 10] [--rows 3000] [--tables hospital beers ...] [--out results.jsonl]

DATA is a folder with a MANIFEST.json. Measured are its pairs of a dirty and a clean table (kind "dirty", "clean_file"),
tables of usual kinds made here (cells_tables.py), and the folder's clean tables, as they are and with errors put in.

A cell is wrong where the dirty and the clean text differ. Of detection and of repair, precision, recall and F1 are told
(a repair is right where it gives the clean text; its recall is over all wrong cells), and how many clean cells were
changed.
Labels are the true rows that `next_tuple` asks for, one after the other; seeds change which rows are asked for.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import polars as pl
from cells_tables import KINDS, MADE, Pair, injected, texts

import mlwright as mw
from mlwright.clean.cleaned import Cleaned

LABELS = 20
SHARE = 0.01
TABLES = (
    "adult", "ames_housing", "titanic", "german_credit", "bank_marketing", "lending_club", "diamonds", "telco_churn",
    "australia_tourism", "bike_sharing_hourly", "penguins", "soybean", "movielens_100k_items",
)  # fmt: skip
BARS = {"none": 0.80, "20 rows": 0.88}
"""F1 of detection that the mean over the pairs has to reach."""


def measured(cleaned: Cleaned, dirty: pl.DataFrame, clean: pl.DataFrame) -> dict[str, float]:
    """Return how well cells were found and mended."""
    held = {name: dirty[name].to_list() for name in dirty.columns}
    truth = {name: clean[name].to_list() for name in dirty.columns}
    wrong = sum(int((dirty[name] != clean[name]).sum()) for name in dirty.columns)
    found = sum(held[cell.column][cell.row] != truth[cell.column][cell.row] for cell in cleaned.cells)
    mended = [cell for cell in cleaned.cells if cell.new is not None]
    right = sum(cell.new == truth[cell.column][cell.row] for cell in mended)
    spoilt = sum(held[cell.column][cell.row] == truth[cell.column][cell.row] for cell in mended)
    told = {"errors": float(wrong), "found_wrongly": float(len(cleaned.cells) - found), "spoilt": float(spoilt)}
    told |= scores("detect", found, len(cleaned.cells), wrong) | scores("repair", right, len(mended), wrong)
    return told | {"spoilt_share": spoilt / max(dirty.height * dirty.width - wrong, 1)}


def scores(what: str, hits: int, said: int, wanted: int) -> dict[str, float]:
    """Return precision, recall and F1."""
    precision, recall = hits / max(said, 1), hits / max(wanted, 1)
    return {
        f"{what}_precision": precision, f"{what}_recall": recall,
        f"{what}_f1": 2 * precision * recall / max(precision + recall, 1e-9),
    }  # fmt: skip


def one(name: str, pair: Pair, seeds: int) -> list[dict[str, Any]]:
    """Return what was measured on one table: without labels, and with them for each seed."""
    dirty, clean = pair
    rows = dirty.with_columns(pl.when(pl.all() == "").then(None).otherwise(pl.all()).name.keep())
    told = []
    for seed in range(max(seeds, 1)):
        start = time.perf_counter()
        cleaned = mw.clean(rows, seed=seed)
        len(cleaned.cells)  # worked out when it is asked for
        seconds = time.perf_counter() - start
        if not seed:
            told.append({"table": name, "labels": "none", "seconds": seconds, **measured(cleaned, dirty, clean)})
        if not seeds:
            break
        start = time.perf_counter()
        cleaned = labelled(cleaned, clean)
        len(cleaned.cells)
        seconds += time.perf_counter() - start
        told.append({"table": name, "labels": "20 rows", "seconds": seconds, **measured(cleaned, dirty, clean)})
    return told


def labelled(cleaned: Cleaned, clean: pl.DataFrame) -> Cleaned:
    """Answer what is asked, row by row, as a person does who knows the truth."""
    for _ in range(LABELS):
        asked = cleaned.next_tuple()
        if asked is None:
            break
        cleaned = cleaned.with_labels({asked.row: clean.row(asked.row, named=True)})
    return cleaned


def pairs(data: Path, rows: int) -> dict[str, Any]:
    """Return what makes each table, by name."""
    made: dict[str, Any] = {}
    for entry in json.loads((data / "MANIFEST.json").read_text()):
        if entry["kind"] == "dirty":
            files = data / entry["file"], data / entry["clean_file"]
            made[entry["name"].removesuffix("_dirty")] = lambda files=files: tuple(texts(f, 10**9) for f in files)
    for name, make in MADE.items():
        made[name] = lambda make=make: make(0)
    for name in TABLES:
        files = list(data.glob(f"{name}.csv*"))
        if not files:
            continue
        made[f"{name}, clean"] = lambda file=files[0]: (texts(file, rows),) * 2
        for kind in KINDS:
            made[f"{name}, {kind}"] = lambda file=files[0], kind=kind: injected(texts(file, rows), [kind], SHARE, 0)
    return made


def summary(results: list[dict[str, Any]]) -> None:
    """Print a line for each table and kind of labels, and the means over groups of tables."""
    groups: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
    for result in results:
        groups[result["table"], result["labels"]].append(result)
    print(f"{'table':34} {'labels':8} {'detect P':>8} {'R':>6} {'F1':>6} {'repair P':>8} {'R':>6} {'F1':>6}", end=" ")
    print(f"{'spoilt':>7} {'share':>9} {'seconds':>8}")
    means: dict[tuple[str, str], list[dict[str, float]]] = defaultdict(list)
    for (name, labels), told in groups.items():
        mean = {key: float(np.mean([each[key] for each in told])) for key in told[0] if key not in {"table", "labels"}}
        means["made" if name in MADE else name.split(", ")[-1] if ", " in name else "pairs", labels].append(mean)
        print(line(name, labels, mean))
    print("\nmeans")
    for (group, labels), each in means.items():
        print(line(f"{group} ({len(each)})", labels, {key: float(np.mean([m[key] for m in each])) for key in each[0]}))
    for labels, bar in BARS.items():
        if ("pairs", labels) in means:
            mean = float(np.mean([each["detect_f1"] for each in means["pairs", labels]]))
            print(f"pairs, labels {labels}: F1 {mean:.3f}, {'reaches' if mean >= bar else 'MISSES'} {bar:.2f}")


def line(name: str, labels: str, told: dict[str, float]) -> str:
    """Return one line of the table."""
    detect = " ".join(f"{told[f'detect_{key}']:6.3f}" for key in ("precision", "recall", "f1"))
    repair = " ".join(f"{told[f'repair_{key}']:6.3f}" for key in ("precision", "recall", "f1"))
    spoilt = f"{told['spoilt']:7.1f} {100 * told['spoilt_share']:8.4f}%"
    return f"{name:34} {labels:8}   {detect}   {repair} {spoilt} {told['seconds']:8.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--seeds", type=int, default=10, help="of the pairs and made tables; others have one")
    parser.add_argument("--rows", type=int, default=3_000, help="of the clean tables")
    parser.add_argument("--tables", nargs="*", default=[], help="only tables whose name begins with one of these")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    results: list[dict[str, Any]] = []
    for name, make in pairs(options.data, options.rows).items():
        if options.tables and not name.startswith(tuple(options.tables)):
            continue
        plain = ", " in name
        told = one(name, make(), 0 if name.endswith("clean") else min(options.seeds, 1) if plain else options.seeds)
        results += told
        print(line(name, told[0]["labels"], told[0]), flush=True)
        if options.out:
            with options.out.open("a") as file:
                file.writelines(json.dumps(each) + "\n" for each in told)
    print()
    summary(results)


if __name__ == "__main__":
    main()

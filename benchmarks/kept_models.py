"""Models of many tables, built once on three quarters of each and kept in a folder, with the rows they never saw."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from tables_common import entries, question, read, split

import mlwright as mw

MOST_LEARNT = 10_000


def arguments(doc: str | None, *, rows: int) -> argparse.ArgumentParser:
    """Return what can be asked of a benchmark over kept models."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--models", type=Path, required=True, help="where models are kept, and taken from")
    parser.add_argument("--budget", type=float, default=15.0, help="seconds of each build")
    parser.add_argument("--rows", type=int, default=rows, help="fresh rows of each table")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--out", type=Path)
    return parser


def kept_models(options: argparse.Namespace) -> Iterator[tuple[str, mw.Model, pd.DataFrame]]:
    """Yield each table's name, its model, and fresh rows with their target that it did not learn from."""
    for entry in entries(options.data, options.only):
        target = question(entry)
        learnt, fresh = split(read(entry, options.data), target, seed=0)
        place = options.models / entry["name"]
        if place.exists():
            model = mw.load(place)
        else:
            options.models.mkdir(parents=True, exist_ok=True)
            learnt = learnt.sample(min(MOST_LEARNT, len(learnt)), random_state=0)
            try:
                model = mw.build(learnt, target=target, budget=options.budget, out=place)
            except mw.errors.DataError as error:
                print(f"{entry['name']}: {error}", flush=True)
                continue
        yield entry["name"], model, fresh.sample(min(options.rows, len(fresh)), random_state=1)


def raw_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as a person would give them: dicts with None for what is missing."""
    rows: list[dict[str, Any]] = frame.astype(object).where(frame.notna(), None).to_dict("records")
    return rows

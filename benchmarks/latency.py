"""How long a model takes to load, to answer one row, and to answer many.

    python benchmarks/latency.py                      builds default models on made-up tables of 25 columns first
    python benchmarks/latency.py MODEL [MODEL ...]    measures these
    options: --task binary|multiclass|regression (all three by default), --rows 8000, --budget 60s, --data FILE, --json

Rows are distinct: those of FILE where one is given, else mixed from the model's own test rows, every number moved a
little, some values missing, some categories unknown. Each model is measured in a process of its own, which says what it
had to import. One row is a dict for `model.predict`; a large batch is a data frame, which needs Polars, or dicts.

Bars: one row in 0.1 ms (median) and 1 ms (99 of 100 rows), 100,000 rows per second, loading in 0.5 s after import.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

ONE_ROW = 3_000
WARM = 50
BATCHES = (1, 32, 1_000, 50_000)
TASKS = ("binary", "multiclass", "regression")
HEAVY = ("pandas", "sklearn", "scipy", "polars", "lightgbm", "xgboost", "catboost", "wasmtime")
FORBIDDEN = frozenset({"pandas", "sklearn", "lightgbm", "xgboost", "catboost"})
ROW_MS, ROW_MS_P99, ROWS_PER_SECOND, LOAD_S = 0.1, 1.0, 100_000, 0.5

Row = dict[str, Any]


def made_up(task: str, rows: int, seed: int = 0) -> dict[str, list[Any]]:
    """Return a table of 25 columns, 9 of them categories of 2 to 150 levels, with gaps, and the target y."""
    rng = np.random.default_rng(seed)
    Z = rng.normal(size=(rows, 15))
    table: dict[str, list[Any]] = {}
    for place in range(15):
        gone = rng.random(rows) < 0.05 * (place % 3)
        numbers = (Z[:, place] * 10.0 ** (place % 4)).round(3).tolist()
        table[f"number{place}"] = [None if missing else number for missing, number in zip(gone, numbers, strict=True)]
    score = 1.2 * Z[:, 0] * Z[:, 1] + np.sin(2 * Z[:, 2]) + 0.8 * Z[:, 3] + 0.3 * Z[:, 5] ** 2
    for place, levels in enumerate((2, 3, 5, 8, 12, 20, 60, 150)):
        code = np.minimum(rng.zipf(1.3, rows) - 1, levels - 1) if place % 2 else rng.integers(0, levels, rows)
        score += 0.5 * rng.normal(size=levels)[code] * (1 + (Z[:, 4] > 0) * (place == 2))
        gone = rng.random(rows) < 0.03 * (place % 2)
        table[f"category{place}"] = [
            None if missing else f"level {each}" for missing, each in zip(gone, code, strict=True)
        ]
    table["count"] = rng.poisson(3, rows).tolist()
    table["flag"] = np.where(rng.random(rows) < 0.4, "yes", "no").tolist()
    noisy = score + rng.logistic(size=rows)
    if task == "regression":
        table["y"] = (100 + 20 * score + 10 * rng.normal(size=rows)).round(2).tolist()
    elif task == "binary":
        table["y"] = np.where(noisy > 0, "yes", "no").tolist()
    else:
        table["y"] = np.array(list("abcde"))[np.digitize(noisy, np.quantile(noisy, [0.3, 0.55, 0.75, 0.9]))].tolist()
    return table


def build(task: str, options: argparse.Namespace, folder: Path) -> Path:
    """Build the default model of a made-up table, and return where it is."""
    import mlwright

    how: dict[str, Any] = {"trials": options.trials} if options.trials else {"budget": options.budget}
    return mlwright.build(made_up(task, options.rows), target="y", **how).save(folder / task)


def mixed(golden: Sequence[Mapping[str, Any]], names: Sequence[str], count: int, seed: int = 1) -> list[Row]:
    """Return distinct rows: each column's values drawn for themselves from those of the test rows, moved a little."""
    rng = np.random.default_rng(seed)
    columns = {}
    for name in names:
        known = [row.get(name) for row in golden] or [None]
        drawn = [known[place] for place in rng.integers(0, len(known), count)]
        moved = (1 + 0.05 * rng.normal(size=count)).tolist()
        odd = rng.random(count).tolist()
        columns[name] = [_moved(value, factor, chance) for value, factor, chance in zip(drawn, moved, odd, strict=True)]
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def _moved(value: Any, factor: float, chance: float) -> Any:
    if chance < 0.02:
        return None
    if isinstance(value, float):
        return value * factor
    return f"{value} new" if chance < 0.03 and isinstance(value, str) else value


def seconds(work: Callable[[int], object], times: int, clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """Return what each call took."""
    taken = []
    for place in range(times):
        start = clock()
        work(place)
        taken.append(clock() - start)
    return taken


def milliseconds(taken: Sequence[float], quantile: float) -> float:
    """Return a quantile in milliseconds."""
    return round(1e3 * float(np.quantile(taken, quantile)), 4)


def given_rows(path: Path, names: Sequence[str]) -> list[Row]:
    """Return the rows of a file, with the columns that a model reads."""
    import mlwright.collect

    return mlwright.collect.collect(path, sample=False).frame.select(names).to_dicts()


def measure(path: Path, data: Path | None) -> dict[str, Any]:
    """Return the facts of one model; this process has done nothing else yet."""
    start = time.perf_counter()
    import mlwright.model

    imported = time.perf_counter() - start
    first = seconds(lambda _: mlwright.load(path), 1)[0]
    model = mlwright.load(path)
    ensemble = model.parts.ensemble
    facts: dict[str, Any] = {
        "model": str(path),
        "task": model.parts.task,
        "columns": len(ensemble.sources),
        "members": [member.label for member in ensemble.members],
        "import_s": round(imported, 3),
        "first_load_s": round(first, 3),
        "load_s": round(statistics.median(seconds(lambda _: mlwright.load(path), 5)), 3),
    }
    rows = (
        mixed(model.parts.golden, ensemble.sources, max(BATCHES))
        if data is None
        else given_rows(data, ensemble.sources)
    )
    one = rows[: WARM + ONE_ROW]
    taken = seconds(lambda place: model.predict(one[place % len(one)]), WARM + ONE_ROW)[WARM:]
    facts |= {"row_ms_median": milliseconds(taken, 0.5), "row_ms_p99": milliseconds(taken, 0.99)}
    # On a machine that others use as well, the clock counts their time too.
    taken = seconds(lambda place: model.predict(one[place % len(one)]), ONE_ROW, time.thread_time)
    facts |= {"row_own_ms_median": milliseconds(taken, 0.5), "row_own_ms_p99": milliseconds(taken, 0.99)}
    facts["imported"] = [name for name in HEAVY if sys.modules.get(name) is not None]
    if model.parts.classes:
        taken = seconds(lambda place: model.predict_proba(one[place % len(one)]), ONE_ROW)
        facts["probabilities_ms_median"] = milliseconds(taken, 0.5)
    facts["numpy_row_ms_median"] = milliseconds(by_numpy(path, one), 0.5)
    for size in BATCHES:
        facts |= batch(model, [rows[place % len(rows)] for place in range(size)])
    facts["batches_by"] = ensemble.forests.path
    return facts


def by_numpy(path: Path, rows: Sequence[Row]) -> list[float]:
    """Return the seconds of each row where there is no sandbox."""
    import mlwright.model

    model = mlwright.load(path)
    model.parts.ensemble.forests.__dict__["sandbox"] = None
    return seconds(lambda place: model.predict(rows[place % len(rows)]), ONE_ROW)


def batch(model: Any, rows: list[Row]) -> dict[str, float]:
    """Return the rows per second of a batch of dicts and, where Polars is, of a frame."""
    times = max(3, min(200, 5_000 // len(rows)))

    def rate(given: object, clock: Callable[[], float] = time.perf_counter) -> int:
        model.answer(given)
        return round(len(rows) / statistics.median(seconds(lambda _: model.answer(given), times, clock)))

    facts = {f"rows_per_second_{len(rows)}_dicts": rate(rows)}
    try:
        import polars as pl
    except ImportError:
        return facts
    if len(rows) >= 1_000:
        frame = pl.DataFrame(rows, infer_schema_length=None, strict=False)
        facts[f"rows_per_second_{len(rows)}_frame"] = rate(frame)
        facts[f"rows_per_own_second_{len(rows)}_frame"] = rate(frame, time.process_time)
    return facts


def apart(path: Path, data: Path | None) -> dict[str, Any]:
    """Measure a model in a process of its own."""
    words = [sys.executable, __file__, "--one", str(path), *(["--data", str(data)] if data else [])]
    facts: dict[str, Any] = json.loads(subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return facts


def verdict(found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return each bar with what was measured and whether it holds, over the models."""
    largest = f"rows_per_second_{max(BATCHES)}_frame"
    bars = [
        ("one row, median, ms", statistics.median(each["row_ms_median"] for each in found), ROW_MS, True),
        ("one row, 99 of 100, ms", max(each["row_ms_p99"] for each in found), ROW_MS_P99, True),
        ("loading, s", max(each["load_s"] for each in found), LOAD_S, True),
    ]
    if rates := [each[largest] for each in found if largest in each]:
        bars.append(("rows per second", statistics.median(rates), ROWS_PER_SECOND, False))
    lines = [
        f"{'holds' if (value <= bar if less else value >= bar) else 'MISSED':6}  {what}: {value:g} (bar {bar:g})"
        for what, value, bar, less in bars
    ]
    foreign = sorted({name for each in found for name in each["imported"]} & FORBIDDEN)
    return [
        *lines,
        f"{'MISSED' if foreign else 'holds':6}  imports no pandas, scikit-learn or booster: {foreign or 'none'}",
    ]


def main() -> None:
    """Build where no model is named, measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--task", choices=TASKS, action="append")
    parser.add_argument("--rows", type=int, default=8_000, help="of the made-up tables")
    parser.add_argument("--budget", default="60s", help="of the builds")
    parser.add_argument("--trials", type=int, help="of the builds, instead of a budget")
    parser.add_argument("--data", type=Path, help="a file to take rows from")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.one, given.data)))
        return
    with tempfile.TemporaryDirectory() as folder:
        models = given.models or [build(task, given, Path(folder)) for task in given.task or TASKS]
        found = [apart(path, given.data) for path in models]
    if given.json:
        print(json.dumps(found, indent=1))
        return
    for facts in found:
        print(*(f"{name}: {value}" for name, value in facts.items()), sep="\n", end="\n\n")
    print(*verdict(found), sep="\n")


if __name__ == "__main__":
    main()

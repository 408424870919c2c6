"""Learn the portfolio: which configurations, in which order, are worth a trial.

    python benchmarks/portfolio.py record FOLDER [FOLDER ...] --records RECORDS [--rows 8000] [--workers 2]
    python benchmarks/portfolio.py choose --records RECORDS [RECORDS ...] [--length 24] [--write FILE]

FOLDER holds tables with a MANIFEST.json (see more_tables.py). `record` samples configurations from published ranges,
adds those of the present portfolio, fits each once on every table and keeps what it predicts for rows that stop the fit
early ("valid") and for fresh ones ("test"), with its seconds. What is there is not fitted again, so it can be stopped
and goes on.

`choose` builds the order greedily: next comes the configuration that lowers the loss of the ensemble most for its
seconds, on average over tables. It is judged on tables left out of the choice (five parts of the tables), beside the
present order.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from tables_common import question

from mlwright.building.ask import Asked, ask
from mlwright.building.options import Options
from mlwright.collect import collect
from mlwright.errors import InputError
from mlwright.learn.base import Effort
from mlwright.learn.budget import Budget
from mlwright.learn.learners import LEARNERS
from mlwright.learn.material import standard
from mlwright.learn.portfolio import portfolio
from mlwright.tasks import ROW_TASKS

SAMPLED = (
    ("lightgbm", ("codes", "codes", "indicators"), 24),
    ("catboost", ("target", "indicators"), 12),
    ("xgboost", ("target", "indicators"), 12),
    ("extratrees", ("target", "indicators"), 4),
    ("lightgbm", ("target",), 10),
    ("catboost", ("indicators",), 10),
)
"""How many configurations are drawn for which learner, and the recipe variants that they read in turn."""
USUAL: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("lightgbm", "codes", {"learning_rate": 0.05, "num_leaves": 31, "min_data_in_leaf": 20, "feature_fraction": 0.9}),
    ("lightgbm", "codes", {"learning_rate": 0.05, "num_leaves": 31, "feature_fraction": 0.9, "extra_trees": True}),
    ("lightgbm", "codes", {"learning_rate": 0.03, "num_leaves": 128, "min_data_in_leaf": 5, "feature_fraction": 0.9}),
    ("catboost", "target", {"learning_rate": 0.05, "depth": 6, "l2_leaf_reg": 3.0}),
    ("catboost", "indicators", {"learning_rate": 0.05, "depth": 6, "l2_leaf_reg": 3.0}),
    ("xgboost", "target", {"learning_rate": 0.1, "max_depth": 6, "min_child_weight": 1.0}),
    ("xgboost", "indicators", {"learning_rate": 0.1, "max_depth": 6, "min_child_weight": 1.0}),
    ("lightgbm", "rich_codes", {"learning_rate": 0.05, "num_leaves": 31, "feature_fraction": 0.7, "cat_smooth": 50.0}),
    ("lightgbm", "rich_codes", {"learning_rate": 0.04, "num_leaves": 12, "feature_fraction": 0.6, "lambda_l2": 1.0}),
    ("lightgbm", "rich_target", {"learning_rate": 0.03, "num_leaves": 16, "feature_fraction": 0.5, "lambda_l2": 1.0}),
    ("catboost", "rich_target", {"learning_rate": 0.06, "depth": 5, "l2_leaf_reg": 3.0, "rsm": 0.8}),
    ("catboost", "rich_target", {"learning_rate": 0.05, "depth": 7, "l2_leaf_reg": 5.0, "rsm": 0.6}),
    ("xgboost", "rich_target", {"learning_rate": 0.06, "max_depth": 4, "min_child_weight": 1.0}),
    ("catboost", "rich_indicators", {"learning_rate": 0.06, "depth": 5, "l2_leaf_reg": 3.0, "rsm": 0.8}),
    ("catboost", "rich_indicators", {"learning_rate": 0.05, "depth": 3, "l2_leaf_reg": 0.2, "rsm": 0.9}),
    ("neural", "onehot", {"units": 128, "layers": 3, "waves": 8, "dropout": 0.15, "decay": 0.1}),
    ("neural", "onehot", {"units": 64, "layers": 2, "waves": 4, "dropout": 0.3, "decay": 0.1}),
)
"""Defaults of the libraries, and of AutoML systems that start from them."""
REST: dict[str, dict[str, Any]] = {
    "lightgbm": {
        "min_data_in_leaf": 20, "bagging_fraction": 1.0, "extra_trees": False, "cat_smooth": 10.0, "cat_l2": 10.0,
        "lambda_l2": 0.0,
    },
    "catboost": {"subsample": 0.8, "random_strength": 1.0, "rsm": 1.0, "leaf_estimation_iterations": 1},
    "xgboost": {"subsample": 1.0, "colsample_bylevel": 1.0, "reg_lambda": 1.0, "gamma": 0.0},
    "neural": {"nets": None, "rate": 0.03, "epochs": None},
}  # fmt: skip
FIT_SECONDS = 30.0
VALID_SHARE, TEST_SHARE = 0.2, 0.25
FEWER = 6
PARTS = 5
FAR = 2.0
MOST = 0.25
"""Spreads that one table can speak for or against a candidate: the order is for tables that are not among these."""
STEPS = (0.0, 0.1, 0.2, 0.35, 0.5, 0.7)
"""Weights that a new member may get in the ensemble."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A learner with a configuration and the recipe variant it reads."""

    learner: str
    variant: str
    configuration: dict[str, Any]

    @property
    def key(self) -> str:
        """A short name that does not change."""
        text = json.dumps([self.variant, self.configuration], sort_keys=True)
        return f"{self.learner}-{zlib.crc32(text.encode()):08x}"


def sample(learner: str, random: np.random.Generator) -> dict[str, Any]:
    """Return a configuration from the published ranges (TabArena; Holzmüller et al., 2024)."""

    def log(low: float, high: float) -> float:
        return float(f"{np.exp(random.uniform(np.log(low), np.log(high))):.2g}")

    def flat(low: float, high: float) -> float:
        return round(float(random.uniform(low, high)), 2)

    def either(*values: Any) -> Any:
        return values[int(random.integers(len(values)))]

    if learner == "lightgbm":
        return {
            "learning_rate": log(0.02, 0.1), "num_leaves": round(log(4, 200)), "min_data_in_leaf": round(log(1, 64)),
            "feature_fraction": flat(0.4, 1.0), "bagging_fraction": either(1.0, flat(0.7, 1.0)),
            "extra_trees": bool(either(0, 0, 1)), "cat_smooth": log(0.1, 100), "cat_l2": log(0.05, 10),
            "lambda_l2": either(0.0, log(0.01, 10)),
        }  # fmt: skip
    if learner == "catboost":
        return {
            "learning_rate": log(0.03, 0.12), "depth": int(random.integers(3, 9)), "l2_leaf_reg": log(1e-4, 15),
            "subsample": flat(0.6, 1.0), "random_strength": flat(0.0, 2.0), "rsm": flat(0.5, 1.0),
            "leaf_estimation_iterations": either(1, 1, 3),
        }  # fmt: skip
    if learner == "xgboost":
        return {
            "learning_rate": log(0.03, 0.12), "max_depth": int(random.integers(3, 11)),
            "min_child_weight": log(0.01, 10), "subsample": either(1.0, flat(0.6, 1.0)),
            "colsample_bylevel": flat(0.5, 1.0), "reg_lambda": either(0.0, 1.0, log(0.1, 10)), "gamma": 0.0,
        }  # fmt: skip
    return {"max_features": either("sqrt", 0.3, 0.5, 0.7, 1.0), "min_samples_leaf": either(1, 2, 3, 5, 8, 15)}


def present_candidates(objective: str) -> list[Candidate]:
    """Return the present portfolio in its order, the floor first."""
    return [
        Candidate(entry.learner.name, entry.variant, dict(entry.configuration))
        for entry in portfolio(LEARNERS, objective, 0)
    ]


def candidates(objective: str, *, few: bool = False) -> list[Candidate]:
    """Return the present portfolio, the learners' own configurations, then sampled ones: all, or a few of each kind."""
    drawn = [Candidate(name, variant, {**REST[name], **given}) for name, variant, given in USUAL]
    randoms = {name: np.random.default_rng(zlib.crc32(name.encode())) for name in LEARNERS}
    for name, variants, count in SAMPLED:
        for place in range(count):
            configuration = sample(name, randoms[name])
            if place < FEWER or not few:
                drawn.append(Candidate(name, variants[place % len(variants)], configuration))
    own = [
        Candidate(learner.name, learner.variant, dict(configuration))
        for learner in LEARNERS.values()
        for configuration in learner.configurations[objective]
    ]
    return list({one.key: one for one in [*present_candidates(objective), *own, *drawn]}.values())


def read(folder: Path, entry: dict[str, Any], rows: int) -> Asked:
    """Return a table as the main job understands it, of at most so many rows."""
    target = question(entry)
    frame = pd.read_csv(folder / entry["file"], low_memory=False).drop(columns=entry["leak_columns"])
    if entry["kind"] in {"regression", "forecast"}:
        frame[target] = pd.to_numeric(frame[target], errors="coerce")
    frame = frame[frame[target].notna()]
    if len(frame) > rows:
        frame = frame.sample(rows, random_state=0)
    task = entry["kind"] if entry["kind"] in ROW_TASKS else None
    return ask(collect(frame), Options(target=target, task=task, split="random"))


def record(folder: Path, entry: dict[str, Any], rows: int, records: Path, few: bool) -> None:  # noqa: FBT001
    """Fit every candidate that has no record yet on one table."""
    asked = read(folder, entry, rows)
    material, task = asked.material, asked.task
    place = np.random.default_rng(1).permutation(material.rows)
    first, second = (round(share * material.rows) for share in (TEST_SHARE, TEST_SHARE + VALID_SHARE))
    test, valid, train = (material.take(np.sort(part)) for part in np.split(place, [first, second]))
    path = records / f"{entry['name']}.npz"
    kept = dict(np.load(path, allow_pickle=False)) if path.exists() else {}
    kept |= {"y.valid": valid.target.y, "y.test": test.target.y}
    kept["about"] = np.array(json.dumps({"task": task.name, "rows": material.rows}))
    center, scale = standard(train.target, train.weight)
    prepared: dict[str, Any] = {}
    for one in candidates(task.objective, few=few):
        if f"{one.key}.seconds" in kept:
            continue
        if one.variant not in prepared:
            recipe, X = train.fit_recipe(one.variant, 0)
            problem = train.problem(X, recipe, center, scale)
            judge = valid.problem(recipe.transform(valid.columns), recipe, center, scale)
            prepared[one.variant] = (problem, judge, recipe.transform(test.columns))
        problem, judge, X_test = prepared[one.variant]
        start = time.perf_counter()
        effort = Effort(stop=Budget(FIT_SECONDS).stop_at())
        try:
            fitted = LEARNERS[one.learner].fit(problem, one.configuration, judge, effort)
        except Exception as error:  # a table that a learner cannot take teaches nothing about its configurations
            print(f"{entry['name']}: {one.key}: {error}", flush=True)
            continue
        seconds = time.perf_counter() - start
        for part, X in (("valid", judge.X), ("test", X_test)):
            kept[f"{one.key}.{part}"] = (fitted.predict(X) * scale + center).astype(np.float32)
        kept[f"{one.key}.seconds"] = np.array(seconds)
    beside = path.with_suffix(".tmp.npz")
    np.savez_compressed(beside, **kept)
    beside.replace(path)


def _record(job: tuple[Path, dict[str, Any], int, Path, bool]) -> str:
    start = time.perf_counter()
    try:
        record(*job)
    except InputError as error:
        return f"{job[1]['name']:40} passed over: {error}"
    return f"{job[1]['name']:40} {time.perf_counter() - start:6.1f} s"


@dataclass(slots=True)
class Known:
    """What was recorded of one table."""

    name: str
    loss: Callable[[np.ndarray, np.ndarray], float]
    y: dict[str, np.ndarray]
    predictions: dict[str, dict[str, np.ndarray]]
    """By part and candidate."""
    seconds: dict[str, float]
    best: float
    """The loss of the best single candidate."""
    spread: float
    """By how much single candidates differ on this table: the unit that makes tables comparable."""


def load(folders: Sequence[Path], objectives: Sequence[str], keys: Sequence[str]) -> Iterator[Known]:
    """Yield the tables of these objectives on which all candidates were fitted."""
    for path in (path for folder in folders for path in sorted(folder.glob("*.npz"))):
        kept = dict(np.load(path, allow_pickle=False))
        task = ROW_TASKS[json.loads(str(kept["about"]))["task"]]
        if task.objective not in objectives or any(f"{key}.seconds" not in kept for key in keys):
            continue
        metric = next(iter(task.metrics.values()))
        y = {part: kept[f"y.{part}"] for part in ("valid", "test")}
        predictions = {part: {key: kept[f"{key}.{part}"].astype(np.float64) for key in keys} for part in y}
        seconds = {key: float(kept[f"{key}.seconds"]) for key in keys}
        losses = [metric.loss(y["test"], P) for P in predictions["test"].values()]
        best = float(np.min(losses))
        spread = float(np.median(losses)) - best
        if spread > 1e-9:
            yield Known(path.stem, metric.loss, y, predictions, seconds, best, spread)


@dataclass(slots=True)
class Blend:
    """The ensemble of one table: its predictions on both parts."""

    known: Known
    valid: np.ndarray | None = None
    test: np.ndarray | None = None

    def with_(self, key: str) -> Blend:
        """Return the ensemble with one more member, at the weight that the validation rows like best."""
        valid, test = (self.known.predictions[part][key] for part in ("valid", "test"))
        if self.valid is None or self.test is None:
            return Blend(self.known, valid, test)
        y = self.known.y["valid"]
        weight = min(STEPS, key=lambda w: self.known.loss(y, (1 - w) * self.valid + w * valid))
        mixed = ((1 - weight) * was + weight * new for was, new in ((self.valid, valid), (self.test, test)))
        return Blend(self.known, *mixed)

    @property
    def value(self) -> float:
        """Its loss on fresh rows above the best single candidate's, in spreads; no table counts for more than two."""
        assert self.test is not None
        return min(FAR, (self.known.loss(self.known.y["test"], self.test) - self.known.best) / self.known.spread)


def greedy(tables: Sequence[Known], keys: Sequence[str], length: int, power: float) -> list[str]:
    """Return the order: each next candidate lowers the ensembles' loss most for its (relative) seconds.

    The first key is the floor, which is there before any other.
    """
    typical = {known.name: float(np.median(list(known.seconds.values()))) for known in tables}
    cost = {key: float(np.mean([known.seconds[key] / typical[known.name] for known in tables])) for key in keys}
    blends = [Blend(known).with_(keys[0]) for known in tables]
    order: list[str] = []
    while len(order) < length:
        now = np.array([blend.value for blend in blends])
        gain = {}
        for key in keys[1:]:
            if key not in order:
                then = np.array([blend.with_(key).value for blend in blends])
                gain[key] = float(np.mean(np.clip(now - then, -MOST, MOST))) / max(cost[key], 0.1) ** power
        best = max(gain, key=lambda key: gain[key])
        order.append(best)
        blends = [blend.with_(best) for blend in blends]
    return order


def curve(tables: Sequence[Known], floor: str, order: Sequence[str]) -> np.ndarray:
    """Return (tables, length): the loss of the ensemble after each candidate of the order, in units of the spread."""
    rows = []
    for known in tables:
        blend, values = Blend(known).with_(floor), []
        for key in order:
            blend = blend.with_(key)
            values.append(blend.value)
        rows.append(values)
    return np.array(rows)


def choose(
    folders: Sequence[Path], objectives: Sequence[str], length: int, power: float, *, few: bool = False
) -> list[dict[str, Any]]:
    """Return the learned order; print it, and how it does on tables left out of the choice beside the present one."""
    known_candidates = {one.key: one for one in candidates(objectives[0], few=few)}
    keys = list(known_candidates)
    tables = list(load(folders, objectives, keys))
    present = [one.key for one in present_candidates(objectives[0])][1 : length + 1]
    print(f"\n{' and '.join(objectives)}: {len(tables)} tables, {len(keys)} candidates")
    _print_singles(tables, known_candidates, present)
    parts = np.random.default_rng(0).permutation(len(tables)) % PARTS
    learned, old = [], []
    for part in range(PARTS):
        left = [known for known, of in zip(tables, parts, strict=True) if of == part]
        rest = [known for known, of in zip(tables, parts, strict=True) if of != part]
        if left:
            learned.append(curve(left, keys[0], greedy(rest, keys, length, power)))
            old.append(curve(left, keys[0], present))
    new, was = np.concatenate(learned), np.concatenate(old)
    print("\nensemble after so many trials on tables left out of the choice, loss above the best single (in spreads):")
    print("trials  learned  present  learned better on")
    for trials in range(1, min(new.shape[1], was.shape[1]) + 1):
        a, b = new[:, trials - 1], was[:, trials - 1]
        print(f"{trials:6} {a.mean():8.3f} {b.mean():8.3f}  {np.mean(a < b):5.0%}")
    print("\nlearned on all tables:")
    order = [known_candidates[key] for key in greedy(tables, keys, length, power)]
    for one in order:
        print(f"  {one.learner:10} {one.variant:10} {json.dumps(one.configuration)}")
    return [{"learner": o.learner, "variant": o.variant, "configuration": o.configuration} for o in order]


def _print_singles(tables: Sequence[Known], known: dict[str, Candidate], present: Sequence[str]) -> None:
    keys = list(known)
    losses = [[(k.loss(k.y["test"], k.predictions["test"][key]) - k.best) / k.spread for key in keys] for k in tables]
    singles = np.minimum(FAR, np.array(losses))
    seconds = np.array([[k.seconds[key] for key in keys] for k in tables])
    ranks = singles.argsort(axis=1).argsort(axis=1).mean(axis=0)
    print("single candidates (* present): loss above the best of the table (in spreads), rank, median seconds")
    for place in np.argsort(singles.mean(axis=0)):
        one = known[keys[place]]
        print(
            f"{'*' if keys[place] in present else ' '} {singles[:, place].mean():6.3f} {ranks[place]:5.1f}"
            f" {np.median(seconds[:, place]):6.2f} s  {one.learner:10} {one.variant:10}"
            f" {list(one.configuration.values())}"
        )


def main() -> None:
    """Record or choose."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("record", "choose"))
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--records", type=Path, nargs="+", required=True, help="where fits are kept; choose reads all")
    parser.add_argument("--rows", type=int, default=8_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--few", action="store_true", help="fewer sampled configurations, for large tables")
    parser.add_argument("--kind", default="", help="only tables whose kind begins so")
    parser.add_argument("--least", type=int, default=0, help="tables of fewer rows are passed over")
    parser.add_argument("--length", type=int, default=24)
    parser.add_argument("--write", type=Path, help="where the learned order goes: src/mlwright/learn/portfolio.json")
    parser.add_argument("--power", type=float, default=0.3, help="0 ignores seconds, 1 is gain per second")
    options = parser.parse_args()
    options.records[0].mkdir(parents=True, exist_ok=True)
    if options.what == "choose":
        orders = [
            {
                "objectives": together,
                "entries": choose(options.records, together, options.length, options.power, few=options.few),
            }
            for together in (("binary", "multiclass"), ("regression",))
        ]
        if options.write:
            told = {"considered": sorted(LEARNERS), "orders": orders}
            options.write.write_text(json.dumps(told, indent=1) + "\n")
        return
    jobs = [
        (folder, entry, options.rows, options.records[0], options.few)
        for folder in options.folders
        for entry in json.loads((folder / "MANIFEST.json").read_text())
        if question(entry)
        and entry["kind"].startswith(options.kind)
        and entry.get("rows", options.least) >= options.least
    ]
    jobs = [jobs[place] for place in np.random.default_rng(0).permutation(len(jobs))]
    with multiprocessing.get_context("spawn").Pool(options.workers, maxtasksperchild=4) as pool:
        for place, told in enumerate(pool.imap_unordered(_record, jobs)):
            print(f"{place + 1:3} of {len(jobs)}  {told}", flush=True)


if __name__ == "__main__":
    main()

"""Performance without labels, on real tables: how far estimates are off, and whether a few labels show when they fail.

    python benchmarks/label_free.py DATA [--only NAME ...] [--columns 2] [--draws 2] [--rows 1500] [--seed 0] [--json F]

DATA is a folder with a MANIFEST.json. Of each table rows of one population are learned from and judged on (the
reference), and rows of another are to be estimated. Two families of cases, both with rows chosen by columns alone, so
that rows alike end alike:

    elsewhere   a column's one side is common where the model learned and was judged, the other in production
    within      the model learned from all rows, and production has mostly rows of one side of a column, of one cluster,
                or with high or low predictions

Each case is drawn several times. Printed are the mean errors of the estimated loss (share of wrong answers and log loss
of classes, mean absolute error of numbers) of mlwright and of peers by their published definitions: CBPE (NannyML's:
the mean of the probabilities, recalibrated by isotonic regression where its test of three folds asks for it), ATC (Garg
et al., ICLR 2022) and, for numbers, DLE (NannyML's: boosted trees learn the errors); and how often the interval covers.

Then the relation changes: labels are flipped (numbers moved) in a region that a column bounds, or a column that matters
is not recorded and moves. At most 200 outcomes, drawn at random, back each estimate; counted is how often that warns,
where the true loss is beyond what was expected by half and by 10 points or more (numbers: by half), and how often where
nothing but the rows changed.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import StratifiedKFold
from tables_common import entries, question, read

import mlwright as mw
from mlwright.monitor.backing import back, draw
from mlwright.monitor.estimate import Estimate, Sample, estimate
from mlwright.tasks.scores import absolute_rows, log_loss_rows, wrong_rows

TABLES = (
    "adult", "bank_marketing", "telco_churn", "fertility_1980", "lending_club", "segment_cells", "german_credit",
    "ad_mammography", "ad_cardio", "wine_quality", "bike_sharing_hourly", "diamonds", "communities_crime",
    "ames_housing",
)  # fmt: skip
MOST_ROWS, LEARNED, LEAST = 24_000, 6_000, 200
COMMON = 0.9
"""The share of one side of the column in the population that has it commonly, of the other in the other."""
LABELS = 200
COVERAGE_BAR, BETTER_BAR, WARNED_BAR, FALSE_BAR = 0.90, 0.70, 0.80, 0.05


@dataclass
class Case:
    """Rows to judge on and rows to estimate, as samples with outcomes; `chance` says how likely a row is drawn."""

    table: str
    family: str
    by: str
    old: Sample
    new: Sample
    chance: np.ndarray | None = None


# --- cases -----------------------------------------------------------------------------------------------------------


def side(values: pd.Series, random: np.random.Generator) -> np.ndarray:
    """Return which rows are on one side: of the median, or of a division of the categories into halves."""
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > 5:
        found = (values > values.median()).to_numpy()
    else:
        shares = values.astype(str).value_counts(normalize=True)
        order = random.permutation(len(shares))
        many = int(np.searchsorted(np.cumsum(shares.to_numpy()[order]), 0.5)) + 1
        found = values.astype(str).isin(shares.index[order[:many]]).to_numpy()
    return found if random.random() < 0.5 else ~found


def sampled(model: mw.Model, rows: pd.DataFrame) -> Sample:
    """Return rows as the model's numbers, predictions and outcomes."""
    y = model.task.encode_known(rows[model.target].tolist(), model.schema[model.target], model.parts.classes)
    columns = model._columns(rows)  # noqa: SLF001 - the recipe's numbers have no public door
    X = np.asarray(model.parts.ensemble.together.transform(columns)[0], dtype=np.float64)
    sample = Sample(X, model.parts.ensemble.predict(columns), y)
    return sample.take(np.flatnonzero(np.isfinite(y)))


def cases(entry: dict[str, Any], data: Path, options: argparse.Namespace) -> Iterator[Case]:
    """Yield the cases of a table."""
    target, frame = question(entry), read(entry, data)
    frame = frame[frame[target].notna()].reset_index(drop=True)
    random = np.random.default_rng([options.seed, len(frame)])
    frame = frame.iloc[np.sort(random.permutation(len(frame))[:MOST_ROWS])].reset_index(drop=True)
    usable = [
        name
        for name in frame.columns
        if name != target
        and name not in entry["id_columns"]
        and frame[name].nunique() > 1
        and frame[name].value_counts(normalize=True).iloc[0] < 0.8
    ]
    for name in random.permutation(usable)[: options.columns]:
        inside = side(frame[name], random)
        source = random.random(len(frame)) < np.where(inside, COMMON, 1.0 - COMMON)
        yield from elsewhere(entry["name"], str(name), frame, target, source, random)
    yield from within(entry["name"], frame, target, usable, random)


def elsewhere(
    table: str, by: str, frame: pd.DataFrame, target: str, source: np.ndarray, random: np.random.Generator
) -> Iterator[Case]:
    """Learn and judge on one population, estimate another; once more without the column that tells them apart."""
    half = random.random(len(frame)) < 0.5
    learned, judged, others = (np.flatnonzero(each) for each in (source & half, source & ~half, ~source))
    if min(len(learned), len(judged), len(others)) < LEAST:
        return
    learned = learned[np.sort(random.permutation(len(learned))[:LEARNED])]
    for family, shown in (("elsewhere", frame), ("unrecorded", frame.drop(columns=by))):
        model = mw.build(shown.iloc[learned], target, trials=1, seed=0)
        yield Case(table, family, by, sampled(model, shown.iloc[judged]), sampled(model, shown.iloc[others]))


def within(
    table: str, frame: pd.DataFrame, target: str, usable: list[str], random: np.random.Generator
) -> Iterator[Case]:
    """Learn from all rows, and have mostly rows of one kind in production."""
    half = random.random(len(frame)) < 0.5
    learned = np.flatnonzero(half)
    model = mw.build(frame.iloc[learned[np.sort(random.permutation(len(learned))[:LEARNED])]], target, trials=1, seed=0)
    rows = frame.iloc[np.flatnonzero(~half)]
    sample = sampled(model, rows)
    rows = rows[rows[target].notna()].iloc[: len(sample)]
    names = [str(name) for name in random.permutation(usable)[:2]]
    kinds = {name: side(rows[name], random) for name in names}
    kinds["prediction"] = sample.P[:, -1] > np.quantile(sample.P[:, -1], 0.6)
    ranks = pd.DataFrame(sample.X).rank(pct=True).fillna(0.5).to_numpy()
    kinds["cluster"] = KMeans(4, n_init=1, random_state=0).fit_predict(ranks) == random.integers(4)
    for by, inside in kinds.items():
        chance = np.where(inside, COMMON, 1.0 - COMMON)
        yield Case(table, "within", by, sample, sample, chance)


def drawn(case: Case, rows: int, seed: int) -> tuple[Sample, Sample]:
    """Return rows of the reference and of production."""
    random = np.random.default_rng([seed, 7])
    if case.chance is None:
        old, new = (random.permutation(len(sample))[:rows] for sample in (case.old, case.new))
        return case.old.take(old), case.new.take(new)
    half = random.random(len(case.old)) < 0.5
    old, new = np.flatnonzero(half), np.flatnonzero(~half & (random.random(len(half)) < case.chance))
    old, new = random.permutation(old)[:rows], random.permutation(new)[:rows]
    return case.old.take(old), case.new.take(new)


# --- peers -----------------------------------------------------------------------------------------------------------


def calibration_error(p: np.ndarray, y: np.ndarray) -> float:
    """Return the mean distance of stated and observed shares in ten bins."""
    parts = np.array_split(np.argsort(p, kind="stable"), 10)
    return sum(len(part) * abs(p[part].mean() - y[part].mean()) for part in parts if len(part)) / len(p)


def recalibrated(old: Sample, P: np.ndarray) -> np.ndarray:
    """Return probabilities of two classes recalibrated where each of three folds says that it helps."""
    p, y = old.P[:, 1], old.y
    if min(np.bincount(y.astype(int), minlength=2)) < 3:
        return P
    for first, second in StratifiedKFold(3, shuffle=True, random_state=0).split(p, y):
        fitted = IsotonicRegression(out_of_bounds="clip").fit(p[first], y[first])
        if calibration_error(fitted.predict(p[second]), y[second]) >= calibration_error(p[second], y[second]):
            return P
    q = IsotonicRegression(out_of_bounds="clip").fit(p, y).predict(P[:, 1])
    return np.column_stack([1.0 - q, q])


def peers(old: Sample, new: Sample, loss: Any) -> dict[str, float]:
    """Return the estimates of peers."""
    if old.P.shape[1] == 1:
        trees = HistGradientBoostingRegressor(random_state=0).fit(np.hstack([old.P, old.X]), loss(old.y, old.P))
        # As NannyML does, errors of rows that the trees were not grown on would be asked for; these are new rows.
        return {
            "unchanged": float(loss(old.y, old.P).mean()),
            "DLE": float(trees.predict(np.hstack([new.P, new.X])).mean()),
        }
    each = np.column_stack([loss(np.full(len(new), float(label)), new.P) for label in range(new.P.shape[1])])
    chance = recalibrated(old, new.P) if new.P.shape[1] == 2 else new.P
    found = {"unchanged": float(loss(old.y, old.P).mean()), "CBPE": float((chance * each).sum(axis=1).mean())}
    if loss is wrong_rows:
        sure = old.P.max(axis=1)
        limit = np.quantile(sure, loss(old.y, old.P).mean())
        found["ATC"] = float((new.P.max(axis=1) < limit).mean())
    return found


# --- what is measured ------------------------------------------------------------------------------------------------


def measured(case: Case, options: argparse.Namespace) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Estimate a case several times, by each loss; back the estimates of the first loss with a few outcomes."""
    errors, alarms = [], []
    told = {"table": case.table, "family": case.family, "by": case.by}
    losses = {"wrong": wrong_rows, "log loss": log_loss_rows} if case.old.P.shape[1] > 1 else {"error": absolute_rows}
    for name, loss in losses.items():
        for number in range(options.draws):
            old, new = drawn(case, options.rows, number)
            truth = float(loss(new.y, new.P).mean())
            start = time.perf_counter()
            ours = estimate(old, Sample(new.X, new.P), loss, seed=number)
            seconds = time.perf_counter() - start
            others = {peer: value - truth for peer, value in peers(old, new, loss).items()}
            errors.append(
                {
                    **told, "loss": name, "truth": truth, "mlwright": float(ours.expected.mean()) - truth, **others,
                    "trusted": ours.trusted, "covered": ours.low <= truth <= ours.high, "seconds": seconds,
                }
            )  # fmt: skip
            if loss is log_loss_rows or not ours.trusted:
                continue
            for kind, y in (("as it is", new.y), ("region", turned(new, number))):
                alarms.append({**told, "kind": kind, "loss": name, **warned(ours, new, y, loss, old, number)})
    return errors, alarms


def warned(ours: Estimate, new: Sample, y: np.ndarray, loss: Any, old: Sample, seed: int) -> dict[str, Any]:
    """Back an estimate with outcomes of rows drawn at random."""
    chosen = draw([str(number) for number in range(len(new))], LABELS, seed=seed)
    known = loss(y[chosen.positions], new.P[chosen.positions])
    most = 1.0 if loss is wrong_rows else float(2.0 * np.quantile(loss(old.y, old.P), 0.95))
    found = back(ours.expected, chosen, known, high=ours.high, most=most)
    every = loss(y, new.P)
    return {
        "warns": found.warns, "truth": float(every.mean()), "expected": float(ours.expected.mean()),
        "covered": found.low <= np.minimum(every, most).mean() <= found.high,
    }  # fmt: skip


def turned(new: Sample, seed: int) -> np.ndarray:
    """Return outcomes that changed on one side of a column: half of the labels are others, numbers are moved."""
    random = np.random.default_rng([seed, 11])
    for column in random.permutation(new.X.shape[1]):
        region = new.X[:, column] > np.nanmedian(new.X[:, column])
        if 0.2 <= region.mean() <= 0.8:
            break
    y = new.y.copy()
    if new.P.shape[1] == 1:
        y[region] += np.std(y)
        return y
    change = region & (random.random(len(y)) < 0.5)
    y[change] = (y[change] + 1) % new.P.shape[1]
    return y


def harmful(row: dict[str, Any]) -> bool:
    """Return whether the loss is beyond what was expected by half, and by ten points where it is a share."""
    beyond = row["truth"] - row["expected"]
    return beyond >= 0.5 * row["expected"] and (row["loss"] == "error" or beyond >= 0.1)


# --- told ------------------------------------------------------------------------------------------------------------


def summary(rows: list[dict[str, Any]]) -> None:
    """Print, for each family and loss, in how many cases the mean error is smaller than each peer's, and coverage."""
    frame = pd.DataFrame(rows)
    print(f"\n{'family':12} {'loss':9} {'cases':>5} {'peer':>10} {'smaller in':>11} {'error ratio':>12} {'covered':>8}")
    for (family, loss), part in frame.groupby(["family", "loss"]):
        means = part.assign(**{p: part[p].abs() for p in PEERS if p in part}).groupby(["table", "by"])
        ours = part["mlwright"].abs().groupby([part["table"], part["by"]]).mean()
        sure = part[part["trusted"]]
        for peer in PEERS:
            if peer not in part or part[peer].isna().all():
                continue
            theirs = means[peer].mean()
            better, ratio = float((ours < theirs).mean()), float(np.exp(np.log(ours / theirs).mean()))
            print(
                f"{family:12} {loss:9} {len(ours):5} {peer:>10} {better:11.0%} {ratio:12.2f} "
                f"{sure['covered'].mean():8.1%}"
            )
    shifts = frame[frame["family"] != "unrecorded"]
    counted = shifts[shifts["trusted"]]
    kept = counted["covered"].mean() >= COVERAGE_BAR
    print(f"\ninterval covers, all covariate shifts: {counted['covered'].mean():.1%} (bar {COVERAGE_BAR:.0%}) "
          f"{'kept' if kept else 'MISSED'}; no estimate in {1 - shifts['trusted'].mean():.1%}")  # fmt: skip
    for family in ("elsewhere", "within"):
        part = shifts[(shifts["family"] == family) & shifts["CBPE"].notna()]
        keys = [part["table"], part["by"], part["loss"]]
        ours, theirs = (part[name].abs().groupby(keys).mean() for name in ("mlwright", "CBPE"))
        share = float((ours < theirs).mean())
        sums = ours.groupby("loss").sum().div(theirs.groupby("loss").sum()).round(2).to_dict()
        print(f"{family}: mean error below CBPE's in {share:.0%} of {len(ours)} cases (bar {BETTER_BAR:.0%})")
        print(f"    errors summed over cases, as multiples of CBPE's: {sums}")
    print(f"seconds for one estimate: median {frame['seconds'].median():.2f}, most {frame['seconds'].max():.2f}")


PEERS = ("CBPE", "DLE", "ATC", "unchanged")


def told_warnings(rows: list[dict[str, Any]]) -> None:
    """Print how often the backing sample warns, where it should and where it should not."""
    frame = pd.DataFrame(rows)
    frame["harmful"] = [harmful(row) for row in rows]
    changed = frame[(frame["kind"] == "region") | (frame["family"] == "unrecorded")]
    bad = changed[changed["harmful"]]
    quiet = frame[(frame["kind"] == "as it is") & (frame["family"] != "unrecorded")]
    print(
        f"\nharmful changes of the relation warned of: {bad['warns'].mean():.0%} of {len(bad)} (bar {WARNED_BAR:.0%})"
    )
    print(f"warned where only rows changed: {quiet['warns'].mean():.1%} of {len(quiet)} (bar {FALSE_BAR:.0%})")
    print(f"the backed interval covers: {frame['covered'].mean():.1%} of {len(frame)}")


def main() -> None:
    """Measure all tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--only", nargs="*", default=list(TABLES))
    parser.add_argument("--columns", type=int, default=2)
    parser.add_argument("--draws", type=int, default=2)
    parser.add_argument("--rows", type=int, default=1_500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    errors: list[dict[str, Any]] = []
    alarms: list[dict[str, Any]] = []
    for entry in entries(options.data, options.only):
        start = time.perf_counter()
        try:
            for case in cases(entry, options.data, options):
                more = measured(case, options)
                errors += more[0]
                alarms += more[1]
        except mw.InputError as error:
            print(f"{entry['name']:22} not built: {error}", flush=True)
        print(f"{entry['name']:22} {time.perf_counter() - start:6.1f} s", flush=True)
    summary(errors)
    told_warnings(alarms)
    if options.json:
        options.json.write_text(json.dumps({"errors": errors, "alarms": alarms}, default=float))


if __name__ == "__main__":
    main()

"""Claim: where no kind of rows is worse than another, none is said to be in 95 % of runs; planted ones are found.

    python benchmarks/slices.py DATA [--runs 200] [--rows 3000] [--only NAME ...] [--shuffled]

Of each table rows are drawn anew in each run; predictions are made at random, and the target is drawn from them (of
numbers with errors of Student's t with 2.5 degrees of freedom), so that no kind of rows is worse. Then a slice of two
conditions is planted, in which targets are drawn without regard to the predictions. Beside stands a search that tests
on the very rows on which it found: what it finds is mostly chance.

With `--shuffled` nothing is simulated: the targets of real tables are shuffled, a model is built of each as anybody
would, with few trials, and its evidence has to tell of no slice.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from scipy.stats import binomtest
from tables_common import entries, question, read

import mlwright as mw
from mlwright.building.ask import ask
from mlwright.building.options import Options
from mlwright.collect import collect
from mlwright.evaluate import slicing
from mlwright.evaluate.held_out import HeldOut
from mlwright.evaluate.slices import judged, worst_slices
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Target


def main() -> None:
    """Simulate, and print how often a slice was said to be worse."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--rows", type=int, default=3_000)
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--shuffled", action="store_true")
    options = parser.parse_args()
    if options.shuffled:
        shuffled(options)
        return
    tables = []
    for entry in entries(options.data, options.only):
        asked = ask(collect(read(entry, options.data)), Options(target=question(entry), clean=False))
        if asked.material.rows >= 800:
            tables.append((entry["name"], asked))
    for form in ("yes or no", "numbers", "numbers of customers"):
        false = found = naive = planted = 0
        for run in range(options.runs):
            random = np.random.default_rng(run)
            _, asked = tables[run % len(tables)]
            rows = np.sort(random.permutation(asked.material.rows)[: options.rows]).astype(np.intp)
            columns, described = asked.material.columns.take(rows), list(asked.schema)
            groups = random.integers(0, len(rows) // 5, len(rows)) if form == "numbers of customers" else None
            held, P, metric = drawn(random, len(rows), form, groups)
            false += bool(worst_slices(columns, described, held, P, metric, seed=run))
            naive += bool(on_the_same_rows(columns, described, held, P, metric, np.ones(len(rows), dtype=bool)))
            inside = planted_rows(random, columns, described)
            if inside is None:
                continue
            planted += 1
            told = worst_slices(columns, described, spoilt(random, held, inside), P, metric, seed=run)
            found += bool(told)
        share = binomtest(false, options.runs).proportion_ci(method="wilson")
        print(
            f"{form:22} false {false}/{options.runs} = {false / options.runs:.1%} ({share.low:.1%} to {share.high:.1%};"
            f" bar 5 %)  on the same rows {naive / options.runs:.1%}  planted found {found}/{planted}",
            flush=True,
        )


def shuffled(options):
    """Build models of shuffled targets, and print how many of them tell of a slice."""
    listed = [entry for entry in entries(options.data, options.only) if question(entry)]
    frames = {entry["name"]: read(entry, options.data) for entry in listed}
    listed = [entry for entry in listed if len(frames[entry["name"]]) >= 800]
    told = done = 0
    for run in range(options.runs):
        entry, random = listed[run % len(listed)], np.random.default_rng(run)
        frame, target = frames[entry["name"]], question(entry)
        rows = frame.iloc[random.permutation(len(frame))[: options.rows]].reset_index(drop=True)
        rows[target] = random.permutation(rows[target].to_numpy())
        try:
            model = mw.build(rows, target, trials=2, seed=run, cases=0, clean=False)
        except mw.errors.DataError as error:
            print(f"{entry['name']}: {error}")
            continue
        done += 1
        found = model.evaluation["slices"]
        told += bool(found)
        for each in found:
            print(f"{entry['name']} ({run}): {each['sentence']}", flush=True)
    share = binomtest(told, done).proportion_ci(method="wilson")
    print(f"shuffled targets: {told}/{done} = {told / done:.1%} ({share.low:.1%} to {share.high:.1%}; bar 5 %)")


def drawn(random, rows, form, groups):
    """Return a target that comes as predicted, and the predictions."""
    if form == "yes or no":
        p = random.beta(0.6, 1.2, rows)
        y = (random.random(rows) < p).astype(float)
        return HeldOut(Target(y, ("no", "yes"))), np.column_stack([1 - p, p]), ROW_TASKS["binary"].metrics["roc_auc"]
    errors = random.standard_t(2.5, rows)
    if groups is not None:
        errors += 2.0 * random.standard_t(2.5, groups.max() + 1)[groups]
    P = random.normal(size=(rows, 1))
    return HeldOut(Target(P[:, 0] + errors), groups=groups), P, ROW_TASKS["regression"].metrics["rmse"]


def planted_rows(random, columns, described):
    """Return the rows of a slice of two conditions with 5 to 30 % of the rows, or None where there is none."""
    conditions = slicing.conditions_of(columns, described, np.arange(columns.rows) % 2 == 0)
    for _ in range(200 if len(conditions) > 1 else 0):
        one, other = random.choice(len(conditions), 2, replace=False)
        rows = conditions[one].rows & conditions[other].rows
        if 0.05 <= rows.mean() <= 0.3 and conditions[one].column != conditions[other].column:
            return rows
    return None


def spoilt(random, held, inside):
    """Return the target with that of the slice's rows exchanged among them, and numbers three times as far out."""
    y = held.y.copy()
    y[inside] = random.permutation(y[inside]) if held.target.classes else 3.0 * y[inside]
    return HeldOut(Target(y, held.target.classes), groups=held.groups)


def on_the_same_rows(columns, described, held, P, metric, every):
    """Return what a search finds that tests on the rows on which it found."""
    compared = judged(held, P, metric).compared(every)
    conditions = slicing.conditions_of(columns, described, np.arange(columns.rows) % 2 == 0)
    found = slicing.found_on(conditions, compared, every)
    return [each for each in found if slicing.chance_of_larger(each.rows, compared, held.units) <= 0.05]


if __name__ == "__main__":
    main()

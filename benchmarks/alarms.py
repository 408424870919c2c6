"""Claim: at most one deployment in twenty is ever paged for nothing in a year, and real changes are seen soon.

    python benchmarks/alarms.py [--parts null shift friedman peers cost] [--peers river evidently nannyml]
                                [--environments DIR] [--install] [--full] [--out results.jsonl]

null      Years of 26,000 labels in which nothing changes. Whole deployments (errors at 10 % and a continuous loss, two
          groups, contracts that 0.2 % break; reference of 2,000 rows): the share that any watcher pages for. Errors
          alone: other rates, other sizes of the reference, and streams that depend on their past, for which nothing is
          promised. Twenty columns: the share in which one is ever named.
shift     Errors that rise after 5,000 good labels, to 15 % and 20 %, slowly, and on and off: share seen, median delay.
friedman  Absolute errors of a booster on Friedman's function, which changes after 2,500 rows (after the paper, with
          River's own variant of its recurring drift): share seen, share alarmed for before, median delay.
peers     River's detectors, Evidently and NannyML, as they come, on the same kinds of streams.
cost      1,000,000 rows of 50 columns, already in bins, and one record at a time.

A page is counted at the row at which the capital of a watcher reaches its threshold; a notice at the end of the portion
(16 rows where delays are told, otherwise 64). "false" is the share with an alarm before the change, or ever where there
is none, with its 95 % interval (Wilson); "found" the share whose first alarm is after the change; the median delay is
of those with no false alarm, null where half of them are never seen. With --full there are as many streams as the
claims speak of.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
from alarms_cost import of_many, one_by_one, profile
from alarms_fleet import NEVER, binned, followed, named_columns, of_errors, told, whole_years
from alarms_others import PACKAGES, evidently, nannyml, river, river_agrees
from alarms_streams import AFTER, DRIFTS, GOOD, SHIFTS, STABLE, YEAR, errors, friedman_errors, positions
from environments import environments

PARTS = ("null", "shift", "friedman", "peers", "cost")
REFERENCE, FINE = 2_000, 16
DEPENDENT = ("weekly", "wandering", "bursts")
Line = dict[str, Any]


def null(*, full: bool) -> Iterator[Line]:
    """Yield how often there is an alarm in a year without any change."""
    deployments = 2_000 if full else 200
    found = whole_years(deployments, base=0.1, reference=REFERENCE, seed=1)
    pages = np.minimum.reduce([found[name] for name in ("losses", "groups", "contract")])
    yield {"stream": "whole deployments", "alarm": "any page", **told(pages)}
    for name, firsts in found.items():
        yield {"stream": "whole deployments", "alarm": name, **told(firsts)}
    some = deployments // 4
    for base, reference in ((0.01, REFERENCE), (0.3, REFERENCE), (0.1, 100), (0.1, 500)):
        before = errors("constant", reference, some, base=base, seed=2)
        paged, noticed = of_errors(before, errors("constant", YEAR, some, base=base, seed=3), seed=4)
        stream = f"errors of {base:.0%}, reference of {reference:,}"
        yield {"stream": stream, "alarm": "page", **told(paged)}
        yield {"stream": stream, "alarm": "notice", **told(noticed)}
    for kind in DEPENDENT:
        streams = errors(kind, REFERENCE + YEAR, some // 2, seed=5)
        paged, _ = of_errors(streams[:REFERENCE], streams[REFERENCE:], seed=6)
        yield {"stream": f"errors, {kind} (nothing is promised)", "alarm": "page", **told(paged)}
    for reference in (500, REFERENCE):
        named, ever = named_columns(deployments // 20, reference=reference, seed=7)
        stream = f"20 columns, reference of {reference:,}"
        yield {"stream": stream, "alarm": "a column named", **told(named)}
        yield {"stream": stream, "alarm": "one column alone at 400", **told(np.where(ever, 1, NEVER))}


def shift(*, full: bool) -> Iterator[Line]:
    """Yield how soon more errors are seen."""
    streams = 2_000 if full else 200
    before = errors("constant", REFERENCE, streams, seed=11)
    for kind in SHIFTS:
        now = errors(kind, GOOD + AFTER, streams, seed=12)
        for watched, some in (("errors", streams), ("errors and a loss", streams // 2)):
            loss = watched != "errors"
            paged, noticed = of_errors(before[:, :some], now[:, :some], seed=13, step=FINE, loss=loss)
            yield {"stream": f"{watched} {kind}", "alarm": "page", **told(paged, GOOD)}
            yield {"stream": f"{watched} {kind}", "alarm": "notice", **told(noticed, GOOD)}


def friedman(python: Path | None, *, full: bool) -> Iterator[Line]:
    """Yield how soon the errors of a model of Friedman's function are seen to have changed."""
    if python:
        yield {"stream": "targets of River's generator less ours", **river_agrees(python)}
    for kind in DRIFTS:
        before, now = friedman_errors(kind, (500 if kind == "gra" else 200) if full else 50)
        counts, bins = binned(before, now)
        fleet = followed("losses", counts[:, None], bins[:, :, None], seed=31, step=FINE)
        end = positions(kind)[1] if kind.startswith("gra") else len(now)
        for alarm, firsts in (("page", fleet.paged), ("notice", fleet.noticed)):
            within = np.where(firsts <= end, firsts, NEVER)
            yield {"stream": f"Friedman, {kind}", "alarm": alarm, **told(within, STABLE)}
        if python:
            for alarm, line in river(python, now[:end], kind="numbers", change=STABLE).items():
                yield {"stream": f"Friedman, {kind}", "alarm": alarm, **line}


def peers(pythons: dict[str, Path], *, full: bool) -> Iterator[Line]:
    """Yield what other tools say of streams of the same kinds."""
    streams = 200 if full else 30
    if "river" in pythons:
        for kind, rows, change in (("constant", YEAR, None), *((each, GOOD + AFTER, GOOD) for each in SHIFTS)):
            now = errors(kind, rows, streams, seed=12)
            for alarm, line in river(pythons["river"], now, kind="zeros", change=change).items():
                yield {"stream": f"errors {kind}", "alarm": alarm, **line}
    if "nannyml" in pythons:
        for stream, line in nannyml(pythons["nannyml"], 50 if full else 10).items():
            yield {"stream": stream, "alarm": "nannyml", **line}
    if "evidently" in pythons:
        for stream, line in evidently(pythons["evidently"], 10 if full else 3).items():
            yield {"stream": stream, "alarm": "evidently", **line}


def cost(*, full: bool) -> Iterator[Line]:
    """Yield what it takes."""
    rows = 1_000_000 if full else 100_000
    yield {"rows": rows, **of_many(rows), **one_by_one()}
    print(profile(50_000))


def main() -> None:
    """Run the parts that are asked for, and print what they find line by line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="*", default=list(PARTS), choices=PARTS)
    parser.add_argument("--peers", nargs="*", default=[], choices=list(PACKAGES))
    parser.add_argument("--environments", type=Path, default=Path("environments"))
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    wanted = {name: PACKAGES[name] for name in options.peers}
    pythons = environments(wanted, options.environments, install=options.install)
    made = {
        "null": lambda: null(full=options.full),
        "shift": lambda: shift(full=options.full),
        "friedman": lambda: friedman(pythons.get("river"), full=options.full),
        "peers": lambda: peers(pythons, full=options.full),
        "cost": lambda: cost(full=options.full),
    }
    for part in options.parts:
        begun = time.perf_counter()
        for line in made[part]():
            text = json.dumps({"part": part, **line})
            print(text, flush=True)
            if options.out:
                with options.out.open("a") as file:
                    file.write(text + "\n")
        load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
        print(f"{part}: {time.perf_counter() - begun:.0f} s, load {load} on {os.cpu_count()} cores\n", flush=True)


if __name__ == "__main__":
    main()

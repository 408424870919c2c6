"""The exam of injected errors, and the judge of false alarms.

usage: python benchmarks/exam.py FOLDER ... [--only KIND ...] [--tables NAME ...] [--held-out] [--all] [--rows 5000]
                                 [--seed 0] [--clean] [--detectors NAME ...] [--also NAME ...] [--every] [--out FILE]

FOLDER is a folder with a MANIFEST.json: the tables of ../shared/data, and what `exam_tables.py` writes of the tables
that Python packages carry. Each of 47 clean real tables gets one error of each kind that can be made in it so that a
person could see it (the rules stand at the top of exam_numbers.py, exam_texts.py, exam_rows.py). An error counts as
found if a Finding of a kind that tells of it names the right column and, of wrong cells or rows, at least half; it must
not say the same of the clean table. A false alarm is a Finding of severity warning or error about a clean table, unless
it stands in exam_true.py, where those that are true are listed with a reason. Errors go into 2,500 rows and 40 columns
of a larger table, drawn at random; the clean table is judged with all its columns and 5,000 rows.

16 tables, drawn at random, are for development; `--held-out` takes the other 31, `--all` all of them, apart.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zlib import crc32

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import numpy as np
from exam_errors import ERRORS
from exam_score import ONLY, Said, judge, load_detector, look
from exam_tables import Clean, development, names, smaller, tables
from exam_true import is_true

LINE = 170


@dataclass
class Results:
    """What came out, table by table."""

    errors: list[dict[str, Any]] = field(default_factory=list)
    alarms: list[dict[str, Any]] = field(default_factory=list)
    true_alarms: list[dict[str, Any]] = field(default_factory=list)
    infos: int = 0
    tables: list[str] = field(default_factory=list)
    crashes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))

    def clock(self, name: str, call: Callable[[], list[Said]]) -> list[Said]:
        """Run one detector, and count its seconds; one that breaks says nothing."""
        start = time.perf_counter()
        try:
            return call()
        except Exception as error:
            self.crashes.append(f"{name}: {type(error).__name__}: {error}")
            return []
        finally:
            self.seconds[name] += time.perf_counter() - start


def examine(clean: Clean, kinds: list[str], options: argparse.Namespace, results: Results) -> None:
    """Judge the clean table, then inject one error of each kind into a part of it that is quick to look at."""
    results.tables.append(clean.name)
    before = look(clean.frame, clean, results.clock)
    results.infos += sum(not said.alarm for said in before)
    for said in before:
        if said.alarm:
            reason = is_true(clean.name, said.finding)
            told = {"table": clean.name, **_told(said), "reason": reason}
            (results.true_alarms if reason else results.alarms).append(told)
    part = smaller(clean, options.part_rows, options.part_columns, options.seed)
    if kinds and part.frame is not clean.frame:
        clean, before = part, look(part.frame, part, results.clock)
    for kind in kinds:
        rng = np.random.default_rng([options.seed, crc32(f"{clean.name} {kind}".encode())])
        injected = ERRORS[kind].inject(clean, rng)
        if injected is None:
            continue
        base = before if injected.before is clean.frame else look(injected.before, clean, results.clock)
        said = look(injected.frame, clean, results.clock)
        verdict = judge(ERRORS[kind], injected, said, base)
        entry = {"table": clean.name, "kind": kind, "columns": injected.columns, "note": injected.note}
        entry |= {"found": verdict.found, "by": verdict.by, "severity": verdict.severity}
        entry |= {"recall": verdict.recall, "precision": verdict.precision}
        entry["others"] = [_told(other) for other in verdict.others]
        entry["said"] = [] if verdict.found else [_told(each) for each in said if _near(each, injected.columns)][:4]
        results.errors.append(entry)
        if options.every or not verdict.found:
            print(_error_line(entry), flush=True)


def _near(said: Said, columns: tuple[str, ...]) -> bool:
    return bool(set(said.finding.columns) & set(columns)) if columns else not said.finding.columns


def _told(said: Said) -> dict[str, Any]:
    finding = said.finding
    shown = finding.columns[:4]
    return {"by": said.by, "kind": finding.kind, "columns": shown, "severity": finding.severity,
            "message": finding.message}  # fmt: skip


def _error_line(entry: dict[str, Any]) -> str:
    mark = "found " if entry["found"] else "MISSED"
    cells = "" if entry["recall"] is None else f" cells {entry['recall']:.0%} right {entry['precision'] or 0:.0%}"
    said = "; ".join(f"but {each['kind']}: {each['message']}" for each in entry["said"])
    where = ", ".join(entry["columns"])
    return f"{mark} {entry['kind']:18} {entry['table']:22} {where}: {entry['note']}{cells} {entry['by']} {said}"[
        : 2 * LINE
    ]


def summary(results: Results) -> None:
    """Print recall by kind, the alarms, and the seconds."""
    print(f"\n{'kind':20} {'found':>9} {'recall':>7}  {'cells found':>11} {'cells right':>11}  found by")
    for kind in ERRORS:
        entries = [entry for entry in results.errors if entry["kind"] == kind]
        if entries:
            print(_kind_line(kind, entries))
    found = [entry["found"] for entry in results.errors]
    if found:
        low, high = interval(found)
        print(f"{'all':20} {sum(found):4}/{len(found):<4} {np.mean(found):7.1%}  95 % interval {low:.1%}-{high:.1%}")
    print(f"\nalarms on clean tables ({len(results.tables)} tables):")
    for alarm in results.alarms:
        print(f"  FALSE {alarm['table']:22} {alarm['by']:20} {alarm['kind']}: {alarm['message']}"[: 2 * LINE])
    for alarm in results.true_alarms:
        print(
            f"  true  {alarm['table']:22} {alarm['by']:20} {alarm['kind']} {alarm['columns']}: {alarm['reason']}"[:LINE]
        )
    number = max(len(results.tables), 1)
    print(f"false alarms per clean table: {len(results.alarms) / number:.2f}  (judged true: "
          f"{len(results.true_alarms) / number:.2f}; for information only: {results.infos / number:.1f})")  # fmt: skip
    print("false alarms by detector:", dict(Counter(alarm["by"] for alarm in results.alarms).most_common()))
    others = Counter(other["by"] for entry in results.errors for other in entry["others"])
    print(f"alarms about other columns than the injected one, per dirty table: "
          f"{others.total() / max(len(results.errors), 1):.2f} {dict(others.most_common())}")  # fmt: skip
    slowest = sorted(results.seconds.items(), key=lambda item: -item[1])
    print("seconds: " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in slowest))
    for crash, count in Counter(results.crashes).most_common():
        print(f"CRASHED {count} times: {crash}"[: 2 * LINE])


def _kind_line(kind: str, entries: list[dict[str, Any]]) -> str:
    found = [entry["found"] for entry in entries]
    by = dict(Counter(entry["by"] for entry in entries if entry["found"]).most_common(3))
    cells = [
        f"{np.mean(values):11.1%}" if (values := [e[what] for e in entries if e[what] is not None]) else " " * 11
        for what in ("recall", "precision")
    ]
    return f"{kind:20} {sum(found):4}/{len(found):<4} {np.mean(found):7.1%}  {cells[0]} {cells[1]}  {by}"


def interval(found: list[bool]) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a share."""
    n, p, z = len(found), float(np.mean(found)), 1.96
    middle, half = p + z * z / (2 * n), z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return (middle - half) / (1 + z * z / n), (middle + half) / (1 + z * z / n)


def main() -> None:
    """Take the exam."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--only", nargs="*", default=[], choices=ERRORS, help="kinds of error")
    parser.add_argument("--tables", nargs="*", default=[], help="names of tables, whatever half they are in")
    parser.add_argument("--held-out", action="store_true", help="the tables that nothing was tuned on")
    parser.add_argument("--all", action="store_true", help="first the tables for development, then the others")
    parser.add_argument("--clean", action="store_true", help="judge the clean tables only")
    parser.add_argument("--rows", type=int, default=5_000, help="at most so many rows of each table")
    parser.add_argument("--part-rows", type=int, default=2_500, help="errors are injected into so many rows")
    parser.add_argument("--part-columns", type=int, default=40, help="and so many columns, drawn at random")
    parser.add_argument("--detectors", nargs="*", default=[], help="only these detectors, for a quick look")
    parser.add_argument("--also", nargs="*", default=[], help="detectors (names of their files) not registered yet")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", action="store_true", help="print also the errors that were found")
    parser.add_argument("--out", type=Path, help="where the results go as JSON")
    options = parser.parse_args()
    ONLY.update(options.detectors)
    for name in options.also:
        load_detector(name)
    halves = {"development": development(), "held out": frozenset(names()) - development()}
    if options.tables:
        halves = {"named": frozenset(options.tables)}
    elif not options.all:
        halves.pop("development" if options.held_out else "held out")
    kinds = [] if options.clean else [kind for kind in ERRORS if not options.only or kind in options.only]
    told = {}
    for half, wanted in halves.items():
        start, results = time.perf_counter(), Results()
        print(f"\n=== {half} tables")
        for clean in tables(options.folders, wanted, options.rows):
            examine(clean, kinds, options, results)
            told[half] = vars(results)
            if options.out:
                options.out.write_text(json.dumps(told, indent=1, default=str))
        summary(results)
        print(f"{half}: {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()

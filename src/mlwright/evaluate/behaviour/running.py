"""Running tests: rows are changed, the model is asked about all of them at once, and what it did is counted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mlwright.evaluate.behaviour.asking import Asking
from mlwright.evaluate.behaviour.base import Answer, BehaviourTest, Case, Kind, Label, Row, Sample, Setting, Tried
from mlwright.evaluate.behaviour.kinds import KINDS
from mlwright.evaluate.intervals import plain
from mlwright.evaluate.limits import UNKNOWN, Interval
from mlwright.evaluate.wording import brief, count, number, percent, sentence
from mlwright.learn.base import Floats, Stop, never
from mlwright.schema import Schema

MOST_CASES, MOST_CELLS, FEWEST_CASES = 4_000, 400_000, 100
"""A test asks about so many changed rows at most, fewer of wide tables: where rows make more than that, some spread
evenly are tried."""
ENOUGH = 0.05
"""Where no row may break a rule, and none does, it is kept if at most so many of all rows could break it."""
EXAMPLES = 3
LEAST = 1e-9
"""What sums of floating-point numbers may be off by."""


def run(
    tests: Sequence[BehaviourTest],
    answer: Answer,
    rows: Sequence[Row],
    *,
    schema: Schema,
    classes: Sequence[Label] = (),
    seed: int = 0,
    stop: Stop = never,
) -> list[dict[str, Any]]:
    """Return what each test found on these raw rows, as JSON.

    Parameters
    ----------
    tests
        As `generated` or `read_tests` give them.
    answer
        Gives (n, k) for raw rows, as a model's ensemble does: probabilities, or numbers. An `Asking` is quicker.
    rows
        Raw rows, drawn at random from those that the model is for.
    schema, classes
        The model's.
    seed
        Decides which letters are mistyped.
    stop
        Asked between tests: those left when it says so are told as not tried.
    """
    sample, setting = Sample(rows), Setting(schema, tuple(classes), seed)
    before = np.empty((0, max(len(classes), 1)))
    if len(sample):
        before = answer.begin(sample.rows) if isinstance(answer, Asking) else answer(sample.rows)
    return [
        _untried(test, "there was no time to try it") if stop() else _run(test, answer, sample, before, setting)
        for test in tests
    ]


def _run(test: BehaviourTest, answer: Answer, sample: Sample, before: Floats, setting: Setting) -> dict[str, Any]:
    kind = KINDS[test.kind]
    missing = [name for name in test.columns if len(sample) and name not in sample.names]
    if missing:
        return _untried(test, f"these rows have no column {missing[0]!r}")
    most = max(FEWEST_CASES, min(MOST_CASES, MOST_CELLS // max(1, len(sample.names))))
    cases = _thinned(list(kind.cases(test, sample, setting)), most)
    if not cases:
        return _untried(test, "no row has anything to change there")
    if isinstance(answer, Asking) and kind.needs_columns:
        after = answer.changed(cases, test.columns[0])
    else:
        after = answer([case.changed for case in cases])
    return _told(test, kind, kind.tried(test, cases, before, after, setting), setting)


def _thinned(cases: list[Case], most: int) -> list[Case]:
    """Return the cases of as many rows as may be asked about, spread evenly."""
    if len(cases) <= most:
        return cases
    rows = list(dict.fromkeys(case.row for case in cases))
    left = max(1, most * len(rows) // len(cases))
    kept = {rows[place] for place in np.linspace(0, len(rows) - 1, left).astype(int).tolist()}
    return [case for case in cases if case.row in kept]


def _told(test: BehaviourTest, kind: Kind, tried: Sequence[Tried], setting: Setting) -> dict[str, Any]:
    slack = LEAST * max(1.0, *(abs(one.after) for one in tried))
    broken = sorted((one for one in tried if one.size > test.most + slack), key=lambda one: -one.size)
    ends = (len(broken) / len(tried),) * 2 if kind.strict else clopper_pearson(len(broken), len(tried))
    verdict = _verdict(len(broken), test.allowed, ends, strict=kind.strict)
    return {
        "name": test.name,
        "kind": test.kind,
        "columns": list(test.columns),
        "most": test.most,
        "allowed": test.allowed,
        "tested": len(tried),
        "failed": len(broken),
        "share": len(broken) / len(tried),
        "interval": [plain(end) for end in ends],
        "verdict": verdict,
        "sentence": _sentence(test, kind, tried, broken, ends, verdict, setting),
        "examples": [_example(test, one) for one in broken[:EXAMPLES]],
    }


def _untried(test: BehaviourTest, why: str) -> dict[str, Any]:
    return {
        "name": test.name,
        "kind": test.kind,
        "columns": list(test.columns),
        "most": test.most,
        "allowed": test.allowed,
        "tested": 0,
        "failed": 0,
        "share": None,
        "interval": [None, None],
        "verdict": "unknown",
        "sentence": f"{test.name[:1].upper()}{test.name[1:]}: not tested, because {why}.",
        "examples": [],
    }


def clopper_pearson(failed: int, tested: int) -> Interval:
    """Return the exact 95 % interval of a share (Clopper and Pearson 1934), which covers at least that often.

    >>> [round(end, 4) for end in clopper_pearson(0, 72)], [round(end, 3) for end in clopper_pearson(5, 100)]
    ([0.0, 0.0499], [0.016, 0.113])
    """
    from scipy.special import betaincinv

    if tested == 0:
        return UNKNOWN
    low = 0.0 if failed == 0 else float(betaincinv(failed, tested - failed + 1, 0.025))
    high = 1.0 if failed == tested else float(betaincinv(failed + 1, tested - failed, 0.975))
    return low, high


def _verdict(failed: int, allowed: float, ends: Interval, *, strict: bool) -> str:
    """Return whether a rule is kept, by how many broke it and the interval of their share.

    Where no row may break it, one that does is enough; where none does, there have to be rows enough to say so.
    """
    if strict:
        return "pass" if failed == 0 else "fail"
    low, high = ends
    if allowed == 0.0:
        return "fail" if failed else "pass" if high <= ENOUGH else "unknown"
    return "fail" if low > allowed else "pass" if high <= allowed else "unknown"


def _sentence(
    test: BehaviourTest,
    kind: Kind,
    tried: Sequence[Tried],
    broken: Sequence[Tried],
    ends: Interval,
    verdict: str,
    setting: Setting,
) -> str:
    most = _amount(test.most, setting) if test.most > LEAST else ""
    text = f"{kind.subject(test)} {kind.moved(test, setting, most)} in "
    text += f"{f'{len(broken):,}' if broken else 'none'} of {count(len(tried), 'row')}"
    if kind.strict and not broken:
        text = f"{kind.subject(test)} was given in {'the one row' if len(tried) == 1 else f'all {len(tried):,} rows'}"
    if broken and not kind.strict:
        text += f" ({percent(len(broken) / len(tried))}, 95 % interval {percent(ends[0])} to {percent(ends[1])})"
    if test.allowed > 0.0:
        text += f"; up to {percent(test.allowed)} of rows may"
    if broken:
        text += f". {_worst(test, broken[0], setting)}"
    if verdict == "unknown":
        text = f"{text.rstrip('.')}. These rows are too few to tell: it could be {percent(ends[1])} of all rows"
    return sentence(text)


def _worst(test: BehaviourTest, one: Tried, setting: Setting) -> str:
    """Return what happened to the row that broke the rule most."""
    if test.decided and one.before is not None:
        was, now = (repr(str(setting.classes[round(value)])) for value in (one.before, one.after))
        return f"Such as row {one.row}: with {one.was} the answer is {was}, with {one.now} {now}"
    after = _shown(one.after, setting)
    if one.before is None:
        return f"Row {one.row + 1} of the test ({one.now}) got {after}"
    return f"Worst in row {one.row}: with {one.was} {_shown(one.before, setting)}, with {one.now} {after}"


def _shown(value: float, setting: Setting) -> str:
    return percent(value) if setting.classes else brief(value, 4)


def _amount(value: float, setting: Setting) -> str:
    if not setting.classes:
        return number(value)
    hundredths = f"{100.0 * value:.3g}"
    return f"{hundredths} percentage point{'' if hundredths == '1' else 's'}"


def _example(test: BehaviourTest, one: Tried) -> dict[str, Any]:
    return {
        "row": one.row,
        "column": test.columns[0] if test.columns else None,
        "before": one.was,
        "after": one.now,
        "answer_before": None if one.before is None else _finite(one.before),
        "answer_after": _finite(one.after),
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None

"""A file of gates to begin with: limits made from what was measured when the model was built."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mlwright.evaluate.gates.measured import as_float, ends_of, milliseconds, points, span
from mlwright.evaluate.gates.writing import Proposal, written
from mlwright.evaluate.wording import count, gained, named, number, percent, scored
from mlwright.fairness.telling import at_least
from mlwright.model.measures import main_metric
from mlwright.model.new_file import write_new
from mlwright.model.parts import RowParts
from mlwright.tasks.base import Metric
from mlwright.tasks.metrics import LOG_LOSS

GAP = 0.1
"""A difference between groups of people that is proposed as the largest at least, where they are shares."""
STATED = 0.1
"""How far stated probabilities may be off, as it is proposed."""
UNLIKE = 0.05
"""The largest share of rows that are unlike those of the build, as it is proposed."""
SLOWER, LEAST_MS = 20, 20
"""How many times longer than at the build a row may take, and the least time that is proposed."""

Facts = Mapping[str, Any]


def gates_text(parts: RowParts, ending: str = ".toml") -> str:
    """Return the text of a file of gates for the model."""
    version = f"@{parts.run['version']}" if "version" in parts.run else ""
    return written(list(proposals(parts)), f"{parts.name}{version}", ending)


def write_gates(parts: RowParts, path: Path) -> str:
    """Write the file, which must not be there, and return its text. Raises OutputError, OptionError."""
    text = gates_text(parts, path.suffix.lower())
    write_new(path, text, "gates")
    return text


def proposals(parts: RowParts) -> Iterator[Proposal]:
    """Yield the gates that are proposed, in the order in which they stand in the file."""
    metric, evidence = main_metric(parts), parts.evidence
    built = evidence.get("score") or {}
    gain = _gain(parts)
    yield from _score(metric, built)
    yield Proposal(
        "baseline",
        "The least that a model has to do: beat somebody who sees no column and always gives the same answer.",
        {"statistic": "better_than_baseline", "at_least": 0},
    )
    yield _other(metric, gain)
    yield from _people(parts)
    yield _stated(parts)
    yield from _slice(parts, metric, gain)
    yield Proposal(
        "behaviour",
        "No behaviour test may fail: those of --tests FILE, else those that follow from what the columns are.",
        {"statistic": "behaviour", "at_most": 0},
    )
    yield _speed(evidence)
    yield Proposal(
        "data",
        "The rows have to be like those that the model was built from: the same columns, kinds, ranges and categories "
        "(what `mlwright check` says of them).",
        {"statistic": "data_contract", "at_most": 0},
    )
    yield Proposal(
        "unlike",
        f"At most {percent(UNLIKE)} of the rows may be unlike all that the model was built from: there it guesses.",
        {"statistic": "unlike_rows", "at_most": UNLIKE},
    )


def _score(metric: Metric, built: Facts) -> Iterator[Proposal]:
    ends = built.get("interval")
    value, low, high = (as_float(each) for each in (built.get("value"), *(ends or (None, None))))
    if not math.isfinite(value + low + high):
        return
    room, better = high - low, metric.greater_is_better
    limit = _rounded(value - room if better else value + room, down=better, like=room)
    on = f" on {count(int(rows), 'row')}" if isinstance(rows := built.get("rows"), (int, float)) else ""
    yield Proposal(
        "score",
        f"When it was built, {named(metric)} was {scored(metric, value)}{on} (95 % interval {scored(metric, low)} to "
        f"{scored(metric, high)}). The limit leaves as much room as that interval is wide, so that a model that is as "
        "good passes on about as many rows. State what your use of it needs.",
        {"statistic": "score", "metric": metric.name, "at_least" if better else "at_most": limit},
    )


def _gain(parts: RowParts) -> float | None:
    """Return what the model gained over always giving the same answer when it was built; None where that is unknown."""
    rules = parts.evidence.get("baselines")
    for rule in rules if isinstance(rules, Sequence) else ():
        if rule.get("name") == "prior":
            gain = as_float((rule.get("difference") or [None])[0])
            return gain if math.isfinite(gain) and gain > 0 else None
    return None


def _other(metric: Metric, gain: float | None) -> Proposal:
    margin = _rounded(gain / 20) if gain is not None else 0.01
    return Proposal(
        "champion",
        "Where it takes the place of another model, which is named with --against, it may not be worse by more than "
        f"{gained(metric, margin)} of {named(metric)} (a twentieth of what it gains over always giving the same "
        "answer). With at_least = 0 it has to be better for sure, which a model that is only as good hardly ever is. "
        "Take the # away to check it.",
        {"statistic": "better_than_other", "at_least": -margin},
        is_active=False,
    )


def _people(parts: RowParts) -> Iterator[Proposal]:
    """Propose to hold the surest gap of each named column; as comments, those of columns that nobody named."""
    sensitive = [column.name for column in parts.schema.with_role("sensitive")]
    people = parts.evidence.get("people") or {}
    guessed = [str(each["column"]) for each in people.get("proposed") or () if each.get("audited")]
    for place, name in enumerate([*sensitive, *guessed]):
        gaps = [gap for gap in people.get("gaps") or () if gap.get("column") == name and gap.get("value") is not None]
        yield _held(f"people_{place + 1}", name, gaps, is_named=name in sensitive, shares=bool(parts.classes))
    if not sensitive and not guessed:
        yield Proposal(
            "people",
            "No sensitive column was named when the model was built (--sensitive COLUMN), so that nothing is said of "
            "groups of people. Take the # away where one is.",
            {"statistic": "group_gap", "at_most": GAP},
            is_active=False,
        )


def _held(gate: str, name: str, gaps: Sequence[Facts], *, is_named: bool, shares: bool) -> Proposal:
    """Propose that the surest gap between the groups of a column stays as it is, or below what is hardly one."""
    unnamed = f"Nobody named {name!r} (--sensitive): build with it, and take the # away. "
    surest = max(gaps, key=at_least, default=None)
    if surest is None or not math.isfinite(sum(ends := ends_of(surest))):
        why = f"When it was built, there were too few rows to tell of gaps between the groups of {name!r}; set a limit."
        fields = {"statistic": "group_gap", "column": name, "at_most": GAP}
        return Proposal(gate, why if is_named else unnamed + why, fields, is_active=False)
    value, low, high = ends
    farthest = as_float(((surest.get("widest") or {}).get("interval") or [None, None])[1])
    limit = max(high, farthest if math.isfinite(farthest) else high, GAP if shares else high)
    show, metric = points if shares else number, str(surest["metric"])
    sure = "" if low > 0 else ", which chance could have made"
    least = f", and at least {points(GAP)}" if shares else ""
    why = (
        f"When it was built, {metric.replace('_', ' ')} differed by {show(value)} between {surest['worst']!r} and "
        f"{surest['best']!r} of {name!r} (interval {span(show, low, high)}{sure}): of all gaps between its groups the "
        f"surest. The limit is as far as it could reach by those rows, between any two groups{least}: it keeps gaps "
        "from growing, and does not say that they are right. State what your use allows."
    )
    fields = {"statistic": "group_gap", "column": name, "metric": metric,
              "at_most": _rounded(limit, down=False)}  # fmt: skip
    return Proposal(gate, why if is_named else unnamed + why, fields, is_active=is_named)


def _stated(parts: RowParts) -> Proposal:
    if parts.classes:
        why = f"In no fifth of the rows may the stated probabilities be off by more than {points(STATED)} on average."
    else:
        why = (
            f"The intervals of the numbers may hold {points(STATED)} less (or more) of the true ones than they should."
        )
    return Proposal("calibration", why, {"statistic": "calibration", "at_most": STATED})


def _slice(parts: RowParts, metric: Metric, gain: float | None) -> Iterator[Proposal]:
    """Propose a limit in the unit of what parts of the rows are compared by: see `evaluate.slices.judged`."""
    if metric.losses is None or metric.percent:
        metric, gain = LOG_LOSS, _gain_in_log_loss(parts)
    if gain is not None:
        yield Proposal(
            "worst_slice",
            "On no part of the rows that is found may it lose more than half of what it gains over always giving the "
            f"same answer, which was {gained(metric, gain)} of {named(metric)} when it was built. What is not found "
            "may still be there: few rows find little.",
            {"statistic": "worst_slice", "at_most": _rounded(gain / 2)},
        )


def _gain_in_log_loss(parts: RowParts) -> float | None:
    """Return the gain over always giving the shares of the classes; None where there are none, or it is unknown."""
    measured = (parts.evidence.get("metrics") or {}).get(LOG_LOSS.name) or {}
    prior = -sum(share * math.log(share) for share in parts.prior if share > 0) if parts.classes else math.nan
    gain = prior - as_float(measured.get("score"))
    return gain if gain > 0 else None


def _speed(evidence: Facts) -> Proposal:
    size = evidence.get("size")
    took = as_float(size.get("row_ms") if isinstance(size, Mapping) else None)
    limit = max(LEAST_MS, _rounded(SLOWER * took)) if math.isfinite(took) else LEAST_MS
    told = f" When it was built it took {milliseconds(took)}." if math.isfinite(took) else ""
    return Proposal("speed", f"One row is answered within {milliseconds(limit)} on the machine that checks this.{told}",
                    {"statistic": "row_ms", "at_most": limit})  # fmt: skip


def _rounded(value: float, *, down: bool = True, like: float | None = None) -> float:
    """Return a number with two digits that count (those of `like`, where that is given), rounded to one side."""
    size = abs(value if like is None else like)
    if not size > 0.0:
        return value
    step = 10.0 ** (math.floor(math.log10(size)) - 1)
    steps = math.floor(value / step + 1e-9) if down else math.ceil(value / step - 1e-9)
    found = float(f"{steps * step:.12g}")
    return int(found) if found.is_integer() else found

"""The overview: what a person who knows no statistics reads first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mlwright.clean.profile.facts import Association, ColumnFacts
from mlwright.findings import Finding, percent
from mlwright.schema import Kind

NAMED: Final[dict[Kind, tuple[str, str]]] = {
    "number": ("of numbers", "of numbers"),
    "integer": ("of numbers", "of numbers"),
    "category": ("of categories", "of categories"),
    "boolean": ("of yes or no", "of yes or no"),
    "datetime": ("of dates", "of dates"),
    "duration": ("of durations", "of durations"),
    "text": ("of free text", "of free text"),
    "id": ("identifier", "identifiers"),
    "constant": ("with a single value", "with a single value each"),
}
SHOWN = 60
TELLING = 0.3
"""An association with the target from this strength on is worth a sentence at the very top."""


def overview(
    rows: int,
    columns: Sequence[ColumnFacts],
    findings: Sequence[Finding],
    copies: int | None,
    with_target: dict[str, Association],
) -> tuple[str, ...]:
    """Return the sentences of the overview."""
    told = [_size(rows, columns), _missing(rows, columns), _copies(rows, copies)]
    told += [_target(column, with_target) for column in columns if column.role == "target"]
    told.append(_findings(findings))
    return tuple(sentence for sentence in told if sentence)


def _size(rows: int, columns: Sequence[ColumnFacts]) -> str:
    counts: dict[tuple[str, str], int] = {}
    for column in columns:
        names = NAMED[column.kind] if column.distinct else ("without a value", "without a value")
        counts[names] = counts.get(names, 0) + 1
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    kinds = [f"{count:,} {one if count == 1 else many}" for (one, many), count in ordered]
    listed = " and ".join([", ".join(kinds[:-1]), kinds[-1]] if len(kinds) > 1 else kinds)
    whole = f"The table has {_counted(rows, 'row')} and {_counted(len(columns), 'column')}"
    return f"{whole}: {listed}." if kinds else f"{whole}."


def _missing(rows: int, columns: Sequence[ColumnFacts]) -> str:
    cells, missing = rows * len(columns), sum(column.missing for column in columns)
    if not cells:
        return ""
    if not missing:
        return "Every cell has a value."
    if missing == cells:
        return "No cell has a value."
    worst = max(columns, key=lambda column: column.missing)
    gaps = sum(column.missing > 0 for column in columns)
    told = f"{percent(missing / cells)} of the cells have no value"
    if gaps == 1:
        return f"{told}, all of them in {_name(worst.name)} ({percent(worst.missing_share)} of its rows)."
    where = f"they are in {gaps:,} columns, most in {_name(worst.name)}"
    return f"{told}; {where} ({percent(worst.missing_share)} of its rows)."


def _copies(rows: int, copies: int | None) -> str:
    if not copies:
        return ""
    return (
        f"{_counted(copies, 'row')} ({percent(copies / rows)}) {'repeat' if copies > 1 else 'repeats'} an earlier one."
    )


def _target(column: ColumnFacts, with_target: dict[str, Association]) -> str:
    name = _name(column.name)
    if column.numbers is not None and column.numbers.quartiles[1] is not None:
        first, middle, third = (_number(value) for value in column.numbers.quartiles)
        told = f"{name}, which is to be predicted, is {middle} in the middle; half of it lies from {first} to {third}"
    elif column.top:
        present = max(sum(each.count for each in column.top), 1)
        shown = [f"{_name(each.value)} ({percent(each.count / present)})" for each in column.top[:3]]
        more = f" and {column.distinct - 3:,} more" if column.distinct > 3 else ""
        told = f"{name}, which is to be predicted, is {', '.join(shown)}{more}"
    else:
        return ""
    best = max(with_target.values(), key=lambda pair: pair.strength, default=None)
    if best is None or best.strength < TELLING:
        return f"{told}."
    return f"{told}; {_name(best.columns[1])} tells most about it ({best.strength:.2f} of 1)."


def _number(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if value == int(value) or abs(value) >= 1000 else f"{value:.3g}"


def _findings(findings: Sequence[Finding]) -> str:
    alarms = [finding for finding in findings if finding.severity != "info"]
    if not alarms:
        return "Nothing was found that somebody has to look at before using it."
    errors = sum(finding.severity == "error" for finding in alarms)
    many = f"{_counted(len(alarms), 'thing')} should be looked at before it is used"
    return f"{many}, {errors:,} of which {'is' if errors == 1 else 'are'} grave." if errors else f"{many}."


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _name(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")

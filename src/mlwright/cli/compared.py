"""A comparison as a person in a terminal reads it: verdict, numbers, whose answers change, where and for whom."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

from mlwright.cli.console import facts, styled, table

Result = Mapping[str, Any]

WORDS: Final = {"a": "A", "b": "B", "same": "unclear", "unknown": "unknown"}
SHOWN = 10
"""So many slices and sentences on groups are told; `--json` holds all."""
MOST_OF_ALL = 3
WIDEST = 80
CLIPPED = 24
"""Letters of a value that are shown."""
LONG_NUMBER = 12
"""Numbers written with more letters are shown with four digits that are not 0."""
MEASURES: Final = ("accuracy", "absolute_error")
"""What stands in the table of groups."""


def told(result: Result) -> str:
    """Return what is printed of a comparison; where nobody can tell which is better, no part of it says so."""
    withheld = bool(result["metrics"]) and result["better"] == "unknown"
    parts = [
        _models(result),
        styled(result["sentence"], "bold", sys.stdout),
        "\n".join(f"note: {note}" for note in result["notes"]),
        _metrics(result, withheld=withheld),
        _changed(result["changed"]),
        _under("Where one of them is better, other than elsewhere", [] if withheld else _sentences(result["slices"])),
        _people(result["groups"], withheld=withheld),
    ]
    return "\n\n".join(part for part in parts if part)


def _models(result: Result) -> str:
    return facts([(name.upper(), _model(result[name])) for name in ("a", "b")])


def _model(model: Result) -> str:
    """Return what a model is, in one line."""
    from mlwright.evaluate.wording import count

    said = [f"{model['model']}: {count(model['columns'], 'column')}", " + ".join(model["learners"])]
    if model["size_bytes"] is not None:
        said.append(f"{model['size_bytes'] / 1e6:.2f} MB")
    if model["row_ms"] is not None:
        said.append(f"{model['row_ms']:.2g} ms a row")
    return ", ".join(each for each in said if each)


def _metrics(result: Result, *, withheld: bool) -> str:
    rows = [
        [
            facts["label"],
            _score(facts, facts["a"]["score"]),
            _score(facts, facts["b"]["score"]),
            _gain(facts, facts["difference"]),
            " to ".join(_gain(facts, end) for end in facts["interval"] if end is not None) or "-",
            "same" if facts["interval"] == [0.0, 0.0] else WORDS["unknown" if withheld else facts["better"]],
        ]
        for facts in result["metrics"].values()
    ]
    if not rows:
        return ""
    many, left_out = result["rows"], result["rows_without_target"]
    rest = f"; {left_out:,} without a known target left out" if left_out else ""
    shown = table(["metric", "A", "B", "B better by", "95 % interval", "better"], rows, right=[1, 2, 3])
    return f"{shown}\non {many:,} labelled row{'' if many == 1 else 's'}{rest}"


def _score(facts: Result, value: float | None) -> str:
    from mlwright.evaluate import wording

    if value is None:
        return "-"
    return wording.percent(value) if facts["percent"] else wording.number(value)


def _gain(facts: Result, value: float | None) -> str:
    """Return a difference with its sign: of shares in percentage points."""
    from mlwright.evaluate import wording

    if value is None:
        return "-"
    shown = wording.number(100.0 * value if facts["percent"] else value, 2)
    return shown if shown.startswith("-") or shown == "0" else f"+{shown}"


def _changed(changed: Result) -> str:
    lines = list(changed["sentences"])
    if changed["moves"]:
        lines += ["", *_moves(changed["moves"]).splitlines()]
    if changed["slices"]:
        lines += ["", "Most of all:", *_sentences(changed["slices"])[:MOST_OF_ALL]]
    if changed["examples"]:
        lines += ["", "Such as (row 0 is the first one):", *_examples(changed["examples"]).splitlines()]
    return _under("Who gets another answer", lines)


def _moves(moves: Sequence[Result]) -> str:
    known = moves[0]["right"] is not None
    head = ["answer of A", "of B", "rows", *(["become right", "become wrong"] if known else [])]
    rows = [
        [
            _clipped(move["from"]),
            _clipped(move["to"]),
            f"{move['rows']:,}",
            *([f"{move['right']:,}", f"{move['wrong']:,}"] if known else []),
        ]
        for move in moves
    ]
    return table(head, rows, right=[2, 3, 4])


def _examples(examples: Sequence[Result]) -> str:
    known = any(example["truth"] is not None for example in examples)
    head = ["row", "A", "B", *(["truth"] if known else []), "mostly because of"]
    rows = [
        [
            str(example["row"]),
            _clipped(example["a"]),
            _clipped(example["b"]),
            *([_clipped(example["truth"])] if known else []),
            "",
        ]
        for example in examples
    ]
    room = WIDEST - 2 - max(map(len, table(head, rows).splitlines()[1:])) - 2
    for row, example in zip(rows, examples, strict=True):
        row[-1] = _because(example["columns"], max(room, CLIPPED))
    return table(head, rows, right=[0])


def _because(columns: Sequence[Result], room: int) -> str:
    """Return as many columns with their values as there is room for, at least one."""
    said = ""
    for each in columns:
        longer = (
            f"{said}, {each['column']} {_clipped(each['value'])}"
            if said
            else f"{each['column']} {_clipped(each['value'])}"
        )
        if said and len(longer) > room:
            break
        said = longer
    return said or "another threshold"


def _people(groups: Sequence[Result], *, withheld: bool) -> str:
    """Return each group with both models, and the differences that are certain."""
    if not groups:
        return ""
    from mlwright.fairness.groups import BESIDE

    alone = [group for group in groups if BESIDE not in group["column"]] or groups
    name = next((each for each in MEASURES if each in groups[0]["metrics"]), next(iter(groups[0]["metrics"])))
    rows = [
        [
            _clipped(group["column"]),
            _clipped(group["group"]),
            f"{group['rows']:,}",
            f"{group['changed']:,}",
            *(_of_group(group["metrics"][name], each) for each in ("a", "b")),
        ]
        for group in alone
    ]
    label = name.replace("_", " ")
    shown = table(["people", "group", "rows", "change", f"{label}: A", "B"], rows, right=[2, 3, 4, 5]).splitlines()
    sentences = [sentence for group in groups for sentence in group["sentences"]]
    none = ["For none of them is a difference between A and B larger than chance makes it on so many rows."]
    more = [f"and {len(sentences) - SHOWN} more: see --json"] if len(sentences) > SHOWN else []
    if withheld:
        return _under("Groups of people", shown)
    return _under("Groups of people", [*shown, "", *(sentences[:SHOWN] or none), *more])


def _of_group(found: Result, name: str) -> str:
    from mlwright.evaluate import wording

    if found[name] is None:
        return "-"
    return wording.percent(found[name]) if found["share"] else wording.number(found[name])


def _sentences(found: Sequence[Result]) -> list[str]:
    return [str(each["sentence"]) for each in found[:SHOWN]]


def _under(title: str, lines: Sequence[str]) -> str:
    if not lines:
        return ""
    return "\n".join([title, *(f"  {line}".rstrip() for line in lines)])


def _clipped(value: object) -> str:
    """Return a value as people read it, no longer than a column has room for.

    >>> _clipped("2.722395524224015"), _clipped(41), _clipped(None), _clipped("Month-to-month"), _clipped("x" * 40)
    ('2.722', '41', '(missing)', 'Month-to-month', 'xxxxxxxxxxxxxxxxxxxxx...')
    """
    from mlwright.evaluate import wording

    text = "(missing)" if value is None else str(value)
    if len(text) > LONG_NUMBER or (isinstance(value, float) and not value.is_integer()):
        with suppress(ValueError, OverflowError):
            return wording.brief(float(text), 4)
    return text if len(text) <= CLIPPED else text[: CLIPPED - 3] + "..."

"""A file of behaviour tests as a person reads it first: those that follow from the schema, and examples of others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from mlwright.evaluate.behaviour.base import BehaviourTest, Label
from mlwright.evaluate.behaviour.generating import generated
from mlwright.evaluate.behaviour.kinds import KINDS
from mlwright.schema import Column, Schema

HEAD = """\
# Run by: mlwright evaluate MODEL LABELLED_ROWS --tests THIS_FILE
#
# Each test changes one thing about many rows and asks the model again.
#   most      how far an answer may move: {unit}
#   allowed   the share of rows whose answer may move farther
# How far is too far is for you to say: change any line, take out what does not matter, add what you know.
#
# Kinds of tests:
{kinds}
"""


def starting_file(
    schema: Schema, *, sources: Sequence[str], classes: Sequence[Label] = (), ending: str = ".yaml"
) -> str:
    """Return the text of a file of tests to begin with, in YAML or (ending ".toml") in TOML."""
    tests = generated(schema, sources=sources, classes=classes)
    unit = "0.05 is five percentage points of probability" if classes else "in the unit of the target"
    kinds = "\n".join(f"#   {name:<11} {kind.meaning}" for name, kind in KINDS.items())
    write, head = (_toml, []) if ending == ".toml" else (_yaml, ["tests:"])
    lines = [HEAD.format(unit=unit, kinds=kinds), *head]
    for name, fields in _together(tests):
        lines += [*write(name, fields), ""]
    read = [schema[name] for name in sources if name in schema]
    lines += _comment(write("an answer that everybody knows", _example(schema, read, classes)))
    return "\n".join(lines).rstrip() + "\n"


def _together(tests: Sequence[BehaviourTest]) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield name and fields of each entry: tests of several columns that say the same are one."""
    entries: dict[str, list[BehaviourTest]] = {}
    for test in tests:
        entries.setdefault(f"{test.kind} {test.options}", []).append(test)
    for same in entries.values():
        first = same[0]
        columns = [name for test in same for name in test.columns]
        fields: dict[str, object] = {"kind": first.kind, "columns": columns, **first.options}
        name = TITLES[first.kind] + "".join(f", {value}" for value in first.options.values())
        yield name, {**fields, "most": float(f"{first.most:.4g}"), "allowed": first.allowed}


TITLES = {
    "invariance": "what should not matter",
    "direction": "direction",
    "formats": "other formats",
    "missing": "left empty",
    "typos": "typing errors",
}


def _example(schema: Schema, read: Sequence[Column], classes: Sequence[Label]) -> dict[str, object]:
    """Return a test of known answers to begin with, its row made of what is usual."""
    row = {column.name: _usual(column) for column in read[:4]}
    known: dict[str, object] = {"answer": classes[0]} if classes else {"at_least": 0, "at_most": _highest(schema)}
    return {"kind": "known", "rows": [row], **known}


def _highest(schema: Schema) -> float:
    target = schema.only("target")
    return 1.0 if target is None or target.high is None else float(f"{target.high:.4g}")


def _usual(column: Column) -> object:
    """Return a value that a column often has, as somebody would write it."""
    if column.kind == "boolean":
        return True
    if column.kind in {"number", "integer", "duration"}:
        middle = column.quantiles[len(column.quantiles) // 2] if column.quantiles else column.low or 0.0
        return int(middle) if middle.is_integer() and abs(middle) < 1e15 else float(f"{middle:.4g}")
    if column.kind == "datetime":
        return "2026-01-31"
    return column.categories[0] if column.categories else "a text"


def _yaml(name: str, fields: dict[str, object]) -> Iterator[str]:
    yield f"  {_quoted(name)}:"
    for key, value in fields.items():
        yield f"    {key}: {_quoted(value)}"


def _toml(name: str, fields: dict[str, object]) -> Iterator[str]:
    yield f"[tests.{_quoted(name)}]"
    for key, value in fields.items():
        yield f"{key} = {_toml_value(value)}"


def _comment(lines: Iterator[str]) -> list[str]:
    return ["  # " + line.removeprefix("  ") if line.startswith("  ") else "# " + line for line in lines]


def _toml_value(value: object) -> str:
    if isinstance(value, dict):
        inside = ", ".join(f"{_quoted(key)} = {_toml_value(each)}" for key, each in value.items())
        return "{" + inside + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml_value, value)) + "]"
    return _quoted(value)


def _quoted(value: object) -> str:
    """Return a value as YAML, TOML and JSON all have it."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

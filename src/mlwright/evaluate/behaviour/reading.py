"""From what somebody wrote (YAML, TOML, JSON, a dict) to tests; every mistake is one sentence with its line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlwright.clean.contract.fields import Field, NotOne, names, number, share
from mlwright.errors import ColumnError, OptionError, nearest
from mlwright.evaluate.behaviour.base import BehaviourTest, Kind, Label
from mlwright.evaluate.behaviour.generating import DEFAULTS, scale_of
from mlwright.evaluate.behaviour.kinds import KINDS
from mlwright.evaluate.behaviour.known_rows import check_bounds, check_rows
from mlwright.evaluate.files import Written, read_written
from mlwright.schema import Column, Schema
from mlwright.values import parse_boolean

EXAMPLE = (
    "write tests:, under it a name such as sex does not matter:, and under that kind: invariance and columns: [sex]."
)
Keys = tuple[str, ...]


def _most(value: object) -> float:
    found = number(value)
    if found is None or found < 0:
        raise NotOne("a number of at least 0: how far an answer may move")
    return found


def _any(value: object) -> Any:
    return value


COMMON: dict[str, Field] = {
    "kind": Field(_any, f"what is changed: {', '.join(KINDS)}"),
    "columns": Field(names, "the columns that it is changed in, each by itself"),
    "most": Field(_most, "how far an answer may move: 0.05 is 5 percentage points, or it is in the target's unit"),
    "allowed": Field(share, "the share of rows whose answer may move farther"),
    "of": Field(_any, "the class whose probability is watched"),
}
"""What every test may say, beside the options of its kind."""


@dataclass(frozen=True, slots=True)
class _Model:
    """What tests are about."""

    schema: Schema
    sources: frozenset[str]
    classes: tuple[Label, ...]
    deciding: frozenset[str]


def read_tests(
    source: str | os.PathLike[str] | Mapping[str, Any],
    schema: Schema,
    *,
    sources: Sequence[str],
    classes: Sequence[Label] = (),
    deciding: Sequence[str] = (),
) -> list[BehaviourTest]:
    """Return the tests of a file, or of a dict that says the same, for a model of this schema.

    `deciding` are the columns that tell its thresholds by group, which move answers where no probability moves.
    Raises SourceError where the file cannot be read, OptionError or ColumnError where it is no file of tests.
    """
    if isinstance(source, Mapping):
        written = Written(source)
    elif isinstance(source, (str, os.PathLike)):
        written = read_written(Path(source), what="behaviour tests", example=EXAMPLE)
    else:
        raise OptionError(f"tests cannot be of type {type(source).__name__!r}.", hint="give a path, or a dict.")
    _known(written, (), written.data, ("name", "tests"), "a file of behaviour tests")
    tests = written.data.get("tests")
    if not isinstance(tests, Mapping) or not tests:
        raise OptionError("The file of behaviour tests has no test.", where=written.place("tests"), hint=EXAMPLE)
    model = _Model(schema, frozenset(sources), tuple(classes), frozenset(deciding))
    return [test for name, fields in tests.items() for test in _tests(written, str(name), fields, model)]


def _tests(written: Written, name: str, fields: object, model: _Model) -> Iterator[BehaviourTest]:
    """Yield the tests of one entry: one for each column it names."""
    keys = ("tests", name)
    where = written.place(*keys)
    if not isinstance(fields, Mapping):
        raise OptionError(f"The test {name!r} has to have fields, not be {_shown(fields)}.", where=where, hint=EXAMPLE)
    kind = _kind(written, keys, fields)
    allowed = {**COMMON, **kind.options}
    if not kind.needs_columns:
        allowed = {field: read for field, read in allowed.items() if field not in {"columns", "allowed", "most"}}
    _known(written, keys, fields, allowed, f"a test of kind {kind.name!r}")
    said = {field: _read(written, (*keys, field), allowed[field], value) for field, value in fields.items()}
    said.pop("kind")
    options = {option: said.pop(option) for option in kind.options if option in said}
    of = _class(written, (*keys, "of"), said.get("of"), model)
    if kind.name == "known":
        options = _known_answers(written, keys, options, model)
        yield BehaviourTest(name=name, kind=kind.name, of=of, options=options, where=where)
        return
    if "columns" not in said:
        raise OptionError(f"The test {name!r} needs columns: {COMMON['columns'].meaning}.", where=where)
    most, share_allowed = DEFAULTS[kind.name]
    for column in said["columns"]:
        described = _column(written, (*keys, "columns"), column, kind, model)
        if kind.name == "direction":
            options = _direction(written, keys, options, described, model, of)
        yield BehaviourTest(
            name=name if len(said["columns"]) == 1 else f"{name} ({column})",
            kind=kind.name,
            columns=(column,),
            most=said.get("most", most * scale_of(model.schema, model.classes)),
            allowed=said.get("allowed", share_allowed),
            of=of,
            options=options,
            where=where,
        )


def _kind(written: Written, keys: Keys, fields: Mapping[str, Any]) -> Kind:
    if "kind" not in fields:
        near = nearest("kind", map(str, fields))
        hint = f"did you mean 'kind' by {near!r}?" if near else f"kind is one of: {', '.join(KINDS)}."
        raise OptionError(f"The test {keys[-1]!r} does not say its kind.", where=written.place(*keys), hint=hint)
    value = fields["kind"]
    if isinstance(value, str) and value in KINDS:
        return KINDS[value]
    near = nearest(value, KINDS) if isinstance(value, str) else None
    hint = (f"did you mean {near!r}? " if near else "") + f"There are: {', '.join(KINDS)}."
    raise OptionError(f"There is no kind of test {_shown(value)}.", where=written.place(*keys, "kind"), hint=hint)


def _column(written: Written, keys: Keys, name: str, kind: Kind, model: _Model) -> Column:
    """Return a column that a test is about, which the model has to read."""
    where = written.place(*keys)
    if name not in model.schema:
        raise ColumnError.missing(name, model.schema.names, what="column of a test", where=where)
    column = model.schema[name]
    if why := kind.suits(column):
        raise ColumnError(f"A test of kind {kind.name!r} cannot be about {name!r}: it {why}.", where=where)
    if name not in model.sources and name in model.deciding:
        if kind.name == "invariance":
            return column
        raise ColumnError(
            f"{name!r} moves answers through the thresholds by group, not the probability, which a test of kind"
            f" {kind.name!r} watches.",
            where=where,
            hint="kind: invariance tells how many rows get another answer.",
        )
    if name not in model.sources:
        raise ColumnError(
            f"The model does not read {name!r}, so that nothing there can move an answer.",
            where=where,
            hint="take it out of the test.",
        )
    return column


def _class(written: Written, keys: Keys, value: object, model: _Model) -> Label | None:
    """Return the class that was written, as the model has it."""
    if value is None:
        return None
    by_text = {str(label): label for label in model.classes}
    if (text := _worded(value, by_text)) in by_text:
        return by_text[text]
    if not model.classes:
        raise OptionError(f"The model predicts a number, so there is no class {_shown(value)}.",
                          where=written.place(*keys))  # fmt: skip
    near = nearest(str(value), by_text)
    hint = (f"did you mean {near!r}? " if near else "") + f"There are: {', '.join(list(by_text)[:12])}."
    raise OptionError(f"The model knows no class {_shown(value)}.", where=written.place(*keys), hint=hint)


def _direction(
    written: Written, keys: Keys, options: dict[str, Any], column: Column, model: _Model, of: Label | None
) -> dict[str, Any]:
    """Return the options of a test of direction: the one that was built in, where none is written."""
    if len(model.classes) > 2 and of is None:
        raise OptionError(
            f"The test {keys[-1]!r} has to say of which of {len(model.classes)} classes the probability is watched.",
            where=written.place(*keys),
            hint=f"write of: {model.classes[0]}",
        )
    if "direction" in options or column.direction:
        return {"direction": column.direction, **options}
    raise OptionError(
        f"The test {keys[-1]!r} does not say in which direction the answer may move.",
        where=written.place(*keys),
        hint="write direction: increasing where it may only rise with the column, else decreasing.",
    )


def _known_answers(written: Written, keys: Keys, options: dict[str, Any], model: _Model) -> dict[str, Any]:
    where, name = written.place(*keys), keys[-1]
    if "rows" not in options:
        raise OptionError(f"The test {name!r} has no rows.", where=where, hint="write rows: [{age: 40, town: Rome}].")
    for row in options["rows"]:
        if unknown := [column for column in row if column not in model.schema]:
            raise ColumnError.missing(unknown[0], model.schema.names, where=written.place(*keys, "rows"))
    check_rows(name, options["rows"], model.schema, model.sources | model.deciding, written.place(*keys, "rows"))
    options["rows"] = tuple(
        {name: _meant(value, model.schema[name]) for name, value in row.items()} for row in options["rows"]
    )
    bounds = [bound for bound in ("at_least", "at_most") if bound in options]
    if ("answer" in options) == bool(bounds):
        raise OptionError(f"The test {name!r} has to say what is known: answer, or at_least and at_most.", where=where)
    if "answer" not in options:
        check_bounds(name, options, written.place(*keys, bounds[0]), probability=bool(model.classes))
        return options
    if not model.classes:
        raise OptionError(
            f"The test {name!r} names an answer, but the model predicts a number.",
            where=written.place(*keys, "answer"),
            hint="write at_least and at_most.",
        )
    return {**options, "answer": _class(written, (*keys, "answer"), options["answer"], model)}


def _meant(value: object, column: Column) -> object:
    """Return a value of a row as the column has it; dates of YAML and TOML stay dates."""
    return _worded(value, column.categories or ()) if isinstance(value, bool) and not column.is_float else value


def _worded(value: object, among: Iterable[str]) -> str:
    """Return the text of a value. YAML takes the words yes and no for true and false, which the one word then means."""
    if isinstance(value, bool) and str(value) not in among:
        return next((text for text in among if parse_boolean(text) is value), str(value))
    return str(value)


def _read(written: Written, keys: Keys, field: Field, value: object) -> Any:
    try:
        return field.read(value)
    except NotOne as wanted:
        hint = f"did you mean {wanted.meant!r}?" if wanted.meant else None
        raise OptionError(
            f"{keys[-1]!r} has to be {wanted}, not {_shown(value)}.", where=written.place(*keys), hint=hint
        ) from None


def _known(written: Written, keys: Keys, fields: Mapping[Any, Any], known: Iterable[str], what: str) -> None:
    """Raise OptionError for the first field that there is not, with the nearest one that there is."""
    allowed = list(known)
    for name in fields:
        if name not in allowed:
            near = nearest(str(name), allowed)
            hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(allowed)}."
            where = written.place(*keys, str(name))
            raise OptionError(f"There is no field {str(name)!r} in {what}.", where=where, hint=hint)


def _shown(value: object) -> str:
    """Return a value as JSON writes it, cut where it is long."""
    try:
        said = json.dumps(value, default=str, ensure_ascii=False)
    except ValueError:  # more digits than Python writes
        return "a number of thousands of digits"
    return said if len(said) <= 60 else said[:57] + "..."

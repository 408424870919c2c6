"""From what somebody wrote (TOML, JSON, a dict) to a Contract; every mistake is one sentence with its place."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from mlwright.clean.contract.contract import ENDINGS, ColumnRules, Comparison, Contract, TableRules
from mlwright.clean.contract.fields import (
    COLUMN_FIELDS,
    TABLE_FIELDS,
    Field,
    NotOne,
    date_format,
    duration,
    moment,
)
from mlwright.errors import InputError, OptionError, SourceError, nearest
from mlwright.schema import FLOAT_KINDS, STRING_KINDS, Kind, Schema

LARGEST = 32 << 20
TOP = ("name", "table", "columns")
RANGED = FLOAT_KINDS - {"boolean"}
_WORD = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^<>=!"']+?))\s*""")
_SIGN = re.compile(r"<=|>=|==|!=|<|>")


def read_contract(path: Path) -> Contract | Schema:
    """Return the contract that a file holds, or the Schema where it is a model's schema.json.

    Raises SourceError where the file cannot be read, OptionError where it is no contract.
    """
    where = str(path)
    data = _parsed(path, where)
    if isinstance(data, dict) and isinstance(data.get("columns"), list):
        return _schema(data, where)
    found = contract_of(data, where)
    return found if isinstance(data, dict) and "name" in data else replace(found, name=path.stem)


def contract_of(data: object, where: str | None = None) -> Contract:
    """Return the contract that a dict says, as TOML and JSON hold it. Raises OptionError."""
    if not isinstance(data, Mapping):
        raise OptionError(
            "A contract is a table with [table] and [columns.NAME], and this is not one.", where=where, hint=EXAMPLE
        )
    _known(data, TOP, "a contract", where, hint=EXAMPLE)
    table, columns = data.get("table", {}), data.get("columns", {})
    for name, part in (("table", table), ("columns", columns)):
        if not isinstance(part, Mapping):
            raise OptionError(f"{name!r} has to be a table of fields, not {_shown(part)}.", where=where, hint=EXAMPLE)
    name = data.get("name", "contract")
    if not isinstance(name, str) or not name:
        raise OptionError(f"'name' has to be a text in quotes, not {_shown(name)}.", where=where)
    rules = tuple(_column(str(each), fields, where) for each, fields in columns.items())
    if not rules and not table:
        raise OptionError("The contract asks for nothing: it has no [table] and no [columns.NAME].", where=where,
                          hint=EXAMPLE)  # fmt: skip
    return Contract(name=name, table=_table(table, rules, where), columns=rules)


EXAMPLE = 'write [columns.age], and under it lines such as: kind = "integer", missing = 0.05, low = 0.'


def _parsed(path: Path, where: str) -> object:
    if path.suffix.lower() not in {*ENDINGS, ".yaml", ".yml"}:
        raise OptionError(
            "A contract is a file that ends in .toml or .json.",
            where=where,
            hint="or give a model: its name, its folder or its zip.",
        )
    if path.suffix.lower() not in ENDINGS:
        raise OptionError(
            "Contracts are written in TOML or JSON, not in YAML.",
            where=where,
            hint=f"`mlwright check SOURCE --write {path.stem}.toml` writes one to begin with.",
        )
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise SourceError(f"The contract cannot be read: {error.strerror}.", where=where) from error
    if len(raw) > LARGEST:
        raise OptionError(f"The contract is {len(raw):,} bytes long, more than the {LARGEST:,} allowed.", where=where)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise OptionError(
            f"The contract is not written in UTF-8: line {line} holds a byte that is none.",
            where=where,
            hint="save it as UTF-8 in your editor.",
        ) from error
    try:
        if path.suffix.lower() == ".json":
            return json.loads(text, object_pairs_hook=_once)
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        _not_parsed(path, error, where)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice, as TOML does: somebody means the other one."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"Cannot declare {twice!r} twice")
    return found


def _not_parsed(path: Path, error: Exception, where: str) -> NoReturn:
    """Raise what is said of a file that is not even TOML or JSON, with the line that the parser stopped at."""
    language = "JSON" if path.suffix.lower() == ".json" else "TOML"
    said = str(error).replace("\n", " ")
    if "Cannot declare" in said or "overwrite" in said:
        hint = "a column or a field stands twice: keep one of the two."
    elif language == "TOML":
        hint = 'texts stand in quotes, a name with spaces or dots too: [columns."first name"]; true and false do not.'
    else:
        hint = "look for a missing comma or quote just before that place."
    raise OptionError(f"The contract is not {language}: {said.rstrip('.')}.", where=where, hint=hint) from error


def _schema(data: dict[str, Any], where: str) -> Schema:
    if not data["columns"]:
        raise OptionError("The schema asks for nothing: it has no column.", where=where, hint=EXAMPLE)
    try:
        schema = Schema.from_dict(data)
    except InputError as error:
        raise OptionError(f"The schema is damaged: {error.message}", where=where) from error
    except (TypeError, KeyError, AttributeError, ValueError) as error:
        raise OptionError(
            "This is neither a contract nor the schema.json of a model.", where=where, hint=EXAMPLE
        ) from error
    for column in schema:
        try:
            date_format(column.datetime_format or "iso")
        except NotOne as wanted:
            raise OptionError(
                f"The schema is damaged: 'datetime_format' of column {column.name!r} has to be {wanted}.", where=where
            ) from None
    return schema


def _table(data: Mapping[str, Any], columns: tuple[ColumnRules, ...], where: str | None) -> TableRules:
    place = _place(where, "[table]")
    values = _values(data, TABLE_FIELDS, place)
    known = {column.name: column for column in columns}
    values["rules"] = tuple(_comparison(rule, known, place) for rule in values.get("rules", ()))
    rules = TableRules(**values)
    if rules.most_rows is not None and rules.most_rows < rules.fewest_rows:
        raise OptionError(
            f"most_rows is {rules.most_rows:,} and fewest_rows {rules.fewest_rows:,}: no table has so many.",
            where=place,
        )
    for name in rules.key:
        if known and name not in known:
            raise _unknown_column(name, "the key", known, place)
    return rules


def _column(name: str, data: object, where: str | None) -> ColumnRules:
    place = _place(where, f"[columns.{name}]")
    if not isinstance(data, Mapping):
        raise OptionError(
            f"The rules of column {name!r} have to be a table of fields, not {_shown(data)}.", where=where, hint=EXAMPLE
        )
    if nested := [field for field, value in data.items() if isinstance(value, Mapping)]:
        raise OptionError(
            f"{nested[0]!r} of column {name!r} holds fields of its own, which no field does.",
            where=place,
            hint=f"a name with a dot stands in quotes: [columns.{json.dumps(f'{name}.{nested[0]}')}].",
        )
    values = _values(data, COLUMN_FIELDS, place)
    rules = ColumnRules(name=name, **values)
    rules = replace(rules, kind=rules.kind or _kind(data))
    _check_together(rules, data, place)
    return rules


def _kind(data: Mapping[str, Any]) -> Kind | None:
    """Return the kind that the other fields ask for, where it is not said."""
    if "categories" in data:
        return "category"
    ends = [data[name] for name in ("low", "high") if name in data]
    if "format" in data or "fresh" in data or any(not isinstance(end, (int, float, str)) for end in ends):
        return "datetime"
    return "number" if ends and not any(isinstance(end, str) for end in ends) else None


def _check_together(rules: ColumnRules, data: Mapping[str, Any], place: str) -> None:
    """Raise OptionError where fields contradict each other, or where one would never be looked at."""
    kind = rules.kind
    for fields, kinds in (
        (("low", "high", "tolerance", "outside", "far"), RANGED),
        (("categories", "new", "new_share"), STRING_KINDS - {"text", "constant"}),
        (("format", "fresh"), {"datetime"}),
        (("decimal", "units"), {"number", "integer", "duration"}),
        (("unreadable",), FLOAT_KINDS),
    ):
        for name in fields:
            if name in data and kind not in kinds:
                raise OptionError(
                    f"{name!r} says nothing of column {rules.name!r}, whose kind is {kind or 'not given'}.",
                    where=place,
                    hint=f"it goes with kind = {' or '.join(repr(each) for each in sorted(kinds))}.",
                )
    for name in {"low", "high"} & set(data):
        plain = type(data[name]) in {int, float}
        fits = {"datetime": moment(data[name]) is not None, "duration": plain or duration(data[name]) is not None}
        if not fits.get(str(kind), plain):
            wanted = {"datetime": "a date", "duration": "a duration"}.get(str(kind), "a number")
            raise OptionError(
                f"{name!r} of column {rules.name!r} has to be {wanted}, not {_shown(data[name])}.", where=place
            )
    needs = {"new": ("categories",), "new_share": ("categories",), "tolerance": ("low", "high"), "far": ("low", "high")}
    for name, needed in ((name, each) for name, others in needs.items() for each in others):
        if name in data and needed not in data:
            raise OptionError(f"{name!r} needs {needed!r}, which column {rules.name!r} does not have.", where=place)
    if rules.low is not None and rules.high is not None and rules.low > rules.high:
        raise OptionError(
            f"low is {data['low']} and high {data['high']}: no value of {rules.name!r} lies between.", where=place
        )


def _values(data: Mapping[str, Any], fields: Mapping[str, Field], place: str) -> dict[str, Any]:
    """Return the fields' values, each read as it should be."""
    _known(data, fields, place.rsplit(": ", 1)[-1], place.rsplit(": ", 1)[0] if ": " in place else None)
    values = {}
    for name, raw in data.items():
        try:
            values[name] = fields[name].read(raw)
        except NotOne as wanted:
            hint = f"did you mean {wanted.meant!r}?" if wanted.meant else None
            raise OptionError(f"{name!r} has to be {wanted}, not {_shown(raw)}.", where=place, hint=hint) from None
    return values


def _known(
    data: Mapping[str, Any], fields: Mapping[str, Any] | tuple[str, ...], what: str, where: str | None, *,
    hint: str | None = None,
) -> None:  # fmt: skip
    """Raise OptionError for the first field that there is not, with the nearest one that there is."""
    for name in data:
        if name not in fields:
            near = nearest(name, fields)
            raise OptionError(
                f"There is no field {name!r} in {what}.",
                where=where,
                hint=f"did you mean {near!r}?" if near else hint or f"there are: {', '.join(fields)}.",
            )


def _comparison(rule: str, known: Mapping[str, ColumnRules], place: str) -> Comparison:
    """Return the comparison that a text says: two names of columns and a sign between them, and nothing else."""
    signs = _SIGN.findall(re.sub(r"\"[^\"]*\"|'[^']*'", "", rule))
    match = re.fullmatch(rf"{_WORD.pattern}({_SIGN.pattern}){_WORD.pattern}", rule)
    if match is None or len(signs) != 1:
        raise OptionError(
            f"The rule {rule!r} is not a comparison of two columns.",
            where=place,
            hint="write two names with <, <=, >, >=, == or != between them, such as 'start <= end'.",
        )
    left, right = (next(part for part in parts if part is not None) for parts in (match.group(1, 2, 3),
                                                                                match.group(5, 6, 7)))  # fmt: skip
    sides = []
    for name in (left, right):
        if name not in known:
            raise _unknown_column(name, f"the rule {rule!r}", known, place)
        sides.append(known[name])
    floats = [side.kind in FLOAT_KINDS for side in sides]
    dated = [side.kind in {"datetime", "duration"} and side.kind for side in sides]
    if floats[0] != floats[1] or dated[0] != dated[1] or (not all(floats) and match[4] not in {"==", "!="}):
        kinds = " and ".join(f"{side.name!r} is {side.kind or 'text'}" for side in sides)
        raise OptionError(
            f"The rule {rule!r} compares what cannot be compared: {kinds}.",
            where=place,
            hint="give both columns the same kind; texts can only be == or !=.",
        )
    return Comparison(left=left, sign=match[4], right=right)


def _unknown_column(name: str, what: str, known: Mapping[str, Any], place: str) -> OptionError:
    near = nearest(name, known)
    hint = f"did you mean {near!r}?" if near else f"add [columns.{name}]."
    return OptionError(f"The column {name!r} of {what} has no rules in the contract.", where=place, hint=hint)


def _place(where: str | None, part: str) -> str:
    return f"{where}: {part}" if where else part


def _shown(value: object) -> str:
    try:
        text = json.dumps(value, default=str, ensure_ascii=False)
    except ValueError:  # more digits than Python writes
        return "a number of thousands of digits"
    return text if len(text) <= 60 else text[:57] + "..."

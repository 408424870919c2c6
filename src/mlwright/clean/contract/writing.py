"""A Contract as TOML for a person: every line may be changed, and a comment says what it means and what was seen."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from mlwright.clean.contract.contract import ColumnRules, Comparison, Contract, TableRules
from mlwright.clean.contract.fields import COLUMN_FIELDS, TABLE_FIELDS
from mlwright.clean.contract.written import EPOCH, written
from mlwright.findings import percent
from mlwright.schema import Column, Schema

HEAD = """\
# A contract for data, checked by: mlwright check FILE --schema THIS_FILE
# Change any line, or take it out: what is not said here is not checked.
"""
LONGEST = 100
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def contract_text(contract: Contract) -> str:
    """Return the contract as TOML with comments; reading it gives the same contract."""
    seen = contract.learned
    lines = [HEAD, f"name = {_text(contract.name)}", "", "[table]", *_table(contract, seen)]
    for rules in contract.columns:
        column = seen[rules.name] if seen is not None and rules.name in seen else None
        lines += ["", f"[columns.{_key(rules.name)}]{_seen(column, seen)}", *_column(rules, column)]
    return "\n".join(lines) + "\n"


def contract_json(contract: Contract) -> str:
    """Return the contract as JSON, which has no comments; reading it gives the same contract."""
    said: dict[str, Any] = {"name": contract.name, "table": {}, "columns": {}}
    said["table"] = {name: _plain(value) for name, value in _changed(contract.table, TableRules(), TABLE_FIELDS)}
    for rules in contract.columns:
        changed = _changed(rules, ColumnRules(name=rules.name), COLUMN_FIELDS)
        own = rules.column
        said["columns"][rules.name] = {name: _plain(_as_written(name, value, own)) for name, value in changed}
    said["table"].setdefault("fewest_rows", contract.table.fewest_rows)
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def _changed(rules: object, default: object, fields: Iterable[str]) -> Iterator[tuple[str, object]]:
    """Yield what is not as it would be without a word."""
    for name in fields:
        if (value := getattr(rules, name)) != getattr(default, name):
            yield name, value


def _plain(value: object) -> object:
    """Return a value as JSON has it: rules as their text, tuples as lists."""
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, Comparison) else value


def _table(contract: Contract, seen: Schema | None) -> Iterator[str]:
    rules, defaults = contract.table, TableRules()
    yield _line("fewest_rows", rules.fewest_rows, f"the file had {seen.rows:,}" if seen is not None else "")
    if rules.most_rows is None:
        yield f"# most_rows = {10 * max(seen.rows, 100) if seen else 1_000_000}  # {TABLE_FIELDS['most_rows'].meaning}"
    else:
        yield _line("most_rows", rules.most_rows)
    yield _line("unknown_columns", rules.unknown_columns, 'or "allowed", "violation"')
    if rules.repeated_rows is not None:
        yield _line("repeated_rows", rules.repeated_rows)
    if rules.key:
        yield _line("key", rules.key)
    elif key := _example_key(contract):
        yield f"# key = {_value(key)}  # {TABLE_FIELDS['key'].meaning}"
    if rules.rules:
        yield _line("rules", tuple(map(str, rules.rules)))
    elif rule := _example_rule(contract):
        yield f"# rules = {_value((rule,))}  # {TABLE_FIELDS['rules'].meaning}"
    if rules.allow_chance != defaults.allow_chance:
        yield _line("allow_chance", rules.allow_chance)


def _example_key(contract: Contract) -> tuple[str, ...]:
    """Return two columns of the contract that could be a key: what names rows, or else what says what and when."""
    kinds = ("id", "datetime", "category", "integer")
    likely = sorted((rules for rules in contract.columns if rules.kind in kinds), key=lambda one: kinds.index(one.kind))
    return tuple(rules.name for rules in likely[:2])


def _example_rule(contract: Contract) -> str | None:
    """Return a comparison that could be written, of two dates; None where there are no two."""
    names = [rules.name for rules in contract.columns if rules.kind == "datetime"]
    return str(Comparison(left=names[0], sign="<=", right=names[1])) if len(names) > 1 else None


def _column(rules: ColumnRules, column: Column | None) -> Iterator[str]:
    default = ColumnRules(name=rules.name)
    own = rules.column
    for name in COLUMN_FIELDS:
        value = getattr(rules, name)
        if value != getattr(default, name):
            yield _line(name, _as_written(name, value, own), _remark(name, rules, column))
        elif name == "fresh" and rules.kind == "datetime":
            yield f'# fresh = "2 days"  # {COLUMN_FIELDS["fresh"].meaning}'
        elif name in {"low", "high"} and rules.kind == "datetime" and column is not None:
            seen = column.low if name == "low" else column.high
            yield f"# {name} = {_moment(seen or 0.0)}  # {COLUMN_FIELDS[name].meaning}; this is what the file had"


def _remark(name: str, rules: ColumnRules, column: Column | None) -> str:
    """Return what is added to the meaning of a line."""
    if name == "missing" and column is not None:
        return f"in the file {percent(column.missing_share)} had"
    if name == "outside" and rules.outside:
        return "0 allows none"
    if name == "new":
        return 'or "notice", "allowed"'
    return ""


def _seen(column: Column | None, schema: Schema | None) -> str:
    """Return a comment on what the file had."""
    if column is None or schema is None:
        return ""
    if not column.distinct:
        return "  # had no values"
    values = f"{column.distinct:,} different value{'' if column.distinct == 1 else 's'}"
    if column.low is None or column.high is None or column.kind == "boolean":
        return f"  # had {values}"
    return f"  # had {values}, {written(column.low, column)} to {written(column.high, column)}"


def _line(name: str, value: object, remark: str = "") -> str:
    fields = COLUMN_FIELDS if name in COLUMN_FIELDS else TABLE_FIELDS
    comment = "; ".join(part for part in (fields[name].meaning, remark) if part)
    shown = _value(value)
    if len(shown) > LONGEST:
        return f"# {comment}:\n{name} = {shown}"
    return f"{name} = {shown}  # {comment}"


def _as_written(name: str, value: object, column: Column) -> object:
    """Return a value as a person writes it: dates as dates, whole numbers without a point, durations as text."""
    if name in {"low", "high"} and isinstance(value, float):
        if column.kind == "datetime":
            return _Raw(_moment(value))
        if column.kind == "duration":
            return _duration(value)
    if name == "fresh" and isinstance(value, float):
        return _duration(value)
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 2**53 else value


def _duration(seconds: float) -> str | float:
    """Return seconds as a text of the largest unit that they are a whole number of, else as they are."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60), ("s", 1)):
        if seconds > 0 and seconds % size == 0 and seconds < 1e12:
            return f"{int(seconds) // size} {unit}"
    return seconds


class _Raw(str):
    """A text that stands in TOML as it is, without quotes."""

    __slots__ = ()


def _moment(seconds: float) -> str:
    """Return a date or a time as TOML has them."""
    at = EPOCH + timedelta(seconds=seconds)
    if seconds % 86400:
        return at.replace(tzinfo=None).isoformat()
    return at.date().isoformat()


def _value(value: object) -> str:
    if isinstance(value, _Raw):
        return str(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    return "[" + ", ".join(map(_value, value)) + "]" if isinstance(value, tuple) else _text(str(value))


def _text(text: str) -> str:
    """Return a text in quotes: TOML escapes as JSON does, and DEL as well."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _text(name)

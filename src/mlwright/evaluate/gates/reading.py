"""From what somebody wrote (TOML, JSON, YAML, a dict) to gates; every mistake is one sentence with its line."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from mlwright.clean.contract.fields import Field, NotOne, one_of, text
from mlwright.errors import OptionError, nearest
from mlwright.evaluate.files import Written, read_written
from mlwright.evaluate.gates.gate import Gate, Unknown
from mlwright.evaluate.gates.kinds import STATISTICS, Statistic
from mlwright.evaluate.gates.measured import Side

SIDES: tuple[Side, ...] = get_args(Side)
COMMON: dict[str, Field] = {
    "statistic": Field(text, "what is measured"),
    "claim": Field(text, "what is claimed, in your own words"),
    "unknown": Field(one_of(*get_args(Unknown)), '"allowed": it does not block where nobody can tell'),
}
"""What every gate may say, beside its threshold and the options of its statistic."""
EXAMPLE = 'write [gates.good_enough], and under it: statistic = "score", and: at_least = 0.8.'


def read_gates(source: str | os.PathLike[str] | Mapping[str, Any]) -> tuple[Gate, ...]:
    """Return the gates of a file, or of a dict that says the same.

    Raises SourceError where the file cannot be read, OptionError where it is no file of gates.
    """
    if isinstance(source, Mapping):
        return gates_of(Written(source))
    if not isinstance(source, (str, os.PathLike)):
        raise OptionError(f"gates cannot be of type {type(source).__name__!r}.", hint="give a path, or a dict.")
    return gates_of(read_written(Path(source), what="gates", example=EXAMPLE))


def gates_of(written: Written) -> tuple[Gate, ...]:
    """Return the gates that a file says. Raises OptionError."""
    _known(written, (), written.data, ("name", "gates"), "a file of gates")
    gates = written.data.get("gates")
    if not isinstance(gates, Mapping) or not gates:
        raise OptionError("The file of gates asks for nothing.", where=written.place("gates"), hint=EXAMPLE)
    return tuple(_gate(written, str(name), fields) for name, fields in gates.items())


def _gate(written: Written, name: str, fields: object) -> Gate:
    keys = ("gates", name)
    where = written.place(*keys)
    if not isinstance(fields, Mapping):
        raise OptionError(f"The gate {name!r} has to be a table of fields, not {_shown(fields)}.", where=where,
                          hint=EXAMPLE)  # fmt: skip
    if "statistic" not in fields:
        near = nearest("statistic", map(str, fields))
        raise OptionError(
            f"The gate {name!r} does not say which statistic it is about.",
            where=where,
            hint=f"did you mean 'statistic' by {near!r}?" if near else f"statistic is one of: {', '.join(STATISTICS)}.",
        )
    said = {key: value for key, value in fields.items() if key not in SIDES}
    kind = _statistic(written, keys, said["statistic"])
    allowed = {**COMMON, **kind.options}
    _known(written, keys, fields, (*SIDES, *allowed), f"a gate of statistic {said['statistic']!r}")
    values = {key: _read(written, (*keys, key), allowed[key].read, value) for key, value in said.items()}
    if missing := [option for option in kind.required if option not in values]:
        raise OptionError(f"The gate {name!r} needs {missing[0]!r}: {kind.options[missing[0]].meaning}.", where=where)
    side, threshold = _threshold(written, keys, fields, kind)
    return Gate(
        name=name,
        statistic=values.pop("statistic"),
        threshold=threshold,
        side=side,
        claim=values.pop("claim", ""),
        unknown=values.pop("unknown", "blocks"),
        options=values,
        where=where,
    )


def _statistic(written: Written, keys: tuple[str, ...], value: object) -> Statistic:
    if isinstance(value, str) and value in STATISTICS:
        return STATISTICS[value]
    near = nearest(value, STATISTICS) if isinstance(value, str) else None
    hint = (f"did you mean {near!r}? " if near else "") + f"There are: {', '.join(STATISTICS)}."
    raise OptionError(f"There is no statistic {_shown(value)}.", where=written.place(*keys, "statistic"), hint=hint)


def _threshold(
    written: Written, keys: tuple[str, ...], fields: Mapping[str, Any], kind: Statistic
) -> tuple[Side, float]:
    """Return the side and the threshold of a gate."""
    given: list[Side] = [side for side in SIDES if side in fields]
    where = written.place(*keys)
    if len(given) == 2:
        raise OptionError(
            f"The gate {keys[-1]!r} has both at_least and at_most.", where=where, hint="make two gates of it."
        )
    if not given and kind.default is None:
        raise OptionError(f"The gate {keys[-1]!r} has no threshold: it needs {' or '.join(kind.sides)}.", where=where)
    side = given[0] if given else kind.sides[0]
    if side not in kind.sides:
        raise OptionError(
            f"The gate {keys[-1]!r} has {side}, but its statistic is {kind.meaning}.",
            where=written.place(*keys, side),
            hint=f"write {kind.sides[0]}.",
        )
    if not given:
        return side, float(kind.default or 0.0)
    return side, float(_read(written, (*keys, side), kind.threshold, fields[side]))


def _read(written: Written, keys: tuple[str, ...], read: Any, value: object) -> Any:
    try:
        return read(value)
    except NotOne as wanted:
        hint = f"did you mean {wanted.meant!r}?" if wanted.meant else None
        raise OptionError(
            f"{keys[-1]!r} has to be {wanted}, not {_shown(value)}.", where=written.place(*keys), hint=hint
        ) from None


def _known(written: Written, keys: tuple[str, ...], fields: Mapping[Any, Any], known: Iterable[str], what: str) -> None:
    """Raise OptionError for the first field that there is not, with the nearest one that there is."""
    names = list(known)
    for name in fields:
        if name in names:
            continue
        near = nearest(str(name), names)
        hint = f"did you mean {near!r}?" if near else f"there are: {', '.join(names)}."
        raise OptionError(f"There is no field {str(name)!r} in {what}.", where=written.place(*keys, str(name)),
                          hint=hint)  # fmt: skip


def _shown(value: object) -> str:
    """Return a value as JSON writes it, cut where it is long."""
    try:
        said = json.dumps(value, default=str, ensure_ascii=False)
    except ValueError:  # more digits than Python writes
        return "a number of thousands of digits"
    return said if len(said) <= 60 else said[:57] + "..."

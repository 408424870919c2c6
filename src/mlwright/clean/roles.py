"""The role of each column, and how the rows are split: what an engineer would settle before learning anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from mlwright.clean.copies import copies_of, equal_columns, repeated_rows
from mlwright.clean.distinct import Distinct
from mlwright.clean.order import Entity, Moments, dated_columns, repeated_entities
from mlwright.clean.question import Question
from mlwright.clean.reading.infer import infer_with_findings
from mlwright.clean.reading.kinds_numbers import SEVERAL
from mlwright.clean.reading.kinds_times import read_times
from mlwright.columns import Coded, plain_numbers, read_frame, read_series
from mlwright.errors import ColumnError, OptionError
from mlwright.findings import Finding
from mlwright.schema import Column, Schema
from mlwright.table import Table
from mlwright.values import parse_number, read_value

PLAIN = r"^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?$"
"""Numbers without leading zeros, which could be codes."""
WORDS_FOR_NONE = ("none", "na", "nil")
"""Words for "missing" that are also answers: no pain, North America, none of these."""
MORE_THAN_CLASSES = 201
"""So many different numbers of a target are no classes, and a word among them is none that could be lost."""
SPLITS = ("auto", "random", "time", "group")
SplitKind = Literal["random", "time", "group"]


@dataclass(frozen=True, slots=True)
class SplitPlan:
    """Which rows teach and which judge: at random, earlier ones and later ones, or apart by entity."""

    kind: SplitKind
    column: str | None
    reason: str
    """One sentence; it names the flag that changes it."""


def infer_schema(table: Table, question: Question) -> tuple[Schema, tuple[Finding, ...]]:
    """Return what each column holds and is for, with what was found out on the way."""
    question.check(table)
    columns: list[Column] = []
    findings: list[Finding] = []
    plain = plain_numbers(table.frame, table.frame.columns, PLAIN)
    for series in table.frame.iter_columns():
        several = MORE_THAN_CLASSES if series.name == question.target else SEVERAL
        column, found = _inferred(series, plain, several)
        columns.append(_in_role(series, column, question))
        findings.extend(found)
    schema, copied = _without_copies(table, Schema(tuple(columns), rows=table.rows))
    repeats = int(repeated_rows(table.frame, [column.name for column in schema.features]).sum())
    schema = replace(schema, repeats=repeats)
    return schema, (*findings, *copied)


def _inferred(
    series: pl.Series, plain: Mapping[str, NDArray[np.float64]], several: int
) -> tuple[Column, tuple[Finding, ...]]:
    """Infer from the numbers where the texts are nothing but numbers, which is quicker and says the same."""
    if series.name in plain:
        column, found = infer_with_findings(pl.Series(series.name, plain[series.name], nan_to_null=True))
        if column.kind in {"number", "integer"}:
            return column, found
    return infer_with_findings(series, several=several)


def _in_role(series: pl.Series, column: Column, question: Question) -> Column:
    """Return the column in the role that it was named for, else in the one that its kind suggests."""
    name = column.name
    if name in question.sensitive:
        excluded = name in question.exclude
        note = f"{name!r} is watched, and the model does not look at it." if excluded else column.note
        return replace(column.with_role("sensitive", note), excluded=excluded)
    for what, take in NAMED.items():
        if name in question.named.get(what, ()):
            return take(series, column)
    if column.kind == "id":
        return column.with_role(
            "ignored", f"{name!r} looks like an identifier: it says which row it is, not what it is like; left out."
        )
    if column.kind == "constant":
        return column.with_role("ignored", f"{name!r} has the same value in every row; left out.")
    return column


def _target(series: pl.Series, column: Column) -> Column:
    if levels := _word_levels(series, column):
        named = ", ".join(map(repr, levels))
        column = replace(column, kind="category", numeric_text=False, level_tokens=levels)
        values = read_series(series, column)
        codes = values.codes if isinstance(values, Coded) else np.empty(0, dtype=np.int32)
        return replace(
            column,
            role="target",
            distinct=len(np.unique(codes[codes >= 0])),
            missing_share=float((codes < 0).mean()),
            note=f"{named} in the target is taken for an answer like the others, not for a missing one.",
        )
    if column.kind == "id" and _holds_numbers(series, column):
        # A target that differs in every row is no identifier but an amount.
        return replace(_as_number(column), role="target", note="")
    return column.with_role("target")


def _word_levels(series: pl.Series, column: Column) -> tuple[str, ...]:
    """Return words such as "none" that are so frequent among the target's words that they are one of its answers."""
    if column.is_float or series.dtype not in {pl.String, pl.Categorical, pl.Enum}:
        return ()
    folded = series.cast(pl.String).str.strip_chars().str.to_lowercase()
    counts = [(word, int((folded == word).sum())) for word in WORDS_FOR_NONE]
    return tuple(word for word, count in counts if count >= max(5, 0.01 * len(series)))


def _time(series: pl.Series, column: Column) -> Column:
    if not column.is_float or column.kind == "boolean":
        if not _holds_numbers(series, column):
            sample = next((value for value in series.drop_nulls().head(1).to_list()), None)
            if column.kind == "constant" and _is_moment(sample):
                raise ColumnError(
                    f"The time column {column.name!r} has only one moment, '{sample}': nothing comes after anything.",
                    hint="name another column of dates with --time, or leave --time away.",
                )
            raise ColumnError(
                f"The time column {column.name!r} holds neither dates nor numbers, but for example {sample!r}.",
                hint="name a column of dates with --time, or leave --time away.",
            )
        column = _as_number(column)
    return column.with_role("time", "")


def _is_moment(value: object) -> bool:
    if isinstance(value, str):
        return read_times(Distinct.of(pl.Series([value]))) is not None
    return isinstance(value, date)


def _weight(series: pl.Series, column: Column) -> Column:
    if not column.is_float and _holds_numbers(series, column):
        column = _as_number(column)
    values = read_frame(series.to_frame(), [column])[column.name] if column.is_float else None
    if values is None or isinstance(values, Coded):
        raise ColumnError(
            f"The weight column {column.name!r} holds {column.kind} values, not numbers.",
            hint="name a column of numbers of at least 0 with --weight.",
        )
    where = f"The weight column {column.name!r}"
    if missing := int(np.isnan(values).sum()):
        row = int(np.argmax(np.isnan(values)))
        raise ColumnError(f"{where} has no number in {missing:,} of {len(values):,} rows, first in data row {row}.")
    if len(values) and values.min() < 0:
        row = int(np.argmin(values))
        raise ColumnError(f"{where} has {values[row]:.15g} in data row {row}: a weight is at least 0.")
    if len(values) and values.max() == 0:
        raise ColumnError(f"{where} is 0 in every row: then no row counts.")
    with np.errstate(over="ignore"):
        total = values.sum()
    if not np.isfinite(total):
        raise ColumnError(
            f"{where} holds numbers up to {values.max():.3g}, whose sum is beyond what a computer can hold.",
            hint="divide the weights by their largest.",
        )
    return column.with_role("weight", f"{column.name!r} says how much each row counts.")


NAMED: dict[str, Callable[[pl.Series, Column], Column]] = {
    "target": _target,
    "time": _time,
    "group": lambda _, column: column.with_role("group", ""),
    "weight": _weight,
    "exclude": lambda _, column: column.with_role("ignored", ""),
}


def _as_number(column: Column) -> Column:
    return replace(column, kind="number", categories=None, numeric_text=False)


def _holds_numbers(series: pl.Series, column: Column) -> bool:
    """Tell whether nearly all of up to a thousand different values can be read as numbers."""
    if series.dtype.is_numeric():
        return True
    texts = [read_value(value, column) for value in series.drop_nulls().unique(maintain_order=True).head(1000)]
    known = [text for text in texts if isinstance(text, str)]
    read = sum(parse_number(text, column.decimal) is not None for text in known)
    return bool(known) and read >= 0.99 * len(known)


def _without_copies(table: Table, schema: Schema) -> tuple[Schema, tuple[Finding, ...]]:
    """Leave out columns that say again what another one says, above all what the target says."""
    target = schema.only("target")
    features = [column.name for column in schema.features if column.role == "feature"]
    ignored: dict[str, str] = {}
    findings = []
    if target is not None:
        for name in copies_of(table.frame, target.name, features):
            ignored[name] = f"{name!r} is an exact copy of the target, which is not known when it is to be predicted."
            findings.append(
                Finding(
                    kind="target_copy",
                    columns=(name,),
                    message=f"{ignored[name]} It was left out.",
                    severity="error",
                    repair="Leave the column out.",
                    applied=True,
                )
            )
    for first, *others in equal_columns(table.frame, [name for name in features if name not in ignored]):
        ignored |= {name: f"{name!r} holds the same as {first!r} in every row; left out." for name in others}
        findings.append(
            Finding(
                kind="duplicate_columns",
                columns=(first, *others),
                message=f"{', '.join(map(repr, others[:5]))}{', ...' if len(others) > 5 else ''} "
                f"{'holds' if len(others) == 1 else 'hold'} the same as {first!r} in every row.",
                repair=f"Keep {first!r} only.",
                applied=True,
            )
        )
    return schema.replacing([schema[name].with_role("ignored", note) for name, note in ignored.items()]), tuple(
        findings
    )


def propose_split(table: Table, schema: Schema, *, split: str = "auto") -> SplitPlan:
    """Return how rows are to be split: by time wherever there is time, by entity where entities repeat, else at random.

    What the user named comes first (time before group), then what was found (time before group): a model is used on
    rows that come later, and about entities some of which it knows already.
    """
    if split not in SPLITS:
        raise OptionError.unknown("--split", split, SPLITS)
    time, group = schema.only("time"), schema.only("group")
    dated = [] if time is not None else dated_columns(table.frame, schema)
    repeated = [] if group is not None else repeated_entities(table.frame, schema)
    if split == "random":
        return SplitPlan("random", None, _forced_random(time, group, dated, repeated))
    if split == "time" or (split == "auto" and time is not None):
        return _by_time(table, time, dated, asked=split == "time")
    if split == "group" or (split == "auto" and group is not None):
        return _by_group(table, group, repeated, asked=split == "group")
    if chosen := next((moments for moments in dated if moments.orders_rows), None):
        return _found_time(chosen, dated, repeated)
    if repeated:
        return _found_group(repeated[0])
    return SplitPlan(
        "random",
        None,
        "No order in time and no entities with several rows were found, so rows are split at random "
        "(--time or --group names a column that should decide).",
    )


def _forced_random(time: Column | None, group: Column | None, dated: list[Moments], repeated: list[Entity]) -> str:
    orders = time.name if time is not None else next((found.name for found in dated if found.orders_rows), None)
    entity = group.name if group is not None else next((found.name for found in repeated), None)
    doubt = ""
    if orders is not None:
        doubt = (
            f", although {orders!r} puts them in time: scores may be too good, for the model has seen what comes after"
        )
    elif entity is not None:
        doubt = f", although rows share values of {entity!r}: scores may be too good for values that are new"
    return f"Rows are split at random, as --split random says{doubt}."


def _by_time(table: Table, time: Column | None, dated: list[Moments], *, asked: bool) -> SplitPlan:
    if time is None and not dated:
        raise OptionError(
            "--split time needs a column of dates, and none was found.",
            hint="name one with --time, or use --split random.",
        )
    name = time.name if time is not None else dated[0].name
    if time is not None:
        values = read_frame(table.frame.select(name), [time])[name]
        moments = np.unique(_numbers(values))
        if len(moments) < 2:
            many = "only one moment" if len(moments) else "no moment"
            raise ColumnError(
                f"The time column {name!r} has {many} in {table.rows:,} rows: nothing comes after anything.",
                hint="name another column with --time, or use --split random.",
            )
    said = "--split time says" if asked else "--time says"
    return SplitPlan(
        "time",
        name,
        f"The model learns from earlier rows and is judged on later ones by {name!r}, as {said} "
        "(--split random mixes them).",
    )


def _by_group(table: Table, group: Column | None, repeated: list[Entity], *, asked: bool) -> SplitPlan:
    if group is None and not repeated:
        raise OptionError(
            "--split group needs a column of entities with several rows each, and none was found.",
            hint="name one with --group, or use --split random.",
        )
    name = group.name if group is not None else repeated[0].name
    if table.frame[name].drop_nulls().n_unique() < 2:
        raise ColumnError(
            f"The group column {name!r} has fewer than two different values: none would be left to judge by.",
            hint="name another column with --group, or use --split random.",
        )
    said = "--split group says" if asked else "--group says"
    return SplitPlan(
        "group",
        name,
        f"Rows with the same {name!r} are kept together, so the model is judged on values that it has never seen, as "
        f"{said} (--split random mixes them).",
    )


def _found_time(chosen: Moments, dated: list[Moments], repeated: list[Entity]) -> SplitPlan:
    others = [found.name for found in dated if found.name != chosen.name]
    change = "--split random mixes them" + (f", --time {others[0]!r} orders by that" if others else "")
    entities = f"; rows that share a {repeated[0].name!r} may stand on both sides" if repeated else ""
    return SplitPlan(
        "time",
        chosen.name,
        f"{chosen.name!r} puts the rows in time ({chosen.first} to {chosen.last}), so the model learns from earlier "
        f"rows and is judged on later ones, as it will be used{entities} ({change}).",
    )


def _found_group(entity: Entity) -> SplitPlan:
    return SplitPlan(
        "group",
        entity.name,
        f"{entity.name!r} has {entity.distinct:,} values with {entity.rows_each:.1f} rows each on average, so rows "
        "with the same value are kept together and the model is judged on values that it has never seen "
        "(--split random mixes them).",
    )


def _numbers(values: object) -> NDArray[np.float64]:
    numbers = np.asarray(values, dtype=np.float64) if isinstance(values, np.ndarray) else np.zeros(0)
    return numbers[~np.isnan(numbers)]


def apply_split(schema: Schema, plan: SplitPlan) -> Schema:
    """Return the schema in which the split's column has its role; an entity's name is nothing to learn from."""
    if plan.column is None or plan.kind == "random":
        return schema
    column = schema[plan.column]
    if column.role == plan.kind:
        return schema
    if plan.kind == "time":
        return schema.replacing([column.with_role("time")])
    note = f"{column.name!r} says whose row it is: it keeps rows together and is not learned from."
    return schema.replacing([column.with_role("group", note)])

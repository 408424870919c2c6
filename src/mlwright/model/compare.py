"""Comparing two models on the same rows: which is better, where, for whom, and who gets another answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlwright.collect import collect
from mlwright.columns import Columns, read_frame
from mlwright.errors import DataError, nearest
from mlwright.evaluate import wording
from mlwright.evaluate.changed import Changed, changed_answers
from mlwright.evaluate.compared import Better, Gap, gaps, sentence
from mlwright.evaluate.compared_slices import changed_slices, compared_slices
from mlwright.evaluate.decided import answered
from mlwright.evaluate.held_out import HeldOut
from mlwright.fairness.compared import compared_groups
from mlwright.learn.base import Floats
from mlwright.model.changed_rows import Answered, changed_rows
from mlwright.model.comparison import Comparison
from mlwright.model.known import SOME, Known, known
from mlwright.model.labelled import Labelled, described_for, labelled
from mlwright.model.measures import main_metric
from mlwright.model.parts import RowParts
from mlwright.model.rivals import aligned, called, check_same_question, read_for
from mlwright.schema import Column, Role, Schema
from mlwright.tasks import TASKS
from mlwright.tasks.base import Metric
from mlwright.values import read_value

if TYPE_CHECKING:
    import polars as pl

MOST = 0.9
"""From so many on it is said to have learned from them, not from some of them."""
ROLES: tuple[Role, ...] = ("weight", "group", "time")


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows on which two models are compared, as A reads them."""

    frame: pl.DataFrame
    described: tuple[Column, ...]
    columns: Columns
    P: Floats
    """(n, k): what A predicts."""
    places: NDArray[np.intp]
    held: HeldOut | None
    """The truth, where it is known."""
    left_out: int
    why: str = ""
    """Why the truth is not known."""

    @classmethod
    def of(cls, rows: Labelled) -> _Rows:
        """Return rows whose target is known."""
        return cls(rows.frame, rows.described, rows.columns, rows.P, rows.places, rows.held, rows.left_out)

    @property
    def units(self) -> NDArray[np.intp]:
        """Which rows are one piece of evidence."""
        return self.places if self.held is None else self.held.units


@dataclass(frozen=True, slots=True)
class _Pair:
    """Two models and what they say of the rows."""

    rows: _Rows
    a: Answered
    b: Answered
    Q: Floats
    """(n, k): what B predicts, classes in A's order."""
    changed: Changed


def compare(one: RowParts, other: RowParts, source: object, *, query: str | None = None) -> Comparison:
    """Return what is known of two models, A (`one`) and B (`other`), on the same rows.

    Raises OptionError where they do not answer the same question, ColumnError where one of them needs a column that is
    not there, DataError where there are no rows, or none whose target is one that the models know.
    """
    check_same_question(one, other)
    table = collect(source, query=query) if query is not None else collect(source)
    frame = table.frame
    if not frame.height:
        raise DataError("There are no rows to compare the models on.", where=table.origin)
    for parts in (one, other):
        read_for(parts, frame.head(0))  # so that a missing column is told with the name of the model that needs it
    schema, notes = judging_schema(one.schema, other.schema)
    judging = replace(one, schema=schema)
    pair = _asked(judging, other, _rows(judging, other, frame))
    metric, noted = _deciding(one, other)
    found = Comparison(
        a=_facts(one),
        b=_facts(other),
        target=one.target,
        task=one.task,
        rows=pair.rows.columns.rows,
        rows_without_target=pair.rows.left_out,
        labelled=pair.rows.held is not None,
        metric=metric.name,
        better="unknown",
        sentence=f"{pair.rows.why}, so nothing can be said about which model is right: only whose answers differ.",
        metrics={},
        changed=_changed(pair),
        slices=[],
        groups=[],
        notes=[*notes, *noted],
    )
    return found if pair.rows.held is None else _judged(found, pair, pair.rows.held, metric)


def _rows(judging: RowParts, other: RowParts, frame: pl.DataFrame) -> _Rows:
    """Return the rows with a known target; all of them where no row has one."""
    features = [column.name for column in other.columns]
    why = _unlabelled(judging, frame)
    if not why:
        return _Rows.of(labelled(judging, frame, also=features))
    described = described_for(judging, frame, features)
    columns = read_frame(frame, described)
    places = np.arange(frame.height, dtype=np.intp)
    return _Rows(frame, described, columns, judging.ensemble.predict(columns), places, None, frame.height, why)


def _unlabelled(parts: RowParts, frame: pl.DataFrame) -> str:
    """Return why nothing is known of the rows' target; empty where something is."""
    if parts.target not in frame.columns:
        near = nearest(parts.target, frame.columns)
        meant = f" (is it {near!r}?)" if near else ""
        return f"The rows have no column {parts.target!r}{meant}"
    text = Column(name=parts.target, kind="text")
    if any(read_value(value, text) is not None for value in frame[parts.target].unique().to_list()):
        return ""
    return f"No row has a known {parts.target!r}"


def _asked(judging: RowParts, other: RowParts, rows: _Rows) -> _Pair:
    """Return what both models answer."""
    columns = read_for(other, rows.frame)
    own = other.ensemble.predict(columns)
    a = Answered(judging, rows.columns, judging.answer(rows.columns, rows.P))
    b = Answered(other, columns, other.answer(columns, own))
    return _Pair(rows, a, b, aligned(own, other, judging), changed_answers(a.answers, b.answers, rows.held))


def _changed(pair: _Pair) -> dict[str, Any]:
    """Return who gets another answer, as JSON."""
    rows, changed = pair.rows, pair.changed
    classes = pair.a.parts.classes
    truth = None if rows.held is None else [classes[int(y)] if classes else y for y in rows.held.y.tolist()]
    return {
        **changed.to_dict(),
        "slices": changed_slices(rows.columns, rows.described, changed, rows.units),
        "examples": changed_rows(pair.a, pair.b, changed, rows.frame, rows.places, truth),
    }


def _judged(found: Comparison, pair: _Pair, held: HeldOut, metric: Metric) -> Comparison:
    """Return the comparison with what the truth says of both models."""
    rows, a, b = pair.rows, pair.a, pair.b
    theirs = answered(b.answers)
    answers = answered(a.answers), None if theirs is None else aligned(theirs, b.parts, a.parts)
    measured = gaps(TASKS[a.parts.task].metrics, metric, held, (rows.P, pair.Q), answers)
    seen = known(a.parts, rows.columns), known(b.parts, b.columns)
    better, said = _verdict(measured[0], held, pair, seen)
    names = [column.name for column in a.parts.schema.with_role("sensitive") if column.name in rows.columns]
    groups = compared_groups(
        rows.columns,
        rows.described,
        held,
        (rows.P, a.answers),
        (pair.Q, b.answers),
        pair.changed.rows,
        classes=a.parts.classes,
        names=names,
    )
    return replace(
        found,
        a={**found.a, **_on_seen(seen[0])},
        b={**found.b, **_on_seen(seen[1])},
        better=better,
        sentence=said,
        metrics={gap.metric.name: gap.to_dict() for gap in measured},
        slices=compared_slices(rows.columns, rows.described, held, rows.P, pair.Q, metric),
        groups=groups,
        notes=[*found.notes, *_seen_notes(seen)],
    )


def _verdict(gap: Gap, held: HeldOut, pair: _Pair, seen: tuple[Known | None, Known | None]) -> tuple[Better, str]:
    """Return which one is better, and that in words; not where the one it speaks for learned from these rows."""
    if np.array_equal(pair.rows.P, pair.Q):
        many = wording.count(len(held), "row")
        if not pair.changed.count:
            return "same", f"A and B say exactly the same of {many}: the same answers, as sure of each."
        return gap.better, f"A and B are as sure of each of {many}; only where they begin to answer otherwise differs."
    learned = [name for name, each in zip("ab", seen, strict=True) if _learned(each)]
    told_by = [gap.better] if gap.better in {"a", "b"} else ["a", "b"]
    if gap.better == "unknown" or not set(learned) & set(told_by):
        return gap.better, sentence(gap, held)
    who = " and ".join(name.upper() for name in learned)
    shares = [each.of_these or 0.0 for each in seen if each is not None and _learned(each)]
    rows = "them" if min(shares) > MOST else "some of them"
    looks = "neither looks better" if gap.better == "same" else f"{gap.better.upper()} looks better"
    return "unknown", (
        f"Which one is better cannot be told from these rows: {who} learned from {rows}, and what a model says"
        f" of rows it learned from is too good. On them, {looks}; bring labelled rows that neither has seen."
    )


def _learned(found: Known | None) -> bool:
    return found is not None and found.sure and (found.of_these is None or found.of_these > SOME)


def _on_seen(found: Known | None) -> dict[str, Any]:
    """Return whether a model learned from the rows, as JSON."""
    learned = "unknown" if found is None else "yes" if _learned(found) else "no"
    return {"learned_from_these": learned, "share_learned_from": None if found is None else found.of_these}


def _seen_notes(seen: tuple[Known | None, Known | None]) -> list[str]:
    """Return what is known of whether the models learned from the rows they are compared on."""
    notes = []
    for name, found in zip("AB", seen, strict=True):
        if found is None:
            notes.append(
                f"Whether {name} learned from these rows cannot be told: it keeps no past rows, or these are few."
            )
        elif _learned(found):
            share = "some" if found.of_these is None else f"about {wording.percent(round(found.of_these, 2))}"
            notes.append(f"{name} learned from {share} of these rows, which makes it look better than it is.")
    return notes


def _deciding(one: RowParts, other: RowParts) -> tuple[Metric, list[str]]:
    """Return the metric that both were chosen by, else the task's own, with what has to be said of that."""
    mine, theirs = main_metric(one), main_metric(other)
    if mine == theirs:
        return mine, []
    usual = next(iter(TASKS[one.task].metrics.values()))
    names = [wording.named(each) for each in (mine, theirs, usual)]
    return usual, [f"A was chosen by {names[0]} and B by {names[1]}; here {names[2]} decides."]


def _facts(parts: RowParts) -> dict[str, Any]:
    """Return what is known of a model itself; size and speed are as the build measured them."""
    size, built = parts.evidence.get("size"), parts.evidence.get("score")
    measured = size if isinstance(size, Mapping) else {}
    judged = built if isinstance(built, Mapping) else {}
    return {
        "model": called(parts),
        "columns": len(parts.columns),
        "learners": list(dict.fromkeys(member.label for member in parts.ensemble.members)),
        "size_bytes": _number(measured.get("model_bytes")),
        "row_ms": _number(measured.get("row_ms")),
        "built": {name: judged.get(name) for name in ("metric", "value", "interval")} if judged else None,
        "learned_from_these": "unknown",
        "share_learned_from": None,
    }


def _number(value: object) -> float | None:
    """Return a number of the evidence; None where there is none, for a model may come from anywhere."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def judging_schema(one: Schema, other: Schema) -> tuple[Schema, list[str]]:
    """Return A's schema with what B's says more: columns that A does not know, and roles that A gives to none.

    Weights, groups, times and sensitive columns of either count, so that A against B is B against A turned round. Where
    the two name different columns for such a role neither is used, and a sentence says so.
    """
    columns = {column.name: column for column in (*other, *one)}
    notes = []
    for role in ROLES:
        mine, theirs = one.only(role), other.only(role)
        if mine is not None and theirs is not None and mine.name != theirs.name:
            notes.append(f"A has {mine.name!r} as its {role} column and B {theirs.name!r}: neither is used here.")
            for name in (mine.name, theirs.name):
                columns[name] = columns[name].with_role("ignored")
        elif mine is None and theirs is not None:
            known = columns[theirs.name]
            if not known.is_feature:
                columns[theirs.name] = theirs
            elif known.kind == theirs.kind:  # else A could not read what it learned from
                columns[theirs.name] = known.with_role(role)
    for column in other.with_role("sensitive"):
        known = columns[column.name]
        if known.is_feature and known.role == "feature":
            columns[column.name] = known.with_role("sensitive")
        elif known.role in {"feature", "ignored"}:  # A does not read it
            columns[column.name] = replace(column, excluded=True)
    ordered = dict.fromkeys([*one.names, *other.names])
    return replace(one, columns=tuple(columns[name] for name in ordered)), notes

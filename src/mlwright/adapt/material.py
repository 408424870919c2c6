"""What a challenger learns from: where the champion learned, and what came of the rows that were answered since.

Only outcomes that are mature when the adaptation begins teach. A share of the new rows, drawn by whom they are about,
does not teach: on these champion and challenger are compared at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mlwright.adapt import refusals
from mlwright.adapt.asked import Question, question_of
from mlwright.adapt.policy import Policy
from mlwright.adapt.refusals import Refusal
from mlwright.adapt.rows import Known, matured
from mlwright.adapt.window import Reach
from mlwright.columns import read_frame
from mlwright.errors import InputError
from mlwright.evaluate.wording import count
from mlwright.model import RowModel, row_model
from mlwright.registry.database import reading
from mlwright.registry.workspace import Workspace
from mlwright.schema import Column
from mlwright.serve.record import Record
from mlwright.serve.record.tables import ANSWERS
from mlwright.values import as_text

if TYPE_CHECKING:
    import polars as pl

WEIGHT = "mlwright_weight"
RECENT = 5_000
"""So many of the newest rows are looked at for what is broken."""
HASHED = "hmac:"
EVER = 2**62
"""Longer ago than any row."""
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What was settled when an adaptation began."""

    id: str
    name: str
    policy: Policy
    reach: Reach
    until: int
    """What matured later does not teach; microseconds since 1970."""
    learned: int | None = None
    """Until when rows matured that taught the champion, where an adaptation has made it."""
    source: str | None = None
    """A file of labelled rows that teach in place of those of the record."""
    before: tuple[str, ...] = ()
    """The digests of rows that challengers learned from which were refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """The rows that teach, what is asked of them, and the rows kept back."""

    frame: pl.DataFrame
    options: Mapping[str, Any]
    """The options of `build`."""
    held: Known
    from_source: int
    from_record: int
    digest: str
    hidden: tuple[str, ...] = ()
    """Columns of which the record holds no values."""
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what is told of it, as JSON."""
        return {
            "rows": self.frame.height,
            "from_source": self.from_source,
            "from_record": self.from_record,
            "held_back": len(self.held),
            "digest": self.digest,
            "hidden": list(self.hidden),
            "notes": list(self.notes),
        }


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The rows of the record (or of the file that stands for it), parted."""

    teach: Known
    held: Known
    new: Known


def gather(workspace: Workspace, record: Record | None, champion: RowModel, plan: Plan) -> Material | Refusal:
    """Return what a challenger learns from, or why nothing is learned. Raises SourceError, OutputError, ColumnError."""
    chosen = _chosen(record, champion, plan)
    policy, question = plan.policy, question_of(champion)
    old = _source(workspace, champion, question, plan) if plan.reach.uses_source else (None, "")
    if (refused := refusals.too_few(chosen.new, champion, policy, alone=old[0] is None)) is not None:
        return refused
    digest = hashlib.sha256("\n".join(sorted((*chosen.teach.ids, *chosen.held.ids))).encode()).hexdigest()[:32]
    if digest in plan.before:
        return Refusal(
            "nothing new",
            "Nothing has come since a challenger that learned from the same rows was refused.",
            {"rows": len(chosen.new), "digest": digest},
        )
    newest = chosen.new.rows[-RECENT:]
    hidden = hidden_columns(champion, newest)
    shown = [{key: value for key, value in row.items() if key not in hidden} for row in newest]
    if (refused := refusals.broken(shown, _without(champion, hidden), policy)) is not None:
        return refused
    explored = None
    if record is not None and plan.source is None and len(chosen.teach):
        until = plan.until - policy.us("delay")
        since = int(chosen.new.at.min())
        parts = refusals.followed(record, champion, plan.name, since=since, until=until)
        if (refused := refusals.own_decisions(parts, policy)) is not None:
            return refused
        if policy.exploration == "random":
            explored = refusals.weights(champion, chosen.teach, parts)
    return _put_together(champion, question, plan, chosen, old, hidden, explored, digest)


def _put_together(
    champion: RowModel,
    question: Question,
    plan: Plan,
    chosen: _Chosen,
    old: tuple[pl.DataFrame | None, str],
    hidden: Sequence[str],
    explored: np.ndarray[Any, np.dtype[np.float64]] | None,
    digest: str,
) -> Material:
    import polars as pl

    new = as_frame(champion, chosen.teach)
    frame = new if old[0] is None else joined(old[0], new, champion)
    notes = [plan.reach.sentence, *([old[1]] if old[1] else [])]
    if hidden:
        frame = frame.drop([name for name in hidden if name in frame.columns])
        named = ", ".join(map(repr, hidden))
        notes.append(f"The record holds no values of {named} (private): the challenger does without.")
    options, lost = question.only_with(frame.columns)
    if lost:
        notes.append(f"The rows have no {', '.join(map(repr, lost))}, of which the champion's build was told.")
    older = 0 if old[0] is None else old[0].height
    first = int(chosen.teach.at.min()) if len(chosen.teach) else plan.until
    at = np.concatenate([np.full(older, first, dtype=np.int64), chosen.teach.at])
    weight = plan.reach.weights(at, plan.until)
    if explored is not None:
        whole = np.concatenate([np.ones(older), explored])
        weight = whole if weight is None else weight * whole
        notes.append("Rows whose answers are seldom followed up count for as many as they stand for.")
    if weight is not None:
        own = options.get("weight")
        if own is not None:
            read = read_frame(frame.select(own), [champion.schema[own]])[own]
            weight = weight * np.nan_to_num(np.asarray(read, dtype=np.float64), nan=0.0)
        name = str(own or WEIGHT)
        frame = frame.with_columns(pl.Series(name, weight))
        options["weight"] = name
    return Material(
        frame=frame,
        options=options,
        held=chosen.held,
        from_source=older,
        from_record=len(chosen.teach),
        digest=digest,
        hidden=tuple(hidden),
        notes=tuple(notes),
    )


def held_back(record: Record | None, champion: RowModel, plan: Plan) -> tuple[Known, Known]:
    """Return the rows that were kept back, and those that taught. Raises SourceError, OutputError."""
    chosen = _chosen(record, champion, plan)
    return chosen.held, chosen.teach


def _chosen(record: Record | None, champion: RowModel, plan: Plan) -> _Chosen:
    """Return which rows teach and which are kept back; those kept back are new to the champion, too."""
    if plan.source is not None:
        return _parted(from_file(champion, plan.source, plan.until), plan, lambda known: np.ones(len(known), np.bool_))
    if record is None:
        return _parted(Known(), plan, lambda known: np.ones(len(known), np.bool_))
    begun = first_answer(record, plan.name, champion.version) or 0

    def is_new(known: Known) -> Flags:
        return known.moment > plan.learned if plan.learned is not None else known.at >= begun

    delay = plan.policy.us("delay")
    since = plan.reach.since
    # Too few rows since a change are waited for: rows from before it would teach what is over.
    known = matured(record, plan.name, delay=delay, after=-EVER, until=plan.until, since=since)
    return _parted(known, plan, is_new)


def _parted(known: Known, plan: Plan, is_new: Callable[[Known], Flags]) -> _Chosen:
    """Return rows parted by whether they teach; those of one unit are together."""
    new = is_new(known)
    kept_back = np.array([_share(plan.id, unit) < plan.policy.held_back for unit in known.units], dtype=np.bool_)
    within = np.ones(len(known), dtype=np.bool_)
    if plan.reach.most is not None:
        within[: max(len(known) - plan.reach.most, 0)] = False
    held = kept_back & new & within
    places = [np.flatnonzero(flags).tolist() for flags in (within & ~held, held, new & within)]
    return _Chosen(*(known.take(each) for each in places))


def from_file(champion: RowModel, source: str, until: int) -> Known:
    """Return the labelled rows of a source as if they had been answered; rows without a known target are left out."""
    from mlwright.collect import collect
    from mlwright.errors import ColumnError

    table = collect(source)
    if champion.target not in table.frame.columns:
        raise ColumnError.missing(champion.target, table.frame.columns, what="target column", where=table.origin)
    column, classes = champion.schema[champion.target], champion.parts.classes
    y = champion.task.encode_known(table.frame[champion.target].to_list(), column, classes)
    kept = table.frame[np.flatnonzero(np.isfinite(y))]
    group = champion.schema.only("group")
    ids = tuple(f"row {place}" for place in np.flatnonzero(np.isfinite(y)).tolist())
    units = (
        tuple(as_text(value) or own for value, own in zip(kept[group.name].to_list(), ids, strict=True))
        if group is not None and group.name in kept.columns
        else ids
    )
    moments = np.full(len(ids), until, dtype=np.int64)
    rows = tuple(kept.drop(champion.target).to_dicts())
    outcomes = tuple(kept[champion.target].to_list())
    return Known(ids, units, moments, moments, (champion.version or 0,) * len(ids), rows, ({},) * len(ids), outcomes)


def as_frame(champion: RowModel, known: Known, *, also: Sequence[str] = ()) -> pl.DataFrame:
    """Return rows as the table they came from: raw values, the target, and when and about whom, where that is asked.

    What a model reads (the champion, and what is named in `also`) is missing where no row says it, as it was when the
    rows were answered.
    """
    import polars as pl

    from mlwright.collect import collect

    names = list(dict.fromkeys(name for row in known.rows for name in row if name != champion.target))
    columns = [column.name for column in champion.schema if column.name != champion.target]
    wanted = [name for name in columns if name in names]
    rows = [{**{name: row.get(name) for name in wanted}, champion.target: outcome}
            for row, outcome in zip(known.rows, known.outcomes, strict=True)]  # fmt: skip
    frame = collect(rows).frame if rows else pl.DataFrame(schema=[champion.target])
    time, group = champion.schema.only("time"), champion.schema.only("group")
    if time is not None and time.name not in frame.columns:
        frame = frame.with_columns(pl.Series(time.name, known.at).cast(pl.Datetime("us", "UTC")))
    if group is not None and group.name not in frame.columns:
        frame = frame.with_columns(pl.Series(group.name, list(known.units), dtype=pl.String))
    read = (*(column.name for column in champion.parts.columns), *also)
    absent = [name for name in dict.fromkeys(read) if name not in frame.columns]
    return frame.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in absent)


def joined(old: pl.DataFrame, new: pl.DataFrame, champion: RowModel) -> pl.DataFrame:
    """Return older rows above newer ones: the columns of the older; where a column's types differ, as texts."""
    import polars as pl

    parts: list[pl.Series] = []
    for name in old.columns:
        above = old[name]
        below = new[name] if name in new.columns else pl.Series(name, [None] * new.height, dtype=above.dtype)
        if above.dtype != below.dtype:
            column = next((each for each in champion.schema if each.name == name), None)
            above, below = (_as_texts(each, column) for each in (above, below))
        parts.append(above.append(below))
    return pl.DataFrame(parts)


def _as_texts(values: pl.Series, column: Column | None) -> pl.Series:
    import polars as pl

    if values.dtype == pl.String:
        return values
    texts = [as_text(value) for value in values.to_list()]
    if column is not None and column.decimal == "," and values.dtype.is_numeric():
        texts = [None if text is None else text.replace(".", ",") for text in texts]
    return pl.Series(values.name, texts, dtype=pl.String)


def hidden_columns(champion: RowModel, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the columns that the champion reads and of which the record holds hashes, or nothing in any row."""
    if not rows:
        return []
    found = []
    for column in champion.parts.columns:
        values = [row.get(column.name) for row in rows]
        is_hash = sum(isinstance(value, str) and value.startswith(HASHED) for value in values)
        if is_hash * 2 > len(values) or not any(column.name in row for row in rows):
            found.append(column.name)
    return found


def _without(champion: RowModel, hidden: Sequence[str]) -> RowModel:
    """Return the champion as one that does not look at some columns: only to check rows against."""
    if not hidden:
        return champion
    from dataclasses import replace

    columns = tuple(replace(each, role="ignored") if each.name in hidden else each for each in champion.schema)
    return RowModel(replace(champion.parts, schema=replace(champion.schema, columns=columns)))


def _source(
    workspace: Workspace, champion: RowModel, question: Question, plan: Plan
) -> tuple[pl.DataFrame | None, str]:
    """Return the rows that the champion learned from where they are still there, unchanged, and what is told of that.

    A champion that an adaptation has made learned from the record besides: its oldest forebear's source is what is
    looked for.
    """
    from mlwright.building.ask import data_hash
    from mlwright.collect import collect

    oldest = champion
    if champion.version is not None:
        line = workspace.lineage(plan.name, champion.version)
        if line[-1].version != champion.version:
            oldest = row_model(workspace.open(line[-1].reference))
            question = question_of(oldest)
    if question.source is None or question.query is not None or not Path(question.source).exists():
        return None, "The rows that the champion learned from are not there any more: only new ones teach."
    try:
        table = collect(question.source)
    except InputError as error:
        return None, f"The rows that the champion learned from cannot be read: {error.message}"
    if data_hash(table) != oldest.run.get("data_hash"):
        return None, f"{question.source} has changed since the champion learned from it: only new rows teach."
    return table.frame, f"{count(table.frame.height, 'row')} that the champion learned from teach, too."


def first_answer(record: Record, name: str, version: int | None) -> int | None:
    """Return when a version answered first, in microseconds since 1970: before, outcomes may have taught it."""
    query = sa.select(sa.func.min(ANSWERS.c.at)).where(ANSWERS.c.model == name, ANSWERS.c.version == version)
    with reading(record.engine) as connection:
        found = connection.execute(query).scalar()
    return None if found is None else int(found)


def _share(seed: str, unit: str) -> float:
    """Return a number from 0 to 1 that is always the same for a unit within an adaptation."""
    digest = hashlib.sha256(f"{seed}\0{unit}".encode(errors="surrogatepass")).digest()
    return int.from_bytes(digest[:7]) / (1 << 56)

"""What a challenger that recommends learns from: the log that taught the champion, and what people took since.

Only what happened before a moment teaches, whoever did it; requests after it are kept back, so that champion and
challenger are compared on people and moments that neither has learned from. A share of people kept back, as of rows,
would not do: what others took later tells what is popular.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mlwright.adapt import log_entries
from mlwright.adapt.asked import question_of
from mlwright.adapt.log_kept import kept_before, with_histories
from mlwright.adapt.material import EVER, HASHED, RECENT, Material, Plan, first_answer
from mlwright.adapt.refusals import Refusal
from mlwright.adapt.rows import Known, matured
from mlwright.adapt.window import moment as told_moment
from mlwright.errors import DataError, InputError
from mlwright.evaluate.wording import count, percent
from mlwright.model.recommender.known import Catalogue
from mlwright.model.recommender.later import read_later
from mlwright.model.recommender.recommender import Recommender, recommender
from mlwright.registry.workspace import Workspace
from mlwright.serve.record import Record

if TYPE_CHECKING:
    import polars as pl

    from mlwright.table import Table

LAST = "last"
EMPTIER = 0.25
"""Where so much more of the requests come without a history than when the model was judged, the feed is broken."""
LEAST_UNKNOWN = 3
LEAST_LOOKED_AT = 50
HISTORY = "history"


@dataclass(frozen=True, slots=True)
class _Chosen:
    """What teaches and what judges. `moment`, in seconds since 1970, lies between the two."""

    moment: float
    teach: Known
    held: Known
    new: Known
    since: int
    """How many entries or answers are new."""


def gather(workspace: Workspace, record: Record | None, champion: Recommender, plan: Plan) -> Material | Refusal:
    """Return what a challenger learns from, or why nothing is learned. Raises SourceError, OutputError, ColumnError."""
    old, old_note = _source(workspace, champion, plan)
    chosen, told = _chosen(record, champion, plan, old)
    if chosen.since < plan.policy.least_rows or not len(chosen.held):
        return _too_few(chosen, plan)
    digest = hashlib.sha256("\n".join(sorted((*chosen.teach.ids, *chosen.held.ids))).encode()).hexdigest()[:32]
    if digest in plan.before:
        return Refusal(
            "nothing new",
            "Nothing has come since a challenger that learned from the same log was refused.",
            {"rows": chosen.since, "digest": digest},
        )
    newest = () if plan.source is not None else chosen.new.rows[-RECENT:]
    if (refused := _broken(newest, champion, plan.policy.most_broken)) is not None:
        return refused
    hidden = (HISTORY,) if _is_hidden(newest) else ()
    entries, notes = _within(log_entries.before(log_entries.joined(old, told), chosen.moment), plan)
    if not entries.height:
        return Refusal("labels", "Nothing is known of what people took before the newest requests.", {"entries": 0})
    notes += [note for note in (old_note, _of_hidden(hidden)) if note]
    return Material(
        frame=log_entries.as_log(entries, champion.parts),
        options=_options(champion, workspace, plan),
        held=chosen.held,
        from_source=min(old.height, entries.height),
        from_record=max(entries.height - old.height, 0),
        digest=digest,
        hidden=hidden,
        notes=(f"What people took before {told_moment(round(chosen.moment * 1e6))} teaches.", *notes),
    )


def held_back(workspace: Workspace, record: Record | None, champion: Recommender, plan: Plan) -> tuple[Known, Known]:
    """Return the requests that were kept back, and those of the time that taught. Raises SourceError, OutputError."""
    old = _source(workspace, champion, plan)[0] if plan.source is not None else log_entries.empty()
    chosen = _chosen(record, champion, plan, old)[0]
    return chosen.held, chosen.teach


def check_brought(champion: Recommender, source: str, until: int) -> None:
    """Raise InputError where a log that a person brings cannot teach."""
    del until
    _later(champion, _read(source))


def _chosen(
    record: Record | None, champion: Recommender, plan: Plan, old: pl.DataFrame
) -> tuple[_Chosen, pl.DataFrame]:
    """Return what teaches and what judges, and the entries that are new."""
    if plan.source is not None:
        return _of_log(champion, plan, old)
    if record is None:
        nothing = Known()
        return _Chosen(0.0, nothing, nothing, nothing, 0), log_entries.empty()
    known = matured(record, plan.name, delay=plan.policy.us("delay"), after=-EVER, until=plan.until)
    known = with_histories(known, record, plan.name)
    begun = first_answer(record, plan.name, champion.version) or 0
    is_new = known.moment > plan.learned if plan.learned is not None else known.at >= begun
    new = known.take(np.flatnonzero(is_new).tolist())
    moment = _later_part(new.at / log_entries.SECOND, plan.policy.held_back)
    cut = round(moment * log_entries.SECOND)
    teach = known.take(np.flatnonzero(known.moment < cut).tolist())
    held = new.take(np.flatnonzero(new.at >= cut).tolist())
    catalogue = champion.parts.answering.catalogue
    kept = kept_before(record, plan.name, moment, catalogue)
    told = log_entries.joined(log_entries.of_known(teach, catalogue, kept=kept), kept)
    return _Chosen(moment, teach, held, new, len(new)), told


def _of_log(champion: Recommender, plan: Plan, old: pl.DataFrame) -> tuple[_Chosen, pl.DataFrame]:
    """Return the same of a log that a person brings: people ask at the moment, with what they had taken until then."""
    told = _later(champion, _read(str(plan.source)))
    end = champion.parts.answering.catalogue.end or 0.0
    new = told.filter(told["at"] > end)
    moment = _later_part(new["at"].to_numpy(), plan.policy.held_back)
    middle = _later_part(log_entries.before(new, moment)["at"].to_numpy(), 0.5)
    whole = log_entries.joined(old, told)
    version = champion.version or 0
    held, taught = (
        log_entries.asked_at(whole, low, high, version=version, ends=plan.until)
        for low, high in ((moment, np.inf), (middle, moment))
    )
    return _Chosen(moment, taught, held, held, new.height), told


def _later(champion: Recommender, table: Table) -> pl.DataFrame:
    """Return the entries of a log with times, some of which came later than what the champion knows."""
    log = read_later(champion.parts, table).interactions
    end = champion.parts.answering.catalogue.end
    if not log.has_time or end is None:
        raise DataError(
            "Which entries of the log are new cannot be told without times.",
            where=table.origin,
            hint="build a model from the whole log, and compare the two in service.",
        )
    if not (log.time > end).any():
        raise DataError(
            f"Nothing in the log came after {told_moment(round(end * 1e6))}, when the log that taught ended.",
            where=table.origin,
            hint="bring a newer log.",
        )
    return log_entries.of_log(log)


def _later_part(times: np.ndarray[Any, np.dtype[Any]], share: float) -> float:
    """Return the moment from which on about this share of times lies; infinity where there are none."""
    ordered = np.sort(np.asarray(times, dtype=np.float64))
    place = int((1.0 - share) * len(ordered))
    return float(ordered[place]) if place < len(ordered) else float("inf")


def _source(workspace: Workspace, champion: Recommender, plan: Plan) -> tuple[pl.DataFrame, str]:
    """Return the entries of the log that the champion learned from, where it is still there, and what is told of that.

    A champion that an adaptation has made learned from the record besides: its oldest forebear's log is looked for. It
    may have grown since: what it holds of later moments is left out like all else of them.
    """
    oldest = champion
    if champion.version is not None:
        line = workspace.lineage(plan.name, champion.version)
        if line[-1].version != champion.version:
            oldest = recommender(workspace.open(line[-1].reference))
    question = question_of(oldest)
    if question.source is None or question.query is not None or not Path(question.source).exists():
        return (
            log_entries.empty(),
            "The log that the champion learned from is not there any more: only new entries teach.",
        )
    try:
        table = _read(question.source)
        log = read_later(oldest.parts, table).interactions
    except InputError as error:
        return log_entries.empty(), f"The log that the champion learned from cannot be read: {error.message}"
    if not log.has_time and _is_changed(table, oldest):
        said = (
            f"{question.source} has changed since the champion learned from it, and has no times: only new ones teach."
        )
        return log_entries.empty(), said
    entries = log_entries.of_log(log)
    return entries, f"{count(entries.height, 'entry', 'entries')} of {question.source} teach, too."


def _is_changed(table: Table, model: Recommender) -> bool:
    from mlwright.building.ask import data_hash

    return data_hash(table) != model.run.get("data_hash")


def _read(source: str) -> Table:
    from mlwright.collect import collect

    return collect(source)


def _within(entries: pl.DataFrame, plan: Plan) -> tuple[pl.DataFrame, list[str]]:
    """Return the entries that the window of the policy lets teach; a change leaves all in: learners see the times."""
    import polars as pl

    if plan.policy.window != LAST:
        return entries, []
    if plan.reach.most is not None:
        return entries.tail(plan.reach.most), [f"Only the newest {plan.reach.most:,} entries teach."]
    since = (plan.reach.since or 0) / log_entries.SECOND
    return entries.filter(pl.col("at") >= since), [
        f"Only what was taken since {told_moment(plan.reach.since or 0)} does."
    ]


def _options(champion: Recommender, workspace: Workspace, plan: Plan) -> dict[str, Any]:
    """Return what is asked of the build: the champion's question, its columns, and what is known of the items."""
    asked = dict(question_of(champion).options)
    kept: dict[str, Any] = {
        name: asked[name] for name in ("budget", "trials", "learners", "threads", "cases") if name in asked
    }
    said = champion.parts.decision
    items = asked.get("items")
    if items is None or not Path(str(items)).exists():
        items = _items(champion.parts.answering.catalogue, champion.target)
    del workspace, plan
    return {
        **kept,
        "task": champion.parts.task,
        "user": said["user"],
        "item": champion.target,
        "time": said.get("time") or "none",
        "rating": said.get("rating") or "none",
        **({} if items is None else {"items": items}),
        "name": champion.name,
    }


def _items(catalogue: Catalogue, target: str) -> pl.DataFrame | None:
    """Return the table of items that the champion holds; None where it knows nothing but ids."""
    import polars as pl

    if not catalogue.columns:
        return None
    columns = {name: pl.Series(name, list(column.values), strict=False) for name, column in catalogue.columns.items()}
    return pl.DataFrame({target: pl.Series(target, list(catalogue.ids), strict=False), **columns})


def _too_few(chosen: _Chosen, plan: Plan) -> Refusal:
    least = plan.policy.least_rows
    if chosen.since >= least:
        return Refusal(
            "labels",
            "Nobody asked, or took anything new, after the moment up to which the log would teach: wait for more.",
            {"matured": chosen.since, "held_back": 0},
        )
    what = count(chosen.since, "new list") if plan.source is None else count(chosen.since, "new entry", "new entries")
    known = f"What was taken after {what} is known" if plan.source is None else f"The log has {what}"
    return Refusal(
        "labels",
        f"{known}, and at least {least:,} are asked for: wait for more, or lower least_rows.",
        {"matured": chosen.since, "least_rows": least},
    )


def _broken(rows: Sequence[Mapping[str, Any]], champion: Recommender, most: float) -> Refusal | None:
    """Return that histories do not come as they did, so that what is learned now would be learned of a broken feed."""
    if len(rows) < LEAST_LOOKED_AT:
        return None
    lengths, unknown = (
        np.array([_number(row.get(name)) for row in rows]) for name in ("history_length", "unknown_items")
    )
    foreign = float(((unknown >= LEAST_UNKNOWN) & (unknown >= lengths)).mean())
    if foreign > most:
        return Refusal(
            "broken data",
            f"{percent(round(foreign, 4))} of the newest {count(len(rows), 'request')} have a history of which the "
            "model knows no item: see whether items are still called as in the log that taught. Nothing is learned "
            "from that.",
            {"rows": len(rows), "share": foreign, "most_broken": most},
        )
    before, now = _empty_before(champion), float((lengths == 0).mean())
    if before is not None and now > before + max(EMPTIER, most):
        return Refusal(
            "broken data",
            f"{percent(round(now, 4))} of the newest {count(len(rows), 'request')} come without any history, where "
            f"{percent(round(before, 4))} did when the model was judged: see whether histories are still sent. Nothing "
            "is learned from that.",
            {"rows": len(rows), "share": now, "before": before},
        )
    return None


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else np.nan


def _empty_before(champion: Recommender) -> float | None:
    """Return the share of requests without a history when the model was judged."""
    sketches = () if champion.reference is None else champion.reference.columns
    counts = next((each.counts for each in sketches if each.column == "history_length"), None)
    return None if counts is None or not counts.sum() else float(counts[:2].sum() / counts.sum())


def _is_hidden(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether most histories are not in the record, or as hashes: none can be asked with again."""
    told = [row for row in rows if _number(row.get("history_length")) > 0]
    hidden = [row for row in told if not _is_whole(row.get(HISTORY))]
    return 2 * len(hidden) > len(told)


def _is_whole(history: object) -> bool:
    if not isinstance(history, list):
        return False
    items = [entry.get("item") if isinstance(entry, Mapping) else entry for entry in history]
    return not any(isinstance(item, str) and item.startswith(HASHED) for item in items)


def _of_hidden(hidden: Sequence[str]) -> str:
    if not hidden:
        return ""
    return "The record holds no histories: of what people took only the outcomes teach, and nobody can be asked again."

"""The evidence of a recommender: all that is known of it, as one JSON object that report and model keep."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from mlwright.building.evidence import columns_of
from mlwright.building.log.judging import MODEL, Judgement
from mlwright.building.log.options import LogOptions
from mlwright.building.log.people import gaps, groups, slices
from mlwright.building.log.samples import samples, timed
from mlwright.evaluate.wording import count
from mlwright.learn.recommending.search import Searched
from mlwright.learn.recommending.trials import Trial
from mlwright.model.folder import to_files
from mlwright.model.recommender.recommender import Recommender
from mlwright.tasks import TASKS, default_metric
from mlwright.tasks.recommend.moments import day

if TYPE_CHECKING:
    from mlwright.building.log.story import Read

FEW = 200
SHOWN = (
    "It tells what people like these took next, not what is good for them, nor what they would take if nobody"
    " recommended anything: who is shown something takes it more often."
)
NOT_DESCRIBED = (
    "Nothing is known of the items themselves, so new ones are not recommended until somebody has taken them."
)


def evidence(
    read: Read, found: Searched, judgement: Judgement, model: Recommender, options: LogOptions
) -> dict[str, Any]:
    """Return all that is known of the model; what may differ between two same builds stands in `run_facts`."""
    told = judgement.evaluation.to_dict()
    return {
        "question": _question(read, judgement, options),
        **told,
        "calibration": None,
        "leaderboard": _leaderboard(found),
        "learning_curve": None,
        "importance": [],
        "effects": [],
        "findings": [finding.to_dict() for finding in read.log.findings],
        "data": _data(read),
        "limits": _limits(read, judgement),
        "slices": slices(read, judgement, options),
        "fairness": groups(read, judgement, options),
        "people": {"gaps": gaps(read, judgement, options)},
        "recommending": _recommending(read, found, judgement, model, options),
        "size": {"model_bytes": sum(map(len, to_files(model.parts).values())), "row_ms": timed(read, model)},
    }


def _question(read: Read, judgement: Judgement, options: LogOptions) -> dict[str, Any]:
    task, cut, columns = TASKS[options.task], read.cut, read.log.columns
    metric = default_metric(task)
    return {
        "target": columns.item,
        "task": task.name,
        "task_label": task.label,
        "metric": metric.name,
        "metric_label": metric.label,
        "source": read.table.origin,
        "rows": read.table.rows,
        "columns": len(read.log.schema),
        "split": {"kind": cut.kind, "column": columns.time, "reason": _why_split(read, options)},
        "assumptions": list(read.log.assumptions),
        "classes": [],
        "positive": None,
        "rows_held_out": len(judgement.people),
        "rows_learned": len(cut.taught),
    }


def _why_split(read: Read, options: LogOptions) -> str:
    if read.cut.kind == "time":
        return (
            f"The log has times, so what came before {day(read.cut.moment)} (UTC) taught, and what people took after it"
            " judged: a split at random would let the model see the future."
        )
    if read.log.interactions.has_time and options.split == "random":
        return "It was asked for; the past may have been learned from the future, so expect less in service."
    return "The log has no times, so entries drawn at random judged: expect less of the future."


def _leaderboard(found: Searched) -> list[dict[str, Any]]:
    """Return the trials, best first, then those that failed; scores are of earlier moments of the log."""
    nothing = dict.fromkeys(("memory_mb", "rounds", "size_bytes", "row_ms"))
    weights = Counter[str]()
    for choice in found.choices.values():
        width = len(choice.chosen.weights) - len(found.members)
        for member, weight in zip(found.members, choice.chosen.weights[width:], strict=True):
            if weight:
                weights[_key(member.trial)] = 1
    total = sum(weights.values()) or 1
    rows = [
        {
            "learner": trial.learner,
            "label": trial.label,
            "configuration": dict(trial.configuration),
            "score": None if trial.error else trial.score,
            "seconds": round(trial.seconds, 3),
            "weight": round(weights[_key(trial)] / total, 4),
            "status": "done" if trial.error is None else f"failed: {trial.error}",
            **nothing,
        }
        for trial in found.trials
    ]
    return sorted(rows, key=lambda row: -row["score"] if row["score"] is not None else float("inf"))


def _key(trial: Trial) -> str:
    return f"{trial.learner} {sorted(trial.configuration.items())!r}"


def _data(read: Read) -> dict[str, Any]:
    return {
        "rows": read.table.rows,
        "hash": read.data_hash,
        "looked_over": True,
        "columns": columns_of(read.log.schema),
    }


def _limits(read: Read, judgement: Judgement) -> list[str]:
    """Return for what the model should not be used, as far as the log tells."""
    cut, every = read.cut, read.log.interactions
    judges = count(len(judgement.people), "person", "people")
    until = day(float(every.time[-1]) if len(every) else 0.0)
    told = [
        (True, SHOWN),
        (cut.kind != "time", "Its score was measured with the future in sight; in service expect less."),
        (len(judgement.people) < FEW, f"Only {judges} judged it: see the width of the interval."),
        (judgement.cold is None, "How it does for people without a history could not be measured."),
        (read.log.items is None, NOT_DESCRIBED),
        (every.has_time, f"It knows items until {until}: what is newer has to be learned (mlwright adapt)."),
    ]
    return [sentence for true, sentence in told if true]


def _recommending(
    read: Read, found: Searched, judgement: Judgement, model: Recommender, options: LogOptions
) -> dict[str, Any]:
    """Return what only recommenders have: who was asked, what lists are like, what sample people get."""
    judged, cut = judgement.judged, read.cut
    every = read.log.interactions
    metric = default_metric(TASKS[options.task])
    best = judgement.evaluation.baselines[0] if judgement.evaluation.baselines else None
    return {
        "people": {"asked": len(cut), "warm": int(judged.warm.sum()), "cold": int((~judged.warm).sum())},
        "chosen": {kind: choice.chosen.name for kind, choice in found.choices.items()},
        "cold": judgement.cold,
        "single": judgement.single,
        "random": None
        if judgement.random is None
        else {"score": judgement.random.value, "interval": list(judgement.random.interval)},
        "metric_label": metric.label,
        "lists": {
            "model": judged.facts(MODEL, seed=options.seed).as_dict(),
            **({} if best is None else {"rule": judged.facts(best.name, seed=options.seed).as_dict()}),
        },
        "rule": None if best is None else best.label,
        "fresh": {"people": int((cut.fresh > 0).sum()), "taken": int(cut.fresh.sum())},
        "log": {
            "entries": len(every),
            "users": len(every.users),
            "items": len(every.items),
            "first": float(every.time[0]) if every.has_time and len(every) else None,
            "last": float(every.time[-1]) if every.has_time and len(every) else None,
            "density": len(every) / max(len(every.users) * len(every.items), 1),
        },
        "samples": samples(read, model) if options.cases else [],
    }

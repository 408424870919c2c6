"""Why nothing is learned now: a sentence that a person can check, with the numbers behind it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from mlwright.adapt.policy import Policy
from mlwright.adapt.rows import Known, lately_answered
from mlwright.evaluate.wording import count, percent
from mlwright.model import RowModel
from mlwright.serve.record import Record
from mlwright.values import as_text

Kind = Literal["labels", "one class", "broken data", "own decisions", "nothing new", "hidden", "cannot be built"]
LOOKED_AT = 20_000
"""So many of the newest answers tell whose outcomes are followed up."""
SELDOM = 0.25
"""Outcomes of one answer that are known this much more seldom than those of another are not a matter of chance."""
LEAST_ANSWERS = 30
"""Of an answer that was given more seldom nothing is said."""
PARTS = 4
"""Answers that are numbers are looked at in so many parts of the same size."""
Z = 1.96


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why no challenger is built."""

    kind: Kind
    sentence: str
    evidence: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Followed:
    """How often the outcome is known of rows that were answered alike."""

    answer: str
    rows: int
    known: int

    @property
    def share(self) -> float:
        """The share of outcomes that are known."""
        return self.known / self.rows

    @property
    def ends(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share."""
        n, p = self.rows, self.share
        middle, half = p + Z * Z / (2 * n), Z * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
        return (middle - half) / (1 + Z * Z / n), (middle + half) / (1 + Z * Z / n)


def too_few(known: Known, model: RowModel, policy: Policy, *, alone: bool) -> Refusal | None:
    """Return that too few outcomes are mature; `alone`: whether they alone would teach, so that each class must be."""
    if len(known) < policy.least_rows:
        return Refusal(
            "labels",
            f"The outcome of {count(len(known), 'new row')} is mature, and at least {policy.least_rows:,} are asked "
            f"for: wait for more, or lower least_rows.",
            {"matured": len(known), "least_rows": policy.least_rows},
        )
    labels = model.parts.classes
    if not labels or not alone:
        return None
    y = model.task.encode_known(list(known.outcomes), model.schema[model.target], labels)
    found = {str(label): int((y == place).sum()) for place, label in enumerate(labels)}
    if (least := min(found.values())) >= policy.least_of_class:
        return None
    few = min(found, key=found.__getitem__)
    return Refusal(
        "one class",
        f"Of {count(len(known), 'row')} with a mature outcome only {least:,} ended as {few!r}, and at least "
        f"{policy.least_of_class:,} are asked for: a model that learns from them would hardly know it.",
        {"matured": len(known), "classes": found, "least_of_class": policy.least_of_class},
    )


def broken(rows: Sequence[Mapping[str, Any]], model: RowModel, policy: Policy) -> Refusal | None:
    """Return that recent rows break the contract of the model's columns, so that learning from them teaches errors."""
    from mlwright.checking import check

    names = [column.name for column in model.parts.columns]
    checked = check([{name: row.get(name) for name in names} for row in rows], model)
    worst = [each for each in checked.violations if each.count > policy.most_broken * len(rows) or not each.count]
    if not worst:
        return None
    return Refusal(
        "broken data",
        f"The newest {count(len(rows), 'row')} break what the model was built on: {worst[0].message} "
        "Nothing is learned from broken data: repair where it comes from.",
        {"rows": len(rows), "most_broken": policy.most_broken, "violations": [each.to_dict() for each in worst[:10]]},
    )


def followed(record: Record, model: RowModel, name: str, *, since: int, until: int) -> list[Followed]:
    """Return how often outcomes are known, by what was answered; numbers in parts of the same size."""
    lines = lately_answered(record, name, since=since, until=until, most=LOOKED_AT)
    answers = [json.loads(answer).get("prediction") for answer, _, _ in lines]
    known = np.array([told for _, _, told in lines], dtype=np.bool_)
    if model.parts.classes:
        said = np.array([as_text(answer) or "no answer" for answer in answers])
    else:
        said = _in_parts(answers)
    return [
        Followed(str(each), int((said == each).sum()), int(known[said == each].sum())) for each in sorted(set(said))
    ]


def answered_as(model: RowModel, known: Known, parts: Sequence[Followed]) -> list[str]:
    """Return in which of the parts each row was answered; only where classes are predicted."""
    if not model.parts.classes:
        return [parts[0].answer] * len(known)
    return [as_text(answer.get("prediction")) or "no answer" for answer in known.answers]


def own_decisions(parts: Sequence[Followed], policy: Policy) -> Refusal | None:
    """Return that outcomes are known only of some answers, so that a model would learn from what it decided itself.

    Whoever learns from accepted cases only looks ever better on them, and misses ever more of the others; a random few
    of those that were declined are enough to see it. Where these are there (`exploration`), each stands for many.
    """
    often = [part for part in parts if part.rows >= LEAST_ANSWERS]
    if len(often) < 2:
        return None
    most = max(often, key=lambda part: part.share)
    seldom = [part for part in often if part.ends[1] < SELDOM * most.ends[0]]
    if not seldom:
        return None
    few = min(seldom, key=lambda part: part.share)
    if policy.exploration == "random" and all(part.known >= policy.least_of_class for part in seldom):
        return None
    explored = (
        f"exploration is said to be random, but only {count(few.known, 'outcome')} of such rows are known"
        if policy.exploration == "random"
        else "that a random few of them are followed up (`exploration`) is not said"
    )
    return Refusal(
        "own decisions",
        f"The outcome is known of {percent(round(most.share, 4))} of the rows that were answered {most.answer!r}, and "
        f"of {percent(round(few.share, 4))} of those answered {few.answer!r}; {explored}. What is learned from these "
        "would follow from the model's own decisions: follow up a random 2 to 5 % of the others.",
        {"answers": [{**asdict(part), "share": part.share} for part in parts], "exploration": policy.exploration},
    )


def weights(model: RowModel, known: Known, parts: Sequence[Followed]) -> np.ndarray[Any, np.dtype[np.float64]] | None:
    """Return (n,) for how many rows each one stands where outcomes of some answers are followed up at random.

    One over the share that is followed up (Horvitz and Thompson 1952), and 1 for the answer that is followed up most.
    """
    if not model.parts.classes:
        return None
    share = {part.answer: part.share for part in parts if part.known}
    top = max(share.values(), default=0.0)
    return np.array([top / share.get(answer, top) if top else 1.0 for answer in answered_as(model, known, parts)])


def _in_parts(answers: Sequence[Any]) -> np.ndarray[Any, Any]:
    numbers = np.array([answer if isinstance(answer, int | float) else math.nan for answer in answers], dtype=float)
    there = numbers[np.isfinite(numbers)]
    if not len(there):
        return np.array(["no answer"] * len(numbers))
    edges = np.quantile(there, np.linspace(0, 1, PARTS + 1)[1:-1])
    places = np.searchsorted(edges, numbers, side="right")
    names = np.array([f"quarter {place + 1} of the answers, from the lowest" for place in range(PARTS)])
    return np.where(np.isfinite(numbers), names[np.minimum(places, PARTS - 1)], "no answer")

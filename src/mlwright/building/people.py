"""For whom the judged model is worse: groups by the columns that were named or else proposed, and their proxies."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlwright.building.ask import Asked
from mlwright.building.find import Found
from mlwright.building.judge import together
from mlwright.columns import Columns, Values, read_frame
from mlwright.evaluate.held_out import HeldOut
from mlwright.fairness.audit import audit
from mlwright.fairness.proposals import propose, sentence
from mlwright.fairness.proxies import MOST_ROWS, proxies
from mlwright.learn.base import Stop
from mlwright.learn.material import Material
from mlwright.tasks.base import Floats


def served(rows: Material, held: HeldOut, P: Floats, found: Found, asked: Asked) -> dict[str, Any]:
    """Return the evidence "fairness" and "people": how groups of people fare with these answers.

    Columns that seem to tell groups of people and were not named are proposed and looked at one by one, whether the
    model reads them or not; that changes nothing about the model. Empty where no column is about people.
    """
    proposals = propose(asked.schema)
    named = [column.name for column in asked.schema.with_role("sensitive")]
    names = [*named, *(each.column for each in proposals if each.audited)]
    if not names:
        return {}
    described = [asked.schema[name] for name in names]
    classes = rows.target.classes
    answered = asked.task.answer(P, found.decision, classes)
    columns = with_columns(rows.columns, names, asked, rows.places)
    told = audit(columns, described, held, P, answered=answered, classes=classes, names=names, crossed=named)
    guessed = set(names) - set(named)
    groups = [{**group, "proposed": True} if group["column"] in guessed else group for group in told["groups"]]
    people: dict[str, Any] = {"gaps": told["gaps"], "sentence": told["sentence"]}
    if proposals:
        people["proposed"] = [each.to_dict() for each in proposals]
        people["proposal"] = sentence(proposals)
    return {"fairness": groups, "people": people}


def given_away(evidence: dict[str, Any], used: list[str], asked: Asked, seed: int, stop: Stop) -> dict[str, Any]:
    """Return the evidence with "proxies" among that of people: which columns tell their groups, on a sample of rows.

    `used` are the columns that the model reads.
    """
    names = list(dict.fromkeys(str(group["column"]) for group in evidence.get("fairness", ())))
    names = [name for name in names if name in asked.schema]  # groups by two columns have the name of none
    if not names:
        return evidence
    material, units = asked.material, together(asked.order)
    places = np.arange(material.rows)
    if material.rows > MOST_ROWS:
        places = np.sort(np.random.default_rng(seed).choice(material.rows, MOST_ROWS, replace=False))
    taken = material.take(places)
    columns = with_columns(taken.columns, names, asked, taken.places)
    described = [column for column in asked.schema if column.name in columns]
    own = None if units is None or asked.order.time is not None else units[places]
    told = proxies(columns, described, names, used=used, units=own, seed=seed, stop=stop)
    return {**evidence, "people": {**evidence["people"], "proxies": told}}


def with_columns(columns: Columns, names: list[str], asked: Asked, places: NDArray[np.intp] | None) -> Columns:
    """Return the columns and, read from the table, those named ones that the model may not look at."""
    missing = [asked.schema[name] for name in names if name not in columns]
    if not missing or places is None:
        return columns
    read = read_frame(asked.table.frame.select([column.name for column in missing])[places.tolist()], missing)
    data: dict[str, Values] = {**columns, **read}
    return Columns(data, columns.rows)

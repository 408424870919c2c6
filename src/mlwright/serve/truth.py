"""What is told as true, read as the model reads its own target: a class becomes its label, a number a number.

Of a recommender it is what the person then took: items become what the model calls them, and one that it does not know
stays as it was told.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np

from mlwright.errors import nearest
from mlwright.model import Model, row_model
from mlwright.model.parts import RowParts
from mlwright.model.recommender.known import Catalogue
from mlwright.model.recommender.recommender import recommender
from mlwright.serve.problems import RowError
from mlwright.serve.record import Item, Outcome
from mlwright.tasks import ROW_TASKS
from mlwright.values import as_text, is_null, strip, well_formed
from mlwright.values.text import is_missing

MISSING = "missing"
"""The kind of an outcome that says nothing, such as "NA"."""
MOST_SEARCHES = 20
"""The nearest label is looked for so often in one request: it takes time, and nobody reads more."""
SHOWN = 60
_LABELS = 12


def read_outcomes(models: Sequence[Model], given: Sequence[Outcome]) -> tuple[list[Outcome], list[RowError]]:
    """Return the outcomes that a model's target can have, as it has them, and what is wrong with the others.

    `models` are the versions that may have answered, the main one first: the first that knows a value decides. `row`
    of an error is the outcome's place, `kind` is "missing" for one that says nothing, else "unknown_outcome".
    """
    return _truth(models).read(models, given)


def unknown_items(models: Sequence[Model], read: Sequence[Outcome]) -> int | None:
    """Return how many items of outcomes none of the versions knows; None where outcomes are no items."""
    return _truth(models).unknown(models, read)


def known_items(models: Sequence[Model], told: Sequence[Item]) -> tuple[list[Item], int]:
    """Return items as one of some recommenders calls them, and how many none of them knows: those stay as told."""
    catalogues = [recommender(model).parts.answering.catalogue for model in models]
    unknown = sum(all(catalogue.find(item) < 0 for catalogue in catalogues) for item in told)
    return [_item(item, catalogues) for item in told], unknown


def _of_rows(models: Sequence[Model], given: Sequence[Outcome]) -> tuple[list[Outcome], list[RowError]]:
    versions = [row_model(model).parts for model in models]
    left = list(range(len(given)))
    read: dict[int, Outcome] = {}
    for parts in versions:
        # Yes is a 1 among classes, but no amount.
        asked = [place for place in left if _may_be(given[place].outcome, parts)]
        column = parts.schema[parts.target]
        y = ROW_TASKS[parts.task].encode_known([given[place].outcome for place in asked], column, parts.classes)
        for place, value in zip(asked, y.tolist(), strict=True):
            if np.isfinite(value):
                told = parts.classes[int(value)] if parts.classes else value
                read[place] = msgspec.structs.replace(given[place], outcome=told)
        left = [place for place in left if place not in read]
    main = versions[0]
    errors = [_wrong(main, given[place], place, search=among < MOST_SEARCHES) for among, place in enumerate(left)]
    return [read[place] for place in sorted(read)], errors


def _may_be(outcome: object, parts: RowParts) -> bool:
    return not isinstance(outcome, list) and (bool(parts.classes) or not isinstance(outcome, bool))


def _of_lists(models: Sequence[Model], given: Sequence[Outcome]) -> tuple[list[Outcome], list[RowError]]:
    """Return outcomes as lists of items, each once; an empty one says that nothing was taken."""
    catalogues = [recommender(model).parts.answering.catalogue for model in models]
    read, errors = [], []
    for place, each in enumerate(given):
        told = each.outcome if isinstance(each.outcome, list) else [each.outcome]
        if any(as_text(item) is None for item in told):
            said = f"The outcome of {each.id!r:.60} names an item without an id."
            errors.append(RowError(said, MISSING, place, models[0].target))
            continue
        known = {as_text(item): item for item in (_item(item, catalogues) for item in told)}
        read.append(msgspec.structs.replace(each, outcome=list(known.values())))
    return read, errors


def _item(told: Item, catalogues: Sequence[Catalogue]) -> Item:
    for catalogue in catalogues:
        if (place := catalogue.find(told)) >= 0:
            return catalogue.ids[place]
    return told


def _unknown_in_lists(models: Sequence[Model], read: Sequence[Outcome]) -> int:
    items = [item for each in read if isinstance(each.outcome, list) for item in each.outcome]
    return known_items(models, items)[1]


@dataclass(frozen=True, slots=True)
class _Truth:
    """How outcomes of a form of models are read, and how many of their items are not known."""

    read: Callable[[Sequence[Model], Sequence[Outcome]], tuple[list[Outcome], list[RowError]]]
    unknown: Callable[[Sequence[Model], Sequence[Outcome]], int | None]


_FORMS: Mapping[str, _Truth] = {
    "rows": _Truth(_of_rows, lambda _, __: None),
    "log": _Truth(_of_lists, _unknown_in_lists),
}


def _truth(models: Sequence[Model]) -> _Truth:
    return _FORMS[models[0].task.form]


def _wrong(parts: RowParts, given: Outcome, place: int, *, search: bool) -> RowError:
    """Return what is said of an outcome that the target cannot have."""
    value, column = given.outcome, parts.schema[parts.target]
    text = as_text(value) or ""
    shown = value if not isinstance(value, str) or len(value) <= SHOWN else f"{value[:SHOWN]}..."
    of = f"The outcome of {given.id!r:.60} is {shown!r}"
    says_nothing = isinstance(value, str) and is_missing(strip(well_formed(value)), column.missing_tokens)
    if is_null(value) or says_nothing:
        return RowError(f"{of}, which says nothing.", MISSING, place, column.name, shown)
    if not parts.classes:
        return RowError(f"{of}, which is not read as a number.", "unknown_outcome", place, column.name, shown)
    labels = [str(label) for label in parts.classes]
    near = nearest(text, labels) if search and len(text) <= SHOWN else None
    listed = ", ".join(labels[:_LABELS]) + (", ..." if len(labels) > _LABELS else "")
    message = f"{of}, which is no class of {column.name!r}; " + (
        f"the nearest is {near!r}." if near else f"there are: {listed}."
    )
    return RowError(message, "unknown_outcome", place, column.name, shown, near)

"""A recommender as files, and back without trusting them.

recommender/chain.json      the levels with their rankers: kind, and what of a ranker is no array
recommender/<i>.npz         a ranker's arrays
recommender/catalogue.json  ids as the log wrote them, and the columns of the items' table
recommender/catalogue.npz   when items were first and last taken, how often, and how like they are
recommender/golden.json     requests, and what is recommended for them
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, get_args

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import ModelError
from mlwright.learn.damage import require_fit
from mlwright.learn.recommending.rankers import ranker_of
from mlwright.model.arrays import write_arrays
from mlwright.model.checked import damaged
from mlwright.model.recommender.known import LARGEST_COLUMNS, Catalogue, ItemColumn
from mlwright.model.recommender.recommend import LEVELS, Answering
from mlwright.model.text import plain, write_json
from mlwright.tasks.base import Label
from mlwright.tasks.recommend.features import Described, FeatureKind
from mlwright.tasks.recommend.interactions import Histories, Interactions
from mlwright.tasks.recommend.request import USED_HISTORY, read_request

WITHIN = "recommender/"
MOST_ITEMS = 5_000_000
MOST_RANKERS = 8
MOST_COLUMNS = 500
MOST_DIMENSIONS = 1_024
MOST_GOLDEN = 20
GOLDEN = frozenset({"at", "history", "k", "diversity", "exclude", "exclude_seen", "filters", "caps"})
"""The fields that a build's requests have."""
LONGEST_VERB = 40
LATEST = 1e12
NEAR = 1e-3
"""Scores may differ so much, of the largest of an answer, on another machine."""


class Files(Protocol):
    """The files of a model, each checked against its hash when it is read."""

    def json(self, name: str) -> dict[str, Any]:
        """Return the object that a JSON file holds."""

    def arrays(self, name: str) -> dict[str, NDArray[Any]]:
        """Return the arrays that an npz holds."""


def to_files(answering: Answering, requests: Sequence[Mapping[str, Any]] = ()) -> dict[str, bytes]:
    """Return the files by name; `requests` are plain ones whose answers go with the model as its golden ones."""
    files: dict[str, bytes] = {}
    levels = []
    for place, (name, ranker) in enumerate(answering.chain):
        state, arrays = ranker.state()
        files[f"{WITHIN}{place}.npz"] = write_arrays(arrays)
        levels.append({"name": name, "kind": ranker.kind, "state": state})
    known, arrays = _catalogue_state(answering.catalogue)
    files[f"{WITHIN}chain.json"] = write_json(plain({"verb": answering.verb, "levels": levels}))
    files[f"{WITHIN}catalogue.json"] = write_json(known)
    files[f"{WITHIN}catalogue.npz"] = write_arrays(arrays)
    files[f"{WITHIN}golden.json"] = write_json(
        {"requests": plain(list(requests)), "answers": [_answered(answering, plain(dict(one))) for one in requests]}
    )
    return files


def from_files(files: Files) -> Answering:
    """Return the recommender that files hold; it answers its golden requests as it did. Raises ModelError."""
    with damaged(f"{WITHIN}catalogue"):
        catalogue = _catalogue(files.json(f"{WITHIN}catalogue.json"), files.arrays(f"{WITHIN}catalogue.npz"))
    with damaged(f"{WITHIN}chain"):
        found = files.json(f"{WITHIN}chain.json")
        levels, verb = found["levels"], found["verb"]
        require_fit(isinstance(verb, str) and len(verb) <= LONGEST_VERB, "verb")
        require_fit(isinstance(levels, list) and 1 <= len(levels) <= MOST_RANKERS, "number of rankers")
        chain = []
        for place, level in enumerate(levels):
            require_fit(level["name"] in LEVELS, "level")
            kind = ranker_of(level["kind"])
            chain.append((str(level["name"]), kind.from_state(level["state"], files.arrays(f"{WITHIN}{place}.npz"))))
        answering = Answering(tuple(chain), catalogue, verb)
    _check_scores(answering)
    with damaged(f"{WITHIN}golden"):
        _check_golden(answering, files.json(f"{WITHIN}golden.json"))
    return answering


def _catalogue_state(catalogue: Catalogue) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    state = {
        "ids": list(catalogue.ids),
        "end": catalogue.end,
        "rated": catalogue.rated,
        "title": catalogue.title,
        "columns": [
            {
                "name": column.name,
                "kind": column.described.kind,
                "separator": column.described.separator,
                "values": list(column.values),
            }
            for column in catalogue.columns.values()
        ],
    }
    arrays: dict[str, NDArray[Any]] = {"first": catalogue.first, "last": catalogue.last, "counts": catalogue.counts}
    return state, arrays if catalogue.vectors is None else {**arrays, "vectors": _small(catalogue.vectors)}


def _small(vectors: NDArray[np.float32]) -> NDArray[np.floating[Any]]:
    """Return vectors in half the bytes where they lose nothing by that."""
    half = vectors.astype(np.float16)
    return half if bool((half == vectors).all()) else vectors


def _catalogue(state: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Catalogue:
    ids, end, title = state["ids"], state["end"], state["title"]
    require_fit(isinstance(ids, list) and 1 <= len(ids) <= MOST_ITEMS, "number of items")
    require_fit(all(_is_id(one) for one in ids), "id")
    require_fit(end is None or _is_moment(end), "end of the log")
    require_fit(isinstance(state["rated"], bool), "word on ratings")
    size = (len(ids),)
    require_fit(set(arrays) <= {"first", "last", "counts", "vectors"}, "list of arrays")
    first, last, counts = (_floats(arrays[name], size) for name in ("first", "last", "counts"))
    require_fit(bool(((first <= LATEST) & (last <= LATEST)).all()), "moment of an item")
    require_fit(bool(((counts >= 0) & (counts < 1e15)).all()), "count of an item")
    columns = _columns(state["columns"], len(ids))
    require_fit(title is None or title in columns, "title")
    return Catalogue(
        ids=tuple(ids),
        first=first,
        last=last,
        counts=counts,
        end=None if end is None else float(end),
        rated=state["rated"],
        columns=columns,
        title=title,
        vectors=_vectors(arrays["vectors"], len(ids)) if "vectors" in arrays else None,
    )


def _is_id(one: object) -> bool:
    return isinstance(one, str | bool | int) or (isinstance(one, float) and math.isfinite(one))


def _is_moment(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= LATEST


def _floats(array: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.float64]:
    require_fit(array.dtype.kind in "fiu" and array.shape == shape, "array of the items")
    found = array.astype(np.float64)
    require_fit(not np.isnan(found).any(), "number of an item")
    return found


def _vectors(array: NDArray[Any], items: int) -> NDArray[np.float32]:
    require_fit(array.ndim == 2 and array.dtype.kind == "f" and len(array) == items, "vectors of the items")
    require_fit(array.shape[1] <= MOST_DIMENSIONS, "length of the vectors")
    require_fit(bool(np.isfinite(array).all()) and bool((np.abs(array) <= 1.001).all()), "vector of an item")
    return array.astype(np.float32)


def _columns(state: Any, items: int) -> dict[str, ItemColumn]:
    require_fit(isinstance(state, list) and len(state) <= MOST_COLUMNS, "number of columns")
    found: dict[str, ItemColumn] = {}
    total = 0
    for column in state:
        name, kind, separator, values = (column[key] for key in ("name", "kind", "separator", "values"))
        require_fit(kind in get_args(FeatureKind), "kind of a column")
        require_fit(isinstance(name, str) and name not in found, "name of a column")
        require_fit(separator is None or (isinstance(separator, str) and 0 < len(separator) <= 8), "separator")
        require_fit(isinstance(values, list) and len(values) == items, "number of cells")
        require_fit(all(cell is None or isinstance(cell, str | bool | int | float) for cell in values), "cell")
        total += sum(len(cell) for cell in values if isinstance(cell, str))
        require_fit(total <= LARGEST_COLUMNS, "length of the columns")
        found[name] = ItemColumn.of(Described(name, kind, separator), values)
    return found


def _check_scores(answering: Answering) -> None:
    """Raise ModelError where a ranker is not one of this catalogue's items."""
    size = len(answering.catalogue)
    nobody = Histories(np.zeros(2, dtype=np.intp), np.zeros(0, dtype=np.int32), np.zeros(0), None, np.array([np.nan]))
    someone = Histories(np.array([0, 1]), np.array([size - 1], dtype=np.int32), np.zeros(1), None, np.array([np.nan]))
    for _, ranker in answering.chain:
        for histories in (nobody, someone):
            try:
                with np.errstate(all="ignore"):
                    found = ranker.scores(histories)
            except (ArithmeticError, LookupError, TypeError, ValueError) as error:
                raise ModelError(f"The model is damaged, in its ranker {ranker.kind!r}: {error!r:.200}.") from error
            if found.shape != (1, size) or np.isnan(found).any():
                raise ModelError(f"The model's ranker {ranker.kind!r} does not score its {size:,} items.")


def _answered(answering: Answering, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    found = answering.answer(read_request(request))
    return [{"item": one.item, "score": float(one.score), "level": one.level} for one in found.items]


def _check_golden(answering: Answering, golden: Mapping[str, Any]) -> None:
    """Raise ModelError where a golden request is not answered as it was; items of the same score may change places."""
    requests, answers = golden["requests"], golden["answers"]
    require_fit(isinstance(requests, list) and isinstance(answers, list), "list of answers")
    require_fit(len(requests) == len(answers) <= MOST_GOLDEN, "number of answers")
    for request, expected in zip(requests, answers, strict=True):
        _check_request(request)
        found = _answered(answering, request)
        if not _is_same(found, expected):
            raise ModelError("The model does not answer its own test requests as it did when it was built.")


def _check_request(request: Mapping[str, Any]) -> None:
    """Raise where a golden request asks for more than a build's do: whoever opens a model waits for its answer."""
    require_fit(isinstance(request, dict) and GOLDEN.issuperset(request), "fields of a test request")
    require_fit(len(request.get("history", ())) <= USED_HISTORY, "history of a test request")
    require_fit(len(request.get("exclude", ())) <= 1, "exclusions of a test request")
    require_fit(len(request.get("filters", ())) <= 1, "filters of a test request")


def _is_same(found: Sequence[Mapping[str, Any]], expected: Sequence[Mapping[str, Any]]) -> bool:
    if len(found) != len(expected):
        return False
    scores = [float(one["score"]) for one in expected]
    near = NEAR * max(map(abs, scores), default=0.0) + 1e-9
    by_item: dict[Label, float] = {one["item"]: float(one["score"]) for one in expected}
    for one, other, score in zip(found, expected, scores, strict=True):
        if one["level"] != other["level"] or not abs(one["score"] - score) <= near:
            return False
        if one["item"] != other["item"] and not abs(by_item.get(one["item"], score) - score) <= near:
            return False
    return True


def golden_requests(log: Interactions, catalogue: Catalogue, *, people: int = 4, seed: int = 0) -> list[dict[str, Any]]:
    """Return requests that try what a recommender is asked: nobody, a few of the log's people, filters, diversity.

    All of them are asked when the log ended, so that they get the same answers for ever.
    """
    moment = {} if catalogue.end is None else {"at": catalogue.end}
    popular = [catalogue.ids[place] for place in catalogue.standing[:3].tolist()]
    found: list[dict[str, Any]] = [moment, {"history": popular[:1], **moment}, {"history": popular, "k": 5, **moment}]
    lengths = np.bincount(log.user, minlength=len(log.users))
    active = np.flatnonzero(lengths)
    chosen: Any = (
        np.random.default_rng(seed).choice(active, min(people, len(active)), replace=False) if len(active) else []
    )
    found += [{"history": history_of(log, int(user)), **moment} for user in chosen]
    last = found[-1]
    found.append({**last, "diversity": 0.3, "exclude_seen": False, "exclude": popular[:1]})
    for name, column in catalogue.columns.items():
        if column.described.kind in {"tags", "category"} and column.parts:
            found.append({**last, "filters": {name: {"in": [column.parts[0]]}}, "caps": {name: 5}})
            break
    return plain(found)  # type: ignore[no-any-return]


def history_of(log: Interactions, user: int) -> list[dict[str, Any]]:
    """Return what a person of the log took, as a request has it: the last entries that are looked at."""
    places = np.flatnonzero(log.user == user)[-USED_HISTORY:]
    history = []
    for place in places.tolist():
        entry: dict[str, Any] = {"item": log.items[int(log.item[place])]}
        if log.has_time:
            entry["at"] = float(log.time[place])
        if log.value is not None and math.isfinite(log.value[place]):
            entry["rating"] = float(log.value[place])
        history.append(entry)
    return history

"""A recommender in service: requests checked, lists put into words that JSON has, under the rules of a policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, ClassVar

import msgspec

from mlwright.errors import OptionError
from mlwright.model.recommender.recommend import Answer as List
from mlwright.model.recommender.recommender import Recommender, read_history
from mlwright.schema import Column
from mlwright.serve.answers import Answer, Place, Recommendation
from mlwright.serve.checking import Flag, Raw
from mlwright.serve.policy import Humility, ModelPolicy
from mlwright.serve.problems import Problem, RowError
from mlwright.serve.recommendation_schema import recommendation_schema
from mlwright.serve.serving import Filled, refuse_way
from mlwright.serve.shapes import RequestsBody, Row, Shape
from mlwright.serve.tables import Columns
from mlwright.tasks.recommend.request import (
    ASKED,
    FIELDS,
    USED_HISTORY,
    Request,
    read_policy,
    read_request,
    request_schema,
)
from mlwright.values import as_text, parse_number

HISTORY, USER = "history", "user"
HISTORY_KEPT = "history_kept"
"""Stands in the record in place of a history that the service keeps."""
FEW = 2
"""A list takes longer than an answer about a row."""
EXAMPLE_K = 5
HINT = (
    'a body is {"rows": [{"history": [item, ...], "k": 10}, ...]}; a request may have the fields '
    f"{', '.join(FIELDS)}."
)


def of_cells(row: Row) -> Row:
    """Return the request that the cells of a table make: lists and objects as JSON, numbers as text.

    >>> of_cells({"history": "[1, 2]", "k": "5", "user": "ann", "caps": ""})
    {'history': [1, 2], 'k': 5.0, 'user': 'ann'}
    """
    return {name: _of_cell(name, value) for name, value in row.items() if value is not None and value != ""}


def _of_cell(name: str, value: Any) -> Any:
    if not isinstance(value, str) or name in {USER, "id"}:
        return value
    if name == HISTORY:
        try:
            found = read_history(value)
        except OptionError:  # of this row alone: reading its request says the fault
            return value
        return found if isinstance(found, list) else [found]
    number = parse_number(value)
    if number is not None:
        return number
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value


class ServedRecommender:
    """One version of a recommender, ready to answer. Answering is safe on several threads at once."""

    shape: ClassVar[Shape] = Shape(
        msgspec.json.Decoder(RequestsBody),
        msgspec.json.Decoder(dict[str, Any]),
        HINT,
        'each line is one request: {"history": [item, ...], "k": 10}.',
        of_cells,
    )
    address: ClassVar[str] = "recommend"
    few: ClassVar[int] = FEW
    columns: tuple[Column, ...] = ()
    """No field of a request has to be there."""
    fields: tuple[str, ...] = tuple(dict.fromkeys([*FIELDS, *(column.name for column in ASKED)]))
    unused_rules: tuple[str, ...] = ()

    def __init__(self, model: Recommender, name: str, version: int, policy: ModelPolicy) -> None:
        self.model, self.name, self.version = model, name, version
        self.policy = policy if policy.subject else msgspec.structs.replace(policy, subject=USER)
        self._answering = model.parts.answering
        self._of_items = frozenset(self._answering.catalogue.columns)
        self._rules = self._lenient(policy.recommend)
        self.gives_reasons = True
        self.ways = frozenset({"lists", *(["events"] if policy.histories == "kept" else [])})

    def _lenient(self, said: Mapping[str, Any]) -> Request | None:
        """Return the policy without the fields that this version cannot follow: the log tells of those."""
        followed: dict[str, Any] = {}
        for name, value in said.items():
            try:
                read_policy({name: value}, columns=self._of_items)
            except OptionError:
                continue
            followed[name] = value
        return read_policy(followed, columns=self._of_items) if followed else None

    @cached_property
    def shown(self) -> dict[str, Any]:
        """What a response says of the model."""
        return {"name": self.name, "version": self.version}

    @cached_property
    def example(self) -> dict[str, Any]:
        """One request that can be sent as it is: of somebody who took what many take."""
        catalogue = self._answering.catalogue
        often = catalogue.standing[: min(3, len(catalogue))].tolist()
        return {HISTORY: [catalogue.ids[code] for code in often], "k": EXAMPLE_K}

    def warm_up(self) -> None:
        """Answer once, so that the first client waits no longer than the others."""
        self.answer([self.example], [""])

    def prepare_reasons(self) -> None:
        """Do nothing: reasons come with every list."""

    def check_policy(self, where: str) -> None:
        """Raise OptionError where the model cannot follow its policy: it names the field, column and nearest one."""
        policy = self.policy
        try:
            read_policy(policy.recommend, columns=self._of_items)
        except OptionError as error:
            raise OptionError(error.message, where=f"{where}, recommend", hint=error.hint) from error
        if policy.humility != Humility():
            raise OptionError(
                f"humility is about answers to rows, and {self.name!r} recommends.",
                where=where,
                hint="write what holds for all lists under recommend: filters, caps, exclude, explore.",
            )
        hidden = next((name for name in (HISTORY, policy.subject) if policy.private.get(name or "") == "omit"), None)
        if policy.histories == "kept" and hidden is not None:
            raise OptionError(
                f"Histories cannot be kept by users and at the same time {hidden!r} be left out of the record.",
                where=where,
                hint=f'say histories = "given", or private = {{ {hidden} = "hash" }} of the user alone.',
            )

    # --- answers -----------------------------------------------------------------------------------------------------

    def answer(self, rows: Sequence[Raw], ids: Sequence[str], *, explain: bool = False) -> list[Recommendation]:
        """Return the lists for requests. Raises Problem where one cannot be read."""
        if explain:
            refuse_way(self, "explain")
        requests = []
        errors: list[RowError] = []
        hints: list[str | None] = []
        for place, row in enumerate(rows):
            try:
                requests.append(read_request(row, columns=self._of_items))
            except OptionError as error:
                errors.append(RowError(error.message, "invalid_field", place, self._field(row)))
                hints.append(error.hint)
        if errors:
            more = f"{len(errors):,} of {len(rows):,} requests cannot be taken. " if len(rows) > 1 else ""
            raise Problem("invalid-rows", more + errors[0].message, hint=hints[0], errors=errors)
        made = [self._recommended(request, name) for request, name in zip(requests, ids, strict=True)]
        for row, each in zip(rows, made, strict=True):
            if isinstance(row, Filled) and row.is_lost:
                each.flags.append(Flag("history_lost", "The history that the service keeps cannot be read now."))
        return made

    def _field(self, row: Raw) -> str | None:
        """Return the first field of a request that cannot be read by itself."""
        for name, value in row.items():
            try:
                read_request({name: value}, columns=self._of_items)
            except OptionError:
                return name
        return None

    def _recommended(self, request: Request, name: str) -> Recommendation:
        if self._rules is not None:
            request = request.under(self._rules)
        if request.explore > 0 and request.id is None:
            request = replace(request, id=name)  # chance is another for each answer, and the record can repeat it
        return _told(self._answering.answer(request), name)

    # --- what is told of it ------------------------------------------------------------------------------------------

    def user_of(self, row: Raw, /) -> str | None:
        """Return whose history is meant; None where the request brings one, or says nobody."""
        return None if row.get(HISTORY) is not None else as_text(row.get(USER))

    def recorded(self, row: Raw, answer: Answer) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """Return the request with what it was like, and the list without words: those quote the history."""
        kept = dict(row)
        if isinstance(row, Filled):
            del kept[HISTORY]
            kept[HISTORY_KEPT] = True
        elif isinstance(history := kept.get(HISTORY), list) and len(history) > USED_HISTORY:
            kept[HISTORY] = history[-USED_HISTORY:]
        told: dict[str, Any] = {"prediction": answer.prediction, "action": answer.action}
        if isinstance(answer, Recommendation):
            kept |= answer.asked
            told["scores"] = [place.score for place in answer.items]
            told["levels"] = [place.level for place in answer.items]
            told["reasons"] = [place.reason_kind for place in answer.items]
            told["propensities"] = [place.propensity for place in answer.items]
            told["fallback"], told["at"] = answer.fallback, answer.at
        return kept, told

    def table(self, *, explain: bool) -> Columns:
        """Return the columns of a table of lists: ids as JSON."""
        return Columns((), {str}, version=self.version, has_interval=False, explain=explain)

    def row_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a request."""
        return request_schema()

    def answer_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a list."""
        return recommendation_schema(self._answering.catalogue.ids[:3])

    def says(self) -> str:
        """Return what the model says, in a sentence."""
        return f"It recommends what somebody may want next, out of {len(self._answering.catalogue):,} items."

    def details(self) -> dict[str, Any]:
        """Return what is told of recommenders alone."""
        catalogue = self._answering.catalogue
        return {
            "items": len(catalogue),
            "item_columns": [*catalogue.columns],
            "title": catalogue.title,
            "histories": self.policy.histories,
        }


def _told(found: List, name: str) -> Recommendation:
    return Recommendation(
        id=name,
        prediction=[one.item for one in found.items],
        flags=[Flag(note.kind, note.message) for note in found.notes],
        action="answer",
        items=[
            Place(one.item, one.score, one.level, one.reason.text, one.reason.kind, one.propensity, one.title)
            for one in found.items
        ],
        fallback=found.fallback,
        unknown=list(found.unknown),
        asked=dict(found.asked),
        at=found.moment,
    )

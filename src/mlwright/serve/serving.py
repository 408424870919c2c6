"""What the service needs of a version of a model, whatever it answers: the classes that have it are in `forms`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Protocol

from mlwright.model import Model
from mlwright.schema import Column
from mlwright.serve.answers import Answer
from mlwright.serve.checking import Raw
from mlwright.serve.policy import ModelPolicy
from mlwright.serve.problems import Problem
from mlwright.serve.shapes import Rows, Shape
from mlwright.serve.tables import Columns


class Serving(Protocol):
    """One version of a model, ready to answer. Answering is safe on several threads at once."""

    name: str
    version: int
    policy: ModelPolicy
    gives_reasons: bool
    """Whether reasons are given at once: what they need was loaded."""
    unused_rules: tuple[str, ...]
    """Columns that the policy speaks of, and the model has not."""
    shape: ClassVar[Shape]
    """How its rows are written in bodies."""
    address: ClassVar[str]
    """Where it is asked: the last part of the address."""
    few: ClassVar[int]
    """Up to so many rows are answered at once, on the thread that reads requests; more go to another thread."""

    @property
    def ways(self) -> frozenset[str]:
        """How it may be asked beside `predict`: see `WAYS`."""

    @property
    def model(self) -> Model:
        """The model itself."""

    @property
    def shown(self) -> dict[str, Any]:
        """What a response says of the model."""

    @property
    def example(self) -> dict[str, Any]:
        """One row that can be asked about as it is."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The names that a row may have."""

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns that every row of a table has to have."""

    def warm_up(self) -> None:
        """Answer once, so that the first client waits no longer than the others. Raises OptionError."""

    def prepare_reasons(self) -> None:
        """Load what the first reasons need, which takes seconds."""

    def check_policy(self, where: str) -> None:
        """Raise OptionError where the model cannot follow its policy."""

    def answer(self, rows: Sequence[Raw], ids: Sequence[str], *, explain: bool = False) -> Sequence[Answer]:
        """Return the answers to raw rows. Raises Problem where a value is refused."""

    def user_of(self, row: Raw, /) -> str | None:
        """Return whose history a row leaves to the service; None where it leaves nobody's."""

    def recorded(self, row: Raw, answer: Answer) -> tuple[Mapping[str, Any], dict[str, Any]]:
        """Return the row and the answer as the record keeps them."""

    def table(self, *, explain: bool) -> Columns:
        """Return the columns of a table of answers."""

    def row_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a row."""

    def answer_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of an answer."""

    def says(self) -> str:
        """Return what the model says, in a sentence for people."""

    def details(self) -> dict[str, Any]:
        """Return what is told of this form of models alone."""


class Filled(dict[str, Any]):
    """A request whose history the service keeps, or would keep: `is_lost` where it could not be read."""

    is_lost = False


def users_of(served: Serving, rows: Rows) -> set[str]:
    """Return whose histories rows leave to the service."""
    return {user for row in rows if (user := served.user_of(row)) is not None}


def filled(served: Serving, rows: Rows, found: Mapping[str, list[dict[str, Any]]] | None) -> Rows:
    """Return the rows with the histories that were found by user; None: they could not be read."""
    made: Rows = []
    for row in rows:
        if (user := served.user_of(row)) is None:
            made.append(row)
            continue
        own = Filled(row, history=[] if found is None else found[user])
        own.is_lost = found is None
        made.append(own)
    return made


WAYS: Mapping[str, tuple[str, str | None]] = {
    "explain": ("its answers are not explained by columns", None),
    "infer": ("it is not asked in tensors", None),
    "lists": ("it recommends nothing", None),
    "events": ("this service keeps no histories for it", 'a recommender\'s settings may say histories = "kept".'),
}
"""Ways to ask that not every model has, and what is said where one has it not."""


def refuse_way(served: Serving, way: str) -> None:
    """Raise Problem where a model cannot be asked in a way."""
    if way not in served.ways:
        model = served.model
        said, hint = WAYS[way]
        usual = f"ask it by POST /v1/models/{served.name}/{served.address}."
        raise Problem("wrong-way", f"{served.name!r} answers the task {model.task.name!r}: {said}.", hint=hint or usual)

"""A model that answers about rows: a class and its probability, or a number and its interval."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from mlwright.columns import Columns, typed_rows
from mlwright.errors import OptionError
from mlwright.learn.base import Floats
from mlwright.model.model import Model
from mlwright.model.parts import RowParts
from mlwright.model.rows import Reader, Typed
from mlwright.schema import Column
from mlwright.tasks import ROW_TASKS
from mlwright.tasks.base import Label, Prediction, RowTask

if TYPE_CHECKING:
    from mlwright.explain.contributions import Explainer, Explanation
    from mlwright.explain.counterfactuals import Counterfactuals
    from mlwright.explain.similar import Similar
    from mlwright.explain.unlike import Unlike
    from mlwright.model.beside import Beside
    from mlwright.model.exports import Exported


class RowModel(Model):
    """A model that answers about rows; its methods are documented where all models have them."""

    next_call: ClassVar[str] = ".predict(rows)"

    def __init__(self, parts: RowParts, *, path: Path | None = None) -> None:
        super().__init__(path=path)
        self._parts = parts

    @property
    def parts(self) -> RowParts:
        return self._parts

    @property
    def task(self) -> RowTask:
        return ROW_TASKS[self.parts.task]

    def with_parts(self, parts: RowParts, *, path: Path | None = None) -> RowModel:
        return RowModel(parts, path=path)

    def predict(self, rows: object) -> NDArray[Any]:
        return self.answer(rows).values

    def predict_proba(self, rows: object) -> Floats:
        if not self.parts.classes:
            raise OptionError(
                f"The model predicts the number {self.target!r}, so there are no classes to give probabilities of.",
                hint="use predict(rows), or answer(rows) for the interval of each number.",
            )
        return self._predict(rows)

    def answer(self, rows: object) -> Prediction:
        typed = self._reader.read(rows)
        return self.parts.answer(typed, self._of_typed(typed))

    def thresholds(self, rows: object) -> Floats | None:
        found = self.parts.decided(typed := self._reader.read(rows)).get("threshold")
        if found is None:
            return None
        return np.broadcast_to(np.asarray(found, dtype=np.float64), (len(self._of_typed(typed)),)).copy()

    def _predict(self, rows: object) -> Floats:
        return self._of_typed(self._reader.read(rows))

    def _of_typed(self, typed: Typed) -> Floats:
        if isinstance(typed, list):
            return self.parts.ensemble.predict_rows(typed)
        return self.parts.ensemble.predict(typed)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.parts.columns, self.parts.schema)

    def explain(self, rows: object, *, of: Label | None = None) -> Explanation:
        from mlwright.explain.contributions import Explanation

        position = None
        if of is not None:
            if of not in self.parts.classes:
                raise OptionError.unknown("class", str(of), [str(label) for label in self.parts.classes])
            position = self.parts.classes.index(of)
        typed = self._reader.read(rows)
        explainer = self._explainer
        found = explainer.explain(typed, position)
        described = {column.name: column for column in (*self.schema.features, *self.parts.columns)}
        place = [list(described).index(name) for name in explainer.columns]
        values = np.zeros((len(found.values), len(described)))
        values[:, place] = found.values
        classes = self.parts.classes
        return Explanation(
            bases=found.base,
            values=values,
            prediction=found.prediction,
            unit="log-odds" if classes else self.target,
            target=self.target,
            labels=tuple(classes[at] for at in found.of.tolist()) if classes else (),
            exact=explainer.exact,
            groups=self._groups,
            typed=typed,
            described=described,
        )

    def unlike(self, rows: object) -> Unlike:
        return self._beside.unlike(self._columns(rows))

    def similar(self, rows: object, k: int = 5) -> Similar:
        return self._beside.similar(self._columns(rows), k)

    def counterfactuals(
        self,
        rows: object,
        *,
        want: Label | None = None,
        below: float | None = None,
        above: float | None = None,
        of: Label | None = None,
        immutable: Sequence[str] = (),
        only_up: Sequence[str] = (),
        only_down: Sequence[str] = (),
        mutable: Sequence[str] = (),
        k: int = 3,
        changed: int = 3,
    ) -> Counterfactuals:
        from mlwright.explain.counterfactuals import Rules, Wish

        columns = self._columns(rows)
        wish = Wish(want=want, below=below, above=above, of=of)
        rules = Rules(tuple(immutable), tuple(only_up), tuple(only_down), tuple(mutable))
        return self._beside.counterfactuals(columns, wish, rules, most=k, changed=changed)

    def _columns(self, rows: object) -> Columns:
        typed = self._reader.read(rows)
        return typed if isinstance(typed, Columns) else typed_rows(typed, self.parts.columns)

    @cached_property
    def _beside(self) -> Beside:
        from mlwright.model.beside import Beside

        return Beside(self.parts, self._explainer)

    @cached_property
    def _explainer(self) -> Explainer:
        from mlwright.explain.contributions import Explainer

        return Explainer(self.parts.ensemble, self.parts.background)

    @cached_property
    def _groups(self) -> tuple[tuple[str, ...], ...]:
        return self._explainer.groups([self.schema[name] for name in self._explainer.columns])

    def evaluate(
        self,
        source: object,
        *,
        query: str | None = None,
        gates: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        tests: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        against: Model | None = None,
    ) -> dict[str, Any]:
        from mlwright.model.judge import evaluate

        other = None if against is None else row_model(against).parts
        return evaluate(self.parts, source, query=query, gates=gates, tests=tests, against=other)

    def mitigate(
        self,
        source: object,
        columns: Sequence[str],
        *,
        criterion: str = "equalized_odds",
        tolerance: float = 0.02,
        without_group: bool = False,
        draws: bool = True,
        cuts: Mapping[str, Sequence[float]] | None = None,
        seed: int = 0,
        query: str | None = None,
    ) -> Model:
        from mlwright.fairness.mitigation.asked import wanted
        from mlwright.model.mitigate import mitigate

        asked = wanted(
            columns, criterion, tolerance, without_group=without_group, draws=draws, cuts=cuts, seed=seed
        )  # fmt: skip
        return RowModel(mitigate(self.parts, source, asked, query=query))

    def gates(self, path: str | os.PathLike[str] | None = None) -> str:
        from mlwright.model.proposed_gates import gates_text, write_gates

        return gates_text(self.parts) if path is None else write_gates(self.parts, Path(path))

    def tests(self, path: str | os.PathLike[str] | None = None) -> str:
        from mlwright.model.proposed_tests import text_of_tests, write_tests

        return text_of_tests(self.parts) if path is None else write_tests(self.parts, Path(path))

    def export(self, path: str | os.PathLike[str], *, to: str, wheel: str | os.PathLike[str] | None = None) -> Exported:
        from mlwright.model.exports import export

        return export(self.parts, Path(path), to=to, wheel=None if wheel is None else Path(wheel))

    def relabelled(self, labels: Sequence[Label], target: str) -> Model:
        was = self.schema[self.target]
        column = Column(
            name=target, kind="category", role="target", distinct=len(labels), missing_share=was.missing_share
        )
        schema = replace(self.schema, columns=tuple(column if each.name == was.name else each for each in self.schema))
        decision = dict(self.parts.decision)
        if "positive" in decision:
            decision["positive"] = labels[-1]
        parts = replace(self.parts, classes=tuple(labels), target=target, schema=schema, decision=decision)
        return RowModel(parts, path=self.path)


def row_model(model: Model) -> RowModel:
    """Return a model that answers about rows. Raises OptionError where this one does not."""
    if isinstance(model, RowModel):
        return model
    raise OptionError(
        f"{model.name!r} answers the task {model.task.name!r}, not a question about rows of a table.",
        hint=f"ask it by {model.next_call}.",
    )

"""The Model: answers about rows, knows how good it is, saves and loads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import MissingExtraError, ModelError, OptionError
from mlwright.learn.base import Floats
from mlwright.model import folder
from mlwright.model.evidence import Evidence
from mlwright.model.parts import Parts
from mlwright.model.rows import Reader
from mlwright.schema import Column, Schema
from mlwright.tasks import TASKS
from mlwright.tasks.base import Label, Prediction, Task

if TYPE_CHECKING:
    import polars as pl

    from mlwright.explain.contributions import Explainer, Explanation


class Model:
    """A model: predicts, says how good it is, saves and loads. Made by `mlwright.build` or `load`, never by hand."""

    def __init__(self, parts: Parts, *, path: Path | None = None) -> None:
        self.parts = parts
        self.path = path
        """The folder or zip it was loaded from, or None."""

    @property
    def name(self) -> str:
        """The model's name."""
        return self.parts.name

    @property
    def version(self) -> int | None:
        """The version under which a workspace keeps it, or None."""
        version = self.parts.run.get("version")
        return version if isinstance(version, int) else None

    @property
    def target(self) -> str:
        """The name of the column that is predicted."""
        return self.parts.target

    @property
    def schema(self) -> Schema:
        """The columns, as they were when the model was built."""
        return self.parts.schema

    @property
    def task(self) -> Task:
        """What is asked."""
        return TASKS[self.parts.task]

    @cached_property
    def classes_(self) -> NDArray[Any]:
        """The labels in the order of `predict_proba`'s columns; empty where numbers are predicted."""
        labels = self.parts.classes
        kinds = {type(label) for label in labels}
        return np.array(labels, dtype=None if len(kinds) == 1 else object)

    @property
    def run(self) -> Mapping[str, Any]:
        """Facts of the build: when, how long, with which versions, seed and machine."""
        return self.parts.run

    def predict(self, rows: object) -> NDArray[Any]:
        """Return one answer for each row: labels as the target has them, or numbers.

        Parameters
        ----------
        rows
            A dict (one row), a list of dicts, a Polars, pandas or Arrow frame, a matrix in the order of the training
            columns, or a path. Columns the model does not read may be absent, and others may be there.
        """
        return self.answer(rows).values

    def predict_proba(self, rows: object) -> Floats:
        """Return (n, classes): the probability of each class, in the order of `classes_`."""
        if not self.parts.classes:
            raise OptionError(
                f"The model predicts the number {self.target!r}, so there are no classes to give probabilities of.",
                hint="use predict(rows), or answer(rows) for the interval of each number.",
            )
        return self._predict(rows)

    def answer(self, rows: object) -> Prediction:
        """Return answers with probabilities, or with the interval of each number."""
        return self.task.answer(self._predict(rows), self.parts.decision, self.parts.classes)

    def _predict(self, rows: object) -> Floats:
        typed = self._reader.read(rows)
        if isinstance(typed, list):
            return self.parts.ensemble.predict_rows(typed)
        return self.parts.ensemble.predict(typed)

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.parts.columns, self.parts.schema)

    def explain(self, rows: object, *, of: Label | None = None) -> Explanation:
        """Return why each row gets its answer: what each raw column adds to it, and a sentence.

        Contributions are Shapley values before a background of training rows, carried through all members of the
        model: base + the sum of a row's contributions = its prediction. Where classes are predicted they are in
        log-odds of one class: the second of two, else each row's likeliest, or the class `of` that is named; where
        numbers are predicted, in the target's unit. docs/explanation/reasons.md says how.

        Raises ColumnError where a column is missing, OptionError where there is no such class.
        """
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

    @cached_property
    def _explainer(self) -> Explainer:
        from mlwright.explain.contributions import Explainer

        return Explainer(self.parts.ensemble, self.parts.background)

    @cached_property
    def _groups(self) -> tuple[tuple[str, ...], ...]:
        return self._explainer.groups([self.schema[name] for name in self._explainer.columns])

    @cached_property
    def evaluation(self) -> Evidence:
        """How good the model is, measured when it was built."""
        return Evidence(self.parts.evidence)

    @property
    def leaderboard(self) -> pl.DataFrame:
        """Every trial that was made, best first, as a Polars frame."""
        try:
            import polars as pl
        except ImportError:
            raise MissingExtraError("The leaderboard needs Polars.", hint="pip install polars") from None
        board = self.parts.evidence.get("leaderboard") or []
        names = dict.fromkeys(name for row in board for name in row)
        return pl.DataFrame([pl.Series(name, [_cell(row.get(name)) for row in board], strict=False) for name in names])

    def evaluate(self, source: object, *, query: str | None = None) -> dict[str, Any]:
        """Score the model on labelled rows: metrics with intervals, the baseline, and gates with their verdicts.

        `query` is SQL where the source is a database. The answer is JSON; its "verdict" is "fail" where a gate fails.
        """
        from mlwright.model.judge import evaluate

        return evaluate(self.parts, source, query=query)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write the report as one HTML file, with its JSON and Markdown twins beside it; return where the page is.

        Raises ModelError where the model was never judged, OutputError where the report cannot be written.
        """
        if not self.evaluation.is_whole:
            raise ModelError("The model holds no judgement of itself, so there is nothing to report.")
        from mlwright.report import write_report  # the one import upwards, named in the import contract

        return write_report(self.parts.evidence, self.parts.run, Path(path))[0]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model as a folder, or as a zip where the path ends in .zip, and return where it is.

        An older model at that path is replaced; anything else there is left alone. Raises OutputError.
        """
        target = Path(path)
        folder.write(self.parts, target)
        return target

    def relabelled(self, labels: Sequence[Label], target: str) -> Model:
        """Return the same model with other names for its classes, in their order, and for its target."""
        was = self.schema[self.target]
        column = Column(
            name=target, kind="category", role="target", distinct=len(labels), missing_share=was.missing_share
        )
        schema = replace(self.schema, columns=tuple(column if each.name == was.name else each for each in self.schema))
        decision = dict(self.parts.decision)
        if "positive" in decision:
            decision["positive"] = labels[-1]
        parts = replace(self.parts, classes=tuple(labels), target=target, schema=schema, decision=decision)
        return Model(parts, path=self.path)

    def renamed(self, name: str, version: int | None = None) -> Model:
        """Return the same model under another name and version."""
        run = {key: value for key, value in self.parts.run.items() if key != "version"}
        if version is not None:
            run["version"] = version
        return Model(replace(self.parts, name=name, run=run), path=self.path)

    def __repr__(self) -> str:
        """Return what it is and the next call."""
        version = f"@{self.version}" if self.version is not None else ""
        score = f", {self.evaluation.score}" if self.evaluation.score else ""
        return f"<Model {self.name}{version}: {self.parts.task} {self.target!r}{score}. Next: .predict(rows)>"

    def _repr_html_(self) -> str:
        """Return what it is, its evidence, and the next call: the report's card where the evidence is complete."""
        if self.evaluation.is_whole and find_spec("jinja2"):
            from mlwright.report import summary_html

            return summary_html(self.parts.evidence, self.parts.run)
        title = f"<strong>{escape(self.name)}</strong>: predicts {escape(repr(self.target))}"
        inner = self.evaluation._repr_html_()
        return f"<div><p>{title}</p>{inner}<p>Next: <code>.predict(rows)</code></p></div>"


def _cell(value: object) -> str | float | bool | None:
    """Return what a cell of a frame can hold; a configuration becomes text."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 63:
        return float(value)
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def load(path: str | os.PathLike[str]) -> Model:
    """Load a model from its folder or zip; runs no code of it. Raises ModelError where it is damaged or hostile."""
    return Model(folder.read(Path(path)), path=Path(path))

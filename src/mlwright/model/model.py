"""The Model: answers, knows how good it is, saves and loads."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from html import escape
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from mlwright.errors import MissingExtraError, ModelError, OptionError
from mlwright.learn.base import Floats
from mlwright.model.evidence import Evidence
from mlwright.model.parts import Parts
from mlwright.schema import Schema
from mlwright.tasks import TASKS
from mlwright.tasks.base import Label, Prediction, Task

if TYPE_CHECKING:
    import polars as pl

    from mlwright.evaluate.reference import Reference
    from mlwright.explain.contributions import Explanation
    from mlwright.explain.counterfactuals import Counterfactuals
    from mlwright.explain.similar import Similar
    from mlwright.explain.unlike import Unlike
    from mlwright.model.exports import Exported
    from mlwright.report import Folder


class Picked(NamedTuple):
    """One place of a list that is recommended."""

    item: Label
    score: float
    """Higher is better; comparable within one list."""
    reason: str
    """Why it is there, in words."""


class Model(ABC):
    """A model: answers, says how good it is, saves and loads. Made by `mlwright.build` or `load`, never by hand.

    What it answers depends on what was asked: rows of a table (`predict`), or people with a history (`recommend`). What
    a kind of model does not do is refused with a sentence.
    """

    next_call: ClassVar[str]
    """What to call next, as people write it."""

    def __init__(self, *, path: Path | None = None) -> None:
        self.path = path
        """The folder or zip it was loaded from, or None."""

    @property
    @abstractmethod
    def parts(self) -> Parts:
        """What it is made of."""

    @abstractmethod
    def with_parts(self, parts: Any, *, path: Path | None = None) -> Self:
        """Return a model of the same kind made of other parts."""

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
    def reference(self) -> Reference | None:
        """How rows were when the model was judged, which a monitor compares with; None where it has none."""
        return self.parts.reference

    @property
    def run(self) -> Mapping[str, Any]:
        """Facts of the build: when, how long, with which versions, seed and machine."""
        return self.parts.run

    @abstractmethod
    def predict(self, rows: object) -> NDArray[Any]:
        """Return one answer for each row: labels as the target has them, or numbers.

        Parameters
        ----------
        rows
            A dict (one row), a list of dicts, a Polars, pandas or Arrow frame, a matrix in the order of the training
            columns, or a path. Columns the model does not read may be absent, and others may be there.
        """

    def predict_proba(self, rows: object) -> Floats:
        """Return (n, classes): the probability of each class, in the order of `classes_`."""
        raise self._cannot("gives no probabilities")

    @abstractmethod
    def answer(self, rows: object) -> Prediction:
        """Return answers with probabilities, or with the interval of each number."""

    def thresholds(self, rows: object) -> Floats | None:
        """Return (n,) the probability from which on each row is answered with the class looked for; else None.

        They are one and the same for all rows, unless the model has thresholds by group (`mitigate`).
        """
        raise self._cannot("decides by no threshold")

    def recommend(
        self,
        history: Sequence[object] = (),
        k: int = 10,
        *,
        at: object = None,
        filters: Mapping[str, Any] | None = None,
        exclude: Sequence[object] = (),
        exclude_seen: bool = True,
        diversity: float = 0.0,
        rules: Mapping[str, Any] | None = None,
    ) -> list[Picked]:
        """Return the k items that somebody with this history is likeliest to take next, best first, with reasons.

        Parameters
        ----------
        history
            What the person took, oldest first: ids as the log has them, or dicts {"item": ..., "at": ..., "rating":
            ...}. Items that the model does not know are ignored. Nobody has to be known: an empty history gets what is
            popular.
        k
            How many, at most 100.
        at
            The moment of asking; nothing that came later is recommended. By default when the log ended, or when the
            history did, where that is later.
        filters
            What recommended items have to be like: {"genre": {"in": ["Drama"]}, "year": {"from": 1990}}.
        exclude, exclude_seen
            Items that are not wanted, and whether those of the history are not.
        diversity
            From 0 (by score alone) to 1 (as unlike one another as can be).
        rules
            More fields of a request: "only", "pinned", "boosted", "buried", "caps", "explore"; see
            docs/how-to/recommend.md.

        Raises OptionError, which names the field, where a request cannot be.
        """
        raise self._cannot("recommends nothing")

    def explain(self, rows: object, *, of: Label | None = None) -> Explanation:
        """Return why each row gets its answer: what each raw column adds to it, and a sentence.

        Contributions are Shapley values before a background of training rows, carried through all members of the
        model: base + the sum of a row's contributions = its prediction. Where classes are predicted they are in
        log-odds of one class: the second of two, else each row's likeliest, or the class `of` that is named; where
        numbers are predicted, in the target's unit. docs/explanation/reasons.md says how.

        Raises ColumnError where a column is missing, OptionError where there is no such class.
        """
        raise self._cannot("explains no rows")

    def unlike(self, rows: object) -> Unlike:
        """Return whether each row is unlike the rows that taught, why, and how many usual rows are as unusual.

        Of rows like the training data, 1 in 100 is called unlike it. Raises OptionError where the model keeps no cases.
        """
        raise self._cannot("compares no rows")

    def similar(self, rows: object, k: int = 5) -> Similar:
        """Return the k past cases most similar to each row in what moves the answer, with how they ended.

        Raises OptionError where the model keeps no cases.
        """
        raise self._cannot("compares no rows")

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
        """Return what little would have to be different about each row for another answer.

        Values are those of past cases; the changed rows are not unlike them, and the model was asked about each.

        Parameters
        ----------
        rows
            As `predict` takes them.
        want, below, above, of
            Which answer: a label, or a bound for a number or for the probability of the class `of`. By default any
            other label, or a number half a standard deviation higher.
        immutable, only_up, only_down, mutable
            Columns that cannot change, can only rise (such as an age), can only fall. Sensitive columns, texts and
            moments never change; nor do columns that seem to tell what people are, unless named here or as `mutable`.
        k, changed
            How many for each row, and how many columns each may change, at most 3.

        Raises OptionError where the model keeps no cases or such a thing cannot be asked of it, ColumnError for a
        column that it does not know.
        """
        raise self._cannot("changes no rows")

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

    @abstractmethod
    def evaluate(
        self,
        source: object,
        *,
        query: str | None = None,
        gates: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        tests: str | os.PathLike[str] | Mapping[str, Any] | None = None,
        against: Model | None = None,
    ) -> dict[str, Any]:
        """Score the model on labelled rows: metrics with intervals, groups of people, slices, and gates with verdicts.

        The answer is JSON. Its "verdict" is "fail" where a gate fails; it is "blocked" where a gate fails, or where one
        of the file cannot be told.

        Parameters
        ----------
        source, query
            Rows with the target, as `build` reads them; `query` is SQL where the source is a database.
        gates
            A file of gates, as `gates` writes it, or a dict that says the same. Without it the model has to beat always
            giving the same answer, and to be as good as when it was built.
        tests
            A file of behaviour tests, or a dict that says the same.
        against
            Another model of the same target, for gates of "better_than_other".
        """

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
        """Return the model with thresholds by group, so that it treats groups of people more alike.

        They are those that cost least among all that keep the gap between any two groups within the tolerance, found on
        labelled rows that the model did not learn from; `evaluation["mitigation"]` says what they do and cost.

        Parameters
        ----------
        source, query
            Labelled rows, kept back when the model was built; `query` is SQL where the source is a database.
        columns
            The columns that make the groups, such as ["sex"]; several make one group of each meeting of their values.
        criterion, tolerance
            "equalized_odds", "equal_opportunity", "predictive_equality" or "demographic_parity", and by how much its
            rates may differ.
        without_group
            Do not ask for the columns when answering: a second model estimates the group from the others.
        draws
            Whether a group's rows may be shared among two thresholds where one costs clearly more. A number drawn from
            the row's own values decides, so that the same row always gets the same answer.
        cuts
            Where columns of numbers are cut into groups: {"age": [25]}; else in three.

        Raises OptionError, ColumnError, DataError: where groups are too small, nothing is promised of them.
        """
        raise self._cannot("has no thresholds by group")

    def gates(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return a file of gates to begin with, made from what is known of the model, as text; write it where asked.

        The path ends in .toml, .json or .yaml. A file that is there is left alone: it may have been changed by hand.
        Raises OutputError, OptionError.
        """
        raise self._cannot("has no gates of rows")

    def tests(self, path: str | os.PathLike[str] | None = None) -> str:
        """Return a file of behaviour tests to begin with, made from the columns, as text; write it where asked.

        The path ends in .yaml or .toml. A file that is there is left alone. Raises OutputError, OptionError.
        """
        raise self._cannot("has no behaviour tests of rows")

    def report(self, path: str | os.PathLike[str], *, force: bool = False) -> Path:
        """Write the report as one HTML file, with its JSON and Markdown twins beside it; return where the page is.

        Raises ModelError where the model was never judged, OutputError where the report cannot be written, or where a
        file is there that mlwright did not write and `force` does not say that it may be replaced.
        """
        if not self.evaluation.is_whole:
            raise ModelError("The model holds no judgement of itself, so there is nothing to report.")
        from mlwright.report import write_report  # the one import upwards, named in the import contract

        return write_report(self.parts.evidence, self.parts.run, Path(path), force=force)[0]

    def documents(
        self,
        path: str | os.PathLike[str],
        *,
        answers: str | os.PathLike[str] | None = None,
        force: bool = False,
    ) -> Folder:
        """Write report, model card, data sheet and technical file into a folder; return what was written.

        What only a person can say is read from `answers` (.toml, .json or .yaml), by default answers.toml in the
        folder, which is begun where it is not there and never changed. Raises ModelError where the model was never
        judged, OutputError, SourceError, OptionError.
        """
        if not self.evaluation.is_whole:
            raise ModelError("The model holds no judgement of itself, so there is nothing to write of it.")
        from mlwright.report import Known, write_documents

        known = Known(self.parts.evidence, self.parts.run, self.parts.schema.to_dict(), name=self.name)
        return write_documents(known, Path(path), answers=None if answers is None else Path(answers), force=force)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the model as a folder, or as a zip where the path ends in .zip, and return where it is.

        An older model at that path is replaced; anything else there is left alone. Raises OutputError.
        """
        from mlwright.model.folder import write  # which knows of all kinds of models

        target = Path(path)
        write(self.parts, target)
        return target

    def export(self, path: str | os.PathLike[str], *, to: str, wheel: str | os.PathLike[str] | None = None) -> Exported:
        """Write the model for another system; return what was written.

        Parameters
        ----------
        path
            Where to. An older export of the same kind is replaced; anything else there is left alone.
        to
            "onnx": one file, compared with the model before it is written. "mlflow": the folder of an MLflow model.
            "docker": the folder that an image of the service is built from.
        wheel
            The wheel of mlwright to put into a folder; by default the code that runs now.

        Raises OptionError where ONNX cannot hold a part of the model exactly, OutputError, SourceError,
        MissingExtraError.
        """
        raise self._cannot("cannot be exported")

    def relabelled(self, labels: Sequence[Label], target: str) -> Model:
        """Return the same model with other names for its classes, in their order, and for its target."""
        raise self._cannot("has no classes")

    def renamed(self, name: str, version: int | None = None) -> Self:
        """Return the same model under another name and version."""
        run = {key: value for key, value in self.parts.run.items() if key != "version"}
        if version is not None:
            run["version"] = version
        return self.with_parts(replace(self.parts, name=name, run=run), path=self.path)

    def __repr__(self) -> str:
        """Return what it is and the next call."""
        version = f"@{self.version}" if self.version is not None else ""
        score = f", {self.evaluation.score}" if self.evaluation.score else ""
        return f"<Model {self.name}{version}: {self.parts.task} {self.target!r}{score}. Next: {self.next_call}>"

    def _cannot(self, what: str) -> OptionError:
        """Return the error that says that this kind of model does not do such a thing."""
        return OptionError(
            f"{self.name!r} answers the task {self.task.name!r}: it {what}.",
            hint=f"ask it by {self.next_call}.",
        )

    def _repr_html_(self) -> str:
        """Return what it is, its evidence, and the next call: the report's card where the evidence is complete."""
        if self.evaluation.is_whole and find_spec("jinja2"):
            from mlwright.report import summary_html

            return summary_html(self.parts.evidence, self.parts.run)
        title = f"<strong>{escape(self.name)}</strong>: predicts {escape(repr(self.target))}"
        inner = self.evaluation._repr_html_()
        return f"<div><p>{title}</p>{inner}<p>Next: <code>{escape(self.next_call)}</code></p></div>"


def _cell(value: object) -> str | float | bool | None:
    """Return what a cell of a frame can hold; a configuration becomes text."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 63:
        return float(value)
    return value if value is None or isinstance(value, (str, int, float)) else str(value)

"""mlwright explain: all that can be said of the answer to one row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlwright.cli.console import libraries_silenced, out, out_json, say, table
from mlwright.cli.options import Json, ModelReference, Query, Quiet, Source
from mlwright.cli.options import Workspace as WorkspaceOption

if TYPE_CHECKING:
    import polars as pl

    from mlwright.model import Model
    from mlwright.tasks.base import Label, Prediction

HALF = 0.5
COLUMNS = 4
"""So many columns are shown of similar past rows: those that matter most to the answer."""


def explain(
    model: ModelReference,
    source: Source,
    row: Annotated[int, typer.Option("--row", metavar="N", help="Which row of SOURCE; the first one is 0.")] = 0,
    want: Annotated[
        str | None, typer.Option("--want", metavar="LABEL", help="Say what would lead to this answer.")
    ] = None,
    below: Annotated[
        float | None,
        typer.Option("--below", metavar="X", help="Say what would bring the number or probability below X."),
    ] = None,
    above: Annotated[
        float | None,
        typer.Option("--above", metavar="X", help="Say what would bring the number or probability above X."),
    ] = None,
    immutable: Annotated[
        list[str] | None,
        typer.Option("--immutable", metavar="COL ...", help="Columns that cannot change; may be repeated."),
    ] = None,
    mutable: Annotated[
        list[str] | None,
        typer.Option(
            "--mutable",
            metavar="COL ...",
            help="Columns that may change though they seem to describe people; may be repeated.",
        ),
    ] = None,
    query: Query = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Explain the answer to one row: its reasons, what would change it, similar past rows, whether it is unusual."""
    if not quiet:
        say("Reading the rows ...")
    from mlwright.cli.rows_in import check_columns
    from mlwright.collect import collect
    from mlwright.registry import Workspace

    with libraries_silenced(verbose=False):
        loaded = Workspace(workspace).open(model)
        _check_explains(loaded)
        read = collect(source, query=query, sample=False)
        check_columns(read, loaded.parts.columns)
        one = _row(read.frame, row, read.origin)
        if not quiet:
            say("Looking for reasons ...")
        told = explained(
            loaded,
            one,
            want=_label(want, loaded),
            below=below,
            above=above,
            immutable=tuple(immutable or ()),
            mutable=tuple(mutable or ()),
        )
    if as_json:
        out_json({"model": model, "row": row, **told[0]})
    else:
        out("\n".join([f"row {row} of {read.origin}", "", *told[1]]))


def explained(
    model: Model,
    row: pl.DataFrame,
    *,
    want: Label | None = None,
    below: float | None = None,
    above: float | None = None,
    immutable: tuple[str, ...] = (),
    mutable: tuple[str, ...] = (),
) -> tuple[dict[str, Any], list[str]]:
    """Return all that can be said of a row, as JSON and as lines of text."""
    answer = model.answer(row)
    why = model.explain(row)
    told: dict[str, Any] = {**_answer(answer), "reasons": why.to_dict()["rows"][0]}
    lines = [f"Answer: {_said(answer, model.target)}{_limit(model, row)}", "", "Why", f"  {why.text[0]}", ""]
    if model.parts.cases is None:
        none = "The model keeps no past rows, so it is not known what would change the answer, nor what is similar."
        return {**told, "counterfactuals": None, "similar": None, "unlike": None}, [*lines, none]
    change = model.counterfactuals(row, want=want, below=below, above=above, immutable=immutable, mutable=mutable)
    similar, unlike = model.similar(row), model.unlike(row)
    names = list(dict.fromkeys(name for reason in why.reasons(0) for name in reason.columns))
    names = [name for name in names if name in {column.name for column in model.parts.columns}][:COLUMNS]
    cases = table(["outcome", "model says", *names], similar.shown(0, names))
    lines += ["What would change the answer", *(f"  {sentence}" for sentence in change.sentences(0))]
    lines += [*([f"  {change.kept_text}"] if change.kept else []), ""]
    lines += ["Similar past rows", f"  {similar.text[0]}", *(f"    {line}" for line in cases.splitlines()), ""]
    lines += ["Is the row unusual?", f"  {unlike.text[0]}"]
    told |= {
        "counterfactuals": change.to_dict()["rows"][0],
        "similar": similar.to_dict()["rows"][0],
        "unlike": {"level": unlike.level, **unlike.to_dict()["rows"][0]},
    }
    return told, lines


ELSEWHERE = {
    "log": "lists come with their reasons: use `mlwright recommend`, or `mlwright predict --explain` for many people.",
}
"""Where reasons are found, by the form of what the model learned from, unless it is rows."""


def _check_explains(model: Model) -> None:
    """Raise OptionError where a model answers no rows, so that there are none to explain."""
    from mlwright.errors import OptionError

    if (hint := ELSEWHERE.get(model.task.form)) is not None:
        raise OptionError(f"{model.name!r} answers the task {model.task.name!r}: it explains no rows.", hint=hint)


def _row(frame: pl.DataFrame, row: int, origin: str) -> pl.DataFrame:
    """Return one row. Raises OptionError where there is none of that number."""
    from mlwright.errors import OptionError
    from mlwright.evaluate.wording import count

    if not 0 <= row < frame.height:
        rows = count(frame.height, "row")
        hint = f"give 0 to {frame.height - 1}." if frame.height else "bring a row to explain."
        raise OptionError(f"--row {row} is not there: {origin} has {rows}, and the first one is 0.", hint=hint)
    return frame[row : row + 1]


def _label(text: str | None, model: Model) -> Label | None:
    """Return the label that a text writes: classes may be numbers."""
    from mlwright.values import as_text

    return next((label for label in model.parts.classes if as_text(label) == text), text)


def _answer(answer: Prediction) -> dict[str, Any]:
    """Return the answer as JSON."""
    from mlwright.values import as_text

    told: dict[str, Any] = {"prediction": answer.values.tolist()[0]}
    if answer.probabilities is not None:
        names = [str(as_text(label)) for label in answer.classes]
        told["probabilities"] = dict(zip(names, answer.probabilities[0].tolist(), strict=True))
    if answer.lower is not None and answer.upper is not None:
        told |= {"lower": float(answer.lower[0]), "upper": float(answer.upper[0])}
    return told


def _limit(model: Model, row: pl.DataFrame) -> str:
    """Return from which probability on the row is answered with the class looked for, where that is not one half."""
    from mlwright.evaluate import wording
    from mlwright.values import as_text

    limits = model.thresholds(row)
    if limits is None or limits[0] == HALF:
        return ""
    label = as_text(model.parts.decision["positive"])
    whose = " for its group" if model.parts.policy is not None else ""
    if limits[0] > 1:
        return f"; it is never {label}{whose}"
    return f"; it is {label} from {wording.percent(float(limits[0]))} on{whose}"


def _said(answer: Prediction, target: str) -> str:
    """Return the answer as people read it."""
    from mlwright.evaluate import wording
    from mlwright.values import as_text

    value = answer.values.tolist()[0]
    if answer.probabilities is not None:
        share = answer.probabilities[0, list(answer.classes).index(value)]
        return f"{target} {as_text(value)} ({wording.percent(float(share))} likely)"
    said = f"{target} {wording.brief(float(value), 4)}"
    if answer.lower is None or answer.upper is None:
        return said
    ends = f"{wording.brief(float(answer.lower[0]), 4)} to {wording.brief(float(answer.upper[0]), 4)}"
    return f"{said} (for 90 % of such rows it is {ends})"

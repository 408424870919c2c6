"""mlwright predict: one answer for each row."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mlwright.cli.console import libraries_silenced, out_json, say
from mlwright.cli.options import Json, ModelReference, Query, Quiet, Source
from mlwright.cli.options import Workspace as WorkspaceOption
from mlwright.errors import OptionError

if TYPE_CHECKING:
    import polars as pl

    from mlwright.model import Model
    from mlwright.tasks.base import Prediction


def predict(
    model: ModelReference,
    source: Source,
    out_file: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Where to: .csv, .parquet, .json, .ndjson or .xlsx; by default stdout as CSV."
        ),
    ] = None,
    with_sets: Annotated[
        bool, typer.Option("--sets", help="Add a column with all answers that cannot be ruled out, for 90 % of rows.")
    ] = False,
    explain: Annotated[
        bool, typer.Option("--explain", help="Add a column with the reasons of each answer, one sentence a row.")
    ] = False,
    query: Query = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Answer each row: prediction, then the probability of each class, or the interval of a number."""
    if not quiet:
        say("Reading the rows ...")
    from mlwright.cli.rows_in import check_columns, unread
    from mlwright.cli.rows_out import check_place, write_rows
    from mlwright.collect import collect
    from mlwright.registry import Workspace

    to_file = out_file is not None and str(out_file) != "-"
    if to_file:
        check_place(out_file)
    with libraries_silenced(verbose=False):
        loaded = Workspace(workspace).open(model)
        table = collect(source, query=query, sample=False)  # every row gets its answer
        check_columns(table, loaded.parts.columns)
        answered = loaded.answer(table.frame)
        frame = answers(answered).with_columns(sets(answered) if with_sets else [])
        if explain:
            frame = frame.with_columns(reasons(loaded, table.frame))
        told = [] if quiet else unread(table.frame, loaded.parts.columns)
    for sentence in told:
        say(sentence)
    if to_file:
        write_rows(frame, out_file)
        if not quiet:
            say(f"{frame.height:,} answers are in {out_file}.")
    if as_json:
        rows: Any = None if to_file else frame.to_dicts()
        out_json({"model": model, "rows": frame.height, "out": str(out_file) if to_file else None, "predictions": rows})
    elif not to_file:
        write_rows(frame, None)


def answers(prediction: Prediction) -> pl.DataFrame:
    """Return answers as a table: prediction, then probability_<class> for each class, or lower and upper."""
    import polars as pl

    values = prediction.values
    columns = [pl.Series("prediction", values.tolist(), strict=False)]
    if prediction.probabilities is not None:
        from mlwright.values import as_text

        names = unique([f"probability_{as_text(label)}" for label in prediction.classes])
        columns += [pl.Series(name, prediction.probabilities[:, place]) for place, name in enumerate(names)]
    if prediction.lower is not None and prediction.upper is not None:
        columns += [pl.Series("lower", prediction.lower), pl.Series("upper", prediction.upper)]
    if prediction.flags is not None:
        columns.append(pl.Series("flag", [flag or None for flag in prediction.flags], dtype=pl.String))
    return pl.DataFrame(columns)


def sets(prediction: Prediction) -> pl.Series:
    """Return the answers that cannot be ruled out, row by row, as one text. Raises OptionError where there are none."""
    import polars as pl

    from mlwright.values import as_text

    if prediction.lower is not None:
        raise OptionError(
            "--sets is for models that tell classes apart; this one predicts a number.",
            hint="the columns lower and upper already say in what range it lies for 90 % of rows.",
        )
    if prediction.sets is None:
        raise OptionError(
            "--sets cannot be answered: the model was built from too few rows to say which answers can be ruled out.",
            hint="build it from 100 labelled rows or more.",
        )
    return pl.Series("set", [" | ".join(as_text(label) or "" for label in labels) for labels in prediction.sets])


def reasons(model: Model, frame: pl.DataFrame) -> pl.Series:
    """Return why each row gets its answer, one sentence a row."""
    import polars as pl

    return pl.Series("reasons", model.explain(frame).text, dtype=pl.String)


def unique(names: list[str]) -> list[str]:
    """Return names that differ: classes 1 and "1" are rare, but may be.

    >>> unique(["a", "b", "a"])
    ['a', 'b', 'a_2']
    """
    seen: dict[str, int] = {}
    made = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        made.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return made

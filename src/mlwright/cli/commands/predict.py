"""mlwright predict: one answer for each row."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from mlwright.cli.console import libraries_silenced, out_json, say
from mlwright.cli.options import Json, ModelReference, Query, Quiet, Source
from mlwright.cli.options import Workspace as WorkspaceOption


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
    """Answer each row: prediction, then the probability of each class, or the interval of a number; or a list."""
    if not quiet:
        say("Reading the rows ...")
    from mlwright.cli.answering import ANSWERING, Wanted
    from mlwright.cli.rows_out import check_place, write_rows
    from mlwright.collect import collect
    from mlwright.registry import Workspace

    to_file = out_file is not None and str(out_file) != "-"
    if to_file:
        check_place(out_file)
    with libraries_silenced(verbose=False):
        loaded = Workspace(workspace).open(model)
        table = collect(source, query=query, sample=False)  # every row gets its answer
        wanted = Wanted(sets=with_sets, reasons=explain, tells=not quiet)
        frame, told = ANSWERING[loaded.task.form](loaded, table, wanted)
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

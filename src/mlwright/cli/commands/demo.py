"""mlwright demo: the main job on real data that comes with the package."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from mlwright.cli.console import libraries_silenced, out, out_json, say
from mlwright.cli.drawing import progress
from mlwright.cli.options import Json, Open, Quiet

TARGET = "deposit"
KNOWN_AFTERWARDS = "duration"
NEW_ROWS = 20


def demo(
    out_folder: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Where the model, the report and some rows to try go.")
    ] = Path("mlwright-demo"),
    budget: Annotated[str, typer.Option("--budget", metavar="TIME", help="How long it may take.")] = "20s",
    open_it: Open = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Do the main job on real data: who said yes to a bank's call? Ends in a report, offline, in under a minute."""
    if not quiet:
        say("The calls of a bank: which customers will say yes to a deposit? (UCI Bank Marketing, CC BY 4.0)")
    from mlwright.building import build
    from mlwright.cli.kept import Kept, build_json, open_page, say_findings, told, write_report
    from mlwright.collect import collect
    from mlwright.data import bank_marketing

    folder = out_folder / "model"
    with libraries_silenced(verbose=False), progress(quiet=quiet) as shown:
        shown.say(f"Left out: {KNOWN_AFTERWARDS!r}, how long the call lasted. Nobody knows it before the call.")
        source = bank_marketing()
        model = build(source, TARGET, exclude=[KNOWN_AFTERWARDS], budget=budget, out=folder, progress=shown)
        page = write_report(model, out_folder / "report.html")
        rows = out_folder / "new_rows.csv"
        collect(source).frame.head(NEW_ROWS).drop(TARGET, KNOWN_AFTERWARDS).write_csv(rows)
    kept = Kept(model, folder, page, str(folder))
    if not quiet:
        say_findings(model, everything=False)
        say("")
    if as_json:
        out_json(build_json(kept))
    else:
        out(told(kept, f"mlwright predict {shlex.quote(str(folder))} {shlex.quote(str(rows))}"))
    if open_it:
        open_page(page)

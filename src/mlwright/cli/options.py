"""Options that mean the same in every command."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Source = Annotated[
    str,
    typer.Argument(
        metavar="SOURCE",
        help="A path, a glob in quotes, '-' for standard input, an address (https, s3, ...), or an SQL address.",
        show_default=False,
    ),
]
ModelReference = Annotated[
    str,
    typer.Argument(
        metavar="MODEL",
        help="A name, name@version, name@alias, or the path of a folder or zip.",
        show_default=False,
    ),
]
ModelName = Annotated[str, typer.Argument(metavar="NAME", help="The name of a model.", show_default=False)]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="The reason, for the history.", show_default=False)]
Query = Annotated[str | None, typer.Option("--query", metavar="SQL", help="One SELECT, where SOURCE is a database.")]
Workspace = Annotated[
    Path | None,
    typer.Option(
        "--workspace",
        metavar="DIR",
        help="The folder that holds all state; by default MLWRIGHT_HOME, else ./.mlwright.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print results and errors only.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Print every assumption, and what the libraries print, on stderr.")
]
Force = Annotated[
    bool, typer.Option("--force", help="Replace files that are there, though mlwright did not write them.")
]
Open = Annotated[bool, typer.Option("--open", help="Open the report in the browser.")]

"""mlwright check: whether rows keep to a contract, or are like those that a model was built from."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from mlwright.cli.console import libraries_silenced, out, out_json, say, styled
from mlwright.cli.options import Json, Query, Quiet, Source
from mlwright.cli.options import Workspace as WorkspaceOption
from mlwright.errors import OptionError

Schema = Annotated[
    str | None,
    typer.Option("--schema", metavar="MODEL|FILE", help="A model (name, name@version, folder, zip) or a contract."),
]
Write = Annotated[
    str | None,
    typer.Option(
        "--write", metavar="FILE", help="Write a contract that SOURCE keeps (.toml, .json); '-' prints it. No check."
    ),
]


def check(
    source: Source,
    schema: Schema = None,
    write: Write = None,
    query: Query = None,
    workspace: WorkspaceOption = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Check rows against a model's schema or a contract; ends with 1 where they break it."""
    if (schema is None) == (write is None):
        what = "needs --schema or --write" if schema is None else "takes --schema or --write, not both"
        raise OptionError(
            f"`mlwright check` {what}.",
            hint="`--schema MODEL|FILE` checks SOURCE; `--write FILE` writes a contract that SOURCE keeps.",
        )
    if not quiet:
        say("Reading the rows ...")
    if write is not None:
        return _write(source, write, query, quiet=quiet, as_json=as_json)
    from mlwright.checking import check as check_rows

    with libraries_silenced(verbose=False):
        checked = check_rows(source, schema, query=query, workspace=workspace)
    if as_json:
        out_json(checked.to_dict())
    else:
        out(checked.told(lambda word: styled(word, _STYLES[word], sys.stdout)))
    if not checked.passed:
        raise typer.Exit(1)
    return None


_STYLES = {"pass": "green", "fail": "red", "violation": "red", "notice": "cyan"}


def _write(source: str, target: str, query: str | None, *, quiet: bool, as_json: bool) -> None:
    from mlwright.checking import contract
    from mlwright.clean.contract.contract import check_contract_place

    if target != "-":
        check_contract_place(Path(target))  # before anything is read
    with libraries_silenced(verbose=False):
        made = contract(source, query=query)
    if target == "-":
        out(made.text().rstrip("\n"))
        return
    path = made.save(Path(target))
    facts: dict[str, Any] = {"contract": str(path), "name": made.name, "columns": len(made.columns)}
    if as_json:
        out_json(facts)
    else:
        out(str(path))
    if not quiet:
        say(f"Read it and change what you know better. Next: mlwright check NEW_ROWS --schema {path}")

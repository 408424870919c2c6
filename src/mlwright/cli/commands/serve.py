"""mlwright serve: answers over HTTP, until Ctrl-C."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import typer

from mlwright.cli.console import say
from mlwright.cli.options import Quiet
from mlwright.cli.options import Workspace as WorkspaceOption
from mlwright.errors import MissingExtraError


def serve(
    models: Annotated[
        list[str],
        typer.Argument(metavar="MODEL ...", help="Names, name@alias, name@version, or paths.", show_default=False),
    ],
    host: Annotated[str, typer.Option("--host", help="Where to listen; beyond this machine only with an API key.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option("--port", help="0 takes any free one.")] = 8080,
    workers: Annotated[int, typer.Option("--workers", help="Processes that answer.")] = 1,
    durability: Annotated[
        Literal["off", "batch", "request"] | None,
        typer.Option(
            "--durability",
            help="off keeps no answers; batch loses at most the last 0.2 s when killed; request none at all.",
            show_default="batch",
        ),
    ] = None,
    settings_file: Annotated[
        Path | None,
        typer.Option("--settings", metavar="FILE", help="Policies, limits and all else, in TOML (JSON, YAML)."),
    ] = None,
    tls: Annotated[
        tuple[Path, Path] | None,
        typer.Option("--tls", metavar="CERTIFICATE KEY", help="Two PEM files: answer over HTTPS.", show_default=False),
    ] = None,
    workspace: WorkspaceOption = None,
    quiet: Quiet = False,
) -> None:
    """Answer over HTTP, record every answer, and follow the registry: a promoted model is served a second later."""
    try:
        import msgspec

        from mlwright.serve.process import run
        from mlwright.serve.settings import Settings, read_settings
        from mlwright.serve.shelf import unpromoted
        from mlwright.web.app import make
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("serve", "Serving models") from error
    from mlwright.registry import Workspace

    held = Workspace(workspace)
    for reference in models:
        held.resolve(reference)  # what is not there is said before anything starts
    started = unpromoted(models, held)
    settings = read_settings(
        settings_file,
        Settings(
            models=tuple(models),
            started=started,
            workspace=None if workspace is None else str(workspace),
            host=host,
            port=port,
            workers=workers,
            certificate=None if tls is None else str(tls[0]),
            private_key=None if tls is None else str(tls[1]),
        ),
    )
    if durability is not None:
        record = msgspec.structs.replace(settings.record, durability=durability)
        settings = msgspec.structs.replace(settings, record=record)
    greet = (lambda _: None) if quiet else (lambda address: say(_greeting(address, models, workers, started)))
    raise typer.Exit(run(settings, ready=greet, make=make))


def _greeting(address: str, models: list[str], workers: int, started: Mapping[str, int]) -> str:
    stays = [
        f"No version of {name} is promoted: the service stays with {name}@{version} until one is (mlwright promote)."
        for name, version in started.items()
    ]
    begun = "Serving" if workers == 1 else f"Starting {workers} processes that serve"
    return "\n".join(
        (
            f"{begun} {', '.join(models)} at {address} (Ctrl-C ends it).",
            *stays,
            f"Next: open {address}, or: curl {address}/v1/models",
        )
    )

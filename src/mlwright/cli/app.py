"""The command line as a whole: a new command is one file in commands/ and one line here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer
from typer.main import get_command

from mlwright.cli.commands.adapt import adapt
from mlwright.cli.commands.archive import archive
from mlwright.cli.commands.build import build
from mlwright.cli.commands.check import check
from mlwright.cli.commands.clean import clean
from mlwright.cli.commands.compare import compare
from mlwright.cli.commands.demo import demo
from mlwright.cli.commands.documents import documents
from mlwright.cli.commands.evaluate import evaluate
from mlwright.cli.commands.explain import explain
from mlwright.cli.commands.export import export
from mlwright.cli.commands.gates import gates
from mlwright.cli.commands.keys import keys
from mlwright.cli.commands.mitigate import mitigate
from mlwright.cli.commands.models import models
from mlwright.cli.commands.monitor import monitor
from mlwright.cli.commands.predict import predict
from mlwright.cli.commands.profile import profile
from mlwright.cli.commands.promote import promote
from mlwright.cli.commands.recommend import recommend
from mlwright.cli.commands.record import record
from mlwright.cli.commands.report import report
from mlwright.cli.commands.rollback import rollback
from mlwright.cli.commands.serve import serve
from mlwright.cli.commands.simulate import simulate
from mlwright.cli.commands.tag import tag
from mlwright.cli.commands.tests import tests
from mlwright.cli.commands.traffic import traffic
from mlwright.cli.commands.watch import watch
from mlwright.cli.console import out
from mlwright.cli.help import Command, Group

EXAMPLES: dict[Callable[..., None], str] = {
    build: "mlwright build customers.csv --target churn --budget 60s",
    predict: "mlwright predict customers new_rows.csv --out answers.csv",
    recommend: "mlwright recommend films --history 50,181 --k 5",
    evaluate: "mlwright evaluate customers labelled_rows.csv",
    compare: "mlwright compare customers@1 customers@2 labelled_rows.csv",
    gates: "mlwright gates customers --out gates.toml",
    tests: "mlwright tests customers --out tests.yaml",
    explain: "mlwright explain customers new_rows.csv --row 0 --immutable age",
    profile: "mlwright profile customers.csv --out profile.html --open",
    clean: "mlwright clean customers.csv --out cleaned.csv",
    check: "mlwright check new_rows.csv --schema customers",
    mitigate: "mlwright mitigate customers kept_back.csv --column sex --out fairer",
    models: "mlwright models",
    promote: 'mlwright promote customers@2 --why "fewer false alarms"',
    rollback: "mlwright rollback customers",
    tag: "mlwright tag customers@2 owner=ann",
    archive: "mlwright archive customers@1",
    traffic: "mlwright traffic customers --canary challenger=5 --sticky customer_id",
    keys: "mlwright keys add shop --scope predict outcomes",
    serve: "mlwright serve customers --port 8080",
    record: "mlwright record outcomes customers outcomes.csv --id id --outcome churn",
    monitor: "mlwright monitor customers --delay 14d",
    adapt: "mlwright adapt customers --source labelled_rows.csv",
    watch: "mlwright watch customers --every 60s",
    simulate: "mlwright simulate customers labelled_rows.csv --drift relation:age=0.5@60 --delay 14d",
    report: "mlwright report customers --open",
    documents: "mlwright documents customers --out papers/",
    export: "mlwright export customers --to onnx --out customers.onnx",
    demo: "mlwright demo --open",
}


def command() -> Any:
    """Return the whole command line, ready to be invoked."""
    app = typer.Typer(
        name="mlwright",
        cls=Group,
        epilog=EXAMPLES[build],
        help="From a raw file to a model you can trust.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["--help", "-h"]},
    )
    app.callback(invoke_without_command=True)(_whole)
    for function, example in EXAMPLES.items():
        app.command(cls=Command, epilog=example)(function)
    return get_command(app)


def _whole(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """From a raw file to a model you can trust."""
    if version:
        from mlwright import __version__

        out(f"mlwright {__version__} (Python {sys.version.split()[0]})")
        raise typer.Exit(0)
    if context.invoked_subcommand is None:
        out(context.get_help())

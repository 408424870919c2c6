"""Exports: a model in the forms that other systems take. A new one is one file and one line in `TARGETS`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from mlwright.errors import OptionError
from mlwright.model.exports import docker, mlflow, onnx_file
from mlwright.model.exports.exported import Exported
from mlwright.model.parts import RowParts

__all__ = ["TARGETS", "Exported", "export"]

TARGETS: Final[Mapping[str, Callable[[RowParts, Path, Path | None], Exported]]] = {
    "docker": docker.write,
    "mlflow": mlflow.write,
    "onnx": onnx_file.write,
}
"""By the name in `--to`: what writes a model to a path, with the wheel of mlwright that is to travel with it."""


def export(parts: RowParts, path: Path, *, to: str, wheel: Path | None = None) -> Exported:
    """Write a model for another system; say what was written.

    Parameters
    ----------
    to
        "onnx": one file. "mlflow": the folder of an MLflow model. "docker": the folder that an image is built from.
    wheel
        The wheel of mlwright to put into the folder; by default the code that runs now.

    Raises OptionError where the model has a part that the form cannot hold, OutputError, SourceError,
    MissingExtraError.
    """
    if to not in TARGETS:
        raise OptionError.unknown("--to", to, TARGETS)
    if wheel is not None and to == "onnx":
        raise OptionError("--wheel says nothing to --to onnx: the file needs no mlwright.", hint="leave it away.")
    return TARGETS[to](parts, path, wheel)

"""What exports say of a model."""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as version_of

from mlwright.model.archive import MANIFEST
from mlwright.model.folder import to_files
from mlwright.model.parts import RowParts


def digest(parts: RowParts) -> str:
    """Return the digest that the model's manifest has: that of all its files."""
    return str(json.loads(to_files(parts)[MANIFEST])["digest"])


def version() -> str:
    """Return the version of the mlwright that runs now."""
    try:
        return version_of("mlwright")
    except PackageNotFoundError:  # run from its source without being installed
        return "0"


def reference(parts: RowParts) -> str:
    """Return the model's name, with its version where it has one: "churn@3"."""
    kept_as = parts.run.get("version")
    return parts.name if kept_as is None else f"{parts.name}@{kept_as}"

"""A file of behaviour tests to begin with: those that follow from what a model's columns are."""

from __future__ import annotations

from pathlib import Path

from mlwright.errors import OptionError
from mlwright.evaluate.behaviour import starting_file
from mlwright.model.new_file import write_new
from mlwright.model.parts import RowParts

ENDINGS = (".yaml", ".yml", ".toml")


def text_of_tests(parts: RowParts, ending: str = ".yaml") -> str:
    """Return the text of a file of behaviour tests for the model. Raises OptionError for another ending."""
    if ending not in ENDINGS:
        raise OptionError("A file of behaviour tests to begin with ends in .yaml or .toml.")
    return starting_file(parts.schema, sources=parts.ensemble.sources, classes=parts.classes, ending=ending)


def write_tests(parts: RowParts, path: Path) -> str:
    """Write the file, which must not be there, and return its text. Raises OutputError, OptionError."""
    text = text_of_tests(parts, path.suffix.lower())
    write_new(path, text, "tests")
    return text

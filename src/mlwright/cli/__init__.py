"""The command line: each command parses, calls the Python API and prints. Importing it imports nothing heavy."""

from mlwright.cli.run import main

__all__ = ["main"]

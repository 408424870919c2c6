"""What cannot be carried over to ONNX exactly is refused, never carried over nearly."""

from __future__ import annotations

from mlwright.errors import OptionError


def refusal(part: str, way_out: str) -> OptionError:
    """Return the error for a model with a part that ONNX cannot hold, and what can be done instead."""
    return OptionError(
        f"The model cannot be written as ONNX: {part}.",
        hint=f"{way_out}; --to mlflow and --to docker carry every model.",
    )

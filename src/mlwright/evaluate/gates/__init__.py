"""Gates: what has to hold of a model before it goes out, and whether it does."""

from __future__ import annotations

from mlwright.evaluate.gates.gate import Gate, default_gates, is_blocked, judge, overall
from mlwright.evaluate.gates.reading import gates_of, read_gates

__all__ = ["Gate", "default_gates", "gates_of", "is_blocked", "judge", "overall", "read_gates"]

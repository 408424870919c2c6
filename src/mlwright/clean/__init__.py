"""What a table holds: the kind and role of each column, how its rows are to be split, and what is wrong with it."""

from mlwright.clean.question import Question

__all__ = ["Question"]

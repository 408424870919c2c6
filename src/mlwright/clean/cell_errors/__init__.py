"""Errors of single cells: found by many cheap strategies that vote, without labels or with a few, repaired with care.

After Mahdavi et al., "Raha: a configuration-free error detection system" (SIGMOD 2019), and Mahdavi and Abedjan,
"Baran: effective error correction via a unified context representation and transfer learning" (VLDB 2020): many
strategies, one vector of signs for each cell, rows asked for where they tell most. What is added here is a verdict
without any label.
"""

from mlwright.clean.cell_errors.engine import CellErrors
from mlwright.clean.cell_errors.repair import Cell

__all__ = ["Cell", "CellErrors"]

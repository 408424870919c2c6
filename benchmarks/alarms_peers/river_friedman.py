"""River's FriedmanDrift as a file: python river_friedman.py KIND ROWS OUT.npy POSITIONS...; columns x0 ... x9, y."""

import sys

import numpy as np
from river.datasets import synth

kind, rows, out, *positions = sys.argv[1:]
stream = synth.FriedmanDrift(kind, position=tuple(map(int, positions)), transition_window=0, seed=1)
np.save(out, np.array([[*x.values(), y] for x, y in stream.take(int(rows))]))

"""Shapley values of the smallest game: a leaf is reached, or it is not.

A leaf's path asks something of each of its players. With a player's own values it is passed or failed, and with those
of a background row likewise. The leaf is reached by a set S of players if nobody in S fails it and the background
fails it for nobody else. So whomever the background fails (p of them) has to come in, whomever the row fails (q of
them) has to stay out, and the Shapley values have a closed form (Lundberg et al. 2020, "From local explanations to
global understanding with explainable AI for trees", Nature Machine Intelligence 2, on interventional TreeSHAP). Where
both fail the same player, no set reaches the leaf.
"""

from __future__ import annotations

from functools import cache
from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST_PLAYERS = 56


@cache
def gains() -> Floats:
    """Return (p, q): what each of the p players who have to come in gets, (p - 1)! q! / (p + q)!.

    Each of the q who have to stay out loses what (q, p) says.
    """
    table = np.zeros((MOST_PLAYERS + 1, MOST_PLAYERS + 1))
    for p in range(1, MOST_PLAYERS + 1):
        for q in range(MOST_PLAYERS + 1 - p):
            table[p, q] = 1.0 / (p * comb(p + q, p))
    return table

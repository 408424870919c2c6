"""Shapley values of the smallest game: a leaf is reached, or it is not.

A leaf's path asks something of each of its k players. With a player's own values the question is met or not, and with
those of a background row likewise: two masks of k bits. The leaf is reached by a set S of players if all in S meet it
and the background meets it for all others. So whoever alone meets it (p of them) has to come in, whoever alone does not
(q of them) has to stay out, and the Shapley values have a closed form (Lundberg et al. 2020, "From local explanations
to global understanding with explainable AI for trees", Nature Machine Intelligence 2, on interventional TreeSHAP).
"""

from __future__ import annotations

from functools import cache
from math import comb

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Masks = NDArray[np.int64]

MOST_PLAYERS = 60


@cache
def gains() -> Floats:
    """Return (p, q): what each of the p players who have to come in gets, (p - 1)! q! / (p + q)!."""
    table = np.zeros((MOST_PLAYERS + 1, MOST_PLAYERS + 1))
    for p in range(1, MOST_PLAYERS + 1):
        for q in range(MOST_PLAYERS + 1 - p):
            table[p, q] = 1.0 / (p * comb(p + q, p))
    return table


@cache
def leaf_games(players: int) -> Floats:
    """Return (2^k, 2^k, k): by the background's mask and the row's, what each of k players gets of a leaf worth 1."""
    masks = np.arange(1 << players, dtype=np.int64)
    background, own = masks[:, None], masks[None]
    reached = (background | own) == (1 << players) - 1
    come_in, stay_out = own & ~background, background & ~own
    p, q = np.bitwise_count(come_in).astype(np.intp), np.bitwise_count(stay_out).astype(np.intp)
    gain = np.where(reached, gains()[p, q], 0.0)
    loss = np.where(reached, gains()[q, p], 0.0)
    bits = np.arange(players)
    for_it, against = ((mask[..., None] >> bits) & 1 for mask in (come_in, stay_out))
    games: Floats = for_it * gain[..., None] - against * loss[..., None]
    return games

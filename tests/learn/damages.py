"""Ways to damage what a predictor was saved as."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Arrays = dict[str, np.ndarray]
Damage = Callable[[dict[str, Any], Arrays], Any]


def changed(name: str, change: Callable[[np.ndarray], Any]) -> Damage:
    """Return what puts a changed copy in the place of an array."""

    def damage(_: dict[str, Any], arrays: Arrays) -> None:
        arrays[name] = change(arrays[name].copy())

    return damage


def put(value: float, place: int = 0) -> Callable[[np.ndarray], np.ndarray]:
    """Return the change of one number."""

    def change(array: np.ndarray) -> np.ndarray:
        array.reshape(-1)[place] = value
        return array

    return change


LINKS: dict[str, Damage] = {
    "no link": lambda plain, _: plain.pop("link"),
    "unknown link": lambda plain, _: plain.update(link="tanh"),
    "link of one sum for many": lambda plain, _: plain.update(link="sigmoid"),
    "link that is no text": lambda plain, _: plain.update(link=["softmax"]),
}

"""The conversions between units that people mix up, and how a converted number is written."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from mlwright.clean.names import words
from mlwright.columns import Floats

MOST_DECIMALS = 6
NEARLY_ALL = 0.8
"""A column has so many decimals as this share of its values needs."""
HEAT = frozenset({"temp", "temps", "temperature", "atemp", "tmin", "tmax", "tavg", "heat", "dew", "dewpoint", "dewp",
                  "fahrenheit", "celsius", "degree", "degrees", "degf", "degc", "temperatur"})  # fmt: skip
USUAL = (2.204623, 2.54, 3.28084, 1.609344, 28.349523)


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was done to a wrong value: it was multiplied by `times` (and moved by `plus`); `back` undoes it."""

    times: float
    units: str
    """In words: the unit of the wrong values among that of the right ones; "" for a mere factor."""
    plus: float = 0.0
    hints: frozenset[str] = frozenset()
    """Words of a column's name that speak for this conversion among others of about the same factor."""

    @property
    def affine(self) -> bool:
        """Whether it moves the zero, as from Celsius to Fahrenheit."""
        return self.plus != 0.0

    @property
    def ten(self) -> bool:
        """Whether it is a power of ten."""
        return not self.affine and float(np.log10(self.times)).is_integer()

    @property
    def factor(self) -> float:
        """By what a wrong value is to be multiplied."""
        return 1.0 / self.times

    @property
    def offset(self) -> float:
        """What is then to be added."""
        return -self.plus / self.times

    def back(self, values: Floats) -> Floats:
        """Return what the values were before."""
        return (values - self.plus) / self.times

    def may_be(self, name: str) -> bool:
        """Tell whether a column of that name can hold it: weeks and degrees want a name that speaks of them."""
        if self.affine:
            return bool(HEAT.intersection(words(name)))
        return self.ten or self.usual or bool(self.hints.intersection(words(name)))

    @property
    def usual(self) -> bool:
        """Whether it is mixed up so often that it is thought of whatever the name is."""
        return _is_usual(self.times)

    def words(self, name: str) -> str:
        """Return what is said of the wrong values."""
        units = f", as {self.units} would be" if self.units and (not self.hints or self.affine) else ""
        if self.hints.intersection(words(name)):
            units = f": {self.units}"
        if self.affine:
            return f"are like the rest only once they are converted{units}"
        times = self.times if self.times > 1 else 1.0 / self.times
        told = f"{times:,.0f}" if times >= 100 else f"{times:.4g}"
        return f"are about {told} times too {'large' if self.times > 1 else 'small'}{units}"


@lru_cache(maxsize=256)
def _is_usual(times: float) -> bool:
    return any(abs(each / usual - 1.0) < 1e-3 for usual in USUAL for each in (times, 1.0 / times))


def _both(factor: float, larger: str, smaller: str, hints: str = "") -> tuple[Conversion, Conversion]:
    """Return the two ways to mix up units of which one is `factor` times the other."""
    said = frozenset(hints.split())
    return (
        Conversion(factor, f"{smaller} among {larger}" if smaller else "", hints=said),
        Conversion(1.0 / factor, f"{larger} among {smaller}" if smaller else "", hints=said),
    )


_WEIGHT = "weight mass wt bwt kg kgs lb lbs pound pounds gram grams g ounces oz birthweight gewicht"
_LENGTH = "height length width depth distance dist size inch inches cm mm m ft feet foot km mile miles elevation"
_TIME = "age tenure duration time months years days hours minutes seconds term period experience"

CONVERSIONS: tuple[Conversion, ...] = (
    *_both(10.0, "", ""),
    *_both(100.0, "", ""),
    *_both(1_000.0, "", ""),
    *_both(10_000.0, "", ""),
    *_both(1_000_000.0, "", ""),
    *_both(2.204623, "kilograms", "pounds", _WEIGHT),
    *_both(16.0, "pounds", "ounces", _WEIGHT),
    *_both(28.349523, "ounces", "grams", _WEIGHT),
    *_both(453.592, "pounds", "grams", _WEIGHT),
    *_both(2.54, "inches", "centimetres", _LENGTH),
    *_both(25.4, "inches", "millimetres", _LENGTH),
    *_both(3.28084, "metres", "feet", _LENGTH),
    *_both(30.48, "feet", "centimetres", _LENGTH),
    *_both(39.3701, "metres", "inches", _LENGTH),
    *_both(1.609344, "miles", "kilometres", _LENGTH),
    *_both(10.7639, "square metres", "square feet", "area sqft sqm m2 ft2 surface sf"),
    *_both(2.471054, "hectares", "acres", "area acres hectares land"),
    *_both(3.785412, "gallons", "litres", "volume gallons litres liters fuel"),
    *_both(3.6, "metres a second", "kilometres an hour", "speed wind windspeed velocity"),
    *_both(18.0182, "mmol/l", "mg/dl", "glucose glu sugar"),
    *_both(4.184, "kilocalories", "kilojoules", "energy calories kcal kj"),
    *_both(12.0, "years", "months", _TIME),
    *_both(7.0, "weeks", "days", _TIME),
    *_both(24.0, "days", "hours", _TIME),
    *_both(60.0, "minutes", "seconds", _TIME),
    *_both(365.25, "years", "days", _TIME),
    *_both(3_600.0, "hours", "seconds", _TIME),
    Conversion(1.8, "Fahrenheit among Celsius", 32.0),
    Conversion(1.0 / 1.8, "Celsius among Fahrenheit", -32.0 / 1.8),
)


@lru_cache(maxsize=1024)
def conversions_of(name: str, *, affine: bool) -> tuple[Conversion, ...]:
    """Return the conversions that a column of that name may hold, those that move the zero or those that do not."""
    return tuple(each for each in CONVERSIONS if each.affine == affine and each.may_be(name))


def decimals_of(values: Floats, *, share: float = NEARLY_ALL) -> int | None:
    """Return how many decimals nearly all values need at most, or None where they need very many.

    >>> decimals_of(np.array([1.5, 2.0, 3.25])), decimals_of(np.array([3.0, 70.0]))
    (2, 0)
    """
    known = values[np.isfinite(values)][:20_000]
    if not len(known):
        return None
    return next((places for places in range(MOST_DECIMALS + 1) if is_round(known, places).mean() >= share), None)


def is_round(values: Floats, places: int) -> NDArray[np.bool_]:
    """Tell which values need no more than so many decimals.

    >>> is_round(np.array([1.5, 2.25]), 1).tolist()
    [True, False]
    """
    shifted = values * 10.0**places
    with np.errstate(invalid="ignore"):
        return np.asarray(np.abs(shifted - np.round(shifted)) <= np.maximum(1e-9 * np.abs(shifted), 1e-6))


def written(value: float, places: int | None) -> str:
    """Return a number as the column writes it.

    >>> written(70.0003, 0), written(1.834, 2), written(1.5, None)
    ('70', '1.83', '1.5')
    """
    return f"{value:.{places}f}" if places is not None else f"{value:.6g}"

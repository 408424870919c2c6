"""Values that cannot be: an age of -4, a share of 140 %, a latitude of 512, a month 13, a date in the year 2140."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar

import numpy as np
from scipy.stats import ks_2samp

from mlwright.clean.base import Cells, Context, Detection, Rows, shown
from mlwright.clean.measures.units import HEAT
from mlwright.clean.names import says_code, words
from mlwright.clean.repairs import Blank
from mlwright.columns import Floats
from mlwright.findings import Finding, percent
from mlwright.schema import Column
from mlwright.table import Table

MOST_SHARE = 0.05
"""What more values than these are, can be: the name says something else than it seems."""
ENOUGH_ROWS = 20
REPEATED = 3
"""One negative number that repeats so often stands for "missing" and is told by another detector."""
SPANS_AWAY = 3.0
"""A date so many times the others' whole span away from them, and `YEARS_AWAY`, is none of theirs."""
YEARS_AWAY = 20.0
FIRST_YEAR, LAST_YEAR = 1900.0, 2100.0
YEAR = 31_556_952.0

_AGE = frozenset({"age", "ages", "alter", "edad"})
_SHARE = frozenset({"percent", "percentage", "pct", "perc", "proportion", "fraction", "share", "probability", "prob",
                    "humidity", "hum", "anteil", "prozent"})  # fmt: skip
_MOVES = frozenset({"change", "changes", "growth", "diff", "difference", "delta", "return", "returns", "increase",
                    "gain", "loss", "net", "balance", "profit", "margin", "relative", "z", "score", "std", "scaled",
                    "log", "ln", "error", "residual", "dev", "deviation", "offset", "trend", "effect", "coef",
                    "adjusted", "correction", "norm", "normalized", "shift", "variation"})  # fmt: skip
"""Words for amounts that go below 0 by nature."""
_COUNT = frozenset(
    {
        "count", "counts", "cnt", "quantity", "qty", "num", "number", "nr", "population", "pop", "rooms", "bedrooms",
        "bathrooms", "floors", "visits", "calls", "children", "kids", "siblings", "dependents", "purchases", "orders",
        "items", "units", "stock", "inventory", "cylinders", "votes", "likes", "reviews", "views", "clicks", "pieces",
        "households", "employees", "enrollment", "students", "deaths", "births", "cases", "persons", "people", "anzahl",
        "sibsp", "parch", "age", "ages", "height", "weight", "area",
    }
)  # fmt: skip
"""Words for what no model and no difference can bring below 0."""
_AMOUNT = _COUNT | frozenset(
    {
        "price", "prices", "cost", "costs", "fare", "fee", "salary", "wage", "wages", "rent", "n", "duration", "length",
        "width", "depth", "mass", "distance", "size", "volume", "days", "hours", "minutes", "seconds", "months",
        "years", "tenure", "mileage", "speed", "mpg", "bmi", "pressure", "glucose", "cholesterol", "heartrate", "pulse",
        "sqft", "carat", "horsepower", "displacement", "rating", "ratings", "sales", "frequency", "concentration",
        "density", "experience", "rainfall", "precipitation", "snow", "snowfall", "wind", "windspeed", "visibility",
        "income", "loan", "amount", "charges", "charge", "payment", "payments", "preis", "alter", "edad",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Rule:
    """What a name promises of the values, and how it is said that one breaks the promise."""

    low: float | None
    high: float | None
    because: str


class ImpossibleValues:
    """Finds what a column's name and the rest of its values rule out together, and dates of another century."""

    name: ClassVar[str] = "impossible_values"
    kinds: ClassVar[tuple[str, ...]] = ("impossible_values",)

    def detect(self, table: Table, context: Context) -> Iterator[Detection]:
        """Return one finding for each column."""
        if table.rows < ENOUGH_ROWS:
            return
        for column in context.of_kind("number", "integer", "datetime", "duration"):
            values = context.numbers(column.name)
            known = values[~np.isnan(values)]
            if len(known) < ENOUGH_ROWS:
                continue
            for find in _FINDERS[column.kind]:
                rule = find(column, known)
                if rule is not None and (found := _broken(context, column, values, rule)) is not None:
                    yield found
                    break


def _broken(context: Context, column: Column, values: Floats, rule: _Rule) -> Detection | None:
    """Return the values that break the rule, unless they are so many that the rule must be wrong."""
    with np.errstate(invalid="ignore"):
        wrong = np.zeros(len(values), dtype=np.bool_)
        wrong |= values < rule.low if rule.low is not None else False
        wrong |= values > rule.high if rule.high is not None else False
    rows = np.flatnonzero(wrong).astype(np.intp)
    known = int((~np.isnan(values)).sum())
    if not len(rows) or len(rows) > MOST_SHARE * known:
        return None
    distinct = np.unique(values[rows])
    if len(distinct) == 1 and len(rows) >= REPEATED and distinct[0] in _CODES:
        return None
    return _told(context, column, rows, rule, len(values))


FEW_SIGNS, MOST_SIGNS, ALIKE = 5, 0.025, 0.01
_CODES = frozenset({-1.0, -9.0, -99.0, -999.0, -9999.0, 99.0, 999.0, 9999.0})


def _told(context: Context, column: Column, rows: Rows, rule: _Rule, total: int) -> Detection:
    texts = context.texts(column.name)
    example = texts[int(rows[0])]
    count = len(rows)
    return Detection(
        finding=Finding(
            kind="impossible_values",
            columns=(column.name,),
            rows=shown(rows),
            message=f"{count:,} value{'s' if count > 1 else ''} of {column.name!r} ({percent(count / total)} of the "
            f"rows) cannot be, such as {example!r}: {rule.because}.",
            severity="warning",
            confidence=0.9,
            repair=f"Leave {'it' if count == 1 else 'them'} empty.",
        ),
        rows=rows,
        cells=(Cells(column.name, rows, ("",) * count, np.full(count, 0.9)),),
        repair=Blank(column.name, rule.low, rule.high),
    )


def _ages(column: Column, values: Floats) -> _Rule | None:
    said = words(column.name)
    if not _AGE.intersection(said) or _MOVES.intersection(said) or {"days", "months", "weeks"}.intersection(said):
        return None
    low, high = np.quantile(values, [0.02, 0.98])
    if not 0 <= low < high <= 120 or (said != ("age",) and high < 5):
        return None
    return _Rule(0.0, 130.0, "an age is between 0 and 130 years, as nearly all others are")


def _shares(column: Column, values: Floats) -> _Rule | None:
    said = set(words(column.name))
    if not (_SHARE.intersection(said) or "%" in column.name) or _MOVES.intersection(said):
        return None
    low, high = np.quantile(values, [0.02, 0.98])
    top = 1.0 if high <= 1.0 else 100.0
    if low < 0 or high > top or high < 0.3 * top:
        return None
    near = float(((values > top) & (values <= 1.05 * top)).mean())  # beyond the end, but not by far: it is no end
    if near > 0.25 * float((values > top).mean()) > 0:
        return _Rule(0.0, None, "a share is not below 0, and no other value is")
    return _Rule(0.0, top, f"a share is between 0 and {top:g}, as nearly all others are")


def _amounts(column: Column, values: Floats) -> _Rule | None:
    said = set(words(column.name))
    if not _AMOUNT.intersection(said) or _MOVES.intersection(said) or HEAT.intersection(said):
        return None
    if float((values > 0).mean()) < 0.5 or says_code(column.name):
        return None
    below = values[values < 0]
    if not len(below) or len(below) > 0.02 * len(values) + 1:
        return None
    if not _COUNT.intersection(said) and _goes_on(values[values >= 0], -below):
        return None
    return _Rule(0.0, None, f"nothing that is called so is below 0, and {percent(float((values >= 0).mean()))} are not")


def _signs(column: Column, values: Floats) -> _Rule | None:
    """Rule out values below 0 that are of the very sizes of those above it, with few in between: a sign was added."""
    below, above = -values[values < 0], values[values > 0]
    if not FEW_SIGNS <= len(below) <= MOST_SIGNS * len(values) or len(above) < len(below):
        return None
    if _MOVES.intersection(words(column.name)) or HEAT.intersection(words(column.name)) or _goes_on(above, below):
        return None
    if ks_2samp(below, above).pvalue < ALIKE or float(np.median(below)) < float(np.quantile(above, 0.25)):
        return None
    share = percent(float((values >= 0).mean()))
    return _Rule(0.0, None, f"{share} are not below 0, and these are like them but for the sign")


def _goes_on(above: Floats, below: Floats) -> bool:
    """Tell whether values below 0 (by their size) only go on where those above it thin out: then 0 is no border."""
    near = int((above <= below.max()).sum())
    return near >= 3 * len(below) and float(np.median(below)) < float(np.quantile(above, 0.25))


def _places(column: Column, values: Floats) -> _Rule | None:
    said = set(words(column.name))
    bound = 90.0 if said & {"lat", "latitude"} else 180.0 if said & {"lon", "lng", "long", "longitude"} else None
    if bound is None or np.abs(np.quantile(values, [0.03, 0.97])).max() > bound:
        return None
    if "long" in said and bool((values == np.floor(values)).mean() > 0.5):  # "how long" is no longitude
        return None
    what = "latitude" if bound == 90.0 else "longitude"
    return _Rule(-bound, bound, f"a {what} is between -{bound:g} and {bound:g} degrees")


_CLOCK: dict[str, tuple[float, float]] = {
    "hour": (0, 24), "hr": (0, 24), "month": (1, 12), "mnth": (1, 12), "day": (1, 31), "minute": (0, 60),
    "weekday": (0, 7), "dow": (0, 7), "quarter": (1, 4), "mon": (1, 12),
}  # fmt: skip


def _clocks(column: Column, values: Floats) -> _Rule | None:
    """Hours, months and days of the month, where the column is called just that and is full of them."""
    said = words(column.name)
    named = [word for word in said if word in _CLOCK]
    if len(named) != 1 or not (len(said) == 1 or {"of", "start", "end", "sold", "birth"}.intersection(said)):
        return None
    low, high = _CLOCK[named[0]]
    inside = (values >= low) & (values <= high) & (values == np.floor(values))
    if inside.mean() < 0.97 or len(np.unique(values[inside])) < 0.6 * (high - low):
        return None
    return _Rule(low, high, f"it is between {low:g} and {high:g}, as all others are")


def _years(column: Column, values: Floats) -> _Rule | None:
    said = set(words(column.name))
    if not said & {"year", "yr", "jahr"} or (values != np.floor(values)).mean() > 0.05:
        return None
    low, high = np.quantile(values, [0.02, 0.98])
    if not 1000 <= low <= high <= LAST_YEAR:
        return None
    bounds = _away(values, float(low), float(high), 1.0)
    if bounds is None:
        return None
    return _Rule(*bounds, f"nearly all other years lie between {low:.0f} and {high:.0f}")


def _dates(column: Column, values: Floats) -> _Rule | None:  # noqa: ARG001  one signature for all
    low, high = np.quantile(values, [0.02, 0.98])
    bounds = _away(values, float(low), float(high), YEAR)
    if bounds is None:
        return None
    first, last = (datetime.fromtimestamp(float(each), UTC).date().isoformat() for each in (low, high))
    return _Rule(*bounds, f"nearly all other dates lie between {first} and {last}")


def _away(values: Floats, low: float, high: float, year: float) -> tuple[float | None, float | None] | None:
    """Return bounds that cut off what lies in another age than the rest: decades away, and many times their span."""
    reach = max(SPANS_AWAY * (high - low), YEARS_AWAY * year)
    early, late = values[values < low - reach], values[values > high + reach]
    kept = values[(values >= low - reach) & (values <= high + reach)]
    if not len(early) and not len(late):
        return None
    bottom = 0.5 * (float(early.max()) + float(kept.min())) if len(early) else None
    top = 0.5 * (float(late.min()) + float(kept.max())) if len(late) else None
    return bottom, top


def _durations(column: Column, values: Floats) -> _Rule | None:
    if _MOVES.intersection(words(column.name)) or float((values > 0).mean()) < 0.95:
        return None
    return _Rule(0.0, None, "a duration is not below 0, and nearly no other is")


_Finder = Callable[[Column, Floats], _Rule | None]
_NUMBERS: tuple[_Finder, ...] = (_ages, _shares, _places, _clocks, _years, _amounts, _signs)
_FINDERS: dict[str, tuple[_Finder, ...]] = {
    "number": _NUMBERS, "integer": _NUMBERS, "datetime": (_dates,), "duration": (_durations,),
}  # fmt: skip

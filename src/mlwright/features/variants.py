"""Variants of the Recipe: which encoders each kind of column gets. A new variant is one entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlwright.features.base import Options
from mlwright.schema import KINDS


@dataclass(frozen=True, slots=True)
class Step:
    """One encoder, the options it is fitted with, and how many levels (rare ones aside) a category has that gets it."""

    encoder: str
    options: Options = field(default_factory=dict)
    least_levels: int = 0
    most_levels: int | None = None

    def suits(self, levels: int) -> bool:
        """Tell whether a column of so many levels gets this encoder."""
        return self.least_levels <= levels and (self.most_levels is None or levels <= self.most_levels)


Steps = tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Variant:
    """The steps of each kind of column, and what the variant is for.

    `engineered` adds what is made of several columns, and chosen for what it says beyond them.
    """

    purpose: str
    steps: Mapping[str, tuple[Step, ...]] = field(repr=False)
    engineered: bool = False

    @classmethod
    def of(cls, purpose: str, *, number: Steps, category: Steps, text: Steps, datetime: Steps) -> Variant:
        """Give every kind its steps."""
        by_kind = {"category": category, "text": text, "datetime": datetime}
        return cls(purpose, {kind: by_kind.get(kind, number) for kind in KINDS})

    def enriched(self) -> Variant:
        """Return the variant with what is made of several columns."""
        return Variant(f"{self.purpose}; with features made of several columns", self.steps, engineered=True)


VARIANTS: dict[str, Variant] = {
    "codes": Variant.of(
        "categories as codes, for boosters that split on sets of them",
        number=(Step("number"),),
        category=(Step("codes"), Step("target", least_levels=8)),
        text=(Step("text"),),
        datetime=(Step("calendar"),),
    ),
    "target": Variant.of(
        "categories as averages, for trees that split on numbers alone",
        number=(Step("number"),),
        category=(Step("target"),),
        text=(Step("text"),),
        datetime=(Step("calendar"),),
    ),
    "indicators": Variant.of(
        "a yes/no column for each frequent category, for trees that split on numbers alone",
        number=(Step("number"),),
        category=(Step("onehot", most_levels=30), Step("target", least_levels=8)),
        text=(Step("text"),),
        datetime=(Step("calendar"),),
    ),
    "onehot": Variant.of(
        "nothing missing, everything on one scale, for linear models",
        number=(Step("scaled"), Step("missing")),
        category=(Step("onehot", most_levels=30), Step("target", least_levels=31)),
        text=(Step("text", {"topics": 60, "missing": 0.0}), Step("missing")),
        datetime=(Step("cycles"), Step("missing")),
    ),
    "splines": Variant.of(
        "as for linear models, with numbers that may bend",
        number=(Step("spline"), Step("missing")),
        category=(Step("onehot", most_levels=30), Step("target", least_levels=31)),
        text=(Step("text", {"topics": 60, "missing": 0.0}), Step("missing")),
        datetime=(Step("cycles"), Step("missing")),
    ),
}
VARIANTS |= {f"rich_{name}": VARIANTS[name].enriched() for name in ("codes", "target", "indicators")}

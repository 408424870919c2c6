"""Every encoder by its kind: a new one is one class and one line."""

from __future__ import annotations

from mlwright.features.arithmetic import ArithmeticEncoder
from mlwright.features.base import Crossed, Encoder
from mlwright.features.categories import CodesEncoder, OneHotEncoder
from mlwright.features.datetimes import CalendarEncoder, CyclesEncoder
from mlwright.features.grid import GridEncoder
from mlwright.features.missing import MissingEncoder
from mlwright.features.numbers import NumberEncoder, ScaledEncoder
from mlwright.features.splines import SplineEncoder
from mlwright.features.target_encoding import TargetEncoder
from mlwright.features.text import TextEncoder
from mlwright.features.within import WithinEncoder

ENCODERS: dict[str, type[Encoder]] = {
    encoder.kind: encoder
    for encoder in (
        NumberEncoder,
        ScaledEncoder,
        SplineEncoder,
        MissingEncoder,
        CodesEncoder,
        OneHotEncoder,
        TargetEncoder,
        CalendarEncoder,
        CyclesEncoder,
        TextEncoder,
    )
}

CROSSED: dict[str, type[Crossed]] = {
    encoder.kind: encoder for encoder in (ArithmeticEncoder, WithinEncoder, GridEncoder)
}
"""The same for what reads several columns."""

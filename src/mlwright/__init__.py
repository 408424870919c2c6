"""mlwright: a machine learning engineer as software.

>>> import mlwright as mw
>>> rows = {"hours": [row % 50 for row in range(90)], "passed": [row % 50 > 25 for row in range(90)]}
>>> model = mw.build(rows, target="passed", trials=1)
>>> model.predict({"hours": 45}).tolist()
[True]
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mlwright.errors import (
    ColumnError,
    DataError,
    InputError,
    MissingExtraError,
    MlwrightError,
    ModelError,
    OptionError,
    OutputError,
    SourceError,
)

if TYPE_CHECKING:
    from mlwright.building import build
    from mlwright.estimators import Classifier, Regressor
    from mlwright.model import Model, load

__version__ = "0.1.0"

_LAZY = {
    "Classifier": "mlwright.estimators",
    "Model": "mlwright.model",
    "Regressor": "mlwright.estimators",
    "build": "mlwright.building",
    "load": "mlwright.model",
}

__all__ = [
    "Classifier",
    "ColumnError",
    "DataError",
    "InputError",
    "MissingExtraError",
    "MlwrightError",
    "Model",
    "ModelError",
    "OptionError",
    "OutputError",
    "Regressor",
    "SourceError",
    "__version__",
    "build",
    "load",
]


def __getattr__(name: str) -> object:
    """Import the heavy names when they are first asked for."""
    if name in _LAZY:
        value = getattr(import_module(_LAZY[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'mlwright' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

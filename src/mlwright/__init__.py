"""mlwright: a machine learning engineer as software.

>>> import mlwright as mw
>>> rows = {"hours": [row % 50 for row in range(90)], "passed": [row % 50 > 25 for row in range(90)]}
>>> model = mw.build(rows, target="passed", trials=1)
>>> model.predict({"hours": 45}).tolist()
[True]
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING

from mlwright.errors import (
    CheckError,
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
    from mlwright.checking import check, contract
    from mlwright.clean.cleaned import Cleaned, clean
    from mlwright.clean.contract import Checked, Contract
    from mlwright.clean.profile import Profile, profile
    from mlwright.comparing import compare
    from mlwright.estimators import Classifier, Regressor
    from mlwright.model import Model
    from mlwright.model.comparison import Comparison

__version__ = "0.1.0"

_LAZY = {
    "Checked": "mlwright.clean.contract",
    "Classifier": "mlwright.estimators",
    "Cleaned": "mlwright.clean.cleaned",
    "Comparison": "mlwright.model.comparison",
    "Contract": "mlwright.clean.contract",
    "Model": "mlwright.model",
    "Profile": "mlwright.clean.profile",
    "Regressor": "mlwright.estimators",
    "build": "mlwright.building",
    "check": "mlwright.checking",
    "compare": "mlwright.comparing",
    "contract": "mlwright.checking",
    "profile": "mlwright.clean.profile",
}

__all__ = [
    "CheckError",
    "Checked",
    "Classifier",
    "Cleaned",
    "ColumnError",
    "Comparison",
    "Contract",
    "DataError",
    "InputError",
    "MissingExtraError",
    "MlwrightError",
    "Model",
    "ModelError",
    "OptionError",
    "OutputError",
    "Profile",
    "Regressor",
    "SourceError",
    "__version__",
    "build",
    "check",
    "clean",
    "compare",
    "contract",
    "load",
    "profile",
]


def load(path: str | os.PathLike[str]) -> Model:
    """Load a model from its folder or zip; runs no code of it. Raises ModelError where it is damaged or hostile."""
    from mlwright.model import load as load_path

    try:
        return load_path(path)
    except ModelError as error:
        if os.path.exists(path):  # noqa: PTH110  false, not an error, for a name that no system can have
            raise
        raise ModelError(error.message, where=error.where, hint=_where_models_are(os.fspath(path))) from None


def _where_models_are(name: str) -> str:
    """Say that a path is needed; the command line's names are those of a workspace, and here they are not looked up."""
    from mlwright.registry import Workspace

    try:
        place = Workspace().resolve(name)
    except ModelError as error:
        return f"a path is needed here, of a model's folder or zip; {error.hint}"
    return f"a path is needed here, of a model's folder or zip: mlwright.load({os.fspath(place)!r})."


def __getattr__(name: str) -> object:
    """Import the heavy names when they are first asked for."""
    if name == "clean":
        return import_module("mlwright.clean")  # the package is the function, too
    if name in _LAZY:
        value = getattr(import_module(_LAZY[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'mlwright' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)

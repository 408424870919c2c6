"""What MLflow calls to load a model that `mlwright export --to mlflow` has written: named in its MLmodel file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlwright.model import Model, load


class Pyfunc:
    """A model as MLflow asks it: rows in, a pandas frame out."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def predict(self, model_input: object, params: Mapping[str, Any] | None = None) -> Any:
        """Return a pandas frame: prediction, then probability_<class> for each class, or lower and upper.

        Rows are what `Model.predict` takes; there are no `params`. Raises ColumnError where a column is missing.
        """
        import pandas as pd

        del params
        answer = self.model.answer(model_input)
        columns: dict[str, Any] = {"prediction": answer.values}
        if answer.probabilities is not None:
            columns |= {
                f"probability_{label}": answer.probabilities[:, place] for place, label in enumerate(answer.classes)
            }
        else:
            columns |= {"lower": answer.lower, "upper": answer.upper}
        return pd.DataFrame(columns, index=getattr(model_input, "index", None))


def _load_pyfunc(path: str) -> Pyfunc:
    """Return the model in a folder. Raises ModelError where it is damaged."""
    return Pyfunc(load(Path(path)))

"""Text as categories of pandas, for the boosters that want them so; and a fifth of the rows for early stopping."""

from __future__ import annotations

import pandas as pd
from sklearn.model_selection import train_test_split

ROUNDS = 1_000
PATIENCE = 50
FIFTH = 0.2


class Categories:
    """The categories of training rows: what is not among them is missing.

    Columns get plain names, because boosters refuse some of those that people give.
    """

    def __init__(self, frame: pd.DataFrame) -> None:
        self.columns = list(frame.columns)
        self.kinds = {
            name: pd.CategoricalDtype(sorted(frame[name].dropna().astype(str).unique()))
            for name in self.columns
            if not pd.api.types.is_numeric_dtype(frame[name])
        }

    def of(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Return the columns it knows, with text as categories."""
        chosen = rows[self.columns].astype(self.kinds)
        chosen.columns = [f"c{place}" for place in range(len(self.columns))]
        return chosen


def held_out(
    X: pd.DataFrame, y: pd.Series, seed: int, *, classes: bool
) -> tuple[pd.DataFrame, pd.Series, pd.DataFrame, pd.Series]:
    """Return rows to learn from and a fifth to stop by, without labels that only the fifth has."""
    few = classes and y.value_counts().min() > 1 and y.nunique() <= FIFTH * len(y)
    X, X_stop, y, y_stop = train_test_split(X, y, test_size=FIFTH, random_state=seed, stratify=y if few else None)
    seen = y_stop.isin(set(y)) if classes else y_stop.notna()
    return X, y, X_stop[seen], y_stop[seen]

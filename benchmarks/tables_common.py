"""What every benchmark over a folder of tables shares: the question, the task, the rows kept away, and the loss.

DATA is a folder with a MANIFEST.json: a list of {file, name, kind, target, leak_columns}.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import log_loss, roc_auc_score, root_mean_squared_error
from sklearn.model_selection import train_test_split

TARGETS = {"beers_dirty": "style", "hospital_dirty": "condition", "gbsg2": "cens", "rossi": "arrest"}
NUMBERS = frozenset({"regression", "forecast", "recommend"})
YES_NO = frozenset({"binary", "anomaly"})
METRICS = {"binary": "roc_auc", "multiclass": "log_loss", "regression": "rmse"}
MOST_LABELS = 30
SMALLEST_P = 1e-6


def entries(data: Path, only: list[str]) -> list[dict[str, Any]]:
    """Return the tables that have a question, or those of them that are named."""
    every = [e for e in json.loads((data / "MANIFEST.json").read_text()) if question(e)]
    return [e for e in every if not only or e["name"] in only]


def question(entry: dict[str, Any]) -> str:
    """Return the column to predict; tables made for other tasks get one that a table task can ask."""
    return entry["target"] or TARGETS.get(entry["name"], "")


def read(entry: dict[str, Any], data: Path) -> pd.DataFrame:
    """Return a table without its leaks; a target that is a number is one."""
    target = question(entry)
    frame = pd.read_csv(data / entry["file"], low_memory=False).drop(columns=entry["leak_columns"])
    if entry["kind"] in {"regression", "forecast"}:
        frame[target] = pd.to_numeric(frame[target], errors="coerce")
    return frame


def task_of(kind: str, y: pd.Series) -> str:
    """Return the task: by the kind of the table, or by its labels where the kind does not say."""
    if kind in NUMBERS:
        return "regression"
    if kind in YES_NO or y.nunique() == 2:
        return "binary"
    if kind != "multiclass" and pd.api.types.is_numeric_dtype(y) and y.nunique() > MOST_LABELS:
        return "regression"
    return "multiclass"


def split(frame: pd.DataFrame, target: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return rows to learn from and fresh rows, balanced over classes where there are few."""
    frame = frame[frame[target].notna()]
    labels = frame[target]
    few = labels.nunique() <= MOST_LABELS and labels.value_counts().min() >= 2
    return train_test_split(frame, test_size=0.25, random_state=seed, stratify=labels if few else None)


def loss(task: str, y: pd.Series, predicted: Any, classes: list[str]) -> float:
    """Return 1 - AUC, log loss or RMSE: less is better."""
    if task == "regression":
        return float(root_mean_squared_error(y.astype(float), predicted))
    P = predicted.reindex(columns=classes).fillna(0.0).to_numpy()
    P = np.clip(P, SMALLEST_P, 1)
    P = P / P.sum(axis=1, keepdims=True)
    truth = y.astype(str).map({label: place for place, label in enumerate(classes)})
    known = truth.notna().to_numpy()
    if task == "binary":
        return float(1 - roc_auc_score(truth[known], P[known, 1]))
    return float(log_loss(truth[known], P[known], labels=range(len(classes))))

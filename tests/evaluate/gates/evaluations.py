"""What `Model.evaluate` makes, in short."""

from __future__ import annotations

from typing import Any


def metric(score: float, low: float | None, high: float | None, *, greater: bool = True, percent: bool = False) -> Any:
    return {
        "score": score,
        "interval": [low, high],
        "label": "",
        "meaning": "",
        "percent": percent,
        "greater_is_better": greater,
    }


Ends = tuple[float, float | None, float | None]


def found(ends: Ends) -> dict[str, Any]:
    return {"value": ends[0], "interval": list(ends[1:])}


def group(name: str, rows: int, **metrics: Ends) -> dict[str, Any]:
    measured = {each: found(ends) for each, ends in metrics.items()}
    return {"column": "sex", "group": name, "rows": rows, "metrics": measured}


def gap(column: str, metric: str, ends: Ends, pair: tuple[str, str], sentence: str) -> dict[str, Any]:
    verdict = "unknown" if ends[1] is None else "worse"
    pairs = {"worst": pair[0], "best": pair[1]}
    more = {"widest": None, "aside": 0, "verdict": verdict, "sentence": sentence}
    return {"column": column, "metric": metric, **found(ends), **pairs, **more}


def evaluation(**more: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "rows": 400,
        "rows_without_target": 0,
        "metric": "roc_auc",
        "metrics": {
            "roc_auc": {**metric(0.82, 0.77, 0.87), "label": "ROC AUC"},
            "accuracy": {**metric(0.75, 0.70, 0.79, percent=True), "label": "accuracy"},
            "log_loss": {**metric(0.5, 0.4, 0.6, greater=False), "label": "log loss"},
        },
        "baseline": {"name": "prior", "difference": {"value": 0.32, "interval": [0.27, 0.37]}},
        "built": {
            "now": 0.82,
            "then": 0.84,
            "difference": {"value": -0.02, "interval": [-0.08, 0.04]},
            "margin": 0.1,
            "rougher": False,
        },
        "calibration": {
            "about": "error of stated probabilities",
            "parts": [
                {"value": 0.01, "interval": [0.0, 0.04], "range": [0.0, 0.2]},
                {"value": 0.06, "interval": [0.02, 0.11], "range": [0.2, 0.9]},
            ],
            "sentence": "Where it is farthest off, it is off.",
        },
        "fairness": [
            group("f", 200, selection_rate=(0.3, 0.25, 0.36), error=(0.2, 0.15, 0.26)),
            group("m", 190, selection_rate=(0.5, 0.43, 0.57), error=(0.3, 0.24, 0.37)),
            group("x", 10, selection_rate=(0.4, None, None)),
        ],
        "gaps": [
            gap("sex", "selection_rate", (0.2, 0.11, 0.29), ("m", "f"), "Women are chosen less often."),
            gap("sex", "error", (0.1, 0.02, 0.18), ("m", "f"), "Men are misjudged more often."),
            gap("age", "error", (0.3, None, None), ("old", "young"), "There are only 3 rows of the old."),
        ],
        "sensitive": ["sex", "age"],
        "slices": [{
            "conditions": [{"column": "age", "text": "age is at most 20"}, {"column": "sex", "text": "sex is 'f'"}],
            "metric": "log loss",
            "rows": 60, "value": 0.7, "rest": 0.55, "difference": 0.15, "interval": [0.05, 0.25], "p": 0.001,
            "sentence": "Of the young women it knows less.",
        }],
        "behaviour": [
            {"name": "sex", "kind": "invariance", "verdict": "pass", "sentence": "Sex."},
            {"name": "income", "kind": "direction", "verdict": "fail", "sentence": "Income."},
            {"name": "typos", "kind": "typos", "verdict": "unknown", "sentence": "Typos."},
        ],
        "speed": {"row_ms": 2.0, "interval": [1.9, 2.1], "rows": 200},
        "contract": {"violations": 2, "messages": ["'age' is gone.", "'x' is out of range."]},
        "unlike": {"share": 0.02, "interval": [0.01, 0.03], "rows": 400, "expected": 0.01},
        "against": {"name": "churn@1", "difference": {"value": 0.0, "interval": [-0.01, 0.01]}},
    }  # fmt: skip
    return {**whole, **more}

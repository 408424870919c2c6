"""Evidence as a real build writes it, from simulated predictions: binary, 19 classes, a number, and hostile ones."""

# ruff: noqa: E501 - sentences stand as a build writes them

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Evidence = dict[str, Any]

RUN: Evidence = {
    "created": "2026-11-03T09:41:27+00:00",
    "seconds": 61.4,
    "budget": 60.0,
    "trials": None,
    "seed": 7,
    "versions": {"mlwright": "0.1.0", "python": "3.11.9", "numpy": "2.4.1", "polars": "2.1.0", "lightgbm": "4.7.0"},
    "machine": {"system": "Linux x86_64", "python": "3.11.9", "cores": 2, "memory_gb": 7.8},
    "command": "mlwright build customers.csv --target churn --budget 60s --seed 7 --out churn/",
    "data_hash": "sha256:5f1d7a84be2f3c9b0d6a1e8c7745f0cd29f3a6b1e4d8c07a95b3e2f16d480ac7",
    "interrupted": False,
}


def wilson(share: float, count: float) -> tuple[float, float]:
    """Return the 95 % interval of a share."""
    scale, centre = 1 + 3.84 / count, share + 1.92 / count
    spread = 1.96 * np.sqrt(share * (1 - share) / count + 0.96 / count**2)
    return float((centre - spread) / scale), float((centre + spread) / scale)


def metric(label: str, score: float, low: float, high: float, meaning: str, **flags: bool) -> Evidence:
    """Return one metric's entry."""
    told = {"percent": False, "greater_is_better": True, **flags}
    return {"label": label, "score": score, "interval": [low, high], "meaning": meaning, **told}


def baseline(name: str, label: str, score: float, interval: list[float], difference: list[float]) -> Evidence:
    """Return one baseline's entry."""
    return {"name": name, "label": label, "score": score, "interval": interval, "difference": difference}


def trial(
    learner: str, label: str, score: float | None, seconds: float | None, weight: float = 0.0, **more: Any
) -> Evidence:
    """Return one row of the leaderboard."""
    told = {
        "configuration": {},
        "memory_mb": None,
        "rounds": None,
        "status": "done",
        "size_bytes": None,
        "row_ms": None,
    }
    return {"learner": learner, "label": label, "score": score, "seconds": seconds, "weight": weight, **told, **more}


def column(
    name: str, kind: str, role: str = "feature", missing: float = 0.0, distinct: int = 2, note: str = ""
) -> Evidence:
    """Return one column's entry."""
    return {"name": name, "kind": kind, "role": role, "missing": missing, "distinct": distinct, "note": note}


def finding(kind: str, message: str, columns: list[str], severity: str = "info", **more: Any) -> Evidence:
    """Return one finding."""
    told = {"rows": [], "confidence": 1.0, "repair": None, "applied": False}
    return {"kind": kind, "message": message, "columns": columns, "severity": severity, **told, **more}


def calibration(happened: np.ndarray, probability: np.ndarray, sentence: str) -> Evidence:
    """Return a calibration curve in ten groups."""
    groups = np.array_split(np.argsort(probability), 10)
    shares = [float(happened[group].mean()) for group in groups]
    bounds = [wilson(share, len(group)) for share, group in zip(shares, groups, strict=True)]
    return {
        "form": "calibration",
        "predicted": [float(probability[group].mean()) for group in groups],
        "observed": shares,
        "lower": [low for low, _ in bounds],
        "upper": [high for _, high in bounds],
        "count": [len(group) for group in groups],
        "sentence": sentence,
    }


def moves(percent: bool, columns: Mapping[str, float], groups: list[list[str]], notes: list[str]) -> Evidence:
    """Return how far columns move answers."""

    def entry(value: float) -> Evidence:
        return {"value": value, "interval": [0.9 * value, 1.1 * value]}

    return {
        "percent": percent,
        "of": "Yes" if percent else None,
        "rows": 500,
        "exact": True,
        "columns": [{"column": name, **entry(value)} for name, value in columns.items()],
        "groups": [{"columns": group, **entry(sum(columns[name] for name in group))} for group in groups],
        "notes": notes,
    }


def whole_of_binary() -> Evidence:
    """Return what is told of the whole model of customers who leave: rules, one pair, a readable one is as good."""
    return {
        "contributions": moves(
            True,
            {"Contract": 0.0738, "tenure": 0.0565, "TotalCharges": 0.0432, "OnlineSecurity": 0.026, "gender": 0.0},
            [["tenure", "TotalCharges"]],
            [
                "The answers move much with 'TotalCharges', but little is lost by shuffling one column alone: the model still has 'tenure' left, with nearly the same to say. Read them together."
            ],
        ),
        "interactions": {
            "looked": 28,
            "tested": 5,
            "percent": True,
            "y_label": "probability of Yes",
            "pairs": [
                {
                    "columns": ["tenure", "Contract"],
                    "kinds": ["integer", "category"],
                    "p": 0.0012,
                    "x": [3.0, 24.0, 64.0],
                    "x2": ["Month-to-month", "Two year"],
                    "answers": [[0.52, 0.09], [0.33, 0.08], [0.19, 0.07]],
                    "sentence": "From 'tenure' 3 to 64 the probability of Yes goes from 52 % to 19 % where 'Contract' is Month-to-month, but from 9 % to 7 % where it is Two year.",
                }
            ],
        },
        "rules": {
            "told": True,
            "measure": "r2",
            "fidelity": 0.841,
            "interval": [0.821, 0.858],
            "rows": 1000,
            "rules": [
                {"if": ["Contract is Month-to-month", "tenure is at most 14"], "answer": 0.61, "share": 0.31},
                {"if": ["Contract is Month-to-month", "tenure is above 14"], "answer": 0.33, "share": 0.24},
                {"if": ["Contract is not Month-to-month"], "answer": 0.07, "share": 0.45},
            ],
        },
        "readable": {
            "is_readable": False,
            "label": "Explainable Boosting Machine",
            "score": 0.8471,
            "best": 0.8489,
            "lost": [0.0018, 0.0002, 0.0034],
            "error": 0.0055,
            "within": True,
            "sentence": "A model that one can read whole (Explainable Boosting Machine) is nearly as good: it is behind by 0.0018 of ROC AUC (95 % interval of what is lost: 0.00020 to 0.0034), less than one standard error of the score itself. Build again with --prefer readable to have it.",
            "y_label": "added to log-odds of Yes",
            "terms": [],
            "left_out": 0,
        },
    }


def whole_of_regression() -> Evidence:
    """Return what is told of the whole model of prices: it can be read, no rules imitate it, no pair was seen."""
    return {
        "contributions": moves(False, {"living_area": 31200.0, "location": 24100.0, "sold_at": 2100.0}, [], []),
        "interactions": {"looked": 3, "tested": 3, "percent": False, "y_label": "sale_price", "pairs": []},
        "rules": {
            "told": False,
            "measure": "r2",
            "fidelity": 0.58,
            "interval": [0.55, 0.61],
            "rows": 1000,
            "rules": [],
        },
        "readable": {
            "is_readable": True,
            "label": "Explainable Boosting Machine",
            "score": 30120.0,
            "best": 29714.0,
            "lost": [406.0, 102.0, 731.0],
            "error": 940.0,
            "within": True,
            "sentence": "This model can be read whole (Explainable Boosting Machine). That costs 410 of RMSE beside the average of all models tried (95 % interval of what is lost: 100 to 730).",
            "y_label": "added to sale_price",
            "total": {
                "start": 180000.0,
                "probability": None,
                "calibrated": False,
                "floor": None,
                "example": {
                    "values": {"living_area": 1500.0, "location": "district A"},
                    "added": [-14000.0, -24000.0, -200.0, 0.0],
                    "rest": 500.0,
                    "sum": 142300.0,
                    "answer": 142300.0,
                },
            },
            "terms": [
                {
                    "columns": ["living_area"],
                    "kind": "number",
                    "size": 31000.0,
                    "x": [500.0, 1300.0, 2400.0, 5000.0, None],
                    "y": [-61000.0, -20000.0, 44000.0, 171000.0, -500.0],
                    "count": [60, 110, 90, 37, 3],
                    "sentence": "'living_area' adds most at 5,000 (+171,000), least at 500 (-61,000), all else alike.",
                },
                {
                    "columns": ["location"],
                    "kind": "category",
                    "size": 24000.0,
                    "x": ["district A", "district B", "(missing)"],
                    "y": [-24000.0, 31000.0, 1000.0],
                    "count": [160, 130, 10],
                    "sentence": "'location' adds most at district B (+31,000), least at district A (-24,000), all else alike.",
                },
                {
                    "columns": ["living_area", "location"],
                    "kind": "pair",
                    "size": 3100.0,
                    "x": [900.0, 3200.0],
                    "x2": ["district A", "district B"],
                    "z": [[1200.0, -900.0], [-4100.0, 5200.0]],
                    "sentence": "What 'living_area' and 'location' add together, beyond what each adds alone.",
                },
                {
                    "columns": ["remarks"],
                    "kind": "other",
                    "size": 900.0,
                    "sentence": "What 'remarks' adds is not drawn: it is text.",
                },
            ],
            "left_out": 2,
        },
    }


def binary() -> Evidence:
    """Return what a build on customers who leave knows."""
    random = np.random.default_rng(1)
    logit = random.normal(-1.4, 1.7, 1409)
    probability = 1 / (1 + np.exp(-logit))
    y = (random.random(1409) < probability).astype(float)
    grid = np.linspace(0.02, 0.96, 48)
    called = probability[None, :] >= grid[:, None]
    found, cases = (called * y).sum(1), y.sum()
    precision, recall = found / np.maximum(called.sum(1), 1), found / cases
    cost = (5 * (cases - found) + (called.sum(1) - found)) / len(y)
    at = int(np.argmin(cost))
    yes = probability >= grid[at]
    counts = [[int(((y == a) & (yes == bool(p))).sum()) for p in (0, 1)] for a in (0, 1)]
    return {
        "question": {
            "target": "churn",
            "task": "binary",
            "task_label": "yes/no question",
            "metric": "roc_auc",
            "metric_label": "ROC AUC",
            "source": "customers.csv",
            "rows": 7043,
            "columns": 21,
            "split": {
                "kind": "random",
                "column": None,
                "reason": "no column tells an order in time, and no value of an id column comes twice.",
            },
            "assumptions": [
                "'churn' has two values (No, Yes), so this is a yes/no question; --task changes it.",
                "'Yes' counts as the answer that is looked for, because it is the rarer one.",
                "'customerID' is a name for each row and is left out; --exclude takes more columns away.",
                "A missed case was said to cost five times a false alarm (--cost-fn 5).",
            ],
            "classes": ["No", "Yes"],
            "positive": "Yes",
            "rows_held_out": 1409,
            "rows_learned": 5634,
        },
        "verdict": {
            "beats_baseline": "yes",
            "sentence": "Of 100 pairs of a customer who left and one who stayed, the model puts 85 in the right order "
            "(95 % interval 83 to 87); the best simple rule, a regularised linear model, manages 83.",
        },
        "score": {
            "metric": "roc_auc",
            "value": 0.8512,
            "interval": [0.8291, 0.8733],
            "method": "Scored once on 1,409 held-out rows, picked at random before anything was learned; learned from the other 5,634.",
            "rows": 1409,
        },
        "baselines": [
            baseline("linear", "regularised linear model", 0.8341, [0.811, 0.8572], [0.0171, 0.0058, 0.0284]),
            baseline("single column", "'tenure' alone", 0.7372, [0.7101, 0.7643], [0.114, 0.0912, 0.1368]),
            baseline("prior", "always the same shares", 0.5, [0.5, 0.5], [0.3512, 0.3291, 0.3733]),
        ],
        "metrics": {
            "roc_auc": metric(
                "ROC AUC",
                0.8512,
                0.8291,
                0.8733,
                "How often a row that is yes gets a higher probability than a row that is no.",
            ),
            "accuracy": metric(
                "accuracy", 0.8041, 0.7825, 0.824, "How many of the rows are answered rightly.", percent=True
            ),
            "log_loss": metric(
                "log loss",
                0.4093,
                0.3871,
                0.4315,
                "How badly probabilities miss the truth; being sure and wrong costs most.",
                greater_is_better=False,
            ),
            "brier": metric(
                "Brier score",
                0.1312,
                0.1231,
                0.1393,
                "The average squared gap between probability and truth.",
                greater_is_better=False,
            ),
            "precision": metric(
                "precision", 0.5121, 0.4755, 0.5486, "Of the rows called yes, how many are.", percent=True
            ),
            "recall": metric(
                "recall", 0.8342, 0.7929, 0.8689, "Of the rows that are yes, how many are found.", percent=True
            ),
        },
        "leaderboard": [
            trial(
                "catboost",
                "CatBoost",
                0.8498,
                9.31,
                0.55,
                configuration={"depth": 6, "rate": 0.05, "l2": 3.0},
                memory_mb=148.0,
                rounds=412,
                size_bytes=1_204_000,
                row_ms=0.21,
            ),
            trial(
                "lightgbm",
                "LightGBM",
                0.8471,
                3.92,
                0.3,
                configuration={"leaves": 15, "rate": 0.04, "rows": 0.8},
                memory_mb=96.0,
                rounds=188,
                size_bytes=640_000,
                row_ms=0.18,
            ),
            trial(
                "linear",
                "Regularised linear",
                0.8433,
                0.81,
                0.15,
                configuration={"penalty": 0.3},
                memory_mb=71.0,
                size_bytes=4_100,
                row_ms=0.03,
            ),
            trial(
                "xgboost",
                "XGBoost",
                0.8429,
                5.2,
                0.0,
                configuration={"depth": 5, "rate": 0.05},
                memory_mb=110.0,
                rounds=231,
                status="stopped",
            ),
            trial("baseline: linear", "regularised linear model", 0.8341, None),
            trial(
                "extratrees",
                "Extremely randomised trees",
                0.8302,
                4.4,
                0.0,
                configuration={"trees": 300},
                memory_mb=310.0,
            ),
            trial("baseline: single column", "'tenure' alone", 0.7372, None),
            trial("baseline: prior", "always the same shares", 0.5, None),
            trial("lightgbm", "LightGBM", None, 0.4, 0.0, status="failed: not enough memory for 4,096 leaves"),
        ],
        **whole_of_binary(),
        "curves": {
            "calibration": calibration(
                y,
                probability,
                "The stated probabilities can be taken at their word: 'Yes' happened about as often as was said, in groups of rows with similar probabilities.",
            ),
            "confusion": {
                "form": "confusion",
                "classes": ["No", "Yes"],
                "counts": counts,
                "sentence": f"{counts[0][0] + counts[1][1]:,} of 1,409 rows were given the right class, so it was wrong in {100 * (counts[0][1] + counts[1][0]) / 1409:.0f} of 100; the most frequent mistake is 'No' taken for 'Yes' ({counts[0][1]:,} times).",
            },
            "threshold": {
                "form": "threshold",
                "threshold": grid.tolist(),
                "precision": precision.tolist(),
                "recall": recall.tolist(),
                "cost": cost.tolist(),
                "chosen": float(grid[at]),
                "stated": True,
                "sentence": f"A row is called 'Yes' from a probability of {grid[at]:.0%} on: {recall[at]:.0%} of all 'Yes' rows are found so, and {precision[at]:.0%} of the rows called 'Yes' are right; an average row costs {cost[at]:.3g}.",
            },
        },
        "learning_curve": {
            "rows": [352, 704, 1408, 2817, 5634],
            "score": [0.8131, 0.8287, 0.8402, 0.8466, 0.8512],
            "low": [0.7871, 0.8041, 0.8171, 0.8241, 0.8291],
            "high": [0.8391, 0.8533, 0.8633, 0.8691, 0.8733],
            "sentence": "Twice as many rows would bring little: the last doubling moved ROC AUC by 0.0046, which is within the noise.",
        },
        "importance": [
            {"column": name, "value": value, "interval": [value - spread, value + spread]}
            for name, value, spread in (
                ("Contract", 0.0713, 0.0081),
                ("tenure", 0.0521, 0.0074),
                ("MonthlyCharges", 0.0312, 0.006),
                ("InternetService", 0.0204, 0.0049),
                ("PaymentMethod", 0.0097, 0.0038),
                ("OnlineSecurity", 0.0081, 0.0032),
                ("TechSupport", 0.0074, 0.0031),
                ("TotalCharges", 0.0052, 0.0029),
                ("PaperlessBilling", 0.0028, 0.0019),
                ("SeniorCitizen", 0.0011, 0.0016),
                ("StreamingMovies", 0.0009, 0.0014),
                ("Dependents", 0.0004, 0.0011),
                ("gender", -0.0001, 0.0007),
                ("PhoneService", -0.0002, 0.0008),
            )
        ],
        "effects": [
            {
                "column": "Contract",
                "kind": "category",
                "x": ["Month-to-month", "One year", "Two year"],
                "y": [0.341, 0.192, 0.094],
                "count": [775, 294, 340],
                "y_label": "probability of Yes",
                "sentence": "Rows with 'Month-to-month' get the highest probability, 34 %, those with 'Two year' the lowest, 9 %.",
            },
            {
                "column": "tenure",
                "kind": "number",
                "x": [1, 3, 6, 10, 16, 24, 33, 43, 54, 64, 72],
                "y": [0.452, 0.401, 0.352, 0.311, 0.274, 0.244, 0.219, 0.201, 0.187, 0.171, 0.163],
                "count": [180, 140, 130, 128, 125, 122, 119, 121, 128, 130, 86],
                "y_label": "probability of Yes",
                "sentence": "The longer somebody has been a customer, the lower the probability: 45 % at 1, 16 % at 72.",
            },
            {
                "column": "MonthlyCharges",
                "kind": "number",
                "x": [19, 25, 40, 50, 60, 70, 80, 90, 100, 116],
                "y": [0.201, 0.206, 0.221, 0.239, 0.251, 0.281, 0.306, 0.331, 0.337, 0.342],
                "count": [200, 160, 90, 120, 110, 180, 200, 160, 120, 69],
                "y_label": "probability of Yes",
                "sentence": "The probability rises with 'MonthlyCharges', from 20 % at 19 to 34 % at 116.",
            },
            {
                "column": "InternetService",
                "kind": "category",
                "x": ["DSL", "Fiber optic", "No"],
                "y": [0.221, 0.324, 0.151],
                "count": [480, 620, 309],
                "y_label": "probability of Yes",
                "sentence": "Rows with 'Fiber optic' get the highest probability, 32 %.",
            },
            {
                "column": "PaymentMethod",
                "kind": "category",
                "x": ["Electronic check", "Mailed check", "Bank transfer (automatic)", "Credit card (automatic)", None],
                "y": [0.298, 0.245, 0.233, 0.229, 0.251],
                "count": [470, 320, 310, 300, 9],
                "y_label": "probability of Yes",
                "sentence": "Rows with 'Electronic check' get the highest probability, 30 %.",
            },
        ],
        "findings": [
            finding(
                "missing",
                "'TotalCharges' is blank in 11 of 7,043 rows (0.16 %), all with a 'tenure' of 0.",
                ["TotalCharges"],
                "warning",
                rows=[488, 753, 936, 1082, 1340, 3331, 3826],
                repair="blank is read as missing, and the model is told which values were missing",
                applied=True,
            ),
            finding(
                "numbers_in_disguise",
                "'TotalCharges' holds numbers that were written as text.",
                ["TotalCharges"],
                repair="read as numbers",
                applied=True,
            ),
            finding(
                "identifier",
                "'customerID' has another value in every row.",
                ["customerID"],
                repair="left out of the model",
                applied=True,
                confidence=0.98,
            ),
            finding("imbalance", "Only 26.5 % of the rows are 'Yes'.", ["churn"]),
            finding(
                "redundant",
                "'MonthlyCharges' times 'tenure' is nearly 'TotalCharges' (correlation 0.999).",
                ["MonthlyCharges", "tenure", "TotalCharges"],
            ),
        ],
        "data": {
            "rows": 7043,
            "hash": RUN["data_hash"],
            "columns": [
                column("customerID", "id", "ignored", 0.0, 7043, "Another value in every row."),
                column("gender", "category", "sensitive", 0.0, 2, "Watched by the audit."),
                column("SeniorCitizen", "boolean", "feature", 0.0, 2, "0 and 1 mean no and yes."),
                column("tenure", "integer", "feature", 0.0, 73),
                column("Contract", "category", "feature", 0.0, 3),
                column("InternetService", "category", "feature", 0.0, 3),
                column("PaymentMethod", "category", "feature", 0.0, 4),
                column("MonthlyCharges", "number", "feature", 0.0, 1585),
                column(
                    "TotalCharges", "number", "feature", 0.0016, 6530, "Numbers written as text; blank means missing."
                ),
                column("churn", "boolean", "target", 0.0, 2),
            ],
        },
        "limits": [
            "Do not use it for rows unlike the 7,043 rows it learned from: other places or times were not tested.",
            "It tells what goes together with 'churn', not what causes it.",
            "The rows that judge were picked at random: if the future differs, expect less.",
            "It may look at 'gender': check the law before it decides about people.",
        ],
        "size": {"model_bytes": 1_910_000, "row_ms": 0.42},
    }


def multiclass() -> Evidence:
    """Return what a build on soybean diseases (19 classes) knows; its verdict is unclear and it is small."""
    random = np.random.default_rng(2)
    names = [
        "diaporthe-stem-canker",
        "charcoal-rot",
        "rhizoctonia-root-rot",
        "phytophthora-rot",
        "brown-stem-rot",
        "powdery-mildew",
        "downy-mildew",
        "brown-spot",
        "bacterial-blight",
        "bacterial-pustule",
        "purple-seed-stain",
        "anthracnose",
        "phyllosticta-leaf-spot",
        "alternarialeaf-spot",
        "frog-eye-leaf-spot",
        "diaporthe-pod-&-stem-blight",
        "cyst-nematode",
        "2-4-d-injury",
        "herbicide-injury",
    ]
    sizes = [20, 20, 20, 88, 44, 20, 20, 92, 20, 20, 20, 44, 20, 91, 91, 15, 14, 16, 8]
    counts = np.zeros((19, 19), dtype=int)
    for position, size in enumerate(sizes):
        wrong = random.random(size) < (0.22 if position in {12, 13, 14} else 0.04)
        other = random.choice([12, 13, 14, 7] if position in {12, 13, 14} else 19, size)
        for miss, place in zip(wrong, other, strict=True):
            counts[position, place if miss else position] += 1
    share = counts.trace() / counts.sum()
    low, high = wilson(share, counts.sum())
    sure = random.beta(6, 1.1, counts.sum())
    right = (random.random(len(sure)) < sure**1.5).astype(float)
    made = copy.deepcopy(binary())
    made["question"] |= {
        "target": "class",
        "task": "multiclass",
        "task_label": "question with several answers",
        "metric": "accuracy",
        "metric_label": "accuracy",
        "source": "soybean.csv",
        "rows": 683,
        "columns": 36,
        "classes": names,
        "positive": None,
        "rows_held_out": 0,
        "rows_learned": 683,
        "assumptions": ["'class' has 19 values, so this is a question with several answers; --task changes it."],
    }
    made["verdict"] = {
        "beats_baseline": "unclear",
        "sentence": f"The model gives the right one of 19 answers to {share:.1%} of rows; whether it beats a regularised linear model cannot be told from 683 rows.",
    }
    made["score"] = {
        "metric": "accuracy",
        "value": share,
        "interval": [low, high],
        "rows": 683,
        "method": "Cross-validation in 5 parts, repeated 4 times over 683 rows, with the effect of choosing among models removed (bootstrap bias correction).",
    }
    made["baselines"] = [
        baseline(
            "linear", "regularised linear model", share - 0.006, [low - 0.008, high - 0.004], [0.006, -0.009, 0.021]
        ),
        baseline("single column", "'leafspots-halo' alone", 0.312, [0.278, 0.347], [share - 0.312, 0.56, 0.64]),
        baseline("prior", "always the same shares", 0.135, [0.111, 0.162], [share - 0.135, 0.74, 0.82]),
    ]
    made["metrics"] = {
        "accuracy": metric("accuracy", share, low, high, "How many of the rows are answered rightly.", percent=True),
        "log_loss": metric(
            "log loss",
            0.241,
            0.197,
            0.285,
            "How badly probabilities miss the truth; being sure and wrong costs most.",
            greater_is_better=False,
        ),
        "macro_f1": metric(
            "macro F1", 0.921, 0.897, 0.945, "Precision and recall in one number, averaged over the classes."
        ),
    }
    for entry in made["leaderboard"]:
        entry["score"] = None if entry["score"] is None else entry["score"] + 0.07
    made["curves"] = {
        "calibration": calibration(
            right,
            sure,
            "Some stated probabilities are too high: where 84% was said on average, the right class happened in 76% of 68 rows.",
        ),
        "confusion": {
            "form": "confusion",
            "classes": names,
            "counts": counts.tolist(),
            "sentence": f"{counts.trace()} of {counts.sum()} rows were given the right class, so it was wrong in {100 - 100 * share:.0f} of 100.",
        },
    }
    made["learning_curve"] = None
    made["findings"] = [
        finding(
            "rare_class",
            "Class 'herbicide-injury' has only 8 rows; what is said of it is uncertain.",
            ["class"],
            "warning",
        ),
        finding(
            "duplicates",
            "52 of 683 rows are exact copies of others.",
            [],
            "warning",
            rows=[13, 57, 88],
            repair="copies are kept in the same part when rows are held out",
            applied=True,
        ),
        finding("missing", "'hail' is missing in 121 of 683 rows (18 %).", ["hail"]),
    ]
    made["data"]["columns"] = [
        column(f"feature-{number}", "category", "feature", 0.01 * (number % 7), 2 + number % 5) for number in range(35)
    ] + [column("class", "category", "target", 0.0, 19)]
    made["importance"] = [
        {
            "column": f"feature-{number}",
            "value": 0.04 / (1 + number) - 0.002,
            "interval": [0.04 / (1 + number) - 0.006, 0.04 / (1 + number) + 0.003],
        }
        for number in range(35)
    ]
    made["effects"] = made["effects"][3:]
    made["slices"] = [
        {
            **kind_of_rows("Contract", "Contract is Month-to-month", 775, "log loss", 0.564, 0.219),
            "excess": [-0.02, 0.03],
            "known": "yes",
        },
        {
            **kind_of_rows("tenure", "tenure is at most 9", 280, "log loss", 0.61, 0.33),
            "excess": [0.03, 0.11],
            "known": "no",
        },
    ]
    return made


def regression() -> Evidence:
    """Return what a build on house prices knows; it does not beat the baseline."""
    random = np.random.default_rng(3)
    predicted = np.exp(random.normal(12.0, 0.4, 500))
    actual = predicted * np.exp(random.normal(0, 0.13, 500))
    made = copy.deepcopy(binary())
    made["question"] |= {
        "target": "sale_price",
        "task": "regression",
        "task_label": "number",
        "metric": "rmse",
        "metric_label": "RMSE",
        "source": "houses-*.parquet",
        "rows": 21613,
        "columns": 20,
        "classes": [],
        "positive": None,
        "rows_held_out": 4323,
        "rows_learned": 17290,
        "split": {
            "kind": "time",
            "column": "sold_at",
            "reason": "the rows are ordered in time by 'sold_at', so a random split would look into the future.",
        },
        "assumptions": [
            "'sale_price' holds many different numbers, so a number is asked for; --task changes it.",
            "Time is told by 'sold_at'; --time names another column.",
        ],
    }
    made["verdict"] = {
        "beats_baseline": "no",
        "sentence": "The predicted 'sale_price' is typically 29,700 off (95 % interval 27,900 to 31,600); a regularised linear model is typically 28,100 off, so this model is not worth using.",
    }
    made["score"] = {
        "metric": "rmse",
        "value": 29714.2,
        "interval": [27911.0, 31602.0],
        "rows": 4323,
        "method": "Scored once on 4,323 held-out rows, the latest by 'sold_at'; learned from the other 17,290.",
    }
    made["baselines"] = [
        baseline("linear", "regularised linear model", 28102.0, [26420.0, 29891.0], [-1612.2, -2411.0, -804.0]),
        baseline("single column", "'living_area' alone", 61230.0, [58001.0, 64312.0], [31515.8, 28011.0, 34911.0]),
        baseline("prior", "always the average", 118402.0, [112005.0, 124891.0], [88687.8, 83004.0, 94101.0]),
    ]
    made["metrics"] = {
        "rmse": metric(
            "RMSE",
            29714.2,
            27911.0,
            31602.0,
            "The typical size of an error; large errors count more.",
            greater_is_better=False,
        ),
        "mae": metric(
            "mean absolute error", 20301.0, 19688.0, 20914.0, "The average size of an error.", greater_is_better=False
        ),
        "r2": metric("R²", 0.874, 0.861, 0.887, "The share of the ups and downs that is explained."),
        "mape": metric(
            "mean percentage error",
            0.1042,
            0.1011,
            0.1073,
            "How far off the number is on average, in percent of the true one.",
            percent=True,
            greater_is_better=False,
        ),
    }
    scale = {0.5: 118402.0, 0.7372: 61230.0, 0.8341: 28102.0}
    for entry in made["leaderboard"]:
        entry["score"] = scale.get(
            entry["score"], None if entry["score"] is None else 30000 * (1 + 2 * (0.85 - entry["score"]))
        )
    made["leaderboard"] = sorted(made["leaderboard"], key=lambda entry: entry["score"] or 1e9)
    made["curves"] = {
        "residuals": {
            "form": "residuals",
            "predicted": predicted.tolist(),
            "actual": actual.tolist(),
            "sentence": "Half of the predicted numbers are less than 14,200 off, and nine of ten are less than 43,900 off.",
        },
        "interval": {
            "form": "interval",
            "level": 0.9,
            "coverage": 0.893,
            "sentence": "The interval given with each number is meant to hold the true one in 90% of rows; it held it in 89.3% of 4,323 rows, as it should be. Half of the intervals are narrower than 61,200.",
        },
    }
    made["learning_curve"] = {
        "rows": [1080, 2161, 4322, 8645, 17290],
        "score": [41200.0, 37100.0, 33900.0, 31600.0, 29714.2],
        "low": [38900.0, 35000.0, 31900.0, 29700.0, 27911.0],
        "high": [43500.0, 39200.0, 35900.0, 33500.0, 31602.0],
        "sentence": "More rows would help: the last doubling lowered RMSE by 1,890.",
    }
    names = ("living_area", "location", "grade", "year_built", "sold_at", "bathrooms")
    made["importance"] = [
        {
            "column": name,
            "value": 21000.0 / (1 + place) ** 1.5,
            "interval": [19000.0 / (1 + place) ** 1.5, 23000.0 / (1 + place) ** 1.5],
        }
        for place, name in enumerate(names)
    ]
    made["effects"] = [
        {
            "column": "living_area",
            "kind": "number",
            "x": [500.0, 900.0, 1300.0, 1800.0, 2400.0, 3200.0, 5000.0],
            "y": [121000.0, 139000.0, 162000.0, 195000.0, 241000.0, 312000.0, 422000.0],
            "count": [90, 420, 900, 1100, 900, 600, 313],
            "y_label": "sale_price",
            "sentence": "The larger 'living_area', the higher the price: 121,000 at 500, 422,000 at 5,000.",
        },
        {
            "column": "sold_at",
            "kind": "number",
            "x": [1.38e9, 1.40e9, 1.42e9, 1.43e9, 1.445e9],
            "y": [184000.0, 187000.0, 189000.0, 194000.0, 197000.0],
            "count": [800, 900, 1000, 900, 723],
            "y_label": "sale_price",
            "sentence": "Later sales bring a little more.",
        },
        {
            "column": "location",
            "kind": "category",
            "x": [f"district {letter}" for letter in "ABCDEFGHIJKLMNOP"],
            "y": [120000.0 + 21000 * place for place in range(16)],
            "count": [20 * (place + 3) for place in range(16)],
            "y_label": "sale_price",
            "sentence": "District P is the dearest.",
        },
    ]
    made["data"]["columns"] = [
        column("sold_at", "datetime", "time", 0.0, 372),
        column("living_area", "integer", "feature", 0.0, 1038),
        column("location", "category", "feature", 0.021, 70),
        column("sale_price", "number", "target", 0.0, 4028),
    ]
    made["slices"] = [
        kind_of_rows("location", f"location is district {letter}", 300, "RMSE", 21000.0 + 900 * place, 17000.0)
        for place, letter in enumerate("ABCD")
    ]
    return made | whole_of_regression()


HOSTILE = "<script>alert('x')</script>\n| `*_\"&🙂\u202e\x00"


def hostile() -> Evidence:
    """Return evidence whose names try to break out."""
    made = copy.deepcopy(binary())
    made["question"] |= {
        "target": HOSTILE,
        "source": HOSTILE,
        "classes": [HOSTILE, "x" * 300],
        "positive": HOSTILE,
        "assumptions": [HOSTILE],
    }
    made["verdict"]["sentence"] = HOSTILE
    for entry in [*made["importance"], *made["effects"]]:
        entry["column"] = HOSTILE
    for entry in made["contributions"]["columns"]:
        entry["column"] = HOSTILE
    made["contributions"] |= {"of": HOSTILE, "notes": [HOSTILE]}
    made["contributions"]["groups"][0]["columns"] = [HOSTILE] * 9
    made["interactions"]["y_label"] = HOSTILE
    made["interactions"]["pairs"][0] |= {"columns": [HOSTILE] * 2, "x2": [HOSTILE, "y" * 500], "sentence": HOSTILE}
    made["rules"]["rules"][0]["if"] = [HOSTILE, "x" * 300]
    made["readable"] = copy.deepcopy(whole_of_regression()["readable"]) | {"sentence": HOSTILE, "y_label": HOSTILE}
    for term in made["readable"]["terms"]:
        term |= {"columns": [HOSTILE] * len(term["columns"]), "sentence": HOSTILE}
    made["readable"]["terms"][1]["x"] = [HOSTILE, "", "y" * 500]
    made["effects"][0]["x"] = [HOSTILE, "", "y" * 500]
    for entry in made["effects"]:
        entry["y_label"] = HOSTILE
    made["curves"]["confusion"]["classes"] = [HOSTILE, "x" * 300]
    for entry in made["leaderboard"]:
        entry |= {"label": HOSTILE, "configuration": {HOSTILE: HOSTILE}}
    for entry in made["baselines"]:
        entry["label"] = HOSTILE
    made["findings"] = [
        finding(HOSTILE, HOSTILE, [HOSTILE] * 40, severity, repair=HOSTILE) for severity in ("error", "warning", "info")
    ]
    made["data"]["columns"] = [column(HOSTILE, HOSTILE, HOSTILE, 0.5, 3, HOSTILE), column("", "text")]
    made["limits"] = [HOSTILE]
    made["slices"] = [
        {**kind_of_rows(HOSTILE, HOSTILE, 3, HOSTILE, 0.1, 0.0), "rest": None, "sentence": HOSTILE},
    ]
    return made


def kind_of_rows(column: str, text: str, rows: int, metric: str, value: float, rest: float) -> dict[str, object]:
    """Return a slice on which the model errs more."""
    return {
        "conditions": [{"column": column, "text": text}],
        "rows": rows,
        "metric": metric,
        "value": value,
        "rest": rest,
        "difference": value - rest,
        "interval": [0.5 * (value - rest), 1.5 * (value - rest)],
        "p": 0.001,
        "excess": None,
        "known": None,
        "sentence": f"Where {text} ({rows} rows), the model errs more: {metric} {value:g} instead of {rest:g} elsewhere.",
    }


def huge() -> Evidence:
    """Return evidence of 10,000 columns, 200 classes, 500 trials and 5,000 findings."""
    made = copy.deepcopy(binary())
    names = [f"a rather long name of a column, number {number}" for number in range(10_000)]
    made["question"] |= {"columns": 10_000, "classes": [f"class {number}" for number in range(200)], "positive": None}
    made["data"]["columns"] = [
        column(name, "number", "feature", 0.1, 12, "A note of some length about it.") for name in names
    ]
    made["importance"] = [
        {"column": name, "value": 1 / (1 + place), "interval": [0.9 / (1 + place), 1.1 / (1 + place)]}
        for place, name in enumerate(names)
    ]
    made["findings"] = [
        finding("constant", f"'{name}' has the same value in all rows.", [name], "info" if place % 2 else "warning")
        for place, name in enumerate(names[:5000])
    ]
    made["leaderboard"] = [
        trial("lightgbm", "LightGBM", 0.9 - place / 1e4, 1.0, float(place < 80) / 80, configuration={"leaves": place})
        for place in range(500)
    ] + made["leaderboard"]
    counts = np.random.default_rng(4).integers(0, 9, (200, 200)) + 50 * np.eye(200, dtype=int)
    made["curves"]["confusion"] |= {"classes": made["question"]["classes"], "counts": counts.tolist()}
    made["effects"][0] |= {"x": [f"value {number}" for number in range(3000)], "y": [0.3] * 3000, "count": [1] * 3000}
    made["slices"] = [
        kind_of_rows(names[place], f"{names[place]} is yes", 9, "log loss", 0.5, 0.4) for place in range(900)
    ]
    return made


def bare() -> Evidence:
    """Return the least that a build which was interrupted knows: lists empty, numbers unknown."""
    made = copy.deepcopy(binary())
    made["question"] |= {"assumptions": [], "positive": None, "classes": []}
    made["verdict"] = {"beats_baseline": "unclear", "sentence": "There were too few rows to tell."}
    made["score"] |= {"value": None, "interval": [None, None]}
    made["baselines"] = [baseline("prior", "always the same shares", 0.5, [None, None], [None, None, None])]  # type: ignore[list-item]
    nothing: Mapping[str, Any] = {
        "metrics": {},
        "leaderboard": [],
        "curves": {},
        "learning_curve": None,
        "importance": [],
        "effects": [],
        "slices": [],
        **dict.fromkeys(("contributions", "interactions", "rules", "readable")),
        "findings": [],
        "limits": [],
    }
    made |= nothing
    made["data"] = {"rows": 3, "hash": "", "columns": []}
    made["size"] = {"model_bytes": None, "row_ms": None}
    return made


MAKERS: dict[str, Callable[[], Evidence]] = {
    "binary": binary,
    "multiclass": multiclass,
    "regression": regression,
    "hostile": hostile,
    "huge": huge,
    "bare": bare,
}

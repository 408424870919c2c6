"""The metrics of each task, the default one first: declarations over the functions of `scores`."""

from __future__ import annotations

import math

from mlwright.tasks import scores
from mlwright.tasks.base import Metric

SHARE = (0.0, 1.0)
LOSS = (0.0, math.inf)

LOG_LOSS = Metric(
    "log_loss",
    greater_is_better=False,
    score=scores.log_loss,
    losses=scores.log_loss_rows,
    interval="bootstrap",
    bounds=LOSS,
    meaning="How far the stated probabilities are from what happened; 0 is perfect, and being surely wrong costs most.",
    label="log loss",
)
ACCURACY = Metric(
    "accuracy",
    greater_is_better=True,
    score=scores.accuracy,
    losses=scores.wrong_rows,
    interval="wilson",
    bounds=SHARE,
    meaning="The share of rows that get the right answer.",
    label="accuracy",
    decided=True,
    verdict="gives the right answer in {score} of rows (95 % interval {low} to {high})",
    percent=True,
)
BALANCED_ACCURACY = Metric(
    "balanced_accuracy",
    greater_is_better=True,
    score=scores.balanced_accuracy,
    losses=None,
    interval="bootstrap",
    bounds=SHARE,
    meaning="The share of rows that get the right answer, where each class counts the same however rare it is.",
    label="balanced accuracy",
    decided=True,
    verdict="gives the right answer in {score} of the rows of an average class (95 % interval {low} to {high})",
    percent=True,
)

BINARY: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "roc_auc",
            greater_is_better=True,
            score=scores.roc_auc,
            losses=None,
            interval="delong",
            bounds=SHARE,
            meaning="The chance that a case is ranked above a row that is no case; 0.5 is guessing and 1 is perfect.",
            label="ROC AUC",
            verdict="tells which of two rows, one a case and one not, is the case in {score_100} of 100 pairs "
            "(95 % interval {low_100} to {high_100}; guessing tells 50)",
        ),
        LOG_LOSS,
        Metric(
            "brier",
            greater_is_better=False,
            score=scores.brier,
            losses=scores.brier_rows,
            interval="bootstrap",
            bounds=SHARE,
            meaning="The squared distance between the stated probability and what happened; 0 is perfect.",
            label="Brier score",
        ),
        ACCURACY,
        BALANCED_ACCURACY,
        Metric(
            "f1",
            greater_is_better=True,
            score=scores.f1,
            losses=None,
            interval="bootstrap",
            bounds=SHARE,
            meaning="One number for finding the cases and not crying wolf (precision and recall); 1 is perfect.",
            label="F1",
            decided=True,
        ),
        Metric(
            "precision",
            greater_is_better=True,
            score=scores.precision,
            losses=None,
            interval="bootstrap",
            bounds=SHARE,
            meaning="Of the rows called a case, the share that are one.",
            label="precision",
            decided=True,
            verdict="is right in {score} of the rows that it calls a case (95 % interval {low} to {high})",
            percent=True,
        ),
        Metric(
            "recall",
            greater_is_better=True,
            score=scores.recall,
            losses=None,
            interval="bootstrap",
            bounds=SHARE,
            meaning="Of all cases, the share that is found.",
            label="recall",
            decided=True,
            verdict="finds {score} of the cases (95 % interval {low} to {high})",
            percent=True,
        ),
        Metric(
            "average_precision",
            greater_is_better=True,
            score=scores.average_precision,
            losses=None,
            interval="bootstrap",
            bounds=SHARE,
            meaning="How pure the top of the ranking is, over all cut-offs; guessing gives the share of cases.",
            label="average precision",
        ),
    )
}

MULTICLASS: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        LOG_LOSS,
        ACCURACY,
        BALANCED_ACCURACY,
        Metric(
            "macro_f1",
            greater_is_better=True,
            score=scores.macro_f1,
            losses=None,
            interval="bootstrap",
            bounds=SHARE,
            meaning="How well each class is found without being called wrongly, where each class counts the same.",
            label="macro F1",
            decided=True,
        ),
        Metric(
            "top_3_accuracy",
            greater_is_better=True,
            score=scores.top_3_accuracy,
            losses=scores.top_3_rows,
            interval="wilson",
            bounds=SHARE,
            meaning="The share of rows whose true class is among the three likeliest.",
            label="top-3 accuracy",
            verdict="has the right class among its three likeliest in {score} of rows (95 % interval {low} to {high})",
            percent=True,
        ),
    )
}

REGRESSION: dict[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric(
            "rmse",
            greater_is_better=False,
            score=scores.rmse,
            losses=scores.squared_rows,
            interval="bootstrap",
            bounds=LOSS,
            meaning="How far off the number is, in the target's unit, where large errors count more than small ones.",
            label="RMSE",
            verdict="is {score} off, where large errors count more (95 % interval {low} to {high})",
        ),
        Metric(
            "mae",
            greater_is_better=False,
            score=scores.mae,
            losses=scores.absolute_rows,
            interval="bootstrap",
            bounds=LOSS,
            meaning="How far off the number is on average, in the target's unit.",
            label="mean absolute error",
            verdict="is {score} off on average (95 % interval {low} to {high})",
        ),
        Metric(
            "median_absolute_error",
            greater_is_better=False,
            score=scores.median_absolute_error,
            losses=None,
            interval="bootstrap",
            bounds=LOSS,
            meaning="Half of the rows are less far off than this, in the target's unit.",
            label="median absolute error",
            verdict="is less than {score} off in half of the rows (95 % interval {low} to {high})",
        ),
        Metric(
            "r2",
            greater_is_better=True,
            score=scores.r2,
            losses=scores.squared_rows,
            interval="bootstrap",
            bounds=(-math.inf, 1.0),
            meaning="The share of the target's ups and downs that is explained; 0 is no better than the mean.",
            label="R²",
            verdict="explains {score} of the target's ups and downs, 1 being all (95 % interval {low} to {high})",
        ),
        Metric(
            "mape",
            greater_is_better=False,
            score=scores.mape,
            losses=scores.percentage_rows,
            interval="bootstrap",
            bounds=LOSS,
            meaning="How far off the number is on average, in percent of the true one, where that is above zero.",
            label="mean percentage error",
            verdict="is {score} off on average (95 % interval {low} to {high})",
            percent=True,
        ),
    )
}

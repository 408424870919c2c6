"""NannyML's defaults on chunks: python nannyml_chunks.py performance|columns REFERENCES.npy STREAMS.npy CHUNK.

performance: errors (rows, deployments), realised accuracy against three standard deviations of the reference's chunks.
columns: (deployments, rows, columns), univariate drift. Prints the row at the end of the first chunk with an alert of
each deployment, or null.
"""

import json
import os
import sys
import warnings

os.environ["NML_DISABLE_USAGE_LOGGING"] = "1"

import nannyml as nml
import numpy as np
import pandas as pd

warnings.simplefilter("ignore")


def alerts_of(result):
    frame = result.filter(period="analysis").to_df()
    flags = [column for column in frame.columns if column[-1] == "alert"]
    return frame[flags].any(axis=1).to_numpy()


def performance(wrong):
    right = {"y": np.zeros(len(wrong), dtype=int), "predicted": wrong.astype(int)}
    return pd.DataFrame(right | {"probability": wrong.astype(float)})  # must be given; accuracy does not look at it


def main():
    kind, references, streams, chunk = sys.argv[1], np.load(sys.argv[2]), np.load(sys.argv[3]), int(sys.argv[4])
    if kind == "performance":
        references, streams = references.T, streams.T
    for reference, stream in zip(references, streams, strict=True):
        if kind == "performance":
            before, now = performance(reference), performance(stream)
            calculator = nml.PerformanceCalculator(
                problem_type="classification_binary",
                metrics=["accuracy"],
                y_true="y",
                y_pred="predicted",
                y_pred_proba="probability",
                chunk_size=chunk,
            )
        else:
            names = [f"c{place}" for place in range(stream.shape[1])]
            before, now = (pd.DataFrame(each, columns=names) for each in (reference, stream))
            calculator = nml.UnivariateDriftCalculator(column_names=names, chunk_size=chunk)
        calculator.fit(before)
        alerts = alerts_of(calculator.calculate(now))
        print(json.dumps(int(alerts.argmax() + 1) * chunk if alerts.any() else None), flush=True)


main()

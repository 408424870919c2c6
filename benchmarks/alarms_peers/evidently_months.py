"""Evidently's default data drift preset: python evidently_months.py REFERENCES.npy STREAMS.npy MONTHS.

References (deployments, rows, columns) and streams alike, cut into months. Prints one line for each deployment: in
how many months a column was said to drift, and in how many the whole data set.
"""

import json
import sys
import warnings

import numpy as np
import pandas as pd
from evidently import Dataset, Report
from evidently.presets import DataDriftPreset

warnings.simplefilter("ignore")


def frame(values):
    return Dataset.from_pandas(pd.DataFrame(values, columns=[f"c{place}" for place in range(values.shape[1])]))


def main():
    references, streams, months = np.load(sys.argv[1]), np.load(sys.argv[2]), int(sys.argv[3])
    for reference, stream in zip(references, streams, strict=True):
        any_column = whole = 0
        for month in np.array_split(stream, months):
            run = Report([DataDriftPreset()]).run(frame(month), frame(reference))
            for metric in run.dict()["metrics"]:
                if "DriftedColumnsCount" in metric["metric_name"]:
                    any_column += metric["value"]["count"] > 0
                    whole += metric["value"]["share"] >= 0.5
        print(json.dumps({"any column": int(any_column), "data set": int(whole)}), flush=True)


main()

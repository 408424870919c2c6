"""River's detectors, as they come, on streams from a file: python river_detectors.py STREAMS.npy zeros|numbers.

Prints, for each detector, the row at which each stream (a column) first was said to drift, or null.
"""

import json
import sys

import numpy as np
from river import drift

ANY = {"ADWIN": drift.ADWIN, "KSWIN": lambda: drift.KSWIN(seed=0), "PageHinkley": drift.PageHinkley}
ONLY_ERRORS = {
    "DDM": drift.binary.DDM,
    "EDDM": drift.binary.EDDM,
    "FHDDM": drift.binary.FHDDM,
    "HDDM_A": drift.binary.HDDMA,
    "HDDM_W": drift.binary.HDDMW,
}
SLOW = {"KSWIN": 100_000}
"""Rows after which no more streams are begun: one row takes as long as hundreds of another detector's."""


def first(detector, values):
    for row, value in enumerate(values, 1):
        detector.update(value)
        if detector.drift_detected:
            return row
    return None


def main():
    streams, kind = np.load(sys.argv[1]), sys.argv[2]
    for name, make in (ANY | ONLY_ERRORS if kind == "zeros" else ANY).items():
        found, rows = [], 0
        for column in streams.T:
            if rows >= SLOW.get(name, np.inf):
                break
            found.append(first(make(), column.tolist()))
            rows += found[-1] or len(column)
        print(json.dumps({"detector": f"river {name}", "first": found}), flush=True)


main()

"""Whether MLflow itself loads, asks and serves what `mlwright export --to mlflow` writes.

    python -m venv mlflow-env && mlflow-env/bin/pip install mlflow EXPORT/wheels/*.whl
    python benchmarks/export_mlflow.py EXPORT --python mlflow-env/bin/python [--no-serve]

EXPORT is a folder that was exported. MLflow stands in an environment of its own: the repository does not need it. The
model's answers to its own test rows, as frames of several types, are compared with those that MLflow gives.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np

import mlwright as mw

ASK = """
import json, sys
import mlflow, pandas as pd
folder, rows = sys.argv[1:]
model = mlflow.pyfunc.load_model(folder)
frame = pd.DataFrame(json.loads(open(rows).read()))
example = model.input_example
frames = {"plain": frame, "objects": frame.astype(object), "first": frame[:1]}
answers = {name: model.predict(each) for name, each in frames.items()}
assert len(model.predict(example)) == len(example), "the input example"
signature = mlflow.models.get_model_info(folder).signature
assert list(answers["plain"].columns) == signature.outputs.input_names(), "the declared columns"
assert not set(signature.inputs.input_names()) - set(frame.columns), "the columns that go in"
print("mlflow", mlflow.__version__, file=sys.stderr)
print(json.dumps({name: table.to_dict("list") for name, table in answers.items()}))
"""
WAIT_S = 120


def expected(model: mw.Model, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return what the model answers, as columns."""
    found = model.answer(rows)
    if found.probabilities is None:
        assert found.lower is not None
        assert found.upper is not None
        return {"prediction": found.values.tolist(), "lower": found.lower.tolist(), "upper": found.upper.tolist()}
    shares = {f"probability_{label}": found.probabilities[:, at].tolist() for at, label in enumerate(found.classes)}
    return {"prediction": found.values.tolist(), **shares}


def compare(told: dict[str, list[Any]], known: dict[str, list[Any]]) -> float:
    """Return the largest difference; labels have to be the same."""
    assert list(told) == list(known), (list(told), list(known))
    worst = 0.0
    for name, values in known.items():
        if values and isinstance(values[0], float):
            worst = max(worst, float(np.abs(np.array(told[name]) - np.array(values)).max()))
        else:
            assert told[name] == values, name
    return worst


def asked(python: str, folder: Path, rows: list[dict[str, Any]]) -> dict[str, dict[str, list[Any]]]:
    with tempfile.TemporaryDirectory() as place:
        file = Path(place) / "rows.json"
        file.write_text(json.dumps(rows), encoding="utf-8")
        command = [python, "-c", ASK, str(folder), str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr[-3000:])
    print(done.stderr.strip().splitlines()[-1])
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def served(python: str, folder: Path, rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    """Return what MLflow's own scoring server answers; it is ended afterwards with all its workers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    scripts = str(Path(python).parent)
    command = [python, "-m", "mlflow", "models", "serve", "--model-uri", str(folder), "--env-manager", "local"]
    process = subprocess.Popen(
        [*command, "--port", str(port)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        env={**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"},
    )  # fmt: skip
    body = json.dumps({"dataframe_records": rows}).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}/invocations", body, {"content-type": "application/json"})
    try:
        end = time.monotonic() + WAIT_S
        while True:
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    told = json.loads(answer.read())["predictions"]
                return {name: [row[name] for row in told] for name in told[0]}
            except urllib.error.HTTPError as error:
                sys.exit(error.read().decode()[-2000:])
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.5)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=Path)
    parser.add_argument("--python", required=True, help="of an environment with mlflow and mlwright")
    parser.add_argument("--no-serve", action="store_true")
    options = parser.parse_args()
    model = mw.load(options.export / "model")
    rows = [dict(row) for row in model.parts.golden]
    known = expected(model, rows)
    for name, told in asked(options.python, options.export, rows).items():
        part = {column: values[: len(told["prediction"])] for column, values in known.items()}
        print(f"{name}: {len(told['prediction'])} rows, largest difference {compare(told, part):.3g}")
    if not options.no_serve:
        told = served(options.python, options.export, rows)
        print(f"served: {len(rows)} rows, largest difference {compare(told, known):.3g}")


if __name__ == "__main__":
    main()

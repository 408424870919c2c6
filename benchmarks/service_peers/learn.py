"""Learns the pipeline that people serve with other tools: scikit-learn's encoders before LightGBM, read by pandas.

python learn.py TABLE.csv OUT [mlflow|bentoml|plain]
"""

from __future__ import annotations

import sys
from pathlib import Path

import joblib
import pandas as pd
from lightgbm import LGBMClassifier
from sklearn.compose import ColumnTransformer
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder


def main() -> None:
    table, out, kind = sys.argv[1:4]
    frame = pd.read_csv(table)
    X, y = frame.drop(columns="y"), frame["y"]
    words = [name for name in X if X[name].dtype.kind not in "biuf"]
    encoded = ColumnTransformer([("words", OneHotEncoder(handle_unknown="ignore"), words)], remainder="passthrough")
    pipeline = Pipeline([("encode", encoded), ("model", LGBMClassifier(n_estimators=200, num_leaves=31, verbose=-1))])
    pipeline.fit(X, y)
    if kind == "mlflow":
        import mlflow.sklearn
        from mlflow.models import infer_signature

        signature = infer_signature(X.head(100), pipeline.predict(X.head(100)))
        mlflow.sklearn.save_model(pipeline, out, signature=signature, serialization_format="cloudpickle")
        return
    Path(out).mkdir(parents=True, exist_ok=True)
    joblib.dump(pipeline, Path(out) / "pipeline.joblib")


if __name__ == "__main__":
    main()

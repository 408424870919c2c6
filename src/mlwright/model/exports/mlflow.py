"""--to mlflow: the folder of an MLflow model, written without MLflow; `mlflow_flavor` is what loads it there.

MLmodel                    what it is, for MLflow: the loader, the columns that go in and what comes out
requirements.txt, python_env.yaml    what it is to be installed with
wheels/                    mlwright itself
model/                     the model's own folder
input_example.json, serving_input_example.json    two rows as a client sends them
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from pathlib import Path
from shlex import quote
from typing import Any, Final

from mlwright.columns import read_rows
from mlwright.model.exports.exported import Exported
from mlwright.model.exports.facts import digest, reference
from mlwright.model.exports.pins import pins
from mlwright.model.exports.place import write_folder
from mlwright.model.exports.wheel import wheel as wheel_of
from mlwright.model.folder import to_files
from mlwright.model.parts import RowParts
from mlwright.values import raw_value

LOADER: Final = "mlwright.model.exports.mlflow_flavor"
MARK: Final = LOADER.encode()
NEEDS: Final = "mlflow>=2.20"
"""Schemas know columns of any type: a column of whole numbers with gaps is of another type than one without, and a
frame of the one would be refused where the other was declared."""
EXAMPLES: Final = 2


def write(parts: RowParts, path: Path, wheel: Path | None = None) -> Exported:
    """Write the folder. Raises OutputError, and SourceError where the wheel is none."""
    name, data = wheel_of(wheel)
    example = _example(parts)
    files = {
        "MLmodel": _yaml(_described(parts)).encode(),
        "python_env.yaml": _yaml(
            {
                "python": platform.python_version(),
                "build_dependencies": ["pip", "setuptools", "wheel"],
                "dependencies": ["-r requirements.txt"],
            }
        ).encode(),
        "requirements.txt": "\n".join([NEEDS, f"wheels/{name}", *pins(), ""]).encode(),
        f"wheels/{name}": data,
        "input_example.json": json.dumps(example).encode(),
        "serving_input_example.json": json.dumps({"dataframe_split": example}).encode(),
        **{f"model/{file}": held for file, held in to_files(parts).items()},
    }
    write_folder(path, files, MARK, of="MLmodel")
    return Exported(
        to="mlflow",
        path=path,
        model=reference(parts),
        bytes=sum(map(len, files.values())),
        next=f"mlflow models serve --model-uri {quote(str(path))} --env-manager local",
    )


def _described(parts: RowParts) -> Mapping[str, Any]:
    """Return what the file MLmodel says."""
    inputs = [{"type": "any", "name": column.name, "required": False} for column in parts.columns]
    outputs = [{"type": _label_type(parts), "name": "prediction", "required": True}]
    more = [f"probability_{label}" for label in parts.classes] or ["lower", "upper"]
    outputs += [{"type": "double", "name": name, "required": True} for name in more]
    created = parts.run.get("created")
    columns = {column.name: column.kind for column in parts.columns}
    return {
        "flavors": {
            "python_function": {
                "data": "model",
                "env": {"virtualenv": "python_env.yaml"},
                "loader_module": LOADER,
                "python_version": platform.python_version(),
            }
        },
        "metadata": {
            "mlwright": {
                "model": reference(parts),
                "digest": digest(parts),
                "task": parts.task,
                "target": parts.target,
                "columns": json.dumps(columns),
            }
        },
        "saved_input_example_info": {
            "artifact_path": "input_example.json",
            "pandas_orient": "split",
            "serving_input_path": "serving_input_example.json",
            "type": "dataframe",
        },
        "signature": {"inputs": json.dumps(inputs), "outputs": json.dumps(outputs), "params": None},
        **({"utc_time_created": created.replace("T", " ")[:19]} if isinstance(created, str) else {}),
    }


def _label_type(parts: RowParts) -> str:
    """Return MLflow's name for the type of the answers."""
    if not parts.classes:
        return "double"
    kinds = {type(label) for label in parts.classes}
    named = {bool: "boolean", int: "long", float: "double"}
    return named.get(kinds.pop(), "string") if len(kinds) == 1 else "string"


def _example(parts: RowParts) -> dict[str, Any]:
    """Return two rows as a frame in JSON: golden rows, with their values as they are read."""
    rows = read_rows(parts.golden[:EXAMPLES] or [dict.fromkeys(column.name for column in parts.columns)], parts.columns)
    read = [rows.row(place) for place in range(rows.rows)]
    data = [[raw_value(row[column.name], column) for column in parts.columns] for row in read]
    return {"columns": [column.name for column in parts.columns], "data": data}


def _yaml(told: Mapping[str, Any], indent: str = "") -> str:
    """Return nested objects and lists of texts as YAML: every key and text is in JSON's quotes, which YAML shares."""
    lines = []
    for key, value in told.items():
        name = key if key.isidentifier() else json.dumps(key, ensure_ascii=False)
        if isinstance(value, Mapping):
            lines.append(f"{indent}{name}:\n{_yaml(value, indent + '  ')}")
        elif isinstance(value, list):
            lines.append(f"{indent}{name}:\n" + "".join(f"{indent}- {json.dumps(each)}\n" for each in value))
        else:
            lines.append(f"{indent}{name}: {json.dumps(value, ensure_ascii=False)}\n")
    return "".join(lines)

"""Recommending needs NumPy alone: nothing else may even be imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from mlwright.model.recommender import Answering
from mlwright.model.recommender.files import golden_requests, to_files
from mlwright.tasks.recommend.interactions import Interactions

SCRIPT = """
import importlib.abc, json, sys
from pathlib import Path

STANDARD = set(sys.stdlib_module_names) | {"numpy", "mlwright"}

class OnlyNumPy(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] not in STANDARD and not name.startswith("_"):
            raise ImportError(f"{name} is not there")

sys.meta_path.insert(0, OnlyNumPy())
for name in ("polars", "scipy", "sklearn", "pandas", "lightgbm", "narwhals", "pyarrow"):
    sys.modules[name] = None
from mlwright.model.arrays import read_arrays
from mlwright.model.recommender.files import from_files
from mlwright.tasks.recommend.request import read_request

class Stored:
    def json(self, name):
        return json.loads((Path(sys.argv[1]) / name).read_bytes())

    def arrays(self, name):
        return read_arrays((Path(sys.argv[1]) / name).read_bytes(), name)

answer = from_files(Stored()).answer(read_request(json.loads(sys.stdin.read())))
print(json.dumps(answer.to_dict()))
"""


def test_it_answers_where_only_numpy_is(featured: tuple[Answering, Interactions], tmp_path: Path) -> None:
    from mlwright.tasks.recommend.request import read_request

    answering, log = featured
    golden = golden_requests(log, answering.catalogue)
    for name, data in to_files(answering, golden).items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(data)
    source = Path(sys.modules["mlwright"].__file__ or "").parents[1]
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, str(tmp_path)],
        input=json.dumps(golden[-1]),
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(source)},
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == answering.answer(read_request(golden[-1])).to_dict()

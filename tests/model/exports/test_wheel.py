"""The wheel that travels with an export is one that pip installs, and holds the code that runs now."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

import mlwright
from mlwright.errors import SourceError
from mlwright.model.exports.wheel import _packed, wheel

SOURCE = Path(mlwright.__file__).parent


@pytest.fixture(scope="module")
def packed() -> tuple[str, zipfile.ZipFile]:
    name, data = wheel(None)
    return name, zipfile.ZipFile(io.BytesIO(data))


def test_it_holds_the_code_that_runs_now(packed: tuple[str, zipfile.ZipFile]) -> None:
    name, archive = packed
    assert name == f"mlwright-{metadata.version('mlwright')}-py3-none-any.whl"
    names = set(archive.namelist())
    assert {f"mlwright/{path.relative_to(SOURCE).as_posix()}" for path in SOURCE.rglob("*.py")} <= names
    assert {"mlwright/learn/forest.wat", "mlwright/data/bank_marketing.csv.gz"} <= names
    assert archive.read("mlwright/errors.py") == (SOURCE / "errors.py").read_bytes()
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_its_record_names_every_file_with_its_hash(packed: tuple[str, zipfile.ZipFile]) -> None:
    name, archive = packed
    within = name.removesuffix("-py3-none-any.whl") + ".dist-info"
    record = {row[0]: row[1:] for row in csv.reader(io.StringIO(archive.read(f"{within}/RECORD").decode()))}
    assert set(record) == set(archive.namelist())
    for file, (digest, size) in record.items():
        if digest:
            data = archive.read(file)
            expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            assert (digest, size) == (f"sha256={expected}", str(len(data))), file
    assert "mlwright = mlwright.cli:main" in archive.read(f"{within}/entry_points.txt").decode()
    assert "Requires-Dist: numpy" in archive.read(f"{within}/METADATA").decode()


def test_the_code_in_it_runs(tmp_path: Path, packed: tuple[str, zipfile.ZipFile]) -> None:
    packed[1].extractall(tmp_path)
    code = "import mlwright; print(mlwright.__file__); print(mlwright.__version__)"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [str(tmp_path / "mlwright" / "__init__.py"), mlwright.__version__]


def test_equal_code_gives_equal_bytes() -> None:
    assert _packed.__wrapped__() == _packed.__wrapped__()


def test_a_given_wheel_is_taken_as_it_is(tmp_path: Path) -> None:
    name, data = wheel(None)
    (tmp_path / name).write_bytes(data)
    assert wheel(tmp_path / name) == (name, data)


@pytest.mark.parametrize("name", ["mlwright-0.1.0-py3-none-any.whl", "other-1.0-py3-none-any.whl", "notes.txt"])
def test_what_is_no_wheel_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"no zip")
    with pytest.raises(SourceError, match="no wheel of mlwright"):
        wheel(tmp_path / name)
    with pytest.raises(SourceError, match="cannot be read"):
        wheel(tmp_path / "elsewhere" / name)

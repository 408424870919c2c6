"""A test that hangs is named and ended: where it waits in native code, and where it waits again as it clears up."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HANGS = """
import ctypes
import signal
import threading

import pytest


def test_native():
    signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    ctypes.PyDLL(None).pause()  # which keeps the interpreter


@pytest.fixture
def endless():
    yield
    threading.Event().wait()


def test_clearing_up(endless):
    raise AssertionError


def test_swallowing():
    while True:
        try:
            threading.Event().wait()
        except BaseException:
            pass
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's")
@pytest.mark.parametrize("name", ["test_native", "test_clearing_up", "test_swallowing"])
def test_what_hangs_is_named_and_ended(tmp_path: Path, name: str) -> None:
    (tmp_path / "test_hangs.py").write_text(HANGS)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    environment = {each: value for each, value in os.environ.items() if not each.startswith("PYTEST_")}
    environment["MLWRIGHT_TEST_LONGEST_S"] = "2"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.conftest", "-p", "no:cacheprovider", "-p", "no:xdist"),
            *("--timeout", "1", "--rootdir", str(tmp_path), f"{tmp_path / 'test_hangs.py'}::{name}"),
        ],
        cwd=Path(__file__).parents[1],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 1
    assert "Timeout (0:00:0" in done.stderr
    assert "test_hangs.py" in done.stderr or "threading.py" in done.stderr

"""Exit codes hold on every path: misuse, bugs, Ctrl-C, a closed pipe, a full disk."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mlwright.errors import InputError

Run = Callable[..., tuple[int, str, str]]
PROGRAM = [sys.executable, "-m", "mlwright"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["bild"], ("There is no command 'bild'.", "did you mean 'build'?")),
        (["build"], ("Missing argument 'SOURCE'.", "`mlwright build --help`")),
        (["build", "a.csv"], ("There is nothing to predict yet.", "--target")),
        (["build", "a.csv", "--targt", "y"], ("There is no option --targt.", "did you mean '--target'?")),
        (["build", "a.csv", "--target"], ("--target", "requires an argument")),
        (["build", "a.csv", "--target", "y", "--seed", "x"], ("--seed",)),
        (["build", "a.csv", "b.csv", "--target", "y"], ("b.csv",)),
        (["build", "a.csv", "--target", "y", "--budget", "soon"], ("budget cannot be 'soon'", "60s")),
        (
            ["build", "a.csv", "--target", "y", "--task", "binari"],
            ("--task cannot be 'binari'", "did you mean 'binary'?"),
        ),
        (["build", "a.csv", "--target", "y", "--name", "a/b"], ("cannot be named 'a/b'",)),
        (
            ["build", "a.csv", "--target", "y", "--out", "x" * 300],
            ("The model cannot be written: File name too long.",),
        ),
        (["build", "a.csv", "--target", "y", "--out", "x" * 245 + ".zip"], ("cannot be written: File name too long.",)),
        (["predict", "none", "a.csv"], ("There is no model 'none'",)),
        (["predict", "none", "a.csv", "--out", "a.doc"], ("--out cannot be '.doc'", ".csv")),
        (["predict", "none", "a.csv", "--out", "no/a.csv"], ("There is no such folder.", "no")),
        (["report", "none"], ("There is no model 'none'",)),
        (["--nonsense"], ("There is no option --nonsense.",)),
    ],
)
def test_misuse_is_told_in_one_sentence(run: Run, words: list[str], told: tuple[str, ...]) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    for part in told:
        assert part in err
    assert "Traceback" not in err
    assert "Usage:" not in err


def test_an_error_has_sentence_place_blank_line_and_hint(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise InputError("This is wrong.", where="a.csv, line 3", hint="do that.")

    monkeypatch.setattr("mlwright.registry.Workspace.models", fail)
    assert run("models") == (2, "", "error: This is wrong.\n  a.csv, line 3\n\nhint: do that.\n")


def test_a_bug_writes_a_log_without_passwords(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    def fail(*_: object, **__: object) -> None:
        raise KeyError("x at postgresql://ann:secret@host/db")

    monkeypatch.setattr("mlwright.registry.Workspace.models", fail)
    code, out, err = run("models", "--workspace", "s3://ann:secret@host")
    assert (code, out) == (3, "")
    assert "This is a bug of mlwright" in err
    assert "report it" in err
    assert "Traceback" not in err
    (log,) = tmp_path.glob("mlwright-crash-*.log")
    assert str(log) in err
    assert "Traceback" in log.read_text()
    assert "secret" not in log.read_text() + err


@pytest.mark.parametrize(
    ("error", "code"), [(KeyboardInterrupt(), 130), (BrokenPipeError(32, "x"), 0), (MemoryError(), 2)]
)
def test_other_ends(run: Run, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("mlwright.registry.Workspace.models", fail)
    monkeypatch.setattr("mlwright.cli.run._hushed", lambda: 0)
    assert run("models")[0] == code


def test_a_closed_pipe_is_quiet(built: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, "predict", "customers", str(built)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=built.parent
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        try:
            process.stdout.close()
            told = process.stderr.read().decode()
        except BaseException:
            process.kill()  # else it is waited for without end
            raise
    assert process.returncode == 0
    assert told.splitlines() == ["Reading the rows ..."]


@pytest.mark.skipif(sys.platform != "linux", reason="/dev/full is Linux's")
def test_stdout_on_a_full_disk(built: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*PROGRAM, "models"], stdout=full, stderr=subprocess.PIPE, cwd=built.parent, text=True, check=False
        )
    assert done.returncode == 2
    assert "The disk is full." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".json", ".ndjson", ".xlsx"])
def test_answers_on_a_full_disk(run: Run, built: Path, ending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("mlwright.collect.rows_out.os.fsync", full)
    code, out, err = run("predict", "customers", built, "--out", f"answers{ending}", "--quiet")
    assert (code, out) == (2, "")
    assert err == f"error: The answers cannot be written: the disk is full.\n  answers{ending}\n"
    assert not list(Path().glob("*answers*"))


@contextmanager
def long_build(csv: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """Start a build on a terminal of its own (its stderr) that would take minutes; give it and the terminal."""
    import pty

    ours, theirs = pty.openpty()
    command = [*PROGRAM, "build", str(csv), "--target", "y", "--budget", "120s", "--threads", "1"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=theirs, cwd=csv.parent, env=environment) as process:
        os.close(theirs)
        try:
            yield process, ours
        finally:
            process.kill()
            os.close(ours)


def read_until(terminal: int, text: bytes, seconds: float = 90.0) -> bytes:
    seen, end = b"", time.monotonic() + seconds
    while text not in seen and time.monotonic() < end:
        try:
            seen += os.read(terminal, 65_536)
        except OSError:  # Linux's way to say that the other end is closed
            break
    assert text in seen, seen.decode(errors="replace")
    return seen


def keep_reading(terminal: int) -> None:
    """Read on in the background: a terminal that nobody reads fills up, and whoever writes to it waits."""

    def read() -> None:
        with contextlib.suppress(OSError):
            while os.read(terminal, 65_536):
                pass

    threading.Thread(target=read, daemon=True).start()


@pytest.fixture
def long_csv(run: Run, write_rows: Callable[..., Path]) -> Path:
    """Enough rows that the portfolio is not through within seconds."""
    return write_rows(Path.cwd() / "customers.csv", 20_000)


def test_ctrl_c_keeps_the_best_so_far(long_csv: Path) -> None:
    with long_build(long_csv) as (process, terminal):
        seen = read_until(terminal, b"best so far: ROC AUC")
        assert b"Ctrl-C keeps the best so far" in seen
        process.send_signal(signal.SIGINT)
        read_until(terminal, b"Stopping: the best model so far is kept.")
        keep_reading(terminal)
        assert process.stdout is not None
        out = process.stdout.read().decode()
        assert process.wait(60) == 0
    assert "stopped by Ctrl-C" in out
    done = subprocess.run(
        [*PROGRAM, "predict", "customers", "customers.csv"], cwd=long_csv.parent, capture_output=True, check=True
    )
    assert len(done.stdout.splitlines()) == 20_001


def test_ctrl_c_before_anything_ends_with_130(long_csv: Path) -> None:
    with long_build(long_csv) as (process, terminal):
        read_until(terminal, b"finished by")
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
    assert sorted(path.name for path in long_csv.parent.iterdir()) == ["customers.csv"]


def test_ctrl_c_while_it_is_imported_ends_with_130() -> None:
    """Ctrl-C once while the first library is imported, and again at the very end."""
    lines = [
        "import atexit, os, signal, sys, mlwright.cli",
        "class Finder:",
        "    def find_spec(self, name, *rest):",
        "        if name == 'typer':",
        "            os.kill(os.getpid(), signal.SIGINT)",
        "sys.meta_path.insert(0, Finder())",
        "atexit.register(os.kill, os.getpid(), signal.SIGINT)",
        "sys.exit(mlwright.cli.main())",
    ]
    done = subprocess.run([sys.executable, "-c", "\n".join(lines)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "Stopped.\n")


def test_ctrl_c_that_a_library_wraps_is_no_bug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt as stop:
            raise ImportError("half imported") from stop

    monkeypatch.setattr("mlwright.registry.Workspace.models", fail)
    assert run("models") == (130, "", "Stopped.\n")


@pytest.mark.parametrize("module", ["mlwright", "mlwright.cli"])
def test_it_runs_as_a_module(module: str) -> None:
    done = subprocess.run([sys.executable, "-m", module, "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("mlwright ")

"""Three tiny models, and the service: inside this process, or as a process of its own that is stopped by its pid."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Self, TypeVar

import httpx
import numpy as np
import pytest

import mlwright as mw
from mlwright.columns import Columns
from mlwright.features.recipe import Recipe
from mlwright.learn.ensemble import Ensemble, Member
from mlwright.learn.linear import LinearPredictor
from mlwright.model import Model, RowModel, RowParts
from mlwright.registry.keys import Key
from mlwright.schema import QUANTILES, Column, Schema
from mlwright.serve.door import Door
from mlwright.serve.handlers import ROUTES
from mlwright.serve.policy import ModelPolicy, Policy
from mlwright.serve.problems import Problem
from mlwright.serve.routes import Route
from mlwright.serve.served import Served
from mlwright.serve.service import Service
from mlwright.serve.settings import Settings

T = TypeVar("T")
Kept = TypeVar("Kept")
TASKS = ("binary", "regression", "multiclass")
ROWS = 150
WORDS = ["late", "parcel", "broken", "thanks", "refund", "price", "slow", "great", "call", "again", "never", "order"]
START_S = 120.0
STOP_S = 20.0
VARIABLES = ("MLWRIGHT_HOME", "MLWRIGHT_REGISTRY", "MLWRIGHT_MODELS", "MLWRIGHT_API_KEY", "MLWRIGHT_SERVE_SETTINGS")


def made_up(task: str, rows: int = ROWS, seed: int = 0) -> dict[str, list[Any]]:
    """Return a table of a number with gaps, a whole number, a category with gaps, yes or no, a date, a text, and y."""
    rng = np.random.default_rng(seed)
    income, age = rng.normal(3000, 800, rows).round(2), rng.integers(18, 80, rows)
    plan, member = rng.choice(["basic", "plus", "pro"], rows), rng.random(rows) < 0.5
    joined = np.datetime64("2020-01-01") + rng.integers(0, 1500, rows).astype("timedelta64[D]")
    score = (income - 3000) / 800 + 1.5 * (plan == "pro") - (age > 50) + rng.normal(0, 0.5, rows)
    told = {
        "binary": np.where(score > 0, "yes", "no"),
        "regression": (score * 10).round(3),
        "multiclass": np.select([score < -0.7, score < 0.7], ["low", "middle"], "high"),
    }
    return {
        "income": [None if rng.random() < 0.1 else value for value in income.tolist()],
        "age": age.tolist(),
        "plan": [None if rng.random() < 0.05 else value for value in plan.tolist()],
        "member": member.tolist(),
        "joined": joined.astype(str).tolist(),
        "note": [" ".join(rng.choice(WORDS, rng.integers(3, 9))) for _ in range(rows)],
        "y": told[task].tolist(),
    }


def rows_of(task: str, rows: int = 20, seed: int = 1) -> list[dict[str, Any]]:
    """Return rows without their target, which no model has learned from."""
    table = made_up(task, rows, seed)
    del table["y"]
    return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]


def apart(work: Coroutine[Any, Any, Kept]) -> Kept:
    """Return what is awaited, on a thread of its own: a browser of other tests may keep a loop on this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, asyncio.wait_for(work, 60)).result()


def constant(value: float, name: str = "made") -> Model:
    """Return the smallest real model: of one column `size`, it always says the same number."""
    column = Column(name="size", kind="number", low=0.0, high=19.0, quantiles=tuple(19 * q for q in QUANTILES))
    numbers = Columns({"size": np.arange(20.0)}, 20)
    recipe, X = Recipe.fit(numbers, (column,), np.arange(20.0)[:, None], variant="onehot", seed=0)
    predictor = LinearPredictor.constant("identity", np.array([value]), X.shape[1])
    made = RowParts(
        name=name,
        task="regression",
        target="price",
        classes=(),
        schema=Schema((column, Column(name="price", kind="number", role="target"))),
        ensemble=Ensemble({"onehot": recipe}, (Member("linear", "Linear", {}, "onehot", 1.0, predictor),), 0, 0.0, 1.0),
        decision={"level": 0.9, "at": [0.0], "widths": [1.0]},
        prior=(0.0,),
        evidence={"score": {"metric": "rmse", "value": 1.25, "interval": [1.0, 1.5], "rows": 20}},
        run={"created": "2026-01-02T03:04:05+00:00"},
        golden=({"size": 3.0},),
    )
    return RowModel(made)


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a developer has set for themselves means nothing here."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of three models, named after their tasks; built once for all processes of a run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "served-models"
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for task in TASKS:
            if not (folder / task).exists():
                learners = ["lightgbm"] if task == "regression" else ["linear"]
                model = mw.build(made_up(task), target="y", trials=1, learners=learners)
                model.renamed(task).save(folder / task)
    return folder


@pytest.fixture(scope="session")
def loaded(models: Path) -> dict[str, Model]:
    """The three models, by their names."""
    return {task: mw.load(models / task) for task in TASKS}


@pytest.fixture
def served(loaded: dict[str, Model]) -> Callable[..., Served]:
    """Put one of the three models in service, under policies."""

    def put(task: str = "binary", *, policy: Policy | None = None, told: ModelPolicy | None = None) -> Served:
        return Served(loaded[task], task, 1, told or ModelPolicy(policy=policy or Policy()))

    return put


def problem_or(work: Callable[[], T]) -> T | Problem:
    """Return what some work returns, or the problem that it raises; any other error is one of the test."""
    try:
        return work()
    except Problem as problem:
        return problem


# --- inside this process ---------------------------------------------------------------------------------------------


class Inside:
    """The service in this process, on a thread of its own: `ask` goes through its door."""

    def __init__(self, settings: Settings, routes: Sequence[Route] = ROUTES) -> None:
        self.service = Service(settings)
        self.door = Door(self.service, routes)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="inside")
        self._client: httpx.AsyncClient

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.run(self.service.start())
        except BaseException:
            self._end()
            raise
        transport = httpx.ASGITransport(app=self.door)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", verify=False)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self.run(self._client.aclose())
            self.run(self.service.stop())
        finally:
            self._end()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def run(self, work: Any) -> Any:
        """Do what is to be awaited on the service's own loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def begin(self, work: Any) -> Future[Any]:
        """Begin what is to be awaited, and do not wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """Send a request, with the arguments that httpx takes."""
        return self.run(self._client.request(method, path, **more))

    def predict(self, name: str, rows: Sequence[dict[str, Any]], **more: Any) -> httpx.Response:
        """Ask for answers to rows, in JSON."""
        return self.ask("POST", f"/v1/models/{name}/predict", json={"rows": list(rows)}, **more)

    def lock(self, *scopes: str, secret: str = "s" * 43, expires: str | None = None) -> dict[str, str]:
        """Let a key be known from now on, with these scopes; return the header that shows it."""
        import hashlib

        key = Key(label="tests", scopes=scopes, created="", expires=expires, revoked=None, who="")
        digest = hashlib.sha256(secret.encode()).hexdigest()
        self.service.keyring.keys = {**self.service.keyring.keys, digest: key}
        return {"authorization": f"Bearer {secret}"}


@pytest.fixture(scope="session")
def inside_shared(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """One service of the three models for all tests that change nothing about it."""
    workspace = tmp_path_factory.mktemp("workspace")
    settings = Settings(models=tuple(str(models / task) for task in TASKS), workspace=str(workspace), refresh_s=3600.0)
    with Inside(settings) as running:
        yield running


@pytest.fixture
def inside(inside_shared: Inside) -> Iterator[Inside]:
    """The shared service; keys that a test lets it know are forgotten after it."""
    yield inside_shared
    inside_shared.service.keyring.keys, inside_shared.service.keyring.was_locked = {}, False


# --- a process of its own --------------------------------------------------------------------------------------------


class Running:
    """A real process of the service, ready to be asked at `address`; it is stopped by its pid."""

    def __init__(
        self,
        models: Sequence[Path | str],
        workspace: Path,
        *options: str,
        settings: str | None = None,
        environment: dict[str, str] | None = None,
    ) -> None:
        """Remember what is to be served. `options`: of `mlwright serve`; `settings`: what its file says, in TOML."""
        self.arguments = [*map(str, models), "--port", "0", "--workspace", str(workspace), *options]
        if settings is not None:
            workspace.mkdir(parents=True, exist_ok=True)
            file = workspace / "serve.toml"
            file.write_text(settings)
            self.arguments += ["--settings", str(file)]
        kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        self.environment = kept | {"OMP_WAIT_POLICY": "passive"} | (environment or {})
        self.said: list[str] = []
        """Lines of its standard error."""
        self.address = ""
        self.process: subprocess.Popen[str]
        self.client: httpx.Client
        self._reader: threading.Thread

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "mlwright", "serve", *self.arguments]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=self.environment,
            start_new_session=True,  # so that its workers can be ended with it
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.client.close()
        self.stop()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said.append(line.rstrip("\n"))
            if not self.address and (found := re.search(r" at (https?://\S+)", line)):
                self.address = found[1]

    def _wait(self) -> None:
        """Wait until it is ready to be asked."""
        until = time.monotonic() + START_S
        while time.monotonic() < until and self.process.poll() is None:
            if self.address:
                self.client = httpx.Client(base_url=self.address, verify=False, timeout=30.0)
                try:
                    if self.client.get("/health/ready").status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                self.client.close()
            time.sleep(0.02)
        raise AssertionError("The service did not start:\n" + "\n".join(self.said))

    @property
    def pid(self) -> int:
        """Of the process that was started: with several workers, the one that watches over them."""
        return self.process.pid

    @property
    def port(self) -> int:
        """Where it listens on 127.0.0.1."""
        return int(self.address.rpartition(":")[2])

    def predict(self, name: str, rows: Sequence[dict[str, Any]], **more: Any) -> httpx.Response:
        """Ask for answers to rows, in JSON."""
        return self.client.post(f"/v1/models/{name}/predict", json={"rows": list(rows)}, **more)

    def stop(self, signalled: int = signal.SIGTERM) -> int:
        """Ask it to stop, as gracefully as it can, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signalled)
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
            raise
        self._close()
        return self.process.returncode

    def kill(self) -> None:
        """End it at once (kill -9), with its workers."""
        self._kill_all()
        self.process.wait(STOP_S)
        self._close()

    def _kill_all(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _close(self) -> None:
        """Read its standard error to the end, which comes when the last worker has ended.

        To close it while a thread reads it would wait for that thread for ever, and no signal could end that.
        """
        self._reader.join(10)
        if self._reader.is_alive():
            self._kill_all()
            raise AssertionError("A worker goes on without the service:\n" + "\n".join(self.said))
        if self.process.stderr is not None:
            self.process.stderr.close()


# --- a recommender ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def film_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of three recommenders that know the same films: `films`, `ruled` and `kept`."""
    from tests.serve.films import films

    folder = tmp_path_factory.mktemp("recommenders")
    for name in FILMS:
        films(name=name).save(folder / name)
    return folder


FILMS = ("films", "ruled", "kept")
RULES = {"recommend": {"filters": {"genre": {"not_in": ["drama"]}}, "caps": {"genre": 2}, "explore": 0.5}}


@pytest.fixture(scope="session")
def cinema_shared(film_models: Path, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inside]:
    """One service of recommenders, and of a model of rows beside them; `kept` keeps histories."""
    settings = Settings(
        models=(*(str(film_models / name) for name in FILMS), str(models / "binary")),
        workspace=str(tmp_path_factory.mktemp("cinema")),
        refresh_s=3600.0,
        of_model={
            "ruled": ModelPolicy(**RULES),  # type: ignore[arg-type]
            "kept": ModelPolicy(histories="kept", private={"user": "hash"}),
        },
    )
    with Inside(settings) as running:
        yield running


@pytest.fixture
def cinema(cinema_shared: Inside) -> Iterator[Inside]:
    """The shared service of recommenders; keys that a test lets it know are forgotten after it."""
    yield cinema_shared
    cinema_shared.service.keyring.keys, cinema_shared.service.keyring.was_locked = {}, False

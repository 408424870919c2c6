"""Fixtures that every test may use."""

from __future__ import annotations

import faulthandler
import os
import secrets
import signal
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync",
    "--disable-dev-shm-usage",  # in a container /dev/shm is small, and a page that fills it dies
]  # fmt: skip

LONGEST_TEST_S, LONGEST_END_S = float(os.environ.get("MLWRIGHT_TEST_LONGEST_S", "420")), 120.0
"""So long a test may take with all that it sets up and tears down, and so long the end of a process of tests."""
WATCHED = pytest.StashKey[tuple[int, float]]()
"""Where stacks go, and when the running test has to be over."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep the real standard error, before tests capture it: the stacks of a test that hangs go there."""
    config.stash[WATCHED] = (os.dup(2), 0.0)


def watch(config: pytest.Config) -> None:
    """End this process, with the stacks of all threads, where the running test is not over in time.

    pytest-timeout raises an exception once, in Python: a test that waits in native code does not hear it, and one that
    waits again while it clears up hears nothing more. A thread of faulthandler's own needs no interpreter. pytest's
    use of it (`faulthandler_timeout`) ends with the first exception, so that it watches over no clearing up.
    """
    errors, until = config.stash[WATCHED]
    faulthandler.dump_traceback_later(max(until - time.monotonic(), 1.0), file=errors, exit=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Watch over a whole test; between tests nothing is watched: the last worker waits for the others."""
    item.config.stash[WATCHED] = (item.config.stash[WATCHED][0], time.monotonic() + LONGEST_TEST_S)
    watch(item.config)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@pytest.hookimpl(trylast=True)
def pytest_exception_interact(node: pytest.Item | pytest.Collector) -> None:
    """Go on watching after a failure, where pytest's own plugin has just ended it."""
    if isinstance(node, pytest.Item) and not node.config.getoption("usepdb"):
        watch(node.config)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Watch over the end of the process too: a thread that never ends would keep it for ever."""
    if hasattr(config, "workerinput"):
        faulthandler.dump_traceback_later(LONGEST_END_S, file=config.stash[WATCHED][0], exit=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what wants ../shared where there is none: a user's clone has none."""
    if SHARED.is_dir():
        return
    for item in items:
        if "shared_data" in item.keywords:
            item.add_marker(
                pytest.mark.skip(reason="wants the data sets of ../shared/data, which only developers have")
            )


@pytest.fixture(autouse=True)
def hears_ctrl_c() -> Iterator[None]:
    """Ctrl-C means after a test what it meant before: a command that ends deaf to it would deafen all that follow."""
    before = signal.getsignal(signal.SIGINT)
    yield
    if signal.getsignal(signal.SIGINT) is not before:
        signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets."""
    return SHARED


@pytest.fixture
def schema() -> Iterator[str]:
    """The URL of an empty schema in PostgreSQL. Whoever waits for a lock there waits for a minute, not for ever."""
    import sqlalchemy as sa

    from mlwright.registry import database

    given = os.environ.get("MLWRIGHT_TEST_POSTGRES")
    if not given:
        pytest.skip("MLWRIGHT_TEST_POSTGRES is not set: no PostgreSQL server")
    name = f"test_{secrets.token_hex(6)}"
    url = sa.make_url(given).update_query_dict({"options": f"-csearch_path={name} -clock_timeout=60s"})
    shown = url.render_as_string(hide_password=False)
    engine = database.connect(shown, pooled=False)
    with engine.begin() as connection:
        connection.execute(sa.schema.CreateSchema(name))
    yield shown
    with engine.begin() as connection:
        connection.execute(sa.schema.DropSchema(name, cascade=True))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium through Playwright."""
    if not CHROMIUM.exists():
        pytest.skip(f"wants Chromium at {CHROMIUM} (apt-get install chromium)")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield started
        started.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """In CI, a test that was skipped was not run: name it and fail."""
    skipped = terminalreporter.stats.get("skipped", [])
    if os.environ.get("CI") and skipped:
        terminalreporter.section("skipped in CI, which counts as a failure", red=True)
        for report in skipped:
            terminalreporter.line(f"{report.nodeid}: {report.longrepr[-1] if report.longrepr else ''}")


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI, end with 1 where a test was skipped; with xdist, the controller counts what the workers report."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and os.environ.get("CI") and reporter.stats.get("skipped") and session.exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED

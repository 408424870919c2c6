"""One service that all hostile requests are sent to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.serve.conftest import Running
from tests.serve.faults.wire import still_right


@pytest.fixture(scope="module")
def shared(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A real process of the service."""
    settings = "[limits]\nbody_mb = 2\nseconds = 1\nrows = 1000\n"
    with Running([models / "binary"], tmp_path_factory.mktemp("hostile"), settings=settings) as running:
        assert still_right(running)
        yield running
        faults = [line for line in running.said if '"a fault"' in line]
        assert not faults, faults


@pytest.fixture
def target(shared: Running) -> Iterator[Running]:
    """The service, which answers as before after each test."""
    yield shared
    assert shared.process.poll() is None
    assert still_right(shared)

"""Records in both databases, and answers to write into them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mlwright.serve.record import Answered, Record, Recorder, new_ids

Make = Callable[..., Answered]
NOW = 1_790_000_000_000_000


def _answered(**changes: object) -> Answered:
    given = {
        "id": new_ids()[0],
        "at": NOW,
        "model": "churn",
        "version": 1,
        "row": {"age": 41, "plan": "gold"},
        "answer": {"prediction": "yes", "probabilities": {"yes": 0.7, "no": 0.3}},
    }
    return Answered(**(given | changes))  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def answered() -> Make:
    """Make an answer; what is not given is made up."""
    return _answered


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where a record can be made: a file, or a schema of its own in PostgreSQL."""
    return tmp_path / "record.db" if request.param == "sqlite" else str(request.getfixturevalue("schema"))


@pytest.fixture
def record(place: str | Path) -> Iterator[Record]:
    """An empty record."""
    made = Record(place)
    yield made
    made.close()


@pytest.fixture
def recorder() -> Iterator[Callable[..., Recorder]]:
    """Make a recorder that is closed when the test ends."""
    made: list[Recorder] = []

    def make(place: str | Path, **options: object) -> Recorder:
        made.append(Recorder(place, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for each in made:
        each.close(5)


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    """Wait until something holds; fail where it does not."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)

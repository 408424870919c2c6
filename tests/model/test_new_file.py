"""A new file is whole or not there, and never takes the place of another."""

from __future__ import annotations

from pathlib import Path
from typing import Self

import pytest

from mlwright.errors import OutputError
from mlwright.model.new_file import write_new


def test_a_file_that_is_there_is_left(tmp_path: Path) -> None:
    path = tmp_path / "gates.toml"
    path.write_text("mine")
    with pytest.raises(OutputError, match="changed by hand"):
        write_new(path, "other", "gates")
    assert path.read_text() == "mine"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_nothing_is_left_of_a_file_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    path, opened = tmp_path / "gates.toml", Path.open

    class Full:
        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def write(self, _: str) -> None:
            raise error

    def full(own: Path, *args: str, **options: str) -> Full:
        opened(own, *args, **options).close()
        return Full()

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError if isinstance(error, OSError) else KeyboardInterrupt):
        write_new(path, "text", "gates")
    assert not path.exists()

"""A name where a path is needed gets the path."""

from __future__ import annotations

from pathlib import Path

import pytest

import mlwright
from mlwright.errors import ModelError
from mlwright.model import Model


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("p_lat", r"a path is needed here.*: mlwright\.load\('\.mlwright.models.p_lat.12'\)\.$"),
        ("p_lat@2", r"a path is needed here.*p_lat.2'\)\.$"),
        ("p_lat@7", "a path is needed here.*there are: 2, 12"),
        ("p_lot", "a path is needed here.*did you mean 'p_lat'"),
        ("else", "a path is needed here.*`mlwright models` lists"),
        ("a\0b", "a path is needed here"),
    ],
)
def test_a_name_is_no_path(name: str, said: str, built: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MLWRIGHT_HOME", raising=False)
    for version in ("2", "12"):
        built.save(tmp_path / ".mlwright/models/p_lat" / version)
    with pytest.raises(ModelError, match="There is no such model") as caught:
        mlwright.load(name)
    assert caught.match(said)


def test_what_is_there_and_no_model_is_said_as_before(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"it holds no manifest\.json\.$"):
        mlwright.load(tmp_path)

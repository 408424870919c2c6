"""mlwright.compare: models and whatever names them."""

from __future__ import annotations

from pathlib import Path

import pytest

import mlwright as mw


def test_models_names_and_paths_are_taken(tmp_path: Path) -> None:
    rows = {"hours": [row % 50 for row in range(90)], "passed": [row % 50 > 25 for row in range(90)]}
    model = mw.build(rows, "passed", trials=1, threads=1, name="exam", workspace=tmp_path / "state")
    found = mw.compare(model, "exam", rows, workspace=tmp_path / "state")
    assert isinstance(found, mw.Comparison)
    assert (found.better, found.rows) == ("same", 90)
    assert found.a["path"] == found.b["path"] == str(tmp_path / "state" / "models" / "exam" / "1")
    with pytest.raises(mw.OptionError, match="A model cannot be of type 'int'"):
        mw.compare(model, 7, rows)
    with pytest.raises(mw.ModelError, match="There is no model 'exma'"):
        mw.compare(model, "exma", rows, workspace=tmp_path / "state")

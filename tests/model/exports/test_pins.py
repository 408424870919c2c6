"""Pins are the versions that stand beside mlwright here, of all it needs and of nothing else."""

from __future__ import annotations

from importlib import metadata

import pytest

from mlwright.model.exports.pins import pins

PACKAGES = {
    "mlwright": ("9", ["numpy>=2", "Big_Pack[fast]>=1; python_version > '3'", "uv.loop; extra == 'serve'",
                       "mlwright[serve]; extra == 'all'", "missing; platform_system == 'Windows'"]),
    "numpy": ("2.5", []),
    "Big_Pack": ("1.2", ["numpy", "wheels; extra == 'fast'", "tests; extra == 'dev'"]),
    "wheels": ("3", ["Big_Pack"]),
    "tests": ("4", []),
    "uv.loop": ("0.9", []),
}  # fmt: skip


class Told:
    """What is known of an installed package."""

    def __init__(self, name: str) -> None:
        self.version, self.requires = PACKAGES[name]


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    def distribution(name: str) -> Told:
        if name not in PACKAGES:
            raise metadata.PackageNotFoundError(name)
        return Told(name)

    monkeypatch.setattr("importlib.metadata.distribution", distribution)


@pytest.mark.usefixtures("made_up")
def test_all_that_is_needed_is_pinned_with_its_extras() -> None:
    core = ("big-pack==1.2", "numpy==2.5", "wheels==3")
    assert pins() == core
    assert pins(extras=["serve"]) == pins(extras=["all"]) == (*core[:2], "uv-loop==0.9", core[2])


def test_real_packages_are_pinned_as_they_are_installed() -> None:
    found = dict(line.split("==") for line in pins())
    assert {"numpy", "polars", "scipy"} <= found.keys()
    assert all(metadata.version(name) == number for name, number in found.items())
    assert "mlwright" not in found

"""The Dockerfile's every line; that its steps make a service that answers, benchmarks/export_docker.py finds out."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path

import pytest

import mlwright as mw
from mlwright.errors import OutputError
from mlwright.model import Model
from mlwright.model.exports.docker import image_name, write

KNOWN = {"FROM", "ENV", "COPY", "RUN", "VOLUME", "WORKDIR", "USER", "EXPOSE", "HEALTHCHECK", "STOPSIGNAL", "CMD"}


@pytest.fixture(scope="module")
def folder(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("docker") / "out"
    write(model.parts, place)
    return place


@pytest.fixture(scope="module")
def lines(folder: Path) -> list[tuple[str, str]]:
    """The instructions, each with what follows it."""
    whole = (folder / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    kept = [line for line in whole.splitlines() if line and not line.startswith("#")]
    return [(line.split()[0], line.split(None, 1)[1]) for line in kept]


def of(lines: list[tuple[str, str]], name: str) -> list[str]:
    return [rest for instruction, rest in lines if instruction == name]


def test_every_instruction_is_known_and_runs_no_shell(lines: list[tuple[str, str]]) -> None:
    assert {name for name, _ in lines} == KNOWN
    for name in ("RUN", "CMD", "VOLUME"):
        for rest in of(lines, name):
            assert all(isinstance(word, str) for word in json.loads(rest)), rest
    (health,) = of(lines, "HEALTHCHECK")
    assert "/health/live" in json.loads(health.partition("CMD ")[2])[-1]


def test_what_is_copied_is_there_and_all_that_is_there_is_copied(lines: list[tuple[str, str]], folder: Path) -> None:
    copied = [rest.split()[0] for rest in of(lines, "COPY")]
    assert all((folder / name).exists() for name in copied)
    let_in = {line[1:] for line in (folder / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert let_in == {name.split("/")[0] for name in copied} | {"Dockerfile"}
    assert {path.name for path in folder.iterdir()} == let_in | {".dockerignore", "README.md"}


def test_it_is_a_slim_python_like_this_one_and_no_root(lines: list[tuple[str, str]]) -> None:
    assert of(lines, "FROM") == [f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"]
    (user,) = of(lines, "USER")
    number, group = map(int, user.split(":"))
    assert number == group >= 10_000
    names = [name for name, _ in lines]
    assert names.index("USER") > max(place for place, name in enumerate(names) if name in {"RUN", "COPY"})


def test_it_serves_the_model_to_others_and_holds_no_key(
    lines: list[tuple[str, str]], folder: Path, model: Model
) -> None:
    (command,) = of(lines, "CMD")
    program, action, place, *options = json.loads(command)
    assert (program, action) == ("mlwright", "serve")
    assert dict(zip(options[::2], options[1::2], strict=True)) == {
        "--host": "0.0.0.0",
        "--port": of(lines, "EXPOSE")[0],
    }
    assert f"model {place}" in of(lines, "COPY")
    assert "KEY" not in (folder / "Dockerfile").read_text(encoding="utf-8")
    loaded = mw.load(folder / "model")
    assert loaded.predict_proba(dict(model.parts.golden[0])).tolist() == (
        model.predict_proba(dict(model.parts.golden[0])).tolist()
    )


def test_the_packages_are_pinned_and_mlwright_is_the_wheel(lines: list[tuple[str, str]], folder: Path) -> None:
    requirements = (folder / "requirements.txt").read_text(encoding="utf-8").splitlines()
    names = [line.split("==")[0] for line in requirements]
    assert names == sorted(set(names))
    assert all(re.fullmatch(r"[a-z0-9-]+==\S+", line) for line in requirements)
    (wheel,) = (folder / "wheels").iterdir()
    last = json.loads(of(lines, "RUN")[1])
    assert last[-1] == f"/install/{wheel.name}[serve]"
    assert f"wheels/{wheel.name} /install/{wheel.name}" in of(lines, "COPY")


def test_the_readme_has_the_two_commands(folder: Path) -> None:
    text = (folder / "README.md").read_text(encoding="utf-8")
    block, _ = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    build, run = block.splitlines()
    assert build == "docker build --tag customers ."
    assert run.startswith("docker run ")
    assert "--env MLWRIGHT_API_KEY customers" in run
    assert "MLWRIGHT_API_KEY=" not in text


def test_the_readme_says_how_settings_are_given(folder: Path, lines: list[tuple[str, str]]) -> None:
    _, block = re.findall(r"```sh\n(.*?)```", (folder / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    words = shlex.split(block)
    mounted = next(word for word in words if "serve.toml:" in word).split(":")[1]
    (command,) = of(lines, "CMD")[-1:]
    behind = words[words.index("customers") + 1 :]
    assert behind == [*json.loads(command), "--settings", mounted]
    assert "customers-state:/state" in words


def test_an_images_name_is_one_that_docker_takes() -> None:
    for name in ("customers", "Churn 2026", "a__b", "-a-", "Ü", "", "a..b", "x" * 100):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", image_name(name)), name


def test_it_is_written_anew_but_over_nothing_else(model: Model, folder: Path, tmp_path: Path) -> None:
    write(model.parts, folder)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "Dockerfile").write_text("FROM scratch\n", encoding="utf-8")
    with pytest.raises(OutputError, match="no such export"):
        write(model.parts, tmp_path / "own")
    assert (tmp_path / "own" / "Dockerfile").read_text(encoding="utf-8") == "FROM scratch\n"

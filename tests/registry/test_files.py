"""Files of versions: in folders that may be tampered with, and in stores that may break off."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import fsspec
import pytest

from mlwright.errors import ModelError, OptionError, OutputError
from mlwright.model import Model, load
from mlwright.registry import Workspace

STORE = "memory://models"


@pytest.fixture(params=["folder", "store"])
def workspace(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Workspace]:
    memory = fsspec.filesystem("memory")
    yield Workspace(tmp_path / "w", store=STORE if request.param == "store" else None)
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Workspace]:
    memory = fsspec.filesystem("memory")
    yield Workspace(tmp_path / "w", store=STORE)
    memory.store.clear()
    memory.pseudo_dirs[:] = [""]


def objects() -> list[str]:
    return sorted(fsspec.filesystem("memory").store)


def change_a_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize("file", ["members/0.npz", "evaluation.json", "decision.json", "recipes/onehot.json"])
def test_a_changed_byte_is_refused(file: str, model: Model, workspace: Workspace) -> None:
    _, _, place = workspace.add(model, "churn")
    change_a_byte(place / file)
    with pytest.raises(ModelError, match="hash differs"):
        workspace.open("churn")


def test_other_files_in_place_of_those_registered_are_refused(model: Model, workspace: Workspace) -> None:
    _, _, place = workspace.add(model, "churn")
    model.relabelled((), "other").save(place)  # whole by itself, but another model
    load(place)
    for use in (workspace.open, workspace.resolve, lambda name: workspace.promote(name, 1)):
        with pytest.raises(ModelError, match=r"files of churn@1 are not those that were registered.*never change"):
            use("churn")
    (place / "manifest.json").unlink()
    with pytest.raises(ModelError, match="holds no manifest"):
        workspace.open("churn")
    (place / "manifest.json").write_text("[]")
    with pytest.raises(ModelError, match="are not those that were registered"):
        workspace.open("churn")


def test_what_is_opened_says_name_and_version_of_the_registry(model: Model, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    _, _, place = workspace.add(model, "churn")
    shutil.copytree(place, workspace.root / "sales" / "4")
    opened = workspace.open("sales")
    assert (opened.name, opened.version, opened.path) == ("sales", 4, workspace.root / "sales" / "4")
    assert workspace.add(model, "sales")[1] == 5


def test_folders_older_than_the_registry_become_known(model: Model, tmp_path: Path, registry: str | None) -> None:
    for version in (1, 2, 7):
        model.renamed("churn", version).save(tmp_path / "models/churn" / str(version))
    (tmp_path / "models/churn/8").mkdir()  # claimed by somebody, and empty
    model.save(tmp_path / "models/churn/9")
    change_a_byte(tmp_path / "models/churn/9/manifest.json")
    workspace = Workspace(tmp_path, registry=registry)
    assert workspace.resolve("churn") == tmp_path / "models/churn/7"
    assert workspace.versions("churn") == (1, 2, 7)
    damaged = workspace.models()[0]
    assert (damaged["version"], damaged["state"], damaged["aliases"]) == (9, "damaged", [])
    assert "digest does not match" in damaged["problem"]
    with pytest.raises(ModelError, match="digest does not match"):
        workspace.resolve("churn@9")
    assert {version.why for version in workspace.search()} == {"found in the folder of models"}
    assert workspace.add(model, "churn")[1] == 10
    model.renamed("price", 1).save(tmp_path / "models/price/1")
    assert Workspace(tmp_path, registry=registry).names() == ("churn", "price")


def test_a_name_with_damaged_folders_alone_says_so(model: Model, tmp_path: Path) -> None:
    model.save(tmp_path / "models/churn/1")
    change_a_byte(tmp_path / "models/churn/1/evaluation.json")
    workspace = Workspace(tmp_path)
    for use in (workspace.open, workspace.find):
        with pytest.raises(ModelError, match="hash differs"):
            use("churn")
    assert [facts["state"] for facts in workspace.models("churn")] == ["damaged"]
    assert workspace.names() == ()


def test_names_that_differ_in_capital_letters_alone_are_refused(model: Model, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.add(model, "churn")
    with pytest.raises(OptionError, match="There is a model 'churn', so that none can be named 'Churn'"):
        workspace.add(model, "Churn")
    with pytest.raises(ModelError, match="did you mean 'churn'"):
        workspace.find("Churn")


def test_looking_makes_no_registry(model: Model, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    assert (workspace.names(), workspace.versions("a"), workspace.models(), workspace.search()) == ((), (), [], [])
    assert (workspace.aliases("a"), workspace.tags("a"), workspace.revision()) == ({}, {}, 0)
    for use in (workspace.open, workspace.find, workspace.promote):
        with pytest.raises(ModelError, match="no model 'a'"):
            use("a")
    assert workspace.resolve(model.save(tmp_path / "m.zip")) == tmp_path / "m.zip"
    assert not workspace.path.exists()


def test_a_registry_that_is_taken_away_is_not_taken_for_an_empty_one(model: Model, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.add(model, "churn")
    workspace.promote("churn", 1)
    kept = (tmp_path / "registry.db").rename(tmp_path / "kept.db")
    for look in (
        workspace.revision,
        workspace.names,
        lambda: workspace.find("churn"),
        lambda: workspace.aliases("churn"),
    ):
        with pytest.raises(OutputError, match="The registry is gone"):
            look()
    assert not (tmp_path / "registry.db").exists()
    kept.rename(tmp_path / "registry.db")
    assert workspace.aliases("churn") == {"champion": 1}


@pytest.fixture
def read_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace on a disk that cannot be written, as in many containers; that root may write all is kept out."""
    place = tmp_path / "w"
    may = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != place and may(path, mode))
    return place


def test_a_workspace_that_cannot_be_written_still_answers(model: Model, read_only: Path) -> None:
    for version in (1, 2):
        model.renamed("churn", version).save(read_only / "models/churn" / str(version))
    workspace = Workspace(read_only)
    assert workspace.open("churn").version == workspace.find("churn@latest").version == 2
    assert workspace.names() == ("churn",)
    for change in (
        lambda: workspace.promote("churn", 1),
        lambda: workspace.tag("churn", {"a": "b"}),
        lambda: workspace.keys.add("a", ["read"]),
    ):
        with pytest.raises(OutputError, match=r"w: The workspace cannot be written"):
            change()
    with ThreadPoolExecutor(4) as pool:
        assert [version.version for version in pool.map(workspace.find, ["churn", "churn@1"] * 20)] == [2, 1] * 20
    assert not (read_only / "registry.db").exists()


@pytest.mark.parametrize("busy", [False, True])
def test_a_registry_that_cannot_be_written_is_read(busy: bool, model: Model, read_only: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "access", lambda *_: True)
        writer = Workspace(read_only)
        writer.add(model, "churn")
        writer.add(model, "churn")
        holder = sqlite3.connect(read_only / "registry.db")
        holder.execute("SELECT * FROM changes").fetchall()
        writer.promote("churn", 1)  # stands in the log as long as somebody is there
        if not busy:
            holder.close()
    before = {path.name: path.read_bytes() for path in read_only.iterdir() if path.is_file()}
    assert ("registry.db-wal" in before) is busy
    workspace = Workspace(read_only)
    assert workspace.find("churn").version == 1
    assert workspace.revision() == writer.revision()
    with pytest.raises(OutputError, match="readonly database"):
        workspace.promote("churn", 2)
    holder.close()


def test_a_path_asks_no_database(model: Model, tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w/registry.db").write_text("this is no database")
    workspace = Workspace(tmp_path / "w")
    assert workspace.open(model.save(tmp_path / "m")).predict({"size": 3}).tolist() == [11.0]
    with pytest.raises(OutputError, match=r"registry.db: The database cannot be used: file is not a database"):
        workspace.names()


@pytest.mark.parametrize("name", ["../x", "a/../b", "a\0b", "..%2f", "..", "churn@../../other", "churn/../../secret"])
def test_a_name_leads_nowhere_else(name: str, model: Model, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    workspace.add(model, "churn")
    model.save(tmp_path / "w" / "x")
    model.save(tmp_path / "secret")
    for wrong in (name, str(tmp_path / "secret"), f"{name}@1"):
        with pytest.raises(ModelError, match="There is no model"):
            workspace.find(wrong)
        for use in (workspace.promote, workspace.history, workspace.rollback):
            with pytest.raises(ModelError, match="There is no model"):
                use(wrong)
        with pytest.raises(OptionError, match="cannot be named"):
            workspace.add(model, wrong)
        assert workspace.versions(wrong) == ()
    assert workspace.names() == ("churn",)


def test_links_that_leave_the_workspace_are_refused(model: Model, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "w")
    _, _, place = workspace.add(model, "churn")
    model.renamed("out", 1).save(tmp_path / "outside/1")
    (workspace.root / "churn/2").symlink_to(tmp_path / "outside/1")
    (workspace.root / "out").symlink_to(tmp_path / "outside")
    assert workspace.names() == ("churn",)
    for reference in ("churn@2", "out", "out@1"):
        with pytest.raises(ModelError, match="There is no"):
            workspace.resolve(reference)
    with pytest.raises(ModelError, match="leads out of the workspace"):
        workspace.add(model, "out")
    assert workspace.add(model, "churn")[1] == 3
    shutil.move(place, tmp_path / "moved")
    place.symlink_to(tmp_path / "moved")
    with pytest.raises(ModelError, match="leads out of the workspace"):
        workspace.open("churn@1")


def test_a_store_keeps_a_version_as_one_zip_and_a_cache_of_it(model: Model, stored: Workspace) -> None:
    name, version, place = stored.add(model, "churn")
    assert objects() == ["/models/churn/1.zip"]
    digest = stored.find("churn").digest
    assert (name, version, place) == ("churn", 1, stored.path / "cache" / digest)
    assert stored.models()[0]["path"] == "memory://models/churn/1.zip"
    shutil.rmtree(stored.path / "cache")
    opened = Workspace(stored.path, store=STORE).open("churn")
    assert (opened.name, opened.version, opened.path) == ("churn", 1, place)
    assert opened.predict({"size": 3}).tolist() == [11.0]
    fsspec.filesystem("memory").store.clear()
    assert stored.open("churn").version == 1  # fetched once
    stored.add(model, "other")  # the same files: one folder in the cache, two names
    assert (stored.open("other").name, stored.open("churn").name) == ("other", "churn")
    assert [entry.name for entry in (stored.path / "cache").iterdir()] == [digest]


def test_a_store_that_gives_something_else_is_refused_and_leaves_nothing(model: Model, stored: Workspace) -> None:
    stored.add(model, "churn")
    memory = fsspec.filesystem("memory")
    whole = memory.cat("/models/churn/1.zip")
    other = stored.path / "other.zip"
    model.relabelled((), "other").save(other)
    swapped = stored.path / "swapped.zip"
    with zipfile.ZipFile(stored.path / "cache" / ".x.zip", "w") as archive:
        archive.writestr("../../../evil.txt", "x")
    hostile = (stored.path / "cache" / ".x.zip").read_bytes()
    (stored.path / "cache" / ".x.zip").unlink()
    place = stored.path / "cache" / stored.find("churn").digest
    files = {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}
    with zipfile.ZipFile(swapped, "w") as archive:  # the right manifest, another member
        for name, data in files.items():
            archive.writestr(name, data[::-1] if name == "members/0.npz" else data)
    forged = stored.path / "forged.zip"
    with zipfile.ZipFile(forged, "w") as archive:  # the right digest, above another table of files
        told = json.loads(files["manifest.json"])
        changed = files["evaluation.json"].replace(b"1.25", b"0.25")
        told["files"]["evaluation.json"]["sha256"] = hashlib.sha256(changed).hexdigest()
        for name, data in {**files, "evaluation.json": changed, "manifest.json": json.dumps(told).encode()}.items():
            archive.writestr(name, data)
    bare = stored.path / "bare.zip"
    with zipfile.ZipFile(bare, "w") as archive:
        archive.writestr("manifest.json", json.dumps({**json.loads(files["manifest.json"]), "files": ["a"]}))
    shutil.rmtree(stored.path / "cache")
    for data, said in (
        (forged.read_bytes(), "digest does not match its files"),
        (bare.read_bytes(), "damaged manifest"),
        (whole[: len(whole) // 2], "neither a model folder nor its zip"),
        (other.read_bytes(), "are not those that were registered"),
        (swapped.read_bytes(), "hash differs"),
        (hostile, "leads out"),
        (b"", "neither a model folder"),
    ):
        memory.pipe("/models/churn/1.zip", data)
        with pytest.raises(ModelError, match=said):
            stored.open("churn")
        assert not list((stored.path / "cache").iterdir())
    memory.rm("/models/churn/1.zip")
    with pytest.raises(ModelError, match=r"memory://models/churn/1.zip: .*cannot be fetched: there is no such file"):
        stored.open("churn")
    memory.pipe("/models/churn/1.zip", whole)
    assert stored.open("churn").version == 1


@pytest.mark.parametrize("error", [OSError("broken pipe"), RuntimeError("403 for key AKIA"), KeyboardInterrupt()])
def test_an_upload_that_breaks_off_is_never_seen(
    error: BaseException, model: Model, stored: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored.add(model, "churn")
    memory = fsspec.filesystem("memory")

    def half(here: str, there: str, **_: object) -> None:
        memory.pipe(there, Path(here).read_bytes()[:100])
        raise error

    monkeypatch.setattr(type(memory), "put_file", lambda self, *words, **more: half(*words, **more))
    with pytest.raises(KeyboardInterrupt if isinstance(error, KeyboardInterrupt) else OutputError) as caught:
        stored.add(model, "churn")
    assert "AKIA" not in str(caught.value)
    assert stored.versions("churn") == (1,)
    assert objects() == ["/models/churn/1.zip"]
    assert not [entry for entry in (stored.path / "cache").iterdir() if entry.name.startswith(".")]
    monkeypatch.setattr(type(memory), "rm_file", lambda *_: half("/dev/null", "/models/x"))  # nor when it stays there
    with pytest.raises((KeyboardInterrupt, OutputError)):
        stored.add(model, "churn")
    monkeypatch.undo()
    assert stored.versions("churn") == (1,)
    assert stored.add(model, "churn")[1] == 2
    assert stored.open("churn@2").version == 2


def test_stores_that_cannot_be(model: Model, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match=r"The store's scheme cannot be 's33'.*did you mean 's3'"):
        Workspace(tmp_path, store="s33://bucket").add(model, "a")


def test_where_models_are_can_be_said_by_variables(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLWRIGHT_MODELS", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("MLWRIGHT_REGISTRY", str(tmp_path / "one.db"))
    Workspace(tmp_path / "w").add(model, "churn")
    assert json.loads((tmp_path / "elsewhere/churn/1/manifest.json").read_text())["name"] == "churn"
    assert Workspace(tmp_path / "other").open("churn").version == 1
    assert (tmp_path / "one.db").is_file()
    assert not (tmp_path / "w").exists()

"""Damaged and hostile models: refused in one sentence, without running anything, within bounds."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.errors import ModelError
from mlwright.model import Model, load
from mlwright.model.archive import write_files
from mlwright.model.arrays import read_arrays, write_arrays
from mlwright.model.folder import to_files
from mlwright.model.text import read_json, write_json

Files = dict[str, bytes]


def signed(files: Files) -> Files:
    """Recompute sizes, hashes and digest, as somebody with bad intent would."""
    manifest = json.loads(files["manifest.json"])
    table = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in files.items()
        if name != "manifest.json"
    }
    digest = hashlib.sha256(write_json(table)).hexdigest()
    return {**files, "manifest.json": write_json({**manifest, "files": table, "digest": digest})}


def put(files: Files, path: Path) -> Path:
    """Write files as they are, with no check at all."""
    for name, data in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return path


def zipped(files: Files, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def usable_or_refused(path: Path, frame: pl.DataFrame) -> bool:
    """Load; where that succeeds the model has to answer with finite numbers. Any other error fails the test."""
    try:
        model = load(path)
    except ModelError:
        return False
    P = model.parts.ensemble.predict_rows([dict.fromkeys(model.parts.ensemble.sources)])
    assert np.isfinite(P).all()
    repr(model)
    model._repr_html_()
    assert model.leaderboard.height >= 0
    answers = (
        model.answer(frame.head(40).to_dicts()) if {c.name for c in model.parts.columns} <= set(frame.columns) else None
    )
    if answers is not None:
        assert len(answers.values) == 40
    return True


@pytest.fixture(scope="module")
def files(built: Model) -> Files:
    return to_files(built.parts)


def test_a_flipped_byte_anywhere_is_noticed(files: Files, built: Model, frame: pl.DataFrame, tmp_path: Path) -> None:
    rng = random.Random(1)
    rows = frame.head(20).to_dicts()
    expected = built.predict_proba(rows)
    for name, data in sorted(files.items()):
        for _ in range(8):
            place, bit = rng.randrange(len(data)), 1 << rng.randrange(8)
            damaged = bytearray(data)
            damaged[place] ^= bit
            path = put({**files, name: bytes(damaged)}, tmp_path / "model")
            if name != "manifest.json":
                with pytest.raises(ModelError, match="hash differs"):
                    load(path)
            else:
                with contextlib.suppress(ModelError):
                    np.testing.assert_array_equal(load(path).predict_proba(rows), expected)


def test_truncated_files_are_noticed(files: Files, tmp_path: Path) -> None:
    for name, data in files.items():
        for kept in (0, 1, len(data) // 2, len(data) - 2):
            with pytest.raises(ModelError):
                load(put({**files, name: data[:kept]}, tmp_path / "model"))


def test_flipped_bytes_with_corrected_hashes(files: Files, frame: pl.DataFrame, tmp_path: Path) -> None:
    rng = random.Random(2)
    for name, data in sorted(files.items()):
        for _ in range(8 if name != "manifest.json" else 0):
            damaged = bytearray(data)
            for _ in range(rng.choice((1, 1, 4))):
                damaged[rng.randrange(len(data))] = rng.randrange(256)
            usable_or_refused(put(signed({**files, name: bytes(damaged)}), tmp_path / "model"), frame)


ODD: tuple[Any, ...] = (
    *(None, True, -1, 0, 1, 2, 3, 10**6, 2**31, 2**63, 10**40, -(2**70), 0.5, -1e308, 1e308, 5e-324),
    *("", "x", "..", "a" * 5000, "\x00", "\ud800", [], [None], {}, {"a": 1}, [[]], [1, 2, 3]),
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return where in a JSON value something can be changed."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(place for key, item in inner for place in places(item, (*path, key)))]


def changed(value: Any, path: tuple[Any, ...], rng: random.Random) -> Any:
    if not path:
        return rng.choice(ODD)
    if len(path) == 1 and rng.random() < 0.2:  # leave it out
        if isinstance(value, dict):
            return {key: item for key, item in value.items() if key != path[0]}
        return [item for place, item in enumerate(value) if place != path[0]]
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = changed(value[path[0]], path[1:], rng)
    return copy


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_changed_json_with_corrected_hashes(
    task: str, models: dict[str, tuple[Model, pl.DataFrame]], tmp_path: Path
) -> None:
    rng = random.Random(3)
    model, frame = models[task]
    files = to_files(model.parts)
    refused = 0
    for name in sorted(name for name in files if name.endswith(".json")):
        plain = json.loads(files[name])
        spots = places(plain)
        for _ in range(CHANGES):
            damaged = changed(plain, rng.choice(spots), rng)
            try:
                data = json.dumps(damaged).encode()
            except ValueError:
                continue
            broken = {**files, name: data}
            path = put(broken if name == "manifest.json" else signed(broken), tmp_path / "model")
            refused += not usable_or_refused(path, frame)
    assert refused > 0


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of a model with whole evidence, as a build leaves it."""
    rng = np.random.default_rng(0)
    x, kind = rng.normal(size=120), rng.choice(["a", "b", "c"], 120)
    y = np.where(x + (kind == "a") + rng.normal(size=120) > 0, "yes", "no")
    model = mw.build(pl.DataFrame({"x": x, "kind": kind, "y": y}), target="y", trials=2)
    return to_files(model.parts)


def test_changed_evidence_is_refused_or_shown_and_reported(judged: Files, tmp_path: Path) -> None:
    rng = random.Random(5)
    plain = json.loads(judged["evaluation.json"])
    # Each place by its shape once: every name that is read, without every row of it.
    kinds = {tuple("#" if isinstance(step, int) else step for step in spot): spot for spot in places(plain)}
    refused = 0
    for spot in kinds.values():
        files = {**judged, "evaluation.json": json.dumps(changed(plain, spot, rng)).encode()}
        path = put(signed(files), tmp_path / "model")
        try:
            model = load(path)
        except ModelError:
            refused += 1
            continue
        repr(model.evaluation)
        model._repr_html_()
        model.evaluation._repr_html_()
        assert model.leaderboard.height >= 0
        with contextlib.nullcontext() if model.evaluation.is_whole else pytest.raises(ModelError, match="no judge"):
            model.report(tmp_path / "report.html")
    assert refused > len(kinds) / 2


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda plain: plain["baselines"][0].update(interval=1e-320), r"baselines\[0\]\.interval is not what"),
        (lambda plain: plain["baselines"][0].pop("label"), r"baselines\[0\]\.label is not what"),
        (lambda plain: plain["curves"]["confusion"].update(counts=[[1], [2]]), r"curves\.confusion\.counts\[0\] is"),
        (lambda plain: plain["verdict"].update(beats_baseline="perhaps"), r"verdict\.beats_baseline is not what"),
        (lambda plain: plain.pop("limits"), "limits is not what"),
    ],
)
def test_evidence_of_another_shape_is_told_with_its_place(
    change: Callable[[dict[str, Any]], Any], where: str, judged: Files, tmp_path: Path
) -> None:
    plain = json.loads(judged["evaluation.json"])
    change(plain)
    path = put(signed({**judged, "evaluation.json": json.dumps(plain).encode()}), tmp_path / "model")
    with pytest.raises(ModelError, match=where):
        load(path)


@pytest.mark.parametrize("task", ["binary", "multiclass", "regression"])
def test_changed_arrays_with_corrected_hashes(
    task: str, models: dict[str, tuple[Model, pl.DataFrame]], tmp_path: Path
) -> None:
    rng, generator = random.Random(4), np.random.default_rng(4)
    model, frame = models[task]
    files = to_files(model.parts)
    for name in sorted(name for name in files if name.endswith(".npz")):
        arrays = read_arrays(files[name], name)
        for _ in range(CHANGES if arrays else 0):
            key = rng.choice(sorted(arrays))
            damaged = {**arrays, key: odd_array(arrays[key], rng, generator)}
            if rng.random() < 0.1:
                del damaged[key]
            usable_or_refused(put(signed({**files, name: write_arrays(damaged)}), tmp_path / "model"), frame)


@np.errstate(all="ignore")
def odd_array(array: np.ndarray, rng: random.Random, generator: np.random.Generator) -> np.ndarray:
    what = rng.randrange(6)
    if what == 0:
        return array.reshape(-1)[: rng.randrange(array.size + 1)]
    if what == 1:
        return array.reshape((*array.shape, 1))
    if what == 2:
        return array.astype(rng.choice([np.int8, np.uint64, np.float32, np.float64, "U3"]))
    if what == 3:
        return np.zeros(rng.choice([(0,), (3,), (2, 2), (100_000,), ()]), dtype=array.dtype)
    copy = array.copy().reshape(-1)
    if not copy.size:
        return np.ones(5, dtype=array.dtype)
    spots = generator.integers(0, copy.size, rng.choice((1, 3)))
    if copy.dtype.kind == "f":
        copy[spots] = rng.choice([np.nan, np.inf, -np.inf, 3e38, -3e38, 0.0])
    elif copy.dtype.kind in "iu":
        copy[spots] = rng.choice([0, np.iinfo(copy.dtype).max, np.iinfo(copy.dtype).min])
    return copy.reshape(array.shape)


CHANGES = int(os.environ.get("MLWRIGHT_TEST_CHANGES", "8"))


def test_names_that_lead_out_of_the_folder(files: Files, tmp_path: Path) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text("{}")
    for name in (
        "../outside.json",
        "/etc/passwd",
        str(outside),
        "a/../../outside.json",
        "C:\\x",
        "a\\b",
        "./a",
        "a//b",
        "a\n",
    ):
        manifest = json.loads(files["manifest.json"])
        manifest["files"][name] = {"sha256": hashlib.sha256(b"{}").hexdigest(), "bytes": 2}
        manifest["digest"] = hashlib.sha256(write_json(manifest["files"])).hexdigest()
        with pytest.raises(ModelError, match="damaged manifest"):
            load(put({**files, "manifest.json": write_json(manifest)}, tmp_path / "model"))
        with pytest.raises(ModelError):
            load(zipped({**files, name: b"{}"}, tmp_path / "model.zip"))


@pytest.mark.parametrize("make", [os.symlink, os.link, lambda source, target: os.mkfifo(target)])
def test_links_and_devices(make: Callable[[Path, Path], None], files: Files, tmp_path: Path) -> None:
    path = put(files, tmp_path / "model")
    real = tmp_path / "golden.json"
    (path / "golden.json").rename(real)
    make(real, path / "golden.json")
    with pytest.raises(ModelError, match="link or a device"):
        load(path)


def test_a_linked_folder_inside(files: Files, tmp_path: Path) -> None:
    path = put(files, tmp_path / "model")
    (path / "members").rename(tmp_path / "members")
    (path / "members").symlink_to(tmp_path / "members", target_is_directory=True)
    with pytest.raises(ModelError, match="link"):
        load(path)


def test_a_symbolic_link_in_a_zip(files: Files, tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        link = zipfile.ZipInfo("linked.json")
        link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(ModelError, match="link"):
        load(path)


def test_zip_bombs(files: Files, tmp_path: Path) -> None:
    bomb = bytes(64 << 20)
    with pytest.raises(ModelError, match="does not belong"):
        load(zipped({**files, "zeros.bin": bomb}, tmp_path / "a.zip"))
    # An archive whose directory says less than what unpacks.
    path = zipped({**files, "golden.json": bomb}, tmp_path / "b.zip")
    data = bytearray(path.read_bytes())
    at = data.rfind(b"golden.json") - 46
    assert data[at : at + 4] == b"PK\x01\x02"
    data[at + 24 : at + 28] = struct.pack("<I", len(files["golden.json"]))
    path.write_bytes(data)
    with pytest.raises(ModelError):
        load(path)
    # An npz of zeros that would unpack to gigabytes.
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for place in range(4):
            archive.writestr(f"a{place}.npy", bytes(32 << 20))
    with pytest.raises(ModelError):
        load(put(signed({**files, "members/0.npz": buffer.getvalue()}), tmp_path / "c"))


def test_many_small_bombs_together(files: Files, tmp_path: Path) -> None:
    ensemble = json.loads(files["ensemble.json"])
    zeros = write_arrays({"a": np.zeros(6 << 20)})  # 48 MB in 48 kB
    many = 40
    ensemble["members"] = [{**ensemble["members"][0], "weight": 1 / many} for _ in range(many)]
    broken = {
        **files,
        "ensemble.json": write_json(ensemble),
        **{f"members/{place}.npz": zeros for place in range(many)},
    }
    with pytest.raises(ModelError):
        load(put(signed(broken), tmp_path / "model"))


def test_few_bytes_cannot_ask_for_many_outputs(files: Files, tmp_path: Path) -> None:
    found = json.loads(files["ensemble.json"])
    places = [place for place, member in enumerate(found["members"]) if "base" in member["state"]]
    assert places
    for place in places:
        own = json.loads(files["ensemble.json"])
        state = own["members"][place]["state"]
        state.update(base=[0] * 1_001, link="softmax")
        if "outputs" in state:
            state["outputs"] = 1_001
        with pytest.raises(ModelError, match="1001 outputs cannot be"):
            load(put(signed({**files, "ensemble.json": write_json(own)}), tmp_path / "model"))


def test_few_bytes_cannot_ask_for_many_classes(files: Files, tmp_path: Path) -> None:
    decision = json.loads(files["decision.json"])
    decision["classes"] = [f"c{place}" for place in range(5_000)]
    with pytest.raises(ModelError, match="5,000 classes"):
        load(put(signed({**files, "decision.json": write_json(decision)}), tmp_path / "model"))


def test_many_entries(files: Files, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="more than"):
        load(zipped({**files, **{f"x{place}": b"" for place in range(2500)}}, tmp_path / "m.zip"))
    with pytest.raises(ModelError, match="more than"):
        load(put({**files, **{f"x{place}": b"" for place in range(2500)}}, tmp_path / "m"))


def test_npy_headers_that_lie() -> None:
    good = io.BytesIO()
    np.save(good, np.arange(6.0))
    content = good.getvalue()
    lies = [
        content.replace(b"(6,)", b"(9,)"),
        content.replace(b"(6,), }          ", b"(99999999999,), }"),
        content.replace(b"'<f8'", b"'|O8'"),
        content.replace(b"'<f8'", b"'<c8'"),
        content.replace(b"(6,)", b"(-1)"),
        content.replace(b"False", b"Nones"),
        content.replace(b"\x93NUMPY\x01", b"\x93NUMPY\x03"),
        content[:40],
        b"",
    ]
    for lie in lies:
        assert lie != content
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("a.npy", lie)
        with pytest.raises(ModelError):
            read_arrays(buffer.getvalue(), "here")


def test_pickled_objects_are_never_read(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    buffer = io.BytesIO()
    np.savez(buffer, a=np.array([Trap()], dtype=object))
    with pytest.raises(ModelError):
        read_arrays(buffer.getvalue(), "here")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b"NaN",
        b'{"a": Infinity}',
        b'{"a": 1e999}',
        b'{"a": 1, "a": 2}',
        b"9" * 100_000,
        b"\xff\xfe",
        b"",
    ],
)
def test_json_that_no_model_holds(data: bytes, files: Files, tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        read_json(data, "here")
    for name in ("manifest.json", "ensemble.json"):
        broken = {**files, name: data}
        with pytest.raises(ModelError):
            load(put(broken if name == "manifest.json" else signed(broken), tmp_path / "model"))


def test_a_damaged_manifest_is_told_with_its_subject(files: Files, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"^[^:]+manifest\.json: The file is damaged: it is not the JSON"):
        load(put({**files, "manifest.json": b"{"}, tmp_path / "model"))


def test_files_too_few_or_too_many(files: Files, tmp_path: Path) -> None:
    for name in files:
        with pytest.raises(ModelError, match=r"missing|no manifest"):
            load(
                put({other: data for other, data in files.items() if other != name}, tmp_path / name.replace("/", "_"))
            )
    with pytest.raises(ModelError, match=r"'evil.py' does not belong"):
        load(put({**files, "evil.py": b"import os"}, tmp_path / "m"))
    with pytest.raises(ModelError, match="does not belong"):
        load(put(signed({**files, "evil.py": b"import os"}), tmp_path / "n"))
    load(put({**files, ".DS_Store": b"x", "members/.DS_Store": b"x"}, tmp_path / "o"))


def test_what_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such model"):
        load(tmp_path / "nothing")
    with pytest.raises(ModelError, match=r"no manifest\.json"):
        load(tmp_path)
    for odd in ("a" * 5000, "a\0b"):
        with pytest.raises(ModelError, match="no such model"):
            load(odd)
    (tmp_path / "file").write_bytes(b"hello")
    with pytest.raises(ModelError, match="neither a model folder nor its zip"):
        load(tmp_path / "file")
    (tmp_path / "f.zip").write_bytes(b"PK\x05\x06" + bytes(18))
    with pytest.raises(ModelError, match=r"no manifest\.json"):
        load(tmp_path / "f.zip")
    (tmp_path / "manifest.json").write_text('{"format": "something else"}')
    with pytest.raises(ModelError, match="not a model of mlwright"):
        load(tmp_path)


def test_a_newer_format_says_so(files: Files, tmp_path: Path) -> None:
    manifest = {**json.loads(files["manifest.json"]), "format_version": 2}
    with pytest.raises(ModelError, match=r"newer mlwright \(format 2; this one reads up to 1\).*upgrade"):
        load(put({**files, "manifest.json": write_json(manifest)}, tmp_path / "m"))


def test_a_model_that_answers_otherwise_than_when_built(files: Files, tmp_path: Path) -> None:
    ensemble = json.loads(files["ensemble.json"])
    ensemble["members"][0]["weight"], ensemble["members"][1]["weight"] = 0.5, 0.5
    with pytest.raises(ModelError, match="own test rows"):
        load(put(signed({**files, "ensemble.json": write_json(ensemble)}), tmp_path / "m"))


def test_a_damaged_zip(files: Files, frame: pl.DataFrame, tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    write_files(files, path)
    data = path.read_bytes()
    rng = random.Random(5)
    for _ in range(150):
        damaged = bytearray(data)
        for _ in range(rng.choice((1, 5))):
            # Half of the damage hits the directory at the end, where the structure is.
            place = rng.randrange(len(data)) if rng.random() < 0.5 else len(data) - 1 - rng.randrange(2000)
            damaged[place] = rng.randrange(256)
        path.write_bytes(bytes(damaged) if rng.random() < 0.9 else bytes(damaged[: rng.randrange(len(data))]))
        usable_or_refused(path, frame)

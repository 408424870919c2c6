"""Whether what `mlwright export --to docker` writes becomes a service: the Dockerfile's steps, done without Docker.

    python benchmarks/export_docker.py EXPORT [--keep DIR]

EXPORT is a folder that was exported. Each COPY and each pip step of its Dockerfile is done in an empty folder that
stands for the image's root, with a clean virtual environment for its Python; steps that need root (useradd, install)
are only read. Then its CMD is run with the image's own environment: without a key it must refuse, with one it must
become healthy by its own HEALTHCHECK, ask for the key, and answer the model's test rows as the model does.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import mlwright as mw

KEY = "only-for-this-benchmark-0123456789"
WAIT_S = 60


@dataclass
class Image:
    """An image's root in a folder, what its environment says, and what it runs."""

    context: Path
    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    command: list[str] = field(default_factory=list)
    health: list[str] = field(default_factory=list)

    @property
    def scripts(self) -> Path:
        """Where its programs are."""
        return self.root / "venv" / "bin"

    def inside(self, words: list[str]) -> list[str]:
        """Return a command of the image as it is run here: its paths lie in the root, its programs too."""
        program, *rest = words
        moved = [f"{self.root}{word}" if word.startswith(("/install", "/model", "/state")) else word for word in rest]
        return [str(self.scripts / program), *moved]

    def step(self, line: str) -> None:
        """Do one instruction of the Dockerfile."""
        name, _, rest = line.partition(" ")
        if name == "COPY":
            source, target = rest.split()
            place = Path(f"{self.root}{target}")
            place.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (self.context / source).is_dir() else shutil.copyfile
            copy(self.context / source, place)
        elif name == "RUN":
            words = json.loads(rest)
            if words[0] == "pip":
                subprocess.run(self.inside(words), check=True)
            else:
                assert words[0] in {"useradd", "install"}, words
                print("not done, needs root:", shlex.join(words))
        elif name == "ENV":
            self.environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
        elif name == "CMD":
            self.command = json.loads(rest)
        elif name == "HEALTHCHECK":
            self.health = json.loads(rest.partition("CMD ")[2])
        else:
            assert name in {"FROM", "VOLUME", "WORKDIR", "USER", "EXPOSE", "STOPSIGNAL"}, line


def instructions(text: str) -> list[str]:
    whole = text.replace("\\\n", " ")
    return [" ".join(line.split(None, 1)) for line in whole.splitlines() if line.strip() and not line.startswith("#")]


def built(context: Path, root: Path) -> Image:
    image = Image(context, root)
    subprocess.run([sys.executable, "-m", "venv", str(root / "venv")], check=True)
    for line in instructions((context / "Dockerfile").read_text(encoding="utf-8")):
        image.step(line)
    (root / "state").mkdir()
    return image


def ask(path: str, body: Any = None, *, key: str | None = KEY) -> Any:
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {key}"} if key else {})
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:8080{path}", data, headers)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def checked(image: Image) -> None:
    plain = {"PATH": f"{image.scripts}:/usr/bin:/bin", **image.environment, "MLWRIGHT_HOME": str(image.root / "state")}
    command = image.inside(image.command)
    refused = subprocess.run(command, env=plain, capture_output=True, text=True, timeout=60, check=False)
    assert refused.returncode == 2, refused
    print("without a key:", refused.stderr.strip().splitlines()[0])
    start = time.perf_counter()
    process = subprocess.Popen(command, env={**plain, "MLWRIGHT_API_KEY": KEY}, cwd=image.root / "state")
    try:
        while subprocess.run(image.inside(image.health), env=plain, capture_output=True, check=False).returncode:
            assert process.poll() is None, "the service ended"
            assert time.perf_counter() - start < WAIT_S, "the service did not become healthy"
            time.sleep(0.1)
        print(f"healthy by its own check after {time.perf_counter() - start:.1f} s")
        try:
            ask("/v1/models", key=None)
            sys.exit("the service answers without a key")
        except urllib.error.HTTPError as refusal:
            if refusal.code != 401:
                raise
        compare(image)
    finally:
        process.terminate()
        print("ended with", process.wait(timeout=30))


def compare(image: Image) -> None:
    model = mw.load(image.context / "model")
    rows = [dict(row) for row in model.parts.golden]
    found = ask(f"/v1/models/{model.name}/predict", {"rows": rows})["predictions"]
    known = model.answer(rows)
    assert len(found) == len(rows)
    if known.probabilities is None:
        said = np.array([each["prediction"] for each in found])
        worst = float(np.abs(said - known.values).max())
    else:
        said = np.array([list(each["probabilities"].values()) for each in found])
        worst = float(np.abs(said - known.probabilities).max())
    print(f"{len(rows)} rows, largest difference {worst:.3g}")
    assert worst <= 1e-6 * model.parts.ensemble.scale


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("export", type=Path)
    parser.add_argument("--keep", type=Path, help="make the root here, and leave it")
    options = parser.parse_args()
    os.environ.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    context = options.export.resolve()
    if options.keep:
        options.keep.mkdir(parents=True)
        checked(built(context, options.keep.resolve()))
        return
    with tempfile.TemporaryDirectory() as root:
        checked(built(context, Path(root)))


if __name__ == "__main__":
    main()

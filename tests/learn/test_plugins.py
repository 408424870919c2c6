"""Learners and predictors of other packages: found when wanted, left out when broken, and never code from a file."""

from __future__ import annotations

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import mlwright as mw
from mlwright.cli import main
from mlwright.errors import ModelError, OptionError
from mlwright.learn import plugins
from mlwright.learn.learners import LEARNERS
from mlwright.learn.linear import LinearPredictor
from mlwright.learn.plugins import LEARNER_GROUP, PREDICTOR_GROUP, known_learners, predictor_kind

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "plugin"

Install = Callable[..., Path]
"""Called with the name of a package, its module's text and its entry points by group; returns where it is."""

SOUND = """
from mlwright.learn.learners.linear import Linear

class Sound(Linear):
    name = "sound"
    label = "sound"
"""


def lay_down(folder: Path, package: str, points: dict[str, dict[str, str]]) -> None:
    """Write what an installer leaves of a package beside its modules."""
    facts = folder / f"{package.replace('-', '_')}-1.0.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    groups = [
        "\n".join([f"[{group}]", *(f"{name} = {place}" for name, place in each.items())])
        for group, each in points.items()
    ]
    (facts / "entry_points.txt").write_text("\n".join(groups))


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install packages for one test, in this process."""
    site = tmp_path / "site"
    monkeypatch.syspath_prepend(site)
    modules = []

    def installed(package: str, text: str, **points: dict[str, str]) -> Path:
        module = package.replace("-", "_")
        lay_down(site, package, {f"mlwright.{group}": each for group, each in points.items()})
        (site / f"{module}.py").write_text(text)
        importlib.invalidate_caches()
        modules.append(module)
        return site

    yield installed
    for module in modules:
        sys.modules.pop(module, None)


@pytest.fixture
def table() -> pl.DataFrame:
    rng = np.random.default_rng(0)
    hours = rng.normal(size=150)
    return pl.DataFrame({"hours": hours, "passed": np.where(hours + 0.3 * rng.normal(size=150) > 0, "yes", "no")})


def test_without_plug_ins_the_built_in_are_all_there_is() -> None:
    known = known_learners(LEARNERS)
    assert dict(known.learners) == LEARNERS
    assert known.left_out == {}
    assert plugins.learner_names(LEARNERS) == list(LEARNERS)


@pytest.mark.parametrize("made", ["Sound", "Sound_instance"])
def test_a_class_or_an_instance_is_found(install: Install, made: str) -> None:
    install("sound-pack", SOUND + "\nSound_instance = Sound()\n", learners={"sound": f"sound_pack:{made}"})
    assert plugins.learner_names(LEARNERS) == [*LEARNERS, "sound"]
    assert "sound_pack" not in sys.modules
    known = known_learners(LEARNERS)
    assert known.learners["sound"].label == "sound"
    assert known.left_out == {}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("raise SystemError('out of luck.\\nVery much so.')", "SystemError: out of luck. Very much so"),
        ("raise SystemExit", "SystemExit"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("raise BaseException('no use')", "BaseException: no use"),
        ("", "AttributeError: module 'sound_pack' has no attribute 'Sound'"),
        ("Sound = 7", "it has no name, label, objectives, variant, package, extra, configurations, max_cells, fit"),
        (SOUND.replace('"sound"\n    label', '"loud"\n    label'), "it calls itself 'loud'"),
        (SOUND + "    variant = 'any'", "its variant is 'any', not one of codes, "),
        (SOUND + "    variant = []", "TypeError: "),
        (
            SOUND + "    objectives = {'guess'}",
            "its objectives is {'guess'}, not a set of binary, ",
        ),
        (SOUND + "    configurations = {}", "its configurations are not those of its objectives"),
        (
            SOUND + "    configurations = {**Linear.configurations, 'binary': ()}",
            "it has no configuration for one of its objectives",
        ),
        (SOUND + "    def __init__(self):\n        raise OSError('no licence')", "OSError: no licence"),
    ],
)
def test_a_broken_learner_is_left_out_with_a_sentence(install: Install, text: str, reason: str) -> None:
    install("sound-pack", text, learners={"sound": "sound_pack:Sound"})
    known = known_learners(LEARNERS)
    assert dict(known.learners) == LEARNERS
    sentence = known.left_out[LEARNER_GROUP, "sound"]
    assert sentence.startswith(f"The learner 'sound' of the package 'sound-pack' is left out: {reason}")
    assert sentence.endswith(".")
    assert "\n" not in sentence


def test_a_taken_name_is_refused(install: Install) -> None:
    """The built-in keeps its name, and so does the package that comes first; neither module is imported for it."""
    install("rude-pack", "raise RuntimeError", learners={"linear": "rude_pack:X"}, predictors={"trees": "rude_pack:Y"})
    install("a-pack", SOUND, learners={"sound": "a_pack:Sound"})
    install("b-pack", "raise RuntimeError", learners={"sound": "b_pack:Sound"})
    known = known_learners(LEARNERS)
    assert known.learners["linear"] is LEARNERS["linear"]
    assert type(known.learners["sound"]).__module__ == "a_pack"
    assert dict(known.left_out) == {
        (LEARNER_GROUP, "linear"): "The learner 'linear' of the package 'rude-pack' is left out: its name is taken.",
        (LEARNER_GROUP, "sound"): "The learner 'sound' of the package 'b-pack' is left out: its name is taken.",
        (PREDICTOR_GROUP, "trees"): "The predictor 'trees' of the package 'rude-pack' is left out: its name is taken.",
    }
    assert predictor_kind("linear") is LinearPredictor
    assert {"rude_pack", "b_pack"} & set(sys.modules) == set()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("import no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("Odd = 7", "it is no class with predict, state, from_state"),
        ("from mlwright.learn.linear import LinearPredictor as Odd", "its kind is 'linear'"),
    ],
)
def test_a_broken_predictor_ends_loading_with_a_sentence(install: Install, text: str, reason: str) -> None:
    install("odd-pack", text, predictors={"odd": "odd_pack:Odd"})
    with pytest.raises(ModelError, match=f"kind 'odd' needs the package 'odd-pack', which cannot be used: {reason}"):
        predictor_kind("odd")


def test_a_package_without_metadata_or_with_nonsense_in_it_harms_nobody(install: Install) -> None:
    site = install("sound-pack", SOUND, learners={"sound": "sound_pack:Sound", "odd one": "7", "empty": "%"})
    (site / "sound_pack-1.0.dist-info" / "METADATA").unlink()
    known = known_learners(LEARNERS)
    assert set(known.learners) == {*LEARNERS, "sound"}
    assert {name for _, name in known.left_out} == {"odd one", "empty"}


def test_of_two_packages_with_one_kind_the_models_own_answers(install: Install) -> None:
    own = "from mlwright.learn.linear import LinearPredictor\n\nclass Own(LinearPredictor):\n    kind = 'own'\n"
    for name in ("a-pack", "b-pack"):
        install(name, own, predictors={"own": f"{name.replace('-', '_')}:Own"})
    said = [predictor_kind("own", package).__module__ for package in ("b-pack", "a-pack", None, "elsewhere")]
    assert said == ["b_pack", "a_pack", "a_pack", "a_pack"]


def test_a_plug_in_whose_module_is_missing_is_told_by_name(install: Install, table: pl.DataFrame) -> None:
    install("sound-pack", SOUND + "    package = 'no_such_module'", learners={"sound": "sound_pack:Sound"})
    with pytest.raises(mw.MissingExtraError, match="The learner sound needs the module 'no_such_module'"):
        mw.build(table, target="passed", trials=1, learners=["sound"])


@pytest.mark.parametrize("kind", ["absent", "os:system", "sound_pack.Sound", "", None, 7, ["linear"], "x" * 500])
def test_a_file_cannot_name_code(kind: object) -> None:
    with pytest.raises(ModelError, match="which no installed package brings") as caught:
        predictor_kind(kind, "evil; pip install worse")
    assert caught.value.hint is None
    assert len(caught.value.message) < 200


def test_a_build_goes_on_without_a_broken_plug_in_and_says_so(install: Install, table: pl.DataFrame) -> None:
    install("sound-pack", "import no_such_module", learners={"sound": "sound_pack:Sound"})
    model = mw.build(table, target="passed", trials=1)
    told = [finding for finding in model.evaluation["findings"] if finding["kind"] == "plugin_left_out"]
    assert [finding["severity"] for finding in told] == ["warning"]
    assert "'sound' of the package 'sound-pack' is left out: ModuleNotFoundError" in told[0]["message"]
    with pytest.raises(OptionError, match="'sound' of the package 'sound-pack' is left out"):
        mw.build(table, target="passed", trials=1, learners=["sound"])


def test_learners_are_chosen_by_name(table: pl.DataFrame) -> None:
    model = mw.build(table, target="passed", trials=2, learners=["extratrees"])
    tried = [row for row in model.evaluation["leaderboard"] if row["seconds"] is not None]
    assert sorted(row["learner"] for row in tried) == ["extratrees", "extratrees", "linear"]
    assert {row["learner"] for row in tried if row["weight"]} == {"extratrees"}
    assert "--learners extratrees" in model.run["command"]
    with pytest.raises(OptionError, match=r"--learners cannot be 'liner'\. Hint: did you mean 'linear'"):
        mw.build(table, target="passed", trials=1, learners=["liner"])


MISPACKED = """
from mlwright.learn.learners.linear import Linear

class Own:
    kind = "{kind}"
    def __init__(self, inner): self.inner = inner
    def predict(self, X): return self.inner.predict(X){change}
    def state(self): return self.inner.state()
    from_state = classmethod(lambda cls, plain, arrays: None)

class Fitted:
    def __init__(self, inner): self.inner = inner
    def __getattr__(self, name): return getattr(self.inner, name)
    def predict(self, X): return self.inner.predict(X){shape}
    def pack(self): return Own(self.inner.pack())

class Sound(Linear):
    name = "sound"
    label = "sound"
    def fit(self, *asked): return Fitted(super().fit(*asked))
"""


@pytest.mark.parametrize(
    ("kind", "change", "shape", "reason"),
    [
        ("unregistered", "", "", "ModelError: Its predictor is of the kind 'unregistered', which no entry point"),
        ("own", " + 1e-3", "", "ValueError: its packed predictor says something else than it does"),
        ("own", "", "[:, 0]", "ValueError: its predictions have the shape (30,)"),
    ],
)
def test_what_could_not_be_kept_fails_early(
    install: Install, table: pl.DataFrame, kind: str, change: str, shape: str, reason: str
) -> None:
    text = MISPACKED.format(kind=kind, change=change, shape=shape)
    install("sound-pack", text, learners={"sound": "sound_pack:Sound"}, predictors={"own": "sound_pack:Own"})
    model = mw.build(table, target="passed", trials=2, learners=["linear", "sound"])
    failed = [row["status"] for row in model.evaluation["leaderboard"] if row["learner"] == "sound"]
    assert len(failed) == 1
    assert failed[0].startswith(f"failed: {reason}")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of the docs, as an installer lays it down."""
    site = tmp_path_factory.mktemp("site")
    project = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]
    lay_down(site, project["name"], project["entry-points"])
    shutil.copytree(EXAMPLE / "mlwright_naive_bayes", site / "mlwright_naive_bayes")
    shutil.copy(EXAMPLE / "test_naive_bayes.py", site)
    return site


def python(*words: str, site: Path, folder: Path) -> str:
    """Run Python with the example installed; return stdout."""
    environment = {**os.environ, "PYTHONPATH": str(site)}
    command = [sys.executable, *words]
    done = subprocess.run(command, env=environment, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def model(example: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that the command line built with the example's learner alone, beside rows.csv and its answers.csv."""
    folder = tmp_path_factory.mktemp("work")
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 200)
    pl.DataFrame({"a": rng.normal(size=200) + y, "b": rng.normal(size=200) * (1 + y), "y": y}).write_csv(
        folder / "rows.csv"
    )
    asked = ["--target", "y", "--learners", "naive_bayes", "--trials", "2", "--out", "kept"]
    python("-m", "mlwright", "build", "rows.csv", *asked, site=example, folder=folder)
    python("-m", "mlwright", "predict", "kept", "rows.csv", "--out", "answers.csv", site=example, folder=folder)
    return folder


def test_the_example_builds_and_answers_by_the_command_line(model: Path) -> None:
    manifest = json.loads((model / "kept" / "manifest.json").read_text())
    members = json.loads((model / "kept" / "ensemble.json").read_text())["members"]
    assert manifest["requires"] == ["numpy", "mlwright-naive-bayes"]
    assert {(one["kind"], one["package"]) for one in members} == {("naive_bayes", "mlwright-naive-bayes")}
    assert pl.read_csv(model / "answers.csv").height == 200


def test_the_example_answers_with_numpy_alone(model: Path, example: Path) -> None:
    code = """
import sys
for name in ("scipy", "sklearn", "polars", "pandas", "lightgbm", "threadpoolctl"):
    sys.modules[name] = None
import json
import mlwright as mw
assert "mlwright_naive_bayes" not in sys.modules
model = mw.load("kept")
assert "mlwright_naive_bayes.learner" not in sys.modules
print(json.dumps(model.predict_proba([{"a": 0.5, "b": -1.0}, {"a": None, "b": 3.0}]).tolist()))
"""
    said = json.loads(python("-c", code, site=example, folder=model))
    np.testing.assert_allclose(np.sum(said, axis=1), 1)
    again = (
        "import mlwright as mw; mw.load('kept').save('kept.zip'); print(mw.load('kept.zip').predict({'a': 2, 'b': 1}))"
    )
    assert python("-c", again, site=example, folder=model) in {"[0]\n", "[1]\n"}


def test_without_its_package_the_model_fails_with_a_sentence(
    model: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(model)
    with pytest.raises(
        ModelError, match="a predictor of the kind 'naive_bayes', which no installed package brings"
    ) as caught:
        mw.load("kept")
    assert "'mlwright-naive-bayes': install it where you trust it" in str(caught.value.hint)
    assert main(["predict", "kept", "rows.csv"]) == 2
    assert "mlwright-naive-bayes" in capsys.readouterr().err


def test_nothing_is_imported_before_it_is_wanted(example: Path, model: Path) -> None:
    code = (
        "import sys, mlwright, mlwright.cli.app, mlwright.learn.learners, mlwright.model;"
        "print([name for name in sys.modules if 'naive_bayes' in name])"
    )
    assert python("-c", code, site=example, folder=model).strip() == "[]"


def test_the_example_keeps_every_promise(example: Path) -> None:
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "test_naive_bayes.py"]
    assert "32 passed" in python(*words, site=example, folder=example)


def test_the_docs_show_the_example_as_it_is() -> None:
    page = (ROOT / "docs" / "how-to" / "add-a-learner.md").read_text(encoding="utf-8")
    shown = re.findall(r"^```(?:toml|py)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    files = (
        "pyproject.toml",
        "mlwright_naive_bayes/learner.py",
        "mlwright_naive_bayes/predictor.py",
        "test_naive_bayes.py",
    )
    assert shown == [(EXAMPLE / name).read_text(encoding="utf-8") for name in files]

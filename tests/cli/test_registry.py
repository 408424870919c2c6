"""promote, rollback, tag, archive, traffic, keys and models NAME, as a person types them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mlwright
from mlwright.building.store import store
from mlwright.model import Model
from mlwright.registry import Workspace

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def model() -> Model:
    rows = {"hours": [row % 50 for row in range(90)], "passed": [row % 50 > 25 for row in range(90)]}
    return mlwright.build(rows, target="passed", trials=1, threads=1)


@pytest.fixture(scope="module")
def template(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Path:
    state = Workspace(tmp_path_factory.mktemp("template"))
    for _ in range(3):
        state.add(model, "exam")
    return state.path


@pytest.fixture
def exam(run: Run, template: Path) -> Workspace:
    """A workspace with three versions of exam, in the folder where `run` works."""
    return Workspace(shutil.copytree(template, Path.cwd() / ".mlwright"))


def parsed(told: tuple[int, str, str]) -> Any:
    assert told[0] == 0, told
    return json.loads(told[1])


def test_promote_says_what_was_and_what_is(run: Run, exam: Workspace) -> None:
    assert run("promote", "exam@1", "--why", "it is good") == (
        0,
        "exam@1 is champion now; there was none before.\n",
        "",
    )
    assert run("promote", "exam")[1] == "exam@3 is champion now, instead of exam@1.\n"
    assert run("promote", "exam@champion", "--as", "challenger")[1].startswith("exam@3 is challenger now")
    assert run("promote", "exam@3")[1] == "exam@3 is champion already.\n"
    told = parsed(run("promote", "exam@2", "--json"))
    assert told | {"at": "", "who": ""} == {
        "name": "exam",
        "alias": "champion",
        "action": "promote",
        "before": 3,
        "after": 2,
        "moved": True,
        "at": "",
        "who": "",
        "why": "",
    }
    assert exam.aliases("exam") == {"challenger": 3, "champion": 2}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("promote", "exma@1"), "There is no model 'exma'"),
        (("promote", "exam@9"), "There is no version '9' of model 'exam'"),
        (("promote", "../exam"), "This cannot be a model's name: '../exam'"),
        (("promote", "exam@1", "--as", "2"), "An alias cannot be '2'"),
        (("rollback", "exam"), "No alias of 'exam' was ever promoted"),
        (("archive", "exam"), "'exam' does not name a version"),
        (("archive", "exam@latest"), "does not name a version"),
        (("tag", "exam", "owner"), "A tag cannot be 'owner'"),
        (("tag", "exam", "--remove", "owner"), "The tag of exam cannot be 'owner'"),
        (("traffic", "exam", "--canary", "challenger"), "--canary cannot be 'challenger'"),
        (("traffic", "exam", "--canary", "1=x"), "--canary cannot be '1=x'"),
        (("traffic", "exam", "--canary", "challenger=5"), "There is no version 'challenger'"),
        (("traffic", "exam", "--canary", "1=60", "2=60"), "The shares sum to 120 %"),
        (("keys", "make", "shop"), "ACTION cannot be 'make'"),
        (("keys", "add"), "`mlwright keys add` needs a LABEL"),
        (("keys", "add", "shop"), "A key without a scope may do nothing"),
        (("keys", "add", "shop", "--scope", "predcit"), "The scope of a key cannot be 'predcit'"),
        (("keys", "add", "shop", "--scope", "read", "--expires", "soon"), "--expires cannot be 'soon'"),
        (("keys", "list", "shop"), "`mlwright keys list` takes no LABEL"),
        (("keys", "revoke", "shop", "--scope", "read"), "are for `mlwright keys add`"),
        (("keys", "revoke", "shop"), "There is no key 'shop'"),
    ],
)
def test_what_cannot_be_is_one_sentence(words: tuple[str, ...], said: str, run: Run, exam: Workspace) -> None:
    before = exam.revision()
    code, out, err = run(*words)
    assert (code, out) == (2, "")
    assert said in err
    assert exam.revision() == before


def test_rollback_and_the_model_that_answers(run: Run, exam: Workspace) -> None:
    run("promote", "exam@1")
    run("promote", "exam@2", "--as", "champion")
    assert run("rollback", "exam", "--why", "slow")[1] == "exam@1 is champion again, instead of exam@2.\n"
    assert parsed(run("models", "exam", "--json"))["history"][0]["why"] == "slow"
    code, _, err = run("rollback", "exam")
    assert code == 2
    assert "nothing to roll back to: exam@1 is the first champion" in err
    run("promote", "exam@3")
    assert parsed(run("rollback", "exam", "--alias", "champion", "--json"))["after"] == 1


def test_models_shows_what_matters_first(run: Run, exam: Workspace) -> None:
    exam.promote("exam", 1)
    exam.archive("exam", 2)
    out = run("models")[1].splitlines()
    assert out[0].split()[:2] == ["model", "is"]
    assert [line.split()[:2] for line in out[1:]] == [["exam@3", "–"], ["exam@2", "archived"], ["exam@1", "champion"]]
    assert [facts["version"] for facts in parsed(run("models", "--search", "champ", "--json"))["models"]] == [1]
    code, out_, err = run("models", "--search", "nothing like it")
    assert (code, out_) == (0, "")
    assert "No version in .mlwright has 'nothing like it'" in err
    code, _, err = run("models", "exma")
    assert code == 2
    assert "did you mean 'exam'" in err


def test_models_of_a_name_tells_all_of_it(run: Run, exam: Workspace) -> None:
    bare = run("models", "exam")[1]
    assert not re.search("aliases|tags|history", bare)
    run("promote", "exam@2", "--why", "better")
    run("tag", "exam", "owner=ann")
    run("tag", "exam@2", "ticket=42", "note=two words")
    out = run("models", "exam")[1]
    assert "aliases\nchampion  exam@2\n" in out
    assert "tags\nexam    owner=ann\nexam@2  note=two words\nexam@2  ticket=42\n" in out
    assert re.search(r"champion +promote +none to 2 +\S+ +better", out)
    told = parsed(run("models", "exam", "--json"))
    assert told["tags"] == {"owner": "ann"}
    assert told["version_tags"] == {"2": {"note": "two words", "ticket": "42"}}
    assert told["aliases"] == {"champion": 2}
    assert told["traffic"] == {"weights": {}, "sticky": None, "shadow": []}
    assert [facts["aliases"] for facts in told["models"]] == [[], ["champion"], []]


def test_what_is_made_from_a_version_knows_its_parent(run: Run, exam: Workspace) -> None:
    kept = store(exam.open("exam@2"), name="copy", workspace=exam.path, out=None)
    assert (kept.name, kept.version) == ("copy", 1)
    assert [version.reference for version in exam.lineage("copy", 1)] == ["copy@1", "exam@2"]
    assert exam.find("exam@2").parent is None


def test_commands_speak_of_the_version_that_was_asked_for(
    run: Run, exam: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a store's cache, versions with the same files are one folder, whose manifest names one of them."""
    monkeypatch.setenv("MLWRIGHT_MODELS", Path("store").absolute().as_uri())
    state = Workspace("shared")
    model = exam.open("exam@1")
    state.add(model, "exam")
    state.add(model, "copy")
    assert run("report", "copy", "--workspace", "shared")[1] == "shared/runs/copy-1/report.html\n"
    told = parsed(run("models", "copy", "--workspace", "shared", "--json"))
    assert told["models"][0]["path"].endswith("/store/copy/1.zip")


def test_tags_are_added_shown_and_removed(run: Run, exam: Workspace) -> None:
    code, out, err = run("tag", "exam")
    assert (code, out) == (0, "")
    assert "Nothing is noted of exam" in err
    assert run("tag", "exam@1", "owner=ann", "team=a=b")[1] == "owner  ann\nteam   a=b\n"
    assert parsed(run("tag", "exam@1", "owner=bob", "--remove", "team", "--json")) == {
        "name": "exam",
        "version": 1,
        "tags": {"owner": "bob"},
    }


def test_archive_and_back(run: Run, exam: Workspace) -> None:
    assert run("archive", "exam@3")[1] == "exam@3 is archived.\n"
    assert run("archive", "exam@3")[1] == "exam@3 is archived already.\n"
    assert exam.find("exam").version == 2
    assert parsed(run("archive", "exam@3", "--undo", "--json")) == {
        "name": "exam",
        "version": 3,
        "archived": False,
        "changed": True,
    }
    assert run("archive", "exam@3", "--undo")[1] == "exam@3 is not archived.\n"
    exam.promote("exam", 1)
    assert "exam@1 cannot be archived: it is champion" in run("archive", "exam@1")[2]


def test_traffic_changes_what_is_given_and_keeps_the_rest(run: Run, exam: Workspace) -> None:
    assert run("traffic", "exam")[1] == "exam@3  all requests\n"
    exam.promote("exam", 1)
    exam.promote("exam", 2, alias="challenger")
    out = run("traffic", "exam", "--canary", "challenger=5%", "--sticky", "customer")[1]
    assert (
        out
        == "challenger   5 % of requests\nexam@1       95 % of requests\nby customer  its value decides who answers\n"
    )
    told = parsed(run("traffic", "exam", "--shadow", "challenger", "3", "--json"))
    assert told == {
        "name": "exam",
        "version": 1,
        "weights": {"challenger": 0.05},
        "sticky": "customer",
        "shadow": ["challenger", "3"],
    }
    assert parsed(run("traffic", "exam", "--canary", "challenger=0", "--json"))["weights"] == {}
    assert parsed(run("traffic", "exam", "--clear", "--shadow", "3", "--json"))["sticky"] is None
    assert run("traffic", "exam", "--clear")[1] == "exam@1  all requests\n"


def test_who_answers_everything_is_not_told_to_answer_unheard(run: Run, exam: Workspace) -> None:
    exam.promote("exam", 1)
    out = run("traffic", "exam", "--shadow", "champion", "3")[1]
    assert out == "exam@1  all requests\n3       answers too, unheard\n"
    out = run("traffic", "exam", "--clear", "--canary", "2=100", "--shadow", "1", "2")[1]
    assert out == "2       100 % of requests\nexam@1  0 % of requests\n1       answers too, unheard\n"
    out = run("traffic", "exam", "--canary", "2=5")[1]
    assert [line.split()[0] for line in out.splitlines() if "unheard" in line] == ["1", "2"]


def test_a_key_is_made_listed_and_revoked(run: Run, exam: Workspace) -> None:
    code, _, err = run("keys", "list")
    assert code == 0
    assert "There are no keys yet" in err
    code, out, err = run("keys", "add", "shop", "--scope", "predict", "outcomes", "--expires", "90d")
    assert code == 0
    assert "only time that the key is shown" in err
    found = exam.keys.verify(out.strip())
    assert found is not None
    assert found.scopes == ("predict", "outcomes")
    told = parsed(run("keys", "add", "board", "--scope", "predict:exam", "--json", "--expires", "2999-01-31"))
    assert exam.keys.verify(told["secret"]) is not None
    assert told["expires"] == "2999-01-31T00:00:00.000000+00:00"
    listed = run("keys", "list")[1]
    assert re.search(r"board +predict:exam .*2999-01-31\n", listed)
    assert out.strip() not in listed
    assert run("keys", "revoke", "shop")[1] == "The key 'shop' is revoked.\n"
    assert run("keys", "revoke", "shop")[1] == "The key 'shop' was revoked before.\n"
    assert [key["ended"] for key in parsed(run("keys", "list", "--json"))["keys"]] == [False, True]
    assert re.search(r"shop .*revoked 2", run("keys", "list")[1])
    assert parsed(run("keys", "revoke", "board", "--json")) == {"label": "board", "revoked": True, "changed": True}

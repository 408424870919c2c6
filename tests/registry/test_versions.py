"""What references mean, what archiving does, how versions are found and what they were made from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from mlwright.errors import ModelError, OptionError
from mlwright.model import Model, RowModel
from mlwright.registry import Traffic, Workspace


@pytest.fixture
def workspace(model: Model, tmp_path: Path, registry: str | None) -> Workspace:
    """Three versions of churn."""
    made = Workspace(tmp_path / "w", registry=registry)
    for why in ("first", "more rows", "new columns"):
        made.add(model, "churn", why=why, who="ann")
    return made


def found(workspace: Workspace, reference: str) -> int:
    return workspace.find(reference).version


def test_a_bare_name_is_the_champion_else_the_latest_that_is_not_archived(workspace: Workspace) -> None:
    assert found(workspace, "churn") == found(workspace, "churn@latest") == 3
    assert workspace.archive("churn", 3)
    assert found(workspace, "churn") == 2
    workspace.promote("churn", 1)
    assert found(workspace, "churn") == found(workspace, "churn@champion") == 1
    assert found(workspace, "churn@latest") == 2
    assert workspace.open("churn").version == 1
    assert found(workspace, "churn@3") == 3  # archived, but named by its number
    assert workspace.resolve("churn@champion") == workspace.root / "churn" / "1"


def test_unknown_references_name_what_there_is(workspace: Workspace) -> None:
    workspace.promote("churn", 2, alias="challenger")
    with pytest.raises(ModelError, match=r"no version 'chalenger'.*did you mean 'challenger'.*1, 2, 3; aliases: chall"):
        workspace.find("churn@chalenger")
    with pytest.raises(ModelError, match=r"no version 'champion' of model 'churn'"):
        workspace.find("churn@champion")
    with pytest.raises(ModelError, match=r"no model 'chrun'.*did you mean 'churn'"):
        workspace.find("chrun")
    for call in (workspace.promote, workspace.history, workspace.rollback):
        with pytest.raises(ModelError, match=r"no model 'chrun'.*did you mean 'churn'"):
            call("chrun")
    with pytest.raises(ModelError, match="no version '9'"):
        workspace.archive("churn", 9)


def test_what_is_pointed_to_is_not_archived(workspace: Workspace) -> None:
    workspace.promote("churn", 2)
    with pytest.raises(ModelError, match="churn@2 cannot be archived: it is champion"):
        workspace.archive("churn", 2)
    workspace.set_traffic("churn", Traffic({"1": 0.5}))
    with pytest.raises(ModelError, match="churn@1 cannot be archived: requests are sent to it"):
        workspace.archive("churn", 1)
    workspace.set_traffic("churn", Traffic())
    assert [workspace.archive("churn", 1), workspace.archive("churn", 1)] == [True, False]
    with pytest.raises(ModelError, match=r"churn@1 is archived.*--undo"):
        workspace.promote("churn", 1)
    assert [workspace.unarchive("churn", 1), workspace.unarchive("churn", 1)] == [True, False]
    assert workspace.promote("churn", 1).moved


def test_a_name_all_of_whose_versions_are_archived_answers_by_number_only(workspace: Workspace) -> None:
    for version in (1, 2, 3):
        workspace.archive("churn", version)
    with pytest.raises(ModelError, match=r"All versions of 'churn' are archived.*churn@3"):
        workspace.find("churn")
    assert found(workspace, "churn@2") == 2


def test_search_finds_by_all_that_is_noted(workspace: Workspace, model: Model) -> None:
    workspace.add(model, "other_name")
    workspace.promote("churn", 2, alias="canary")
    workspace.tag("churn", {"owner": "Ann"}, version=1)
    workspace.tag("churn", {"team": "100%"})

    def search(*words: str, **exact: str) -> list[str]:
        return [version.reference for version in workspace.search(*words, **exact)]

    assert search() == ["churn@3", "churn@2", "churn@1", "other_name@1"]
    assert search("CHUR") == ["churn@3", "churn@2", "churn@1"]
    assert search("rows") == search("canary") == ["churn@2"]
    assert search("ann") == search(tag="owner") == search(tag="owner=Ann") == ["churn@1"]
    assert search(tag="owner=Bob") == search("nothing like it") == search("%x%") == []
    assert search("100%") == ["churn@3", "churn@2", "churn@1"]  # % and _ are what they are
    assert search("u_n") == search(task="binary") == []
    assert search("u_n", target="price") == []
    assert search("_") == ["other_name@1"]
    assert search(task="regression", target="price", tag="owner") == ["churn@1"]


def test_lineage_leads_to_the_root(workspace: Workspace, model: Model) -> None:
    assert [version.reference for version in workspace.lineage("churn", 3)] == ["churn@3"]
    assert workspace.add(workspace.open("churn@2"), "prod")[1] == 1
    assert workspace.add(model, "prod", parent="prod@1")[1] == 2
    assert [version.reference for version in workspace.lineage("prod", 2)] == ["prod@2", "prod@1", "churn@2"]
    with pytest.raises(OptionError, match=r"no version 'churn@9' to be the parent"):
        workspace.add(model, "prod", parent="churn@9")
    with pytest.raises(OptionError, match="to be the parent"):
        workspace.add(model, "prod", parent="churn")


def test_lineage_is_what_the_manifest_says_of_the_run(model: Model, tmp_path: Path, registry: str | None) -> None:
    run = {**model.run, "data_hash": "abc", "seed": 7, "versions": {"mlwright": "0.1.0"}, "parent": "odd"}
    workspace = Workspace(tmp_path, registry=registry)
    workspace.add(RowModel(replace(model.parts, run=run)), "churn")
    (version,) = workspace.lineage("churn", 1)
    assert (version.data_hash, version.seed, version.code_version, version.parent) == ("abc", 7, "0.1.0", "odd")
    assert version.created == "2026-01-02T03:04:05+00:00"
    assert json.dumps(version.to_dict())


def test_revision_grows_with_every_change(workspace: Workspace, model: Model) -> None:
    seen = [workspace.revision()]
    for change in (
        lambda: workspace.add(model, "churn"),
        lambda: workspace.promote("churn", 1),
        lambda: workspace.promote("churn", 2),
        lambda: workspace.rollback("churn"),
        lambda: workspace.set_traffic("churn", Traffic({"2": 0.1})),
        lambda: workspace.tag("churn", {"a": "b"}),
        lambda: workspace.untag("churn", "a"),
        lambda: workspace.archive("churn", 3),
        lambda: workspace.unarchive("churn", 3),
        lambda: workspace.keys.add("shop", ["predict"]),
        lambda: workspace.keys.revoke("shop"),
    ):
        change()
        seen.append(workspace.revision())
    assert seen == sorted(set(seen))
    for look in (workspace.names, workspace.models, lambda: workspace.open("churn"), workspace.keys.all):
        look()
    assert workspace.revision() == seen[-1]

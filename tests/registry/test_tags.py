"""What is noted of names and versions."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlwright.errors import ModelError, OptionError
from mlwright.model import Model
from mlwright.registry import Traffic, Workspace


def test_tags_of_a_name_and_of_its_versions(model: Model, tmp_path: Path, registry: str | None) -> None:
    workspace = Workspace(tmp_path, registry=registry)
    workspace.add(model, "churn")
    workspace.promote("churn", 1)
    workspace.tag("churn", {"owner": "ann", "url": "https://example.org/?a=b"})
    workspace.tag("churn", {"owner": "bob"}, version="champion")
    assert workspace.tags("churn") == {None: {"owner": "ann", "url": "https://example.org/?a=b"}, 1: {"owner": "bob"}}
    workspace.tag("churn", {"owner": "eve"})
    workspace.untag("churn", "owner", version=1)
    assert workspace.tags("churn") == {None: {"owner": "eve", "url": "https://example.org/?a=b"}}
    with pytest.raises(OptionError, match=r"The tag of churn cannot be 'ownr'.*did you mean 'owner'"):
        workspace.untag("churn", "url", "ownr")
    assert "url" in workspace.tags("churn")[None]  # all of it is removed, or nothing
    with pytest.raises(ModelError, match="no version '2'"):
        workspace.tag("churn", {"a": "b"}, version=2)
    with pytest.raises(ModelError, match="no model 'nothing'"):
        workspace.tag("nothing", {"a": "b"})
    assert workspace.tags("nothing") == {}


@pytest.mark.parametrize("key", ["", " a", "a=b", "ä", "a" * 101, "a\0"])
def test_keys_that_cannot_be(key: str, model: Model, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    workspace.add(model, "churn")
    with pytest.raises(OptionError, match="cannot have the key"):
        workspace.tag("churn", {"good": "one", key: "b"})
    with pytest.raises(OptionError, match="holds 5,001 characters"):
        workspace.tag("churn", {"good": "x" * 5_001})
    assert workspace.tags("churn") == {}


def test_odd_characters_are_kept_as_far_as_every_database_can(
    model: Model, tmp_path: Path, registry: str | None
) -> None:
    workspace = Workspace(tmp_path, registry=registry)
    odd = "a\0b \udce9 \U0001f600 '; DROP TABLE models; --"
    kept = "ab ? \U0001f600 '; DROP TABLE models; --"
    workspace.add(model, "churn", why=odd, who=odd)
    workspace.tag("churn", {"note": odd})
    assert workspace.tags("churn") == {None: {"note": kept}}
    assert workspace.promote("churn", 1, why=odd, who=odd).why == kept
    assert [(move.why, move.who) for move in workspace.history("churn")] == [(kept, kept)]
    assert [(found.why, found.who) for found in workspace.search(odd, tag=f"note={odd}")] == [(kept, kept)]
    for name in ("a\0b", "\ud800", "../x"):
        assert (workspace.aliases(name), workspace.tags(name), workspace.traffic(name)) == ({}, {}, Traffic())

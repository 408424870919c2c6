"""Keys of the service: shown once, kept as hashes, ended when they should be."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from mlwright.errors import OptionError
from mlwright.registry import Workspace, keys, state
from mlwright.registry.tables import keys as table


def test_a_key_is_shown_once_and_kept_as_a_hash(tmp_path: Path, registry: str | None) -> None:
    workspace = Workspace(tmp_path, registry=registry)
    secret = workspace.keys.add("shop", ["predict", "outcomes", "predict"], who="ann")
    assert re.fullmatch(r"mlw_[A-Za-z0-9_-]{43}", secret)
    assert len(base64.urlsafe_b64decode(secret.removeprefix("mlw_") + "=")) == 32
    assert workspace.keys.add("other", ["read"]) != secret
    found = workspace.keys.verify(secret)
    assert found is not None
    assert (found.label, found.scopes, found.who, found.expires, found.revoked) == (
        "shop",
        ("predict", "outcomes"),
        "ann",
        None,
        None,
    )
    with workspace._state.reading() as connection:
        rows = connection.execute(sa.select(table)).all()
    assert hashlib.sha256(secret.encode()).hexdigest() in {row.hash for row in rows}
    assert secret not in repr(rows)
    assert secret.removeprefix("mlw_") not in repr([key.to_dict() for key in workspace.keys.all()])


@pytest.mark.parametrize("wrong", ["", "mlw_", "mlw_" + "A" * 43, "x" * 10**6, "\0", "é", "\ud800"])
def test_what_is_no_key_is_none(wrong: str, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    secret = workspace.keys.add("shop", ["predict"])
    assert workspace.keys.verify(wrong) is None
    for near in (secret[:-1], secret + "A", secret.swapcase(), secret.removeprefix("mlw_"), f" {secret}"):
        assert workspace.keys.verify(near) is None


def test_a_revoked_key_ends_at_once_and_stays_listed(tmp_path: Path, registry: str | None) -> None:
    workspace = Workspace(tmp_path, registry=registry)
    secret = workspace.keys.add("shop", ["predict"])
    assert [workspace.keys.revoke("shop"), workspace.keys.revoke("shop")] == [True, False]
    assert workspace.keys.verify(secret) is None
    assert [(key.label, key.ended()) for key in workspace.keys.all()] == [("shop", True)]
    with pytest.raises(OptionError, match=r"There is no key 'shpo'\. Hint: did you mean 'shop'"):
        workspace.keys.revoke("shpo")
    with pytest.raises(OptionError, match=r"There is no key 'nobody'\. Hint: `mlwright keys list`"):
        workspace.keys.revoke("nobody")
    with pytest.raises(OptionError, match="a key 'shop' already"):
        workspace.keys.add("shop", ["predict"])


def test_a_key_expires(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workspace = Workspace(tmp_path)
    end = datetime.now(UTC) + timedelta(hours=1)
    secret = workspace.keys.add("shop", ["predict"], expires=end)
    assert workspace.keys.verify(secret) is not None
    monkeypatch.setattr(keys, "now", lambda: (end - timedelta(seconds=1)).isoformat(timespec="microseconds"))
    assert workspace.keys.verify(secret) is not None
    monkeypatch.setattr(keys, "now", lambda: end.isoformat(timespec="microseconds"))
    assert workspace.keys.verify(secret) is None
    monkeypatch.setattr(keys, "now", state.now)
    with pytest.raises(OptionError, match="expired already"):
        workspace.keys.add("late", ["predict"], expires=datetime.now(UTC) - timedelta(seconds=1))


@pytest.mark.parametrize(
    "scope", ["", "predcit", "predict:", "predict:../x", "read:churn", "admin:churn", "Predict", "*"]
)
def test_scopes_that_cannot_be(scope: str, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    with pytest.raises(OptionError, match=r"The scope of a key cannot be"):
        workspace.keys.add("shop", ["predict", scope])
    with pytest.raises(OptionError, match="without a scope"):
        workspace.keys.add("shop", [])
    assert workspace.keys.all() == []


@pytest.mark.parametrize("label", ["", " x", "a\n", "a\x1b[2J", "x" * 101, "a/b"])
def test_labels_that_cannot_be(label: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="cannot be called"):
        Workspace(tmp_path).keys.add(label, ["predict"])


def test_what_a_key_allows() -> None:
    def key(*scopes: str) -> keys.Key:
        return keys.Key("a", scopes, "", None, None, "")

    assert key("predict").allows("predict", "churn")
    assert key("predict").allows("predict")
    assert not key("predict").allows("read")
    assert key("predict:churn").allows("predict", "churn")
    assert not key("predict:churn").allows("predict", "churn2")
    assert not key("predict:churn").allows("predict")  # not for all models
    assert not key("predict:churn").allows("outcomes", "churn")
    assert all(key("admin").allows(scope, "churn") for scope in keys.SCOPES)
    assert not key("predict", "outcomes", "read").allows("admin")


def test_that_there_was_a_key_is_never_forgotten(tmp_path: Path, registry: str | None) -> None:
    workspace = Workspace(tmp_path, registry=registry)
    assert not workspace.keys.were_made()
    workspace.keys.add("shop", ["predict"])
    workspace.keys.revoke("shop")
    assert workspace.keys.active() == {}
    assert Workspace(tmp_path, registry=registry).keys.were_made()


@pytest.mark.parametrize("label", ["environment", "Environment"])
def test_no_key_is_called_like_that_of_the_environment(label: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="MLWRIGHT_API_KEY"):
        Workspace(tmp_path).keys.add(label, ["predict"])

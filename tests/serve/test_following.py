"""The service follows the registry: versions swapped, shared, shadowed, asked by alias; and goes on where it cannot."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.serve.conftest import Inside, constant

from mlwright.errors import ColumnError, ModelError, OptionError
from mlwright.registry import Traffic, Workspace
from mlwright.registry.names import Reference
from mlwright.serve.policy import ModelPolicy, Policy, Treatments
from mlwright.serve.record import Record
from mlwright.serve.settings import Settings
from mlwright.serve.shelf import Shelf, unpromoted

REFRESH = 0.02
ROW = {"size": 3.0}


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with three versions of one model, which answer 1, 2 and 3."""
    made = Workspace(tmp_path / "ws")
    for value in (1.0, 2.0, 3.0):
        made.add(constant(value), "price")
    return made


@pytest.fixture
def running(workspace: Workspace) -> Iterator[Inside]:
    """The service of that model's bare name."""
    with Inside(settings(workspace, "price")) as inside:
        yield inside


def settings(workspace: Workspace, *models: str, **more: Any) -> Settings:
    return Settings(models=models, workspace=str(workspace.path), refresh_s=REFRESH, **more)


def answer(inside: Inside, reference: str = "price", row: dict[str, Any] = ROW) -> tuple[float, int]:
    """Return what is answered, and by which version."""
    told = inside.predict(reference, [row]).raise_for_status().json()
    found = told["predictions"][0]
    return found["prediction"], found.get("version") or told["model"]["version"]


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, for ten seconds at most."""
    end = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < end, "it never held"
        time.sleep(0.01)


def test_a_promotion_and_its_rollback_are_followed(workspace: Workspace, running: Inside) -> None:
    assert answer(running) == (3.0, 3)
    workspace.promote("price", 1)
    until(lambda: answer(running) == (1.0, 1))
    workspace.promote("price", 2)
    until(lambda: answer(running) == (2.0, 2))
    workspace.rollback("price")
    until(lambda: answer(running) == (1.0, 1))


def test_a_build_changes_nothing_until_a_version_is_promoted(workspace: Workspace, running: Inside) -> None:
    workspace.add(constant(4.0), "price")
    until(lambda: running.service.endpoints["price"].latest == 4)
    assert answer(running) == (3.0, 3)
    assert answer(running, "price@latest") == (4.0, 4)
    workspace.archive("price", 4)
    until(lambda: running.service.endpoints["price"].latest == 3)
    assert answer(running, "price@latest") == (3.0, 3)
    workspace.promote("price", 1)
    until(lambda: answer(running) == (1.0, 1))


def test_what_is_asked_for_as_the_latest_follows_each_build(workspace: Workspace) -> None:
    with Inside(settings(workspace, "price@latest")) as inside:
        workspace.promote("price", 1)
        workspace.add(constant(4.0), "price")
        until(lambda: answer(inside) == (4.0, 4))


def test_a_worker_that_starts_later_begins_with_the_same_version(workspace: Workspace) -> None:
    workspace.add(constant(0.0), "promoted")
    workspace.promote("promoted", 1)
    started = unpromoted(["price", "price@2", "promoted", str(workspace.resolve("price@1"))], workspace)
    assert started == {"price": 3}
    workspace.add(constant(4.0), "price")
    assert Shelf(settings(workspace, "price", started=started)).endpoint("price").main.version == 3
    workspace.promote("price", 2)
    assert Shelf(settings(workspace, "price", started=started)).endpoint("price").main.version == 2


def test_a_path_is_its_own_latest_version(tmp_path: Path) -> None:
    constant(1.0).save(tmp_path / "made")
    with Inside(Settings(models=(str(tmp_path / "made"),), workspace=str(tmp_path / "ws"))) as inside:
        assert answer(inside, "made@latest") == (1.0, 1)


def test_a_version_and_an_alias_are_asked_by_name(workspace: Workspace, running: Inside) -> None:
    workspace.promote("price", 2, alias="challenger")
    until(lambda: "challenger" in running.service.endpoints["price"].aliases)
    assert answer(running, "price@challenger") == (2.0, 2)
    assert answer(running, "price@1") == (1.0, 1)
    refused = running.predict("price@9", [ROW])
    assert (refused.status_code, refused.json()["type"]) == (404, "urn:mlwright:problem:no-such-model")
    assert running.predict("price@chalenger", [ROW]).status_code == 404
    assert "did you mean 'price'" in running.predict("prise", [ROW]).json()["hint"]


def test_a_model_served_at_one_version_stays_there(workspace: Workspace) -> None:
    with Inside(settings(workspace, "price@2")) as inside:
        workspace.promote("price", 1)
        revision = workspace.revision()
        workspace.set_traffic("price", Traffic({"1": 1.0}))
        assert workspace.revision() > revision
        time.sleep(10 * REFRESH)
        assert answer(inside) == (2.0, 2)


def test_a_canary_takes_its_share_and_says_so(workspace: Workspace, running: Inside) -> None:
    workspace.promote("price", 1)
    workspace.set_traffic("price", Traffic({"2": 0.3}))
    until(lambda: running.service.endpoints["price"].is_split)
    versions = [answer(running) for _ in range(400)]
    assert set(versions) == {(1.0, 1), (2.0, 2)}
    share = versions.count((2.0, 2)) / len(versions)
    assert 0.18 < share < 0.42  # five standard deviations
    running.service.recording.recorder.flush(10)
    with_share = Record(workspace.path / "record.db").frame("price").select("version", "propensity").unique()
    assert sorted(with_share.rows()) == [(1, 0.7), (2, 0.3)]


def test_a_sticky_column_decides_row_by_row(workspace: Workspace, running: Inside) -> None:
    workspace.promote("price", 1)
    workspace.set_traffic("price", Traffic({"2": 0.5}, sticky="customer"))
    until(lambda: running.service.endpoints["price"].is_split)
    rows = [{"size": 3.0, "customer": f"c{number % 20}"} for number in range(60)]
    told = running.predict("price", rows).raise_for_status().json()
    by_customer: dict[str, set[tuple[float, int]]] = {}
    for row, found in zip(rows, told["predictions"], strict=True):
        version = found.get("version", told["model"]["version"])
        assert found["prediction"] == float(version)
        by_customer.setdefault(str(row["customer"]), set()).add((found["prediction"], version))
    assert all(len(answers) == 1 for answers in by_customer.values())
    assert len({next(iter(answers)) for answers in by_customer.values()}) == 2
    assert answer(running, row=rows[0]) == next(iter(by_customer["c0"]))


def test_a_shadow_is_recorded_and_never_returned(workspace: Workspace, running: Inside) -> None:
    workspace.promote("price", 1)
    workspace.set_traffic("price", Traffic(shadow=("3",)))
    until(lambda: bool(running.service.endpoints["price"].shadows))
    told = running.predict("price", [ROW, {"size": 4.0}]).raise_for_status().json()
    ids = [each["id"] for each in told["predictions"]]
    assert [each["prediction"] for each in told["predictions"]] == [1.0, 1.0]
    until(lambda: running.service.recording.recorder.flush(5) and len(kept(workspace)) >= 4)
    shadows = {row["of"]: (row["version"], row["answer"]) for row in kept(workspace) if row["kind"] == "shadow"}
    assert sorted(shadows) == sorted(ids)
    assert all(version == 3 and '"prediction":3.0' in text for version, text in shadows.values())


def test_a_version_is_not_its_own_shadow(workspace: Workspace, running: Inside) -> None:
    """In a canary each row has one answer, and one of the other version, unheard."""
    workspace.promote("price", 1)
    workspace.set_traffic("price", Traffic({"2": 0.5}, sticky="customer", shadow=("1", "2")))
    until(lambda: running.service.endpoints["price"].is_split)
    rows = [{"size": 3.0, "customer": f"c{number}"} for number in range(40)]
    running.predict("price", rows).raise_for_status()
    running.predict("price", rows[:1]).raise_for_status()
    running.predict("price@2", rows[:1]).raise_for_status()  # who names a version is not shadowed
    until(lambda: running.service.recording.recorder.flush(5) and len(kept(workspace)) >= 83)
    time.sleep(0.2)
    found = kept(workspace)
    heard = {row["id"]: row["version"] for row in found if row["kind"] == "answer"}
    unheard = [(row["of"], row["version"]) for row in found if row["kind"] == "shadow"]
    assert (len(heard), len(unheard)) == (42, 41)
    assert {heard[of] for of, _ in unheard} == {1, 2}
    assert all(version == 3 - heard[of] for of, version in unheard)


def test_who_answers_everything_is_no_shadow(workspace: Workspace, running: Inside) -> None:
    workspace.promote("price", 1)
    workspace.set_traffic("price", Traffic(shadow=("1", "3")))
    until(lambda: bool(running.service.endpoints["price"].shadows))
    assert running.ask("GET", "/v1/models/price").json()["shadows"] == [3]
    workspace.set_traffic("price", Traffic({"2": 1.0}, shadow=("1", "2")))
    until(lambda: running.service.endpoints["price"].is_split)
    assert running.ask("GET", "/v1/models/price").json()["shadows"] == [1]


def kept(workspace: Workspace) -> list[dict[str, Any]]:
    return Record(workspace.path / "record.db").frame("price").to_dicts()


def test_everything_answered_is_recorded_after_a_stop(workspace: Workspace) -> None:
    with Inside(settings(workspace, "price")) as inside:
        ids = [inside.predict("price", [ROW]).json()["predictions"][0]["id"] for _ in range(50)]
    assert {row["id"] for row in kept(workspace)} == set(ids)


def test_what_is_served_stays_where_the_new_version_is_damaged(workspace: Workspace, running: Inside) -> None:
    damage(workspace, "price", 2)
    until(lambda: running.service.problem is not None)
    assert answer(running) == (3.0, 3)
    assert "mlwright_registry_fault 1.0" in running.ask("GET", "/metrics").text
    workspace.promote("price", 1)
    until(lambda: answer(running) == (1.0, 1))
    until(lambda: running.service.problem is None)


def damage(workspace: Workspace, name: str, version: int) -> None:
    """Let a version be promoted whose files are not whole: they were when it was."""
    file = workspace.resolve(f"{name}@{version}") / "ensemble.json"
    kept = file.read_bytes()
    file.write_bytes(kept + b" ")
    workspace._aliases.promote(Reference(name, str(version)))


def test_a_model_that_cannot_be_loaded_holds_up_no_other(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    for value in (5.0, 6.0):
        workspace.add(constant(value), "rent")
    workspace.promote("rent", 1)
    caplog.set_level(logging.INFO, "mlwright.serve")
    with Inside(settings(workspace, "price", "rent")) as inside:
        damage(workspace, "price", 2)
        until(lambda: inside.service.problem is not None)
        workspace.promote("rent", 2)
        until(lambda: answer(inside, "rent") == (6.0, 2))
        until(lambda: "mlwright_registry_fault 1.0" in inside.ask("GET", "/metrics").text)
        assert answer(inside) == (3.0, 3)
        told, other = (inside.ask("GET", f"/v1/models/{name}").json() for name in ("price", "rent"))
        assert (
            told["problem"] == "It cannot change to what was promoted. ensemble.json: is longer than the manifest says."
        )
        assert other["problem"] is None
        time.sleep(5 * REFRESH)
        file = workspace.path / "models" / "price" / "2" / "ensemble.json"
        file.write_bytes(file.read_bytes()[:-1])  # brought back: nothing has changed in the registry
        until(lambda: answer(inside) == (2.0, 2))
        until(lambda: inside.service.problem is None)
        assert inside.ask("GET", "/v1/models/price").json()["problem"] is None
    ours = [each for each in caplog.records if each.name == "mlwright.serve"]
    errors = [each.getMessage() for each in ours if each.levelno == logging.ERROR]
    assert 1 <= len(errors) <= 2  # not once for each of many tries
    assert errors[0].startswith("A change cannot be followed; price@3 stays in service.")
    swaps = [(each.model, each.version) for each in ours if each.getMessage() == "serving"]  # type: ignore[attr-defined]
    assert swaps == [("price", 3), ("rent", 1), ("rent", 2), ("price", 2)]
    assert ours[-1].getMessage() == "stopped"


def test_a_challenger_that_was_promoted_answers_all_and_no_share_is_told(workspace: Workspace, running: Inside) -> None:
    workspace.promote("price", 1)
    workspace.promote("price", 2, alias="challenger")
    workspace.set_traffic("price", Traffic({"challenger": 0.3, "3": 0.2}, shadow=("3", "challenger", "2")))
    until(lambda: len(running.service.endpoints["price"].canaries) == 2)
    assert [each.version for each in running.service.endpoints["price"].shadows] == [3, 2]
    workspace.promote("price", "challenger")
    until(lambda: running.service.endpoints["price"].main.version == 2)
    told = running.ask("GET", "/v1/models/price").json()["canaries"]
    assert told == [{"version": 3, "share": 0.2}]
    for _ in range(60):
        answer(running)
    running.service.recording.recorder.flush(10)
    kept = Record(workspace.path / "record.db").frame("price").filter(kind="answer")
    assert sorted(kept.select("version", "propensity").unique().rows()) == [(2, 0.8), (3, 0.2)]
    workspace.set_traffic("price", Traffic({"challenger": 0.3}))
    until(lambda: not running.service.endpoints["price"].is_split)


def test_what_is_served_stays_where_the_registry_is_gone(workspace: Workspace, running: Inside) -> None:
    workspace.promote("price", 1)
    until(lambda: answer(running) == (1.0, 1))
    for file in workspace.path.glob("registry.db*"):
        file.write_bytes(b"this is no database")
    until(lambda: running.service.problem is not None)
    assert answer(running) == (1.0, 1)


def test_a_key_opens_from_when_it_is_made_until_it_is_revoked(workspace: Workspace, running: Inside) -> None:
    secret = workspace.keys.add("shop", ["predict:price"])
    until(lambda: running.predict("price", [ROW]).status_code == 401)
    shown = {"authorization": f"Bearer {secret}"}
    assert running.predict("price", [ROW], headers=shown).status_code == 200
    assert running.ask("GET", "/v1/models", headers=shown).status_code == 403
    other = {"authorization": f"Bearer {workspace.keys.add('other', ['predict:cost', 'read'])}"}
    until(lambda: running.ask("GET", "/v1/models", headers=other).status_code == 200)
    assert running.predict("price", [ROW], headers=other).status_code == 403
    workspace.keys.revoke("shop")
    until(lambda: running.predict("price", [ROW], headers=shown).status_code == 401)
    workspace.keys.revoke("other")
    until(lambda: running.ask("GET", "/v1/models", headers=other).status_code == 401)
    assert running.predict("price", [ROW]).status_code == 401
    with Inside(settings(workspace, "price")) as again:
        assert again.predict("price", [ROW]).status_code == 401


def test_beyond_loopback_the_last_key_that_was_revoked_opens_nothing(workspace: Workspace) -> None:
    shown = {"authorization": f"Bearer {workspace.keys.add('shop', ['predict'])}"}
    with Inside(settings(workspace, "price", host="0.0.0.0")) as inside:
        assert inside.predict("price", [ROW], headers=shown).status_code == 200
        workspace.keys.revoke("shop")
        until(lambda: inside.predict("price", [ROW], headers=shown).status_code == 401)
        assert inside.predict("price", [ROW]).status_code == 401
    with pytest.raises(OptionError, match="every API key was revoked"), Inside(inside.service.settings):
        pass


def test_the_last_key_that_expires_locks_the_service(workspace: Workspace) -> None:
    end = datetime.now(UTC) + timedelta(seconds=1)
    shown = {"authorization": f"Bearer {workspace.keys.add('shop', ['predict'], expires=end)}"}
    with Inside(settings(workspace, "price")) as inside:
        until(lambda: inside.predict("price", [ROW], headers=shown).status_code == 401)
        workspace.tag("price", {"owner": "ann"})  # another revision: the keys are read again
        time.sleep(5 * REFRESH)
        assert inside.predict("price", [ROW]).status_code == 401
        assert inside.predict("price", [ROW], headers=shown).status_code == 401


@pytest.mark.parametrize(
    ("models", "more", "error", "said"),
    [
        (("price", "price@2"), {}, OptionError, "under the name 'price'"),
        (("prise",), {}, ModelError, "no model 'prise'"),
        (("price",), {"of_model": {"prise": ModelPolicy()}}, OptionError, "did you mean 'price'"),
    ],
)
def test_what_cannot_be_served_is_said(
    workspace: Workspace, models: tuple[str, ...], more: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        Shelf(settings(workspace, *models, **more))


def test_a_rule_about_a_column_that_is_not_there_is_refused(workspace: Workspace) -> None:
    own = ModelPolicy(policy=Policy(columns={"sise": Treatments(missing="refuse")}))
    with (
        pytest.raises(ColumnError, match="did you mean 'size'"),
        Inside(settings(workspace, "price", of_model={"price": own})),
    ):
        pass


def test_few_versions_are_held_in_memory(workspace: Workspace) -> None:
    from mlwright.serve.settings import Limits

    for value in range(4, 10):
        workspace.add(constant(float(value)), "price")
    shelf = Shelf(settings(workspace, "price", limits=Limits(models=1)))
    for version in range(1, 10):
        assert shelf.served("price", version).version == version
    assert len(shelf._kept) == 3
    assert shelf.endpoint("price").main.version == 9

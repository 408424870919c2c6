"""Who may do what: no address is forgotten, no key is guessed, and nobody from elsewhere gets in."""

from __future__ import annotations

import base64
import dataclasses
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.serve.conftest import TASKS, Inside, constant, problem_or, rows_of

from mlwright.errors import OptionError
from mlwright.registry import Workspace
from mlwright.registry.keys import PREFIX, Key
from mlwright.serve.auth import SHORTEST, Keyring, environment_key, refuse_open_door, refuse_strangers
from mlwright.serve.handlers import ROUTES
from mlwright.serve.http import Request
from mlwright.serve.routes import OPEN, SCOPES, Route
from mlwright.serve.settings import Network, Settings

LOCKED = [route for route in ROUTES if route.scope != OPEN]
FREE = {
    "/health/live",
    "/health/ready",
    "/health/startup",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    "/static/{file}",
}
SECRET = "not a real secret, but a long one"


def asked(inside: Inside, route: Route, headers: dict[str, str] | None = None) -> Any:
    path = route.path.replace("{name}", "binary").replace("{version}", "1").replace("{file}", "style.css")
    path = path.replace("{id}", "none")
    kind = {"content-type": route.takes[0]} if route.takes else {}
    return inside.ask(route.method, path, headers={**kind, **(headers or {})}, content=b"{}" if route.takes else None)


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def test_what_is_open_to_everybody_is_only_this() -> None:
    assert {route.path for route in ROUTES if route.scope == OPEN} == FREE
    assert all(route.method == "GET" for route in ROUTES if route.scope == OPEN)


@pytest.mark.parametrize("route", LOCKED, ids=name_of)
def test_no_address_answers_without_a_key_where_there_are_keys(inside: Inside, route: Route) -> None:
    inside.lock("admin")
    for headers in (
        {},
        {"authorization": "Bearer wrong"},
        {"authorization": "Bearer "},
        {"authorization": "Basic ?"},
        {"authorization": f"Basic {base64.b64encode(b'mlwright:mlwright').decode()}"},
        {"authorization": f"Basic {base64.b64encode(b'admin:password').decode()}"},
        {"authorization": f"Digest {'s' * 43}"},
        {"x-api-key": "s" * 43},
    ):
        response = asked(inside, route, headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")
        assert response.json()["type"] == "urn:mlwright:problem:no-key"


@pytest.mark.parametrize("route", LOCKED, ids=name_of)
def test_a_key_opens_what_its_scopes_say_and_nothing_else(inside: Inside, route: Route) -> None:
    others = sorted(SCOPES - {OPEN, "admin", route.scope})
    if not route.own:
        assert asked(inside, route, inside.lock(*others, secret="a" * 43)).status_code == 403
    assert asked(inside, route, inside.lock(route.scope, secret="b" * 43)).status_code not in {401, 403}
    assert asked(inside, route, inside.lock("admin", secret="c" * 43)).status_code not in {401, 403}


@pytest.mark.parametrize("path", ["/v1/models/{}/predict", "/v2/models/{}/infer", "/v2/models/{}/versions/1/infer"])
def test_a_key_for_one_model_opens_no_other(inside: Inside, path: str) -> None:
    header = inside.lock("predict:binary")
    assert inside.ask("POST", path.format("binary"), json={}, headers=header).status_code == 400
    for name in ("multiclass", "multiclass@1", "binary%2F..%2Fmulticlass", "nobody"):
        assert inside.ask("POST", path.format(name), json={}, headers=header).status_code in {403, 404}
    assert inside.ask("POST", path.format("multiclass"), json={}, headers=header).status_code == 403


def test_a_browser_may_send_the_key_as_a_password(inside: Inside) -> None:
    secret = inside.lock("read")["authorization"].removeprefix("Bearer ")
    assert inside.ask("GET", "/v1/models", auth=("anybody", secret)).status_code == 200
    assert inside.ask("GET", "/v1/models", auth=(secret, "")).status_code == 401


def test_an_expired_key_opens_nothing(inside: Inside) -> None:
    now = datetime.now(UTC)
    early, late = (moment.isoformat(timespec="microseconds") for moment in (now - timedelta(1), now + timedelta(1)))
    assert inside.ask("GET", "/v1/models", headers=inside.lock("read", expires=early)).status_code == 401
    assert inside.ask("GET", "/v1/models", headers=inside.lock("read", expires=late)).status_code == 200


def test_a_key_that_was_revoked_or_is_the_last_to_expire_locks(inside: Inside) -> None:
    shown = inside.lock("read")
    [(digest, key)] = inside.service.keyring.keys.items()
    inside.service.keyring.keys = {digest: dataclasses.replace(key, revoked=key.created)}
    assert inside.ask("GET", "/v1/models", headers=shown).status_code == 401
    inside.service.keyring.keys, inside.service.keyring.was_locked = {}, True
    for headers in (shown, {}):
        assert inside.ask("GET", "/v1/models", headers=headers).status_code == 401
    assert inside.ask("GET", "/health/live").status_code == 200


def test_who_is_refused_is_told_which_key_would_do(inside: Inside) -> None:
    header = inside.lock("predict")
    refused = inside.ask("GET", "/metrics", headers=header).json()
    assert (refused["status"], "`mlwright keys add LABEL --scope read`" in refused["hint"]) == (403, True)
    asked = inside.ask("POST", "/v1/models/binary/outcomes", json={}).json()
    assert (asked["status"], "`mlwright keys add LABEL --scope outcomes`" in asked["hint"]) == (401, True)
    foreign = inside.predict("binary", [], headers={"origin": "https://evil.example"}).json()
    assert "[network] origins = [" in foreign["hint"]


def test_a_problem_never_repeats_the_secret(inside: Inside) -> None:
    inside.lock("read")
    assert SECRET not in inside.ask("GET", "/v1/models", headers={"authorization": f"Bearer {SECRET}"}).text


# --- no default secret -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com", "127.0.0.2"])
def test_without_a_key_nobody_else_may_reach_it(host: str) -> None:
    with pytest.raises(OptionError, match="there is no API key"):
        refuse_open_door(Settings(host=host), Keyring())
    past = (datetime.now(UTC) - timedelta(1)).isoformat(timespec="microseconds")
    ended = Key("k", ("read",), "", past, None, ""), Key("k", ("read",), "", None, past, "")
    for keyring in (Keyring({"0" * 64: ended[0]}), Keyring({"0" * 64: ended[1]}), Keyring({}, was_locked=True)):
        with pytest.raises(OptionError, match=r"answer nobody .* every API key was revoked or has expired"):
            refuse_open_door(Settings(host=host), keyring)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_on_loopback_no_key_is_needed(host: str) -> None:
    refuse_open_door(Settings(host=host), Keyring())
    refuse_open_door(Settings(host=host), Keyring({}, was_locked=True))


def test_it_does_not_start_beyond_loopback_without_a_key(tmp_path: Path) -> None:
    constant(1.0).save(tmp_path / "made")
    settings = Settings(models=(str(tmp_path / "made"),), workspace=str(tmp_path / "ws"), host="0.0.0.0")
    with pytest.raises(OptionError, match="there is no API key"), Inside(settings):
        pass
    Workspace(tmp_path / "ws").keys.add("shop", ["predict"])
    with Inside(settings) as inside:
        assert inside.predict("made", [{"size": 1}]).status_code == 401


def test_there_is_no_key_but_those_that_somebody_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert Workspace(tmp_path / "ws").keys.active() == {}
    assert environment_key() == {}
    monkeypatch.setenv("MLWRIGHT_API_KEY", "x" * (SHORTEST - 1))
    with pytest.raises(OptionError, match="19 letters, too few"):
        environment_key()
    monkeypatch.setenv("MLWRIGHT_API_KEY", SECRET)
    [key] = environment_key().values()
    assert "admin" not in key.scopes


def test_secrets_are_random_and_kept_as_hashes(tmp_path: Path) -> None:
    keys = Workspace(tmp_path / "ws").keys
    first, second = keys.add("a", ["read"]), keys.add("b", ["read"])
    assert first != second
    assert first.startswith(PREFIX)
    assert len(first) >= 40
    stored = b"".join(path.read_bytes() for path in (tmp_path / "ws").rglob("*") if path.is_file())
    assert b"a" in stored
    assert first.encode() not in stored


# --- strangers -------------------------------------------------------------------------------------------------------


def request(method: str = "POST", **headers: str) -> Request:
    given = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    return Request(method, "/", b"", given, "id", 0.0, None)  # type: ignore[arg-type]


def is_let_in(made: Request, settings: Settings) -> bool:
    found = problem_or(lambda: refuse_strangers(made, settings, settings.hosts))
    assert found is None or found.kind in {"wrong-host", "foreign-origin"}
    return found is None


@pytest.mark.parametrize(
    ("host", "let_in"),
    [
        ("127.0.0.1:8080", True),
        ("localhost", True),
        ("LOCALHOST:1", True),
        ("[::1]:8080", True),
        ("[::1]", True),
        ("evil.example", False),
        ("evil.example:8080", False),
        ("", False),
        ("127.0.0.1.evil.example", False),
        ("localhost:8080:evil", False),
        ("127.0.0.1@evil.example", False),
        ("[::1", False),
        ("169.254.169.254", False),
    ],
)
def test_on_loopback_only_its_own_names_are_answered(host: str, let_in: bool) -> None:
    assert is_let_in(request("GET", host=host), Settings()) is let_in


def test_named_hosts_are_answered_too() -> None:
    settings = Settings(host="0.0.0.0", network=Network(hosts=("Api.Example",)))
    assert is_let_in(request("GET", host="api.example:443"), settings)
    assert not is_let_in(request("GET", host="other.example"), settings)
    assert is_let_in(request("GET", host="other.example"), Settings(host="0.0.0.0"))


@pytest.mark.parametrize(
    ("origin", "let_in"),
    [
        ("http://localhost:8080", True),
        ("https://shop.example", True),
        ("http://localhost:8081", False),
        ("http://localhost", False),
        ("https://shop.example.evil.example", False),
        ("http://evil.example", False),
        ("null", False),
        ("", False),
        ("http://[", False),
        ("https://SHOP.example", False),
    ],
)
def test_pages_of_other_sites_may_not_send(origin: str, let_in: bool) -> None:
    settings = Settings(network=Network(origins=("https://shop.example",)))
    assert is_let_in(request(host="localhost:8080", origin=origin), settings) is let_in


@pytest.mark.parametrize(
    ("site", "let_in"), [("same-origin", True), ("none", True), ("cross-site", False), ("same-site", False)]
)
def test_a_browser_that_names_no_origin_says_where_it_comes_from(site: str, let_in: bool) -> None:
    assert is_let_in(request(host="localhost", sec_fetch_site=site), Settings()) is let_in


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_host_and_origin_are_let_in_or_refused(host: str, origin: str) -> None:
    is_let_in(request(host=host, origin=origin), Settings())


def test_every_request_meets_these_checks(inside: Inside) -> None:
    for route in ROUTES:
        assert asked(inside, route, {"host": "evil.example"}).status_code == 421
        if route.method != "GET":
            assert asked(inside, route, {"origin": "https://evil.example"}).status_code == 403


def test_cors_is_off_and_on_only_for_named_sites(inside: Inside, tmp_path: Path) -> None:
    ask = {"origin": "https://shop.example", "access-control-request-method": "POST"}
    response = inside.ask("OPTIONS", "/v1/models/binary/predict", headers=ask)
    assert response.status_code == 403
    assert not [name for name in response.headers if name.startswith("access-control")]
    constant(1.0).save(tmp_path / "made")
    network = Network(origins=("https://shop.example",))
    settings = Settings(models=(str(tmp_path / "made"),), workspace=str(tmp_path / "ws"), network=network)
    with Inside(settings) as own:
        allowed = own.ask("OPTIONS", "/v1/models/made/predict", headers=ask)
        assert (allowed.status_code, allowed.headers["access-control-allow-origin"]) == (204, "https://shop.example")
        response = own.predict("made", [{"size": 1}], headers={"origin": "https://shop.example"})
        assert response.headers["access-control-allow-origin"] == "https://shop.example"
        assert own.ask("OPTIONS", "/v1/models", headers={"origin": "https://evil.example"}).status_code == 403


@given(
    st.sets(st.sampled_from([*sorted(SCOPES - {OPEN}), "predict:binary"])),
    st.sampled_from(sorted(SCOPES - {OPEN})),
    st.sampled_from(TASKS),
)
def test_a_key_allows_only_what_it_names(scopes: set[str], wanted: str, name: str) -> None:
    key = Key("k", tuple(scopes), "", None, None, "")
    expected = bool({"admin", wanted} & scopes) or (
        wanted == "predict" and name == "binary" and "predict:binary" in scopes
    )
    assert key.allows(wanted, name) is expected


def test_who_asked_is_not_told_what_others_may(inside: Inside) -> None:
    header = inside.lock("predict:binary")
    assert inside.predict("binary", rows_of("binary", 1), headers=header).status_code == 200
    assert inside.ask("GET", "/openapi.json", headers=header).status_code == 403

"""The dashboard says how each model is doing and why, to whoever may know, quickly, and whatever texts it is given."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.serve.conftest import Inside
from tests.serve.pages.read import Page
from tests.web.conftest import adaptation, alarm, made, notice, points, settings, watch

from mlwright.errors import OutputError
from mlwright.monitor.store import Store, TrailEntry
from mlwright.registry import Workspace
from mlwright.web.app import ROUTES
from mlwright.web.reading import Reading

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(1)>\u202e{{7*7}}\x00'
WITHIN_S = 0.05


def page(inside: Inside, path: str, **more: Any) -> Page:
    answer = inside.ask("GET", path, **more)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return Page(answer.text)


def test_the_first_look_tells_who_needs_somebody(watched: Inside) -> None:
    shown = page(watched, "/monitor")
    assert "Of 3 models, 1 needs somebody and 1 is not watched yet." in shown.text
    assert "The mean loss has risen from 0.100 to 0.152." in shown.text
    assert "Something is wrong" in shown.text
    assert "All is well" in shown.text
    assert "mlwright watch demand" in shown.text
    links = [link for link in shown.links if link.startswith("/monitor/")]
    assert links == ["/monitor/churn", "/monitor/price", "/monitor/demand"]  # the gravest first


def test_a_page_tells_all_that_is_known(watched: Inside) -> None:
    text = page(watched, "/monitor/churn").text
    for told in (
        "Something is wrong",
        "1 alarm that wants somebody and 1 notice open.",
        "What to do: learn again from newer rows: mlwright adapt churn",
        "2026-11-01 00:00 UTC (between 2026-10-30 00:00 UTC and 2026-11-02 00:00 UTC); seen 2026-11-05 10:12 UTC",
        "plan is basic",
        "78.0 % from inputs that end otherwise than before, 22.0 % from other inputs than before",
        "About 1,200 EUR a day.",
        "bets that something has changed are worth 530 times their stake; an alarm wants 40",
        "ann, 20",  # who has noted the notice
        "the new plan is meant",
        "1 alarm that ended",
        "In the newest period, 2026-11-19, it was 1.79 (1.69 to 1.89), on 400 rows.",
        "size 2026-11-01 00:00 UTC Notice What comes in differs",
        "champion 95.0 %",
        "canary 5.0 %",
        "shadow: answers, and is not heard 0 %",
        "Version 3 against version 2 under way",
        "It waits for 410 more outcomes.",
        "2026-11-05 10:20 UTC · mlwright watch begun e value 530",
        "A successor of version 2 refused",
        "Labels are immature.",
        "mlwright watch promote champion: version 1 → version 2 proved on 4,000 matured rows",
    ):
        assert told.replace(" ", "") in text.replace("\u00a0", "").replace(" ", ""), told


def test_the_chart_has_its_numbers_beside_it(watched: Inside) -> None:
    shown = page(watched, "/monitor/churn")
    (drawing,) = [told for tag, told in shown.elements if tag == "svg"]
    assert drawing["role"] == "img"
    assert "from 2026-09-01 to 2026-11-19" in str(drawing["aria-label"])
    assert "and 20 earlier periods" in shown.text


def test_pages_need_no_script_and_nothing_from_elsewhere(watched: Inside) -> None:
    for path in ("/monitor", "/monitor/churn"):
        shown = page(watched, path)
        assert not [tag for tag, _ in shown.elements if tag in {"script", "iframe", "style"}]
        assert not [told for _, told in shown.elements if "style" in told]  # the policy lets no such style in
        assert all(link.startswith(("/", "#")) for link in shown.links)
        assert len(shown.ids) == len(set(shown.ids))
        for tag, told in shown.elements:
            if tag == "link":
                assert watched.ask("GET", str(told["href"])).status_code == 200


def test_pages_lead_to_each_other(watched: Inside) -> None:
    assert "/monitor" in page(watched, "/").links
    assert {"/", "/monitor", "/models/churn"} <= set(page(watched, "/monitor/churn").links)
    assert "/monitor" in page(watched, "/models/churn").links


def test_the_same_for_programs(watched: Inside) -> None:
    listed = watched.ask("GET", "/v1/monitor").json()["models"]
    assert {each["name"]: each["status"] for each in listed} == {"churn": "page", "price": "ok", "demand": "unwatched"}
    told = watched.ask("GET", "/v1/models/churn/monitor").json()
    assert (told["status"], told["pages"], told["notices"]) == ("page", 1, 1)
    assert {"kind", "since", "message", "columns", "action"} <= told["alarms"][0].keys()
    assert told["performance"]["rmse"][-1]["rows"] == 400


# --- nothing there ---------------------------------------------------------------------------------------------------


def test_where_nothing_is_watched_the_next_step_is_told(empty: Inside) -> None:
    assert "None of 3 models is watched yet." in page(empty, "/monitor").text
    text = page(empty, "/monitor/demand").text
    assert "Not watched yet" in text
    assert "mlwright watch demand" in text
    assert "What is wrong?" not in text
    assert Store.of(Workspace(empty.service.settings.workspace)).load("demand", 1) is None


def test_where_nothing_has_matured_it_is_said(watched: Inside) -> None:
    text = page(watched, "/monitor/price").text
    assert "No alarm is open." in text
    assert "Nothing could be measured yet" in text


def test_to_look_makes_no_database(tmp_path: Path, empty: Inside) -> None:
    import sqlalchemy as sa

    for path in ("/monitor", "/monitor/churn", "/metrics", "/v1/monitor"):
        assert empty.ask("GET", path).status_code == 200
    workspace = Workspace(empty.service.settings.workspace)
    engine = sa.create_engine(f"sqlite:///{workspace.path / 'registry.db'}")
    assert not [name for name in sa.inspect(engine).get_table_names() if "alarm" in name]
    engine.dispose()


@pytest.mark.parametrize("path", ["/monitor/nobody", "/monitor/churn@2", "/v1/models/nobody/monitor", "/monitor/%00"])
def test_a_model_that_is_not_there(watched: Inside, path: str) -> None:
    answer = watched.ask("GET", path)
    assert answer.status_code == 404
    assert answer.json()["type"].endswith("no-such-model")


def test_a_store_that_is_gone_is_said_and_the_rest_shown(empty: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise OutputError("The database is gone.", where="/secret/place")

    monkeypatch.setattr(Store, "alarms", gone)
    text = page(empty, "/monitor/churn").text
    assert "Cannot be told" in text
    assert "/secret/place" not in text
    assert "champion 95.0 %" in text
    assert "Cannot be told" in page(empty, "/monitor").text
    assert "Of 3 models, 3 need somebody." in page(empty, "/monitor").text


# --- who may know ----------------------------------------------------------------------------------------------------


def test_without_a_key_nothing_is_told(watched: Inside) -> None:
    watched.lock("read")
    for path in ("/monitor", "/monitor/churn", "/v1/monitor", "/v1/models/churn/monitor"):
        assert watched.ask("GET", path).status_code == 401
    assert watched.ask("GET", "/static/dashboard.css").status_code == 200


def test_a_key_for_one_model_sees_its_own(watched: Inside) -> None:
    header = watched.lock("read:price")
    shown = page(watched, "/monitor", headers=header)
    assert [link for link in shown.links if link.startswith("/monitor/")] == ["/monitor/price"]
    assert "churn" not in shown.text
    assert [each["name"] for each in watched.ask("GET", "/v1/monitor", headers=header).json()["models"]] == ["price"]
    assert watched.ask("GET", "/monitor/price", headers=header).status_code == 200
    for path in ("/monitor/churn", "/v1/models/churn/monitor"):
        assert watched.ask("GET", path, headers=header).status_code == 403


def test_who_may_only_ask_is_shown_no_link(watched: Inside) -> None:
    header = watched.lock("predict")
    assert watched.ask("GET", "/monitor", headers=header).status_code == 403
    assert "/monitor" not in page(watched, "/", headers=header).links


# --- much, and odd ---------------------------------------------------------------------------------------------------


@pytest.fixture
def crowded(tmp_path: Path) -> Any:
    """The service of a model with 1,000 open alarms, years of periods, and texts by somebody who means harm."""
    workspace = made(tmp_path / "workspace")
    store = watch(workspace)
    many = [
        notice(id=f"n{number}", message=f"{number}: {HOSTILE}", action=HOSTILE, columns=(HOSTILE, f"column {number}"),
               cost=HOSTILE, slices=(HOSTILE,), causes={HOSTILE: 0.5}, evidence={"e_value": "NaN", HOSTILE: HOSTILE})
        for number in range(1000)
    ]  # fmt: skip
    measured = [*points(400), *points(400, series="mae"), *points(400, series=HOSTILE[:60])]
    assert store.save("churn", 2, after=1, state=b"x" * 300_000, cursor={}, alarms=many, points=measured)
    hostile = adaptation(step=1, reason=HOSTILE, stage=HOSTILE[:20])
    trail = [TrailEntry(at="2026-11-07T00:00:00+00:00", who=HOSTILE, what=HOSTILE, evidence={HOSTILE: HOSTILE})] * 200
    assert store.move(hostile, trail)
    workspace.promote("churn", 2, alias="other", who=HOSTILE, why=HOSTILE)
    with Inside(settings(workspace), ROUTES) as running:
        yield running


def test_a_thousand_alarms_and_texts_that_mean_harm(crowded: Inside) -> None:
    for path in ("/monitor", "/monitor/churn"):
        answer = crowded.ask("GET", path)
        shown = Page(answer.text)  # every element is closed
        assert {tag for tag, _ in shown.elements}.isdisjoint({"script", "img"})
        assert not [told for _, told in shown.elements if any(name.startswith("on") for name in told)]
        assert not {"\u202e", "\x00"} & set(answer.text)
        assert len(answer.content) < 1_000_000
    text = page(crowded, "/monitor/churn").text
    assert "1 alarm that wants somebody and 1,001 notices open." in text
    assert "The mean loss has risen" in text  # the page comes before all notices, though they are newer
    assert " more; mlwright monitor churn lists them." in text
    assert "{{7*7}}" in text  # as it was given


def test_pages_are_quick(crowded: Inside) -> None:
    reading = Reading.of(crowded.service)
    endpoint = crowded.service.endpoints["churn"]
    from mlwright.web.pages import model_page

    took = []
    for _ in range(7):
        began = time.perf_counter()
        model_page(reading.board(endpoint), has_list=True)
        took.append(time.perf_counter() - began)
    assert min(took) < 4 * WITHIN_S  # with 1,000 alarms


def test_a_usual_page_is_quick(watched: Inside) -> None:
    took = []
    for _ in range(9):
        began = time.perf_counter()
        watched.ask("GET", "/monitor/churn")
        took.append(time.perf_counter() - began)
    assert min(took) < WITHIN_S


# --- for Prometheus --------------------------------------------------------------------------------------------------


def gauges(inside: Inside) -> dict[str, dict[tuple[str, ...], float]]:
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(inside.ask("GET", "/metrics").text):
        if family.name.startswith("mlwright_monitor"):
            found[family.name] = {tuple(each.labels[name] for name in sorted(each.labels)): each.value
                                  for each in family.samples}  # fmt: skip
    return found


def test_prometheus_is_told(watched: Inside) -> None:
    found = gauges(watched)
    assert found["mlwright_monitor_status"] == {("churn",): 2.0, ("price",): 0.0, ("demand",): -1.0}
    assert found["mlwright_monitor_alarms"]["page", "churn"] == 1.0
    assert found["mlwright_monitor_alarms"]["notice", "churn"] == 1.0
    assert found["mlwright_monitor_log_evidence"]["churn",] == pytest.approx(6.2733, abs=1e-3)
    loss = found["mlwright_monitor_loss"]
    ends = [loss[bound, "churn"] for bound in ("lower", "value", "upper")]
    assert ends == pytest.approx([1.69, 1.79, 1.89])
    assert found["mlwright_monitor_matured_rows"] == {("churn",): 32_000.0}


def test_what_cannot_be_read_is_not_a_number(empty: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: Any, **__: Any) -> None:
        raise OutputError("The database is gone.")

    monkeypatch.setattr(Store, "alarms", gone)
    found = gauges(empty)
    assert all(value != value for value in found["mlwright_monitor_status"].values())  # NaN
    assert "mlwright_answer_seconds" in empty.ask("GET", "/metrics").text


def test_alarm_of_the_fixture_is_whole() -> None:
    from mlwright.monitor.alarm import Alarm

    assert Alarm.from_dict(alarm().to_dict()) == alarm()

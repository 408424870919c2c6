"""The monitor over a record and over files: quiet while nothing changes, and right about what has."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from tests.monitor.conftest import BEGUN, NAME, Recorded, drawn

import mlwright as mw
from mlwright.errors import ModelError, OptionError
from mlwright.model import Model
from mlwright.monitor.alarm import Alarm
from mlwright.monitor.deployment import Deployment
from mlwright.monitor.events import FileSource, RecordSource
from mlwright.monitor.monitor import Monitor, Settings, monitor_file, packed, unpacked
from mlwright.monitor.raising import renewed
from mlwright.monitor.store import Store
from mlwright.monitor.subject import Subject

DAY = timedelta(days=1)


def looked(recorded: Recorded, now: datetime, *, delay: float | None = None) -> Monitor:
    return Monitor(recorded.workspace, NAME, record=recorded.record, settings=Settings(delay=delay))


def kinds(report: object) -> set[tuple[str, str]]:
    return {(alarm.kind, alarm.level) for alarm in report.alarms}  # type: ignore[attr-defined]


def test_of_a_file_in_which_nothing_changes_nothing_is_told(churn: Model) -> None:
    report = monitor_file(churn, drawn(5_000, 1))
    assert report.status == "ok"
    assert not report.alarms
    assert report.records == report.matured == 5_000
    assert report.performance["accuracy"]["judged"] == pytest.approx(report.performance["accuracy"]["loss"], abs=0.05)
    assert all(each["psi"] < 0.1 for each in report.watched["columns"])


def test_more_errors_are_paged_with_when_they_began(churn: Model) -> None:
    report = monitor_file(churn, pl.concat([drawn(3_000, 2), drawn(3_000, 3, flipped=0.15)]))
    assert report.status == "page"
    page = next(alarm for alarm in report.alarms if alarm.kind == "losses")
    assert page.level == "page"
    assert page.since_interval is not None
    first, last = (int(each.removeprefix("row ").replace(",", "")) for each in page.since_interval)
    assert first <= 3_000 <= last
    assert page.evidence["reference"] < page.evidence["interval"][0]
    assert "mlwright adapt" in page.action
    assert not any(alarm.kind == "columns" for alarm in report.alarms)


def test_other_inputs_are_a_notice_that_names_the_column_and_never_a_page(churn: Model) -> None:
    report = monitor_file(churn, pl.concat([drawn(2_000, 4), drawn(2_000, 5, older=8.0)]).drop("churn"))
    assert report.status == "notice"
    notice = next(alarm for alarm in report.alarms if alarm.kind == "columns")
    assert notice.columns == ("age",)
    assert report.matured == 0


def test_what_a_loss_comes_from_and_what_inputs_do_to_it_is_told(churn: Model) -> None:
    turned = monitor_file(churn, pl.concat([drawn(2_000, 20), drawn(3_000, 21, flipped=0.2)]))
    page = next(alarm for alarm in turned.alarms if alarm.kind == "losses")
    assert sum(page.causes.values()) == pytest.approx(1)
    assert page.causes["relation"] > 0.7
    moved = monitor_file(churn, pl.concat([drawn(2_000, 22), drawn(3_000, 23, older=8.0)]).drop("churn"))
    notice = next(alarm for alarm in moved.alarms if alarm.kind == "columns")
    assert "expected" in notice.message
    assert notice.evidence["estimate"]["trusted"]


def test_broken_rows_are_paged_and_nothing_is_to_be_learned_from_them(churn: Model) -> None:
    report = monitor_file(churn, pl.concat([drawn(2_000, 6), drawn(1_000, 7, broken=0.2)]).drop("churn"))
    page = report.alarms[0]
    assert (page.kind, page.level) == ("contract", "page")
    assert page.columns[0] == "income"
    assert "learn nothing" in page.action


def test_a_record_is_watched_as_it_grows_and_each_row_counts_once(recorded: Recorded) -> None:
    recorded.answer(drawn(1_500, 8), BEGUN)
    monitor = looked(recorded, BEGUN)
    first = monitor.run(BEGUN + DAY + timedelta(hours=1))
    assert (first.status, first.records, first.matured) == ("ok", 1_500, 1_500)
    assert monitor.run(BEGUN + DAY + timedelta(hours=2)).records == 1_500
    recorded.answer(drawn(1_500, 9, flipped=0.2), BEGUN + 2 * DAY)
    second = looked(recorded, BEGUN).run(BEGUN + 4 * DAY)
    assert second.records == 3_000
    assert ("losses", "page") in kinds(second)
    assert second.estimate is not None
    assert second.estimate["interval"][0] <= second.estimate["loss"] <= second.estimate["interval"][1]
    points = Store.of(recorded.workspace).points(NAME, series="accuracy")
    assert len({point.at for point in points}) >= 2
    assert sum(point.rows for point in points) == 3_000


def test_starting_again_anywhere_changes_no_bit(recorded: Recorded) -> None:
    recorded.answer(drawn(700, 10), BEGUN)
    recorded.answer(drawn(700, 11, flipped=0.2), BEGUN + DAY)
    whole = Store(recorded.workspace.path / "whole.db")
    parts = Store(recorded.workspace.path / "parts.db")
    end = BEGUN + 3 * DAY
    Monitor(recorded.workspace, NAME, record=recorded.record, store=whole).run(end)
    for hours in range(0, 73, 7):
        Monitor(recorded.workspace, NAME, record=recorded.record, store=parts).run(BEGUN + timedelta(hours=hours))
    Monitor(recorded.workspace, NAME, record=recorded.record, store=parts).run(end)
    one, other = (store.load(NAME, 1) for store in (whole, parts))
    assert one is not None
    assert other is not None
    assert unpacked(one.state) == unpacked(other.state)


def test_what_another_process_has_saved_is_not_counted_again(
    recorded: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorded.answer(drawn(600, 12), BEGUN)
    store, end = Store.of(recorded.workspace), BEGUN + 2 * DAY
    save, calls = Store.save, []

    def late(self: Store, *arguments: object, **options: object) -> bool:
        calls.append(1)
        if len(calls) == 1:  # the other one comes first
            Monitor(recorded.workspace, NAME, record=recorded.record, store=store).run(end)
        return save(self, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Store, "save", late)
    report = Monitor(recorded.workspace, NAME, record=recorded.record, store=store).run(end)
    assert report.records == 600


def test_with_a_delay_an_answer_counts_when_it_is_so_old(recorded: Recorded) -> None:
    recorded.answer(drawn(500, 13), BEGUN, late=timedelta(days=3))
    monitor = looked(recorded, BEGUN, delay=5 * 86_400.0)
    assert monitor.run(BEGUN + 4 * DAY).matured == 0
    assert monitor.run(BEGUN + 7 * DAY).matured == 500


def test_what_began_after_an_alarm_was_raised_is_another_alarm(churn: Model) -> None:
    deployment = Deployment(Subject(churn))

    def alarm(at: int, since: int) -> Alarm:
        interval = ((BEGUN + since * DAY).isoformat(), (BEGUN + (since + 1) * DAY).isoformat())
        when = (BEGUN + at * DAY).isoformat()
        return Alarm(id="churn@1-losses-page", kind="losses", level="page", model=NAME, version=1, at=when,
                     since_interval=interval, message="It rose.", action="learn")  # fmt: skip

    def nothing(*, known: bool) -> None:
        del known

    first, same, later = alarm(3, 1), alarm(9, 2), alarm(9, 5)
    assert renewed([first], [], deployment, nothing) == [first]
    assert renewed([same], [first], deployment, nothing) == []
    (second,) = renewed([later], [first], deployment, nothing)
    assert second.id == "churn@1-losses-page/2"
    assert renewed([alarm(10, 6)], [first, second], deployment, nothing) == []
    assert [each.id for each in renewed([alarm(20, 12)], [first, second], deployment, nothing)] == [f"{first.id}/3"]


def test_corrections_that_come_within_the_minute_count(recorded: Recorded, churn: Model) -> None:
    names = recorded.answer(drawn(300, 43), BEGUN)
    source = RecordSource(recorded.record, NAME, 1, churn)
    end = round((BEGUN + 3 * DAY).timestamp() * 1e6)
    before = next(iter(source.matured(now=end)))[0].y
    recorded.correct(names[:100], "yes", after=timedelta(seconds=5))
    recorded.correct(names[100:], "yes", after=timedelta(hours=1))
    after = next(iter(source.matured(now=end)))[0].y
    assert (after[:100] == 1).all()
    assert (before[:100] == 0).any()
    np.testing.assert_array_equal(after[100:], before[100:])


def test_rows_are_ordered_by_a_column_that_the_model_has_never_seen(churn: Model) -> None:
    days = [f"{1 + place % 28:02d}.{1 + place // 28:02d}.2026" for place in range(300)]
    frame = drawn(300, 44).with_columns(pl.Series("logged", days))
    source = FileSource(churn, frame.sample(fraction=1.0, shuffle=True, seed=1), time="logged")
    events = next(iter(source.blocks()))[0]
    assert (np.diff(events.at) >= 0).all()
    assert datetime.fromtimestamp(events.at[0] / 1e6, BEGUN.tzinfo).date().isoformat() == "2026-01-01"


def test_an_alarm_that_was_ended_is_raised_again_where_it_is_still_so(recorded: Recorded) -> None:
    monitor = looked(recorded, BEGUN)
    recorded.answer(drawn(800, 50, flipped=0.25), BEGUN)
    first = next(each for each in monitor.run(BEGUN + 2 * DAY).alarms if each.kind == "losses")
    monitor.end(first, why="mended")
    assert "losses" not in {each.kind for each in monitor.run(BEGUN + 2 * DAY).alarms}
    recorded.answer(drawn(600, 51), BEGUN + 3 * DAY)
    assert "losses" not in {each.kind for each in monitor.run(BEGUN + 5 * DAY).alarms}
    recorded.answer(drawn(800, 52, flipped=0.3), BEGUN + 6 * DAY)
    again = next(each for each in monitor.run(BEGUN + 8 * DAY).alarms if each.kind == "losses")
    assert again.id != first.id


def test_a_clock_that_was_ahead_blinds_nobody(recorded: Recorded) -> None:
    monitor, ahead = looked(recorded, BEGUN), BEGUN + 365 * DAY
    recorded.answer(drawn(100, 53), ahead, late=None)
    assert monitor.run(ahead + 2 * DAY).records == 100
    recorded.answer(drawn(800, 54, flipped=0.3), BEGUN)
    report = monitor.run(BEGUN + 2 * DAY)
    assert report.records == 800
    assert ("losses", "page") in kinds(report)


def test_an_absurd_outcome_stops_no_monitor(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    frame = pl.DataFrame({"x": (x := random.normal(size=600)), "y": 3 * x + random.normal(size=600)})
    model = mw.build(frame, target="y", trials=1, clean=False, name="price")
    absurd = frame.head(300).with_columns(pl.when(pl.int_range(300) == 7).then(1e200).otherwise(pl.col("y")).alias("y"))
    report = monitor_file(model, absurd)
    assert report.matured == 300
    deployment = Deployment(Subject(model))
    for events, _ in FileSource(model, absurd).blocks():
        deployment.take(events, "outcomes")
    assert packed(deployment.state())


def test_a_long_tail_of_categories_breaks_no_contract() -> None:
    random = np.random.default_rng(1)

    def rows(count: int) -> pl.DataFrame:
        town = np.array([f"t{each}" for each in np.minimum(random.zipf(1.5, count), 900)])
        x = random.normal(size=count)
        return pl.DataFrame({"town": town, "x": x, "y": np.where(x + random.normal(size=count) > 0, "a", "b")})

    model = mw.build(rows(1_000), target="y", trials=1, clean=False, name="tail")
    assert "contract" not in {alarm.kind for alarm in monitor_file(model, rows(4_000)).alarms}


def test_before_any_answer_nothing_is_known(recorded: Recorded) -> None:
    report = looked(recorded, BEGUN).run(BEGUN)
    assert (report.status, report.records) == ("unknown", 0)


def test_a_new_version_is_watched_anew(recorded: Recorded, churn: Model) -> None:
    recorded.answer(drawn(400, 14), BEGUN)
    monitor = looked(recorded, BEGUN)
    assert monitor.run(BEGUN + 2 * DAY).records == 400
    recorded.workspace.add(churn, NAME)
    report = monitor.run(BEGUN + 2 * DAY)
    assert (report.version, report.records) == (2, 0)


def test_alarms_of_a_version_that_answers_no_longer_are_over(recorded: Recorded, churn: Model) -> None:
    recorded.answer(drawn(900, 17, flipped=0.25), BEGUN)
    monitor = looked(recorded, BEGUN)
    assert monitor.run(BEGUN + 2 * DAY).status == "page"
    recorded.workspace.add(churn, NAME)
    monitor.run(BEGUN + 2 * DAY)
    assert not Store.of(recorded.workspace).alarms(NAME, open_only=True)


def test_started_anew_the_whole_record_is_gone_through_and_alarms_are_raised_again(recorded: Recorded) -> None:
    recorded.answer(drawn(800, 15, flipped=0.25), BEGUN)
    monitor, end = looked(recorded, BEGUN), BEGUN + 2 * DAY
    first = monitor.run(end)
    store = Store.of(recorded.workspace)
    for alarm in first.alarms:
        store.end_alarm(alarm.id)
    assert monitor.run(end).status == "ok"
    Monitor(recorded.workspace, NAME, record=recorded.record, settings=Settings(delay=600.0)).start_anew()
    again = monitor.run(end)
    assert again.records == 800
    assert kinds(again) == kinds(first)
    assert kinds(again)


def test_another_delay_than_it_was_begun_with_is_refused(recorded: Recorded) -> None:
    recorded.answer(drawn(300, 16), BEGUN)
    looked(recorded, BEGUN, delay=86_400.0).run(BEGUN + 3 * DAY)
    with pytest.raises(OptionError, match="begun with outcomes 1 day after"):
        looked(recorded, BEGUN, delay=60.0).run(BEGUN + 3 * DAY)


def test_what_cannot_be_is_refused(recorded: Recorded, churn: Model) -> None:
    with pytest.raises(OptionError, match="between 0 and 1"):
        Monitor(recorded.workspace, NAME, record=recorded.record, settings=Settings(alpha=2.0))
    with pytest.raises(ModelError, match="There is no model"):
        Monitor(recorded.workspace, "nobody", record=recorded.record).run(BEGUN)
    with pytest.raises(ModelError, match="cannot be read"):
        unpacked(b"nothing")
    assert unpacked(packed({"a": 0.1})) == {"a": 0.1}

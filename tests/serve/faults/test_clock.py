"""A clock that is set while the service runs."""

from __future__ import annotations

import time

import pytest
from tests.serve.conftest import Inside, rows_of

DAY_S = 86_400


@pytest.mark.parametrize("days", [-1, 365])
def test_a_clock_that_jumps_changes_no_answer(inside: Inside, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    rows = rows_of("binary", 3)
    key = {"idempotency-key": f"clock {days}"}
    before = inside.predict("binary", rows).json()["predictions"]
    kept = inside.predict("binary", rows, headers=key)
    now, now_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: now() + days * DAY_S)
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() + days * DAY_S * 10**9)
    after = inside.predict("binary", rows).json()["predictions"]
    assert [each["probabilities"] for each in after] == [each["probabilities"] for each in before]
    assert not {each["id"] for each in after} & {each["id"] for each in before}
    assert inside.ask("GET", "/health/ready").status_code == 200
    again = inside.predict("binary", rows, headers=key)
    assert again.status_code == 200
    assert (again.content == kept.content) == (days < 0)  # after a year, the key means nothing any more

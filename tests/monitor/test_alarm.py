"""An alarm is the same after it was JSON, and is JSON that every program reads."""

from __future__ import annotations

import json
import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from mlwright.monitor.alarm import Alarm

TEXTS = st.text(max_size=20)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False) | st.integers()
ALARMS = st.builds(
    Alarm,
    id=TEXTS,
    kind=TEXTS,
    level=st.sampled_from(["notice", "page"]),
    model=TEXTS,
    version=st.integers(0, 10**9),
    at=TEXTS,
    since=st.none() | TEXTS,
    since_interval=st.none() | st.tuples(TEXTS, TEXTS),
    message=TEXTS,
    columns=st.lists(TEXTS, max_size=3).map(tuple),
    slices=st.lists(TEXTS, max_size=3).map(tuple),
    evidence=st.dictionaries(TEXTS, NUMBERS | TEXTS | st.none() | st.lists(NUMBERS, max_size=2), max_size=4),
    causes=st.dictionaries(st.sampled_from(["inputs", "relation", "data"]), st.floats(0, 1)),
    cost=st.none() | TEXTS,
    action=TEXTS,
    ended=st.none() | TEXTS,
)


def alarm(**changed: Any) -> Alarm:
    told = {"id": "a", "kind": "losses", "level": "page", "model": "churn", "version": 3, "at": "now"}
    return Alarm(**{"message": "It has risen.", "action": "learn again", **told, **changed})


@given(ALARMS)
def test_an_alarm_is_the_same_after_it_was_json(one: Alarm) -> None:
    assert Alarm.from_dict(json.loads(json.dumps(one.to_dict(), allow_nan=False))) == one


def test_the_names_that_programs_rely_on() -> None:
    told = alarm(since="2026-11-01T00:00:00+00:00", columns=("plan",)).to_dict()
    assert {name: told[name] for name in ("kind", "since", "message", "columns", "action")} == {
        "kind": "losses",
        "since": "2026-11-01T00:00:00+00:00",
        "message": "It has risen.",
        "columns": ["plan"],
        "action": "learn again",
    }


def test_numbers_that_json_does_not_know() -> None:
    found = {"e_value": float("inf"), "now": float("nan"), "interval": (float("-inf"), 1.0)}
    evidence = alarm(evidence=found).to_dict()["evidence"]
    assert evidence == {"e_value": sys.float_info.max, "now": None, "interval": [-sys.float_info.max, 1.0]}


def test_what_a_newer_version_says_besides_is_left_out() -> None:
    plain = alarm().to_dict()
    assert Alarm.from_dict({**plain, "mood": "bad"}) == alarm()
    assert Alarm.from_dict({name: each for name, each in plain.items() if name not in {"slices", "cost"}}) == alarm()

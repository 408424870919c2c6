"""An alarm in words says what, since when, what of, what it costs and what to do, on lines that no text breaks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.monitor.deliver.conftest import alarm

from mlwright.monitor.deliver.told import SUBJECT, told_of


def test_everything_is_told() -> None:
    between = "between 2026-10-30 00:00 UTC and 2026-11-02 00:00 UTC"
    lines = told_of(alarm()).lines("https://models.example.org/monitor/churn")
    assert lines == [
        "Alarm for churn, version 3",
        "The model is wrong more often than it was: 15 % of answers, not 10 %.",
        f"Since: 2026-11-01 00:00 UTC ({between}); seen 2026-11-03 09:41 UTC",
        "Columns: plan, age",
        "Among: plan is basic",
        "Measured: 0.150 (0.130 to 0.170) now, 0.100 before, on 4,000 rows",
        "The loss comes: 75.0 % from inputs that end otherwise than before, 25.0 % from other inputs than before",
        "Cost: About 1,200 EUR a day.",
        "Evidence: bets that something has changed are worth 530 times their stake; an alarm wants 20",
        "What to do: Teach the model again: mlwright adapt churn.",
        "More: https://models.example.org/monitor/churn",
    ]


def test_what_is_not_known_is_left_out() -> None:
    bare = alarm(since=None, since_interval=None, columns=(), slices=(), evidence={}, causes={}, cost=None)
    assert [name for name, _ in told_of(bare).facts] == ["Since"]
    assert told_of(bare).facts[0][1] == "seen 2026-11-03 09:41 UTC"


def test_evidence_may_be_anything() -> None:
    odd = alarm(evidence={"e_value": float("inf"), "now": "a lot", "interval": 3, "rows": None}, causes={"inputs": 0.0})
    assert [name for name, _ in told_of(odd).facts] == ["Since", "Columns", "Among", "Cost"]


@given(st.text(max_size=300))
def test_no_text_breaks_a_line(text: str) -> None:
    told = told_of(alarm(model=text, message=text, columns=(text,), slices=(text,), cost=text, action=text))
    for line in [*told.lines(None), told.subject]:
        assert not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 or sign in "\u202e\u2066" for sign in line)
        line.encode()
    assert len(told.subject) <= SUBJECT

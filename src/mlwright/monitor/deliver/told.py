"""An alarm in words: what, since when, what of, what it costs, what to do; for messages and for the dashboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlwright.report import format as words

if TYPE_CHECKING:
    from mlwright.monitor.alarm import Alarm

LEVELS: Mapping[str, str] = {"page": "Alarm", "notice": "Notice"}
CAUSES: Mapping[str, str] = {
    "inputs": "from other inputs than before",
    "relation": "from inputs that end otherwise than before",
    "data": "from broken data",
}
"""Where a loss comes from, by the name of its cause."""
MOST_NAMED = 12
LONGEST = 600
SUBJECT = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An alarm as people read it; no text has a line break or a control character."""

    level: str
    """Alarm or Notice."""
    model: str
    message: str
    facts: tuple[tuple[str, str], ...]
    """What else is known: a name and a sentence."""
    action: str

    @property
    def subject(self) -> str:
        """The alarm in one short line."""
        return words.clipped(f"{self.level}: {self.model}: {self.message}", SUBJECT)

    def lines(self, link: str | None) -> list[str]:
        """Return the alarm as lines of plain text."""
        facts = [f"{name}: {text}" for name, text in self.facts]
        return [
            f"{self.level} for {self.model}",
            self.message,
            *facts,
            f"What to do: {self.action}",
            *([] if link is None else [f"More: {link}"]),
        ]


def told_of(alarm: Alarm) -> Told:
    """Return an alarm in words."""
    facts = [
        ("Since", since(alarm.since, alarm.since_interval, raised=alarm.at)),
        ("Columns", words.listed(alarm.columns, MOST_NAMED) if alarm.columns else ""),
        ("Among", words.listed(alarm.slices, MOST_NAMED) if alarm.slices else ""),
        ("Measured", measured(alarm.evidence)),
        ("The loss comes", causes(alarm.causes)),
        ("Cost", words.clipped(alarm.cost, LONGEST) if alarm.cost else ""),
        ("Evidence", evidence(alarm.evidence)),
        ("Ended", words.moment(alarm.ended) if alarm.ended else ""),
    ]
    return Told(
        level=LEVELS.get(alarm.level, "Notice"),
        model=words.clipped(f"{alarm.model}, version {alarm.version}", 120),
        message=words.clipped(alarm.message, LONGEST),
        facts=tuple((name, text) for name, text in facts if text),
        action=words.clipped(alarm.action, LONGEST),
    )


def since(moment: str | None, interval: Sequence[str] | None, *, raised: str) -> str:
    """Return since when something is so, and when it was seen.

    >>> since("2026-11-03T00:00:00+00:00", None, raised="2026-11-05T00:00:00+00:00")
    '2026-11-03 00:00 UTC; seen 2026-11-05 00:00 UTC'
    """
    seen = f"seen {words.moment(raised)}"
    if moment is None:
        return seen
    between = f" (between {words.moment(interval[0])} and {words.moment(interval[1])})" if interval else ""
    return f"{words.moment(moment)}{between}; {seen}"


def causes(parts: Mapping[str, float]) -> str:
    """Return where a loss comes from, the largest part first.

    >>> causes({"inputs": 0.25, "relation": 0.75})
    '75.0 % from inputs that end otherwise than before, 25.0 % from other inputs than before'
    """
    known = sorted(((words.known(part) or 0.0, name) for name, part in parts.items()), reverse=True)
    return ", ".join(
        f"{words.share(part)} {CAUSES.get(name, 'from ' + words.clipped(name, 60))}" for part, name in known if part > 0
    )


def measured(found: Mapping[str, Any]) -> str:
    """Return what was measured now and what it was before.

    >>> measured({"now": 0.15, "interval": [0.13, 0.17], "reference": 0.1, "rows": 4000})
    '0.150 (0.130 to 0.170) now, 0.100 before, on 4,000 rows'
    """
    if words.known(found.get("now")) is None:
        return ""
    ends = found.get("interval")
    now = words.interval(found["now"], ends if isinstance(ends, Sequence) else None)
    before = f", {words.number(found['reference'])} before" if words.known(found.get("reference")) is not None else ""
    rows = f", on {words.counted(found['rows'], 'row')}" if words.known(found.get("rows")) is not None else ""
    return f"{now} now{before}{rows}"


def evidence(found: Mapping[str, Any]) -> str:
    """Return how strong the evidence is.

    >>> evidence({"e_value": 530.2, "threshold": 20})
    'bets that something has changed are worth 530 times their stake; an alarm wants 20'
    """
    value, threshold = words.known(found.get("e_value")), words.known(found.get("threshold"))
    if value is None:
        return ""
    wanted = "" if threshold is None else f"; an alarm wants {times(threshold)}"
    return f"bets that something has changed are worth {times(value)} times their stake{wanted}"


def times(value: float) -> str:
    """Return a factor; one that is too large to be imagined is only said to be so.

    >>> times(530.2), times(1e30), times(20)
    ('530', 'more than a million', '20')
    """
    return "more than a million" if value > 1e6 else words.number(value)

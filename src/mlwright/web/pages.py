"""The pages of the dashboard: how all models are doing, and one of them with all that is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, PackageLoader
from markupsafe import Markup

from mlwright.monitor.deliver.told import times, told_of
from mlwright.report import format as words
from mlwright.report.document import Tone
from mlwright.report.html import templates
from mlwright.web.chart import drawn, written_of
from mlwright.web.facts import Board, Health, Series, Status

if TYPE_CHECKING:
    from mlwright.monitor.alarm import Alarm

OPEN_SHOWN = 12
"""So many alarms are unfolded; further ones are one line each until they are opened."""
MOST_COLUMNS = 20
WORDS: Mapping[Status, tuple[Tone, str, str]] = {
    "page": ("bad", "!", "Something is wrong"),
    "notice": ("unclear", "?", "Something has changed"),
    "ok": ("good", "✓", "All is well"),
    "unwatched": ("info", "–", "Not watched yet"),
    "unknown": ("unclear", "?", "Cannot be told"),
}
"""How each status looks: its tone, an icon and a word, so that the colour is never alone."""
LEVELS: Mapping[str, tuple[Tone, str]] = {"page": ("bad", "!"), "notice": ("unclear", "?")}


@dataclass(frozen=True, slots=True)
class Column:
    """A column that has changed: since when, what is said of it, and of which alarms."""

    name: str
    since: str
    level: str
    tone: Tone
    said: str
    evidence: str
    """What bets on its change are worth, for a stake of 1."""
    more: int
    """So many other alarms are about it, too."""


def static_style() -> bytes:
    """Return the dashboard's own style sheet."""
    return files("mlwright.web").joinpath("templates/dashboard.css").read_bytes()


@cache
def _environment() -> Environment:
    environment = templates("mlwright.web")
    own = environment.loader or PackageLoader("mlwright.web", "templates")
    environment.loader = ChoiceLoader([own, PackageLoader("mlwright.serve.pages", "templates")])
    environment.filters["drawing"] = Markup  # drawings are made by mlwright.report.charts, which escapes every text
    environment.filters["moment"] = words.moment
    return environment


def _render(template: str, values: Mapping[str, Any]) -> bytes:
    return _environment().get_template(template).render(values).encode("utf-8", "replace")


def overview_page(models: Sequence[Health]) -> bytes:
    """Return the page that tells how all models are doing, the one that needs somebody first."""
    order = list(WORDS)
    ranked = sorted(models, key=lambda each: (order.index(each.status), each.name))
    cards = [{**_head(each), "path": path_of(each.name), "name": each.name, "version": each.version} for each in ranked]
    wrong = sum(each.status in {"page", "unknown"} for each in models)
    changed = sum(each.status == "notice" for each in models)
    idle = sum(each.status == "unwatched" for each in models)
    return _render("overview.html", {"cards": cards, "sentence": _in_all(len(models), wrong, changed, idle)})


def model_page(board: Board, *, has_list: bool) -> bytes:
    """Return the page of one model; `has_list`: whether there are others, and a list of all."""
    health = board.health
    values = {
        **_head(health),
        "name": health.name,
        "version": health.version,
        "has_list": has_list,
        "form": f"/models/{quote(health.name, safe='')}",
        "alarms": [_alarm(each, board.seen) for each in board.alarms[:OPEN_SHOWN]],
        "folded": [_alarm(each, board.seen) for each in board.alarms[OPEN_SHOWN:]],
        "more": max(0, health.pages + health.notices - len(board.alarms)),
        "ended": [_alarm(each, board.seen) for each in board.ended],
        "charts": [drawn(each) for each in board.series if each.periods],
        "columns": columns_of(board.alarms),
        "parts": [{"part": each, "share": words.share(each.share)} for each in board.parts],
        "stories": board.stories,
        "moves": board.moves,
    }
    return _render("model_monitor.html", values)


def path_of(name: str) -> str:
    """Return the address of a model's page."""
    return f"/monitor/{quote(name, safe='')}"


def _head(health: Health) -> dict[str, Any]:
    """Return how a model is doing: a word, a sentence, and a few numbers."""
    tone, icon, word = WORDS[health.status]
    return {
        "tone": tone,
        "icon": icon,
        "word": word,
        "status": health.status,
        "sentence": _sentence(health),
        "counts": _counts(health),
        "performance": _now(health.performance),
        "taken": words.moment(health.taken) if health.taken else None,
    }


def _sentence(health: Health) -> str:
    if health.status == "unwatched":
        return f"Nobody compares what {health.name} is asked with what it learned from."
    if health.status == "unknown":
        return "What was found of its alarms cannot be read; the log of the service says why."
    if health.newest is not None:
        return words.clipped(health.newest.message, 300)
    return "Nothing that is watched has changed."


def _counts(health: Health) -> str:
    """Return how many alarms are open."""
    parts = []
    if health.pages:
        parts.append(words.counted(health.pages, "alarm that wants somebody", "alarms that want somebody"))
    if health.notices:
        parts.append(words.counted(health.notices, "notice"))
    return f"{' and '.join(parts)} open." if parts else ""


def _evidence(column: str, about: Sequence[Alarm]) -> str:
    """Return the strongest evidence that alarms name for a column."""
    named = (each for alarm in about for each in alarm.evidence.get("columns", ()) if isinstance(each, Mapping))
    values = [words.known(each.get("e_value")) for each in named if each.get("name") == column]
    found = [value for value in values if value is not None]
    return times(max(found)) if found else words.UNKNOWN


def _now(series: Series | None) -> str:
    if series is None or not series.periods:
        return ""
    return f"{series.title}: {written_of(series, series.periods[-1])}"


def _in_all(models: int, wrong: int, changed: int, idle: int) -> str:
    """Return how all of them are doing, in a sentence.

    >>> _in_all(3, 1, 0, 1), _in_all(2, 0, 0, 0)
    ('Of 3 models, 1 needs somebody and 1 is not watched yet.', 'None of 2 models needs anybody now.')
    """
    all_of_them = words.counted(models, "model")
    if not models:
        return ""
    if idle == models:
        return f"None of {all_of_them} is watched yet."
    told = [f"{words.count(wrong)} {'needs' if wrong == 1 else 'need'} somebody"] if wrong else []
    told += [f"{words.count(changed)} {'has' if changed == 1 else 'have'} changed"] if changed else []
    told += [f"{words.count(idle)} {'is' if idle == 1 else 'are'} not watched yet"] if idle else []
    return f"Of {all_of_them}, {' and '.join(told)}." if told else f"None of {all_of_them} needs anybody now."


def _alarm(alarm: Alarm, seen: Mapping[str, str]) -> dict[str, Any]:
    tone, icon = LEVELS[alarm.level]
    noted = seen.get(alarm.id, "")
    return {"tone": tone, "icon": icon, "told": told_of(alarm), "at": words.moment(alarm.at), "seen": noted}


def columns_of(alarms: Sequence[Alarm]) -> list[Column]:
    """Return the columns that open alarms name, each with the gravest of them."""
    found: dict[str, list[Alarm]] = {}
    for alarm in alarms:
        for column in alarm.columns:
            found.setdefault(column, []).append(alarm)
    told = []
    for name, about in list(found.items())[:MOST_COLUMNS]:
        first = about[0]
        tone, _ = LEVELS[first.level]
        level = told_of(first).level
        moment = words.moment(first.since or first.at)
        about_it = _evidence(name, about)
        said = words.clipped(first.message, 200)
        told.append(Column(words.clipped(name, 80), moment, level, tone, said, about_it, len(about) - 1))
    return told

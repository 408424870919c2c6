"""What was asked of the build of a model, read from the command that its run notes: a challenger is asked the same."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mlwright.model import Model

TEXTS: Mapping[str, str] = {
    "--task": "task", "--metric": "metric", "--time": "time", "--group": "group", "--weight": "weight",
    "--split": "split", "--prefer": "prefer", "--max-latency": "max_latency", "--criterion": "criterion",
    "--budget": "budget", "--user": "user", "--item": "item", "--rating": "rating", "--items": "items",
    "--users": "users",
}  # fmt: skip
NUMBERS: Mapping[str, tuple[str, type[int | float]]] = {
    "--cost-fp": ("cost_fp", float), "--cost-fn": ("cost_fn", float), "--tolerance": ("tolerance", float),
    "--cases": ("cases", int), "--trials": ("trials", int), "--threads": ("threads", int),
}  # fmt: skip
LISTS: Mapping[str, str] = {
    "--sensitive": "sensitive", "--exclude": "exclude", "--increasing": "increasing", "--decreasing": "decreasing",
    "--reweigh": "reweigh", "--fair": "fair", "--learners": "learners",
}  # fmt: skip
FLAGS: Mapping[str, tuple[str, bool]] = {"--no-clean": ("clean", False), "--without-group": ("without_group", True)}
COLUMNS = ("time", "group", "weight")
COLUMN_LISTS = ("sensitive", "exclude", "increasing", "decreasing", "reweigh", "fair")


@dataclass(frozen=True, slots=True)
class Question:
    """A source and the options of `build` beside the target."""

    source: str | None
    query: str | None
    options: Mapping[str, Any]

    def only_with(self, columns: list[str]) -> tuple[dict[str, Any], list[str]]:
        """Return the options without what names columns that are not there, and the names of these."""
        kept, lost = dict(self.options), list[str]()
        for option in COLUMNS:
            if (name := kept.get(option)) is not None and name not in columns:
                lost.append(kept.pop(option))
        for option in COLUMN_LISTS:
            names = kept.get(option, [])
            lost += [name for name in names if name not in columns]
            if names:
                kept[option] = [name for name in names if name in columns]
        return {option: value for option, value in kept.items() if value != []}, lost


def question_of(model: Model) -> Question:
    """Return what a model was asked when it was built; its task and metric alone where its run does not say.

    The command is data that came with the model: it is read word by word, and never run.
    """
    usual = {"task": model.parts.task}
    command = model.run.get("command")
    try:
        words = shlex.split(command) if isinstance(command, str) else []
    except ValueError:
        words = []
    if words[:2] != ["mlwright", "build"] or len(words) < 3:
        return Question(None, None, usual)
    read = _Words(dict(usual))
    rest = words[3:]
    while rest:
        rest = rest[read.take(rest[0], rest[1] if len(rest) > 1 else "") :]
    return Question(words[2], read.query, read.options)


@dataclass(slots=True)
class _Words:
    """The options read so far."""

    options: dict[str, Any]
    query: str | None = None

    def take(self, flag: str, value: str) -> int:
        """Take a flag in, and return how many words it was."""
        if flag in FLAGS:
            name, meant = FLAGS[flag]
            self.options[name] = meant
            return 1
        if flag in TEXTS:
            self.options[TEXTS[flag]] = value
        elif flag in LISTS:
            self.options.setdefault(LISTS[flag], []).append(value)
        elif flag in NUMBERS:
            name, kind = NUMBERS[flag]
            with suppress(ValueError):
                self.options[name] = kind(value)
        elif flag == "--query":
            self.query = value
        return 2

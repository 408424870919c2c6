"""A file of gates as a person reads it first: every limit with a comment that says where it comes from."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mlwright.errors import OptionError
from mlwright.evaluate.files import ENDINGS, require_yaml

WIDTH = 118
HEAD = """\
Checked by: mlwright evaluate MODEL LABELLED_ROWS --gates THIS_FILE

Every gate has to pass. A gate passes where the whole 95 % interval of what is measured is on the good side of its \
limit, and fails where all of it is on the bad side. Between, the rows are too few to tell: that stops a release as \
well, unless the gate says unknown = "allowed".

The limits are proposals, made from what was measured when the model was built. How good is good enough, and what \
difference between people is too much, is for you to say: change any line, and take out what does not matter.\
"""


@dataclass(frozen=True, slots=True)
class Proposal:
    """A gate as it is proposed in a file: its name, why it is there, and its fields as they are written."""

    name: str
    why: str
    fields: Mapping[str, Any]
    is_active: bool = True
    """Whether it is checked as the file stands; else it is a comment."""


def written(proposals: Sequence[Proposal], title: str, ending: str) -> str:
    """Return the text of a file of gates. Raises OptionError where the ending is none of .toml, .json, .yaml."""
    if ending not in ENDINGS:
        raise OptionError("A file of gates ends in .toml, .json or .yaml.", hint="the usual name is gates.toml.")
    if ending == ".json":
        active = {each.name: dict(each.fields) for each in proposals if each.is_active}
        return json.dumps({"name": title, "gates": active}, indent=2, ensure_ascii=False) + "\n"
    if ending != ".toml":
        require_yaml("gates")
    lines = [
        *_comment(f"Gates of the model {title}."),
        *(line for text in HEAD.splitlines() for line in _comment(text)),
    ]
    lines += ["", "gates:"] if ending != ".toml" else []
    for each in proposals:
        lines += ["", *(_toml(each) if ending == ".toml" else _yaml(each))]
    return "\n".join(lines) + "\n"


def _toml(each: Proposal) -> Iterator[str]:
    off = "" if each.is_active else "# "
    yield f"{off}[gates.{each.name}]"
    yield from _comment(each.why)
    for key, value in each.fields.items():
        yield f"{off}{key} = {_value(value)}"


def _yaml(each: Proposal) -> Iterator[str]:
    off = "  " if each.is_active else "  # "
    yield f"{off}{each.name}:"
    yield from (f"    {line}" for line in _comment(each.why, WIDTH - 4))
    for key, value in each.fields.items():
        yield f"{off}  {key}: {_value(value)}"


def _comment(text: str, width: int = WIDTH) -> list[str]:
    return ["# " + line for line in textwrap.wrap(text, width - 2)] or ["#"]


def _value(value: object) -> str:
    """Return a value as TOML, JSON and YAML all have it."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

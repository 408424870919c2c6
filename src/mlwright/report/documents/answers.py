"""The file in which a person says what no evidence can tell: read, checked, and begun for those who have none.

    [purpose]
    intended = "The branch decides on a loan; the model's answer is one of three things it looks at."

A text that is empty is open. Paragraphs are parted by empty lines; lines that begin with "- " are a list.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Final

from mlwright.errors import OptionError, nearest
from mlwright.evaluate.files import Written, read_written
from mlwright.report.document import Said
from mlwright.report.documents.questions import BY_KEY, QUESTIONS, TOPICS

LONGEST: Final = 20_000
"""Characters of the longest answer."""
OPEN: Final = frozenset({"", "?", "-", "–", "...", "todo", "tbd", "to be filled in"})
"""What people write who will answer later, folded; the question stays open."""
EXAMPLE: Final = 'a topic in brackets, then a line for each answer: [purpose], intended = "What it is for."'
WIDTH: Final = 118


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered, by key; what is not there is open."""

    said: Mapping[str, str] = field(default_factory=dict)

    def block(self, key: str) -> Said | None:
        """Return an answer as it is drawn, or None where the question is open."""
        text = self.said.get(key)
        return None if text is None else Said(key, tuple(_paragraphs(text)))


def read_answers(path: Path) -> Answers:
    """Return the answers of a file in TOML, JSON or YAML.

    Raises SourceError where it cannot be read, OptionError where it says what is not asked, or not as text: a person's
    words would be lost in silence.
    """
    written = read_written(path, what="answers", example=EXAMPLE)
    said: dict[str, str] = {}
    for topic, inside in written.data.items():
        if topic not in TOPICS:
            raise _unknown(topic, TOPICS, written, topic)
        if not isinstance(inside, Mapping):
            raise OptionError(f"{topic!r} holds no answers.", where=written.place(topic), hint=EXAMPLE)
        for name, value in inside.items():
            key = f"{topic}.{name}"
            if key not in BY_KEY:
                raise _unknown(key, BY_KEY, written, topic, str(name))
            text = _text(value, key, written.place(topic, str(name)))
            if text.casefold() not in OPEN:
                said[key] = text
    return Answers(said)


def _unknown(key: str, known: Mapping[str, object], written: Written, *keys: str) -> OptionError:
    near = nearest(key, known)
    same = sorted(each for each in known if each.startswith(key.partition(".")[0] + ".")) or sorted(known)
    hint = (f"did you mean {near!r}? " if near else "") + f"Asked are: {', '.join(same)}."
    return OptionError(f"{key!r} is not asked in any document.", where=written.place(*keys), hint=hint)


def _text(value: object, key: str, where: str | None) -> str:
    """Return an answer as text; a list of texts becomes a list, a date its day."""
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        value = "\n".join(f"- {item.strip()}" for item in value)
    if not isinstance(value, str):
        raise OptionError(f"The answer to {key!r} is no text.", where=where, hint="write it in quotes.")
    if len(value) > LONGEST:
        raise OptionError(
            f"The answer to {key!r} has {len(value):,} characters, more than the {LONGEST:,} allowed.",
            where=where,
            hint="write the essence, and name the document that has the rest.",
        )
    return value.strip()


def _paragraphs(text: str) -> Iterator[tuple[str, ...]]:
    for part in re.split(r"\n\s*\n", text):
        lines = [line.strip() for line in part.splitlines() if line.strip()]
        plain = " ".join(line for line in lines if not line.startswith("- "))
        items = tuple(line[2:].strip() for line in lines if line.startswith("- ") and line[2:].strip())
        if plain:
            yield (plain,)
        if items:
            # A list of one is drawn as a sentence.
            yield items


def beginning(title: str, wanted: Mapping[str, str]) -> str:
    """Return a file to fill in, as TOML: every question with its guiding ones and where the answer will stand.

    `wanted` says by key which documents ask for it, in words.
    """
    lines = [
        *_comment(f"What only a person can say about {title}."),
        *_comment(
            "Write between the quotation marks, as long as you like, and run the same command again: the words here "
            "are kept and put where they belong. What is left empty stays visibly open in the documents. mlwright "
            "never changes this file."
        ),
    ]
    topic = ""
    for question in QUESTIONS:
        if question.topic != topic:
            topic = question.topic
            lines += ["", "", f"# --- {TOPICS[topic]} ".ljust(WIDTH, "-"), f"[{topic}]"]
        lines += [""]
        lines += [line for text in question.asks for line in _comment(text)]
        lines += [*_comment(f"({wanted[question.key]})"), f'{question.name} = """', '"""']
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    # Names come from the data: a line break in one would end the comment.
    return ["# " + line for line in textwrap.wrap(" ".join(text.split()), WIDTH - 2)]

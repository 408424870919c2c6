"""A document as it is planned: sections of points, each told by the evidence, by a person, or still open."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from mlwright.report.document import Asked, Badge, Block, Heading, Paragraph, Section, inside
from mlwright.report.documents.answers import Answers
from mlwright.report.documents.questions import BY_KEY

State = Literal["known", "answered", "open", "unknown"]
BADGES: Final[Mapping[State, Badge]] = {
    "known": Badge("from the evidence", "good", "✔"),
    "answered": Badge("answered", "good", "✔"),
    "open": Badge("open", "unclear", "✎"),
    "unknown": Badge("not measured", "unclear", "?"),
}


@dataclass(frozen=True, slots=True)
class Known:
    """All that a document may draw on: one evidence, the facts of the build, the schema, and what a person said."""

    evidence: Mapping[str, Any]
    run: Mapping[str, Any]
    schema: Mapping[str, Any]
    answers: Answers = field(default_factory=Answers)
    name: str = ""


Teller = Callable[[Known], Sequence[Block]]


def nothing(_known: Known) -> Sequence[Block]:
    """Tell nothing: the evidence does not know."""
    return ()


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that a document has to say: its number in the law or paper, what it is, who knows it."""

    title: str
    tell: Teller = nothing
    asks: tuple[str, ...] = ()
    """The keys of what only a person can say about it."""
    number: str = ""

    @property
    def heading(self) -> str:
        """The title with its number in front."""
        return f"{self.number} {self.title}".strip()


@dataclass(frozen=True, slots=True)
class Told:
    """A point with what is known of it."""

    point: Point
    blocks: tuple[Block, ...]
    state: State

    def drawn(self) -> Iterator[Block]:
        """Yield its title with its state, what the evidence tells, and the answers or boxes of what a person tells."""
        yield Heading(self.point.heading, BADGES[self.state])
        yield from map(inside, self.blocks)


@dataclass(frozen=True, slots=True)
class Part:
    """A section of a document: its title, the sentence it opens with, and its points."""

    anchor: str
    title: str
    sentence: str
    points: tuple[Point, ...]
    cites: str = ""
    """The place in the law or paper that asks for it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A document as it is planned: its file, its title, the sentence it opens with, where its order comes from."""

    file: str
    title: str
    about: str
    source: str
    parts: tuple[Part, ...]
    notice: tuple[str, ...] = ()
    """What has to be said before all else."""
    first: Callable[[Mapping[str, Any]], Section] | None = None
    """The first page, where the document opens with that of the report."""

    @property
    def keys(self) -> tuple[str, ...]:
        """What only a person can say of all that it asks."""
        return tuple(dict.fromkeys(key for part in self.parts for point in part.points for key in point.asks))


def told(point: Point, known: Known) -> Told:
    """Return a point with what evidence and person tell of it; a question without an answer becomes a box."""
    blocks = list(point.tell(known))
    answers = [known.answers.block(key) for key in point.asks]
    drawn = [answer or Asked(key, BY_KEY[key].asks) for key, answer in zip(point.asks, answers, strict=True)]
    if point.asks:
        state: State = "open" if None in answers else "answered"
    else:
        state = "known" if blocks else "unknown"
    if state == "unknown":
        blocks = [Paragraph("The evidence of this model does not hold it.")]
    return Told(point, (*blocks, *drawn), state)

"""A planned document with what is known, as a page that HTML and Markdown draw, and as data."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report.document import Block, Code, Figure, Page, Paragraph, Section, Tile, Tiles
from mlwright.report.documents.point import Known, Part, Plan, Told, told
from mlwright.report.sections import meanings, named

FORMAT: Final = "mlwright-document"
VERSION: Final = 1


@dataclass(frozen=True)
class Drawn:
    """A document: each of its parts with its points and what is told of them."""

    plan: Plan
    known: Known

    @cached_property
    def parts(self) -> tuple[tuple[Part, tuple[Told, ...]], ...]:
        """The parts with their points."""
        return tuple((part, tuple(told(point, self.known) for point in part.points)) for part in self.plan.parts)

    @property
    def points(self) -> int:
        """How many points there are."""
        return sum(len(points) for _, points in self.parts)

    def count(self, *states: str) -> int:
        """Return how many points are in one of these states."""
        return sum(each.state in states for _, points in self.parts for each in points)

    @property
    def open(self) -> int:
        """How many points wait for a person."""
        return self.count("open")

    @property
    def state(self) -> str:
        """How much of it is open, in words."""
        if not self.open:
            return f"all {words.counted(self.points, 'point')} are told"
        are = "is" if self.open == 1 else "are"
        return f"{words.count(self.open)} of {words.counted(self.points, 'point')} {are} open"

    def page(self, answers: str, others: Sequence[tuple[str, str]]) -> Page:
        """Return the page. `answers` is the file to fill in; `others` are the pages beside it."""
        evidence, run = self.known.evidence, self.known.run
        name = words.clipped(self.known.name or evidence["question"]["target"], 80)
        first = [self.plan.first(evidence)] if self.plan.first else []
        overview = self._overview(answers)
        if first:
            overview = replace(overview, part=self.plan.title)
        return Page(
            title=f"{self.plan.title}: {name}",
            subtitle=f"{self.plan.about} On {named(evidence, run)}",
            sections=(*first, overview, *(self._section(part, points) for part, points in self.parts)),
            meanings=meanings(evidence),
            others=tuple(others),
        )

    def _overview(self, answers: str) -> Section:
        sentence = (
            f"A program can tell what it measured; the rest only a person knows: {self.state}."
            if self.open
            else "All that a program could measure and all that only a person knows stands here."
        )
        tiles = (
            Tile("Open: a person has to fill them in", f"{words.count(self.open)} of {words.count(self.points)}"),
            Tile("Answered by a person", words.count(self.count("answered"))),
            Tile("Told by the evidence alone", words.count(self.count("known"))),
            *([Tile("Not measured for this model", words.count(n))] if (n := self.count("unknown")) else []),
        )
        how = (
            Paragraph(
                f"To fill them in, write into {answers} and run the command again: what stands there is kept, and put "
                "where it belongs. The order follows "
                f"{self.plan.source}. All numbers come from report.json beside this file."
            ),
            Code("mlwright documents MODEL --out FOLDER", "The command that writes this"),
        )
        notice = tuple(Paragraph(text) for text in self.plan.notice)
        return Section(
            "state", "What is filled in, and what is open", sentence, (*notice, Tiles(tiles), *how), numbered=False
        )

    def _section(self, part: Part, points: Sequence[Told]) -> Section:
        cited = (Paragraph(part.cites, quiet=True),) if part.cites else ()
        blocks = (*cited, *(block for each in points for block in each.drawn()))
        count = sum(each.state == "open" for each in points)
        return Section(part.anchor, part.title, part.sentence, blocks, small=f"{count} open" if count else "")

    def data(self, evidence: str, digest: str) -> str:
        """Return the document as JSON; `evidence` is the file that holds its numbers, `digest` its SHA-256."""
        parts = [
            {
                "title": part.title,
                "sentence": part.sentence,
                "points": [
                    {
                        "number": each.point.number or None,
                        "title": each.point.title,
                        "state": each.state,
                        "answers": {key: self.known.answers.said.get(key) for key in each.point.asks},
                        "blocks": [plain(block) for block in each.blocks],
                    }
                    for each in points
                ],
            }
            for part, points in self.parts
        ]
        whole = {
            "format": FORMAT,
            "version": VERSION,
            "document": self.plan.file,
            "title": self.plan.title,
            "model": self.known.name or None,
            "points": self.points,
            "open": self.open,
            "evidence": {"file": evidence, "sha256": digest},
            "parts": parts,
        }
        return json.dumps(whole, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def plain(value: Block | Any) -> Any:
    """Return a block as JSON holds it: its form and what stands in it; of a chart its numbers, not its lines."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = [field.name for field in dataclasses.fields(value)]
        if isinstance(value, Figure):
            fields.remove("svg")
        form = {"form": value.form} if hasattr(value, "form") else {}
        return form | {name: plain(getattr(value, name)) for name in fields}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    return value

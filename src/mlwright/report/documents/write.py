"""Write a folder of documents: all of them or none, nobody's own file replaced, a person's words never touched."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlwright.errors import OutputError, SourceError
from mlwright.report.documents.answers import Answers, beginning, read_answers
from mlwright.report.documents.data_sheet import DATA_SHEET
from mlwright.report.documents.draw import Drawn
from mlwright.report.documents.model_card import MODEL_CARD
from mlwright.report.documents.point import Known, Plan
from mlwright.report.documents.technical_file import TECHNICAL_FILE
from mlwright.report.html import draw_html, render_html
from mlwright.report.markdown import draw_markdown, render_markdown
from mlwright.report.ours import check_ours
from mlwright.report.twin import render_json
from mlwright.report.write import write_texts

PLANS: Final[tuple[Plan, ...]] = (MODEL_CARD, DATA_SHEET, TECHNICAL_FILE)
REPORT: Final = "report"
ANSWERS: Final = "answers.toml"


@dataclass(frozen=True, slots=True)
class WrittenDocument:
    """A document that was written: its file's name, its page, its points, and how many of them are open."""

    file: str
    title: str
    page: Path
    points: int
    open: int


@dataclass(frozen=True, slots=True)
class Folder:
    """What was written: the documents, the report they draw on, and the file for a person's words."""

    documents: tuple[WrittenDocument, ...]
    report: Path
    answers: Path
    begun: bool
    """Whether the file for a person's words was written now, for the first time."""


def write_documents(known: Known, folder: Path, *, answers: Path | None = None, force: bool = False) -> Folder:
    """Write report, model card, data sheet and technical file, each as a page with its twins, and return what there is.

    Parameters
    ----------
    known
        The evidence, the facts of the build, the schema and the model's name; its answers are read here.
    folder
        Where to; it is made where it is not there.
    answers
        A person's words. Without it they are read from answers.toml in the folder; where that is not there either, one
        to fill in is written.
    force
        Whether files that are there may be replaced though mlwright did not write them. Never a person's words.

    Raises OutputError, SourceError, OptionError.
    """
    if answers is not None and not answers.exists():
        raise SourceError(
            "There is no such file of answers.",
            where=str(answers),
            hint=f"leave --answers out: {ANSWERS} to fill in is then written into the folder.",
        )
    own = folder / ANSWERS
    begun = answers is None and not own.exists()
    place = own if answers is None else answers
    said = Answers() if begun else read_answers(place)
    known = Known(known.evidence, known.run, known.schema, said, known.name)
    drawn = [Drawn(plan, known) for plan in PLANS]
    texts = {folder / name: text for name, text in _texts(known, drawn, place, folder).items()}
    if not force:
        check_ours(texts, folder, hint="name another folder, or say --force (force=True) to replace it.")
    if begun:
        texts[own] = beginning(known.name or str(known.evidence["question"]["target"]), wanted())
    made = not folder.exists()
    _make(folder)
    try:
        write_texts(texts, folder)
    except BaseException:
        if made:
            with suppress(OSError):
                folder.rmdir()
        raise
    documents = tuple(
        WrittenDocument(each.plan.file, each.plan.title, folder / f"{each.plan.file}.html", each.points, each.open)
        for each in drawn
    )
    return Folder(documents, folder / f"{REPORT}.html", place, begun)


def _texts(known: Known, drawn: list[Drawn], answers: Path, folder: Path) -> dict[str, str]:
    """Return all files by their names."""
    evidence = render_json(known.evidence, known.run, known.schema)
    digest = hashlib.sha256(evidence.encode("utf-8", "replace")).hexdigest()
    texts = {
        f"{REPORT}.html": render_html(known.evidence, known.run),
        f"{REPORT}.md": render_markdown(known.evidence, known.run),
        f"{REPORT}.json": evidence,
    }
    place = answers.name if answers.parent == folder else str(answers)
    for each in drawn:
        others = [("Report", f"{REPORT}.html")]
        others += [(one.title, f"{one.file}.html") for one in PLANS if one is not each.plan]
        page = each.page(place, others)
        texts[f"{each.plan.file}.html"] = draw_html(page)
        texts[f"{each.plan.file}.md"] = draw_markdown(page)
        texts[f"{each.plan.file}.json"] = each.data(f"{REPORT}.json", digest)
    return texts


def wanted() -> dict[str, str]:
    """Return by key which documents ask for an answer, with the numbers they have there."""
    found: dict[str, list[str]] = {}
    for plan in PLANS:
        for key in plan.keys:
            numbers = [
                point.number for part in plan.parts for point in part.points if key in point.asks and point.number
            ]
            where = f" {', '.join(dict.fromkeys(numbers))}" if numbers else ""
            found.setdefault(key, []).append(plan.title.lower() + where)
    return {key: "asked in: " + "; ".join(names) for key, names in found.items()}


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except FileExistsError as error:
        raise OutputError(
            "The documents cannot be written: there is a file of that name.",
            where=str(folder),
            hint="name another folder.",
        ) from error
    except OSError as error:
        raise OutputError(f"The documents cannot be written: {error.strerror}.", where=str(folder)) from error

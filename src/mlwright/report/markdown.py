"""The report as Markdown that also reads well as plain text: the same sections, short tables, no charts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from mlwright.report.document import (
    FILLED_IN,
    TO_FILL_IN,
    Asked,
    Bullets,
    Cards,
    Cell,
    Code,
    Facts,
    Figures,
    Heading,
    Notes,
    Page,
    Paragraph,
    Replies,
    Said,
    Section,
    Table,
    Tiles,
    Verdict,
    cut,
)
from mlwright.report.format import clipped, tidy
from mlwright.report.glossary import Terms
from mlwright.report.ours import MARK
from mlwright.report.sections import page

NAME = 120
"""Names and explanations in tables are cut after so many characters."""
WIDE = 12
"""A table with more columns than this is left to the other twins."""

Lines = list[str]


def render_markdown(evidence: Mapping[str, Any], run: Mapping[str, Any]) -> str:
    """Return the report as Markdown."""
    return draw_markdown(page(evidence, run))


def draw_markdown(whole: Page) -> str:
    """Return a page, whatever it is about, as Markdown."""
    terms = Terms(whole.meanings)
    titled = any(section.part for section in whole.sections)
    lines = [f"# {plain(whole.title)}", "", plain(whole.subtitle), ""]
    for section in whole.sections:
        lines += [f"## {plain(section.part)}", ""] if section.part else []
        lines += _section(section, "###" if titled else "##")
        if section.explains and (words := _words(terms, lines)):
            lines += ["**Words on this page**", "", *words, ""]
    text = "\n".join(lines)
    lines += ["## Words used here", "", *_words(terms, [text]), "", MARK]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _words(terms: Terms, lines: Sequence[str]) -> Lines:
    """Return what the words mean that stand in the lines."""
    return [f"- **{plain(term.name)}**: {plain(term.meaning)}" for term in terms.find("\n".join(lines))]


def plain(text: object) -> str:
    r"""Return a text on one line in which nothing is taken for Markdown or HTML.

    >>> plain("a|b <script> *x* row_id __init__")
    'a\\|b &lt;script> \\*x\\* row_id \\_\\_init\\_\\_'
    """
    escaped = re.sub(r"([\\`*|\[\]])", r"\\\1", tidy(text)).replace("<", "&lt;")
    return re.sub(r"(?<![^\W_])_|_(?![^\W_])", r"\\_", escaped)


def _section(section: Section, level: str) -> Lines:
    lines = [f"{level} {plain(section.title)}", "", plain(section.sentence), ""]
    for block in section.blocks:
        lines += [*DRAWN[block.form](block), ""]
    if level == "##":
        return lines
    # Titles inside stand one step below the section's.
    return [lines[0], *(f"#{line}" if re.match("###+ ", line) else line for line in lines[1:])]


def _table(block: Table) -> Lines:
    """Return a table, shortened; one with very many columns is only named."""
    caption = f"{plain(block.caption)}:"
    if len(block.headers) > WIDE:
        return [f"{caption} too wide for this twin, see the HTML or JSON one."]
    head = "| " + " | ".join(plain(header.text) for header in block.headers) + " |"
    rule = "|" + "|".join(" ---: " if header.numeric else " --- " for header in block.headers) + "|"
    body = ["| " + " | ".join(_cell(cell) for cell in cells) + " |" for cells in block.rows[: block.short]]
    total = len(block.rows) + _hidden(block.more)
    rest = cut(total, len(body))
    return [caption, "", head, rule, *body, *(["", f"({rest})"] if rest else [])]


def _hidden(more: str) -> int:
    """Return how many rows were already cut."""
    match = re.match(r"and ([\d,]+) more", more)
    return int(match.group(1).replace(",", "")) if match else 0


def _cell(cell: Cell) -> str:
    if not cell.text:
        return ""
    note = f" ({plain(clipped(cell.note, NAME))})" if cell.note else ""
    return plain(clipped(cell.text, NAME)) + note


def _paragraph(block: Paragraph) -> Lines:
    return [plain(block.text)] if block.text else []


def _facts(block: Facts) -> Lines:
    return [f"- **{plain(name)}**: {plain(text)}" for name, text in block.pairs]


def _bullets(block: Bullets) -> Lines:
    return [*(f"- {plain(item)}" for item in block.items), *([f"- {block.more}"] if block.more else [])]


def _code(block: Code) -> Lines:
    label = [f"{plain(block.label)}:", ""] if block.label else []
    return [*label, *("    " + line for line in block.text.splitlines())]


def _figures(block: Figures) -> Lines:
    lines: Lines = []
    for figure in block.figures:
        title = [f"{'#' * block.level} {plain(figure.title)}", ""] if figure.title else []
        lines += [*title, plain(figure.caption), "", *_table(figure.table), ""]
    return lines


def _notes(block: Notes) -> Lines:
    lines = [f"{'#' * block.level} {plain(block.title)}", ""]
    for note in block.notes:
        parts = " ".join(f"{plain(part)}." for part in (note.place, note.repair.rstrip(".")) if part)
        lines.append(f"- {plain(note.text)}" + (f" {parts}" if parts else "") + f" ({plain(note.small)})")
    return [*lines, *([f"- {block.more}"] if block.more else [])]


def _verdict(block: Verdict) -> Lines:
    lines = [f"**{block.icon} {plain(block.word)}.** {plain(block.sentence)}", ""]
    return lines + _tiles(Tiles(block.tiles))


def _tiles(block: Tiles) -> Lines:
    lines = []
    for tile in block.tiles:
        note = f" ({plain(tile.note)})" if tile.note else ""
        lines += [f"- {plain(tile.label)}: **{plain(tile.value)}**{note}"]
    return lines


def _replies(block: Replies) -> Lines:
    """Return each question with its answers in one paragraph."""
    lines: Lines = []
    for reply in block.replies:
        said = " ".join(plain(sentence) for sentence in reply.sentences)
        lines += [f"**{plain(reply.question)}** {said}", ""]
    return lines


def _asked(block: Asked) -> Lines:
    """Return what a person has to fill in, as a quotation, which Markdown draws as a box."""
    return [
        f"> **{TO_FILL_IN}** (`{block.key}`)",
        ">",
        *(f"> - {plain(question)}" for question in block.questions),
    ]


def _said(block: Said) -> Lines:
    lines: Lines = []
    for paragraph in block.paragraphs:
        many = len(paragraph) > 1
        lines += [*(f"> {'- ' if many else ''}{plain(text)}" for text in paragraph), ">"]
    return [f"> **{FILLED_IN}**", ">", *lines[:-1]]


def _cards(block: Cards) -> Lines:
    """Return what each card says, without its numbers: those of a few hundred columns belong into the JSON twin."""
    lines: Lines = []
    for card in block.cards[: block.short]:
        badges = "".join(f", {plain(badge.text)}" for badge in card.badges)
        lines += [f"### {plain(card.title)} ({plain(card.kind)}{badges})", "", plain(card.sentence), ""]
        lines += [f"- **{plain(name)}**: {plain(text)}" for name, text in card.pairs if name in block.told]
        lines += [f"- {note.icon} {plain(note.text)}" for note in card.notes]
        lines += [""]
    rest = cut(len(block.cards) + _hidden(block.more), min(len(block.cards), block.short))
    return [*lines, *([f"({rest})"] if rest else [])]


def _heading(block: Heading) -> Lines:
    badge = f" ({plain(block.badge.text)})" if block.badge else ""
    return [f"{'#' * block.level} {plain(block.text)}{badge}"]


DRAWN: Final[dict[str, Callable[[Any], Sequence[str]]]] = {
    Table.form: _table,
    Paragraph.form: _paragraph,
    Facts.form: _facts,
    Bullets.form: _bullets,
    Code.form: _code,
    Figures.form: _figures,
    Notes.form: _notes,
    Verdict.form: _verdict,
    Tiles.form: _tiles,
    Replies.form: _replies,
    Asked.form: _asked,
    Said.form: _said,
    Heading.form: _heading,
    Cards.form: _cards,
}
"""What writes each form of block."""

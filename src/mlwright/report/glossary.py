"""Finds the words that need explaining in a text, and marks them where they first stand."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from markupsafe import Markup, escape

from mlwright.report.format import glued, tidy
from mlwright.report.terms import TERMS, Term

FLAG: Final = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)")
"""An option of the command line, which must not be broken at its hyphens."""
OPENED: Final = re.compile(r"\((<button[^>]*>[^<]*</button>)")
"""A bracket before a term: a browser would part them at the end of a line."""


class Terms:
    """Marks the terms in a page's texts and remembers which ones it met.

    `meanings` (label -> sentence) come from the evidence and go before the glossary's own.
    """

    def __init__(self, meanings: Mapping[str, str]) -> None:
        said = {tidy(name).casefold(): Term(tidy(name), tidy(meaning)) for name, meaning in meanings.items() if meaning}
        known = [said.pop(term.name.casefold(), term) for term in TERMS]
        self._terms: dict[str, Term] = {}
        for term in [*known, *said.values()]:
            original = next((own for own in TERMS if own.name.casefold() == term.name.casefold()), term)
            for name in (term.name, *original.also):
                self._terms[str(escape(name)).casefold()] = term
        names = sorted(self._terms, key=len, reverse=True)
        spellings = "|".join(re.escape(name).replace(r"\ ", r"[ \u00a0]") for name in names)
        # Not inside a quoted name: a column may be called 'weight'.
        before = r"(?<!&#39;)(?<!&#34;)(?<!&lt;)(?<![\w“‘&/-])"
        self._pattern = re.compile(f"{before}({spellings})(?![\\w-])", re.IGNORECASE)
        self.used: dict[str, Term] = {}

    def mark(self, text: object, seen: set[str]) -> Markup:
        """Return the text as HTML in which each term not yet `seen` is a button that opens its explanation."""

        def button(match: re.Match[str]) -> str:
            term = self._terms[_plain(match.group(1))]
            if term.anchor in seen:
                return match.group(1)
            seen.add(term.anchor)
            self.used[term.anchor] = term
            return f'<button type="button" class="term" popovertarget="{term.anchor}">{match.group(1)}</button>'

        marked = self._pattern.sub(button, FLAG.sub(r"<code>\1</code>", str(escape(glued(text)))))
        return Markup(OPENED.sub(r'<span class="joined">(\1</span>', marked))  # noqa: S704 - escaped above

    def find(self, text: str) -> list[Term]:
        """Return the terms that stand in a text, by name."""
        met = {self._terms[_plain(name)] for name in self._pattern.findall(text)}
        return sorted(met, key=lambda term: term.name.casefold())

    @staticmethod
    def fresh() -> set[str]:
        """Return what a new section has seen of the terms: none."""
        return set()

    def among(self, seen: set[str]) -> list[Term]:
        """Return the terms that a section has seen, by name."""
        return [term for term in self.listed() if term.anchor in seen]

    def listed(self) -> list[Term]:
        """Return the terms that were marked, by name."""
        return sorted(self.used.values(), key=lambda term: term.name.casefold())


def _plain(name: str) -> str:
    return name.replace("\u00a0", " ").casefold()

"""A page as a program sees it: its form, its links, its text."""

from __future__ import annotations

from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br"}
MARKS = {"rect", "path", "line", "circle", "polyline", "polygon"}
"""What drawings are made of."""


class Page(HTMLParser):
    """What a page holds. It is an error where an element is not closed, or closed twice."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.values: dict[str, str] = {}
        """What a browser would send if nothing was changed."""
        self.fields: dict[str, dict[str, str | None]] = {}
        """The attributes of fields, by their ids."""
        self.links: list[str] = []
        self.ids: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self._area: str | None = None
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        assert len(told) == len(attrs), (tag, attrs)
        self.elements.append((tag, told))
        if "id" in told:
            self.ids.append(str(told["id"]))
        if tag == "a":
            self.links.append(str(told["href"]))
        if tag in {"input", "textarea"}:
            self._field(tag, told)
        if tag not in VOID and tag not in MARKS:
            self._open.append(tag)

    def _field(self, tag: str, told: dict[str, str | None]) -> None:
        if "id" in told:
            self.fields[str(told["id"])] = told
        name = str(told["name"])
        if tag == "textarea":
            self._area, self.values[name] = name, ""
        elif told.get("type") != "radio" or "checked" in told:
            self.values[name] = told.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag in MARKS:
            return
        assert self._open.pop() == tag, tag
        self._area = None if tag == "textarea" else self._area

    def handle_data(self, data: str) -> None:
        if self._area is not None:
            # The first line end behind the tag is not part of the text.
            self.values[self._area] += data.removeprefix("\n") if not self.values[self._area] else data
        else:
            self.words.append(data)

    @property
    def text(self) -> str:
        """The words of the page, with single spaces."""
        return " ".join(" ".join(self.words).split())

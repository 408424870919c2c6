"""SVG by hand: a canvas of 400 units width whose text stays at least 11 px high on a phone.

Colours are css variables of the page (class names here), so that one drawing serves light, dark and paper.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape

from mlwright.report.format import tidy

WIDTH = 400.0
FONT = 12.5
CHARACTER = 7.2
"""The average width of a character at that size, for guessing where a text ends."""

Point = tuple[float, float]


def plain(value: float) -> str:
    """Return a coordinate with one decimal at most.

    >>> plain(12.0), plain(3.14159), plain(-0.01)
    ('12', '3.1', '0')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


class Canvas:
    """What is drawn so far; every method adds one element."""

    def __init__(self, height: float, width: float = WIDTH) -> None:
        self.width = width
        self.height = height
        self._parts: list[str] = []

    def line(self, start: Point, end: Point, style: str) -> None:
        """Add a straight line."""
        x1, y1, x2, y2 = map(plain, (*start, *end))
        self._parts.append(f'<line class="{style}" x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"/>')

    def lines(self, segments: Iterable[tuple[Point, Point]], style: str) -> None:
        """Add many straight lines as one element."""
        path = "".join(f"M{plain(a)} {plain(b)}L{plain(c)} {plain(d)}" for (a, b), (c, d) in segments)
        if path:
            self._parts.append(f'<path class="{style}" d="{path}"/>')

    def polyline(self, points: Sequence[Point], style: str) -> None:
        """Add a line through points."""
        if len(points) > 1:
            joined = " ".join(f"{plain(x)},{plain(y)}" for x, y in points)
            self._parts.append(f'<polyline class="{style}" points="{joined}"/>')

    def area(self, points: Sequence[Point], style: str) -> None:
        """Add a filled shape."""
        if len(points) > 2:
            joined = " ".join(f"{plain(x)},{plain(y)}" for x, y in points)
            self._parts.append(f'<polygon class="{style}" points="{joined}"/>')

    def dots(self, points: Iterable[Point], style: str) -> None:
        """Add many round dots as one element: the round ends of lines without length."""
        path = "".join(f"M{plain(x)} {plain(y)}h0" for x, y in points)
        if path:
            self._parts.append(f'<path class="{style}" d="{path}"/>')

    def rectangle(self, corner: Point, width: float, height: float, style: str) -> None:
        """Add a rectangle."""
        x, y = map(plain, corner)
        self._parts.append(
            f'<rect class="{style}" x="{x}" y="{y}" width="{plain(max(width, 0))}" height="{plain(max(height, 0))}"/>'
        )

    def rectangles(self, parts: Iterable[tuple[Point, float, float]], style: str) -> None:
        """Add many rectangles (corner, width, height) as one element."""
        path = "".join(f"M{plain(x)} {plain(y)}h{plain(w)}v{plain(h)}h-{plain(w)}z" for (x, y), w, h in parts if h > 0)
        if path:
            self._parts.append(f'<path class="{style}" d="{path}"/>')

    def diamond(self, centre: Point, radius: float, style: str) -> None:
        """Add a diamond."""
        x, y = centre
        self.area([(x - radius, y), (x, y - radius), (x + radius, y), (x, y + radius)], style)

    def circle(self, centre: Point, radius: float, style: str) -> None:
        """Add a circle."""
        x, y = map(plain, centre)
        self._parts.append(f'<circle class="{style}" cx="{x}" cy="{y}" r="{plain(radius)}"/>')

    def text(self, place: Point, text: str, style: str = "t", *, full: str = "") -> None:
        """Add a text; `full` is what it was before it was cut."""
        x, y = map(plain, place)
        title = f"<title>{escape(tidy(full))}</title>" if full and tidy(full) != text else ""
        self._parts.append(f'<text class="{style}" x="{x}" y="{y}">{escape(text)}{title}</text>')

    def drawn(self, label: str) -> str:
        """Return the SVG; the label is for those who cannot see it."""
        box = f"0 0 {plain(self.width)} {plain(self.height)}"
        return f'<svg role="img" aria-label="{escape(tidy(label))}" viewBox="{box}">{"".join(self._parts)}</svg>'


def text_width(text: str) -> float:
    """Return about how wide a text is drawn."""
    return CHARACTER * sum(1.7 if ord(sign) > 0x2E80 else 1.0 for sign in text)


def nice_step(span: float, steps: int) -> float:
    """Return a step of 1, 2 or 5 times a power of ten that cuts a span in about so many.

    >>> nice_step(1.0, 5), nice_step(730, 4)
    (0.2, 200.0)
    """
    power = 10.0 ** math.floor(math.log10(span / max(steps, 1)))
    return min((factor * power for factor in (1, 2, 5, 10)), key=lambda step: abs(span / step - steps))


def nice_ticks(low: float, high: float, steps: int = 5) -> list[float]:
    """Return round numbers between two numbers.

    >>> nice_ticks(0.03, 0.97, 5)
    [0.2, 0.4, 0.6, 0.8]
    """
    if not high > low:
        return [low]
    step = nice_step(high - low, steps)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    digits = max(0, 1 - math.floor(math.log10(step)))
    return [round(position * step, digits) for position in range(first, last + 1)]

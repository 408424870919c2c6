"""The evidence of a model, as a person in a terminal or a notebook wants to see it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from mlwright.model.evidence_shapes import SHOWN, WHOLE


class Evidence(Mapping[str, Any]):
    """How good a model is and how that is known: a read-only mapping with a short face.

    >>> Evidence({"score": {"metric": "roc_auc", "value": 0.8412, "interval": [0.82, 0.861], "rows": 2000}})
    <Evidence: roc_auc 0.841 (95 %: 0.820 to 0.861) on 2,000 rows. Look closer: ['score']>
    """

    def __init__(self, plain: Mapping[str, Any]) -> None:
        self._plain = plain

    def __getitem__(self, key: str) -> Any:
        """Return one part of the evidence."""
        return self._plain[key]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names of the parts."""
        return iter(self._plain)

    def __len__(self) -> int:
        """Return the number of parts."""
        return len(self._plain)

    @property
    def verdict(self) -> str:
        """One plain sentence: whether the model is worth more than a simple rule."""
        found = self._plain.get("verdict")
        return str(found.get("sentence", "")) if isinstance(found, dict) else ""

    @property
    def score(self) -> str:
        """The score with its interval, in words; empty where the model was never judged."""
        found = self._plain.get("score")
        if not isinstance(found, dict):
            return ""
        question = self._plain.get("question")
        label = question.get("metric_label") if isinstance(question, dict) else None
        text = f"{label or found.get('metric')} {number(found.get('value'))}"
        if interval := found.get("interval"):
            text += f" (95 %: {number(interval[0])} to {number(interval[1])})"
        many, noun = found.get("rows"), found.get("noun") or "row"
        return text + (f" on {many:,} {noun}{'' if many == 1 else 's'}" if isinstance(many, int) else "")

    @property
    def is_whole(self) -> bool:
        """Whether it is that of a model that was judged when it was built, so that there is a report to write."""
        return {"question", "verdict", "data"} <= self._plain.keys()

    def check(self) -> None:
        """Raise TypeError where the evidence is not of the shape that is shown and reported: it came from a file."""
        shape = WHOLE if self.is_whole else SHOWN
        if (fault := shape(self._plain)) is not None:
            raise TypeError(f"{fault.removeprefix('.')[:200]} is not what a model holds there.")

    def __repr__(self) -> str:
        """Return the score, the verdict and where to look."""
        parts = ", ".join(repr(key) for key in self._plain)
        said = " ".join(part for part in (f"{self.score}." if self.score else "", self.verdict) if part)
        return f"<Evidence: {said} Look closer: [{parts}]>"

    def _repr_html_(self) -> str:
        """Return the verdict and the metrics as a small table."""
        metrics = self._plain.get("metrics") or {}
        lines = "".join(
            f"<tr><td>{escape(str(facts.get('label') or name))}</td>"
            f"<td style='text-align:right'>{number(facts.get('score'))}</td>"
            f"<td>{' to '.join(number(end) for end in facts.get('interval') or ())}</td>"
            f"<td style='text-align:left'>{escape(str(facts.get('meaning') or ''))}</td></tr>"
            for name, facts in metrics.items()
        )
        head = "<tr><th>metric</th><th>score</th><th>95 % interval</th><th style='text-align:left'>meaning</th></tr>"
        table = f"<table><thead>{head}</thead><tbody>{lines}</tbody></table>" if lines else ""
        return f"<div><p>{escape(self.verdict or self.score)}</p>{table}</div>"


def number(value: object) -> str:
    """Return a number as people read it: three significant digits or so, never an exponent for common sizes.

    >>> number(0.84123), number(12345.6), number(0.00001234), number(None)
    ('0.841', '12,346', '1.23e-05', '–')
    """
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return "–"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size == 0 or size >= 0.01:
        return f"{value:.3f}" if size < 10 else f"{value:.1f}"
    return f"{value:.3g}"

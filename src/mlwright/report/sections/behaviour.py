"""What happens to an answer when one thing about a row changes. Only where that was tested."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from mlwright.report import format as words
from mlwright.report.document import Cell, Header, Section, Table, Tone, cut

MOST = 40
FEW = 4
"""More rules than this that no row broke are folded away."""
VERDICTS: Final[dict[str, tuple[str, Tone]]] = {
    "pass": ("✔ kept", "good"),
    "fail": ("✖ not kept", "bad"),
    "unknown": ("? cannot be told", "unclear"),
}


def section(evidence: Mapping[str, Any]) -> Section | None:
    """Return the section, or None where nothing was tested."""
    tests = evidence.get("behaviour") or []
    if not tests:
        return None
    failed = sum(test["verdict"] == "fail" for test in tests)
    found = (
        "all of them were kept"
        if not failed
        else f"{words.count(failed)} of {words.count(len(tests))} {'was' if failed == 1 else 'were'} not kept"
    )
    sentence = (
        "Some things should not change an answer, and some should change it in one direction only; each such rule was "
        f"tried on many rows, and {found}."
    )
    kept = [test for test in tests if test["verdict"] == "pass" and not test["share"]]
    if len(kept) <= FEW:
        return Section("behaviour", "How it behaves", sentence, (_table(tests),))
    rest = [test for test in tests if test not in kept]
    shown = (_table(rest),) if rest else ()
    folded = replace(
        _table(kept), collapsed=f"{words.count(len(kept))} rules that no row broke", caption="Always kept", short=3
    )
    return Section("behaviour", "How it behaves", sentence, (*shown, folded))


def _table(tests: list[Mapping[str, Any]]) -> Table:
    worst = sorted(tests, key=lambda test: ("fail", "unknown", "pass").index(str(test["verdict"])))
    rows = tuple(_row(test) for test in worst[:MOST])
    head = (
        Header("What was tried"),
        Header("Found"),
        Header("Rows tried", numeric=True),
        Header("Rows that broke it, and 95 % interval", numeric=True),
    )
    return Table("Behaviour tests, the worst first", head, rows, cut(len(tests), len(rows)), short=20)


def _row(test: Mapping[str, Any]) -> tuple[Cell, ...]:
    text, tone = VERDICTS[str(test["verdict"])]
    return (
        Cell(words.clipped(test["name"], 120), words.clipped(test["sentence"], 400)),
        Cell(text, "", tone),
        Cell(words.count(test["tested"])),
        Cell(words.interval(test["share"], test["interval"], percent=True)),
    )

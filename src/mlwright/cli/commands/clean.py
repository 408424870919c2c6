"""mlwright clean: the wrong cells of a table, and the table with what is surely right put in their place."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlwright.cli.console import libraries_silenced, out, out_json, say, styled, table
from mlwright.cli.options import Json, Query, Quiet, Source
from mlwright.errors import OptionError

if TYPE_CHECKING:
    from mlwright.clean.cleaned import Cleaned
    from mlwright.findings import Finding

SHOWN_FINDINGS = 8
SHOWN_COLUMNS = 20
MESSAGE, CELL = 400, 32
STYLES = {"error": "red", "warning": "bold", "info": "cyan"}


def clean(
    source: Source,
    out_file: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where to: .csv, .parquet, .json, .ndjson or .xlsx.")
    ],
    target: Annotated[
        str | None,
        typer.Option("--target", metavar="COL", help="The column to predict later: it is left as it is."),
    ] = None,
    exclude: Annotated[
        list[str] | None, typer.Option("--exclude", metavar="COL ...", help="Columns to leave alone; may be repeated.")
    ] = None,
    ask: Annotated[
        int | None,
        typer.Option("--ask", metavar="[N]", help="Show up to N rows (20) one by one, to be corrected by you."),
    ] = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", metavar="FILE", help="Rows that were corrected: JSON as --ask writes it."),
    ] = None,
    no_repair: Annotated[
        bool, typer.Option("--no-repair", help="Only name the wrong cells; FILE has the rows as they are.")
    ] = False,
    query: Query = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Find the wrong cells of a table and repair those of which it is sure; no row is ever deleted."""
    if ask is not None and not _can_ask():
        raise OptionError(
            "--ask needs a terminal to ask at.", hint="write the corrected rows into a file and name it with --labels."
        )
    if ask is not None and ask < 1:
        raise OptionError(f"--ask cannot be {ask}.", hint="name how many rows you want to look at, 1 or more.")
    if not quiet:
        say("Looking at the table ...")
    from mlwright.clean.cleaned import clean as clean_table
    from mlwright.cli.labels import labels_in
    from mlwright.collect.rows_out import check_place

    check_place(out_file)
    _check_apart(source, out_file)
    known = labels_in(labels) if labels is not None and (ask is None or labels.exists()) else {}
    with libraries_silenced(verbose=False):
        cleaned = clean_table(
            source, target=target, query=query, labels=known, exclude=exclude or (), apply=not no_repair
        )
    if ask is not None:
        from mlwright.cli.labels import asked

        cleaned = asked(cleaned, ask, labels or out_file.with_suffix(".labels.json"))
    cleaned.save(out_file)
    if as_json:
        out_json({"out": str(out_file), **cleaned.to_dict()})
    else:
        out(_told(cleaned, out_file, _next(source, out_file, target, query, labelled=bool(cleaned.labels))))


def _check_apart(source: str, out_file: Path) -> None:
    """Raise OptionError where the repaired rows would take the place of the rows that they were made from."""
    try:
        same = out_file.samefile(source)
    except (OSError, ValueError):  # one of them is no file
        return
    if same:
        raise OptionError(
            f"--out {out_file} is the source itself, which is never written over.", hint="name another file."
        )


def _can_ask() -> bool:
    try:
        return sys.stdin is not None and sys.stdin.isatty()
    except ValueError:  # closed
        return False


def _told(cleaned: Cleaned, place: Path, following: str) -> str:
    """Return findings, counts, columns, place and the next command, as people read them."""
    parts = ["\n".join(_findings(cleaned.findings))] if cleaned.findings else []
    rows = cleaned.frame.height
    wrong, left = len(cleaned.cells), len(cleaned.cells) - cleaned.repaired
    if wrong:
        unsure = (
            f"; {left:,} left as {'it is' if left == 1 else 'they are'}, because nothing was surely better"
            if left
            else ""
        )
        parts.append(f"{_cells(wrong)} probably wrong: {cleaned.repaired:,} repaired{unsure}")
        parts.append(_columns(cleaned))
    else:
        parts.append("no cell is probably wrong")
    parts.append(f"{rows:,} row{'s are' if rows != 1 else ' is'} in {place}")
    parts.append(f"next: {following}")
    return "\n\n".join(parts)


def _cells(count: int) -> str:
    return "1 cell is" if count == 1 else f"{count:,} cells are"


def _findings(findings: tuple[Finding, ...]) -> list[str]:
    """Return the findings, the worst first; those about single cells are told by the table of columns."""
    lines: list[str] = []
    for severity, style in STYLES.items():
        group = [finding for finding in findings if finding.severity == severity and finding.kind != "cell_errors"]
        named = styled(f"{severity}:", style, sys.stdout)
        lines += [f"{named} {_clipped(finding.message, MESSAGE)}" for finding in group[:SHOWN_FINDINGS]]
        more = len(group) - SHOWN_FINDINGS
        lines += [f"{severity}: {more:,} more; --json has all"] if more > 0 else []
    return lines


def _columns(cleaned: Cleaned) -> str:
    wrong = Counter(cell.column for cell in cleaned.cells)
    done = Counter(cell.column for cell in cleaned.cells if cell.new is not None)
    rows = []
    for name, count in wrong.most_common(SHOWN_COLUMNS):
        best = max(
            (cell for cell in cleaned.cells if cell.column == name),
            key=lambda cell: (cell.new is not None, cell.confidence, -cell.row),
        )
        new = "left" if best.new is None else _shown(best.new)
        kind = Counter(cell.kind for cell in cleaned.cells if cell.column == name).most_common(1)[0][0]
        repaired = f"{done[name]:,}" if cleaned.repaired else "0"
        example = f"row {best.row:,}: {_shown(best.old)} -> {new}"
        rows.append([_clipped(name, CELL), f"{count:,}", repaired, kind.replace("_", " "), example])
    more = len(wrong) - len(rows)
    shown = table(["column", "wrong", "repaired", "mostly", "example"], rows, right=[1, 2])
    return shown + (f"\nand {more:,} more column{'s' * (more > 1)}; --json has all" if more > 0 else "")


def _shown(text: str | None) -> str:
    return _clipped(text, CELL) if text else "(nothing)"


def _clipped(text: str, most: int) -> str:
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return plain if len(plain) <= most else plain[: most - 3] + "..."


def _next(source: str, place: Path, target: str | None, query: str | None, *, labelled: bool) -> str:
    if target is not None or labelled:
        return shlex.join(["mlwright", "build", str(place), "--target", target or "COL"])
    asked = [] if query is None else ["--query", query]
    return shlex.join(["mlwright", "clean", source, *asked, "--out", str(place), "--ask"])

"""From an ensemble and its evidence to a Model, and to where it is kept."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from mlwright.building.ask import Asked
from mlwright.building.find import Found
from mlwright.building.options import Options
from mlwright.errors import OutputError
from mlwright.explain.cases import Cases
from mlwright.findings import Finding
from mlwright.learn.ensemble import Ensemble
from mlwright.model import Model, RowModel
from mlwright.model.folder import to_files
from mlwright.model.parts import GOLDEN_ROWS, RowParts, golden_rows, made_up_rows
from mlwright.registry.workspace import Workspace, checked_name

TIMED_ROWS, TIMED_SECONDS = 40, 0.2


def assemble(
    asked: Asked,
    found: Found,
    ensemble: Ensemble,
    told: Mapping[str, Any],
    run: Mapping[str, Any],
    options: Options,
) -> RowModel:
    """Return the Model, with rows that it must answer the same wherever it is loaded, and its size and speed."""
    target = asked.material.target
    sources = set(ensemble.sources)
    read = [column for column in asked.schema if column.name in sources]
    parts = RowParts(
        name=asked.table.name,
        task=asked.task.name,
        target=asked.target_name,
        classes=target.classes,
        schema=asked.schema,
        ensemble=ensemble,
        decision=found.decision,
        prior=tuple(float(share) for share in asked.task.prior(target, asked.material.weight)),
        evidence=dict(told),
        run=dict(run),
        golden=golden_rows(_spread(asked.table.frame), read) if options.cases else made_up_rows(read, options.seed),
        cases=_cases(asked, ensemble, options),
    )
    row_ms, max_latency = _row_ms(RowModel(parts)), options.policy.max_latency
    size = {"model_bytes": sum(map(len, to_files(parts).values())), "row_ms": row_ms}
    facts = {**told, "size": size}
    if max_latency is not None and row_ms is not None and row_ms > 1_000 * max_latency:
        facts["findings"] = [*told.get("findings", []), _slow(row_ms, max_latency).to_dict()]
    return RowModel(replace(parts, evidence=facts))


def _cases(asked: Asked, ensemble: Ensemble, options: Options) -> Cases | None:
    """Return the rows that the model keeps, with the columns that it reads and those that tell groups of people."""
    sensitive = [column.name for column in asked.schema.with_role("sensitive") if column.name in asked.material.columns]
    names = list(dict.fromkeys((*ensemble.sources, *sensitive)))
    return Cases.drawn(asked.material.columns, names, asked.material.target, seed=options.seed, most=options.cases)


def _slow(row_ms: float, max_latency: float) -> Finding:
    return Finding(
        kind="slow_answers",
        message=f"An answer takes {row_ms:.2g} ms here, more than the {1_000 * max_latency:.2g} ms that were asked for:"
        " what is left of the model is the fastest that was found.",
        severity="warning",
        repair="Allow more time, leave out columns that matter little, or use a faster machine.",
    )


def _spread(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Return a few raw rows, spread over the table."""
    places = sorted({round(place * (frame.height - 1) / (GOLDEN_ROWS - 1)) for place in range(GOLDEN_ROWS)})
    return frame[places].to_dicts()


def _row_ms(model: RowModel) -> float | None:
    """Return the median milliseconds of one answer to one row."""
    rows = [dict(row) for row in model.parts.golden]
    if not rows:
        return None
    times = []
    begun = time.perf_counter()
    for place in range(TIMED_ROWS):
        if time.perf_counter() - begun > TIMED_SECONDS:
            break
        start = time.perf_counter()
        model.answer(rows[place % len(rows)])
        times.append(time.perf_counter() - start)
    return round(1_000 * statistics.median(times), 3)


def check_destination(*, name: str | None, workspace: str | Path | None, out: str | Path | None) -> None:
    """Raise OptionError or OutputError before any work is done where the model could not be kept afterwards."""
    if name is not None:
        checked_name(name)
    if out is not None:
        place = Path(out)
        _check_name(place)
        if place.exists() and place.is_file() and place.suffix != ".zip":
            raise OutputError("The model's place is a file.", where=str(out), hint="name a folder or a .zip.")
        _writable(place.parent)
    if name is not None or workspace is not None:
        _writable(Workspace(workspace).path)


def _check_name(place: Path) -> None:
    """Raise OutputError where the system takes no such name, or none as long as that of the report beside it."""
    try:
        with suppress(FileNotFoundError, NotADirectoryError, PermissionError):  # told of by what comes next
            os.lstat(place.absolute().parent / f".{place.name}-report.html.{os.getpid()}.part")
    except OSError as error:
        reason = error.strerror or str(error)
        raise OutputError(f"The model cannot be written: {reason}.", where=str(place), hint="name another.") from error


def _writable(folder: Path) -> None:
    """Raise OutputError where nothing can be written into the folder, or into what would hold it."""
    there = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    if not there.is_dir():
        raise OutputError("This is a file, not a folder.", where=str(there))
    if not os.access(there, os.W_OK | os.X_OK):
        raise OutputError("There is no permission to write here.", where=str(there), hint="choose another place.")


def store(model: Model, *, name: str | None, workspace: str | Path | None, out: str | Path | None) -> Model:
    """Keep the model where it was asked for, and return it with its name, version and path."""
    kept = model if name is None else model.renamed(checked_name(name))
    if out is not None:
        kept = kept.with_parts(kept.parts, path=kept.save(out))
    if name is not None or workspace is not None:
        chosen, version, path = Workspace(workspace).add(model, kept.name)  # its old name and version are its parent's
        kept = kept.with_parts(kept.renamed(chosen, version).parts, path=path)
    return kept

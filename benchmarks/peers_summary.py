"""What the results of peers.py say: scores by table, then ranks, win-rates, time, latency and size by system.

A result is a dict as peers.py writes it. A system that failed has no loss; it counts as last on that table.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

OURS = "mlwright"
Z = 1.959964
NOISE = 1e-9
"""Losses that differ by less than this, relatively, are equal."""

Result = dict[str, Any]
Cell = dict[str, Result]


class Rate(NamedTuple):
    """How often ours was better, ties counted half, with the Wilson interval."""

    share: float
    low: float
    high: float
    number: int


def cells(results: Iterable[Result]) -> dict[tuple[str, int], Cell]:
    """Return the results by table and seed, then by system; of two for the same, the later."""
    found: dict[tuple[str, int], Cell] = {}
    for each in results:
        found.setdefault((each["table"], each["seed"]), {})[each["system"]] = each
    return found


def loss(result: Result) -> float:
    """Return the loss, infinite where the system failed."""
    return math.inf if result["loss"] is None else float(result["loss"])


def compared(one: float, other: float) -> float:
    """Return 1 where one loss is smaller than the other, 0.5 where they are equal, 0 where it is larger."""
    if math.isclose(one, other, rel_tol=NOISE, abs_tol=NOISE):
        return 0.5
    return float(one < other)


def ranks(cell: Cell) -> dict[str, float]:
    """Return the place of each system on one table; equals share the mean of their places."""
    losses = {system: loss(result) for system, result in cell.items()}
    return {
        system: 1 + sum(compared(other, mine) for name, other in losses.items() if name != system)
        for system, mine in losses.items()
    }


def wilson(successes: float, number: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927); (0, 1) where nothing was seen."""
    if not number:
        return 0.0, 1.0
    share, spread = successes / number, Z * Z / number
    middle = share + spread / 2
    half = Z * math.sqrt(share * (1 - share) / number + spread / (4 * number))
    return (middle - half) / (1 + spread), (middle + half) / (1 + spread)


def win_rate(found: Iterable[Cell], other: str, ours: str = OURS) -> Rate:
    """Return how often ours beat the other where both were run."""
    wins = [compared(loss(cell[ours]), loss(cell[other])) for cell in found if ours in cell and other in cell]
    share = statistics.fmean(wins) if wins else math.nan
    return Rate(share, *wilson(sum(wins), len(wins)), len(wins))


def ratio(found: Iterable[Cell], other: str, fact: str, ours: str = OURS) -> float:
    """Return the median, over what both did, of the other's number to ours."""
    pairs = [(cell[other].get(fact), cell[ours].get(fact)) for cell in found if ours in cell and other in cell]
    return median(theirs / mine for theirs, mine in pairs if theirs and mine)


def median(values: Iterable[float]) -> float:
    """Return the median; not a number where there is nothing."""
    known = list(values)
    return statistics.median(known) if known else math.nan


def score(task: str, value: float) -> float:
    """Return the score that people know: AUC for the loss 1 - AUC."""
    return 1 - value if task == "binary" else value


def summary(results: list[Result]) -> Iterator[str]:
    """Yield the lines of all summaries, one for each budget and number of rows."""
    for budget, limit in dict.fromkeys((each["budget"], each["limit_rows"]) for each in results):
        some = [each for each in results if (each["budget"], each["limit_rows"]) == (budget, limit)]
        rows = f", at most {limit:,} rows of each table" if limit else ""
        yield f"## {budget:g} s, {some[-1]['threads']} threads{rows}"
        yield ""
        found = cells(some)
        systems = list(dict.fromkeys(each["system"] for each in some))
        yield from by_table(found, systems)
        yield ""
        yield from by_system(found, systems)
        yield ""


def by_table(found: dict[tuple[str, int], Cell], systems: list[str]) -> Iterator[str]:
    """Yield the score of each system on each table, the mean over seeds; * marks the best, x a failure."""
    widths = [max(len(system), 11) for system in systems]
    yield f"{'table':22} {'task':10} " + " ".join(f"{s:>{width}}" for s, width in zip(systems, widths, strict=True))
    for table in dict.fromkeys(name for name, _ in found):
        of_table = [cell for (name, _), cell in found.items() if name == table]
        task = next(iter(of_table[0].values()))["task"]
        means = {
            system: statistics.fmean(loss(cell[system]) for cell in of_table if system in cell)
            for system in systems
            if any(system in cell for cell in of_table)
        }
        best = min(means.values())
        shown = []
        for system in systems:
            mean = means.get(system, math.nan)
            text = "x" if math.isinf(mean) else "" if math.isnan(mean) else f"{score(task, mean):.5g}"
            shown.append(text + ("*" if math.isfinite(best) and compared(mean, best) == 0.5 else ""))
        yield f"{table:22} {task:10} " + " ".join(f"{t:>{w}}" for t, w in zip(shown, widths, strict=True))
    yield "AUC (binary), log loss (multiclass), RMSE (regression): means over seeds; * best, x failed at least once"


def by_system(found: dict[tuple[str, int], Cell], systems: list[str]) -> Iterator[str]:
    """Yield what each system is worth and costs."""
    whole = [cell for cell in found.values() if set(cell) >= set(systems)]
    places = [ranks(cell) for cell in whole]
    order = sorted(systems, key=lambda system: mean_rank(places, system))
    yield (
        f"{'system':17} {'rank':>5} {'fails':>5}  {OURS + ' wins (95 %)':24} {'fit s':>7} {'over':>4} {'longest':>7} "
        f"{'row ms':>8} {'x ours':>7} {'rows/s':>9} {'MB':>8} {'x ours':>7} {'to ship':>8} {'peak MB':>8}"
    )
    for system in order:
        mine = [cell[system] for cell in found.values() if system in cell]
        fine = [each for each in mine if each["loss"] is not None]
        fits = [each["fit_s"] for each in mine if each.get("fit_s")]
        rate = win_rate(found.values(), system)
        wins = "" if system == OURS or not rate.number else (
            f"{rate.share:5.0%} of {rate.number} ({rate.low:.0%}-{rate.high:.0%})"
        )  # fmt: skip
        middle = {
            fact: median(each[fact] for each in fine if each.get(fact) is not None)
            for fact in ("fit_s", "row_ms", "rows_per_s", "size_mb", "ship_mb", "memory_mb")
        }
        yield (
            f"{system:17} {mean_rank(places, system):5.2f} {len(mine) - len(fine):5d}  {wins:24} "
            f"{middle['fit_s']:7.1f} {sum(each['over'] for each in mine):4d} {max(fits, default=math.nan):7.1f} "
            f"{middle['row_ms']:8.3g} {ratio(found.values(), system, 'row_ms'):7.3g} {middle['rows_per_s']:9,.0f} "
            f"{middle['size_mb']:8.3g} {ratio(found.values(), system, 'ship_mb'):7.3g} "
            f"{middle['ship_mb']:8.3g} {middle['memory_mb']:8,.0f}"
        )
    yield (
        f"rank: mean over the {len(whole)} of {len(found)} tables x seeds that all ran; wins: ties count half; "
        "over: fits beyond budget x 1.02 + 2 s;"
    )
    yield "x ours: median ratio to what mlwright takes for one row, or has to ship; the rest: medians where none failed"
    yield from plain(found, systems)


def mean_rank(places: list[dict[str, float]], system: str) -> float:
    """Return the mean place of a system."""
    return statistics.fmean(each[system] for each in places) if places else math.nan


def plain(found: dict[tuple[str, int], Cell], systems: list[str]) -> Iterator[str]:
    """Yield what one row takes of systems that answer faster once told to keep their models in memory."""
    for system in systems:
        mine = [cell[system] for cell in found.values() if system in cell]
        both = [(each.get("row_ms_plain"), each.get("row_ms")) for each in mine]
        slower = [before for before, after in both if before and after and before != after]
        if slower:
            yield f"{system}: {median(slower):.3g} ms for one row where its models are not kept in memory"

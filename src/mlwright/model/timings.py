"""Seconds, memory and sizes in the evidence differ between two builds that are the same: they are kept with the run."""

from __future__ import annotations

from typing import Any

PER_TRIAL = ("seconds", "memory_mb", "row_ms")
WHOLE = "size"


def split(evidence: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the evidence without its timings, and the timings.

    >>> stable, timings = split({"leaderboard": [{"learner": "linear", "seconds": 1.5}]})
    >>> stable, timings
    ({'leaderboard': [{'learner': 'linear', 'seconds': None}]}, {'leaderboard': [{'seconds': 1.5}]})
    """
    timings: dict[str, Any] = {}
    stable = dict(evidence)
    if isinstance(board := evidence.get("leaderboard"), list):
        timings["leaderboard"] = [{key: row[key] for key in PER_TRIAL if key in row} for row in board]
        stable["leaderboard"] = [{**row, **dict.fromkeys(key for key in PER_TRIAL if key in row)} for row in board]
    if WHOLE in evidence:
        timings[WHOLE] = evidence[WHOLE]
        stable[WHOLE] = None
    return stable, timings


def join(stable: dict[str, Any], timings: object) -> dict[str, Any]:
    """Return the evidence with its timings again; timings that do not fit are left out.

    >>> join({"leaderboard": [{"learner": "linear", "seconds": None}]}, {"leaderboard": [{"seconds": 1.5}]})
    {'leaderboard': [{'learner': 'linear', 'seconds': 1.5}]}
    """
    evidence = dict(stable)
    if not isinstance(timings, dict):
        return evidence
    board, known = evidence.get("leaderboard"), timings.get("leaderboard")
    if isinstance(board, list) and isinstance(known, list) and len(board) == len(known):
        evidence["leaderboard"] = [{**row, **times} for row, times in zip(board, known, strict=True)]
    if WHOLE in evidence:
        evidence[WHOLE] = timings.get(WHOLE)
    return evidence

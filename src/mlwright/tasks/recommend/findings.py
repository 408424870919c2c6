"""What a recommender's data is like: too little to judge, a few things that all take, gaps, an end long ago."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mlwright.findings import Finding, percent
from mlwright.tasks.recommend.interactions import Interactions
from mlwright.tasks.recommend.left_out import different_pairs
from mlwright.tasks.recommend.moments import DAY, day
from mlwright.tasks.recommend.propose import Proposed

FEWEST_USERS, FEWEST_ITEMS, FEWEST_ENTRIES = 100, 20, 1_000
TAKEN_BY_ALL = 0.8
HEAD = 0.01
HEAD_SHARE = 0.5
MOSTLY_ONCE = 0.5
LONG_AGO = 365 * DAY
GAP = 0.1
SAME_MOMENT = 0.2
NEW_ITEMS = 0.3
JUDGED = 0.8
"""The share of the entries after which models are judged."""


def log_findings(log: Interactions, proposed: Proposed, *, now: float, described: bool) -> list[Finding]:
    """Say what is worth knowing of a log before it is learned from; `described`: whether items have features."""
    found = [*_too_little(log, proposed), *_popular(log, proposed), *_once(log, proposed)]
    if log.has_time and proposed.time is not None:
        found += [*_ended(log, proposed.time, now), *_gaps(log, proposed.time), *_same_moment(log, proposed.time)]
        found += _new_items(log, proposed, described=described)
    return found


def _too_little(log: Interactions, proposed: Proposed) -> list[Finding]:
    taken = int((np.bincount(log.item, minlength=len(log.items)) > 0).sum())
    counts = {"users": len(log.users), "items": taken, "entries": len(log)}
    least = {"users": FEWEST_USERS, "items": FEWEST_ITEMS, "entries": FEWEST_ENTRIES}
    few = [f"{counts[what]:,} {what}" for what in counts if counts[what] < least[what]]
    if not few:
        return []
    return [
        Finding(
            kind="small_log",
            columns=(proposed.user, proposed.item),
            message=f"The log has only {' and '.join(few)}: what is measured on so few is mostly chance.",
            severity="warning",
            repair="Bring more of the log.",
        )
    ]


def _popular(log: Interactions, proposed: Proposed) -> list[Finding]:
    counts = np.bincount(log.item, minlength=len(log.items))
    pairs = different_pairs(log.user, log.item, len(log.items))
    people = np.bincount(pairs % len(log.items), minlength=len(log.items))
    most = int(people.argmax())
    share = float(people[most] / len(log.users))
    found = []
    if share > TAKEN_BY_ALL and len(log.users) >= 20:
        found.append(
            Finding(
                kind="taken_by_nearly_all",
                columns=(proposed.item,),
                message=f"{percent(share)} of the users took {log.items[most]!r}: it is news to hardly anybody.",
                repair="Leave it out of the log, or out of what is recommended, if it comes by itself.",
            )
        )
    head = max(1, round(HEAD * int((counts > 0).sum())))
    of_head = float(np.sort(counts)[::-1][:head].sum() / len(log))
    if of_head > HEAD_SHARE and len(counts) >= 10 * head:
        found.append(
            Finding(
                kind="popularity_extreme",
                columns=(proposed.item,),
                message=f"The {head:,} most popular items (1 %) have {percent(of_head)} of all entries: what is popular"
                " will score well, and says little of anybody's taste.",
            )
        )
    return found


def _once(log: Interactions, proposed: Proposed) -> list[Finding]:
    counts = np.bincount(log.user, minlength=len(log.users))
    share = float((counts == 1).mean())
    if share <= MOSTLY_ONCE:
        return []
    return [
        Finding(
            kind="mostly_cold",
            columns=(proposed.user,),
            message=f"{percent(share)} of the users are in the log with one entry: for them little but what is popular"
            " can be recommended."
            + ("" if proposed.person is None else f" {proposed.person!r} names people over several {proposed.user!r}."),
            severity="warning",
            repair="Look whether the same person has several ids: sessions, devices, cookies."
            if proposed.person is None
            else f"--user {proposed.person} takes the ids that last longer.",
        )
    ]


def _ended(log: Interactions, name: str, now: float) -> list[Finding]:
    last = float(log.time[-1])
    if last < 0 or now - last <= LONG_AGO or last < 10 * LONG_AGO:
        return []
    return [
        Finding(
            kind="log_ended_long_ago",
            columns=(name,),
            message=f"The log ends on {day(last)}, {(now - last) / LONG_AGO:.1f} years ago: what was popular then may"
            " not be so today.",
            repair="Bring the log up to date before people are shown what is recommended.",
        )
    ]


def _gaps(log: Interactions, name: str) -> list[Finding]:
    steps = np.diff(log.time)
    span = float(log.time[-1] - log.time[0])
    at = int(steps.argmax()) if len(steps) else 0
    if not len(steps) or span < 10 * DAY or len(log) < 100:
        return []
    rest = np.delete(steps, at)
    if steps[at] <= GAP * span or steps[at] <= 5 * rest.max() or steps[at] <= DAY:
        return []
    return [
        Finding(
            kind="gap_in_time",
            columns=(name,),
            message=f"Nothing is in the log from {day(float(log.time[at]))} to {day(float(log.time[at + 1]))}, which is"
            f" {percent(float(steps[at]) / span)} of its time: entries may be lost, or two logs put together.",
            severity="warning",
            repair="Look for the lost entries, or leave out what is before the gap.",
        )
    ]


def _same_moment(log: Interactions, name: str) -> list[Finding]:
    first = np.flatnonzero(np.concatenate([[True], log.time[1:] != log.time[:-1]]))  # the log is in order
    moments, counts = log.time[first], np.diff(np.concatenate([first, [len(log)]]))
    most = int(counts.argmax())
    share = float(counts[most] / len(log))
    if share <= SAME_MOMENT or len(moments) < 20:
        return []
    return [
        Finding(
            kind="same_moment",
            columns=(name,),
            message=f"{percent(share)} of the entries have the same moment, {day(float(moments[most]))}: more likely"
            " when they were loaded than when they happened.",
            severity="warning",
            repair="Leave these entries out, or bring the times at which they happened.",
        )
    ]


def _new_items(log: Interactions, proposed: Proposed, *, described: bool) -> list[Finding]:
    cut = log.time[int(JUDGED * len(log))]
    past = log.time < cut
    if past.all() or not past.any():
        return []
    seen: NDArray[np.bool_] = np.zeros(len(log.items), dtype=np.bool_)
    seen[log.item[past]] = True
    share = float((~seen[log.item[~past]]).mean())
    if share <= NEW_ITEMS:
        return []
    help_ = "" if described else " A table of items (--items) would say something of those that are new."
    return [
        Finding(
            kind="new_items",
            columns=(proposed.item,),
            message=f"{percent(share)} of what was taken in the last fifth of the log had never been taken before: no"
            f" history can tell who likes what is new.{help_}",
            severity="warning",
            repair="Describe the items, and build again often.",
        )
    ]

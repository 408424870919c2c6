"""What a mitigation did, as JSON and in sentences that a person who knows no statistics understands."""

from __future__ import annotations

import math
from collections.abc import Mapping
from shlex import quote
from typing import Any

import numpy as np

from mlwright.evaluate.intervals import Scored, plain
from mlwright.fairness.mitigation.criteria import RATES
from mlwright.fairness.mitigation.fit import LEAST_ROWS, Mitigated, Point

WORSE = 0.05
"""Where every group loses more than this share of its true cases, nobody is helped."""


def told(made: Mitigated) -> dict[str, Any]:
    """Return the evidence of a mitigation: plain JSON, None where a number cannot be told."""
    wanted, policy = made.wanted, made.policy
    before, after = made.curve[0], next(point for point in made.curve if point.chosen)
    return {
        "sentence": _sentence(made, before, after),
        "columns": list(wanted.columns),
        "criterion": wanted.criterion.name,
        "label": wanted.criterion.label,
        "meaning": wanted.criterion.meaning,
        "tolerance": wanted.tolerance,
        "within_tolerance": _within(after, wanted.tolerance),
        "with_group": policy.head is None,
        "rows": len(made.rows),
        "unit": "cost" if made.rows.stated else "accuracy",
        "before": _json(before),
        "after": _json(after),
        "curve": [_json(point) for point in made.curve],
        "groups": _groups(made),
        "small": [{"group": name, "rows": rows, "cases": cases} for name, rows, cases in made.small],
        "draw": _draw(made),
        "doubts": doubts(made, before, after),
        "notes": _notes(made, before),
        "command": _command(made),
    }


def _json(point: Point) -> dict[str, Any]:
    return {
        "tolerance": point.tolerance,
        "gap": plain(point.gap.value),
        "gap_interval": point.gap.interval,
        "value": plain(point.value.value),
        "value_interval": point.value.interval,
        "lost": plain(point.lost.value),
        "lost_interval": point.lost.interval,
        "chosen": point.chosen,
    }


def _within(point: Point, tolerance: float) -> str:
    """Return whether the gap is within the tolerance: yes, no, or unclear where the rows cannot tell."""
    if not math.isfinite(point.gap.high):
        return "unclear"
    if point.gap.high <= tolerance:
        return "yes"
    return "no" if point.gap.low > tolerance else "unclear"


def _sentence(made: Mitigated, before: Point, after: Point) -> str:
    what = " and ".join(dict.fromkeys(RATES[rate] for rate in made.wanted.criterion.rates))
    groups = " and ".join(made.wanted.columns)
    gap = f"Between groups of {groups}, the {what} differed by up to {_points(before.gap.value)}"
    now = f"now by {_points(after.gap.value)} ({_range(after.gap)})"
    return f"{gap}; {now}. {_price(made, after)} {_verdict(made, after)}"


def _price(made: Mitigated, after: Point) -> str:
    lost = after.lost
    if made.rows.stated:
        what, size, ends = "An average row costs", f"{abs(lost.value):.3g}", f"{lost.low:.3g} to {lost.high:.3g} more"
    else:
        what, size = "Answers are right less often by", _points(abs(lost.value))
        ends = f"{_number(lost.low)} to {_number(lost.high)} points less"
    if lost.low <= 0 <= lost.high:
        return f"What that costs cannot be told from chance ({ends})."
    if lost.value < 0:
        return f"That costs nothing: it is better by {size} ({ends})."
    return f"{what} {size}{' more' if made.rows.stated else ''} ({ends})."


def _verdict(made: Mitigated, after: Point) -> str:
    asked = _points(made.wanted.tolerance)
    found = _within(after, made.wanted.tolerance)
    if found == "yes":
        return f"That is within the {asked} asked for."
    if found == "no":
        return f"That is more than the {asked} asked for."
    return f"Whether it is within the {asked} asked for, {len(made.rows):,} rows are too few to say."


def _groups(made: Mitigated) -> list[dict[str, Any]]:
    """Return of each group its rows, its thresholds where it has its own, and its rates before and after."""
    rates = {
        moment: {rate: made.judged.rates(answers, rate) for rate in RATES}
        for moment, answers in (("before", made.before), ("after", made.after))
    }
    found = []
    for place, name in enumerate(made.policy.grouping.names):
        rule = made.policy.rules[place] if made.policy.head is None else None
        found.append(
            {
                "group": name,
                "rows": int((made.group == place).sum()),
                "cases": int(made.rows.y[made.group == place].sum()),
                "thresholds": None
                if rule is None
                else [
                    {"threshold": min(float(threshold), 1.0), "share": float(share)}
                    for threshold, share in zip(rule.thresholds, rule.shares, strict=True)
                ],
                **{
                    moment: {rate: plain(float(values[place])) for rate, values in each.items()}
                    for moment, each in rates.items()
                },
            }
        )
    return found


def _draw(made: Mitigated) -> dict[str, Any]:
    """Return how many answers hang on the number that is drawn for a row, and what doing without would cost.

    `share` of the rows lie between thresholds of their segment; `turned` get another answer than by that threshold
    which most rows of the segment have.
    """
    policy, rows = made.policy, made.rows
    hangs, turned = np.zeros(len(rows)), np.zeros(len(rows))
    segments = made.group if policy.head is None else policy.head.of(policy.head.ensemble.predict(rows.columns))
    for place, rule in enumerate(policy.rules):
        inside = np.flatnonzero(segments == place)
        yes = np.searchsorted(rule.thresholds, rows.score[inside], side="right")
        chance = np.append(0.0, np.cumsum(rule.shares))[yes]
        hangs[inside] = (yes > 0) & (yes < len(rule.thresholds))
        mostly = rows.score[inside] >= rule.thresholds[rule.shares.argmax()]
        turned[inside] = np.where(mostly, 1 - chance, chance)
    facts = {"needed": not policy.is_firm, "share": float(hangs.mean()), "turned": float(turned.mean())}
    more = None if made.firm is None else made.firm.cost - made.found.cost
    return {**facts, "without": None if more is None else plain(more), "sentence": _drawn(made, facts, more)}


def _drawn(made: Mitigated, facts: Mapping[str, Any], more: float | None) -> str:
    what = "group" if made.policy.head is None else "estimated group"
    if made.policy.is_firm:
        return f"Each {what} has one threshold: nothing is drawn."
    alone = f"One threshold for each {what}"
    price = f"{alone} would cost {_more(made, more)}." if more is not None else f"{alone} does not reach the tolerance."
    return (
        f"The rows of a group are shared among thresholds where one would not do: which one decides is drawn from the"
        f" row's own values, so that the same row always gets the same answer. That turns"
        f" {_of_answers(facts['turned'])}. {price}"
    )


def doubts(made: Mitigated, before: Point, after: Point) -> list[str]:
    """Return why the thresholds may do more harm than good, in sentences; empty where nothing says so."""
    found = []
    if after.gap.value >= before.gap.value:
        found.append("The gap did not become smaller: as far as these rows can tell, the thresholds do no good.")
    if not made.rows.stated:
        usual = float(np.average(made.rows.y, weights=made.rows.weight))
        same = max(usual, 1.0 - usual)
        if not after.value.low > same:
            found.append(
                f"With these thresholds {_of_hundred(after.value.value)} of 100 answers are right; always giving the"
                f" same answer is right in {_of_hundred(same)}: the model is then hardly worth having."
            )
    was, now = (made.judged.rates(answers, "tpr") for answers in (made.before, made.after))
    if np.isfinite(was + now).all() and (now < was - WORSE).all():
        groups = zip(made.policy.grouping.names, was.tolist(), now.tolist(), strict=True)
        falls = ", ".join(f"from {_of_hundred(old)} to {_of_hundred(new)} ({name})" for name, old, new in groups)
        found.append(
            f"Groups are made alike by serving all of them worse: of 100 true cases, those found fall {falls}. Another"
            " criterion, a larger tolerance or more data for the group that is served worse may be the better way."
        )
    return found


def _of_hundred(share: float) -> str:
    return f"{100 * share:.0f}"


def _of_answers(share: float) -> str:
    """Return a share of all answers in words.

    >>> _of_answers(0.0), _of_answers(0.0002), _of_answers(0.034)
    ('none of these answers', 'fewer than 1 in 1,000 answers', '3.4 % of all answers')
    """
    if not share:
        return "none of these answers"
    return "fewer than 1 in 1,000 answers" if share < 0.001 else f"{100 * share:.1f} % of all answers"


def _more(made: Mitigated, more: float) -> str:
    return f"{max(more, 0.0):.3g} more a row" if made.rows.stated else f"{_points(max(more, 0.0))} of accuracy more"


def _command(made: Mitigated) -> str:
    """Return the command line that asks the same of any model and rows."""
    wanted = made.wanted
    words: list[object] = ["mlwright mitigate MODEL SOURCE"]
    words += [f"--column {quote(name)}" for name in wanted.columns]
    words += ["--criterion", wanted.criterion.name, "--tolerance", f"{wanted.tolerance:g}"]
    words += [f"--cut {quote(name + '=' + ','.join(f'{end:g}' for end in ends))}" for name, ends in wanted.cuts.items()]
    words += [
        word for word, said in (("--without-group", wanted.without_group), ("--no-draws", not wanted.draws)) if said
    ]
    return " ".join(map(str, [*words, *(["--seed", wanted.seed] if wanted.seed else [])]))


def _notes(made: Mitigated, before: Point) -> list[str]:
    notes = []
    if not before.gap.low > 0:
        notes.append(
            f"Whether there was a gap at all, {len(made.rows):,} rows are too few to say: what was seen may be chance,"
            " and so may what the thresholds do about it."
        )
    columns = ", ".join(map(repr, made.wanted.columns))
    if made.policy.head is None:
        notes.append(
            f"It asks for {columns} when it answers, and treats people differently by it: in some places and for some"
            " decisions the law forbids that, whatever the purpose. Ask somebody who knows before you use it."
        )
        notes.append(
            "A row whose group is not known, or too small here, gets the threshold for everybody, and is flagged."
        )
    else:
        notes.append(
            f"It does not ask for {columns}: a second model estimates the group from the other columns, and that may"
            " itself have to be justified."
        )
        if read := [name for name in made.wanted.columns if name in made.rows.features]:
            notes.append(
                f"But the model itself looks at {', '.join(map(repr, read))}: build one with --exclude to do without."
            )
    if made.small:
        names = ", ".join(name for name, _, _ in made.small[:6]) + (", ..." if len(made.small) > 6 else "")
        notes.append(
            f"Nothing is promised for {names}: fewer than {LEAST_ROWS} rows of a kind that counts. They get"
            f" {'the threshold for everybody' if made.policy.head is None else 'what the second model takes them for'}."
        )
    return notes


def _points(share: float) -> str:
    """Return a difference of shares in points of a hundred.

    >>> _points(0.0213), _points(0.01)
    ('2.1 points', '1 point')
    """
    told = _number(share)
    return f"{told} point{'' if told == '1' else 's'}"


def _number(share: float) -> str:
    return f"{100 * share:.1f}".removesuffix(".0") if math.isfinite(share) else "?"


def _range(found: Scored) -> str:
    return f"95 %: {_number(found.low)} to {_number(found.high)}"

"""Gates on scores: the score itself, and how much better it is than something else."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mlwright.clean.contract.fields import Field, text
from mlwright.errors import OptionError
from mlwright.evaluate.gates.kinds.base import (
    Asked,
    Result,
    Statistic,
    among,
    difference,
    main_metric,
    rows_of,
    score_or_share,
)
from mlwright.evaluate.gates.measured import Answer, Measured, as_float, ends_of, nothing, shown_as, span

Said = dict[Answer, str]


def _score(result: Result, gate: Asked) -> Measured:
    metrics: Mapping[str, Any] = result["metrics"]
    name = gate.options.get("metric") or result["metric"]
    facts = metrics[among(name, metrics, "metric")]
    if facts["greater_is_better"] != (gate.side == "at_least"):
        right, more = ("at_least", "more") if facts["greater_is_better"] else ("at_most", "less")
        raise OptionError(f"Of {facts['label'] or name}, {more} is better: write {right}, not {gate.side}.")
    label = facts["label"] or name
    show = shown_as(is_share=bool(facts["percent"]))
    return Measured(*ends_of(facts, "score"), label, show, rows_of(result))


def _over_baseline(result: Result, gate: Asked) -> Measured:
    other, by = "always giving the same answer", _by(result, gate.threshold)
    said: Said = {
        "pass": f"the model is better than {other}{by}",
        "fail": f"the model is no better than {other}{by}",
        "unknown": f"these rows are too few to tell whether the model beats {other}{by}",
    }
    return _gain(result, result["baseline"]["difference"], f"gain over {other}", said)


def _over_other(result: Result, gate: Asked) -> Measured:
    about = "gain over the other model"
    if not (found := result.get("against")):
        return nothing(about, "no other model was named (--against MODEL does)")
    by, other = _by(result, abs(gate.threshold)), f"the model {found['name']!r}"
    said: Said = {
        "pass": f"the model is not worse than {other}{by}",
        "fail": f"the model is worse than {other}{by}",
        "unknown": f"these rows are too few to tell whether the model is worse than {other}{by}",
    }
    if gate.threshold > 0:
        said = {
            "pass": f"the model is better than {other}{by}",
            "fail": f"the model is not better than {other}{by}",
            "unknown": f"these rows are too few to tell whether the model is better than {other}{by}",
        }
    return _gain(result, found["difference"], about, said)


def _by(result: Result, margin: float) -> str:
    return f" by {main_metric(result).show_gain(margin)} or more" if margin else ""


def _over_build(result: Result, _: Asked) -> Measured:
    about = "gain since it was built"
    if not (found := result.get("built")):
        return nothing(about, "the model does not hold a score from when it was built")
    blame = "these rows are too few, or differ too much,"
    if found["rougher"]:
        blame = "the score of the build is known too roughly, from the rows there were then,"
    said: Said = {
        "pass": "the model is as good as when it was built",
        "fail": "the model is worse than when it was built",
        "unknown": f"{blame} to tell whether the model is as good as when it was built",
    }
    main = main_metric(result)
    now, then = (main.show(as_float(found[key])) for key in ("now", "then"))
    found_now = _gain(result, found["difference"], about, said, detail=f"{main.label} {now} now, {then} then")
    return replace(found_now, fixed=_of_then(result["metrics"][result["metric"]], found_now))


def _of_then(now: Mapping[str, Any], found: Measured) -> tuple[float, float]:
    """Return how far the score of the build alone moves either end: more rows now leave that as it is.

    The squares of both scores' parts add up (see `model.measures`), so theirs is what is left without those of now.
    """
    value, *ends = ends_of(now, "score")
    own = [abs(end - value) for end in ends]
    below, above = own if now["greater_is_better"] else reversed(own)
    if not math.isfinite(below + above + found.low + found.high):
        return 0.0, 0.0
    left = (found.value - found.low) ** 2 - below**2, (found.high - found.value) ** 2 - above**2
    return math.sqrt(max(left[0], 0.0)), math.sqrt(max(left[1], 0.0))


def _gain(result: Result, found: Mapping[str, Any], about: str, said: Said, *, detail: str = "") -> Measured:
    """Return a difference of scores; above 0 the model is better, whatever the metric."""
    main = main_metric(result)
    value, low, high = ends_of(found)
    if math.isnan(value):
        return nothing(about, f"{main.label} says nothing of these rows", main.show_gain)
    told = detail or f"gain in {main.label}: {main.show_gain(value)}"
    if not detail and math.isfinite(low + high):
        told += f", 95 % interval {span(main.show_gain, low, high)}"
    sentences = {verdict: f"{text} ({told})" for verdict, text in said.items()}
    return Measured(value, low, high, about, main.show_gain, rows_of(result), said=sentences)


KINDS: dict[str, Statistic] = {
    "score": Statistic(
        "the score of a metric",
        _score,
        sides=("at_least", "at_most"),
        threshold=score_or_share,
        options={"metric": Field(text, "the metric; by default the one that the model was chosen by")},
    ),
    "better_than_baseline": Statistic(
        "how much better it is than always giving the same answer",
        _over_baseline,
        sides=("at_least",),
        threshold=difference,
        default=0.0,
        strict=True,
    ),
    "better_than_other": Statistic(
        "how much better it is than the model of --against; below 0, it may be worse by so much",
        _over_other,
        sides=("at_least",),
        threshold=difference,
        needs="against",
    ),
    "as_good_as_built": Statistic(
        "how much better it is than when it was built; below 0, it may be worse by so much",
        _over_build,
        sides=("at_least",),
        threshold=difference,
    ),
}

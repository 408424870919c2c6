"""What the evidence of a model and the facts of its build look like: all that page, card and table read of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from mlwright.model.shapes import (
    Shape,
    aligned,
    by_name,
    flag,
    has,
    label,
    maybe,
    number,
    one_of,
    several,
    square,
    text,
)

_SCORE: Final = maybe(number)
_ENDS: Final = several(_SCORE, 2)
_INTERVAL: Final = maybe(_ENDS)
_SENTENCE: Final = maybe(text)
_NUMBERS: Final = several(number)
_SCORES: Final = several(_SCORE)

SHOWN: Final = has(
    {},
    {
        "verdict": has({}, {"sentence": text}),
        "question": has({}, {"metric_label": _SENTENCE}),
        "score": maybe(has({}, {"value": _SCORE, "interval": _INTERVAL, "rows": _SCORE, "noun": _SENTENCE})),
        "metrics": maybe(
            by_name(has({}, {"label": _SENTENCE, "score": _SCORE, "interval": _INTERVAL, "meaning": _SENTENCE}))
        ),
        "leaderboard": maybe(several(has({}))),
    },
)
"""What is shown of any evidence, be it as little as a score."""

CURVES: Final[Mapping[str, Shape]] = {
    "confusion": aligned(has({"classes": several(label), "counts": square, "sentence": text}), "classes", "counts"),
    "residuals": aligned(has({"predicted": _NUMBERS, "actual": _NUMBERS, "sentence": text}), "predicted", "actual"),
    "interval": has({"level": _SCORE, "coverage": _SCORE, "sentence": _SENTENCE}),
    "calibration": aligned(
        has(
            {
                **dict.fromkeys(("predicted", "observed", "count"), _NUMBERS),
                **dict.fromkeys(("lower", "upper"), _SCORES),
                "sentence": text,
            }
        ),
        *("predicted", "observed", "count", "lower", "upper"),
    ),
    "threshold": aligned(
        has(
            {
                "threshold": _NUMBERS,
                **dict.fromkeys(("precision", "recall", "cost"), _SCORES),
                "chosen": number,
                "sentence": text,
            }
        ),
        *("threshold", "precision", "recall", "cost"),
    ),
}
"""What is drawn of the errors, by its form; of other forms only the sentence is shown."""


def _curve(value: object) -> str | None:
    fault = has({"form": text}, {"sentence": _SENTENCE})(value)
    if fault is None and isinstance(value, dict) and value["form"] in CURVES:
        return CURVES[value["form"]](value)
    return fault


_SPLIT = has({"kind": text, "reason": text}, {"column": _SENTENCE})
_QUESTION = has(
    {
        **dict.fromkeys(("target", "task", "task_label", "metric", "source"), text),
        "metric_label": _SENTENCE,
        "rows": number,
        "columns": number,
        "split": _SPLIT,
        "assumptions": several(text),
        "rows_held_out": _SCORE,
    },
    {"classes": maybe(several(label)), "positive": maybe(label), "rows_learned": _SCORE},
)
_METRIC = has(
    {
        "label": _SENTENCE,
        "score": _SCORE,
        "interval": _INTERVAL,
        "meaning": _SENTENCE,
        "percent": flag,
        "greater_is_better": flag,
    }
)
_TRIAL = has(
    {"learner": text, "label": text, "status": text, "score": _SCORE},
    {
        **dict.fromkeys(("weight", "seconds", "memory_mb", "rounds", "size_bytes", "row_ms"), _SCORE),
        "configuration": maybe(has({})),
    },
)
_FINDING = has(
    {"kind": text, "message": text, "severity": text, "applied": flag},
    {
        "columns": maybe(several(text)),
        "rows": maybe(_NUMBERS),
        "repair": _SENTENCE,
        "confidence": _SCORE,
        "effect": maybe(has({"metric": text, **dict.fromkeys(("value", "low", "high"), number)})),
    },
)
_COLUMN = has({"name": text, "kind": text, "role": text, "note": _SENTENCE, "missing": _SCORE, "distinct": _SCORE},
              {"excluded": flag})  # fmt: skip
_EFFECT = aligned(
    has(
        {
            **dict.fromkeys(("column", "kind", "y_label", "sentence"), text),
            "x": several(maybe(label)),
            "y": _SCORES,
            "count": _SCORES,
        }
    ),
    *("x", "y", "count"),
)
_MOVED = {"value": _SCORE, "interval": _INTERVAL}
_CONTRIBUTIONS = has(
    {
        "percent": flag,
        "rows": number,
        "exact": flag,
        "columns": several(has({"column": text, **_MOVED})),
        "groups": several(has({"columns": several(text), **_MOVED})),
        "notes": several(text),
    },
    {"of": maybe(label)},
)
_RULES = has(
    {
        "told": flag,
        "measure": one_of("r2", "agreement"),
        "fidelity": _SCORE,
        "interval": _INTERVAL,
        "rows": number,
        "rules": several(has({"if": several(text), "answer": label, "share": number})),
    }
)
_PAIRED: Final[Mapping[str, Shape]] = {
    "columns": several(text, 2),
    "x": several(maybe(label)),
    "x2": several(maybe(label)),
}
_INTERACTIONS = has(
    {
        "looked": number,
        "tested": number,
        "percent": flag,
        "y_label": text,
        "pairs": several(
            aligned(has({**_PAIRED, "p": number, "answers": several(_SCORES), "sentence": text}), "x", "answers")
        ),
    }
)
_TERMS: Final[Mapping[str, Shape]] = {
    "pair": aligned(has({**_PAIRED, "z": several(_SCORES)}), "x", "z"),
    "other": has({"columns": several(text)}),
}
_CURVE_OF_ONE = aligned(
    has({"columns": several(text, 1), "x": several(maybe(label)), "y": _SCORES, "count": _SCORES}), "x", "y", "count"
)


def _term(value: object) -> str | None:
    fault = has({"kind": one_of("number", "category", "pair", "other"), "size": number, "sentence": text})(value)
    if fault is None and isinstance(value, dict):
        return _TERMS.get(value["kind"], _CURVE_OF_ONE)(value)
    return fault


_TOTAL = has(
    {
        "start": number,
        "probability": _SCORE,
        "calibrated": flag,
        "floor": _SCORE,
        "example": has(
            {
                "values": by_name(maybe(label)),
                "added": _NUMBERS,
                **dict.fromkeys(("rest", "sum", "answer"), number),
            }
        ),
    }
)
_READABLE = has(
    {"is_readable": flag, "label": text, "sentence": text, "terms": several(_term)},
    {
        **dict.fromkeys(("score", "best", "error"), _SCORE),
        "lost": several(_SCORE, 3),
        "within": flag,
        "y_label": text,
        "left_out": number,
        "total": maybe(_TOTAL),
    },
)
_LEARNING_CURVE = aligned(
    has({"rows": _NUMBERS, **dict.fromkeys(("score", "low", "high"), _SCORES), "sentence": text}),
    *("rows", "score", "low", "high"),
)
_GROUP = has({"column": text, "group": label, "rows": _SCORE, "metrics": by_name(maybe(has({})))}, {"proposed": flag})
_SLICE = has(
    {
        "conditions": several(has({"column": text, "text": text})),
        "rows": number,
        "metric": text,
        **dict.fromkeys(("value", "rest", "difference"), _SCORE),
        "interval": _ENDS,
        "sentence": text,
    },
    {"excess": _INTERVAL, "known": maybe(one_of("yes", "no", "unclear"))},
)
_TELLS = {"value": _SCORE, "interval": _INTERVAL, "told": text}
_PROXY = has(
    {
        "column": text,
        "guess": number,
        "many": number,
        "sentence": text,
        "columns": several(has({"column": text, "read": flag, **_TELLS})),
    },
    {"together": maybe(has({"columns": number, **_TELLS}))},
)
_GAP = has(
    {"verdict": text, "sentence": text},
    {
        **dict.fromkeys(("column", "metric"), text),
        **dict.fromkeys(("worst", "best"), _SENTENCE),
        "value": _SCORE,
        "interval": _INTERVAL,
        "widest": maybe(has({}, {"interval": _INTERVAL})),
    },
)
_PEOPLE = has(
    {},
    {
        "gaps": several(_GAP),
        "proposed": several(has({"column": text}, {"reason": _SENTENCE, "audited": flag})),
        "proposal": _SENTENCE,
        "proxies": several(_PROXY),
    },
)
_TEST = has(
    {
        **dict.fromkeys(("name", "sentence"), text),
        "verdict": one_of("pass", "fail", "unknown"),
        "tested": _SCORE,
        "share": _SCORE,
        "interval": _INTERVAL,
    }
)
_POINT = has(
    {
        "tolerance": _SCORE,
        "gap": _SCORE,
        "gap_interval": _ENDS,
        "value": _SCORE,
        "value_interval": _ENDS,
        "lost": _SCORE,
        "lost_interval": _ENDS,
        "chosen": flag,
    }
)
_RATES = has(dict.fromkeys(("selection", "tpr", "fpr"), _SCORE))
MITIGATION: Final = has(
    {
        **dict.fromkeys(("sentence", "label", "meaning", "within_tolerance", "command"), text),
        "criterion": text,
        "columns": several(text),
        "tolerance": number,
        "with_group": flag,
        "rows": number,
        "unit": one_of("accuracy", "cost"),
        "before": _POINT,
        "after": _POINT,
        "curve": several(_POINT),
        "groups": several(
            has(
                {
                    "group": text,
                    "rows": number,
                    "cases": number,
                    "thresholds": maybe(several(has({"threshold": number, "share": number}))),
                    "before": _RATES,
                    "after": _RATES,
                }
            )
        ),
        "small": several(has({"group": text, "rows": number, "cases": number})),
        "doubts": several(text),
        "draw": has({"needed": flag, "share": number, "turned": number, "without": _SCORE, "sentence": text}),
        "notes": several(text),
    }
)
"""What is told of thresholds by group."""

_LISTS = has(
    dict.fromkeys(
        (
            *("coverage", "evenness", "novelty", "alikeness"),
            *("head_share", "head_share_taken", "popularity", "popularity_taken"),
        ),
        _SCORE,
    )
)
_SCORED: Final[Mapping[str, Shape]] = {"score": _SCORE, "interval": _INTERVAL}
RECOMMENDING: Final = has(
    {
        "people": has(dict.fromkeys(("asked", "warm", "cold"), number)),
        "chosen": by_name(text),
        "cold": maybe(
            has(
                {
                    **_SCORED,
                    "people": number,
                    "rule": has({"label": text, "score": _SCORE}),
                    "difference": several(_SCORE, 3),
                }
            )
        ),
        "single": maybe(has({**_SCORED, "label": text, "difference": several(_SCORE, 3)})),
        "random": maybe(has(_SCORED)),
        "metric_label": text,
        "lists": has({"model": _LISTS}, {"rule": _LISTS}),
        "rule": _SENTENCE,
        "fresh": has({"people": number, "taken": number}),
        "log": has(
            {
                **dict.fromkeys(("entries", "users", "items"), number),
                **dict.fromkeys(("first", "last", "density"), _SCORE),
            }
        ),
        "samples": several(
            has(
                {
                    "who": text,
                    "history": several(text),
                    "items": several(has({"item": label, "title": _SENTENCE, "reason": text, "level": text})),
                }
            )
        ),
    }
)
"""What is told of a model that recommends: whom it was asked for, what its lists are like, what sample people get."""

WHOLE: Final = has(
    {
        "question": _QUESTION,
        "verdict": has({"beats_baseline": one_of("yes", "no", "unclear"), "sentence": text}),
        "score": has({"metric": text, "value": _SCORE, "interval": _INTERVAL, "method": text, "rows": number}),
        "baselines": several(
            has({"name": text, "label": text, "score": _SCORE, "interval": _INTERVAL, "difference": several(_SCORE, 3)})
        ),
        "metrics": by_name(_METRIC),
        "leaderboard": several(_TRIAL),
        "curves": by_name(_curve),
        "learning_curve": maybe(_LEARNING_CURVE),
        "importance": several(has({"column": text, "value": _SCORE, "interval": _INTERVAL})),
        "effects": several(_EFFECT),
        "findings": several(_FINDING),
        "data": has({"rows": number, "columns": several(_COLUMN)}, {"looked_over": flag}),
        "limits": several(text),
        "size": has({"model_bytes": _SCORE, "row_ms": _SCORE}),
    },
    {
        "calibration": maybe(has({"sentence": text})),
        "slices": maybe(several(_SLICE)),
        "fairness": maybe(several(_GROUP)),
        "people": maybe(_PEOPLE),
        "behaviour": maybe(several(_TEST)),
        "mitigation": maybe(MITIGATION),
        "contributions": maybe(_CONTRIBUTIONS),
        "readable": maybe(_READABLE),
        "rules": maybe(_RULES),
        "interactions": maybe(_INTERACTIONS),
        "recommending": maybe(RECOMMENDING),
    },
)
"""What the report reads of the evidence of a model that was built and judged."""

RUN: Final = has(
    {},
    {
        "machine": maybe(has({}, {"memory_gb": _SCORE, "cores": _SCORE})),
        "versions": maybe(by_name(label)),
        **dict.fromkeys(("seconds", "trials"), _SCORE),
        "budget": maybe(label),
    },
)
"""What the report reads of the facts of a build."""

"""Whether a policy can be followed by a model: asked when a service starts, so that no client finds out instead."""

from __future__ import annotations

import json
import math
from typing import Any

from mlwright.errors import OptionError, nearest
from mlwright.model import Model
from mlwright.serve.checking import Checker, usual_value
from mlwright.serve.policy import Humility, ModelPolicy, Policy, Scalar
from mlwright.values import as_text


def check_policy(policy: ModelPolicy, model: Model, where: str) -> None:
    """Raise OptionError where a policy says what this model cannot follow: it names column, value and nearest one.

    Columns that the model does not read are no fault here: the policy may be for several models.
    """
    _check_defaults(policy.policy or Policy(), model, where)
    _check_humility(policy.humility, model, where)
    said = next((name for name in ("recommend", "histories") if getattr(policy, name) != _FOR_ROWS[name]), None)
    if said is not None:
        raise OptionError(
            f"{said} is about recommenders, and {model.name!r} answers about rows.",
            where=where,
            hint=f"leave {said} out.",
        )


_FOR_ROWS: dict[str, object] = {"recommend": {}, "histories": "given"}


def _check_defaults(policy: Policy, model: Model, where: str) -> None:
    checker = Checker(model.parts.columns, policy)
    for column in model.parts.columns:
        own = policy.columns.get(column.name)
        fault = None if own is None or own.default is None else checker.fault_of_default(column.name)
        if fault is not None:
            message, near = fault
            raise OptionError(
                f"The default of column {column.name!r} cannot be used. {message}",
                where=where,
                hint=f"the nearest that can is {near}." if near else f"one that can is {_shown(usual_value(column))}.",
            )


def _check_humility(humility: Humility, model: Model, where: str) -> None:
    target, is_classifier = model.target, bool(model.parts.classes)
    below, wider = humility.uncertain_below, humility.wider_than
    if below is not None and not is_classifier:
        raise OptionError(
            f"humility.uncertain_below is about probabilities, and {target!r} is a number.",
            where=where,
            hint="give humility.wider_than, the width of an interval.",
        )
    if wider is not None and is_classifier:
        raise OptionError(
            f"humility.wider_than is about intervals of numbers, and {target!r} is a class.",
            where=where,
            hint="give humility.uncertain_below, a probability.",
        )
    if below is not None and not 0.0 <= below <= 1.0:
        raise OptionError(
            f"humility.uncertain_below cannot be {below:g}.", where=where, hint="give a probability from 0 to 1."
        )
    if wider is not None and not 0.0 < wider < math.inf:
        raise OptionError(f"humility.wider_than cannot be {wider:g}.", where=where, hint="give a width above 0.")
    asks = [name for name, said in (("then", humility.then), ("unlike", humility.unlike)) if said == "default"]
    if asks and humility.default_answer is None:
        raise OptionError(
            f'humility.{asks[0]} is "default", and there is no default_answer.',
            where=where,
            hint='say default_answer, or "refer" in place of "default".',
        )
    if humility.default_answer is not None:
        _check_answer(humility.default_answer, model, where)


def _check_answer(answer: Scalar, model: Model, where: str) -> None:
    """Raise OptionError where a stated answer is none that the model could give."""
    classes = model.parts.classes
    if any(_is_same(answer, label) for label in classes):
        return
    if not classes and isinstance(answer, int | float) and not isinstance(answer, bool) and math.isfinite(answer):
        return
    message = f"humility.default_answer cannot be {_shown(answer)}, which is no "
    if not classes:
        raise OptionError(f"{message}number, as {model.target!r} is.", where=where, hint="give a number.")
    by_text: dict[str, Any] = {as_text(label) or "": label for label in classes}
    near = nearest(as_text(answer) or "", by_text)
    listed = ", ".join(map(_shown, classes[:5])) + (f" and {len(classes) - 5:,} more" if len(classes) > 5 else "")
    hint = f"it can be {listed}." if near is None else f"did you mean {_shown(by_text[near])}?"
    raise OptionError(f"{message}class of {model.target!r}.", where=where, hint=hint)


def _is_same(answer: object, label: object) -> bool:
    """Tell whether an answer is this class: true is not 1, and "1" is not either; 1 and 1.0 are one."""
    is_truth, is_text = isinstance(answer, bool), isinstance(answer, str)
    return is_truth == isinstance(label, bool) and is_text == isinstance(label, str) and answer == label


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)

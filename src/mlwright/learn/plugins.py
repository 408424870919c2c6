"""Plug-ins: learners and predictors that other installed packages bring, found by their entry points.

A package declares a learner as an entry point of the group `mlwright.learners`, and the kind of a predictor of its own
as one of `mlwright.predictors`. Looking for them imports nothing; a learner is imported when a build wants one, and a
predictor when a model holds one of its kind. Code runs because it is installed and registered: a model's files choose
among the registered kinds by name, and can say no more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mlwright.errors import ModelError
from mlwright.features.variants import VARIANTS
from mlwright.learn.base import Learner, Predictor
from mlwright.learn.links import NATURAL
from mlwright.learn.predictors import PREDICTORS

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

LEARNER_GROUP = "mlwright.learners"
PREDICTOR_GROUP = "mlwright.predictors"
_PACKAGE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_MOST_TOLD = 200


@dataclass(frozen=True, slots=True)
class Known:
    """The learners that are known, by name, and a sentence for each plug-in left out, by its group and name."""

    learners: Mapping[str, Learner]
    left_out: Mapping[tuple[str, str], str]


def learner_names(built_in: Mapping[str, Learner]) -> list[str]:
    """Return the names of all learners, without importing a plug-in."""
    return [*built_in, *sorted({point.name for point in _points(LEARNER_GROUP)} - set(built_in))]


def known_learners(built_in: Mapping[str, Learner]) -> Known:
    """Return the built-in learners and those of the plug-ins; a plug-in that cannot be used is left out and told."""
    learners, left_out = dict(built_in), {}
    for point in _points(LEARNER_GROUP):
        try:
            _refuse_taken(point, learners)
            learners[point.name] = _learner(point)
        except _UnusableError as reason:
            left_out[LEARNER_GROUP, point.name] = _sentence("learner", point, reason)
    kinds: dict[str, object] = dict(PREDICTORS)
    for point in _points(PREDICTOR_GROUP):
        try:
            _refuse_taken(point, kinds)
            kinds[point.name] = point
        except _UnusableError as reason:
            left_out[PREDICTOR_GROUP, point.name] = _sentence("predictor", point, reason)
    return Known(learners, left_out)


def predictor_kind(kind: object, package: object = None) -> type[Predictor]:
    """Return the Predictor of a kind: a built-in one, or one that an installed plug-in has registered.

    `package` is what a model says of where the kind comes from: it decides between packages that are installed, and
    where none is it is told. Raises ModelError.
    """
    if isinstance(kind, str) and kind in PREDICTORS:
        return PREDICTORS[kind]
    points = [point for point in _points(PREDICTOR_GROUP) if point.name == kind]
    if not points:
        named = isinstance(package, str) and _PACKAGE.fullmatch(package)
        raise ModelError(
            f"The model holds a predictor of the kind {kind!r:.100}, which no installed package brings.",
            hint=f"the model was built with the package {package!r}: install it where you trust it." if named else None,
        )
    point = min(points, key=lambda point: _package(point) != package)
    try:
        return _predictor(point)
    except _UnusableError as reason:
        raise ModelError(
            f"The model's predictor of the kind {kind!r:.100} needs the package {_package(point)!r}, which cannot be"
            f" used: {reason}."
        ) from reason


def predictor_package(kind: str) -> str | None:
    """Return the package that brings a kind of predictor, or None where it is built in or nobody brings it."""
    if kind in PREDICTORS:
        return None
    return next((_package(point) for point in _points(PREDICTOR_GROUP) if point.name == kind), None)


def require_registered(predictor: Predictor) -> None:
    """Raise ModelError where a model with this predictor could not be loaded again."""
    if predictor.kind not in PREDICTORS and predictor_package(predictor.kind) is None:
        raise ModelError(
            f"Its predictor is of the kind {predictor.kind!r:.100}, which no entry point of {PREDICTOR_GROUP} brings."
        )


def declaration_faults(learner: object) -> str | None:
    """Return what is wrong with the declarations of a learner, as the end of a sentence; None where nothing is."""
    missing = [name for name in (*Learner.__annotations__, "fit") if not hasattr(learner, name)]
    if missing:
        return f"it has no {', '.join(missing)}"
    declared: Any = learner
    optional = (str, type(None))
    for name, fits, wanted in (
        ("name", _is_name(declared.name), "a word of small letters, digits and _"),
        ("label", isinstance(declared.label, str) and declared.label, "a text"),
        ("objectives", _is_among(declared.objectives, NATURAL), f"a set of {', '.join(NATURAL)}"),
        ("variant", _is_among([declared.variant], VARIANTS), f"one of {', '.join(VARIANTS)}"),
        ("package", isinstance(declared.package, optional), "the name of a module, or None"),
        ("extra", isinstance(declared.extra, optional), "the name of an extra, or None"),
        ("max_cells", declared.max_cells is None or isinstance(declared.max_cells, int), "a whole number, or None"),
        ("fit", callable(declared.fit), "a method"),
    ):
        if not fits:
            return f"its {name} is {getattr(declared, name)!r:.80}, not {wanted}"
    configured = declared.configurations
    if not isinstance(configured, Mapping) or set(configured) != set(declared.objectives):
        return "its configurations are not those of its objectives"
    return None if all(configured.values()) else "it has no configuration for one of its objectives"


class _UnusableError(Exception):
    """Why a plug-in cannot be used, as the end of a sentence."""


def _points(group: str) -> list[EntryPoint]:
    """Return the entry points of a group, in an order that does not depend on where packages are installed."""
    from importlib.metadata import entry_points

    return sorted(entry_points(group=group), key=lambda point: (point.name, _package(point)))


def _sentence(what: str, point: EntryPoint, reason: _UnusableError) -> str:
    return f"The {what} {point.name!r} of the package {_package(point)!r} is left out: {reason}."


def _package(point: EntryPoint) -> str:
    """Return the package's name, or where it points to if its metadata cannot be read."""
    try:
        name = None if point.dist is None else point.dist.name
    except (AttributeError, KeyError, OSError, TypeError, ValueError):
        name = None
    return name or point.value


def _refuse_taken(point: EntryPoint, known: Mapping[str, object]) -> None:
    """Raise where the name is taken: what is built in keeps its name, and so does the plug-in that comes first."""
    if point.name in known:
        raise _UnusableError("its name is taken")


def _learner(point: EntryPoint) -> Learner:
    learner = _loaded(point)
    if isinstance(learner, type):
        learner = _tried(learner)
    fault = _tried(lambda: declaration_faults(learner))
    if fault is not None:
        raise _UnusableError(fault)
    if learner.name != point.name:
        raise _UnusableError(f"it calls itself {learner.name!r}")
    found: Learner = learner
    return found


def _predictor(point: EntryPoint) -> type[Predictor]:
    found = _loaded(point)
    lacking = [name for name in ("predict", "state", "from_state") if not callable(getattr(found, name, None))]
    if not isinstance(found, type) or lacking:
        raise _UnusableError(f"it is no class with {', '.join(lacking) or 'the methods of a predictor'}")
    if getattr(found, "kind", None) != point.name:
        raise _UnusableError(f"its kind is {getattr(found, 'kind', None)!r:.80}")
    return found


def _loaded(point: EntryPoint) -> Any:
    return _tried(point.load)


def _tried(call: Any) -> Any:
    # Whatever somebody else's code raises, a build goes on without it; Ctrl-C is not of its making.
    try:
        return call()
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        told = " ".join(f"{type(error).__name__}: {error}".split())
        raise _UnusableError(told[:_MOST_TOLD].rstrip(".: ")) from error


def _is_name(name: object) -> bool:
    return isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9_]*", name) is not None


def _is_among(names: Any, known: Mapping[str, Any]) -> bool:
    return isinstance(names, list | tuple | set | frozenset) and len(names) > 0 and all(one in known for one in names)

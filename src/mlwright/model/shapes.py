"""Shapes: what the parts of a plain object that came from a file have to be for those who read them.

A shape is a function from a value to the place of its first fault ("" for the value itself), or None where it fits.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

Shape = Callable[[object], str | None]


def _is_number(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def number(value: object) -> str | None:
    """Take a finite number that a float can hold.

    >>> number(1), number(10**400), number(True)
    (None, '', '')
    """
    return None if _is_number(value) else ""


def flag(value: object) -> str | None:
    """Take yes or no."""
    return None if isinstance(value, bool) else ""


def text(value: object) -> str | None:
    """Take a text."""
    return None if isinstance(value, str) else ""


def label(value: object) -> str | None:
    """Take what a class or a place on an axis may be."""
    return None if isinstance(value, str | bool) or _is_number(value) else ""


def maybe(shape: Shape) -> Shape:
    """Take null as well."""
    return lambda value: None if value is None else shape(value)


def one_of(*texts: str) -> Shape:
    """Take one of these texts."""
    return lambda value: None if isinstance(value, str) and value in texts else ""


def several(shape: Shape, length: int | None = None) -> Shape:
    """Take a list, of that length where one is given, each of whose entries fits.

    >>> several(number, 2)([0.1, "x"]), several(number, 2)([0.1]), several(number)(0.1)
    ('[1]', '', '')
    """

    def fault(value: object) -> str | None:
        if not isinstance(value, list) or (length is not None and len(value) != length):
            return ""
        return next((f"[{place}]{at}" for place, one in enumerate(value) if (at := shape(one)) is not None), None)

    return fault


def by_name(shape: Shape) -> Shape:
    """Take an object with any names, each of whose values fits."""

    def fault(value: object) -> str | None:
        if not isinstance(value, dict):
            return ""
        return next((f".{name}{at}" for name, one in value.items() if (at := shape(one)) is not None), None)

    return fault


def has(required: Mapping[str, Shape], optional: Mapping[str, Shape] | None = None) -> Shape:
    """Take an object with these names, and those where they are there; other names may hold anything.

    >>> has({"label": text})({"label": 7}), has({"label": text})({}), has({}, {"label": text})({})
    ('.label', '.label', None)
    """
    known = {**(optional or {}), **required}

    def fault(value: object) -> str | None:
        if not isinstance(value, dict):
            return ""
        for name, shape in known.items():
            if name not in value:
                if name in required:
                    return f".{name}"
            elif (at := shape(value[name])) is not None:
                return f".{name}{at}"
        return None

    return fault


def aligned(shape: Shape, *names: str) -> Shape:
    """Take what fits a shape whose lists of these names are equally long.

    >>> aligned(has({"x": several(number), "y": several(number)}), "x", "y")({"x": [1], "y": []})
    '.y'
    """

    def fault(value: Any) -> str | None:
        if (at := shape(value)) is not None:
            return at
        return next((f".{name}" for name in names[1:] if len(value[name]) != len(value[names[0]])), None)

    return fault


def square(value: object) -> str | None:
    """Take a list of as many lists of as many numbers."""
    return several(several(number, len(value)))(value) if isinstance(value, list) else ""

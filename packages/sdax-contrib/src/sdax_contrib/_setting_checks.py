"""Checks of settings: what is wrong, what was given, and what would be right."""

from __future__ import annotations

import math
from typing import TypeGuard, cast


def check_number(field: str, value: object, *, above: float, most: float = math.inf) -> None:
    """Raise unless `value` is a finite number above `above` and at most `most`."""
    right = f"{field} must be a finite number above {above:g}"
    if most < math.inf:
        right = f"{field} must be a number above {above:g} and at most {most:g}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{right}; {given(value)}")
    if not (math.isfinite(value) and above < value <= most):
        raise ValueError(f"{right}; {given(value)}")


def check_count(field: str, value: object, *, least: int) -> None:
    """Raise unless `value` is a whole number, `least` or more."""
    right = f"{field} must be a whole number, {least} or more"
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{right}; {given(value)}")
    if value < least:
        raise ValueError(f"{right}; {given(value)}")


def check_clock(field: str, value: object) -> None:
    """Raise a `TypeError` unless `value` can be called, or is `None`."""
    if value is not None and not callable(value):
        right = f"{field} must be a function that returns seconds, or None for the event loop's"
        raise TypeError(f"{right}; {given(value)}")


def are_exception_classes(value: object) -> TypeGuard[tuple[type[Exception], ...]]:
    """Whether `value` is a tuple of subclasses of `Exception`. The empty one is."""
    return isinstance(value, tuple) and all(
        isinstance(item, type) and issubclass(item, Exception)
        for item in cast("tuple[object, ...]", value)
    )


def given(value: object) -> str:
    """The end of a message that says what was given."""
    return f"got {value!r} ({type(value).__name__})"

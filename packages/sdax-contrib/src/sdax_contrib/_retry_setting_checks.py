"""Checks of the settings of retries: what is wrong, what was given, and what would be right."""

from __future__ import annotations

import math
from collections.abc import Iterable

from sdax_contrib._setting_checks import given


def check_seconds(field: str, value: object) -> None:
    """Raise unless `value` is a finite number of seconds, 0 or more."""
    right = f"{field} must be a finite number of seconds, 0 or more"
    if not 0 <= _number(value, right) < math.inf:
        raise ValueError(f"{right}; {given(value)}")


def check_at_least(field: str, value: object, least: float) -> None:
    """Raise unless `value` is a finite number, `least` or more."""
    right = f"{field} must be a finite number, {least:g} or more"
    if not least <= _number(value, right) < math.inf:
        raise ValueError(f"{right}; {given(value)}")


def check_share(field: str, value: object) -> None:
    """Raise unless `value` is a number from 0 to 1."""
    right = f"{field} must be a number from 0 to 1"
    if not 0 <= _number(value, right) <= 1:
        raise ValueError(f"{right}; {given(value)}")


def check_maximum(initial: float, maximum: float) -> None:
    """Raise unless `maximum`, checked on its own before, is not below `initial`."""
    if maximum < initial:
        raise ValueError(
            f"maximum must not be below initial; got maximum={maximum!r} with initial={initial!r}"
        )


def check_choice(field: str, value: object, choices: Iterable[str]) -> None:
    """Raise a `ValueError` unless `value` is one of `choices`."""
    listed = list(choices)
    if value not in listed:
        raise ValueError(f"{field} must be one of {', '.join(map(repr, listed))}; {given(value)}")


def check_callable(field: str, value: object, right: str) -> None:
    """Raise a `TypeError` that says what is `right` unless `value` can be called."""
    if not callable(value):
        raise TypeError(f"{field} must be {right}; {given(value)}")


def _number(value: object, right: str) -> float:
    # A bool is an int to Python, but maximum=True is a mistake. An int may be too large for a
    # float: compared, not converted, it is finite, so it is refused where it is used as one.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{right}; {given(value)}")
    return math.inf if isinstance(value, int) and abs(value) > 2**1023 else value

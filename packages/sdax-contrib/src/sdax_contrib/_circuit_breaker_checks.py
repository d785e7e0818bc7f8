"""Checks of the settings of circuit breakers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from inspect import iscoroutinefunction
from typing import cast

from sdax_core import flatten_exceptions

from sdax_contrib._setting_checks import are_exception_classes, given


def check_name(name: object) -> None:
    """Raise unless it is a text."""
    right = "name must be a text that says what the breaker protects"
    if not isinstance(name, str):
        raise TypeError(f"{right}; {given(name)}")
    if not name:
        raise ValueError(f"{right}; {given(name)}")


def checked_listeners(listeners: object) -> tuple[Callable[..., object], ...]:
    """Give them as a tuple, if all are plain functions."""
    right = "listeners must be functions that take the breaker, the state before and the state now"
    if not isinstance(listeners, Iterable):
        raise TypeError(f"{right}; {given(listeners)}")
    checked = tuple(cast("Iterable[object]", listeners))
    for listener in checked:
        if not callable(listener):
            raise TypeError(f"{right}; one of them is {listener!r}")
        _check_plain("listeners", listener)
    return cast("tuple[Callable[..., object], ...]", checked)


def failure_predicate(failures: object) -> Callable[[Exception], bool]:
    """A function that says whether an exception counts, one of a group being enough."""
    classes: object = (failures,) if isinstance(failures, type) else failures
    if classes and are_exception_classes(classes):
        return lambda error: any(isinstance(leaf, classes) for leaf in flatten_exceptions(error))
    if isinstance(classes, tuple) or not callable(failures):
        right = "failures must be an exception class, a tuple of them, or a function"
        raise TypeError(f"{right} that takes the exception; {given(failures)}")
    _check_plain("failures", failures)
    function = cast("Callable[[Exception], bool]", failures)
    return lambda error: any(
        isinstance(leaf, Exception) and function(leaf) for leaf in flatten_exceptions(error)
    )


def _check_plain(field: str, function: object) -> None:
    if iscoroutinefunction(function):
        raise TypeError(
            f"{field}: {function!r} is an async function, which nobody would await; make it a plain one"
        )

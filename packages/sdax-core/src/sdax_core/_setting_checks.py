"""Checks of settings: what is wrong, what was given, and what would be right (guarantee 25)."""

from __future__ import annotations

import sys
from collections.abc import Coroutine
from typing import TypeGuard, cast


def check_function(field: str, value: object) -> None:
    """Raise a `TypeError` unless `value` can be called."""
    if callable(value):
        return
    right = f"{field} must be a function or another callable"
    if isinstance(value, Coroutine):
        raise TypeError(f"{right}; got a coroutine: pass the function itself, without calling it")
    raise TypeError(f"{right}; {_given(value)}")


def check_predicate(field: str, value: object) -> None:
    """Raise a `TypeError` unless `value` is callable and no async function."""
    from inspect import isasyncgenfunction, iscoroutinefunction  # few graphs need it

    right = f"{field} must be a plain function that takes the context and returns a bool, or None"
    if not callable(value):
        raise TypeError(f"{right}; {_given(value)}")
    for function in (value, type(value).__call__):
        if iscoroutinefunction(function) or isasyncgenfunction(function):
            raise TypeError(f"{right}; got {value!r}, an async function, which nobody would await")


def check_seconds(field: str, value: object) -> None:
    """Raise unless `value` is a finite number of seconds, 0 or more."""
    if type(value) is float and 0 <= value <= sys.float_info.max:
        return  # nearly always: no message is made up in vain
    right = f"{field} must be a finite number of seconds, 0 or more"
    if not 0 <= _number(value, right) <= sys.float_info.max:
        raise ValueError(f"{right}; {_given(value)}")


def check_limit(field: str, value: object) -> None:
    """Raise unless `value` is `None` or a finite number of seconds, 0 or more."""
    if value is None:
        return
    right = f"{field} must be a finite number of seconds, 0 or more, or None for no limit"
    if not 0 <= _number(value, right) <= sys.float_info.max:
        raise ValueError(f"{right}; {_given(value)}")


def check_factor(field: str, value: object) -> None:
    """Raise unless `value` is a finite number above 0."""
    if type(value) is float and 0 < value <= sys.float_info.max:
        return
    right = f"{field} must be a finite number above 0"
    if not 0 < _number(value, right) <= sys.float_info.max:
        raise ValueError(f"{right}; {_given(value)}")


def check_count(field: str, value: object) -> None:
    """Raise unless `value` is a whole number, 0 or more."""
    if type(value) is int and value >= 0:
        return
    right = f"{field} must be a whole number, 0 or more"
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{right}; {_given(value)}")
    if value < 0:
        raise ValueError(f"{right}; {_given(value)}")


def check_flag(field: str, value: object) -> None:
    """Raise a `TypeError` unless `value` is `True` or `False`."""
    if not isinstance(value, bool):
        raise TypeError(f"{field} must be True or False; {_given(value)}")


def check_exception_types(field: str, value: object) -> None:
    """Raise a `TypeError` unless `value` is a tuple of exception classes."""
    right = f"{field} must be a tuple of exception classes"
    if _is_exception_type(value):
        raise TypeError(f"{right}: write ({value.__name__},); {_given(value)}")
    if not isinstance(value, tuple):
        raise TypeError(f"{right}; {_given(value)}")
    for item in cast("tuple[object, ...]", value):
        if not _is_exception_type(item):
            raise TypeError(f"{right}; one of them is {item!r}")


def _is_exception_type(value: object) -> TypeGuard[type[BaseException]]:
    return isinstance(value, type) and issubclass(value, BaseException)


def _number(value: object, right: str) -> float:
    # A bool is an int to Python, but timeout=True is a mistake. An int may be too large for a
    # float: compared, not converted, it counts as infinite.
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{right}; {_given(value)}")
    return value


def _given(value: object) -> str:
    return f"got {value!r} ({type(value).__name__})"

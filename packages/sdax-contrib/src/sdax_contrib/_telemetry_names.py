"""What tasks and errors are called where runs are watched: in spans, metrics, logs and progress."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from sdax_core import FunctionCall

TaskNamer: TypeAlias = Callable[[FunctionCall], str]
"""Gives a function's task a name to be watched under."""


def task_name(call: FunctionCall) -> str:
    """The key of the task as text; in a nested graph after those of the tasks around it, with slashes between."""
    if call.run.parent is None:
        return str(call.task)
    return "/".join(map(str, call.path))


def check_namer(namer: object) -> None:
    """Raise a `TypeError` unless it can be called."""
    if not callable(namer):
        raise TypeError(f"task_name must be a function of a FunctionCall; got {namer!r}")


def error_type(error: BaseException) -> str:
    """The name of its class, with its module unless it is one of Python's own."""
    kind = type(error)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"

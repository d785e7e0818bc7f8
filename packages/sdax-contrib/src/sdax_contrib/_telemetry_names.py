"""What tasks and errors are called where runs are watched: in spans, metrics, logs and progress."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeAlias

TaskNamer: TypeAlias = Callable[[tuple[Hashable, ...]], str]
"""Names a task from its path: its key, which comes last, after those of the tasks that its run is nested in."""


def task_name(path: tuple[Hashable, ...]) -> str:
    """Give the key of the task as text; in a nested graph after those of the tasks around it, with slashes between."""
    return str(path[0]) if len(path) == 1 else "/".join(map(str, path))


def checked_namer(namer: TaskNamer | None) -> TaskNamer:
    """Give the function itself, or `task_name` if there is none.

    Raises:
        TypeError: It cannot be called.
    """
    if namer is None:
        return task_name
    if not callable(namer):
        raise TypeError(f"task_name must be a function that names a path of keys; got {namer!r}")
    return namer


def error_type(error: BaseException) -> str:
    """The name of its class, with its module unless it is one of Python's own."""
    kind = type(error)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"

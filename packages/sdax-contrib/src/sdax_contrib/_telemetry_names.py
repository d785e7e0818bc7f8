"""What tasks and errors are called where runs are watched: in spans, metrics, logs and progress.

Nothing here raises, whatever the keys and the errors of users do: an observer that raises is told nothing more of its
run, and what it has begun to show of it would never end.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from typing import TypeAlias

from sdax_contrib._setting_checks import given

TaskNamer: TypeAlias = Callable[[tuple[Hashable, ...]], str]
"""Names a task from its path: its key, which comes last, after those of the tasks that its run is nested in."""


def task_name(path: tuple[Hashable, ...]) -> str:
    """Give the key of the task as text; in a nested graph after those of the tasks around it, with slashes between."""
    try:
        return str(path[0]) if len(path) == 1 else "/".join(map(str, path))
    except Exception:
        return _by_class(path)


def checked_namer(namer: TaskNamer | None) -> TaskNamer:
    """Give a function that names tasks as `namer` does, or as `task_name` if there is none.

    Where `namer` raises, or returns no text, the task is called by the class of its key, and that is logged once
    (logger `sdax`).

    Raises:
        TypeError: It cannot be called.
    """
    if namer is None:
        return task_name
    if not callable(namer):
        raise TypeError(f"task_name must be a function that names a path of keys; got {namer!r}")
    return _Namer(namer)


class _Namer:
    """Names tasks by a function of the user's."""

    __slots__ = ("_has_told", "_name")

    def __init__(self, name: Callable[[tuple[Hashable, ...]], object]) -> None:
        self._name = name
        self._has_told = False

    def __call__(self, path: tuple[Hashable, ...]) -> str:
        try:
            name = self._name(path)
            if not isinstance(name, str):
                raise TypeError(f"task_name must return a str; {given(name)}")
        except Exception:
            if not self._has_told:
                self._has_told = True
                logging.getLogger("sdax").exception(
                    "task_name=%s failed: tasks are called by the class of their key",
                    shown(self._name),
                )
            return _by_class(path)
        return name


def _by_class(path: tuple[Hashable, ...]) -> str:
    return "/".join(type(key).__name__ for key in path)


def error_type(error: BaseException) -> str:
    """The name of its class, with its module unless it is one of Python's own."""
    kind = type(error)
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"


def text_of(value: object) -> str:
    """What `str` makes of it, if it makes anything."""
    try:
        return str(value)
    except Exception:
        return "<str() failed>"


def shown(value: object) -> str:
    """What `repr` makes of it, if it makes anything."""
    try:
        return repr(value)
    except Exception:
        return f"<{type(value).__name__}, repr() failed>"

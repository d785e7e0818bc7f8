"""Tasks: with functions, or without any."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sdax_core import AsyncTask, K, T, TaskFunction


def task(
    name: K,
    *,
    pre_execute: TaskFunction[T] | None = None,
    execute: TaskFunction[T] | None = None,
    post_execute: TaskFunction[T] | None = None,
    when: Callable[[T], bool] | None = None,
    optional: bool = False,
) -> AsyncTask[T, K]:
    """Make a task with at least one function.

    Args:
        name: The key of the task: any hashable value (guarantee 1).
        pre_execute: Prepares (guarantee 6).
        execute: Works (guarantee 7).
        post_execute: Cleans up (guarantee 8).
        when: Asked once with the context; if it says no, the task is skipped (guarantee 37).
        optional: Whether a run goes on without the task if it fails (guarantee 38).

    Raises:
        ValueError: There is no function; a task without any is a `join`.
        TypeError: `name` is not hashable, a phase is not a `TaskFunction`, `when` is not a plain function,
            or `optional` is not a bool.
    """
    if pre_execute is None and execute is None and post_execute is None:
        if isinstance(name, TaskFunction):
            raise ValueError(f'the name of a task comes first: task("a name", execute={name!r})')
        raise ValueError(
            f"task {name!r} needs at least one of pre_execute, execute and post_execute: "
            f"use join({name!r}) for a task without any"
        )
    return AsyncTask(name, pre_execute, execute, post_execute, when=when, optional=optional)


def join(name: K, *, optional: bool = False) -> AsyncTask[Any, K]:
    """Make a task without functions, which stands for all the tasks that it depends on.

    It is passed when they are (guarantee 6), and costs nothing when the graph runs.

    Args:
        name: The key of the task: any hashable value (guarantee 1).
        optional: Whether it may stand for optional tasks, too, so that it is skipped if one of them
            fails (guarantee 38).

    Raises:
        TypeError: `name` is not hashable, or `optional` is not a bool.
    """
    return AsyncTask(name, optional=optional)

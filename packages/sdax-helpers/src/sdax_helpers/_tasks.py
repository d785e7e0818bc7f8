"""Tasks: with functions, or without any."""

from __future__ import annotations

from typing import Any

from sdax_core import AsyncTask, K, T, TaskFunction


def task(
    name: K,
    *,
    pre_execute: TaskFunction[T] | None = None,
    execute: TaskFunction[T] | None = None,
    post_execute: TaskFunction[T] | None = None,
) -> AsyncTask[T, K]:
    """Make a task with at least one function.

    Args:
        name: The key of the task: any hashable value (guarantee 1).
        pre_execute: Prepares (guarantee 6).
        execute: Works (guarantee 7).
        post_execute: Cleans up (guarantee 8).

    Raises:
        ValueError: There is no function; a task without any is a `join`.
        TypeError: `name` is not hashable, or a phase is not a `TaskFunction`.
    """
    if pre_execute is None and execute is None and post_execute is None:
        raise ValueError(
            f"task {name!r} needs at least one of pre_execute, execute and post_execute: "
            f"use join({name!r}) for a task without any"
        )
    return AsyncTask(name, pre_execute, execute, post_execute)


def join(name: K) -> AsyncTask[Any, K]:
    """Make a task without functions, which stands for all the tasks that it depends on.

    It is passed when they are (guarantee 6), and costs nothing when the graph runs.

    Args:
        name: The key of the task: any hashable value (guarantee 1).

    Raises:
        TypeError: `name` is not hashable.
    """
    return AsyncTask(name)

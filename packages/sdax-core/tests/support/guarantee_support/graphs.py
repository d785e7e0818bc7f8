"""Processors in one line, for tests in which the graph is not the point."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from sdax_core import AsyncDagTaskProcessor, AsyncTask, TaskFunction

Task = AsyncTask[Any, Any]


def processor_of(*tasks: Task | tuple[Any, ...], **options: Any) -> AsyncDagTaskProcessor[Any, Any]:
    """Build a graph of tasks, each alone or with what it depends on: `(task, "a", after("b"))`."""
    builder = AsyncDagTaskProcessor[Any, Any].builder()
    for given in tasks:
        task, *dependencies = given if isinstance(given, tuple) else (given,)
        builder.add_task(task, tuple(dependencies))
    return builder.build(**options)


def task(name: Any, settings: dict[str, Any] | None = None, **functions: Any) -> Task:
    """Make a task of `TaskFunction`s, or of plain functions that are wrapped.

    Args:
        name: The key.
        settings: What each plain function is wrapped with.
        functions: By phase; also `when` and `optional`.
    """
    for phase in ("pre_execute", "execute", "post_execute"):
        function = functions.get(phase)
        if function is not None and not isinstance(function, TaskFunction):
            functions[phase] = TaskFunction(function, **(settings or {}))
    return AsyncTask(name, **functions)


def calls(action: Callable[[], object]) -> Callable[[object], Coroutine[Any, Any, None]]:
    """Make a function for a phase that calls `action` without suspending."""

    async def function(_: object) -> None:
        action()

    return function


def yes(_: object) -> bool:
    """A `when` for a task that takes part."""
    return True


def no(_: object) -> bool:
    """A `when` for a task that does not."""
    return False

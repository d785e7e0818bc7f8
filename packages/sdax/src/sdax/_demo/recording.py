"""The same graph with its functions wrapped, so that each attempt is noted in a timeline."""

import inspect
from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import replace
from functools import wraps
from time import perf_counter
from typing import Any, cast

from sdax import AsyncDagTaskProcessor, AsyncTask, TaskAnalyzer, TaskFunction
from sdax._demo.order_endpoint import Order
from sdax._demo.timeline import Timeline

timeline_of_run: ContextVar[Timeline] = ContextVar("timeline_of_run")
"""Where the attempts of a run are noted. Functions see what their caller set (guarantee 26)."""


def recorded(processor: AsyncDagTaskProcessor[Order]) -> AsyncDagTaskProcessor[Order]:
    """Make a processor of the same graph and options whose functions are recorded."""
    analyzer = TaskAnalyzer[Order, str]()
    for key, task in processor.analysis.tasks.items():
        analyzer.add_task(_recorded_task(task), processor.analysis.dependencies[key])
    return AsyncDagTaskProcessor(analyzer.analyze(), processor.options)


def function_name(task_function: TaskFunction[Order]) -> str:
    """The name under which the function was defined."""
    return getattr(inspect.unwrap(task_function.function), "__name__", "?")


def _recorded_task(task: AsyncTask[Order, str]) -> AsyncTask[Order, str]:
    return AsyncTask(
        task.name,
        pre_execute=_recorded_function(task.name, "pre_execute", task.pre_execute),
        execute=_recorded_function(task.name, "execute", task.execute),
        post_execute=_recorded_function(task.name, "post_execute", task.post_execute),
    )


def _recorded_function(
    task: str, phase: str, task_function: TaskFunction[Order] | None
) -> TaskFunction[Order] | None:
    if task_function is None:
        return None
    name = function_name(task_function)
    # None of the functions takes the task group, so the context is all they are called with.
    function = cast("Callable[[Order], Awaitable[Any]]", task_function.function)

    @wraps(function, updated=())
    async def call(order: Order) -> None:
        attempt = timeline_of_run.get().begin(task, phase, name)
        try:
            await function(order)
            attempt.outcome = "ok"
        except CancelledError:
            attempt.outcome = "cancelled"
            raise
        except BaseException:
            attempt.outcome = "failed"
            raise
        finally:
            attempt.end = perf_counter()

    return replace(task_function, function=call)

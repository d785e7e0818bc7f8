"""Plain functions: what refuses an async function in their place, and one that can be awaited."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from inspect import iscoroutinefunction
from types import CoroutineType
from typing import Any

from sdax_core import T

_INSTEAD = "which nobody would await: use task_func instead"


def awaitable(
    function: Callable[[T], Any],
) -> Callable[[T], Coroutine[Any, Any, Any]]:
    """Wrap a plain function, so that awaiting the call gives its result or raises its exception.

    Raises:
        TypeError: `function` cannot be called, or is an async function.
    """
    check_plain_function(function, "task_sync_func")

    # It keeps the name, for tracebacks and reports, but not the attributes: they may describe what
    # only the original is.
    @wraps(function, updated=())
    async def call(context: T) -> Any:
        result = function(context)
        refuse_coroutine(result, function, "task_sync_func")
        return result

    return call


def check_plain_function(function: object, helper: str) -> None:
    """Raise a `TypeError` that names `helper` unless `function` is callable and no async function."""
    right = f"{helper} takes a plain function"
    if not callable(function):
        raise TypeError(f"{right}; got {function!r} ({type(function).__name__})")
    if is_async_function(function):
        raise TypeError(f"{right}; got {function!r}, {_INSTEAD}")


def is_async_function(function: Callable[..., Any]) -> bool:
    """Whether calling `function` gives a coroutine, as far as can be told without doing it."""
    return iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__)


def refuse_coroutine(result: object, function: object, helper: str) -> None:
    """Raise a `TypeError` if `result`, which `function` returned, is a coroutine."""
    if isinstance(result, CoroutineType):
        result.close()  # or Python would warn, too, that it was never awaited
        raise TypeError(
            f"{helper} takes a plain function; {function!r} returned a coroutine, {_INSTEAD}"
        )


def name_of(function: object) -> str:
    """The name of a function for messages; the text of an object that has none."""
    name: object = getattr(function, "__qualname__", None)
    return name if isinstance(name, str) else repr(function)

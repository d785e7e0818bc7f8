"""A plain function as one that can be awaited."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from inspect import iscoroutinefunction
from types import CoroutineType
from typing import Any

from sdax_core import T

_RIGHT = "task_sync_func takes a plain function"
_INSTEAD = "which nobody would await: use task_func instead"


def awaitable(
    function: Callable[[T], Any],
) -> Callable[[T], Coroutine[Any, Any, Any]]:
    """Wrap a plain function, so that awaiting the call gives its result or raises its exception.

    Raises:
        TypeError: `function` cannot be called, or is an async function.
    """
    if not callable(function):
        raise TypeError(f"{_RIGHT}; got {function!r} ({type(function).__name__})")
    if iscoroutinefunction(function) or iscoroutinefunction(type(function).__call__):
        raise TypeError(f"{_RIGHT}; got {function!r}, {_INSTEAD}")

    # It keeps the name, for tracebacks and reports, but not the attributes: they may describe what
    # only the original is.
    @wraps(function, updated=())
    async def call(context: T) -> Any:
        result = function(context)
        if isinstance(result, CoroutineType):
            result.close()  # or Python would warn, too, that it was never awaited
            raise TypeError(f"{_RIGHT}; {function!r} returned a coroutine, {_INSTEAD}")
        return result

    return call

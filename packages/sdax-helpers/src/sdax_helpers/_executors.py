"""The executors that run calls: which are right, and how to ask for one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import Executor
from typing import TypeAlias, cast

from sdax_core import T

ExecutorChoice: TypeAlias = Executor | Callable[[T], Executor] | None
"""An executor, or a function that finds one on the context, or the default."""

# Modules that are slow to import, or new, and the executors in them that share no memory with the caller.
_WITHOUT_SHARED_MEMORY = {
    "concurrent.futures.process": "ProcessPoolExecutor",
    "concurrent.futures.interpreter": "InterpreterPoolExecutor",
}


def check_executor(choice: object) -> None:
    """Raise a `TypeError` unless `choice` is an `ExecutorChoice`."""
    right = "executor must be a concurrent.futures.Executor, a function that takes the context and returns one, or None"
    if isinstance(choice, type):
        raise TypeError(f"{right}; got the class {choice.__name__}: pass an object of it")
    if choice is not None and not isinstance(choice, Executor) and not callable(choice):
        raise TypeError(f"{right}; got {choice!r} ({type(choice).__name__})")


def chosen_executor(choice: ExecutorChoice[T], ctx: T) -> Executor | None:
    """Find the executor for one call.

    Raises:
        TypeError: The function that was to return an executor returned something else.
    """
    if choice is None or isinstance(choice, Executor):
        return choice
    found = cast("object", choice(ctx))
    if not isinstance(found, Executor):
        raise TypeError(
            f"the function given as executor= must return a concurrent.futures.Executor; "
            f"it returned {found!r} ({type(found).__name__})"
        )
    return found


def shares_memory(executor: Executor | None) -> bool:
    """Whether what runs in `executor` sees the caller's objects, and not copies of them."""
    for module, name in _WITHOUT_SHARED_MEMORY.items():
        # If the module was not imported, nobody can have made one.
        kind = getattr(sys.modules.get(module), name, None)
        if kind is not None and isinstance(executor, kind):
            return False
    return True


def not_accepted(executor: Executor | None, function: str, error: RuntimeError) -> RuntimeError:
    """The error for an executor that takes no more calls, of the same type."""
    named = "the default executor of the event loop" if executor is None else repr(executor)
    return type(error)(f"{function} could not be called: {named} takes no more calls: {error}")


def never_begun(executor: Executor | None, function: str) -> RuntimeError:
    """The error for an executor that dropped a call which it had accepted."""
    named = "the default executor of the event loop" if executor is None else repr(executor)
    return RuntimeError(f"{function} was not called: {named} was shut down before it came to that")

"""What the factory of a resource may return, made into one kind: an async context manager."""

from __future__ import annotations

import inspect
import sys
from collections.abc import AsyncGenerator, Awaitable, Hashable
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    aclosing,
    asynccontextmanager,
)
from types import TracebackType
from typing import Any, Protocol, TypeAlias, cast, runtime_checkable

from sdax_helpers._threaded_manager import ThreadedManager

Manager: TypeAlias = AbstractAsyncContextManager[Any, bool | None]


@runtime_checkable
class Closable(Protocol):
    """What is released with `await closable.aclose()`."""

    def aclose(self) -> Awaitable[Any]:
        """Release it."""
        ...


Acquirable: TypeAlias = (
    AbstractAsyncContextManager[Any, Any]
    | AbstractContextManager[Any, Any]
    | AsyncGenerator[Any, None]
    | Closable
)
"""What a factory may return; also an awaitable that gives one of these."""


async def manager_of(made: object, key: Hashable) -> Manager:
    """Give the async context manager for what the factory of the task `key` has returned.

    Raises:
        TypeError: It is nothing that could be entered and left.
    """
    manager = _as_manager(made, key)  # first: what may be awaited may be a manager as well
    if manager is None and inspect.isawaitable(made):
        made = await made
        manager = _as_manager(made, key)
    if manager is None:
        raise TypeError(
            f"task {key!r}: the factory of the resource must return an async or sync context manager, "
            f"an async generator, or an object with aclose(); it returned {_described(made)}"
        )
    return manager


def is_manager(candidate: object) -> bool:
    """Whether this is a context manager, which is none of a factory's business to be."""
    return isinstance(candidate, (AbstractAsyncContextManager, AbstractContextManager)) or (
        inspect.isasyncgen(candidate)
    )


def _as_manager(made: object, key: Hashable) -> Manager | None:
    if inspect.isasyncgen(made):
        generator = cast("AsyncGenerator[Any, None]", made)
        return asynccontextmanager(lambda: generator)()
    if isinstance(made, AbstractAsyncContextManager):
        return cast("Manager", made)
    if isinstance(made, AbstractContextManager):
        manager = cast("AbstractContextManager[Any, bool | None]", made)
        return _OfThisTask(manager) if _is_cancel_scope(manager) else ThreadedManager(manager, key)
    if isinstance(made, Closable) and not isinstance(made, type):
        return aclosing(made)
    return None


def _is_cancel_scope(made: object) -> bool:
    # A sync context manager that blocks nothing, and means the asyncio Task that enters it.
    scope = getattr(sys.modules.get("anyio"), "CancelScope", None)
    return scope is not None and isinstance(made, scope)


class _OfThisTask(AbstractAsyncContextManager[Any, "bool | None"]):
    """A sync context manager that belongs to the asyncio Task that enters it."""

    def __init__(self, manager: AbstractContextManager[Any, bool | None]) -> None:
        self._manager = manager

    async def __aenter__(self) -> Any:
        return self._manager.__enter__()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        return self._manager.__exit__(exc_type, exc, traceback)


def _described(made: object) -> str:
    if isinstance(made, type):
        return f"the class {made.__name__}: call it"
    if inspect.isgenerator(made):
        return f"{made!r}: decorate its function with contextlib.contextmanager"
    return f"{made!r} ({type(made).__name__})"

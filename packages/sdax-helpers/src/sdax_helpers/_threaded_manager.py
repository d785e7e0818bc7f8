"""A sync context manager, entered and left in a thread of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from contextvars import Context, copy_context
from types import TracebackType
from typing import Any


class ThreadedManager(AbstractAsyncContextManager[Any, "bool | None"]):
    """Enters and leaves a sync context manager in one thread, which does nothing else, and in one context.

    Nothing can interrupt a thread: a cancel waits until the call has ended, and is left to who made it.
    """

    def __init__(self, manager: AbstractContextManager[Any, bool | None], key: Hashable) -> None:
        from concurrent.futures import ThreadPoolExecutor  # slow to import, rarely used

        self._manager = manager
        # The same thread for both: a sqlite3 connection, say, refuses any other.
        self._executor = ThreadPoolExecutor(1, thread_name_prefix=f"sdax: {key}")
        self._context = Context()

    async def __aenter__(self) -> Any:
        self._context = copy_context()
        try:
            value = await self._call(self._manager.__enter__)
        except BaseException:
            self._executor.shutdown(wait=False)
            raise
        for variable, set_value in self._context.items():
            if variable.get(_UNSET) is not set_value:
                variable.set(set_value)
        return value

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        try:
            result: bool | None = await self._call(self._manager.__exit__, exc_type, exc, traceback)
        finally:
            self._executor.shutdown(wait=False)
        return result

    async def _call(self, function: Callable[..., Any], *arguments: object) -> Any:
        call = _Call(function, arguments)
        loop = asyncio.get_running_loop()
        future = loop.run_in_executor(self._executor, self._context.run, call)
        while not future.done():
            try:
                await asyncio.wait((future,))
            except asyncio.CancelledError:
                continue
        return call.result()


_UNSET: Any = object()


class _Call:
    """One call, and how it ended. A future could not carry a `StopIteration`."""

    def __init__(self, function: Callable[..., Any], arguments: tuple[object, ...]) -> None:
        self._function = function
        self._arguments = arguments
        self._value: Any = None
        self._error: BaseException | None = None

    def __call__(self) -> None:
        try:
            self._value = self._function(*self._arguments)
        except BaseException as error:
            self._error = error

    def result(self) -> Any:
        """What it returned; raises what it raised."""
        error, self._error = self._error, None
        if error is None:
            return self._value
        try:
            if isinstance(error, StopIteration):  # Python lets none out of what is awaited
                raise RuntimeError("the context manager raised StopIteration") from error
            raise error
        finally:
            del error  # an exception's traceback holds this frame: no cycle

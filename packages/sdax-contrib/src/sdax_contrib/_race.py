"""One call of a hedged function: several calls race, and the first success wins."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Generic, TypeVar

from sdax_core import StrayCancellationError

Result = TypeVar("Result")

_logger = logging.getLogger("sdax")


class Race(Generic[Result]):
    """Runs up to `calls` calls that `begin` makes, one every `after` seconds, and gives the first result."""

    def __init__(
        self,
        begin: Callable[[], Coroutine[Any, Any, Result]],
        name: str,
        after: float,
        calls: int,
    ) -> None:
        self._begin = begin
        self._name = name
        self._after = after
        self._left = calls
        self._loop = asyncio.get_running_loop()
        self._running: list[asyncio.Task[Result]] = []
        self._results: list[Result] = []  # the first is the winner's
        self._errors: list[Exception] = []
        self._stopped_by: BaseException | None = None

    async def run(self) -> Result:
        """Give the result of the winner; nothing that was begun is still running then."""
        try:
            while not self._results and (self._left or self._running):
                await self._next_step()
        except BaseException as error:
            self._stop_by(error)
        await self._stop_running()
        await self._close_losers()
        if self._stopped_by is not None:
            self._log_errors("the hedge was stopped")
            raise self._stopped_by
        if self._results:
            self._log_errors("another call won")
            return self._results[0]
        if len(self._errors) == 1:
            raise self._errors[0]
        raise ExceptionGroup(
            f"all {len(self._errors)} hedged calls of {self._name} failed", self._errors
        )

    async def _next_step(self) -> None:
        """Begin the next call, if there is one left, and wait until another is due or one has ended."""
        if self._left:
            self._left -= 1
            self._running.append(self._loop.create_task(self._begin()))
        due = self._after if self._left else None
        await asyncio.wait(self._running, timeout=due, return_when=asyncio.FIRST_COMPLETED)
        for call in [call for call in self._running if call.done()]:
            self._running.remove(call)
            self._take(call)

    def _take(self, call: asyncio.Task[Result]) -> None:
        try:
            self._results.append(call.result())
        except asyncio.CancelledError as error:
            stray = StrayCancellationError(
                f"a hedged call of {self._name} raised CancelledError though nobody had cancelled it"
            )
            stray.__cause__ = error
            self._errors.append(stray)
        except Exception as error:
            self._errors.append(error)
        # Anything else, such as KeyboardInterrupt, ends the race.

    async def _stop_running(self) -> None:
        for call in self._running:
            call.cancel()
        await self._wait_for(self._running)
        for call in self._running:
            try:
                self._results.append(call.result())
            except asyncio.CancelledError:
                pass
            except Exception as error:
                self._warn("a hedged call of %s failed while it was being cancelled", error)
            except BaseException as error:
                self._stop_by(error)

    async def _close_losers(self) -> None:
        """Close every result but the one that is returned."""
        kept = self._results[:1]
        await self._close_all([other for other in self._results[1:] if other is not kept[0]])
        if self._stopped_by is not None:
            await self._close_all(kept)  # there is nobody to take it

    async def _close_all(self, results: list[Result]) -> None:
        closes = [close for result in results if callable(close := _closing_method(result))]
        # In Tasks, so that a cancel that arrives meanwhile does not stop one half-way.
        tasks = [self._loop.create_task(self._close(close)) for close in closes]
        await self._wait_for(tasks)
        for task in tasks:
            if not task.cancelled() and (error := task.exception()) is not None:
                self._stop_by(error)

    async def _close(self, close: Callable[[], Any]) -> None:
        try:
            closed = close()
            if inspect.isawaitable(closed):
                await closed
        except Exception as error:
            self._warn("closing the result of a hedged call of %s that did not win failed", error)

    async def _wait_for(self, tasks: Sequence[asyncio.Task[Any]]) -> None:
        """Wait for the end of all, however often the caller is cancelled meanwhile."""
        while left := [task for task in tasks if not task.done()]:
            try:
                await asyncio.wait(left)
            except asyncio.CancelledError as error:
                self._stop_by(error)

    def _stop_by(self, error: BaseException) -> None:
        """Remember what ends the race: the first cancel, or what outranks it, such as KeyboardInterrupt."""
        is_further_cancel = (
            isinstance(error, asyncio.CancelledError) and self._stopped_by is not None
        )
        if not is_further_cancel:
            self._stopped_by = error

    def _log_errors(self, why: str) -> None:
        for error in self._errors:
            _logger.info("a hedged call of %s failed; %s", self._name, why, exc_info=error)

    def _warn(self, message: str, error: Exception) -> None:
        _logger.warning(message, self._name, exc_info=error)


def _closing_method(result: object) -> object:
    return getattr(result, "aclose", None) or getattr(result, "close", None)

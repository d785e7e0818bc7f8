"""`hedge`: call again before the first call has answered, and take what comes first."""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Generic, ParamSpec, TypeVar

from sdax_core import StrayCancellationError

from sdax_contrib._retry_setting_checks import check_callable, check_seconds
from sdax_contrib._setting_checks import check_count

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")

_logger = logging.getLogger("sdax")


def hedge(
    fn: Callable[Parameters, Awaitable[Result]], after: float, extra: int = 1
) -> Callable[Parameters, Coroutine[Any, Any, Result]]:
    """Make a function that calls `fn` again while an earlier call has not answered; the first success wins.

    Against slow outliers: with `after` at the 95th percentile of what `fn` takes, one call in twenty costs a
    second one. **Only for functions that may run several times at once** without harm (idempotent ones), and
    that give what they found as their result instead of writing it to the context.

    The calls run as Tasks of their own, each in a copy of the caller's context variables.

    - The next call begins `after` seconds after the one before it, or as soon as one fails.
    - Once one has succeeded, the others are cancelled, each once, and awaited.
    - A failure that does not come out, because another call won or the whole was cancelled, is logged (logger
      `sdax`, level INFO; WARNING if it was raised by a call that was being cancelled, or in closing a result).
    - The result of a loser is closed: `await result.aclose()` if it has one, else `result.close()`. Not if
      it is the very object that won.
    - If all of them fail: the error of the only one, or an `ExceptionGroup` of all, in order of failure. A retry
      policy tries a group again only if it would try each of its errors again.
    - Cancelled, it cancels all calls and waits for their end. A result that came too late is closed. It leaves
      no Task and no timer behind (guarantee 20), and is not disturbed by further cancels meanwhile.

    Args:
        fn: An async function, or any callable that returns an awaitable.
        after: Seconds between the beginning of one call and the next; with 0 all begin at once.
        extra: How many further calls there may be, 1 or more.

    Raises:
        ValueError: `after` or `extra` is out of its range.
        TypeError: A setting is of the wrong type.
    """
    check_callable("fn", fn, "an async function")
    check_seconds("after", after)
    check_count("extra", extra, least=1)

    @functools.wraps(fn)
    async def hedged(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        return await _Race(lambda: _call(fn, *args, **kwargs), _shown(fn), after, 1 + extra).run()

    return hedged


async def _call(
    fn: Callable[Parameters, Awaitable[Result]],
    *args: Parameters.args,
    **kwargs: Parameters.kwargs,
) -> Result:
    returned = fn(*args, **kwargs)
    if not inspect.isawaitable(returned):
        raise TypeError(
            f"hedge: {_shown(fn)} returned {type(returned).__name__}, which cannot be awaited"
        )
    return await returned


class _Race(Generic[Result]):
    """One call of a hedged function."""

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


def _shown(fn: object) -> str:
    name: object = getattr(fn, "__qualname__", None)
    return name if isinstance(name, str) else repr(fn)

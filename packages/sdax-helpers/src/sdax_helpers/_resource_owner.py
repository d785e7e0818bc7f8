"""Enters a resource, holds it while the run needs it, and leaves it: in one asyncio Task and one context."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AbstractContextManager, nullcontext
from enum import Enum, auto
from typing import Any

from sdax_core import OwnerTask, StrayCancellationError, current_run

from sdax_helpers._leaving import is_cancellation, leave
from sdax_helpers._resource_manager import Manager


class _Stage(Enum):
    ENTERING = auto()
    HOLDING = auto()
    LEAVING = auto()


class ResourceOwner:
    """Owns one resource for one run, in an asyncio Task of its own.

    There is no moment between "acquired" and "cleanup registered": the coroutine that enters the context manager
    is the one that leaves it, and the run knows of it from before the beginning. The functions of the task, which
    run in other asyncio Tasks and may be cancelled at any time, only wait for it.

    Args:
        key: The task whose resource it is.
        make: Makes the context manager.
        take: Takes the value that entering it gave.
    """

    def __init__(
        self,
        key: Hashable,
        make: Callable[[], Awaitable[Manager]],
        take: Callable[[Any], None],
    ) -> None:
        self._key = key
        self._make = make
        self._take = take
        self._run = current_run()
        self._stage = _Stage.ENTERING
        self._has_entered = asyncio.Event()
        self._is_released = asyncio.Event()
        self._is_cut_short = False
        self._given_up: asyncio.CancelledError | None = None
        self._is_awaited = True  # by a function of the task, which raises what goes wrong
        self._error: BaseException | None = None
        self.has_ended = asyncio.Event()
        self._run.held[key] = self
        self._task = OwnerTask(self._own(), key)

    # For the functions of the task

    async def enter(self) -> None:
        """Wait until the resource is entered. If that fails, or is cancelled, nothing is held.

        Raises:
            BaseException: What entering raised; or, after a cancel, what leaving at once raised.
            asyncio.CancelledError: Entering was cancelled.
        """
        try:
            await self._has_entered.wait()
        except asyncio.CancelledError as cancelled:
            self._give_up(cancelled)
            await self._wait_for_end(self._give_up, _out_of_reach)
            self._raise_error()
            raise
        self._raise_error()
        self._task.adopt_variables()

    async def leave(self) -> None:
        """Leave the resource, and wait until that is done. A cancel is passed on to it.

        Raises:
            BaseException: What leaving raised, if that is new.
        """
        self._is_awaited = True
        self._is_released.set()
        await self._wait_for_end(self._cut_short, nullcontext)
        self._raise_error()

    # For the run

    def let_go(self, *, at_once: bool) -> None:
        """Begin to leave the resource, because no function of the task did."""
        self._is_released.set()
        if at_once:
            self._cut_short()

    # In the owner task

    async def _own(self) -> None:
        error: BaseException | None = None
        try:
            error = await self._enter_and_leave()
        finally:
            if self._run.held.get(self._key) is self:
                del self._run.held[self._key]
            if self._is_awaited:
                self._error = error
            elif error is not None:
                self._run.fail(self._key, error)
            self._has_entered.set()
            self.has_ended.set()

    async def _enter_and_leave(self) -> BaseException | None:
        """Do it all; gives what went wrong."""
        try:
            manager = await self._make()
            value = await manager.__aenter__()
        except GeneratorExit:  # this coroutine is being closed
            raise
        except BaseException as error:
            return error
        useless = self._reason_to_leave_at_once(value)
        if useless is not None:
            self._stage = _Stage.LEAVING
            return await leave(manager, useless) or useless
        self._stage = _Stage.HOLDING
        self._is_awaited = False
        self._has_entered.set()
        return await self._hold(manager)

    def _reason_to_leave_at_once(self, value: Any) -> BaseException | None:
        if self._given_up is None:
            try:
                self._take(value)
            except Exception as error:
                return error
        return self._given_up

    async def _hold(self, manager: Manager) -> BaseException | None:
        try:
            await self._is_released.wait()
        except asyncio.CancelledError as cancelled:
            self._stage = _Stage.LEAVING
            return self._cause_of_death(cancelled, await leave(manager, cancelled))
        self._stage = _Stage.LEAVING
        if self._is_cut_short:
            self._task.cancel()
        error = await leave(manager, self._given_up or self._run.exception())
        if self._is_cut_short and is_cancellation(error) and not self._is_awaited:
            return None
        return error

    def _cause_of_death(
        self, cancelled: asyncio.CancelledError, error: BaseException | None
    ) -> BaseException | None:
        """What to report of a resource that was cancelled from within, and was left for that.

        The run is told only when it was left, because what it died of comes out of leaving it. If nothing comes
        out, somebody has ended it on purpose: that is a failure as long as the run needs it.
        """
        if error is not None and not is_cancellation(error):
            return error
        if self._run.outcome != "running":
            return None
        stray = StrayCancellationError(
            f"the resource {self._key!r} was cancelled by a task group, a timeout or a cancel scope that it "
            "holds, while the run still needed it"
        )
        stray.__cause__ = cancelled
        return stray

    # Cancelling and waiting

    def _give_up(self, cancelled: asyncio.CancelledError) -> None:
        """The function that waits for the resource to be entered was cancelled."""
        self._is_awaited = True
        self._given_up = cancelled
        self._is_released.set()
        if self._stage is _Stage.ENTERING:
            self._task.cancel(_message(cancelled))

    def _cut_short(self, cancelled: asyncio.CancelledError | None = None) -> None:
        """Cancel leaving, now or as soon as it has begun."""
        self._is_cut_short = True
        if self._stage is _Stage.LEAVING:
            self._task.cancel(_message(cancelled))

    async def _wait_for_end(
        self,
        on_cancel: Callable[[asyncio.CancelledError], None],
        first_wait_in: Callable[[], AbstractContextManager[object]],
    ) -> None:
        wait_in = first_wait_in
        while not self.has_ended.is_set():
            try:
                with wait_in():
                    await self.has_ended.wait()
            except asyncio.CancelledError as cancelled:
                on_cancel(cancelled)
                wait_in = _out_of_reach

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # an exception's traceback holds this frame: no cycle


def _out_of_reach() -> AbstractContextManager[object]:
    """Where a cancelled anyio scope, which cancels again in every cycle of the loop, cancels nothing.

    A function of a run is inside such a scope only if an interceptor is.
    """
    scope = getattr(sys.modules.get("anyio"), "CancelScope", None)
    return nullcontext() if scope is None else scope(shield=True)


def _message(cancelled: asyncio.CancelledError | None) -> str | None:
    return None if cancelled is None or not cancelled.args else cancelled.args[0]

"""Runs a graph phase by phase, as an async context manager."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from types import TracebackType
from typing import TYPE_CHECKING, Generic, NoReturn, Self, cast

from sdax_core._body import Body
from sdax_core._errors import SdaxExecutionError
from sdax_core._phase_id import PhaseId
from sdax_core._run import Run
from sdax_core._type_variables import K, StringKeysByDefault, T

if TYPE_CHECKING:
    from sdax_core._plan import Plan
    from sdax_core._run_settings import RunSettings


class AsyncPhaseRunner(StringKeysByDefault, Generic[T, K]):
    """One run, phase by phase. `processor.open(ctx)` makes it; use it in an `async with` block.

    Leaving the block does what is left to do: if nothing ran, nothing; if only `pre_execute` ran, the
    cleanup; else the phases that remain (guarantee 30). Then it raises the run's failures, unless the body
    of the block raised: then that exception comes out, with the run's failures as notes on it.
    """

    __slots__ = (
        "_body",
        "_closed",
        "_ctx",
        "_key",
        "_known",
        "_last",
        "_next",
        "_parent",
        "_plan",
        "_raised",
        "_run",
        "_running",
        "_settings",
    )

    def __init__(
        self,
        plan: Plan,
        ctx: T,
        settings: RunSettings,
        *,
        parent: Run | None = None,
        key: Hashable = None,
    ) -> None:
        self._plan = plan
        self._ctx = ctx
        self._settings = settings
        self._parent = parent
        self._key = key
        self._body: Body | None = None
        self._run: Run | None = None
        self._next: PhaseId | None = PhaseId.PRE_EXEC
        self._last: PhaseId | None = None
        self._running: asyncio.Future[None] | None = None
        self._closed = False
        self._raised: SdaxExecutionError | None = None
        self._known = 0

    async def __aenter__(self) -> Self:
        self._body = Body(self)
        self._started().cancel_body = self._body.cancel
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        run = self._started()
        if self._body is not None and await self._body.was_left_by_own_cancel(exc):
            exc = None  # the failure that it was cancelled for is raised
        if isinstance(exc, asyncio.CancelledError):
            run.receive_cancel(exc)
        elif exc is not None and exc is not self._raised:
            run.record.body_error = exc
        await self._close(run)
        if run.record.fatal is not None and run.record.fatal is not exc:
            _raise_as_it_is(run, run.record.fatal)
        if exc is None:
            if run.record.required_failures():
                raise run.record.execution_error()
        elif self._raised is None or exc is not self._raised:
            run.record.note_on(exc)
        elif len(run.record.required_failures()) > len(self._raised.failures):
            raise run.record.execution_error() from None  # all that failed, not only what had until then

    async def run_next(self) -> bool:
        """Run one phase, and say whether another remains.

        Returns:
            `True` if there is a phase left to run. The call that runs the last one returns `False`, and so
            does every call after it.

        Raises:
            RuntimeError: A phase is running already, or the block was left.
            asyncio.CancelledError: The calling Task was cancelled; raised when the phase has ended.
            TimeoutError: The run reached its deadline; raised when the phase has ended (guarantee 32).
        """
        if self._running is not None:
            raise RuntimeError(f"a phase ({self._last}) of this run is running already")
        if self._closed:
            raise RuntimeError("run_next() was called after the block was left or the run closed")
        run = self._started()
        cancel, fatal, expired = run.record.latest_cancel, run.record.fatal, run.record.expired
        await self._advance(run)
        if run.record.fatal is not None and run.record.fatal is not fatal:
            _raise_as_it_is(run, run.record.fatal)
        _raise_new_cancel(run, cancel)
        if run.record.expired is not None and run.record.expired is not expired:
            _raise_as_it_is(run, run.record.expired)
        return self._next is not None

    async def aclose(self) -> None:
        """Do what leaving the block does, but raise no failures. To close twice is harmless.

        Raises:
            asyncio.CancelledError: The calling Task was cancelled; raised when all is done.
        """
        if not self._closed:
            await self._close(self._started())

    def next_phase_id(self) -> PhaseId | None:
        """The phase that `run_next()` would run, `None` if there is none left."""
        return self._next

    def last_phase_id(self) -> PhaseId | None:
        """The phase that ran most recently, or is running; `None` if none was begun."""
        return self._last

    def has_failures(self) -> bool:
        """Whether anything has failed so far."""
        return bool(self.failures())

    def failures(self) -> list[BaseException]:
        """What has failed so far, in order of failure; legal at any time, also after the block."""
        run = self._run
        if run is None:
            return []
        fatal = [] if run.record.fatal is None else [run.record.fatal]
        return [failure.exception for failure in run.record.failures] + fatal

    def skipped(self) -> tuple[K, ...]:
        """The keys of the tasks whose `execute` was skipped, as one they depend on failed (guarantee 11)."""
        return () if self._run is None else cast("tuple[K, ...]", self._run.record.skipped_keys())

    def raise_failures(self) -> None:
        """Raise what has failed so far, if anything. Leaving the block raises it again.

        Raises:
            SdaxExecutionError: At least one function failed.
        """
        run = self._run
        if run is None:
            return
        if run.record.fatal is not None:
            _raise_as_it_is(run, run.record.fatal)
        if run.record.required_failures():
            self._raised = run.record.execution_error()
            raise self._raised

    def raise_new_failures(self) -> None:
        """Raise what has failed since the last call of this method, if anything.

        For what is built on top of this package and drives phases one by one, without a block.

        Raises:
            SdaxExecutionError: With the new failures only.
        """
        run = self._run
        if run is None:
            return
        known, self._known = self._known, len(run.record.required_failures())
        if self._known > known:
            raise run.record.execution_error(known)

    def is_in_phase(self) -> bool:
        """Whether a phase is running."""
        return self._running is not None

    def __repr__(self) -> str:
        return f"AsyncPhaseRunner(last={self._last}, next={self._next}, closed={self._closed})"

    def _started(self) -> Run:
        if self._run is None:
            self._run = Run(self._plan, self._ctx, self._settings)
            if self._parent is not None:
                self._run.nest_in(self._parent, self._key)
        return self._run

    async def _advance(self, run: Run) -> None:
        phase = self._next
        if phase is None:
            return
        self._last = phase
        self._next = None if phase is PhaseId.POST_EXEC else PhaseId.POST_EXEC
        self._running = run.loop.create_future()
        try:
            run.adopt_owner()
            await run.run_phase(phase)
        finally:
            self._running.set_result(None)
            self._running = None
        if phase is PhaseId.PRE_EXEC:
            if run.record.is_going_well():
                self._next = PhaseId.EXECUTE
            elif not run.has_begun():
                self._last = self._next = None

    async def _close(self, run: Run) -> None:
        cancel = run.record.latest_cancel
        while self._running is not None:  # another Task is inside run_next(): nothing must be lost
            try:
                await asyncio.wait((self._running,))
            except asyncio.CancelledError as error:
                run.receive_cancel(error)
        if self._last is None:
            self._next = None
        elif self._last is PhaseId.PRE_EXEC:
            self._next = PhaseId.POST_EXEC
        try:
            while self._next is not None:
                await self._advance(run)
        finally:
            self._closed = True
        _raise_new_cancel(run, cancel)


def _raise_new_cancel(run: Run, known: asyncio.CancelledError | None) -> None:
    """Raise the cancellation that was received since `known` was the latest, if one was."""
    if run.record.latest_cancel is not None and run.record.latest_cancel is not known:
        _raise_as_it_is(run, run.record.fatal or run.record.latest_cancel)


def _raise_as_it_is(run: Run, error: BaseException) -> NoReturn:
    run.record.note_on(error)
    try:
        raise error
    finally:
        del error, run  # an exception's traceback holds this frame: no cycle

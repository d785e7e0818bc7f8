"""Two scopes: an application's graph that stays open, and request graphs that run on top of it."""

from __future__ import annotations

import asyncio
import math
import sys
from collections.abc import AsyncGenerator, Hashable, Iterable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, cast

from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncPhaseRunner,
    AsyncTask,
    Clock,
    Interceptor,
    Observer,
    ParentScope,
    PhaseId,
    ScopeError,
    T,
)

if TYPE_CHECKING:
    from random import Random


class ScopeClosedError(ScopeError):
    """The scope is closing or closed: it takes no more runs, or has cancelled this one (guarantee 43)."""


def scope(
    processor: AsyncDagTaskProcessor[T, Any],
    ctx: T,
    *,
    timeout: float | None = None,
    drain_timeout: float | None = 10.0,
    override: Mapping[Any, AsyncTask[Any, Any]] | None = None,
    observers: Iterable[Observer] = (),
    interceptors: Iterable[Interceptor] = (),
    clock: Clock | None = None,
    rng: Random | None = None,
) -> Scope[T]:
    """Open an application's graph, for as long as an `async with` block lasts (guarantee 43).

    Entering the block runs `pre_execute`, leaving it runs `post_execute`. In between, `await app.run(processor,
    ctx)` runs request graphs, any number of times and at once: those without a parent, and those built with
    `AsyncDagTaskProcessor.builder(parent=processor)`, whose `depends_on` names tasks of the application.

    Leaving the block refuses new runs, lets those in flight finish, cancels them if they take longer than
    `drain_timeout`, and only then releases what the application holds. If something that it holds dies, the body is
    cancelled, as by `asyncio.TaskGroup`, and the failure is raised.

    Args:
        processor: The application's graph. Its tasks prepare and clean up; none has an `execute`.
        ctx: Its context, which is `app.ctx`.
        timeout: Seconds that entering may take, `None` for no limit.
        drain_timeout: Seconds that runs in flight are given when the block is left, `None` for no limit.
        override: Tasks that stand in for those of the application, in tests: see `processor.override`. Request
            graphs name the application as their parent all the same.
        observers: See what the application's run does; `app.run` takes those of a request.
        interceptors: Run around each attempt of the application's functions.
        clock: As for `process_tasks`.
        rng: As for `process_tasks`.

    Raises:
        TypeError: `processor` is no processor, or a setting is of the wrong type.
        ValueError: A task of the application has an `execute`, or a limit is negative, NaN or infinite.
        GraphError: As `processor.override` raises it.
    """
    if not isinstance(cast("object", processor), AsyncDagTaskProcessor):
        raise TypeError(
            f"scope takes a processor, as build() makes it; got {processor!r} ({type(processor).__name__})"
        )
    names = processor.analysis.execute_task_names
    if names:
        raise ValueError(
            f"the graph of a scope prepares and cleans up; task {names[0]!r} has an execute, which would never run"
        )
    _check_limit("timeout", timeout)
    _check_limit("drain_timeout", drain_timeout)
    opened = processor.override(override) if override else processor
    runner = opened.open(ctx, observers=observers, interceptors=interceptors, clock=clock, rng=rng)
    return Scope(processor, ctx, runner, timeout, drain_timeout)


class Scope(Generic[T]):
    """An application's open graph. `scope(...)` makes it; use it once, in an `async with` block."""

    __slots__ = (
        "_ctx",
        "_drain_timeout",
        "_idle",
        "_in_flight",
        "_is_closing",
        "_loop",
        "_parent_scope",
        "_processor",
        "_runner",
        "_timeout",
    )

    def __init__(
        self,
        processor: AsyncDagTaskProcessor[T, Any],
        ctx: T,
        runner: AsyncPhaseRunner[T, Any],
        timeout: float | None,
        drain_timeout: float | None,
    ) -> None:
        self._processor = processor
        self._ctx = ctx
        self._runner = runner
        self._timeout = timeout
        self._drain_timeout = drain_timeout
        self._loop: asyncio.AbstractEventLoop | None = None
        self._parent_scope: ParentScope | None = None
        self._in_flight: set[_RunInFlight] = set()
        self._idle = asyncio.Event()
        self._is_closing = False

    @property
    def ctx(self) -> T:
        """The application's context."""
        return self._ctx

    @property
    def in_flight(self) -> int:
        """How many runs are in flight."""
        return len(self._in_flight)

    async def __aenter__(self) -> Self:
        if self._loop is not None:
            raise RuntimeError("a scope is entered once: make another with scope(...)")
        self._loop = asyncio.get_running_loop()
        await self._runner.__aenter__()
        try:
            await self._prepare()
        except BaseException as error:
            self._is_closing = True
            await self._runner.__aexit__(type(error), error, error.__traceback__)
            raise
        self._parent_scope = ParentScope(self._processor)
        return self

    async def _prepare(self) -> None:
        limit = asyncio.timeout(self._timeout)
        try:
            async with limit:
                await self._runner.run_next()
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise TimeoutError(
                f"the scope was not open within its timeout of {self._timeout} seconds"
            ) from error
        self._runner.raise_failures()

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._is_closing = True
        cancel = await self._drain()
        if self._parent_scope is not None:
            self._parent_scope.is_open = False
        if cancel is None or isinstance(exc, asyncio.CancelledError):
            await self._runner.__aexit__(exc_type, exc, traceback)
            return
        cancel.__context__ = exc
        await self._runner.__aexit__(type(cancel), cancel, cancel.__traceback__)
        try:
            raise cancel
        finally:
            del cancel  # an exception's traceback holds this frame: no cycle

    async def _drain(self) -> asyncio.CancelledError | None:
        """Wait until no run is in flight, and give the cancel that came meanwhile, if one did."""
        cancel: asyncio.CancelledError | None = None
        limit = self._drain_timeout
        while self._in_flight:
            self._idle.clear()
            try:
                with nullcontext() if cancel is None else _out_of_reach():
                    async with asyncio.timeout(limit):
                        await self._idle.wait()
            except TimeoutError:
                pass
            except asyncio.CancelledError as error:
                cancel = cancel or error
            else:
                continue
            limit = None  # from now on they are cleaning up, which is not cut short
            for run in self._in_flight:
                run.cancel()
        return cancel

    async def run(
        self,
        processor: AsyncDagTaskProcessor[Any, Any],
        ctx: Any,
        *,
        timeout: float | None = None,
        observers: Iterable[Observer] = (),
        interceptors: Iterable[Interceptor] = (),
        clock: Clock | None = None,
        rng: Random | None = None,
    ) -> None:
        """Run a graph on top of the application, as `processor.process_tasks` does.

        Args:
            processor: A graph whose parent is the application, or that has none.
            ctx: The context of the run; `app.ctx` is the application's.
            timeout: As for `process_tasks`, like the settings that follow.
            observers: See what the run does.
            interceptors: Run around each attempt.
            clock: Measures and waits out the delays before retries.
            rng: Where retry policies take random numbers from.

        Raises:
            ScopeClosedError: The scope is not open; or it was closed, and the run was still in flight when
                `drain_timeout` had passed: then it was cancelled, and its cleanup has run.
            ScopeError: The parent of `processor` is another application, or the event loop is another one.
            TypeError: `processor` is no processor.
            BaseException: Whatever `process_tasks` raises.
        """
        async with self.open(
            processor,
            ctx,
            timeout=timeout,
            observers=observers,
            interceptors=interceptors,
            clock=clock,
            rng=rng,
        ) as runner:
            while await runner.run_next():
                pass

    @asynccontextmanager
    async def open(
        self,
        processor: AsyncDagTaskProcessor[Any, Any],
        ctx: Any,
        *,
        timeout: float | None = None,
        observers: Iterable[Observer] = (),
        interceptors: Iterable[Interceptor] = (),
        clock: Clock | None = None,
        rng: Random | None = None,
    ) -> AsyncGenerator[AsyncPhaseRunner[Any, Any], None]:
        """Run a graph on top of the application phase by phase, as `processor.open` does.

        The block that is entered counts as a run in flight until it is left. If the scope has to cancel it, its
        body is cancelled, as by `asyncio.timeout`.

        Args:
            processor: As for `run`, like the settings that follow.
            ctx: The context of the run.
            timeout: Limit in seconds of what comes before cleanup. It does not interrupt the body of the block.
            observers: See what the run does.
            interceptors: Run around each attempt.
            clock: Measures and waits out the delays before retries.
            rng: Where retry policies take random numbers from.

        Raises:
            ScopeClosedError: As for `run`.
            ScopeError: As for `run`.
            TypeError: As for `run`.
            BaseException: Whatever the body raises, or leaving the block of `processor.open`.
        """
        around = self._checked(processor)
        with around.around():
            runner = processor.open(
                ctx,
                timeout=timeout,
                observers=observers,
                interceptors=interceptors,
                clock=clock,
                rng=rng,
            )
            in_flight = _RunInFlight(runner)
            self._in_flight.add(in_flight)
            try:
                async with runner:
                    yield runner
            except asyncio.CancelledError as error:
                if not in_flight.end():
                    raise
                raise ScopeClosedError(
                    "the run was cancelled, because its scope is closing: it was still in flight "
                    f"after {self._drain_timeout} seconds, or the one that closes it was cancelled"
                ) from error
            finally:
                in_flight.end()
                self._in_flight.discard(in_flight)
                if not self._in_flight:
                    self._idle.set()

    def _checked(self, processor: object) -> ParentScope:
        if not isinstance(processor, AsyncDagTaskProcessor):
            raise TypeError(
                f"app.run takes a processor, as build() makes it; got {processor!r} ({type(processor).__name__})"
            )
        if self._parent_scope is None or self._is_closing:
            state = (
                "closing" if self._in_flight else "closed" if self._is_closing else "not open yet"
            )
            raise ScopeClosedError(f"the scope is {state}: it takes no runs")
        if asyncio.get_running_loop() is not self._loop:
            raise ScopeError("the scope was opened in another event loop: a run may not cross over")
        parent: AsyncDagTaskProcessor[Any, Any] | None = processor.parent
        if parent is not None and parent is not self._processor:
            raise ScopeError(
                f"the parent of the graph is another application, with {_some_keys(parent)}; "
                f"the scope is that of one with {_some_keys(self._processor)}"
            )
        return self._parent_scope

    def __repr__(self) -> str:
        return f"Scope({self._processor.analysis.graph!r}, {self.in_flight} runs in flight)"


class _RunInFlight:
    """A run in the Task of its caller, which the scope may cancel, as `asyncio.timeout` would."""

    __slots__ = ("_cancelling", "_is_cancelled", "_runner", "_task")

    def __init__(self, runner: AsyncPhaseRunner[Any, Any]) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a run needs an asyncio Task to run in; call it from a coroutine")
        self._task = task
        self._cancelling = task.cancelling()
        self._runner = runner
        self._is_cancelled = False

    def cancel(self) -> None:
        """Cancel the run, once, unless it is cleaning up already."""
        if not self._is_cancelled and self._runner.last_phase_id() is not PhaseId.POST_EXEC:
            self._is_cancelled = True
            self._task.cancel()

    def end(self) -> bool:
        """Take the cancel back, and say whether there was one, and no other."""
        if not self._is_cancelled:
            return False
        self._is_cancelled = False
        return self._task.uncancel() <= self._cancelling


def _out_of_reach() -> AbstractContextManager[object]:
    """Where a cancelled anyio scope, which cancels again in every cycle of the loop, cancels nothing."""
    shielded = getattr(sys.modules.get("anyio"), "CancelScope", None)
    return nullcontext() if shielded is None else shielded(shield=True)


def _some_keys(processor: AsyncDagTaskProcessor[Any, Any]) -> str:
    keys: tuple[Hashable, ...] = processor.analysis.graph.keys
    return (
        ", ".join(repr(key) for key in keys[:3]) + (", ..." if len(keys) > 3 else "") or "no tasks"
    )


def _check_limit(field: str, value: object) -> None:
    right = f"{field} must be a finite number of seconds, 0 or more, or None for no limit"
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeError(f"{right}; got {value!r} ({type(value).__name__})")
    if not 0 <= value < math.inf:
        raise ValueError(f"{right}; got {value!r}")

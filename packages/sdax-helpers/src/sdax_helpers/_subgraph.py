"""A processor as a task of another graph."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from types import CoroutineType
from typing import TYPE_CHECKING, Any, overload

from sdax_core import (
    AsyncDagTaskProcessor,
    AsyncPhaseRunner,
    AsyncTask,
    GraphError,
    K,
    PhaseId,
    RunHandle,
    T,
    TaskFunction,
    current_run,
)

from sdax_helpers._plain_function import is_async_function

DEEPEST = 50
"""How deep graphs may be nested. What a run asks the run around it is recursive, and Python's own limit is 1000 calls;
a graph that is nested deeper than this is most likely a mistake."""

_LEVELS_ON_ONE_STACK = 10
# Where Tasks start eagerly, a graph begins inside the call that begins the graph around it, and so on: some 10 to 20
# calls for each level. Every tenth level begins in a cycle of the event loop of its own, on an empty stack.

if TYPE_CHECKING:
    from typing_extensions import TypeVar

    # `T` and `K` have defaults for type checkers, so what stands after them must have one, too.
    Inner = TypeVar("Inner", default=Any)
else:
    from typing import TypeVar

    Inner = TypeVar("Inner")


@overload
def subgraph(
    name: K,
    processor: AsyncDagTaskProcessor[T, Any],
    *,
    when: Callable[[T], bool] | None = None,
    optional: bool = False,
) -> AsyncTask[T, K]: ...


@overload
def subgraph(
    name: K,
    processor: AsyncDagTaskProcessor[Inner, Any],
    *,
    ctx: Callable[[T], Inner],
    when: Callable[[T], bool] | None = None,
    optional: bool = False,
) -> AsyncTask[T, K]: ...


def subgraph(
    name: K,
    processor: AsyncDagTaskProcessor[Any, Any],
    *,
    ctx: Callable[[Any], Any] | None = None,
    when: Callable[[Any], bool] | None = None,
    optional: bool = False,
) -> AsyncTask[Any, K]:
    """Make a task out of a processor: its phases run inside those of the task (guarantee 41).

    The inner graph prepares in the `pre_execute` of the task, works in its `execute` and cleans up in its
    `post_execute`. What fails inside fails the task, and comes out of the outer run as it is, with its path:
    `'payments' / 'charge'`. A cancel, the deadline, observers and interceptors pass through. The build options
    are each graph's own, so to a `max_concurrency` outside the task is one function.

    Args:
        name: The key of the task: any hashable value (guarantee 1).
        processor: The inner graph. It may be used in other places, too.
        ctx: A plain function that takes the outer context and gives the inner one, called once in each run, in
            the first phase that the inner graph takes part in. By default both graphs share one context.
        when: As for `task`.
        optional: As for `task`.

    Raises:
        TypeError: `processor` is no processor, or `ctx` no plain function, or as for `task`.
        GraphError: The graphs would be nested more than 50 deep.
    """
    nested = _Nested(name, processor, ctx)
    phases = {phase: TaskFunction(_Phase(nested, phase)) for phase in nested.phases}
    return AsyncTask(
        name,
        phases.get(PhaseId.PRE_EXEC),
        phases.get(PhaseId.EXECUTE),
        phases.get(PhaseId.POST_EXEC),
        when=when,
        optional=optional,
    )


class _Nested:
    """What the three functions of the task have in common."""

    __slots__ = ("_ctx", "_key", "_opened", "_processor", "depth", "phases")

    def __init__(self, key: Any, processor: object, ctx: object) -> None:
        if not isinstance(processor, AsyncDagTaskProcessor):
            raise TypeError(
                f"subgraph {key!r}: processor must be a processor, as build() makes it; "
                f"got {processor!r} ({type(processor).__name__})"
            )
        if ctx is not None and (not callable(ctx) or is_async_function(ctx)):
            raise TypeError(
                f"subgraph {key!r}: ctx must be a plain function that takes the outer context and "
                f"returns the inner one; got {ctx!r} ({type(ctx).__name__})"
            )
        self._key = key
        self._processor: AsyncDagTaskProcessor[Any, Any] = processor
        self._ctx = ctx
        self.phases = _phases_of(self._processor)
        self.depth = 1 + _depth_of(self._processor)
        if self.depth > DEEPEST:
            raise GraphError(
                f"subgraph {key!r}: graphs may be nested {DEEPEST} deep; with this one it would be {self.depth}"
            )
        # The later phases of a task run in the context of its first one, so the variable leads them to the
        # runner. They ask whose it is: runs that are started from within inherit it.
        self._opened: ContextVar[_Opened] = ContextVar("sdax_subgraph")

    @property
    def prepares(self) -> bool:
        """Whether the inner graph takes part in `pre_execute`."""
        return PhaseId.PRE_EXEC in self.phases

    def opened(self, outer_ctx: Any) -> _Opened:
        """The inner run that belongs to the outer run which is asking; it is made in the first phase."""
        run = current_run()
        opened = self._opened.get(None)
        if opened is None or opened.outer is not run:
            opened = _Opened(run)
            self._opened.set(opened)
            opened.runner = run.nest(self._key, self._processor, self._inner_ctx(outer_ctx))
        return opened

    def _inner_ctx(self, outer_ctx: Any) -> Any:
        if self._ctx is None:
            return outer_ctx
        inner_ctx = self._ctx(outer_ctx)
        if isinstance(inner_ctx, CoroutineType):
            inner_ctx.close()  # or Python would warn, too, that it was never awaited
            raise TypeError(
                f"subgraph {self._key!r}: ctx returned a coroutine; make it a plain function"
            )
        return inner_ctx


class _Opened:
    """An inner run, and the outer run that it belongs to."""

    __slots__ = ("outer", "runner")

    def __init__(self, outer: RunHandle) -> None:
        self.outer = outer
        self.runner: AsyncPhaseRunner[Any, Any] | None = None
        """`None` if the inner context could not be made."""


class _Phase:
    """One function of the task: goes on with the inner run up to the end of its phase."""

    __slots__ = ("__qualname__", "_phase", "nested")

    def __init__(self, nested: _Nested, phase: PhaseId) -> None:
        self.nested = nested
        self._phase = phase
        self.__qualname__ = f"subgraph.{phase}"

    async def __call__(self, outer_ctx: Any) -> None:
        opened = self.nested.opened(outer_ctx)
        runner = opened.runner
        if runner is None:
            return
        try:
            await self._advance(runner, len(opened.outer.path) + 1)
        except asyncio.CancelledError:
            # What fails while it is being cancelled is a failure, too. The outer run knows of the cancel.
            runner.raise_new_failures()
            raise
        runner.raise_new_failures()

    async def _advance(self, runner: AsyncPhaseRunner[Any, Any], level: int) -> None:
        cancel: asyncio.CancelledError | None = None
        if level % _LEVELS_ON_ONE_STACK == 0:
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError as error:
                if self._phase is not PhaseId.POST_EXEC:
                    raise
                cancel = error  # no inner cleanup has begun, so all of them run in full
        if runner.last_phase_id() is None and not self.nested.prepares:
            await (
                runner.run_next()
            )  # there is nothing to prepare, which makes the inner tasks passed
        if self._phase is PhaseId.POST_EXEC:
            await runner.aclose()
        elif runner.next_phase_id() is self._phase:
            await runner.run_next()
        if cancel is not None:
            try:
                raise cancel
            finally:
                del cancel  # an exception's traceback holds this frame: no cycle


def _phases_of(processor: AsyncDagTaskProcessor[Any, Any]) -> list[PhaseId]:
    tasks = processor.analysis.graph.tasks
    found = [phase for phase in PhaseId if any(getattr(task, phase) is not None for task in tasks)]
    if found and PhaseId.POST_EXEC not in found:
        found.append(PhaseId.POST_EXEC)  # the inner run ends in it, and observers are told
    return found


def _depth_of(processor: AsyncDagTaskProcessor[Any, Any]) -> int:
    """How deep graphs are nested in this one."""
    functions = (
        getattr(task, phase) for task in processor.analysis.graph.tasks for phase in PhaseId
    )
    phases = (function.function for function in functions if function is not None)
    return max((phase.nested.depth for phase in phases if isinstance(phase, _Phase)), default=0)

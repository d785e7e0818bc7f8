"""The immutable face of a graph that can be run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Self

from sdax_core._analysis import TaskAnalysis
from sdax_core._frozen import fully_frozen
from sdax_core._graph import TaskGraph
from sdax_core._interceptor import Interceptor
from sdax_core._observer import Observer
from sdax_core._options import BuildOptions
from sdax_core._parent_scope import check_parent_scope
from sdax_core._plan import Plan
from sdax_core._run import Run
from sdax_core._run_settings import Clock, is_any_given
from sdax_core._runner import AsyncPhaseRunner
from sdax_core._task import AsyncTask
from sdax_core._type_variables import K, StringKeysByDefault, T

if TYPE_CHECKING:
    from random import Random

    from sdax_core._builder import AsyncDagTaskProcessorBuilder


@fully_frozen
class AsyncDagTaskProcessor(StringKeysByDefault, Generic[T, K]):
    """A graph of tasks, ready to run any number of times, also at once (guarantee 5).

    `AsyncDagTaskProcessor[Context].builder()` makes one. It holds no run state: one processor may serve many
    runs, and several threads with an event loop each.
    """

    __slots__ = ("_plan", "analysis", "options", "parent")

    analysis: TaskAnalysis[T, K]
    """The view of the graph for people and tests."""
    options: BuildOptions
    """How its runs behave."""
    parent: AsyncDagTaskProcessor[Any, Any] | None
    """The processor whose tasks these may depend on: its scope is open while these run (guarantee 36)."""
    _plan: Plan

    def __init__(
        self,
        analysis: TaskAnalysis[T, K],
        options: BuildOptions | None = None,
        *,
        parent: AsyncDagTaskProcessor[Any, Any] | None = None,
    ) -> None:
        options = options or BuildOptions()
        object.__setattr__(self, "analysis", analysis)
        object.__setattr__(self, "options", options)
        object.__setattr__(self, "parent", parent)
        object.__setattr__(self, "_plan", Plan(analysis.graph, options))

    @classmethod
    def builder(
        cls, parent: AsyncDagTaskProcessor[Any, Any] | None = None
    ) -> AsyncDagTaskProcessorBuilder[T, K]:
        """Begin a graph.

        Args:
            parent: A processor whose scope is open while the graph runs. Its tasks, and those of its own
                parent, may be named in `depends_on`, and are passed then. `K` has to cover their keys.

        Raises:
            TypeError: `parent` is not a processor.
        """
        # Not on top of the file: the builder imports this module.
        from sdax_core._builder import AsyncDagTaskProcessorBuilder

        return AsyncDagTaskProcessorBuilder(parent)

    def subset(self, *keys: K) -> Self:
        """Make a processor of just these tasks and all that they depend on (guarantee 36).

        Options, parent and order of adding are the same. What a task names as `after(key)` alone is
        waited for if it is kept, but not kept for that.

        Raises:
            GraphError: No task has one of the keys; the message says which is spelled most like it.
            ValueError: There are no keys.
            TypeError: A key is not hashable.
        """
        from sdax_core._derived_graph import part_of  # on demand, as few programs derive graphs

        return self._with(part_of(self.analysis.graph, keys))

    def override(self, tasks: Mapping[K, AsyncTask[T, K]]) -> Self:
        """Make the same processor with other tasks in the place of some, as for a test (guarantee 36).

        They have the dependencies of the tasks that they stand in for.

        Args:
            tasks: The new tasks by key, each named as its key.

        Raises:
            GraphError: No task has one of the keys; or a required task would depend on an optional one
                (guarantee 38).
            ValueError: The name of a task is not the key that it is given for.
            TypeError: `tasks` is not a mapping of keys to `AsyncTask`s.
        """
        from sdax_core._derived_graph import (
            with_replaced,  # on demand, as few programs derive graphs
        )

        return self._with(with_replaced(self.analysis.graph, tasks))

    def _with(self, graph: TaskGraph[T, K]) -> Self:
        return type(self)(TaskAnalysis(graph), self.options, parent=self.parent)

    async def process_tasks(
        self,
        ctx: T,
        *,
        timeout: float | None = None,
        observers: Iterable[Observer] = (),
        interceptors: Iterable[Interceptor] = (),
        clock: Clock | None = None,
        rng: Random | None = None,
    ) -> None:
        """Run all phases once: acquire, work, and release whatever was acquired, whatever happens.

        Args:
            ctx: What every function gets as its first argument. Runs share it only if you do.
            timeout: Seconds that `pre_execute` and `execute` may take together, `None` for no limit. Past it, what
                runs is cancelled, and cleanup follows in full (guarantee 32).
            observers: See what the run does, after those of `build()` (guarantee 34).
            interceptors: Run around each attempt, inside those of `build()` (guarantee 35).
            clock: Measures and waits out the delays before retries; by default the event loop.
            rng: Where retry policies take random numbers from; by default the module `random`.

        Raises:
            SdaxExecutionError: All that failed, together, once cleanup has ended (guarantee 14).
            asyncio.CancelledError: The calling Task was cancelled; raised once cleanup has ended (17).
            TimeoutError: `timeout` ran out; raised once cleanup has ended (32).
            BaseException: A `KeyboardInterrupt` or its like out of a function, as it is (16).
            ScopeError: The graph has a parent, whose scope is not open around the caller (43).
            ValueError: `timeout` is negative, NaN or infinite.
            TypeError: A setting is of the wrong type.
        """
        if self.parent is not None:
            check_parent_scope(self.parent)
        settings = self._plan.settings
        if is_any_given(timeout, observers, interceptors, clock, rng):
            settings = settings.extended(timeout, observers, interceptors, clock, rng)
        run = Run(self._plan, ctx, settings)
        await run.pre_execute()
        if run.record.is_going_well():
            await run.execute()
        await run.post_execute()
        if not run.record.is_going_well():
            error = run.record.error_to_raise()
            assert error is not None
            try:
                raise error
            finally:
                del error, run  # an exception's traceback holds this frame: no cycle

    def open(
        self,
        ctx: T,
        *,
        timeout: float | None = None,
        observers: Iterable[Observer] = (),
        interceptors: Iterable[Interceptor] = (),
        clock: Clock | None = None,
        rng: Random | None = None,
    ) -> AsyncPhaseRunner[T, K]:
        """Make a run that goes phase by phase, for use in an `async with` block.

        The arguments are those of `process_tasks`; `timeout` counts from the beginning of the first phase.

        Raises:
            ValueError: `timeout` is negative, NaN or infinite.
            TypeError: A setting is of the wrong type.
        """
        if self.parent is not None:
            check_parent_scope(self.parent)
        settings = self._plan.settings
        if is_any_given(timeout, observers, interceptors, clock, rng):
            settings = settings.extended(timeout, observers, interceptors, clock, rng)
        return AsyncPhaseRunner(self._plan, ctx, settings)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.analysis.graph!r}, {self.options!r})"

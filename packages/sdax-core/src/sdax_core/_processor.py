"""The immutable face of a graph that can be run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from sdax_core._analysis import TaskAnalysis
from sdax_core._frozen import fully_frozen
from sdax_core._options import BuildOptions
from sdax_core._plan import Plan
from sdax_core._run import Run
from sdax_core._runner import AsyncPhaseRunner
from sdax_core._type_variables import K, StringKeysByDefault, T

if TYPE_CHECKING:
    from sdax_core._builder import AsyncDagTaskProcessorBuilder


@fully_frozen
class AsyncDagTaskProcessor(StringKeysByDefault, Generic[T, K]):
    """A graph of tasks, ready to run any number of times, also at once (guarantee 5).

    `AsyncDagTaskProcessor[Context].builder()` makes one. It holds no run state: one processor may serve many
    runs, and several threads with an event loop each.
    """

    __slots__ = ("_plan", "analysis", "options")

    analysis: TaskAnalysis[T, K]
    """The view of the graph for people and tests."""
    options: BuildOptions
    """How its runs behave."""
    _plan: Plan

    def __init__(self, analysis: TaskAnalysis[T, K], options: BuildOptions | None = None) -> None:
        options = options or BuildOptions()
        object.__setattr__(self, "analysis", analysis)
        object.__setattr__(self, "options", options)
        object.__setattr__(self, "_plan", Plan(analysis.graph, options))

    @classmethod
    def builder(cls) -> AsyncDagTaskProcessorBuilder[T, K]:
        """Begin a graph."""
        # Not on top of the file: the builder imports this module.
        from sdax_core._builder import AsyncDagTaskProcessorBuilder

        return AsyncDagTaskProcessorBuilder()

    async def process_tasks(self, ctx: T) -> None:
        """Run all phases once: acquire, work, and release whatever was acquired, whatever happens.

        Args:
            ctx: What every function gets as its first argument. Runs share it only if you do.

        Raises:
            SdaxExecutionError: All that failed, together, once cleanup has ended (guarantee 14).
            asyncio.CancelledError: The calling Task was cancelled; raised once cleanup has ended (17).
            BaseException: A `KeyboardInterrupt` or its like out of a function, as it is (16).
        """
        run = Run(self._plan, ctx)
        await run.pre_execute()
        if run.is_going_well():
            await run.execute()
        await run.post_execute()
        error = run.outcome()
        if error is not None:
            try:
                raise error
            finally:
                del error, run  # an exception's traceback holds this frame: no cycle

    def open(self, ctx: T) -> AsyncPhaseRunner[T, K]:
        """Make a run that goes phase by phase, for use in an `async with` block."""
        return AsyncPhaseRunner(self._plan, ctx)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.analysis.graph!r}, {self.options!r})"

"""The immutable face of a graph of levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic

from sdax_core import AsyncDagTaskProcessor, AsyncDagTaskProcessorBuilder, K, T

from sdax_levels._level_key import LevelKey

if TYPE_CHECKING:
    from sdax_levels._builder import AsyncTaskProcessorBuilder


class AsyncTaskProcessor(AsyncDagTaskProcessor[T, K | LevelKey], Generic[T, K]):
    """Tasks in levels, ready to run any number of times, also at once (guarantee 5).

    All tasks of a level run in parallel. A level begins when the one below it has ended; cleanup
    goes down again, level by level. `AsyncTaskProcessor[Context].builder()` makes one.

    It is a graph processor, too: its `analysis` shows the graph that the levels became, with an
    entry and an exit for each of them (`LevelKey`).
    """

    __slots__ = ()

    # A builder of levels takes other arguments than a builder of graphs. Who holds a processor runs
    # it and does not ask it for a builder, so no code is misled.
    @classmethod
    def builder(cls) -> AsyncTaskProcessorBuilder[T, K]:  # type: ignore[override]
        """Begin to collect tasks with their levels."""
        from sdax_levels._adapter import AsyncDagLevelAdapterBuilder  # makes processors: a cycle

        return AsyncDagLevelAdapterBuilder()

    @classmethod
    def elevator_builder(cls) -> AsyncTaskProcessorBuilder[T, K]:
        """Begin to collect tasks with their levels: the same as `builder`."""
        return cls.builder()

    @classmethod
    def graph_builder(cls) -> AsyncDagTaskProcessorBuilder[T, K]:
        """Begin a graph: the same as `AsyncDagTaskProcessor.builder`."""
        return AsyncDagTaskProcessorBuilder()

"""The immutable face of a graph of levels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Generic, Self, cast

from sdax_core import AsyncDagTaskProcessor, AsyncDagTaskProcessorBuilder, AsyncTask, K, T

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
    def graph_builder(
        cls, parent: AsyncDagTaskProcessor[Any, Any] | None = None
    ) -> AsyncDagTaskProcessorBuilder[T, K]:
        """Begin a graph: the same as `AsyncDagTaskProcessor.builder`."""
        return AsyncDagTaskProcessorBuilder(parent)

    # A mapping is invariant in its keys: `dict[str, ...]` would not fit `Mapping[K | LevelKey, ...]`.
    def override(self, tasks: Mapping[Any, AsyncTask[T, K | LevelKey]]) -> Self:
        """Make the same processor with other tasks in the place of some (guarantee 36).

        As for a graph, but the new task is optional if, and only if, the old one is: the exit of its level
        waits for it in the way that fits.

        Raises:
            GraphError: No task has one of the keys.
            ValueError: The name of a task is not the key that it is given for, or `optional` differs.
            TypeError: `tasks` is not a mapping of keys to `AsyncTask`s.
        """
        for key, old in self.analysis.tasks.items():
            new = tasks.get(key) if isinstance(cast("object", tasks), Mapping) else None
            if isinstance(new, AsyncTask) and new.optional is not old.optional:
                raise ValueError(
                    f"override: the task for {key!r} must have optional={old.optional}, "
                    "like the one that it stands in for"
                )
        return super().override(tasks)

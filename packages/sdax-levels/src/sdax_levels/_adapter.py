"""The builder that makes a graph of levels."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Self, cast

from sdax_core import (
    After,
    AsyncTask,
    BuildOptions,
    ExecuteOrder,
    GraphError,
    Interceptor,
    K,
    Observer,
    OnExecuteError,
    T,
    TaskAnalysis,
    TaskAnalyzer,
    after,
)

from sdax_levels._builder import AsyncTaskProcessorBuilder
from sdax_levels._level_key import LevelKey, entry_of, exit_of, is_reserved
from sdax_levels._processor import AsyncTaskProcessor


class AsyncDagLevelAdapterBuilder(AsyncTaskProcessorBuilder[T, K]):
    """Builds a graph in which a level is entered when the level below it has been left.

    Each level gets two nodes without functions: an entry that its tasks depend on, and an exit that
    depends on them. So the number of dependencies grows with the number of tasks, not with the
    product of neighbouring levels.
    """

    def __init__(self) -> None:
        self._tasks: dict[K, tuple[AsyncTask[T, K], int]] = {}

    def add_task(self, task: AsyncTask[T, K], level: int) -> Self:
        """Add `task` to `level`; see `AsyncTaskProcessorBuilder.add_task`."""
        if not isinstance(cast("object", task), AsyncTask):
            raise TypeError(f"add_task takes an AsyncTask; got {task!r} ({type(task).__name__})")
        key = task.name
        if key in self._tasks:
            raise GraphError(f"task {key!r} is there already: each task needs a key of its own")
        if is_reserved(key):
            raise GraphError(
                f"task {key!r}: a number with 'below' or 'above' is the key of the entry or exit "
                "of a level: give the task another key"
            )
        self._tasks[key] = task, _checked_level(key, level)
        return self

    def build(
        self,
        *,
        execute_order: ExecuteOrder = "together",
        on_execute_error: OnExecuteError = "continue",
        max_concurrency: int | None = None,
        cleanup_timeout: float | None = None,
        observers: Iterable[Observer] = (),
        interceptors: Iterable[Interceptor] = (),
    ) -> AsyncTaskProcessor[T, K]:
        """Build an immutable processor; see `AsyncTaskProcessorBuilder.build`."""
        options = BuildOptions(
            execute_order=execute_order,
            on_execute_error=on_execute_error,
            max_concurrency=max_concurrency,
            cleanup_timeout=cleanup_timeout,
            observers=observers,
            interceptors=interceptors,
        )
        return AsyncTaskProcessor(self._analyze(), options)

    def _analyze(self) -> TaskAnalysis[T, K | LevelKey]:
        members: dict[int, list[K]] = {}
        for key, (_, level) in self._tasks.items():
            members.setdefault(level, []).append(key)
        analyzer = TaskAnalyzer[T, K | LevelKey]()
        level_before: tuple[LevelKey, ...] = ()
        for level in sorted(members):
            analyzer.add_task(AsyncTask(entry_of(level)), level_before)
            analyzer.add_task(
                AsyncTask(exit_of(level)), tuple(map(self._to_wait_for, members[level]))
            )
            level_before = (exit_of(level),)
        # Tasks keep the order in which they were added, whatever their levels: where the graph
        # leaves it open, that is the order in which they start (guarantee 9).
        for task, level in self._tasks.values():
            analyzer.add_task(task, (entry_of(level),))
        return analyzer.analyze()

    def _to_wait_for(self, key: K) -> K | After[K]:
        # The exit has no function and leads on: it only waits for what the run can do without.
        task, _ = self._tasks[key]
        return after(key) if task.optional else key


def _checked_level(key: object, level: int) -> int:
    # True would be level 1, but is more likely a mistake.
    if not isinstance(level, bool):
        try:
            return operator.index(level)  # any integer, as numpy's
        except TypeError:
            pass
    raise TypeError(
        f"task {key!r}: level must be an integer; got {level!r} ({type(level).__name__})"
    )

"""Looks at a graph without building anything that runs."""

from __future__ import annotations

from typing import Generic, Self

from sdax_core._after import After
from sdax_core._analysis import TaskAnalysis
from sdax_core._task import AsyncTask
from sdax_core._task_collection import TaskCollection
from sdax_core._type_variables import K, StringKeysByDefault, T


class TaskAnalyzer(StringKeysByDefault, Generic[T, K]):
    """Collects tasks and gives a `TaskAnalysis` of their graph. Changes in place."""

    __slots__ = ("_collection",)

    def __init__(self) -> None:
        self._collection = TaskCollection[T, K]()

    def add_task(self, task: AsyncTask[T, K], depends_on: tuple[K | After[K], ...] = ()) -> Self:
        """Add `task`, which starts after the tasks named in `depends_on`; they may be added later.

        `after(key)` only waits for a task, however it ends (guarantee 38). A refused task
        leaves the analyzer as it was.

        Raises:
            GraphError: There is a task with this key already (guarantee 3).
            TypeError: `task` is not an `AsyncTask`, or `depends_on` not a tuple of hashable keys.
        """
        self._collection.add(task, depends_on)
        return self

    def analyze(self) -> TaskAnalysis[T, K]:
        """Give the analysis of what was added so far; more may be added afterwards.

        Raises:
            GraphError: Dependencies do not exist, there is a cycle (guarantee 3), or a required task
                depends on an optional one (guarantee 38).
        """
        return TaskAnalysis(self._collection.graph())

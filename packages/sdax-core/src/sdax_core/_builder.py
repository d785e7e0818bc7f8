"""Builds processors, task by task."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Generic, Self, cast

from sdax_core._after import After
from sdax_core._analysis import TaskAnalysis
from sdax_core._interceptor import Interceptor
from sdax_core._observer import Observer
from sdax_core._options import BuildOptions, ExecuteOrder, OnExecuteError
from sdax_core._processor import AsyncDagTaskProcessor
from sdax_core._task import AsyncTask
from sdax_core._task_collection import TaskCollection
from sdax_core._type_variables import K, StringKeysByDefault, T


class AsyncDagTaskProcessorBuilder(StringKeysByDefault, Generic[T, K]):
    """Collects tasks and what they depend on. It changes in place, and its methods return it."""

    __slots__ = ("_collection", "_parent")

    def __init__(self, parent: AsyncDagTaskProcessor[Any, Any] | None = None) -> None:
        """Begin a graph; see `AsyncDagTaskProcessor.builder`."""
        if parent is not None and not isinstance(cast("object", parent), AsyncDagTaskProcessor):
            raise TypeError(
                "parent must be a processor, as build() makes it, or None; "
                f"got {parent!r} ({type(parent).__name__})"
            )
        self._parent = parent
        self._collection: TaskCollection[T, K] = TaskCollection(_inherited(parent))

    if not TYPE_CHECKING:  # which know better what a builder has

        def __getattr__(self, name: str) -> Any:
            forgotten = not name.startswith("_") and hasattr(AsyncDagTaskProcessor, name)
            hint = ": call build() first, which makes a processor" if forgotten else ""
            message = f"{type(self).__name__!r} object has no attribute {name!r}{hint}"
            raise AttributeError(message, name=name, obj=self)

    def add_task(self, task: AsyncTask[T, K], depends_on: tuple[K | After[K], ...] = ()) -> Self:
        """Add `task`, which comes after the tasks named in `depends_on`; they may be added later.

        `after(key)` only waits for a task, however it ends (guarantee 38).

        Raises:
            GraphError: There is a task with this key already, here or in the parent (guarantee 3). It is a
                `ValueError` too.
            TypeError: `task` is no `AsyncTask`, or `depends_on` is not a collection of hashable keys.
        """
        self._collection.add(task, depends_on)
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
    ) -> AsyncDagTaskProcessor[T, K]:
        """Make the processor. The builder may be used further, and makes others.

        Args:
            execute_order: `"together"`: every `execute` starts when `pre_execute` has ended well;
                `"dependencies"`: each starts when the `execute` of all it depends on is done.
            on_execute_error: whether a failed `execute` leaves the others running (`"continue"`) or
                cancels them (`"cancel"`).
            max_concurrency: how many functions of one run may be running at once; no bound by default.
            cleanup_timeout: how many seconds the cleanup of one run may take; no bound by default.
            observers: see what every run does (guarantee 34).
            interceptors: run around every attempt of every run (guarantee 35).

        Raises:
            GraphError: Dependencies do not exist, there is a cycle (guarantee 3), or a required task
                depends on an optional one (guarantee 38).
            ValueError: An option has a value that it may not have; the message names it.
            TypeError: One of the observers or interceptors is none.
        """
        options = BuildOptions(
            execute_order=execute_order,
            on_execute_error=on_execute_error,
            max_concurrency=max_concurrency,
            cleanup_timeout=cleanup_timeout,
            observers=observers,
            interceptors=interceptors,
        )
        return AsyncDagTaskProcessor(
            TaskAnalysis(self._collection.graph()), options, parent=self._parent
        )


def _inherited(parent: AsyncDagTaskProcessor[Any, Any] | None) -> dict[Any, AsyncTask[Any, Any]]:
    """Give the tasks of a parent, of its parent, and so on, by key."""
    inherited: dict[Any, AsyncTask[Any, Any]] = {}
    while parent is not None:
        inherited.update(parent.analysis.tasks)
        parent = parent.parent
    return inherited

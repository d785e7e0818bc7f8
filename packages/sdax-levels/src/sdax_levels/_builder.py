"""What every builder with levels can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import TYPE_CHECKING, Generic, Self

from sdax_core import (
    AsyncTask,
    ExecuteOrder,
    Interceptor,
    K,
    Observer,
    OnExecuteError,
    StringKeysByDefault,
    T,
)

if TYPE_CHECKING:
    from sdax_levels._processor import AsyncTaskProcessor


class AsyncTaskProcessorBuilder(StringKeysByDefault, ABC, Generic[T, K]):
    """Collects tasks with their levels and builds a processor of them.

    It changes in place and returns itself, so that calls can be chained. A refused task leaves it
    as it was. It may build more than once, and collect more in between.
    """

    if not TYPE_CHECKING:  # which know better what a builder has

        def __getattr__(self, name: str) -> str:
            from sdax_levels._processor import AsyncTaskProcessor

            forgotten = not name.startswith("_") and hasattr(AsyncTaskProcessor, name)
            hint = ": call build() first, which makes a processor" if forgotten else ""
            message = f"{type(self).__name__!r} object has no attribute {name!r}{hint}"
            raise AttributeError(message, name=name, obj=self)

    @abstractmethod
    def add_task(self, task: AsyncTask[T, K], level: int) -> Self:
        """Add `task` to `level`.

        Args:
            task: The task.
            level: Any integer, in any order and with gaps. Lower levels come first.

        Returns:
            The builder itself.

        Raises:
            GraphError: There is a task with this key already, in whatever level (guarantee 3), or
                its key is one that the entry or the exit of a level has.
            TypeError: `task` is not an `AsyncTask`, or `level` is not an integer.
        """

    @abstractmethod
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
        """Build an immutable processor of the tasks that were added so far (guarantee 5).

        Args:
            execute_order: `"together"` starts every `execute` when the last level is prepared;
                `"dependencies"` starts those of a level when those of the level before are done.
            on_execute_error: Whether a failed `execute` leaves its siblings running (`"continue"`)
                or cancels them (`"cancel"`).
            max_concurrency: How many functions of one run may run at once; `None` is no bound.
            cleanup_timeout: Seconds that the cleanup of one run may take; `None` is no bound.
            observers: See what every run does (guarantee 34).
            interceptors: Run around every attempt of every run (guarantee 35).

        Raises:
            ValueError: An option has a value that it may not have.
            TypeError: One of the observers or interceptors is none.
        """

"""What a function that takes the task group may do with it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Coroutine
    from contextvars import Context
    from typing import Any

    from sdax_core._type_variables import R


class SdaxTaskGroup(ABC):
    """Starts subtasks that end before the attempt that started them does (guarantee 24).

    A function gets one as its second argument if its `TaskFunction` says
    `has_task_group_argument=True`. Abstract, so that tests can bring a group of their own.
    """

    __slots__ = ()

    @abstractmethod
    def create_task(
        self,
        coro: Coroutine[Any, Any, R],
        *,
        name: str | None = None,
        context: Context | None = None,
    ) -> asyncio.Task[R]:
        """Start `coro` as a subtask, as `asyncio.TaskGroup.create_task` does.

        Args:
            coro: The coroutine to run.
            name: The name of the `asyncio.Task`, for debugging.
            context: The `contextvars.Context` to run in; by default a copy of the current one.
        """

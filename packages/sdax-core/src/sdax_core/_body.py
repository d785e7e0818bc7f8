"""The body of an `async with processor.open(...)` block, which can be cancelled from inside the run."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sdax_core._runner import AsyncPhaseRunner


class Body:
    """The Task that entered the block, cancelled as `asyncio.TaskGroup` cancels its parent (guarantee 44)."""

    __slots__ = ("_is_cancelled", "_runner", "_task")

    def __init__(self, runner: AsyncPhaseRunner[Any, Any]) -> None:
        self._runner = runner
        self._task = asyncio.current_task()
        self._is_cancelled = False

    def cancel(self, message: str) -> None:
        """Cancel the Task, unless it is inside a phase: that ends by itself and tells what failed."""
        if self._task is not None and not self._is_cancelled and not self._runner.is_in_phase():
            self._is_cancelled = True
            self._task.cancel(message)

    async def was_left_by_own_cancel(self, error: BaseException | None) -> bool:
        """Take back the own cancel, and say whether it, and no other, is what ended the body."""
        if not self._is_cancelled or self._task is None:
            return False
        self._is_cancelled = False
        others = self._task.uncancel()
        if isinstance(error, asyncio.CancelledError):
            return not others
        if not others and getattr(self._task, "_must_cancel", False):
            # Before 3.13 `uncancel` leaves a cancel pending that was not delivered. It goes off here, not in cleanup.
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)
        return False

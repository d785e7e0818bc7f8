"""Waits for a call in a thread or a process, whatever happens to the waiting Task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any


async def end_of(
    future: asyncio.Future[Any], ask_to_stop: Callable[[], object], *, waits_on_cancel: bool
) -> None:
    """Wait until `future` is done, and say nothing of how it ended.

    A cancellation does not reach `future`: what it stands for cannot be interrupted.

    Args:
        future: Stands for the call.
        ask_to_stop: Called on the first cancellation.
        waits_on_cancel: Whether to go on waiting then; further cancellations change nothing.

    Raises:
        asyncio.CancelledError: The waiting Task was cancelled; the first one, if it happened again.
    """
    first: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait((future,))
        except asyncio.CancelledError as error:
            if first is None:
                ask_to_stop()
                first = error
            if not waits_on_cancel:
                break
        except GeneratorExit:  # the coroutine is being closed: it may not await again
            ask_to_stop()
            future.cancel()
            raise
    if first is not None:
        try:
            raise first
        finally:
            del first  # an exception's traceback holds this frame: no cycle

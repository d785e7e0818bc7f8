"""What tasks hold for a run, and how a run lets go of what is left of it."""

from __future__ import annotations

import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

from sdax_core._waiting import shield

if TYPE_CHECKING:
    from sdax_core._run import Run


class Held(Protocol):
    """Something that a task holds for a run, from one of its functions to a later one."""

    @property
    def has_ended(self) -> asyncio.Event:
        """Set when it was let go of."""
        ...

    def let_go(self, *, at_once: bool) -> None:
        """Begin to let go of it.

        Args:
            at_once: Whether there is no more time for that: it is to be cancelled.
        """
        ...


async def let_go_of_all(run: Run, *, at_once: bool) -> None:
    """Let go of what the functions of `run` hold still, the latest first.

    Mostly that is nothing. Something is left if a `post_execute` was not run: `cleanup_timeout` ran out, or an
    interceptor did not go on.
    """
    while run.held:
        held = run.held.popitem()[1]
        held.let_go(at_once=at_once)
        while not held.has_ended.is_set():
            out_of_reach = None if run.record.cancel is None else shield()
            try:
                with out_of_reach or nullcontext():
                    await held.has_ended.wait()
            except asyncio.CancelledError as error:
                run.receive_cancel(error)
